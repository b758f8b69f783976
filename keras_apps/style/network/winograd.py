"""3x3 convolutions with fewer multiplications: Winograd's F(4x4, 3x3), for the backbones' wide layers.

A tile of 4 x 4 outputs needs 144 multiplications a channel pair the direct way and 36 this way: the tile's 6 x 6
inputs and the kernel are transformed, multiplied position by position (36 matrix products over channels), and
transformed back. The rest is additions, so it pays where there are many channels. Results differ from the direct way
by rounding only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_apps.style.network.pooling import halve, is_halving

TILE = 4
WIDE = 128
"""Fewest channels, in and out, from which this is faster than the direct way (measured on two cores)."""

_INPUT = (  # B^T of Lavin and Gray, section 4.3
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
_KERNEL = (
    np.array(  # G
        [[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]], np.float64
    )
    / 24
)
_OUTPUT = (  # A^T
    (1, 1, 1, 1, 1, 0),
    (0, 1, -1, 2, -2, 0),
    (0, 1, 1, 4, 4, 0),
    (0, 1, -1, 8, -8, 1),
)


def transform_kernel(kernel: np.ndarray) -> np.ndarray:
    """Transform a kernel once, for use with every picture: G k G^T at each pair of channels.

    Args:
        kernel: Floats `(3, 3, in, out)`.

    Returns:
        float32 `(36, in, out)`.

    Raises:
        ValueError: If the kernel is not 3 x 3.
    """
    if kernel.ndim != 4 or kernel.shape[:2] != (3, 3):
        raise ValueError(f"expected a kernel (3, 3, in, out), received shape {kernel.shape}")
    transformed = np.kron(_KERNEL, _KERNEL) @ kernel.astype(np.float64).reshape(9, -1)
    return transformed.reshape(36, *kernel.shape[2:]).astype(np.float32)


def correlate(x: tf.Tensor, transformed: tf.Tensor) -> tf.Tensor:
    """Convolve one picture's activations, padded with zeros to keep their size.

    Args:
        x: Floats `(1, h, w, in)` with known height and width.
        transformed: What `transform_kernel` returns, `(36, in, out)`.

    Returns:
        Floats `(1, h, w, out)`, as `tf.nn.conv2d(x, kernel, 1, "SAME")` within rounding.

    Reference:
        Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016.
    """
    _, height, width, channels = x.shape
    rows, columns = -(-height // TILE), -(-width // TILE)
    padding = [[0, 0], [1, rows * TILE - height + 1], [1, columns * TILE - width + 1], [0, 0]]
    x = tf.pad(x, padding)[0]
    lines = tf.stack(_combine(_INPUT, [x[i : i + TILE * rows : TILE] for i in range(6)]))
    tiles = tf.stack(_combine(_INPUT, [lines[:, :, i : i + TILE * columns : TILE] for i in range(6)]), axis=1)
    products = tf.matmul(tf.reshape(tiles, (36, rows * columns, channels)), transformed)
    products = tf.reshape(products, (6, 6, rows, columns, transformed.shape[2]))
    outputs = tf.stack(_combine(_OUTPUT, tf.unstack(products)))
    outputs = tf.stack(_combine(_OUTPUT, tf.unstack(outputs, axis=1)), axis=1)
    whole = tf.reshape(tf.transpose(outputs, (2, 0, 3, 1, 4)), (1, rows * TILE, columns * TILE, transformed.shape[2]))
    return whole[:, :height, :width]


def convolution(kernel: np.ndarray) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return a function that convolves with a fixed kernel, and whose gradient goes the same fast way.

    The gradient with respect to the input is the convolution of the output's gradient with the kernel turned by half a
    turn, in and out exchanged. There is none with respect to the kernel.

    Args:
        kernel: Floats `(3, 3, in, out)`.
    """
    turned = kernel[::-1, ::-1].transpose(0, 1, 3, 2)
    # variables, because XLA would carry constants of this size through every pass of its compilation
    forward, backward = (tf.Variable(transform_kernel(k), trainable=False) for k in (kernel, turned))

    @tf.custom_gradient
    def convolve(x: tf.Tensor, there: tf.Tensor, back: tf.Tensor) -> tuple[tf.Tensor, Callable[..., Any]]:
        return correlate(x, there), lambda upstream: (correlate(upstream, back), None, None)

    return lambda x: convolve(x, forward.read_value(), backward.read_value())


def fast_model(model: keras.Model) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """Return a backbone as a function that computes wide 3x3 convolutions by Winograd's way, and pools by `halve`.

    Args:
        model: A chain of layers, as `backbones.load` returns; its weights are taken as they are now.

    Returns:
        From pictures `(1, h, w, 3)` to `{layer: activations}`.
    """
    convolutions = {layer.name: convolution(layer.kernel.numpy()) for layer in model.layers if _is_wide(layer)}
    output_layers = set(model.output)

    def run(pictures: tf.Tensor) -> dict[str, tf.Tensor]:
        x, activations = pictures, {}
        for layer in model.layers[1:]:
            fast = convolutions.get(layer.name)
            x = halve(x) if is_halving(layer) else layer.activation(fast(x) + layer.bias) if fast else layer(x)
            if layer.name in output_layers:
                activations[layer.name] = x
        return activations

    return run


def _is_wide(layer: keras.layers.Layer) -> bool:
    suitable = {"kernel_size": (3, 3), "strides": (1, 1), "dilation_rate": (1, 1), "padding": "same", "groups": 1}
    if not isinstance(layer, keras.layers.Conv2D) or any(getattr(layer, k) != v for k, v in suitable.items()):
        return False
    return min(layer.kernel.shape[2:]) >= WIDE


def _combine(matrix: Sequence[Sequence[int]], values: list[tf.Tensor]) -> list[tf.Tensor]:
    """Multiply a small constant matrix with a list of tensors, without the products by 0 and 1."""
    return [
        tf.add_n([v if c == 1 else -v if c == -1 else c * v for c, v in zip(row, values, strict=True) if c])
        for row in matrix
    ]
