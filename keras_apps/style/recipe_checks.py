"""What a recipe may say: the names and ranges of its values, and an error for the first that is not among them."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from keras_apps import backbones
from keras_apps._choices import check_choice

if TYPE_CHECKING:
    from keras_apps.style.recipe import Recipe

KERAS_OPTIMIZERS = ("adam", "adamw", "adamax", "nadam", "rmsprop", "adagrad", "adadelta", "sgd", "lion", "ftrl")
CHOICES = {
    "pooling": ("max", "average"),
    "normalization": ("scale-free", "course", "assignment", "keras.io", "tensorflow"),
    "start": ("content", "noise", "style", "blend", "picture"),
    "optimizer": (*KERAS_OPTIMIZERS, "gradient-descent", "lbfgs"),
    "schedule": ("constant", "cosine", "exponential"),
    "color": ("style", "luminance", "matched"),
}
INTEGERS = {"steps": (1, math.inf), "size": (32, 8192), "decay_steps": (1, math.inf), "seed": (0, math.inf)}


def check_recipe(recipe: Recipe) -> None:
    """Raise for the first value of a recipe that is not in its range."""
    check_choice("backbone", recipe.backbone, ("auto", *backbones.names(), "own"))
    for name, choices in CHOICES.items():
        check_choice(name, getattr(recipe, name), choices)
    for name, (low, high) in INTEGERS.items():
        _integer(name, getattr(recipe, name), low, high)
    for name in ("content_weight", "style_weight", "variation_weight"):
        _number(name, getattr(recipe, name))
    if recipe.learning_rate is not None:
        _number("learning_rate", recipe.learning_rate, positive=True)
    for name in ("noise_share", "settled", "decay_rate"):
        _number(name, getattr(recipe, name), positive=name == "decay_rate", most=1)
    if recipe.settled == 1:
        raise ValueError("expected settled below 1, received 1")
    if not isinstance(recipe.coarse_to_fine, bool):
        raise TypeError(f"expected True or False for coarse_to_fine, received {recipe.coarse_to_fine!r}")
    if recipe.content_weight + recipe.style_weight == 0:
        raise ValueError("expected a content_weight or a style_weight above 0, received 0 for both")
    for kind in ("content", "style"):
        given = getattr(recipe, f"{kind}_layers")
        if given is not None and not (kind == "content" and isinstance(given, str)):
            _weights(kind, given)
    if recipe.style_shares is not None:
        _shares(recipe.style_shares)
    if recipe.optimizer_options is not None:
        if not isinstance(recipe.optimizer_options, Mapping):
            raise TypeError(f"expected optimizer_options as {{name: value}}, received {recipe.optimizer_options!r}")
        for name, value in recipe.optimizer_options.items():
            if not isinstance(value, (bool, numbers.Real)):
                raise TypeError(f"expected a number for optimizer option {name}, received {value!r}")
            if recipe.optimizer == "lbfgs":
                check_choice("option of L-BFGS", name, ("memory", "restart"))
                _integer(f"optimizer option {name}", value, 1)
    if recipe.backbone != "own":
        backbones.check_layers(recipe.resolved_backbone, recipe.layers)
    elif recipe.content_layers is None or recipe.style_layers is None:
        raise ValueError("expected content_layers and style_layers for a network of your own, received none")


def _weights(kind: str, given) -> None:
    if not isinstance(given, Mapping) or not given:
        raise TypeError(f"expected {kind}_layers as {{layer: weight}}, received {given!r}")
    for layer, weight in given.items():
        _number(f"weight of {kind} layer {layer}", weight)
    if not sum(given.values()) > 0:
        raise ValueError(f"expected a {kind} layer with a weight above 0, received only zeros")


def _shares(shares) -> None:
    if isinstance(shares, str) or not isinstance(shares, Sequence) or not shares:
        raise TypeError(f"expected style_shares as a list of numbers, received {shares!r}")
    for share in shares:
        _number("style share", share)
    if not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise ValueError(f"expected style_shares that sum to 1, received {list(shares)}, which sum to {sum(shares):g}")


def _integer(name: str, value, low: int, high: float = math.inf) -> None:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"expected an integer for {name}, received {value!r}")
    if not low <= value <= high:
        between = f"from {low} to {high}" if high < math.inf else f"of at least {low}"
        raise ValueError(f"expected {name} {between}, received {value}")


def _number(name: str, value, positive: bool = False, most: float = math.inf) -> None:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"expected a number for {name}, received {value!r}")
    number = float(value)
    if not math.isfinite(number) or number < 0 or (positive and number == 0) or number > most:
        least = "above 0" if positive else "of at least 0"
        raise ValueError(f"expected {name} {least}{'' if most == math.inf else f' and up to {most}'}, received {value}")
