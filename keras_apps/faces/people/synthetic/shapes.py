"""Distances to shapes -> soft masks -> paint: the drawing tools of the synthetic people."""

from __future__ import annotations

import numpy as np


def clamp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Cut values off at both ends: `np.clip` without its checks, which cost more than these small arrays.

    Example:
        >>> clamp(np.array([-1.0, 0.5, 3.0]), 0, 1).tolist()
        [0.0, 0.5, 1.0]
    """
    return np.minimum(np.maximum(values, low), high)


def soft(distance: np.ndarray, width: float) -> np.ndarray:
    """Turn signed distances into coverage: 1 inside, 0 outside, a straight ramp of `width` between.

    Args:
        distance: Floats of any shape, negative inside the shape.
        width: Float > 0, in the units of `distance`.

    Returns:
        Floats in [0, 1], the shape of `distance`.

    Example:
        >>> soft(np.array([-1.0, 0.0, 1.0]), 0.5).tolist()
        [1.0, 0.5, 0.0]
    """
    cover = np.multiply(distance, -1 / width)
    cover += 0.5
    np.maximum(cover, 0, out=cover)
    return np.minimum(cover, 1, out=cover)


def bump(x: np.ndarray, y: np.ndarray, width: float, height: float) -> np.ndarray:
    """Return a smooth hill around 0, 0: 1 at its top, 1/e at one `width` or one `height` away.

    Example:
        >>> bump(np.array([0.0, 1.0]), np.zeros(2), 1.0, 2.0).round(3).tolist()
        [1.0, 0.368]
    """
    across, down = x * (1 / width), y * (1 / height)
    across *= across
    down *= -down
    down -= across
    return np.exp(down, out=down)


def ridge(x: np.ndarray, width: float) -> np.ndarray:
    """Return a smooth ridge along 0: 1 at its top, 1/e at one `width` away.

    Example:
        >>> ridge(np.array([0.0, 1.0]), 1.0).round(3).tolist()
        [1.0, 0.368]
    """
    across = x * (1 / width)
    across *= -across
    return np.exp(across, out=across)


def tinted(colour: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Return planes of one colour under a grid of light: `(3,)` and `(h, w)` -> float32 `(3, h, w)`.

    Example:
        >>> tinted(np.array([1.0, 0.5, 0.0]), np.array([[0.5, 1.0]])).tolist()
        [[[0.5, 1.0]], [[0.25, 0.5]], [[0.0, 0.0]]]
    """
    return np.asarray(colour, np.float32)[:, None, None] * light


def part(planes: np.ndarray, at: tuple[slice, slice]) -> np.ndarray:
    """Return some rows and columns of all planes, a view.

    Example:
        >>> part(np.zeros((3, 9, 9)), (slice(0, 2), slice(5, 9))).shape
        (3, 2, 4)
    """
    return planes[:, at[0], at[1]]


def paint(planes: np.ndarray, mask: np.ndarray, colour: np.ndarray) -> None:
    """Lay a colour over three planes, in place, as thickly as the mask says.

    Args:
        planes: Floats `(3, h, w)`; a view of the picture.
        mask: Floats in [0, 1], `(h, w)`.
        colour: Floats `(3,)`, or planes `(3, h, w)`.

    Example:
        >>> planes = np.zeros((3, 1, 1)); paint(planes, np.full((1, 1), 0.5), np.array([1.0, 0.5, 0.0]))
        >>> planes.ravel().tolist()
        [0.5, 0.25, 0.0]
    """
    colour = np.asarray(colour, np.float32)
    step = (colour if colour.ndim == 3 else colour[:, None, None]) - planes
    step *= mask
    planes += step


def texture(rng: np.random.Generator, cells: int, side: int) -> np.ndarray:
    """Draw smooth noise that can be tiled: random levels on a lattice, joined by cubic steps.

    Args:
        rng: Source of chance.
        cells: Lattice points a side, >= 1.
        side: Pixels a side; a multiple of `cells`.

    Returns:
        Floats in [-1, 1], `(side, side)`.
    """
    levels = rng.uniform(-1, 1, (cells, cells)).astype(np.float32)
    step = np.linspace(0, 1, side // cells, endpoint=False, dtype=np.float32)
    step = step * step * (3 - 2 * step)
    rows = levels[:, None] + step[None, :, None] * (np.roll(levels, -1, 0) - levels)[:, None]
    rows = rows.reshape(side, cells)
    return (rows[:, :, None] + step * (np.roll(rows, -1, 1) - rows)[:, :, None]).reshape(side, side)


def sample(tile: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Look a tiled texture up at positions, one tile a unit, nearest pixel.

    Args:
        tile: Array `(side, side)`; side a power of two.
        x: Floats of any shape, across.
        y: Floats of the same shape, down.

    Returns:
        Values of `tile`, the shape of `x`.

    Example:
        >>> sample(np.array([[0, 1], [2, 3]]), np.array([0.6, 1.1]), np.array([0.1, -0.4])).tolist()
        [1, 2]
    """
    side = len(tile)
    column = np.floor(x * side).astype(np.int32) & (side - 1)
    row = np.floor(y * side).astype(np.int32) & (side - 1)
    return tile.ravel()[row * side + column]
