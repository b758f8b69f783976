"""The size at which pictures are shown to a network, and the least at which its layers have a unit."""

from __future__ import annotations

import math
from collections.abc import Sequence

from keras_apps import images
from keras_apps._numbers import is_whole
from keras_apps.visualize.graph import shapes_of

USUAL = 224
"""Pixels, for a network that takes pictures of any size: what AlexNet and VGG16 were trained on."""
LARGEST = 4096


def picture_size(source, outputs: Sequence, layers: Sequence[str], size=None) -> tuple[int, ...]:
    """Return the height and width at which pictures are shown to a network.

    Args:
        source: Its input tensor.
        outputs: Tensors of layers.
        layers: Their names.
        size: What the user asks for: an integer, one for each axis, or `None`.

    Raises:
        ValueError: If the network takes another size, a layer has no unit at this one, or it is larger than any
            picture that is read.
    """
    fixed = tuple(source.shape[1:-1])
    rank = len(fixed)
    if not 1 <= rank <= 3:
        raise ValueError(f"expected a model with 1 to 3 spatial axes, received one for inputs of shape {source.shape}")
    if size is None:
        sizes = tuple(USUAL if n is None else n for n in fixed)
    else:
        sizes = whole_sizes("a size", size, rank)
        if any(n is not None and n != given for n, given in zip(fixed, sizes, strict=True)):
            raise ValueError(f"expected the size {fixed} that the model has, received {sizes}")
    if rank == 2 and math.prod(sizes) > images.MAX_PIXELS:
        raise ValueError(f"expected a size of at most {images.MAX_PIXELS:,} pixels, received {sizes}")
    for output, layer in zip(outputs, layers, strict=True):
        if not _has_units(source, output, sizes):
            raise ValueError(f"expected pictures {_least(source, output)}large enough for {layer!r}, received {sizes}")
    return tuple(int(n) for n in sizes)


def whole_sizes(what: str, size, rank: int) -> tuple[int, ...]:
    """Return one whole number for each axis; one alone counts for all.

    Args:
        what: What the numbers are, with its article.
        size: An integer, or one for each axis.
        rank: How many axes there are.

    Raises:
        ValueError: If it is anything else.

    Example:
        >>> whole_sizes("a size", 64, 2)
        (64, 64)
    """
    sizes = tuple(size) if hasattr(size, "__iter__") else (size,) * rank
    if len(sizes) != rank or any(not is_whole(n) or n < 1 for n in sizes):
        raise ValueError(f"expected {what} of {rank} whole numbers of at least 1, received {size!r}")
    return tuple(map(int, sizes))


def _has_units(source, output, sizes: tuple[int, ...]) -> bool:
    try:
        shape = shapes_of([source], [output], [(None, *sizes, source.shape[-1])])[id(output)]
    except ValueError:  # Keras's, of a window larger than what it slides over
        return False
    return all(n is None or n > 0 for n in shape[1:])


def _least(source, output) -> str:
    """Return the least size of which a layer has a unit, in words; found by halving."""
    rank = len(source.shape) - 2
    low, high = 0, LARGEST
    if any(n is not None for n in source.shape[1:-1]) or not _has_units(source, output, (high,) * rank):
        return ""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _has_units(source, output, (middle,) * rank) else (middle, high)
    return f"of at least {high} pixels, "
