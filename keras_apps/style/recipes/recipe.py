"""A recipe: everything that decides a stylised picture besides the pictures themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from keras_apps import backbones
from keras_apps._checks import check_choice, check_number, check_whole

KERAS_OPTIMIZERS = ("adam", "adamw", "adamax", "nadam", "rmsprop", "adagrad", "adadelta", "sgd", "lion", "ftrl")
CHOICES = {
    "pooling": ("max", "average"),
    "normalization": ("scale-free", "course", "assignment", "keras.io", "tensorflow"),
    "start": ("content", "noise", "style", "blend", "picture"),
    "optimizer": (*KERAS_OPTIMIZERS, "gradient-descent", "lbfgs"),
    "schedule": ("constant", "cosine", "exponential"),
    "color": ("style", "luminance", "matched"),
}
RANGES = {"steps": (1, math.inf), "size": (32, 8192), "decay_steps": (1, math.inf), "seed": (0, math.inf)}
"""`{whole number: (least, most)}`."""


LEARNING_RATES = {"adam": 0.02}
COARSEST = 256
"""The longer side at which a coarse-to-fine run begins, or up to twice that."""
FINE_SHARE = 0.15
"""Share of the steps that each finer size takes in a coarse-to-fine run."""
FIVE_LAYERS = {f"block{b}_conv1": 0.2 for b in range(1, 6)}
ALEXNET_LAYERS = {f"conv{i}": 0.2 for i in range(1, 6)}


@dataclass(frozen=True)
class Recipe:
    """Layers, weights, optimiser, sizes, start and seed of a style transfer.

    The total cost is J(G) = content_weight J_content + style_weight J_style + variation_weight J_variation;
    `normalization` says what each term is divided by. The default is scale-free, so that one pair of weights serves
    every picture size and backbone: J = content_weight |a_C - a_G|^2 / |a_C|^2 + style_weight sum of lambda
    |G_S - G_G|^2 / |G_S|^2, with each Gram matrix divided by its picture's number of positions. The history reports the
    course's costs whatever the normalisation.

    Attributes:
        backbone: `"auto"` (VGG19 where Keras's cache has it, else VGG16), `"vgg16"`, `"vgg19"` or `"alexnet"`. A
            network of your own is given to `transfer`.
        pooling: `"max"`, as the networks were trained, or `"average"`, which Gatys et al. found to look better.
        content_layers: A layer, or `{layer: weight}`; by default `block4_conv2`, or AlexNet's `conv4`.
        style_layers: `{layer: lambda}`; by default the first convolution of each block, 0.2 each.
        style_shares: How much of each style picture, in the order they are given; they sum to 1. Equal by default.
        content_weight: The course's alpha, >= 0.
        style_weight: The course's beta, >= 0.
        variation_weight: Weight of the total variation, >= 0.
        normalization: `"scale-free"`, `"course"` (the lecture's and Gatys's formulas), `"assignment"` (the course's
            programming assignment), `"keras.io"` or `"tensorflow"` (those examples'); see `costs.NORMALIZATION`. The
            course's style costs are far smaller numbers than its content cost, so with `"course"` a style_weight of
            about 1e6 times the content_weight balances the two.
        steps: Number of steps in all, >= 1.
        size: Longer side of the generated picture in pixels, 32 to 8192.
        coarse_to_fine: Paint a smaller picture first where `size` is 512 or more, and start each finer size from the
            last one's result; `stages` says how many steps each takes.
        start: `"content"`, `"noise"` (uniform, as the course starts), `"style"`, `"blend"` of noise and content, or
            `"picture"`, one that `transfer` is given.
        noise_share: Of a blend: G = (1 - noise_share) C + noise_share noise, in [0, 1].
        optimizer: `"lbfgs"` (SciPy's L-BFGS-B, within 0..1; from the content the fewest gradients, docs/style.md),
            `"gradient-descent"` (G := G - learning_rate dJ/dG, as the course writes it), or a Keras
            optimiser: `"adam"`, `"adamw"`, `"adamax"`, `"nadam"`, `"rmsprop"`, `"adagrad"`, `"adadelta"`, `"sgd"`,
            `"lion"` or `"ftrl"`.
        optimizer_options: Further arguments of a Keras optimiser, for instance `{"beta_1": 0.99}`; of L-BFGS `memory`
            and `restart`, integers >= 1, as `LBFGS` has them.
        learning_rate: > 0; by default 0.02 for Adam and Keras's own for its others. For gradient descent the first step
            moves the pixels by 0.1 (root mean square), or the half, quarter, ... of it that lowers the cost enough;
            then the rate grows by a tenth while the cost falls and is halved when it rose. L-BFGS takes none.
        schedule: `"constant"`, `"cosine"` (to 0 over the steps) or `"exponential"` (times `decay_rate` every
            `decay_steps` steps).
        decay_rate: Of the exponential schedule, in (0, 1].
        decay_steps: Of the exponential schedule, >= 1.
        settled: Stop once 20 steps lowered the cost by less than this share, in [0, 1); 0 never stops.
        color: `"style"`; `"luminance"` (only light and dark are repainted, the content keeps its colours) or
            `"matched"` (the style's colours are first given the content's mean and covariance).
        seed: Integer >= 0, for the noise.

    Raises:
        ValueError: If a value is out of its range. For an unknown name the error lists the known ones.
        TypeError: If a value has the wrong type.

    Reference:
        Gatys et al., "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016; Gatys et al., "Preserving
        Color in Neural Artistic Style Transfer", 2016; "Controlling Perceptual Factors in Neural Style Transfer", 2017.
    """

    backbone: str = "auto"
    pooling: str = "max"
    content_layers: str | Mapping[str, float] | None = field(default=None, hash=False)
    style_layers: Mapping[str, float] | None = field(default=None, hash=False)
    style_shares: Sequence[float] | None = field(default=None, hash=False)
    content_weight: float = 1.0
    style_weight: float = 10.0
    variation_weight: float = 0.0
    normalization: str = "scale-free"
    steps: int = 60
    size: int = 256
    coarse_to_fine: bool = True
    start: str = "content"
    noise_share: float = 0.25
    optimizer: str = "lbfgs"
    optimizer_options: Mapping[str, float] | None = field(default=None, hash=False)
    learning_rate: float | None = None
    schedule: str = "constant"
    decay_rate: float = 0.96
    decay_steps: int = 100
    settled: float = 0.0
    color: str = "style"
    seed: int = 0

    def __post_init__(self) -> None:
        _check(self)

    @property
    def resolved_backbone(self) -> str:
        """The backbone that `"auto"` stands for on this machine, or the one that is named."""
        return backbones.best_available() if self.backbone == "auto" else self.backbone

    @property
    def resolved_content_layers(self) -> dict[str, float]:
        """The content layers with their weights, or the backbone's default."""
        if isinstance(self.content_layers, str):
            return {self.content_layers: 1.0}
        return dict(self.content_layers or {"conv4" if self.backbone == "alexnet" else "block4_conv2": 1.0})

    @property
    def resolved_style_layers(self) -> dict[str, float]:
        """The style layers with their lambda, or the backbone's default."""
        return dict(self.style_layers or (ALEXNET_LAYERS if self.backbone == "alexnet" else FIVE_LAYERS))

    @property
    def resolved_learning_rate(self) -> float | None:
        """The learning rate, or the optimiser's default; `None` where the first gradient decides or Keras does."""
        return LEARNING_RATES.get(self.optimizer) if self.learning_rate is None else self.learning_rate

    @property
    def layers(self) -> list[str]:
        """All layers whose activations are needed, each once."""
        return list(dict.fromkeys([*self.resolved_content_layers, *self.resolved_style_layers]))

    @property
    def stages(self) -> list[tuple[int, int]]:
        """The sizes that are painted one after the other, coarsest first, and the steps of each.

        Example:
            >>> Recipe(backbone="vgg16", size=1024, steps=100).stages
            [(256, 70), (512, 15), (1024, 15)]
        """
        sizes = [self.size]
        while self.coarse_to_fine and sizes[0] >= 2 * COARSEST:
            sizes.insert(0, sizes[0] // 2)
        fine = min(max(1, round(FINE_SHARE * self.steps)), self.steps // len(sizes))
        if fine == 0:  # fewer steps than sizes
            return [(self.size, self.steps)]
        first = self.steps - fine * (len(sizes) - 1)
        return [(sizes[0], first), *((size, fine) for size in sizes[1:])]

    def as_dict(self) -> dict[str, Any]:
        """Return the recipe as plain values, with every default filled in, for JSON."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values |= {name: int(values[name]) for name in ("steps", "size", "decay_steps", "seed")}
        return values | {
            "backbone": self.resolved_backbone,
            "content_layers": self.resolved_content_layers,
            "style_layers": self.resolved_style_layers,
            "style_shares": None if self.style_shares is None else [float(share) for share in self.style_shares],
            "optimizer_options": dict(self.optimizer_options or {}),
            "learning_rate": self.resolved_learning_rate,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """Make a recipe from what `as_dict` returned, or a part of it.

        Raises:
            ValueError: If an entry is unknown, or a value out of its range.
            TypeError: If `values` is not a mapping, or a value has the wrong type.
        """
        if not isinstance(values, Mapping):
            raise TypeError(f"expected a recipe as a mapping, received {type(values).__name__}")
        names = [f.name for f in fields(cls)]
        for name in values:
            check_choice("entry of a recipe", name, names)
        return cls(**values)


def _check(recipe: Recipe) -> None:
    """Raise for the first value of a recipe that is not in its range."""
    check_choice("backbone", recipe.backbone, ("auto", *backbones.names(), "own"))
    for name, choices in CHOICES.items():
        check_choice(name, getattr(recipe, name), choices)
    for name, (least, most) in RANGES.items():
        check_whole(name, getattr(recipe, name), least, most)
    for name in ("content_weight", "style_weight", "variation_weight"):
        check_number(name, getattr(recipe, name), least=0)
    if recipe.content_weight + recipe.style_weight == 0:
        raise ValueError("expected a content_weight or a style_weight above 0, received 0 for both")
    if recipe.learning_rate is not None:
        check_number("learning_rate", recipe.learning_rate, above=0)
    check_number("noise_share", recipe.noise_share, 0, 1)
    check_number("decay_rate", recipe.decay_rate, most=1, above=0)
    check_number("settled", recipe.settled, 0, 1)
    if recipe.settled == 1:
        raise ValueError("expected settled below 1, received 1")
    if not isinstance(recipe.coarse_to_fine, bool):
        raise TypeError(f"expected True or False for coarse_to_fine, received {recipe.coarse_to_fine!r}")
    if recipe.style_shares is not None:
        _check_shares(recipe.style_shares)
    if recipe.optimizer_options is not None:
        _check_optimizer_options(recipe.optimizer, recipe.optimizer_options)
    _check_layers(recipe)


def _check_layers(recipe: Recipe) -> None:
    for kind, layers in (("content", recipe.content_layers), ("style", recipe.style_layers)):
        if layers is not None and not (kind == "content" and isinstance(layers, str)):
            _check_layer_weights(kind, layers)
    if recipe.backbone != "own":
        backbones.check_layers(recipe.resolved_backbone, recipe.layers)
    elif recipe.content_layers is None or recipe.style_layers is None:
        raise ValueError("expected content_layers and style_layers for a network of your own, received None")


def _check_layer_weights(kind: str, weights: object) -> None:
    if not isinstance(weights, Mapping) or not weights:
        raise TypeError(f"expected {kind}_layers as {{layer: weight}}, received {weights!r}")
    for layer, weight in weights.items():
        check_number(f"weight of {kind} layer {layer}", weight, least=0)
    if not sum(weights.values()) > 0:
        raise ValueError(f"expected a {kind} layer with a weight above 0, received only zeros")


def _check_shares(shares: Sequence[float]) -> None:
    if isinstance(shares, str) or not isinstance(shares, Sequence) or not shares:
        raise TypeError(f"expected style_shares as a list of numbers, received {shares!r}")
    for share in shares:
        check_number("style share", share, least=0)
    if not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise ValueError(f"expected style_shares that sum to 1, received {list(shares)}, which sum to {sum(shares):g}")


def _check_optimizer_options(optimizer: str, options: Mapping[str, float]) -> None:
    if not isinstance(options, Mapping):
        raise TypeError(f"expected optimizer_options as {{name: value}}, received {options!r}")
    for name, value in options.items():
        if not isinstance(value, bool):  # some of Keras's options are true or false
            check_number(f"optimizer option {name}", value)
        if optimizer == "lbfgs":
            check_choice("option of L-BFGS", name, ("memory", "restart"))
            check_whole(f"optimizer option {name}", value)
