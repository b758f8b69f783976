"""A recipe: all that decides a stylised picture besides the two pictures themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from keras_apps import backbones
from keras_apps._choices import check_choice

STARTS = ("content", "noise", "style")
OPTIMIZERS = {"adam": 0.02, "gradient-descent": None}
"""Each optimiser with its learning rate where the recipe names none; `None`: chosen from the first gradient."""
NORMALIZATIONS = ("scale-free", "course")
SIZES = (32, 2048)
FIVE_LAYERS = {f"block{b}_conv1": 0.2 for b in range(1, 6)}
ALEXNET_LAYERS = {f"conv{i}": 0.2 for i in range(1, 6)}


@dataclass(frozen=True)
class Recipe:
    """Layers, weights, steps, size, start and seed of a style transfer.

    The default costs are scale-free, so that one pair of weights serves every picture size and backbone:
    J = content_weight |a_C - a_G|^2 / |a_C|^2 + style_weight sum of lambda |G_S - G_G|^2 / |G_S|^2, with each Gram
    matrix divided by its picture's number of positions. With `normalization="course"` they are the course's
    (`content_cost`, `style_cost`). The history reports the course's costs in both cases.

    Attributes:
        backbone: `"auto"` (VGG19 where Keras's cache has it, else VGG16), `"vgg16"`, `"vgg19"` or `"alexnet"`.
        content_layer: One layer; by default `block4_conv2`, or AlexNet's `conv4`.
        style_layers: `{layer: lambda}`; by default the first convolution of each block, 0.2 each.
        content_weight: The course's alpha, >= 0.
        style_weight: The course's beta, >= 0.
        variation_weight: Weight of the total variation per pixel and channel, >= 0.
        normalization: `"scale-free"` or `"course"`. The course's style costs are far smaller numbers than its content
            cost, so with `"course"` a style_weight of about 1e6 times the content_weight balances the two.
        steps: Number of gradient steps, >= 1.
        size: Longer side of the generated picture in pixels, 32 to 2048.
        start: `"content"`, `"noise"` (uniform, as the course starts) or `"style"`.
        optimizer: `"adam"` or `"gradient-descent"` (G := G - learning_rate dJ/dG).
        learning_rate: > 0; by default 0.02 for Adam. For gradient descent the first step moves the pixels by 0.1
            (root mean square), or the half, quarter, ... of it that lowers the cost enough; then the rate grows by a
            tenth while the cost falls and is halved when it rose. A rate that is given stays as it is.
        seed: Integer >= 0, for the noise.

    Raises:
        ValueError: If a value is not one of the above; a layer that does not exist is answered with those that do.
        TypeError: If a value has another type.
    """

    backbone: str = "auto"
    content_layer: str | None = None
    style_layers: Mapping[str, float] | None = field(default=None, hash=False)
    content_weight: float = 1.0
    style_weight: float = 10.0
    variation_weight: float = 0.0
    normalization: str = "scale-free"
    steps: int = 120
    size: int = 256
    start: str = "content"
    optimizer: str = "adam"
    learning_rate: float | None = None
    seed: int = 0

    def __post_init__(self):
        check_choice("backbone", self.backbone, ("auto", *backbones.names()))
        check_choice("normalization", self.normalization, NORMALIZATIONS)
        check_choice("start", self.start, STARTS)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        _integer("steps", self.steps, 1)
        _integer("size", self.size, *SIZES)
        _integer("seed", self.seed, 0)
        for name in ("content_weight", "style_weight", "variation_weight"):
            _number(name, getattr(self, name))
        if self.learning_rate is not None:
            _number("learning_rate", self.learning_rate, positive=True)
        if self.content_weight + self.style_weight == 0:
            raise ValueError("expected a content_weight or a style_weight above 0, received 0 for both")
        if self.style_layers is not None:
            if not isinstance(self.style_layers, Mapping) or not self.style_layers:
                raise TypeError(f"expected style_layers as {{layer: weight}}, received {self.style_layers!r}")
            for layer, weight in self.style_layers.items():
                _number(f"weight of style layer {layer}", weight)
            if not sum(self.style_layers.values()) > 0:
                raise ValueError("expected a style layer with a weight above 0, received only zeros")
        backbones.check_layers(self.resolved_backbone, self.layers)

    @property
    def resolved_backbone(self) -> str:
        """The backbone that `"auto"` stands for on this machine, or the one that is named."""
        return backbones.best_available() if self.backbone == "auto" else self.backbone

    @property
    def resolved_content_layer(self) -> str:
        """The content layer, or the backbone's default."""
        if self.content_layer is not None:
            return self.content_layer
        return "conv4" if self.backbone == "alexnet" else "block4_conv2"

    @property
    def resolved_style_layers(self) -> dict[str, float]:
        """The style layers with their lambda, or the backbone's default."""
        return dict(self.style_layers or (ALEXNET_LAYERS if self.backbone == "alexnet" else FIVE_LAYERS))

    @property
    def resolved_learning_rate(self) -> float | None:
        """The learning rate, or the optimiser's default; `None` where the first gradient decides."""
        return OPTIMIZERS[self.optimizer] if self.learning_rate is None else self.learning_rate

    @property
    def layers(self) -> list[str]:
        """All layers whose activations are needed, each once."""
        return list(dict.fromkeys([self.resolved_content_layer, *self.resolved_style_layers]))

    def as_dict(self) -> dict:
        """Return the recipe as plain values, with every default filled in, for JSON."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values |= {name: int(values[name]) for name in ("steps", "size", "seed")}
        return values | {
            "backbone": self.resolved_backbone,
            "content_layer": self.resolved_content_layer,
            "style_layers": self.resolved_style_layers,
            "learning_rate": self.resolved_learning_rate,
        }


def _integer(name: str, value, low: int, high: float = math.inf) -> None:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"expected an integer for {name}, received {value!r}")
    if not low <= value <= high:
        between = f"from {low} to {high}" if high < math.inf else f"of at least {low}"
        raise ValueError(f"expected {name} {between}, received {value}")


def _number(name: str, value, positive: bool = False) -> None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"expected a number for {name}, received {value!r}") from None
    if not math.isfinite(number) or number < 0 or (positive and number == 0):
        raise ValueError(f"expected {name} {'above 0' if positive else 'of at least 0'}, received {value}")
