"""A brush in NumPy: paths along a flow -> bristled strokes on a canvas with thickness -> light on the relief."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

OVERSAMPLING = 2
"""Canvas pixels a picture pixel, along each side."""
_LANES = 9
_CHUNK = 3_000_000


@dataclass
class Canvas:
    """Paint on a square.

    Args:
        colour: float32 `(n, n, 3)`, RGB in 0..1.
        thickness: float32 `(n, n)`; about 1 where a loaded brush passed.
    """

    colour: np.ndarray
    thickness: np.ndarray

    @classmethod
    def primed(cls, size: int, colour: tuple[float, float, float]) -> Canvas:
        """Return an empty canvas of one colour for a picture of `size` pixels."""
        n = size * OVERSAMPLING
        return cls(np.tile(np.array(colour, np.float32), (n, n, 1)), np.zeros((n, n), np.float32))


def mesh(size: int) -> np.ndarray:
    """Return the canvas's pixel centres as points, float32 `(n, n, 2)`, x then y, in 0..1."""
    axis = (np.arange(size * OVERSAMPLING, dtype=np.float32) + 0.5) / (size * OVERSAMPLING)
    return np.stack(np.meshgrid(axis, axis), axis=-1)


class Noise:
    """Smooth noise in -1..1 that depends on the point alone, so that a picture keeps its looks at every size.

    Args:
        rng: Where its random values come from.
        cells: Grid cells along one side of the picture.
        octaves: Each adds half the amplitude at twice the cells.
    """

    def __init__(self, rng: np.random.Generator, cells: int | tuple[int, int], octaves: int = 1) -> None:
        rows, columns = (cells, cells) if isinstance(cells, int) else cells
        self.grids = [
            rng.uniform(-1, 1, (rows * 2**o + 3, columns * 2**o + 3)).astype(np.float32) for o in range(octaves)
        ]

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Return the noise at points `(..., 2)` as `(...)`; beyond the picture it is held."""
        total, amplitude = np.zeros(points.shape[:-1], np.float32), 1.0
        for grid in self.grids:
            rows, columns = (s - 3 for s in grid.shape)
            where = [points[..., 1] * rows + 1, points[..., 0] * columns + 1]
            total += amplitude * ndimage.map_coordinates(grid, where, order=1, mode="nearest")
            amplitude /= 2
        return total

    def over(self, size: int) -> np.ndarray:
        """Return the noise at every pixel of the canvas of a picture of `size` pixels, smoother than at points."""
        n, amplitude = size * OVERSAMPLING, 1.0
        total: np.ndarray | float = 0.0
        for grid in self.grids:
            box = (1.5, 1.5, grid.shape[1] - 1.5, grid.shape[0] - 1.5)
            total = total + amplitude * np.asarray(
                Image.fromarray(grid).resize((n, n), Image.Resampling.BICUBIC, box=box)
            )
            amplitude /= 2
        return np.asarray(total)


def edge_distance(ids: np.ndarray) -> np.ndarray:
    """Return each pixel's distance from the nearest change in `ids` `(n, n)`, in sides of the picture."""
    edge = np.zeros(ids.shape, bool)
    edge[1:] |= ids[1:] != ids[:-1]
    edge[:, 1:] |= ids[:, 1:] != ids[:, :-1]
    return (ndimage.distance_transform_edt(~edge) / len(ids)).astype(np.float32)


def ramp(value: np.ndarray, stops: Sequence[Sequence[float]]) -> np.ndarray:
    """Return colours `(..., 3)` between equally spaced stops, for values `(...)` in 0..1."""
    colours = np.asarray(stops, np.float32)
    where = np.clip(value, 0, 1) * (len(colours) - 1)
    channels = [np.interp(where, np.arange(len(colours)), colours[:, c]) for c in range(3)]
    return np.stack(channels, axis=-1).astype(np.float32)


def trace(
    flow: Callable[[np.ndarray], np.ndarray], start: np.ndarray, length: np.ndarray, steps: int = 6
) -> np.ndarray:
    """Follow a flow both ways from the middle of each stroke.

    Args:
        flow: Points `(n, 2)` -> directions `(n, 2)`, of any length but 0.
        start: The strokes' middles, `(n, 2)` in 0..1.
        length: Of each stroke, `(n,)`, in sides of the picture.
        steps: Pieces of each half.

    Returns:
        Paths, `(n, 2 * steps + 1, 2)`.
    """
    halves = []
    for sign in (-1, 1):
        point, half = start, []
        for _ in range(steps):
            direction = flow(point)
            direction = direction / np.maximum(np.linalg.norm(direction, axis=-1, keepdims=True), 1e-6)
            point = point + sign * direction * (length / (2 * steps))[:, None]
            half.append(point)
        halves.append(half)
    return np.stack([*halves[0][::-1], start, *halves[1]], axis=1)


