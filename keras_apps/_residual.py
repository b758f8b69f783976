"""A small residual tower of any rank that two cores can train from scratch: written once, for 1-D, 2-D and 3-D."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops


def of_rank(name: str, rank: int) -> type[keras.layers.Layer]:
    """Return the Keras layer that does along `rank` axes what a 2-D layer does along two.

    Args:
        name: The 2-D layer's name, with `2D` in it.
        rank: 1, 2 or 3.

    Raises:
        AttributeError: If Keras has no such layer; `DepthwiseConv3D`, for one, is missing.

    Example:
        >>> [of_rank("GlobalAveragePooling2D", rank).__name__ for rank in (1, 3)]
        ['GlobalAveragePooling1D', 'GlobalAveragePooling3D']
    """
    return getattr(keras.layers, name.replace("2D", f"{rank}D"))


# filters of each residual block, and its stride
BLOCKS = ((64, 2), (64, 1), (128, 2), (128, 1), (128, 2))


def residual_tower(
    input_shape: Sequence[int | None],
    *,
    name: str,
    encoding: int = 128,
    filters: int = 32,
    stem: int = 5,
    kernel: int = 3,
    blocks: Sequence[tuple] = BLOCKS,
    scale: float = 1.0,
    offset: float = 0.0,
    normalized: bool = True,
    readout: str = "places",
    unit_length: bool = True,
) -> keras.Model:
    """Build a stem of stride 2, residual blocks and a readout; its arguments are `dimensions.build_tower`'s.

    The rank is that of the input: each convolution and pooling is the Keras layer for so many axes.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
    """
    rank = len(input_shape) - 1

    def conv(x: keras.KerasTensor, width: int, size: int, stride: int | Sequence[int], label: str) -> keras.KerasTensor:
        convolution = of_rank("Conv2D", rank)(
            width,
            size,
            strides=stride,
            padding="same",
            use_bias=not normalized,
            kernel_initializer="he_normal",
            name=label,
        )
        x = convolution(x)
        return layers.BatchNormalization(momentum=0.9, name=f"{label}_normalised")(x) if normalized else x

    def residual_block(x: keras.KerasTensor, width: int, stride: int | Sequence[int], label: str) -> keras.KerasTensor:
        shortcut = x
        if any(s > 1 for s in (stride if isinstance(stride, Sequence) else (stride,))):
            shortcut = of_rank("AveragePooling2D", rank)(stride, padding="same", name=f"{label}_pool")(shortcut)
        if shortcut.shape[-1] != width:
            shortcut = conv(shortcut, width, 1, 1, f"{label}_shortcut")
        x = conv(x, width, kernel, stride, f"{label}_conv1")
        x = layers.Activation("relu", name=f"{label}_relu1")(x)
        x = conv(x, width, kernel, 1, f"{label}_conv2")
        x = layers.Add(name=f"{label}_add")([x, shortcut])
        return layers.Activation("relu", name=f"{label}_relu2")(x)

    inputs = keras.Input(tuple(input_shape), name="pictures" if rank == 2 else "samples")
    x = layers.Rescaling(scale, offset, name="preprocessing")(inputs)
    x = conv(x, filters, stem, 2, "conv1")
    x = layers.Activation("relu", name="conv1_relu")(x)
    for number, (width, stride) in enumerate(blocks, start=1):
        x = residual_block(x, width, stride, f"block{number}")
    if readout == "places":
        x = layers.Flatten(name="places")(x)
    else:
        x = of_rank("GlobalAveragePooling2D", rank)(name="average")(x)
    x = layers.Dense(encoding, use_bias=False, name="encoding")(x)
    if normalized:
        x = layers.BatchNormalization(scale=False, center=False, momentum=0.9, name="encoding_normalised")(x)
    if unit_length:
        x = layers.UnitNormalization(dtype="float32", name="unit_length")(x)
    return keras.Model(inputs, x, name=name)


@keras.saving.register_keras_serializable("keras_apps")
class RepeatBorder(keras.layers.Layer):
    """Repeat the first and the last step along the first spatial axis.

    Args:
        before: How often the first step is repeated, >= 0.
        after: How often the last.

    Args (call):
        inputs: Floats `(n, steps, ...)`.

    Returns:
        Floats `(n, before + steps + after, ...)`.

    Example:
        >>> import numpy as np
        >>> RepeatBorder(1, 2)(np.array([[[3.0], [5.0]]]))[0, :, 0].numpy().tolist()
        [3.0, 3.0, 5.0, 5.0, 5.0]
    """

    def __init__(self, before: int, after: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.before, self.after = int(before), int(after)

    def call(self, inputs: Any) -> Any:
        first = ops.repeat(inputs[:, :1], self.before, axis=1)
        last = ops.repeat(inputs[:, -1:], self.after, axis=1)
        return ops.concatenate([first, inputs, last], axis=1)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        batch, steps, *others = input_shape
        return (batch, None if steps is None else steps + self.before + self.after, *others)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "before": self.before, "after": self.after}
