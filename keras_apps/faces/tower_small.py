"""A small residual tower that two cores can train from scratch."""

from __future__ import annotations

import keras
from keras import layers

# filters of each residual block, and its stride
_BLOCKS = ((64, 2), (64, 1), (128, 2), (128, 1), (128, 2))


def small_tower(size: int = 64, encoding: int = 128) -> keras.Model:
    """Build a small residual tower: 1.2 million parameters at 64 pixels.

    The last activations are read with a weight for each place and not averaged: in an aligned picture the places
    mean something (here an eye, there the mouth).

    Args:
        size: Height and width of the input in pixels, >= 16.
        encoding: Length of the encoding.

    Returns:
        `keras.Model` from RGB pictures in 0..255, `(n, size, size, 3)`, to encodings `(n, encoding)` of unit length.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
    """
    pictures = keras.Input((size, size, 3), name="pictures")
    x = layers.Rescaling(1 / 64, -2.0, name="preprocessing")(pictures)
    x = _conv(x, 32, 5, 2, "conv1")
    x = layers.Activation("relu", name="conv1_relu")(x)
    for number, (filters, stride) in enumerate(_BLOCKS, start=1):
        x = _residual_block(x, filters, stride, f"block{number}")
    x = layers.Flatten(name="places")(x)
    x = layers.Dense(encoding, use_bias=False, name="encoding")(x)
    x = layers.BatchNormalization(scale=False, center=False, momentum=0.9, name="encoding_normalised")(x)
    encodings = layers.UnitNormalization(dtype="float32", name="unit_length")(x)
    return keras.Model(pictures, encodings, name="small")


def _residual_block(x, filters: int, stride: int, name: str):
    shortcut = x
    if stride > 1:
        shortcut = layers.AveragePooling2D(stride, padding="same", name=f"{name}_pool")(shortcut)
    if shortcut.shape[-1] != filters:
        shortcut = _conv(shortcut, filters, 1, 1, f"{name}_shortcut")
    x = _conv(x, filters, 3, stride, f"{name}_conv1")
    x = layers.Activation("relu", name=f"{name}_relu1")(x)
    x = _conv(x, filters, 3, 1, f"{name}_conv2")
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.Activation("relu", name=f"{name}_relu2")(x)


def _conv(x, filters: int, kernel: int, stride: int, name: str):
    convolution = layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )
    return layers.BatchNormalization(momentum=0.9, name=f"{name}_normalised")(convolution(x))
