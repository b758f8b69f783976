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

import keras
import numpy as np
import tensorflow as tf

from keras_apps._choices import check_choice
from keras_apps.visualize.graph import layer_output
from keras_apps.visualize.patch_result import GREY, Patch, TopPatches, cut

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
        ValueError: If there is no such method, or a layer of the model cannot be copied.

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
    done, drives = 0, {}
    for layer, units in found.patches.items():
        network = with_rule(keras.Model(model.inputs[0], layer_output(model, layer)), method)
        size = found.fields[layer].input_size
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
    rule = guided_relu if method == "guided" else deconvnet_relu

    def cloned(layer):
        config = layer.get_config()
        activation = _name(config.get("activation"))
        if activation in ("relu", "relu6"):
            config["activation"] = _below(rule, 6 if activation == "relu6" else None)
        elif type(layer) is keras.layers.ReLU and not config["negative_slope"] and not config["threshold"]:
            return keras.layers.Activation(_below(rule, config["max_value"]), name=layer.name, dtype=layer.dtype_policy)
        return type(layer).from_config(config)

    try:
        copy = keras.models.clone_model(network, clone_function=cloned, recursive=True)
        copy.set_weights(network.get_weights())
    except (NotImplementedError, TypeError) as error:
        raise ValueError(f"expected layers that can be copied, received one that cannot: {error}") from None
    return copy


def _name(activation) -> str | None:
    return activation.get("config") if isinstance(activation, Mapping) else activation


def _below(rule: Callable, highest: float | None) -> Callable:
    """Return the rule for a ReLU with a highest value, as MobileNet's 6; beyond it nothing comes back."""
    return rule if highest is None else lambda x: rule(tf.minimum(x, highest))


@tf.custom_gradient
def guided_relu(x):
    """Return max(x, 0); what comes back passes where it and x are positive."""
    return tf.nn.relu(x), lambda upstream: tf.where(x > 0, tf.nn.relu(upstream), 0.0)


@tf.custom_gradient
def deconvnet_relu(x):
    """Return max(x, 0); what comes back passes where it is positive."""
    return tf.nn.relu(x), tf.nn.relu


def _backwards(network: keras.Model, size: tuple[int, ...], preprocess: Callable | None) -> Callable:
    shape = (None, *size, network.inputs[0].shape[-1])
    kind = tf.uint8 if len(size) == 2 and shape[-1] == 3 else tf.float32

    @tf.function(input_signature=[tf.TensorSpec(shape, kind), tf.TensorSpec((None, None), tf.int32)])
    def back(canvases, places):
        x = tf.cast(canvases, tf.float32) / 255.0 if kind == tf.uint8 else canvases
        with tf.GradientTape() as tape:
            tape.watch(x)
            activations = tf.nest.flatten(network(x if preprocess is None else preprocess(x), training=False))[0]
            chosen = tf.gather_nd(activations, places)
        return tape.gradient(chosen, x)

    traced = back.get_concrete_function()  # called itself, it never warns of retracing
    return lambda canvases, places: traced(tf.constant(canvases), tf.constant(places))


def _places(batch: Sequence[tuple[int, Patch]]) -> np.ndarray:
    return np.array([(row, *patch.unit, unit) for row, (unit, patch) in enumerate(batch)], np.int32)


def _alone(patch: Patch, size: tuple[int, ...]) -> np.ndarray:
    """Return a picture with nothing but the patch, at its place."""
    is_picture = patch.image.dtype == np.uint8
    canvas = np.full((*size, patch.image.shape[-1]), GREY if is_picture else 0, patch.image.dtype)
    inside = [(max(start, 0), min(stop, n)) for (start, stop), n in zip(patch.box, size, strict=True)]
    there = tuple(slice(a, b) for a, b in inside)
    here = tuple(slice(a - start, b - start) for (a, b), (start, _) in zip(inside, patch.box, strict=True))
    canvas[there] = patch.image[here]
    return canvas
