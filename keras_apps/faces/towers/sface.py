"""`sface128`: SFace's MobileNet with named layers, and the input layer that says how chips are aligned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers

from keras_apps.faces.alignment import SFACE, ChipLayout

_BLOCKS = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *((512, 1) for _ in range(5)),
    (1024, 2),
    (1024, 1),
)
"""The filters of each depthwise separable block, and its stride."""
_INITIALIZER = "he_normal"  # Keras's default would let the activations vanish, without normalisation


@keras.saving.register_keras_serializable("keras_apps")
class AlignedInput(keras.layers.Layer):
    """Record in a tower how its chips are aligned; the layer returns its input unchanged.

    `faces.find_faces`, `faces.encode` and galleries cut the chips of a tower whose second layer is this one so that the
    landmarks lie where it says. Other towers take the chips of `resnet128`, resized.

    Args:
        size: Height and width of the aligned chip, in pixels.
        landmarks: `{"left_eye": (x, y), "right_eye", "nose", "mouth_left", "mouth_right"}` in pixels of the chip; left
            is the viewer's.

    Args (call):
        inputs: Chips, `(n, h, w, 3)`.

    Example:
        >>> AlignedInput(112, SFACE.landmarks).layout == SFACE
        True
    """

    def __init__(self, size: int, landmarks: Mapping[str, tuple[float, float]], **keywords: Any):
        super().__init__(**keywords)
        self.layout = ChipLayout.from_json({"size": size, "landmarks": landmarks})

    def call(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return inputs

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | self.layout.as_json()


def sface_tower(size: int = SFACE.size, encoding: int = 128) -> keras.Model:
    """Build `sface128` with random weights: MobileNet with PReLU, 9,629,632 parameters at 112 pixels.

    Each batch normalisation of the source is folded into the layer beside it, so that the network has none.

    Args:
        size: Height and width of the input in pixels; the bundled weights were trained on 112.
        encoding: Length of the encoding.

    Returns:
        `keras.Model` from aligned RGB chips in 0..255, `(n, size, size, 3)`, to encodings `(n, encoding)` of unit
        length. Their squared Euclidean distance is 2 - 2 cos.

    Reference:
        Zhong et al., "SFace: sigmoid-constrained hypersphere loss for robust face recognition", TIP 2021; Howard et
        al., "MobileNets", 2017.
    """
    scale = size / SFACE.size
    landmarks = {name: (x * scale, y * scale) for name, (x, y) in SFACE.landmarks.items()}
    chips = keras.Input((size, size, 3), name="chips")
    x = AlignedInput(size, landmarks, name="aligned")(chips)
    x = layers.Rescaling(1 / 128, -127.5 / 128, name="preprocessing")(x)
    x = layers.Conv2D(32, 3, padding="same", kernel_initializer=_INITIALIZER, name="conv1")(x)
    x = layers.PReLU(shared_axes=[1, 2], name="conv1_prelu")(x)
    for number, (filters, stride) in enumerate(_BLOCKS, start=2):
        x = _separable_block(x, filters, stride, f"block{number}")
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(encoding, name="encoding")(x)
    return keras.Model(chips, layers.UnitNormalization(name="unit_length")(x), name="sface128")


def _separable_block(x: keras.KerasTensor, filters: int, stride: int, name: str) -> keras.KerasTensor:
    if stride == 1:
        x = layers.DepthwiseConv2D(3, padding="same", depthwise_initializer=_INITIALIZER, name=f"{name}_depthwise")(x)
    else:  # padded on all sides, as the source does; Keras's "same" would pad below and at the right only
        x = layers.ZeroPadding2D(1, name=f"{name}_padding")(x)
        x = layers.DepthwiseConv2D(3, strides=stride, depthwise_initializer=_INITIALIZER, name=f"{name}_depthwise")(x)
    x = layers.PReLU(shared_axes=[1, 2], name=f"{name}_depthwise_prelu")(x)
    x = layers.Conv2D(filters, 1, kernel_initializer=_INITIALIZER, name=f"{name}_pointwise")(x)
    return layers.PReLU(shared_axes=[1, 2], name=f"{name}_pointwise_prelu")(x)