def lay(
    canvas: Canvas,
    rng: np.random.Generator,
    paths: np.ndarray,
    width: np.ndarray,
    colour: np.ndarray,
    second: np.ndarray | None = None,
    dryness: float = 0.3,
    streaks: float = 0.08,
    load: float = 1.0,
) -> None:
    """Lay strokes on the canvas, each over those before it.

    A stroke is a ribbon of lanes, one a bundle of bristles: each lane carries its own shade between two colours, leaves
    its own thickness, and may run dry before the end.

    Args:
        canvas: Is painted on.
        rng: Chooses the lanes.
        paths: `(n, k, 2)`, at least two points each, in sides of the picture.
        width: `(n,)`, in sides of the picture.
        colour: RGB in 0..1, `(n, 3)`.
        second: The other colour on the brush, `(n, 3)`; by default the same.
        dryness: 0 for a wet brush; 1 leaves about half of the stroke's end bare.
        streaks: Largest difference in brightness between lanes.
        load: Thickness of the paint.
    """
    size = canvas.thickness.shape[0]
    second = colour if second is None else second
    shade, mix, dry = rng.uniform(-1, 1, (3, len(paths), _LANES)).astype(np.float32)
    legs = np.linalg.norm(np.diff(paths, axis=1), axis=-1)
    along = max(4, int(legs.sum(axis=1).max() * size * 1.35))
    across = max(4, int(width.max() * size * 1.35))
    s, t = np.linspace(0, 1, along, dtype=np.float32), np.linspace(-1, 1, across, dtype=np.float32)
    knots = np.clip(s * (paths.shape[1] - 1), 0, paths.shape[1] - 1 - 1e-4)
    knot, part = knots.astype(int), (knots % 1)[None, :, None]
    lane = np.clip(((t + 1) / 2 * _LANES).astype(int), 0, _LANES - 1)
    taper = np.sqrt(np.maximum(1 - (2 * s - 1) ** 6, 0)) * (1 - 0.25 * s)
    ridge = 0.55 + 0.45 * np.abs(t) ** 3 - np.maximum(np.abs(t) - 0.85, 0) * 4
    many = max(1, _CHUNK // (along * across))
    for first in range(0, len(paths), many):
        part_of = slice(first, first + many)
        path = paths[part_of].astype(np.float32)
        tangent = np.gradient(path, axis=1)
        middle = (path[:, knot] * (1 - part) + path[:, knot + 1] * part) * size
        tangent = tangent[:, knot] * (1 - part) + tangent[:, knot + 1] * part
        tangent *= size / np.maximum(np.linalg.norm(tangent, axis=-1, keepdims=True), 1e-9)
        half = (width[part_of, None].astype(np.float32) / 2 * taper)[..., None]
        column = (middle[..., :1] - (tangent[..., 1:] * half) * t).astype(np.int32)
        row = (middle[..., 1:] + (tangent[..., :1] * half) * t).astype(np.int32)
        driest = dryness * (0.25 + s[:, None]) - 1.35
        hidden = (driest > dry[part_of][:, None, lane]) | (column < 0) | (column >= size) | (row < 0) | (row >= size)
        where = np.where(hidden, size * size, row * size + column).ravel()
        owner = np.full(size * size + 1, -1, np.int32)
        owner[where] = np.arange(len(where), dtype=np.int32)  # a repeated pixel keeps the last: the upper stroke
        pixel = np.flatnonzero(owner[:-1] >= 0)
        stroke, step, lane_at = np.unravel_index(owner[pixel], hidden.shape)
        bundle = lane[lane_at]
        weight = np.clip(0.5 + 0.9 * mix[part_of][stroke, bundle], 0, 1)[:, None]
        paint = colour[part_of][stroke] * (1 - weight) + second[part_of][stroke] * weight
        canvas.colour.reshape(-1, 3)[pixel] = paint + streaks * shade[part_of][stroke, bundle][:, None]
        deep = load * ridge[lane_at] * (1 - 0.5 * s[step]) * (1 + 0.5 * shade[part_of][stroke, bundle])
        canvas.thickness.reshape(-1)[pixel] = deep


def finish(canvas: Canvas, relief: float = 0.5, weave: np.ndarray | None = None, gloss: float = 0.1) -> np.ndarray:
    """Light the paint from the upper left and reduce the canvas to the picture.

    Args:
        canvas: The painting.
        relief: Strength of light and shade on the paint's ridges.
        weave: Thickness of the ground, `(n, n)`, seen through the paint.
        gloss: Strength of the highlights.

    Returns:
        float32 `(size, size, 3)` in 0..1.
    """
    size = canvas.thickness.shape[0]
    height = canvas.thickness if weave is None else canvas.thickness + weave
    height = ndimage.gaussian_filter(height, 0.8 * size / 1024)
    down, right = np.gradient(height)
    light = np.clip((down + right) * (size / 1024) * 2.0, -1, 1)
    lit = canvas.colour * (1 + relief * light[..., None]) + gloss * np.maximum(light, 0)[..., None] ** 2
    lit = ndimage.gaussian_filter(lit, (0.5, 0.5, 0))
    n = size // OVERSAMPLING
    picture = lit.reshape(n, OVERSAMPLING, n, OVERSAMPLING, 3).mean(axis=(1, 3))
    return np.clip(picture, 0, 1).astype(np.float32)
