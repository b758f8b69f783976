"""Fish among waves in stone: tesserae set in rows along the outlines, in mortar."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from keras_apps.style.paintings.strokes import OVERSAMPLING, Canvas, Noise, edge_distance, finish

_GRID = 512  # the tiles are laid on a drawing of this size, so that they are the same at every size of the picture
_TILE = 0.0175


def _cartoon(rng: np.random.Generator) -> np.ndarray:
    """Return the drawing that the tiles fill: regions, keys of `_STONES`, int `(_GRID, _GRID)`."""
    axis = (np.arange(_GRID) + 0.5) / _GRID
    x, y = np.meshgrid(axis, axis)
    frame = np.minimum.reduce([x, y, 1 - x, 1 - y])
    region = np.zeros(x.shape, int)
    phase = rng.uniform(0, 6)
    for k in range(4):
        line = 0.22 + 0.19 * k + 0.028 * np.sin(2 * np.pi * 3 * x + phase + 1.3 * k)
        region[np.abs(y - line) < 0.0175] = 1
        region[np.abs(y - line - 0.036) < 0.0175] = 2
    for cx, cy, turn, length in ((0.49, 0.345, -0.22, 0.27), (0.52, 0.665, 2.97, 0.28)):
        cx, cy, turn = cx + 0.015 * rng.normal(), cy + 0.01 * rng.normal(), turn + 0.08 * rng.normal()
        u = ((x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)) / length
        v = (-(x - cx) * np.sin(turn) + (y - cy) * np.cos(turn)) / length
        v = v * (1 if np.cos(turn) > 0 else -1) + 0.12 * np.sin(2.4 * u)
        half = 0.36 * np.sqrt(np.clip(1 - ((u - 0.05) / 0.95) ** 2, 0, 1)) * (0.72 + 0.28 * u)
        tail = (u < -0.66) & (u > -1.22) & (np.abs(v) < 0.10 + 0.85 * (-0.66 - u)) & (np.abs(v) > 1.5 * (-1.0 - u))
        fin = (np.abs(u - 0.05) < 0.42) & (v < 0) & (v > -half - 0.20 * (1 - ((u - 0.05) / 0.42) ** 2))
        keel = (np.abs(u + 0.10) < 0.20) & (v > 0) & (v < half + 0.16 * (1 - ((u + 0.10) / 0.20) ** 2))
        body = np.abs(v) < half
        region[ndimage.binary_dilation(tail | fin | keel | body, iterations=8)] = 3
        region[tail | fin | keel] = 4
        region[body] = 5
        region[body & (v < -0.05 + 0.03 * np.sin(9 * u))] = 6
        region[body & (v > 0.17)] = 7
        region[body & (u > 0.50)] = 8
        region[body & (np.abs(u - 0.50) < 0.035)] = 9
        region[np.hypot(u - 0.70, v + 0.07) < 0.095] = 10
        region[np.hypot(u - 0.70, v + 0.07) < 0.045] = 11
    region[frame < 0.135] = 12
    run = np.where((np.minimum(x, 1 - x) < np.minimum(y, 1 - y)), y, x)
    wave = 0.024 * np.sin(2 * np.pi * 7 * run)
    for sign, strand in ((1, 13), (-1, 14)):
        region[(np.abs(frame - 0.078 - sign * wave) < 0.0125) & (frame < 0.125)] = strand
    region[frame < 0.036] = 15
    region[(frame > 0.118) & (frame < 0.136)] = 16
    return region


_STONES = {
    0: [(0.86, 0.82, 0.70), (0.80, 0.76, 0.64), (0.90, 0.87, 0.78), (0.76, 0.74, 0.66)],
    1: [(0.16, 0.38, 0.48), (0.12, 0.30, 0.42), (0.24, 0.46, 0.54)],
    2: [(0.42, 0.66, 0.66), (0.54, 0.74, 0.70), (0.34, 0.58, 0.62)],
    3: [(0.16, 0.13, 0.15), (0.22, 0.18, 0.18)],
    4: [(0.76, 0.36, 0.20), (0.66, 0.26, 0.16), (0.84, 0.48, 0.24)],
    5: [(0.88, 0.62, 0.26), (0.94, 0.72, 0.34), (0.80, 0.54, 0.24)],
    6: [(0.20, 0.42, 0.50), (0.14, 0.32, 0.44), (0.30, 0.54, 0.56), (0.60, 0.70, 0.40)],
    7: [(0.94, 0.86, 0.72), (0.90, 0.74, 0.62), (0.96, 0.92, 0.82)],
    8: [(0.80, 0.44, 0.24), (0.86, 0.54, 0.30), (0.72, 0.36, 0.22)],
    9: [(0.34, 0.10, 0.10)],
    10: [(0.97, 0.95, 0.88)],
    11: [(0.06, 0.06, 0.08)],
    12: [(0.20, 0.12, 0.14), (0.28, 0.16, 0.16), (0.15, 0.12, 0.16)],
    13: [(0.90, 0.70, 0.30), (0.82, 0.58, 0.22), (0.95, 0.80, 0.44)],
    14: [(0.74, 0.30, 0.20), (0.62, 0.22, 0.16), (0.80, 0.40, 0.26)],
    15: [(0.15, 0.30, 0.40), (0.20, 0.36, 0.44)],
    16: [(0.92, 0.88, 0.76), (0.86, 0.80, 0.68)],
}


def _set_tiles(
    rng: np.random.Generator, away: np.ndarray, tile: float, taken: np.ndarray | list
) -> tuple[np.ndarray, np.ndarray]:
    """Set tiles side by side in rows at equal distance from the outlines, until no gap takes another.

    Args:
        rng: Chooses where rows begin.
        away: Distance from the outlines, `(_GRID, _GRID)`, in sides of the picture.
        tile: Side of a tile.
        taken: Middles of tiles already set, `(m, 2)`.

    Returns:
        `(middles, angles)`, `(n, 2)` and `(n,)` in radians.
    """
    down, right = np.gradient(ndimage.gaussian_filter(away, 1.5))
    length = np.maximum(np.hypot(right, down), 1e-9)
    gx, gy = right / length, down / length
    cells: dict[tuple[int, int], list[tuple[float, float]]] = {}
    middles: list[tuple[float, float]] = []
    along: list[float] = []

    def look(px: float, py: float) -> tuple[int, int]:
        return min(max(int(py * _GRID), 0), _GRID - 1), min(max(int(px * _GRID), 0), _GRID - 1)

    def free(px: float, py: float, space: float) -> bool:
        a, b = int(px / tile), int(py / tile)
        near = [q for i in (-1, 0, 1) for j in (-1, 0, 1) for q in cells.get((a + i, b + j), ())]
        return all((px - qx) ** 2 + (py - qy) ** 2 > space**2 for qx, qy in near)

    def settle(px: float, py: float) -> tuple[float, float]:
        for _ in range(2):
            at = look(px, py)
            row = (max(np.floor(away[at] / tile), 0) + 0.5) * tile
            px, py = px + gx[at] * (row - away[at]), py + gy[at] * (row - away[at])
        return px, py

    def put(px: float, py: float) -> None:
        at = look(px, py)
        cells.setdefault((int(px / tile), int(py / tile)), []).append((px, py))
        middles.append((px, py))
        along.append(np.arctan2(gx[at], -gy[at]))

    for px, py in taken:
        cells.setdefault((int(px / tile), int(py / tile)), []).append((px, py))
    for px, py in rng.uniform(0, 1, (6000, 2)):
        px, py = settle(px, py)
        if not free(px, py, 0.86 * tile):
            continue
        put(px, py)
        for sign in (1, -1):
            qx, qy = px, py
            for _ in range(80):
                at = look(qx, qy)
                qx, qy = settle(qx - sign * gy[at] * tile, qy + sign * gx[at] * tile)
                if not (-0.02 < qx < 1.02 and -0.02 < qy < 1.02) or not free(qx, qy, 0.86 * tile):
                    break
                put(qx, qy)
    return np.array(middles), np.array(along)


def draw(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw two fish among waves, in a braided border of stones; see `paintings.paint` for the arguments."""
    n = size * OVERSAMPLING
    region = _cartoon(rng)
    away = edge_distance(region)
    middles, along, sides = np.zeros((0, 2)), np.zeros(0), np.zeros(0)
    for side in (_TILE, 0.66 * _TILE, 0.46 * _TILE):  # ever smaller stones fill the gaps
        more, turned = _set_tiles(rng, away, side, middles)
        middles, along = np.concatenate([middles, more]), np.concatenate([along, turned])
        sides = np.concatenate([sides, np.full(len(more), side)])
    image = Image.new("I", (n, n))
    pen = ImageDraw.Draw(image)
    for index in np.argsort(sides, kind="stable"):
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * 0.5 * sides[index] * rng.uniform(0.82, 0.99, (4, 2))
        c, s = np.cos(along[index]), np.sin(along[index])
        spot = corners @ np.array([(c, s), (-s, c)]) + middles[index]
        pen.polygon([tuple(p) for p in spot * n], fill=int(index) + 1)
    ids = np.asarray(image)
    where = np.clip((middles * _GRID).astype(int), 0, _GRID - 1)
    stones = np.zeros((len(middles) + 1, 3), np.float32)
    for index, kind in enumerate(region[where[:, 1], where[:, 0]]):
        stones[index + 1] = _STONES[kind][rng.integers(len(_STONES[kind]))]
    stones[1:] *= rng.normal(1, 0.09, (len(middles), 1))
    stones[1:] += rng.normal(0, 0.022, (len(middles), 3))
    vein, fine, patch = Noise(rng, 40, 3).over(size), Noise(rng, 200, 2).over(size), Noise(rng, 5, 3).over(size)
    shifted = np.roll(vein.ravel(), 7919)[(np.arange(n * n).reshape(n, n) + 97 * n * (ids % 61)) % (n * n)]
    rim = edge_distance(ids)
    stone = stones[ids] * (1 + 0.11 * shifted + 0.06 * fine + 0.05 * patch)[..., None]
    mortar = np.array([0.56, 0.52, 0.45], np.float32) * (0.85 + 0.16 * fine + 0.12 * patch)[..., None]
    set_in = (ids > 0)[..., None]
    picture = np.where(set_in, stone, mortar * (0.72 + 40 * rim[..., None]))
    tilt = rng.normal(0, 1, len(stones))[ids]
    height = np.where(ids > 0, np.clip(rim / 0.0022, 0, 1) ** 0.6 * (1.3 + 0.15 * tilt) + 0.16 * shifted, 0.15 * fine)
    picture = picture * (1 + 0.05 * tilt * (ids > 0))[..., None]
    return finish(Canvas(np.clip(picture, 0, 1).astype(np.float32), height.astype(np.float32)), 0.5, gloss=0.22)
