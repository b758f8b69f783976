"""Input shape and filters -> output shape, parameters and multiplications, the same for 1-D, 2-D and 3-D."""

from __future__ import annotations

import math
from collections.abc import Sequence

from keras_apps.dimensions.geometry import Sizes, Window, check_whole, window


def output_shape(
    input_shape: Sequence[int],
    filters: int | None,
    kernel_size: Sizes,
    *,
    stride: Sizes = 1,
    padding: str | Sizes = "valid",
    dilation: Sizes = 1,
    groups: int = 1,
) -> tuple[int, ...]:
    """Compute the shape that comes out of a convolution, or of a pooling.

    Along each spatial axis, with n cells, padding p on both sides, a kernel of f and stride s,
    floor((n + 2p - f) / s) + 1 positions fit; dilation d makes a kernel reach over d (f - 1) + 1. Every filter gives
    one channel.

    Args:
        input_shape: `(length, channels)`, `(height, width, channels)` or `(depth, height, width, channels)`: no batch
            axis, and the channels always last, be there only one.
        filters: How many, >= 1; `None` for a pooling, which keeps the channels.
        kernel_size: f, one number for all axes or one for each.
        stride: s, as `kernel_size`.
        padding: `"valid"` (none), `"same"` (so much that stride 1 keeps the size; Keras's, which puts the odd zero at
            the end), or p, a number for all axes or one for each.
        dilation: d, as `kernel_size`.
        groups: Of channels, each seen by its own filters; divides the channels and the filters.

    Returns:
        `(spatial sizes..., filters)`.

    Raises:
        TypeError: If something is no whole number.
        ValueError: If there are not 1, 2 or 3 spatial axes, a size is out of range, the kernel is larger than its
            input, or the groups do not divide.

    Example:
        >>> output_shape((14, 14, 3), 16, 5), output_shape((14, 1), 16, 5), output_shape((14, 14, 14, 1), 16, 5)
        ((10, 10, 16), (10, 16), (10, 10, 10, 16))
        >>> output_shape((7, 9, 8), 4, (3, 5), stride=2, padding=1), output_shape((224, 224, 64), None, 2, stride=2)
        ((4, 4, 4), (112, 112, 64))

    Reference:
        Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.
    """
    slid = window(input_shape, kernel_size, stride, padding, dilation, groups)
    return (*slid.positions, slid.channels if filters is None else _checked(filters, slid))


def parameters(
    input_shape: Sequence[int], filters: int, kernel_size: Sizes, *, groups: int = 1, bias: bool = True
) -> int:
    """Count the numbers that a convolution learns: f^rank x channels / groups for each filter, and its bias.

    Args:
        input_shape, filters, kernel_size, groups: As for `output_shape`; of the input only its channels count, and
            how many axes it has.
        bias: Whether each filter has one.

    Raises:
        TypeError, ValueError: As `output_shape`, but a kernel may be larger than the input.

    Example:
        >>> [parameters((14,) * rank + (3,), 16, 5) for rank in (1, 2, 3)]
        [256, 1216, 6016]
    """
    slid = window(input_shape, kernel_size, padding="same", groups=groups)
    filters = _checked(filters, slid)
    return math.prod(slid.kernel) * (slid.channels // slid.groups) * filters + bool(bias) * filters


def multiplications(
    input_shape: Sequence[int],
    filters: int,
    kernel_size: Sizes,
    *,
    stride: Sizes = 1,
    padding: str | Sizes = "valid",
    dilation: Sizes = 1,
    groups: int = 1,
) -> int:
    """Count the products that a convolution of one input takes when computed directly, as defined.

    Each number that comes out is a sum of f^rank x channels / groups products. Products with a zero of the padding are
    counted like the others. Programs may need fewer (Winograd's, by FFT).

    Args:
        input_shape, filters, kernel_size, stride, padding, dilation, groups: As for `output_shape`.

    Raises:
        TypeError, ValueError: As `output_shape`.

    Example:
        >>> [multiplications((14,) * rank + (1,), 16, 5) for rank in (1, 2, 3)]
        [800, 40000, 2000000]
    """
    slid = window(input_shape, kernel_size, stride, padding, dilation, groups)
    products = math.prod(slid.kernel) * (slid.channels // slid.groups)
    return math.prod(slid.positions) * _checked(filters, slid) * products


def _checked(filters: int, slid: Window) -> int:
    if check_whole("filters", filters) % slid.groups:
        raise ValueError(f"expected groups that divide the {filters} filters, received {slid.groups}")
    return int(filters)
