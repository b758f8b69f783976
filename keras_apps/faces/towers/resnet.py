"""`resnet128`: dlib's face recognition ResNet, with named layers and one custom layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import keras
from keras import layers, ops

from keras_apps.faces.alignment import CHIP

Shape: TypeAlias = "tuple[int | None, ...]"


@keras.saving.register_keras_serializable("keras_apps")
class ShortcutAdd(keras.layers.Layer):
    """Add a residual branch to a shortcut of another size, as dlib does.

    The smaller of the two is padded with zeros: in height and width at the bottom and the right, in channels at the
    end.

    Args (call):
        inputs: `[residual, shortcut]`, floats `(n, h1, w1, c1)` and `(n, h2, w2, c2)`.

    Returns:
        Floats `(n, max(h1, h2), max(w1, w2), max(c1, c2))`.

    Raises:
        ValueError: If there are not two inputs of equal rank, or a size other than the batch's is unknown.

    Example:
        >>> import numpy as np
        >>> ShortcutAdd()([np.ones((1, 1, 1, 2)), np.ones((1, 2, 1, 1))])[0, :, 0].numpy().tolist()
        [[2.0, 1.0], [1.0, 0.0]]

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", CVPR 2016, section 3.3 (option A); King, dlib.
    """

    any_rank = True
    """Tells `dimensions.convert` that the layer adds signals and volumes just as it adds pictures."""

    def build(self, input_shape: Sequence[Shape]) -> None:
        if len(input_shape) != 2 or len(input_shape[0]) != len(input_shape[1]):
            raise ValueError(f"expected two inputs of equal rank, received shapes {input_shape}")
        if any(size is None for shape in input_shape for size in shape[1:]):
            raise ValueError(f"expected known heights, widths and channels, received shapes {input_shape}")

    def call(self, inputs: Sequence[keras.KerasTensor]) -> keras.KerasTensor:
        residual, shortcut = inputs
        size = self.compute_output_shape([residual.shape, shortcut.shape])[1:]
        return _pad(residual, size) + _pad(shortcut, size)

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        first, second = input_shape
        return (first[0], *(max(a or 0, b or 0) for a, b in zip(first[1:], second[1:], strict=True)))


def _pad(x: keras.KerasTensor, size: Shape) -> keras.KerasTensor:
    missing = [(0, target - current) for target, current in zip(size, x.shape[1:], strict=True)]
    return ops.pad(x, [(0, 0), *missing]) if any(after for _, after in missing) else x


MEAN_RGB = (122.782, 117.001, 104.298)

# filters, residual blocks, and whether the first block halves the size
_STAGES = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))


def resnet_tower(size: int = CHIP, encoding: int = 128) -> keras.Model:
    """Build `resnet128` with random weights: 29 layers with weights, 5,607,488 parameters.

    The network is dlib's face recognition ResNet with each affine layer folded into the convolution before it.

    Args:
        size: Height and width of the input in pixels; the bundled weights were trained on 150.
        encoding: Length of the encoding.

    Returns:
        `keras.Model` from aligned RGB chips in 0..255, `(n, size, size, 3)`, to encodings `(n, encoding)`, not of
        unit length.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", CVPR 2016; King, "dlib's face recognition ResNet".
    """
    chips = keras.Input((size, size, 3), name="chips")
    x = layers.Rescaling(1 / 256, [-mean / 256 for mean in MEAN_RGB], name="preprocessing")(chips)
    x = layers.Conv2D(32, 7, strides=2, activation="relu", name="conv1")(x)
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)
    for number, (filters, blocks, halves) in enumerate(_STAGES, start=1):
        for block in range(1, blocks + 1):
            x = _residual_block(x, filters, halves and block == 1, f"stage{number}_block{block}")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    encodings = layers.Dense(encoding, use_bias=False, name="encoding")(x)
    return keras.Model(chips, encodings, name="resnet128")


def _residual_block(x: keras.KerasTensor, filters: int, halves: bool, name: str) -> keras.KerasTensor:
    shortcut = x
    if halves:
        shortcut = layers.AveragePooling2D(2, name=f"{name}_shortcut")(x)
        x = layers.Conv2D(filters, 3, strides=2, activation="relu", name=f"{name}_conv1")(x)
    else:
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"{name}_conv1")(x)
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv2")(x)
    x = ShortcutAdd(name=f"{name}_add")([x, shortcut])
    return layers.Activation("relu", name=f"{name}_relu")(x)
