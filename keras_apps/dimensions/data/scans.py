"""A body, its organs and vessels, perhaps a lesion -> computed tomographies that nobody ever had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_apps._checks import check_number, check_whole
from keras_apps.dimensions.arithmetic import per_axis

AIR, TISSUE, BONE, CONTRAST = -1000.0, 40.0, 700.0, 190.0  # Hounsfield units
ORGAN = (50.0, 80.0)
RADIUS = (2.4, 3.4)  # of lesions and of vessels alike, in voxels
SMALLEST = 12
TRIES = 200


def synthetic_scans(
    scans: int,
    size: int | tuple[int, int, int] = (16, 32, 32),
    *,
    lesions: float = 0.5,
    noise: float = 20.0,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Make volumes of a body with organs, a spine and one to three vessels; some have a lesion, which is a ball.

    Vessels are tubes that run through the whole volume, filled with the same contrast agent as a lesion and as thick.
    In a slice across them both are discs; only the slices above and below tell a ball from a tube.

    Args:
        scans: How many.
        size: Voxels along depth (the body's length), height and width, or one number for all; each at least 12.
        lesions: The share of scans with a lesion, in [0, 1]; which ones is drawn.
        noise: Standard deviation in Hounsfield units.
        seed: The same seed gives the same scans, number by number.

    Returns:
        `(volumes, labels)`: float32 `(scans, depth, height, width, 1)` in Hounsfield units (air -1000, tissue about 40,
        vessels and lesions about 190, bone about 700), and int64 `(scans,)`, 1 where there is a lesion.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If a number is out of range.

    Example:
        >>> volumes, labels = synthetic_scans(4, 16, seed=1)
        >>> volumes.shape, round(float(volumes[0, 0, 0, 0, 0]), -2)
        ((4, 16, 16, 16, 1), -1000.0)
    """
    check_whole("scans", scans)
    sizes = per_axis("size", size, 3, least=SMALLEST)
    lesions = check_number("lesions", lesions, least=0.0, most=1.0)
    noise = check_number("noise", noise, least=0.0)
    check_whole("seed", seed, least=0)
    volumes = np.empty((scans, *sizes, 1), np.float32)
    labels = np.empty(scans, np.int64)
    for place in range(scans):
        draw = np.random.default_rng((seed, place))
        labels[place] = draw.random() < lesions
        volumes[place, ..., 0] = _scan(sizes, bool(labels[place]), noise, draw)
    return volumes, labels


def _scan(size: tuple[int, ...], lesion: bool, noise: float, draw: np.random.Generator) -> np.ndarray:
    depth, height, width = size
    grid = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in size), indexing="ij")
    middle = np.array([depth / 2, height / 2, width / 2]) - 0.5
    reach = np.array([height, width]) * draw.uniform(0.43, 0.48, 2)  # the body's half axes, a cylinder along depth
    volume = np.full(size, AIR, np.float32)
    body = _ellipsoid(grid, middle, (np.inf, *reach))
    _paint(volume, body, TISSUE)
    for _ in range(2):
        center = middle + draw.uniform(-0.35, 0.35, 3) * (depth, *reach)
        organ = _ellipsoid(grid, center, draw.uniform(0.25, 0.45, 3) * size)
        _paint(volume, np.maximum(organ, body + 2), draw.uniform(*ORGAN))
    spine = middle + (0, 0.75 * reach[0], 0)
    _paint(volume, _ellipsoid(grid, spine, (np.inf, 2.2, 2.2)), BONE)
    taken = [spine[1:]]
    for _ in range(draw.integers(1, 4)):
        tilt = draw.uniform(-0.25, 0.25, 2)  # voxels sideways for each along depth
        center = _free_place(middle, reach, taken, draw)
        along = grid[0] - middle[0]
        away = [grid[1] - center[0] - tilt[0] * along, grid[2] - center[1] - tilt[1] * along]
        _paint(volume, np.hypot(*away) - draw.uniform(*RADIUS), CONTRAST)
    if lesion:
        radius = draw.uniform(*RADIUS)
        center = np.array([draw.uniform(radius, depth - 1 - radius), *_free_place(middle, reach, taken, draw)])
        _paint(volume, _ellipsoid(grid, center, (1, 1, 1), radius), CONTRAST)
    return volume + noise * draw.standard_normal(size).astype(np.float32)


def _ellipsoid(
    grid: Sequence[np.ndarray], center: np.ndarray, axes: np.ndarray | tuple[float, ...], radius: float = 1.0
) -> np.ndarray:
    """Return about how many voxels each voxel lies outside an ellipsoid; negative within."""
    steps = [(g - c) / a for g, c, a in zip(grid, center, axes, strict=True)]
    shortest = min(a for a in axes if np.isfinite(a))
    return (np.sqrt(sum(s**2 for s in steps)) - radius) * shortest


def _paint(volume: np.ndarray, outside: np.ndarray, units: float) -> None:
    """Fill a shape; voxels on its surface mix what is on both sides, as a scanner does."""
    share = np.clip(0.5 - outside, 0, 1)
    volume += share * (np.float32(units) - volume)


def _free_place(middle: Any, reach: Any, taken: list[np.ndarray], draw: np.random.Generator) -> np.ndarray:
    """Draw a place in the body's front, as far from those taken as there is room for."""
    candidates = middle[1:] + draw.uniform([-0.6, -0.7], [0.35, 0.7], (TRIES, 2)) * reach
    gaps = np.min([np.linalg.norm(candidates - t, axis=1) for t in taken], axis=0)
    far = candidates[gaps > 2.7 * RADIUS[1]]
    taken.append(far[0] if len(far) else candidates[gaps.argmax()])
    return taken[-1]
