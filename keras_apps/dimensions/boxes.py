"""A grid of numbers along one, two or three axes -> a drawn box of coloured cells, in one oblique projection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BACK = (0.42, 0.3)
"""How far right and up one step of depth goes, in cells."""


def project(points: np.ndarray) -> np.ndarray:
    """Lay points of space on the paper: width to the right, height down, depth to the back.

    Args:
        points: Floats `(..., 3)`: depth, height, width.

    Returns:
        Floats `(..., 2)`: x, y.

    Example:
        >>> project(np.array([[0.0, 2.0, 5.0], [10.0, 0.0, 0.0]])).tolist()
        [[5.0, -2.0], [4.2, 3.0]]
    """
    depth, height, width = np.moveaxis(np.asarray(points, float), -1, 0)
    return np.stack([width + BACK[0] * depth, -height + BACK[1] * depth], axis=-1)


def as_box(values: np.ndarray) -> np.ndarray:
    """Give numbers along 1, 2 or 3 axes all three: a signal is a row, a picture a sheet."""
    return values.reshape((1,) * (3 - values.ndim) + values.shape)


def draw_box(
    ax: Axes,
    colors: np.ndarray,
    at: Sequence[float] = (0, 0, 0),
    *,
    through: bool = False,
    alpha: float = 1.0,
    edge: str = "#ffffff",
    outline: str = "#555555",
    order: int = 1,
) -> None:
    """Draw the front, the top and the right side of a box of cells.

    Args:
        ax: Where.
        colors: RGB or RGBA in 0..1, `(depth, height, width, 3 or 4)`, of the cells.
        at: Depth, height and width of its first corner.
        through: Whether the box is of glass: each face shows the darkest cell behind it.
        alpha: Of the cells' faces, in 0..1.
        edge: Colour of the lines between cells.
        outline: Colour of the box's own edges.
        order: matplotlib's zorder.
    """
    from matplotlib.collections import PolyCollection

    depth, height, width = colors.shape[:3]
    front, top, side = (colors.min(axis=a) if through else colors.take(i, axis=a) for a, i in ((0, 0), (1, 0), (2, -1)))
    faces, painted = [], []
    for h in range(height):
        for w in range(width):
            faces.append([(0, h, w), (0, h, w + 1), (0, h + 1, w + 1), (0, h + 1, w)])
            painted.append(front[h, w])
    for d in range(depth):
        for w in range(width):
            faces.append([(d, 0, w), (d, 0, w + 1), (d + 1, 0, w + 1), (d + 1, 0, w)])
            painted.append(top[d, w] * 0.7 + 0.3)  # lighter, as if lit from above
        for h in range(height):
            faces.append([(d, h, width), (d + 1, h, width), (d + 1, h + 1, width), (d, h + 1, width)])
            painted.append(side[d, h] * 0.85)
    flat = project(np.array(faces) + np.asarray(at))
    ax.add_collection(
        PolyCollection(
            flat, facecolors=np.clip(painted, 0, 1), edgecolors=edge, linewidths=0.35, alpha=alpha, zorder=order
        )
    )
    sides = [
        [(0, 0, 0), (0, 0, width), (0, height, width), (0, height, 0)],
        [(0, 0, 0), (0, 0, width), (depth, 0, width), (depth, 0, 0)],
        [(0, 0, width), (depth, 0, width), (depth, height, width), (0, height, width)],
    ]
    outlines = project(np.array(sides) + np.asarray(at))
    ax.add_collection(
        PolyCollection(outlines, facecolors="none", edgecolors=outline, linewidths=0.9, zorder=order + 0.1)
    )
