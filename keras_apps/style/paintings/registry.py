"""A kind and a seed -> strokes, glass, ink or stones -> a style picture that nobody's rights are on."""

from __future__ import annotations

import operator

import numpy as np

from keras_apps._checks import check_choice
from keras_apps.style.paintings import mosaic, pointillism, stained_glass, vortices, woodcut_wave

_PAINTERS = {
    "vortices": vortices.draw,
    "stained-glass": stained_glass.draw,
    "woodcut-wave": woodcut_wave.draw,
    "pointillism": pointillism.draw,
    "mosaic": mosaic.draw,
}

KINDS: tuple[str, ...] = tuple(_PAINTERS)
"""What `paint` can paint; each travels with the package too, as `"bundled:KIND"`, 512 pixels, seed 0."""

SIZES = (64, 2048)
"""Smallest and largest side in pixels."""


def paint(kind: str, size: int = 512, seed: int = 0) -> np.ndarray:
    """Paint a picture for use as the style of a transfer.

    The composition is set in sides of the picture, not in pixels: another size gives the same picture painted smaller
    or larger, and another seed moves and recolours its parts. On one core a picture of 512 pixels takes 2 to 5 s; time
    and memory grow with the area, to about a minute and 1 GB at 2048.

    Args:
        kind: One of `KINDS`: `"vortices"` (bristled oil strokes, blues and yellows), `"stained-glass"` (cells in dark
            leads), `"woodcut-wave"` (contours in indigo on paper), `"pointillism"` (dots of pure colour) or
            `"mosaic"` (rows of stones).
        size: Height and width in pixels, 64..2048.
        seed: Integer >= 0; the same seed gives the same picture.

    Returns:
        float32 array `(size, size, 3)`, RGB in 0..1.

    Raises:
        ValueError: If the kind is unknown, or `size` or `seed` is out of its range.
        TypeError: If `size` or `seed` is not an integer.

    Example:
        >>> paint("mosaic", size=64).shape
        (64, 64, 3)
    """
    check_choice("kind of painting", kind, KINDS)
    for name, value in (("size", size), ("seed", seed)):
        try:
            operator.index(value)
        except TypeError:
            raise TypeError(f"expected {name} to be an integer, received {value!r}") from None
    if not SIZES[0] <= size <= SIZES[1]:
        raise ValueError(f"expected size from {SIZES[0]} to {SIZES[1]} pixels, received {size}")
    if seed < 0:
        raise ValueError(f"expected seed >= 0, received {seed}")
    return _PAINTERS[kind](np.random.default_rng(seed), int(size))
