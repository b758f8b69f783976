"""A network -> the same network with another gradient at every ReLU: guided, or not zero where the unit is off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

HIGHEST = {"relu": None, "relu6": 6.0}


def with_relus(network: keras.Model, rule: Callable) -> keras.Model:
    """Copy a network with a rule in place of every ReLU; models within it are copied too.

    Args:
        network: Functional or Sequential; it is not changed.
        rule: A function of the ReLU's input that answers max(x, 0), with a gradient of its own. A ReLU with a highest
            value, as MobileNet's 6, is the rule of min(x, 6): beyond it nothing comes back.

    Raises:
        ValueError: If a layer cannot be made again from its configuration.
    """

    def cloned(layer: keras.Layer) -> Any:
        config = layer.get_config()
        activation = config.get("activation")
        activation = activation.get("config") if isinstance(activation, Mapping) else activation
        if isinstance(activation, str) and activation in HIGHEST:
            config["activation"] = _below(rule, HIGHEST[activation])
        elif type(layer) is keras.layers.ReLU and not config["negative_slope"] and not config["threshold"]:
            return keras.layers.Activation(_below(rule, config["max_value"]), name=layer.name, dtype=layer.dtype_policy)
        return type(layer).from_config(config)

    try:
        copy = keras.models.clone_model(network, clone_function=cloned, recursive=True)
        copy.set_weights(network.get_weights())
    except (NotImplementedError, TypeError) as error:
        raise ValueError(f"a layer of this network cannot be copied: {error}") from None
    return copy


def _below(rule: Callable, highest: float | None) -> Callable:
    return rule if highest is None else lambda x: rule(tf.minimum(x, highest))


@tf.custom_gradient
def redirected_relu(x: keras.KerasTensor) -> Any:
    """Return max(x, 0); what comes back passes where x is positive, or, if so nothing passes, where it would raise x.

    Args:
        x: Floats `(n, ...)`; whether anything passes is decided for each of the n pictures.

    Reference:
        Olah et al.'s lucid, `redirected_relu_grad`.
    """

    def back(upstream: tf.Tensor) -> Any:
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

    return with_relus(network, redirected_relu)
