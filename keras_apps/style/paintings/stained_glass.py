"""A leaded window: sun, sky, hills and flowers of streaked glass."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from keras_apps.style.paintings.strokes import Canvas, Noise, edge_distance, finish, mesh


def draw(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw a sun over hills and flowers as leaded glass; see `paintings.paint` for the arguments."""
    points = mesh(size)
    x, y = points[..., 0], points[..., 1]
    n = len(points)
    frame = np.minimum.reduce([x, y, 1 - x, 1 - y])
    sun = np.array([0.5, 0.36]) + rng.normal(0, 0.02, 2)
    r = np.hypot(x - sun[0], y - sun[1])
    waves = rng.uniform(-1, 1, 8)

    def hill(k: int) -> np.ndarray:
        swell = 0.045 * np.sin(6 * x + 3 * waves[k] + 2 * k) + 0.015 * np.sin(15 * x + 3 * waves[k + 4])
        return 0.60 + 0.125 * k + swell

    region = np.zeros(x.shape, np.int32)  # 0 sky, 1 sun, 2-4 hills, 10 hearts, 11 leaves, 12-26 petals, 30 border
    region[r < 0.105] = 1
    for k in range(3):
        region[y > hill(k)] = 2 + k
    for k, (cx, cy, scale) in enumerate(((0.22, 0.72, 0.12), (0.79, 0.76, 0.105), (0.50, 0.87, 0.08))):
        cx, cy = cx + 0.02 * waves[k], cy + 0.01 * waves[k + 3]
        u, v = (x - cx) / scale, (y - cy) / scale
        stem = (np.abs(u - 0.12 * np.sin(2 * v)) < 0.09) & (v > 0)
        region[stem] = 11
        for side in (-1, 1):
            out, down = u - side * 0.62, side * (v - 1.3)
            leaf = 14 * (0.75 * out + 0.66 * down) ** 2 + 2.2 * (0.66 * out - 0.75 * down) ** 2
            region[leaf < 0.7] = 11
        for petal in (-2, 2, -1, 1, 0):
            a = petal * 0.52
            pu, pv = u * np.cos(a) + v * np.sin(a), -u * np.sin(a) + v * np.cos(a)
            oval = (pu / 0.27) ** 2 * np.clip(1.45 + 0.9 * pv, 0.4, 3) + ((pv + 0.62) / 0.62) ** 2
            region[oval < 1] = 14 + 5 * k + petal
        region[u**2 + (v + 0.12) ** 2 < 0.05] = 10
    region[frame < 0.052] = 30
    seeds: list[np.ndarray] = []
    turn = rng.uniform(0, 6)
    for radius, count in ((0.155, 11), (0.25, 17), (0.35, 23), (0.46, 29), (0.58, 33), (0.70, 36)):
        angle = turn + (np.arange(count) + rng.uniform(-0.22, 0.22, count)) * 2 * np.pi / count
        reach = radius + rng.uniform(-0.014, 0.014, count)
        seeds.extend(np.stack([sun[0] + reach * np.cos(angle), sun[1] + reach * np.sin(angle)], -1))
    ids = region * 1000
    empty = region == 0
    ids[empty] += cKDTree(seeds).query(points[empty])[1]
    shape = np.array([0.55, 1.25])
    for hill_region in (2, 3, 4):
        ground = rng.uniform(0, 1, (26, 2)) * (1, 0.45) + (0, 0.56)
        spot = region == hill_region
        ids[spot] += cKDTree(ground * shape).query(points[spot] * shape)[1]
    spot = region == 1
    ids[spot] += ((np.arctan2(y - sun[1], x - sun[0])[spot] / (2 * np.pi) + 0.5) * 7).astype(int) + 1
    ids[(r < 0.05) & (region == 1)] = 1000
    border = region == 30
    run = np.where(np.minimum(x, 1 - x) < np.minimum(y, 1 - y), y, x)
    edge = np.where(np.minimum(x, 1 - x) < np.minimum(y, 1 - y), np.where(x < 0.5, 0, 1), np.where(y < 0.5, 2, 3))
    ids[border] += (edge * 20 + (run * 13 + 0.5).astype(int))[border]
    names, pane = np.unique(ids, return_inverse=True)
    ids = np.reshape(pane, x.shape)
    away = edge_distance(ids)
    palettes: dict[int, list[tuple[float, float, float]]] = {
        1: [(1.0, 0.80, 0.20), (1.0, 0.66, 0.10), (0.98, 0.50, 0.08)],
        2: [(0.10, 0.36, 0.42), (0.12, 0.46, 0.40), (0.20, 0.30, 0.52)],
        3: [(0.16, 0.50, 0.24), (0.42, 0.62, 0.16), (0.10, 0.38, 0.30)],
        4: [(0.06, 0.30, 0.20), (0.20, 0.42, 0.12), (0.36, 0.46, 0.10)],
        10: [(1, 0.85, 0.25)],
        11: [(0.30, 0.62, 0.16), (0.16, 0.46, 0.18)],
        30: [(0.62, 0.06, 0.12), (0.10, 0.14, 0.50), (0.90, 0.60, 0.12), (0.36, 0.10, 0.42)],
    }
    skies = np.array(
        [
            (1.0, 0.62, 0.16),
            (0.96, 0.42, 0.14),
            (0.86, 0.24, 0.22),
            (0.58, 0.20, 0.46),
            (0.26, 0.24, 0.62),
            (0.10, 0.26, 0.64),
            (0.06, 0.16, 0.46),
        ],
        np.float32,
    )
    petals = [(0.86, 0.10, 0.20), (0.94, 0.26, 0.36), (0.74, 0.06, 0.30), (0.92, 0.40, 0.50)]
    tints = np.zeros((len(names), 3), np.float32)
    for index, name in enumerate(names):
        kind, cell = divmod(int(name), 1000)
        if kind == 0:
            far = np.hypot(*(np.asarray(seeds[cell]) - sun))
            level = np.clip((far - 0.155) / 0.48 * 6 + rng.normal(0, 0.55), 0, 6)
            low = min(int(level), 5)
            tints[index] = skies[low] * (1 - level + low) + skies[low + 1] * (level - low)
        else:
            choice = palettes.get(kind, petals)
            tints[index] = choice[rng.integers(len(choice))]
    tints = np.clip(tints * rng.uniform(0.72, 1.15, (len(names), 1)) + rng.normal(0, 0.03, tints.shape), 0.02, 1)
    slope = rng.normal(0, 1, (len(names), 2))[ids]
    streak, cloud, fine, hatch = Noise(rng, (9, 30), 3), Noise(rng, 7, 3), Noise(rng, 110, 2), Noise(rng, 24, 2)
    clouds = cloud.over(size)
    warped = points + 0.05 * np.stack([clouds, clouds.T], -1) + 0.15 * rng.normal(0, 1, (len(names), 2))[ids]
    streaks, specks, dirt = streak(np.clip(warped, 0, 1)), fine.over(size), hatch.over(size)
    light = 0.98 + 0.26 * streaks + 0.16 * clouds + 0.10 * specks
    light += 0.10 * np.clip((slope * (points - 0.5)).sum(-1), -1.5, 1.5)
    light += 0.35 * np.exp(-((r / 0.30) ** 2))
    glass = tints[ids] ** (1.25 - 0.35 * light[..., None]) * np.clip(light, 0.2, 2)[..., None]
    glass *= (1 - 0.55 * np.exp(-away / 0.007) * (0.75 + 0.5 * dirt))[..., None]
    bubbles = np.clip(specks.T - 1.15, 0, 1)[..., None] * 1.6
    glass = glass + bubbles * (1 - glass)
    width = 0.0047 + 0.0009 * dirt + 0.0028 * (np.abs(frame - 0.052) < 0.006)
    lead = np.clip((width - away) / (1.2 / n) + 0.5, 0, 1)
    height = np.sqrt(np.clip(1 - (away / np.maximum(width, 1e-4)) ** 2, 0, 1)) + 0.12 * specks
    metal = np.array([0.10, 0.10, 0.115], np.float32) * (1 + 0.5 * dirt + 0.3 * specks)[..., None]
    open_glass = np.clip(glass, 0, 1.2) * (1 - lead[..., None])
    glow = ndimage.gaussian_filter(open_glass, (0.010 * n, 0.010 * n, 0))
    picture = (glass + 0.22 * glow) * (1 - lead[..., None]) + (metal + 0.20 * glow) * lead[..., None]
    relief = np.where(lead > 0, height * 1.6, 0.22 * streaks + 0.12 * specks)
    return finish(Canvas(np.clip(picture, 0, 1), relief.astype(np.float32)), 0.5, gloss=0.35)
