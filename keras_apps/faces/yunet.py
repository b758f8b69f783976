"""YuNet, the face detector: a Keras model from pictures to boxes, scores and landmarks of all positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

STRIDES = (8, 16, 32)
"""Pixels between the positions of the three output maps."""
MULTIPLE = 32
"""Height and width of the input must be multiples of this number of pixels."""
_STAGES = ((16, 16), (16, 32), (32, 64), (64, 64), (64, 64), (64, 64))
"""The filters of the two separable convolutions of each stage; the first stage's first is an ordinary convolution."""
_HEADS = (("class", 1), ("object", 1), ("box", 4), ("landmarks", 10))


@keras.saving.register_keras_serializable("keras_apps")
class DecodeFaces(keras.layers.Layer):
    """Turn one output map of the detector into faces, one for each position.

    At column k and row j of a map of stride s the outputs mean: score = sqrt(class * object); centre =
    ((k + dx) s, (j + dy) s); width = s exp(dw), height = s exp(dh); each landmark = ((k + lx) s, (j + ly) s).

    Args:
        stride: Pixels between two positions.

    Args (call):
        inputs: `[class (n, h, w, 1), object (n, h, w, 1), box (n, h, w, 4): dx, dy, dw, dh, landmarks (n, h, w, 10):
            x and y of both eyes, nose, both corners of the mouth]`; class and object are logits.

    Returns:
        Floats `(n, h * w, 15)`: left, top, right, bottom, x and y of five landmarks, all in pixels of the picture, and
        the score in [0, 1].

    Example:
        >>> import numpy as np
        >>> maps = [np.full((1, 1, 2, d), v, "float32") for d, v in ((1, 0.0), (1, 50.0), (4, 0.0), (10, 0.5))]
        >>> faces = DecodeFaces(8)(maps).numpy()[0, 1]  # row 0, column 1: centre (8, 0), 8 pixels wide and high
        >>> faces[:6].tolist(), round(float(faces[14]), 4)
        ([4.0, -4.0, 12.0, 4.0, 12.0, 4.0], 0.7071)

    Reference:
        Wu et al., "YuNet: a tiny millisecond-level face detector", Machine Intelligence Research 2023.
    """

    def __init__(self, stride: int, **keywords: Any):
        super().__init__(**keywords)
        self.stride = stride

    def call(self, inputs: Sequence[keras.KerasTensor]) -> keras.KerasTensor:
        of_class, of_object, box, landmarks = inputs
        shape = ops.shape(box)
        row, column = ops.arange(shape[1], dtype=box.dtype), ops.arange(shape[2], dtype=box.dtype)
        place = ops.stack(ops.meshgrid(column, row), axis=-1)[None]  # (1, h, w, 2): x, y
        centre = (place + box[..., :2]) * self.stride
        half = ops.exp(box[..., 2:]) * (self.stride / 2)
        points = (ops.tile(place, (1, 1, 1, 5)) + landmarks) * self.stride
        score = ops.sqrt(ops.sigmoid(of_class) * ops.sigmoid(of_object))
        faces = ops.concatenate([centre - half, centre + half, points, score], axis=-1)
        return ops.reshape(faces, (shape[0], -1, 15))

    def compute_output_shape(self, input_shape: Sequence[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        batch, height, width, _ = input_shape[0]
        return (batch, None if height is None or width is None else height * width, 15)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"stride": self.stride}


def yunet() -> keras.Model:
    """Build YuNet with random weights: 53,104 parameters.

    Returns:
        `keras.Model` from RGB pictures in 0..255, `(n, h, w, 3)`, height and width multiples of 32, to
        `(n, positions, 15)` as `DecodeFaces` returns, the positions of strides 8, 16 and 32 one after the other.

    Reference:
        Wu et al., "YuNet: a tiny millisecond-level face detector", Machine Intelligence Research 2023.
    """
    pictures = keras.Input((None, None, 3), name="pictures")
    x = layers.ZeroPadding2D(1, name="stem_padding")(pictures)
    x = layers.Conv2D(16, 3, strides=2, activation="relu", name="stem")(x)
    maps = []
    for stage, widths in enumerate(_STAGES):
        if stage not in (0, 2):
            x = layers.MaxPooling2D(2, name=f"stage{stage}_pool")(x)
        for number, filters in enumerate(widths if stage else widths[:1], start=1):
            x = _separable(x, filters, f"stage{stage}_unit{number}", "relu")
        maps.append(x)
    merged: list[keras.KerasTensor] = []
    for level in (2, 1, 0):  # from the coarsest map to the finest
        x = maps[3 + level]
        if merged:
            enlarged = layers.UpSampling2D(2, name=f"neck{level}_enlarged")(merged[0])
            x = layers.Add(name=f"neck{level}_sum")([x, enlarged])
        merged.insert(0, _separable(x, 64, f"neck{level}", "relu"))
    faces = []
    for stride, x in zip(STRIDES, merged, strict=True):
        outputs = [_separable(x, filters, f"{name}{stride}", None) for name, filters in _HEADS]
        faces.append(DecodeFaces(stride, name=f"faces{stride}")(outputs))
    return keras.Model(pictures, layers.Concatenate(axis=1, name="faces")(faces), name="yunet")


def _separable(x: keras.KerasTensor, filters: int, name: str, activation: str | None) -> keras.KerasTensor:
    x = layers.Conv2D(filters, 1, name=f"{name}_pointwise")(x)
    return layers.DepthwiseConv2D(3, padding="same", activation=activation, name=f"{name}_depthwise")(x)
