"""FaceNet's Inception-style tower, in the small form of its network NN4."""

from __future__ import annotations

from typing import TypeAlias

import keras
from keras import layers

Branch: TypeAlias = "tuple[int, int] | None"
"""Filters of a 1x1 convolution and of the larger one after it; `None` where a block lacks the branch."""

# name, 1x1 filters, (reduce, 3x3), (reduce, 5x5), 1x1 filters after the pooling (None: no convolution), stride
_BLOCKS: tuple[tuple[str, int | None, Branch, Branch, int | None, int], ...] = (
    ("3a", 64, (96, 128), (16, 32), 32, 1),
    ("3b", 64, (96, 128), (32, 64), 64, 1),
    ("3c", None, (128, 256), (32, 64), None, 2),
    ("4a", 256, (96, 192), (32, 64), 128, 1),
    ("4e", None, (160, 256), (64, 128), None, 2),
    ("5a", 256, (96, 384), None, 96, 1),
    ("5b", 256, (96, 384), None, 96, 1),
)


def inception_tower(size: int = 96, encoding: int = 128) -> keras.Model:
    """Build an Inception tower: 3.7 million parameters at 96 pixels, the "NN4 small" line of FaceNet's networks.

    Each block looks at its input at several scales at once (1x1, 3x3, 5x5 and a pooling) and concatenates the results.
    It uses batch normalisation in place of the paper's local response normalisation, and max-pooling in place of L2.

    Args:
        size: Height and width of the input in pixels, >= 32.
        encoding: Length of the encoding.

    Returns:
        `keras.Model` from RGB pictures in 0..255, `(n, size, size, 3)`, to encodings `(n, encoding)` of unit length.

    Reference:
        Schroff et al., "FaceNet", CVPR 2015, table 2; Szegedy et al., "Going deeper with convolutions", CVPR 2015.
    """
    chips = keras.Input((size, size, 3), name="chips")
    x = layers.Rescaling(1 / 64, -2.0, name="preprocessing")(chips)
    x = _conv(x, 64, 7, 2, "conv1")
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool1")(x)
    x = _conv(x, 64, 1, 1, "conv2_reduce")
    x = _conv(x, 192, 3, 1, "conv2")
    x = layers.MaxPooling2D(3, 2, padding="same", name="pool2")(x)
    for block in _BLOCKS:
        x = _inception(x, *block)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dense(encoding, use_bias=False, name="encoding")(x)
    encodings = layers.UnitNormalization(dtype="float32", name="unit_length")(x)
    return keras.Model(chips, encodings, name="inception")


def _inception(
    x: keras.KerasTensor,
    name: str,
    ones: int | None,
    threes: Branch,
    fives: Branch,
    pooled: int | None,
    stride: int,
) -> keras.KerasTensor:
    name = f"inception{name}"
    branches = [_conv(x, ones, 1, 1, f"{name}_1x1")] if ones else []
    for kernel, widths in ((3, threes), (5, fives)):
        if widths:
            reduced = _conv(x, widths[0], 1, 1, f"{name}_{kernel}x{kernel}_reduce")
            branches.append(_conv(reduced, widths[1], kernel, stride, f"{name}_{kernel}x{kernel}"))
    pool = layers.MaxPooling2D(3, stride, padding="same", name=f"{name}_pool")(x)
    branches.append(_conv(pool, pooled, 1, 1, f"{name}_pool_reduce") if pooled else pool)
    return layers.Concatenate(name=name)(branches)


def _conv(x: keras.KerasTensor, filters: int, kernel: int, stride: int, name: str) -> keras.KerasTensor:
    x = layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(name=f"{name}_normalised")(x)
    return layers.Activation("relu", name=f"{name}_relu")(x)
