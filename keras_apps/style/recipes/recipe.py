"""A recipe: all that decides a stylised picture besides the pictures themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

from keras_apps import backbones
from keras_apps._choices import check_choice
from keras_apps.style.recipe_checks import check_recipe

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

    The total cost is J(G) = content_weight J_content + style_weight J_style + variation_weight J_variation; what each
    term is divided by, `normalization` says. The default is scale-free, so that one pair of weights serves every
    picture size and backbone: J = content_weight |a_C - a_G|^2 / |a_C|^2 + style_weight sum of lambda
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
            programming assignment), `"keras.io"` or `"tensorflow"` (those examples'); see `style.normalization`. The
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
        ValueError: If a value is not one of the above; a name that does not exist is answered with those that do.
        TypeError: If a value has another type.

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

    def __post_init__(self):
        check_recipe(self)

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

    def as_dict(self) -> dict:
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
    def from_dict(cls, values: Mapping) -> Recipe:
        """Make a recipe from what `as_dict` returned, or a part of it.

        Raises:
            ValueError: If a name is not a recipe's, or a value not in its range.
            TypeError: If `values` is not a mapping, or a value has another type.
        """
        if not isinstance(values, Mapping):
            raise TypeError(f"expected a recipe as a mapping, received {type(values).__name__}")
        known = [f.name for f in fields(cls)]
        for name in values:
            check_choice("entry of a recipe", name, known)
        return cls(**values)
