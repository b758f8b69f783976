"""Max pooling by 2, with a gradient that compares four corners instead of searching windows.

XLA's own gradient of max pooling keeps several index tensors of the size of the activations; this one keeps none.
"""

from __future__ import annotations

import keras
import tensorflow as tf


@tf.autograph.experimental.do_not_convert  # which would drop the gradient
@tf.custom_gradient
def halve(x: tf.Tensor) -> tf.Tensor:
    """Take the largest of every 2 x 2 units, as `tf.nn.max_pool2d(x, 2, 2, "VALID")`, gradient included.

    Where several of the four are largest, the gradient goes to the first, row by row.

    Args:
        x: Floats `(1, h, w, c)` with known height and width.

    Returns:
        Floats `(1, h // 2, w // 2, c)`.

    Example:
        >>> halve(tf.constant([[[[1.0], [4.0], [9.0]], [[3.0], [2.0], [9.0]]]])).numpy().tolist()
        [[[[4.0]]]]
    """
    _, height, width, channels = x.shape
    rows, columns = height // 2, width // 2
    corners = [x[:, i : 2 * rows : 2, j : 2 * columns : 2] for i in (0, 1) for j in (0, 1)]
    largest = tf.maximum(tf.maximum(*corners[:2]), tf.maximum(*corners[2:]))

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        parts, left = [], tf.ones_like(largest, tf.bool)
        for corner in corners:
            chosen = left & tf.equal(corner, largest)
            left &= ~chosen
            parts.append(tf.where(chosen, upstream, tf.zeros((), x.dtype)))
        lines = [tf.stack(parts[k : k + 2], axis=3) for k in (0, 2)]
        whole = tf.reshape(tf.stack(lines, axis=2), (1, 2 * rows, 2 * columns, channels))
        return tf.pad(whole, [[0, 0], [0, height - 2 * rows], [0, width - 2 * columns], [0, 0]])

    return largest, gradient


def is_halving(layer: keras.layers.Layer) -> bool:
    """Tell whether a layer is a max pooling that `halve` equals."""
    plain = {"pool_size": (2, 2), "strides": (2, 2), "padding": "valid", "data_format": "channels_last"}
    return isinstance(layer, keras.layers.MaxPooling2D) and all(getattr(layer, k) == v for k, v in plain.items())
