"""Input shape and filters -> output shape, parameters and multiplications, the same for 1-D, 2-D and 3-D."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from keras_apps._checks import check_choice, check_whole
from keras_apps._convolution import Window

RANKS = (1, 2, 3)
PADDINGS = ("valid", "same")
Sizes: TypeAlias = "int | Sequence[int]"


def check_rank(rank: int) -> int:
    """Return the rank.

    Raises:
        ValueError: If it is not 1, 2 or 3.

    Example:
        >>> check_rank(4)
        Traceback (most recent call last):
        ValueError: expected a rank of 1, 2 or 3, received 4
    """
    if isinstance(rank, bool) or not hasattr(rank, "__index__") or rank not in RANKS:
        raise ValueError(f"expected a rank of 1, 2 or 3, received {rank!r}")
    return int(rank)


def per_axis(what: str, value: Sizes, rank: int, least: int = 1) -> tuple[int, ...]:
    """Return one whole number for each of `rank` axes; one alone counts for all.

    Raises:
        TypeError: If there is anything but whole numbers.
        ValueError: If there are not `rank` of them, or one is below `least`.

    Example:
        >>> per_axis("stride", 2, rank=3), per_axis("kernel_size", (3, 5), rank=2)
        ((2, 2, 2), (3, 5))
    """
    if isinstance(value, (int, str)) or not hasattr(value, "__len__"):
        return (check_whole(what, value, least),) * rank
    if len(value) != rank:
        raise ValueError(f"expected {what} as one number or {rank}, one an axis, received {tuple(value)}")
    return tuple(check_whole(what, size, least) for size in value)


def check_shape(input_shape: Sequence[int]) -> tuple[tuple[int, ...], int]:
    """Return the sizes of the spatial axes, and the channels, of an input without its batch axis.

    Raises:
        TypeError: If it is no sequence of whole numbers.
        ValueError: If there are not 1, 2 or 3 spatial axes, or a size is below 1.

    Example:
        >>> check_shape((14, 14, 3))
        ((14, 14), 3)
    """
    if isinstance(input_shape, str) or not hasattr(input_shape, "__len__"):
        raise TypeError(f"expected an input shape (spatial sizes..., channels), received {input_shape!r}")
    if len(input_shape) - 1 not in RANKS:
        received = tuple(input_shape)
        raise ValueError(f"expected 1, 2 or 3 spatial sizes and then the channels as input shape, received {received}")
    *sizes, channels = (check_whole("each size of the input shape", size) for size in input_shape)
    return tuple(sizes), channels


@dataclass(frozen=True)
class Convolution:
    """Checked sizes of a convolution or pooling, one `Window` for each spatial axis.

    Attributes:
        sizes: Spatial sizes of the input.
        channels: Channels of the input.
        windows: The window along each axis.
        groups: Number of groups that the channels are divided into.
    """

    sizes: tuple[int, ...]
    channels: int
    windows: tuple[Window, ...]
    groups: int

    @property
    def kernel(self) -> tuple[int, ...]:
        """Cells of the kernel along each axis."""
        return tuple(window.size for window in self.windows)

    @property
    def positions(self) -> tuple[int, ...]:
        """How often the window fits along each axis: the spatial sizes of the output."""
        return tuple(window.positions(n) for window, n in zip(self.windows, self.sizes, strict=True))


def convolution(
    input_shape: Sequence[int],
    kernel_size: Sizes,
    stride: Sizes = 1,
    padding: str | Sizes = "valid",
    dilation: Sizes = 1,
    groups: int = 1,
) -> Convolution:
    """Check the sizes of a convolution or pooling.

    Args:
        input_shape: `(spatial sizes..., channels)`, no batch axis.
        kernel_size, stride, dilation: Whole numbers >= 1, one for all axes or one for each.
        padding: `"valid"`, `"same"`, or the number of zeros on both sides: one number or one for each axis.
        groups: Number of groups of channels; divides the input's channels.

    Raises:
        TypeError: If something is not a whole number.
        ValueError: If a size is out of range, the kernel does not fit, or the groups do not divide the channels.
    """
    sizes, channels = check_shape(input_shape)
    rank = len(sizes)
    kernel = per_axis("kernel_size", kernel_size, rank)
    strides, dilations = per_axis("stride", stride, rank), per_axis("dilation", dilation, rank)
    if channels % check_whole("groups", groups):
        raise ValueError(f"expected groups that divide the {channels} channels of the input, received {groups}")
    paddings: tuple[str | int, ...]
    if isinstance(padding, str):
        check_choice("padding", padding, PADDINGS)
        paddings = (padding,) * rank
    else:
        paddings = per_axis("padding", padding, rank, least=0)
    windows = tuple(map(Window.padded, kernel, strides, dilations, paddings, sizes))
    for axis, (window, n) in enumerate(zip(windows, sizes, strict=True)):
        padded = n + window.before + window.after
        if window.reach > padded:
            wide = (
                f"{window.size}" if window.reach == window.size else f"{window.size} that reaches over {window.reach}"
            )
            there = f"{n}" if n == padded else f"{n}, {padded} with its padding,"
            raise ValueError(
                f"expected a kernel no larger than its input, received a kernel of {wide} on an input of {there} "
                f"along axis {axis}"
            )
    return Convolution(sizes, channels, windows, int(groups))


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
    checked = convolution(input_shape, kernel_size, stride, padding, dilation, groups)
    return (*checked.positions, checked.channels if filters is None else _checked(filters, checked))


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
    checked = convolution(input_shape, kernel_size, padding="same", groups=groups)
    filters = _checked(filters, checked)
    return math.prod(checked.kernel) * (checked.channels // checked.groups) * filters + bool(bias) * filters


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
    checked = convolution(input_shape, kernel_size, stride, padding, dilation, groups)
    products = math.prod(checked.kernel) * (checked.channels // checked.groups)
    return math.prod(checked.positions) * _checked(filters, checked) * products


def _checked(filters: int, checked: Convolution) -> int:
    if check_whole("filters", filters) % checked.groups:
        raise ValueError(f"expected groups that divide the {filters} filters, received {checked.groups}")
    return int(filters)
