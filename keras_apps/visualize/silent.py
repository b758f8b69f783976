"""A network -> the same one with gradients that also reach units that are silent.

Behind a ReLU that is off there is no gradient, and a unit that is silent on the first picture would stay so for ever.
"""

from __future__ import annotations

import keras
import tensorflow as tf

from keras_apps.visualize.relus import with_relus


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

    return with_relus(network, redirected_relu)
