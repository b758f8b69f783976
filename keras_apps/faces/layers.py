"""The custom layer of the face tower."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_apps")
class ShortcutAdd(keras.layers.Layer):
    """Add a residual branch to its shortcut when the two differ in size, as dlib does.

    The smaller of the two is filled with zeros: at the bottom and the right in height and width, at the end in
    channels.

    Args (call):
        inputs: `[residual, shortcut]`, floats `(n, h1, w1, c1)` and `(n, h2, w2, c2)`.

    Returns:
        Floats `(n, max(h1, h2), max(w1, w2), max(c1, c2))`.

    Raises:
        ValueError: If there are not two inputs of equal rank, or a size but the batch is unknown.

    Example:
        >>> import numpy as np
        >>> ShortcutAdd()([np.ones((1, 1, 1, 2)), np.ones((1, 2, 1, 1))])[0, :, 0].numpy().tolist()
        [[2.0, 1.0], [1.0, 0.0]]

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 3.3 (option A); King, dlib.
    """

    any_rank = True
    """For `dimensions.convert`: it adds signals and volumes just as it adds pictures."""

    def build(self, input_shape):
        if len(input_shape) != 2 or len(input_shape[0]) != len(input_shape[1]):
            raise ValueError(f"expected two inputs of equal rank, received shapes {input_shape}")
        if any(size is None for shape in input_shape for size in shape[1:]):
            raise ValueError(f"expected known heights, widths and channels, received shapes {input_shape}")

    def call(self, inputs):
        residual, shortcut = inputs
        size = self.compute_output_shape([residual.shape, shortcut.shape])[1:]
        return _fill(residual, size) + _fill(shortcut, size)

    def compute_output_shape(self, input_shape):
        first, second = input_shape
        return (first[0], *(max(a, b) for a, b in zip(first[1:], second[1:], strict=True)))


def _fill(x, size):
    missing = [(0, wanted - had) for wanted, had in zip(size, x.shape[1:], strict=True)]
    return ops.pad(x, [(0, 0), *missing]) if any(after for _, after in missing) else x
