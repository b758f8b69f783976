"""A 2-D kernel -> a 3-D one (inflated, or in the middle) or a 1-D one (summed, or its middle): pure functions.

Kernels are `(height, width, ...)`; what stands behind the two spatial axes (channels, filters) stays.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def inflate_kernel(kernel: np.ndarray, depth: int) -> np.ndarray:
    """Repeat a kernel along a new first axis and divide by the repetitions.

    On an input that repeats one picture along that axis the new kernel answers as the old one does on the picture.

    Args:
        kernel: Floats `(height, width, ...)`.
        depth: Repetitions, >= 1.

    Returns:
        Floats `(depth, height, width, ...)`, which sum to the old kernel along the first axis.

    Example:
        >>> inflate_kernel(np.array([[3.0, 6.0]]), 3).tolist()
        [[[1.0, 2.0]], [[1.0, 2.0]], [[1.0, 2.0]]]

    Reference:
        Carreira and Zisserman, "Quo Vadis, Action Recognition?", CVPR 2017, section 2.4.1.
    """
    return np.repeat(kernel[None], depth, axis=0) / depth


def center_kernel(kernel: np.ndarray, depth: int) -> np.ndarray:
    """Put a kernel into the middle slice of a deeper one that is zero elsewhere: it sees one step, as before.

    With an even depth the middle is the earlier of the two, which 'same' padding lays over a step itself.

    Args:
        kernel: Floats `(height, width, ...)`.
        depth: >= 1.

    Returns:
        Floats `(depth, height, width, ...)`.

    Example:
        >>> center_kernel(np.array([[3.0, 6.0]]), 3).tolist()
        [[[0.0, 0.0]], [[3.0, 6.0]], [[0.0, 0.0]]]

    Reference:
        Mansimov et al., "Initialization Strategies of Spatio-Temporal Convolutional Neural Networks", 2015.
    """
    return _placed(kernel, depth, [(depth - 1) // 2])


def sum_kernel(kernel: np.ndarray, axis: int = 1) -> np.ndarray:
    """Sum a kernel over one of its spatial axes.

    On a picture that is constant along that axis the 2-D kernel answers as the sum does on one line of it.

    Args:
        kernel: Floats `(height, width, ...)`.
        axis: 0 sums over the height, 1 over the width.

    Returns:
        Floats `(width, ...)` or `(height, ...)`.

    Example:
        >>> sum_kernel(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])).tolist()
        [6.0, 15.0]
    """
    return kernel.sum(axis=axis)


def middle_kernel(kernel: np.ndarray, axis: int = 1) -> np.ndarray:
    """Take a kernel's middle line: what it sees, 'same'-padded, of a picture one pixel wide.

    Args:
        kernel: Floats `(height, width, ...)`.
        axis: 0 takes the middle row, 1 the middle column; of an even number the earlier one.

    Returns:
        Floats `(width, ...)` or `(height, ...)`.

    Example:
        >>> middle_kernel(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])).tolist()
        [2.0, 5.0]
    """
    return np.take(kernel, (kernel.shape[axis] - 1) // 2, axis=axis)


def inflate_transposed_kernel(kernel: np.ndarray, depth: int, stride: int) -> np.ndarray:
    """Inflate the kernel of a transposed convolution: each step that comes out gets the old kernel once.

    With stride s the slices j, j + s, j + 2s ... write to one step; they share the kernel between them.

    Args:
        kernel: Floats `(height, width, ...)`.
        depth: >= `stride`.
        stride: Along the new axis.

    Example:
        >>> inflate_transposed_kernel(np.array([[6.0]]), 3, 2)[:, 0, 0].tolist()
        [3.0, 6.0, 3.0]
    """
    sharing = np.bincount(np.arange(depth) % stride)[np.arange(depth) % stride]
    return np.repeat(kernel[None], depth, axis=0) / sharing.reshape(-1, *[1] * kernel.ndim)


def center_transposed_kernel(kernel: np.ndarray, depth: int, stride: int) -> np.ndarray:
    """Put the kernel of a transposed convolution into `stride` middle slices: each step is written `stride` times.

    Args:
        kernel, depth, stride: As for `inflate_transposed_kernel`.

    Example:
        >>> center_transposed_kernel(np.array([[6.0]]), 4, 2)[:, 0, 0].tolist()
        [0.0, 6.0, 6.0, 0.0]
    """
    first = (depth - stride) // 2
    return _placed(kernel, depth, range(first, first + stride))


def spread_rows(kernel: np.ndarray, old: tuple[int, int, int], new: tuple[int, ...], how: str, axis: int) -> np.ndarray:
    """Convert the weights that a dense layer has for the places of a flattened map.

    Args:
        kernel: Floats `(height x width x channels, units)`.
        old: `(height, width, channels)` of the map.
        new: `(depth, height, width, channels)`, or `(length, channels)` of the new map.
        how: `"inflate"`, `"center"` or `"sum"`.
        axis: The axis that goes, 0 or 1, where the new map is 1-D.

    Returns:
        Floats `(size of the new map, units)`.

    Raises:
        ValueError: If the sizes that stay differ.

    Example:
        >>> spread_rows(np.array([[1.0], [2.0]]), (2, 1, 1), (2, 2, 1, 1), "inflate", 1)[:, 0].tolist()
        [0.5, 1.0, 0.5, 1.0]
    """
    places = kernel.reshape(*old, -1)
    if len(new) == 4:
        places = inflate_kernel(places, new[0]) if how == "inflate" else center_kernel(places, new[0])
    else:
        places = sum_kernel(places, axis) if how == "sum" else middle_kernel(places, axis)
    if places.shape[:-1] != tuple(new):
        raise ValueError(f"its weights are for places {places.shape[:-1]}, and the new input gives {tuple(new)}")
    return places.reshape(-1, kernel.shape[-1])


def _placed(kernel: np.ndarray, depth: int, slices: Any) -> np.ndarray:
    deep = np.zeros((depth, *kernel.shape), kernel.dtype)
    deep[list(slices)] = kernel
    return deep
