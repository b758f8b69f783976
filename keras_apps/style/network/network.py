"""The network whose activations the costs compare: a bundled backbone, or any Keras model with named layers."""

from __future__ import annotations

import functools
from collections.abc import Callable

import keras
import tensorflow as tf

from keras_apps import backbones
from keras_apps._checks import check_choice
from keras_apps.style.network.winograd import fast_model
from keras_apps.style.recipes.recipe import Recipe
from keras_apps.style.tiling.resources import WORTH_COMPILING


def load_network(recipe: Recipe, own: keras.Model | None = None) -> keras.Model:
    """Load the recipe's network, cut after the deepest layer that is needed.

    Args:
        recipe: Names backbone, pooling and layers; with `backbone="own"`, layers of `own`.
        own: A Keras model from pictures `(n, h, w, 3)` in 0..1 of any size; its preprocessing is inside it.

    Returns:
        A model from pictures to `{layer: activations}`, with nothing past the deepest layer.

    Raises:
        ValueError: If `own` is given without `backbone="own"`, or the other way round, or lacks a layer; or if a
            layer's activations are not `(n, h, w, c)`.
        FileNotFoundError: If the backbone's weights are not there.
    """
    if (own is not None) != (recipe.backbone == "own"):
        received = "none" if own is None else f"one with backbone {recipe.backbone!r}"
        raise ValueError(f"expected a network exactly with backbone 'own', received {received}")
    if own is None:
        return backbones.load(recipe.resolved_backbone, recipe.layers, pooling=recipe.pooling)
    if not isinstance(own, keras.Model):
        raise TypeError(f"expected a Keras model as network, received {type(own).__name__}")
    shapes = [tuple(one.shape) for one in getattr(own, "inputs", None) or []]
    if len(shapes) != 1 or shapes[0][1:] != (None, None, 3):
        received = " and ".join(map(str, shapes)) or "one that is not built of layers with known inputs"
        raise ValueError(f"expected a network from pictures (None, None, None, 3) of any size, received {received}")
    known = [layer.name for layer in own.layers]
    outputs = {}
    for name in recipe.layers:
        check_choice("layer of your network", name, known)
        outputs[name] = own.get_layer(name).output
        if isinstance(outputs[name], list) or len(outputs[name].shape) != 4:
            raise ValueError(f"expected layers with activations (n, h, w, c), received {name!r}")
    cut = keras.Model(own.inputs, outputs, name=own.name)
    cut.trainable = False
    return cut


def check_size(model: keras.Model, recipe: Recipe, height: int, width: int) -> None:
    """Raise a `ValueError` for pictures that are too small for a network of your own."""
    if recipe.backbone != "own":
        return
    try:
        sizes = [shape[1:3] for shape in model.compute_output_shape((1, height, width, 3)).values()]
        fits = all(side > 0 for size in sizes for side in size)
    except (ValueError, tf.errors.InvalidArgumentError):
        fits = False
    if not fits:
        raise ValueError(f"expected pictures as large as your network needs, received {width} x {height} pixels")


def smallest_side(recipe: Recipe) -> int:
    """Return how many pixels a picture must have in height and width for the recipe's layers."""
    return 1 if recipe.backbone == "own" else backbones.minimum_size(recipe.resolved_backbone, recipe.layers)


def deepest_layer(recipe: Recipe) -> str:
    """Return the deepest of the recipe's layers with its backbone's name, for messages."""
    if recipe.backbone == "own":
        return "your network"
    order = backbones.layer_names(recipe.resolved_backbone).index
    return f"{recipe.resolved_backbone}'s {max(recipe.layers, key=order)}"


def runners(model: keras.Model, recipe: Recipe, compiled: bool) -> Callable[[int, int], Callable]:
    """Return a function that says what computes the activations of one size: the model, or its fast convolutions.

    The fast ones are made once, when they are first worth compiling.

    Args:
        model: From `load_network`.
        recipe: The recipe.
        compiled: Whether steps are compiled at all.

    Returns:
        From the pixels of the generated picture, or of a tile, and how often the gradient will be computed.
    """
    fast = functools.cache(lambda: fast_model(model))

    def runner(pixels: int, steps: int) -> Callable:
        worth = compiled and recipe.backbone != "own" and steps * pixels >= WORTH_COMPILING
        return fast() if worth else model

    return runner
