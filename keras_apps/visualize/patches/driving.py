"""A unit and its patches -> what in each patch drives the unit: gradients with a rule of their own at every ReLU.

The gradient of a unit's activation tells which pixels raise it. Backwards through a ReLU, three rules are in use:

- `"gradient"`: what comes back passes where the ReLU's input was positive; the true gradient, and a noisy picture.
- `"deconvnet"` (Zeiler and Fergus): what comes back passes where it is itself positive; max pooling sends it to the
  position that was the largest (their "switches").
- `"guided"` (Springenberg et al.): it passes where both are so. What would lower the unit is left out at every layer,
  and what is left is sharp in deep layers too.

Guided pictures show more of the edges in the patch, and less of the weights, than the gradient does (Adebayo et al.):
they are for looking at, not for measuring.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_apps._checks import check_choice
from keras_apps.visualize.graph import layer_output
from keras_apps.visualize.patches.patches import GREY, Patch, TopPatches, cut
from keras_apps.visualize.relus import with_relus

METHODS = ("guided", "deconvnet", "gradient")
AT_ONCE = 16
"""Pictures that go forward and back together."""


def driving(
    model: keras.Model,
    found: TopPatches,
    method: str = "guided",
    *,
    preprocess: Callable | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, dict[int, list[np.ndarray]]]:
    """Return for each patch what in it drives its unit.

    A unit depends on nothing outside its patch, so that the patch stands alone on a grey picture, at its place.

    Args:
        model: The model that `top_patches` was given.
        found: What it returned.
        method: `"guided"`, `"deconvnet"` or `"gradient"`, see above.
        preprocess: As `top_patches` was given.
        progress: Called with the number of patches done and of all.

    Returns:
        `{layer: {unit: [gradients]}}`, as `found.patches`: float32 arrays of the patches' shape, the change of the
        unit's activation for each change of a value of the patch, by the method's rule; 0 beyond the border.

    Raises:
        ValueError: If there is no such method, a layer of the model cannot be copied, or the patches are not of such a
            model.

    Example:
        >>> model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Conv2D(1, 2, kernel_initializer="ones")])
        >>> from keras_apps.visualize import top_patches
        >>> found = top_patches(model, model.layers[0].name, np.zeros((1, 4, 4, 3), np.uint8))
        >>> driving(model, found)[model.layers[0].name][0][0][..., 0].tolist()
        [[1.0, 1.0], [1.0, 1.0]]

    Reference:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014; Springenberg et al.,
        "Striving for Simplicity", ICLR 2015 workshop; Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018.
    """
    check_choice("method", method, METHODS)
    total = sum(len(patches) for units in found.patches.values() for patches in units.values())
    done = 0
    drives: dict[str, dict[int, list[np.ndarray]]] = {}
    for layer, units in found.patches.items():
        network = keras.Model(model.inputs[0], layer_output(model, layer))
        size = found.fields[layer].input_size
        _check_model(network, layer, size, units)
        network = with_rule(network, method)
        back = _backwards(network, size, preprocess)
        flat = [(unit, patch) for unit, patches in units.items() for patch in patches]
        drives[layer] = {unit: [] for unit in units}
        for first in range(0, len(flat), AT_ONCE):
            batch = flat[first : first + AT_ONCE]
            canvases = np.stack([_alone(patch, size) for _, patch in batch])
            gradients = back(canvases, _places(batch)).numpy()
            for gradient, (unit, patch) in zip(gradients, batch, strict=True):
                drives[layer][unit].append(cut(gradient, patch.box))
            done += len(batch)
            if progress:
                progress(done, total)
    return drives


def with_rule(network: keras.Model, method: str) -> keras.Model:
    """Copy a network with a method's rule at every ReLU; models within it are copied too.

    Raises:
        ValueError: If a layer cannot be made again from its configuration.
    """
    if method == "gradient":
        return network
    return with_relus(network, guided_relu if method == "guided" else deconvnet_relu)


@tf.custom_gradient
def guided_relu(x: keras.KerasTensor) -> Any:
    """Return max(x, 0); what comes back passes where it and x are positive."""
    return tf.nn.relu(x), lambda upstream: tf.where(x > 0, tf.nn.relu(upstream), 0.0)


@tf.custom_gradient
def deconvnet_relu(x: keras.KerasTensor) -> Any:
    """Return max(x, 0); what comes back passes where it is positive."""
    return tf.nn.relu(x), tf.nn.relu


def _check_model(network: keras.Model, layer: str, size: tuple[int | None, ...], units: Mapping) -> None:
    """Make sure that the layer has the units whose patches were found."""
    try:
        output = network.compute_output_shape((1, *size, network.inputs[0].shape[-1]))
    except ValueError:
        output = None
    flat = [(*patch.unit, unit) for unit, patches in units.items() for patch in patches]
    fits = output is not None and all(len(place) == len(output) - 1 for place in flat)
    if not fits or any(at >= n for place in flat for at, n in zip(place, output[1:], strict=True)):
        raise ValueError(f"expected the model that the patches were found with, received one whose '{layer}' differs")


def _backwards(network: keras.Model, size: tuple[int | None, ...], preprocess: Callable | None) -> Callable:
    shape = (None, *size, network.inputs[0].shape[-1])
    kind = tf.uint8 if len(size) == 2 and shape[-1] == 3 else tf.float32

    @tf.function(input_signature=[tf.TensorSpec(shape, kind), tf.TensorSpec((None, None), tf.int32)])
    def back(canvases: Any, places: Any) -> Any:
        x = tf.cast(canvases, tf.float32) / 255.0 if kind == tf.uint8 else canvases
        with tf.GradientTape() as tape:
            tape.watch(x)
            ready = x if preprocess is None else preprocess(x)
            if ready is None:
                raise ValueError("expected a preprocess that returns a batch, received one that returned None")
            activations = tf.nest.flatten(network(ready, training=False))[0]
            chosen = tf.gather_nd(activations, places)
        return tape.gradient(chosen, x)

    traced = back.get_concrete_function()  # called itself, it never warns of retracing
    return lambda canvases, places: traced(tf.constant(canvases), tf.constant(places))


def _places(batch: Sequence[tuple[int, Patch]]) -> np.ndarray:
    return np.array([(row, *patch.unit, unit) for row, (unit, patch) in enumerate(batch)], np.int32)


def _alone(patch: Patch, size: tuple[int | None, ...]) -> np.ndarray:
    """Return a picture with nothing but the patch, at its place."""
    is_picture = patch.image.dtype == np.uint8
    sides = [n for n in size if n is not None]  # all are known where patches were found
    canvas = np.full((*sides, patch.image.shape[-1]), GREY if is_picture else 0, patch.image.dtype)
    inside = [(max(start, 0), min(stop, n)) for (start, stop), n in zip(patch.box, sides, strict=True)]
    there = tuple(slice(a, b) for a, b in inside)
    here = tuple(slice(a - start, b - start) for (a, b), (start, _) in zip(inside, patch.box, strict=True))
    canvas[there] = patch.image[here]
    return canvas
