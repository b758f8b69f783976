"""Two towers as one: a wide chip, from which each takes its own, and one encoding whose distance is a weighted sum."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from keras_apps.faces.alignment import SFACE, STANDARD, ChipLayout
from keras_apps.faces.towers.sface import AlignedInput

_LEFT, _TOP, _SIZE = 21, 38, 192
LAYOUT = ChipLayout(_SIZE, {name: (x + _LEFT, y + _TOP) for name, (x, y) in STANDARD.landmarks.items()})
"""The wide chip: that of `resnet128` with a margin, in which the chip of `sface128` lies too."""
RESNET_WEIGHT = 1.5
"""Weight of the squared distance of `resnet128`, where that of `sface128` has weight 1: of 0.5, 1, 1.5, 2, 3 and 4 the
one with the fewest errors on LFW's DevTrain pairs (`benchmarks/lfw.py --weights`)."""


@keras.saving.register_keras_serializable("keras_apps")
class Mirror(keras.layers.Layer):
    """Mirror pictures left to right.

    Args (call):
        inputs: `(n, h, w, c)`.

    Example:
        >>> Mirror()(np.array([[[[1.0], [2.0]]]], "float32")).numpy().ravel().tolist()
        [2.0, 1.0]
    """

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return ops.flip(inputs, axis=2)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape


@keras.saving.register_keras_serializable("keras_apps")
class Resample(keras.layers.Layer):
    """Cut a square out of pictures and resize it, with Lanczos filtering: two matrix products.

    Args:
        size: Height and width of the result, in pixels.
        left: Where the square begins, in pixels of the input.
        top: Likewise.
        scale: Pixels of the input for each pixel of the result, >= 1.

    Args (call):
        inputs: Floats `(n, h, w, c)`; h and w must be known.

    Returns:
        Floats `(n, size, size, c)`; filtering may leave the input's range a little.

    Example:
        >>> Resample(2, left=0, top=0, scale=2)(np.ones((1, 4, 4, 1), "float32")).numpy().ravel().tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, size: int, left: float, top: float, scale: float, **keywords: Any):
        super().__init__(**keywords)
        self.size, self.left, self.top, self.scale = size, left, top, scale

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        _, height, width, _ = input_shape
        if height is None or width is None:
            raise ValueError(f"expected pictures of known height and width, received shape {input_shape}")
        self._rows = self._matrix(height, self.top)
        self._columns = self._matrix(width, self.left)

    def _matrix(self, length: int, begin: float) -> np.ndarray:
        """Return Lanczos weights `(size, length)`: each row sums to one."""
        centre = (np.arange(self.size) + 0.5) * self.scale + begin
        distance = (np.arange(length) + 0.5 - centre[:, None]) / self.scale
        weights = np.where(np.abs(distance) < 3, np.sinc(distance) * np.sinc(distance / 3), 0)
        return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        _, height, width, channels = inputs.shape
        flat = ops.reshape(inputs, (-1, height, width * channels))
        rows = ops.matmul(ops.convert_to_tensor(self._rows, inputs.dtype), flat)
        rows = ops.reshape(rows, (-1, self.size, width, channels))
        return ops.matmul(ops.convert_to_tensor(self._columns, inputs.dtype), rows)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], self.size, self.size, input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"size": self.size, "left": self.left, "top": self.top, "scale": self.scale}


def joined_tower(sface: keras.Model, resnet: keras.Model, resnet_weight: float = RESNET_WEIGHT) -> keras.Model:
    """Join the two photograph towers. The weights are shared with them, not copied.

    Each tower encodes the face and its mirror image, and the mean of both counts. The squared Euclidean distance of two
    encodings is that of `sface128` + `resnet_weight` times that of `resnet128`, because the encoding is
    [f_sface, sqrt(resnet_weight) f_resnet].

    Args:
        sface: `sface128`.
        resnet: `resnet128`.
        resnet_weight: Weight of the distance of `resnet128`, > 0.

    Returns:
        `keras.Model` from chips aligned as `LAYOUT`, RGB in 0..255, `(n, 192, 192, 3)`, to encodings `(n, 256)`.
    """
    chips = keras.Input((_SIZE, _SIZE, 3), name="chips")
    x = AlignedInput(LAYOUT.size, LAYOUT.landmarks, name="aligned")(chips)
    scale, left, top = _square(SFACE, LAYOUT)
    narrow = Resample(SFACE.size, left, top, scale, name="sface_chips")(x)
    below, right = (_SIZE - STANDARD.size - start for start in (_TOP, _LEFT))
    inner = layers.Cropping2D(((_TOP, below), (_LEFT, right)), name="resnet_chips")(x)
    both = [
        layers.Average(name=f"{name}_mean")([tower(part), tower(Mirror(name=f"{name}_mirrored")(part))])
        for name, tower, part in (("sface", sface, narrow), ("resnet", resnet, inner))
    ]
    parts = [
        layers.UnitNormalization(name="sface_unit_length")(both[0]),
        layers.Rescaling(resnet_weight**0.5, name="resnet_weight")(both[1]),
    ]
    return keras.Model(chips, layers.Concatenate(name="encoding")(parts), name="sface128_resnet128")


def _square(part: ChipLayout, whole: ChipLayout) -> tuple[float, float, float]:
    """Return `(scale, left, top)` of the upright square in `whole` that holds the chip of `part`, by least squares."""
    source, target = (np.array(list(layout.landmarks.values())) for layout in (part, whole))
    from_centre = source - source.mean(axis=0)
    scale = float(np.sum(from_centre * target) / np.sum(from_centre**2))
    left, top = target.mean(axis=0) - scale * source.mean(axis=0)
    return scale, float(left), float(top)
