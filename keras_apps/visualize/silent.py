"""A network -> the same one with gradients that also reach units that are silent.

Behind a ReLU that is off there is no gradient, and a unit that is silent on the first picture would stay so for ever.
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
import tensorflow as tf


@tf.custom_gradient
def redirected_relu(x):
    """Return max(x, 0); what comes back passes where x is positive, or, if so nothing passes, where it would raise x.

    Args:
        x: Floats `(n, ...)`; whether anything passes is decided for each of the n pictures.

    Reference:
        Olah et al.'s lucid, `redirected_relu_grad`.
    """

    def back(upstream):
        plain = tf.where(x > 0, upstream, 0.0)
        axes = list(range(1, len(x.shape)))
        passes = tf.reduce_any(plain != 0, axis=axes, keepdims=True)
        return tf.where(passes, plain, tf.nn.relu(upstream))

    return tf.nn.relu(x), back


def awakened(network: keras.Model) -> keras.Model:
    """Copy a network with `redirected_relu` at every ReLU; models within it are copied too.

    Raises:
        ValueError: If a layer cannot be made again from its configuration.
    """

    def cloned(layer):
        config = layer.get_config()
        if _is_relu(config.get("activation")):
            config["activation"] = redirected_relu
        elif type(layer) is keras.layers.ReLU and config["max_value"] is None and not config["negative_slope"]:
            return keras.layers.Activation(redirected_relu, name=layer.name)
        return type(layer).from_config(config)

    try:
        copy = keras.models.clone_model(network, clone_function=cloned, recursive=True)
        copy.set_weights(network.get_weights())
    except (NotImplementedError, TypeError) as error:
        raise ValueError(f"expected layers that can be copied, received one that cannot: {error}") from None
    return copy


def _is_relu(activation) -> bool:
    return (activation.get("config") if isinstance(activation, Mapping) else activation) == "relu"
