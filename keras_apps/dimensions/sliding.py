"""A filter slid over an input of any rank, in plain NumPy: what Conv1D, Conv2D and Conv3D compute."""

from __future__ import annotations

import numpy as np

from keras_apps.dimensions.geometry import Sizes, check_shape, window


def convolve(
    inputs: np.ndarray,
    kernel: np.ndarray,
    bias: np.ndarray | float = 0.0,
    *,
    stride: Sizes = 1,
    padding: str | Sizes = "valid",
    dilation: Sizes = 1,
    groups: int = 1,
) -> np.ndarray:
    """Slide filters over one input, position by position: slow, to be read and to be checked against.

    As everywhere in deep learning the filter is not turned round first (mathematicians call that cross-correlation).

    Args:
        inputs: Floats `(spatial sizes..., channels)`, with 1, 2 or 3 spatial axes.
        kernel: Floats `(kernel sizes..., channels / groups, filters)`, as Keras's layers have them.
        bias: A number, or one for each filter, `(filters,)`.
        stride, padding, dilation, groups: As for `output_shape`.

    Returns:
        float64 `(positions..., filters)`.

    Raises:
        TypeError, ValueError: As `output_shape`, or if the kernel's shape or the bias's does not fit.

    Example:
        >>> heartbeat = np.array([0.0, 0, 1, 4, 1, 0, 0])[:, None]  # 7 steps, 1 channel
        >>> edge = np.array([1.0, 0, -1]).reshape(3, 1, 1)  # 1 filter
        >>> convolve(heartbeat, edge)[:, 0].tolist()
        [-1.0, -4.0, 0.0, 4.0, 1.0]
    """
    inputs, kernel, bias = (np.asarray(given, np.float64) for given in (inputs, kernel, bias))
    rank = len(check_shape(inputs.shape)[0])
    if kernel.ndim != inputs.ndim + 1:
        raise ValueError(
            f"expected a kernel of {rank} sizes, channels and filters for an input of shape {inputs.shape}, "
            f"received shape {kernel.shape}"
        )
    slid = window(inputs.shape, kernel.shape[:rank], stride, padding, dilation, groups)
    seen, filters = slid.channels // slid.groups, kernel.shape[-1]
    if kernel.shape[-2] != seen or filters % slid.groups:
        raise ValueError(
            f"expected a kernel for {seen} channels, with filters for each of {slid.groups} groups, "
            f"received shape {kernel.shape}"
        )
    if bias.shape not in ((), (filters,)):
        raise ValueError(f"expected a bias of one number or {filters}, one a filter, received shape {bias.shape}")
    padded = np.pad(inputs, [*slid.padding, (0, 0)])
    output = np.zeros((*slid.positions, filters))
    for position in np.ndindex(slid.positions):
        under = tuple(
            slice(p * s, p * s + d * (k - 1) + 1, d)
            for p, s, d, k in zip(position, slid.stride, slid.dilation, slid.kernel, strict=True)
        )
        patch = padded[under]  # (kernel sizes..., channels)
        for filter_ in range(filters):
            group = filter_ // (filters // slid.groups)
            output[(*position, filter_)] = np.sum(patch[..., group * seen : (group + 1) * seen] * kernel[..., filter_])
    return output + bias
