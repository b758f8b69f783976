"""A river at evening in dots of pure colour, mixed by the eye."""

from __future__ import annotations

import numpy as np

from keras_apps.style.paintings.strokes import Canvas, Noise, finish, lay, ramp

_PIGMENTS = np.array(
    [
        (0.98, 0.95, 0.82),
        (0.99, 0.86, 0.30),
        (0.98, 0.66, 0.16),
        (0.93, 0.42, 0.16),
        (0.84, 0.20, 0.20),
        (0.90, 0.48, 0.58),
        (0.62, 0.28, 0.52),
        (0.36, 0.24, 0.56),
        (0.16, 0.22, 0.56),
        (0.20, 0.42, 0.76),
        (0.46, 0.68, 0.86),
        (0.16, 0.52, 0.50),
        (0.12, 0.40, 0.22),
        (0.34, 0.58, 0.22),
        (0.66, 0.74, 0.26),
        (0.14, 0.12, 0.24),
    ],
    np.float32,
)


def draw(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw a river at evening in about 34,000 dots; see `paintings.paint` for the arguments."""
    canvas = Canvas.primed(size, (0.86, 0.79, 0.64))
    tone, leaf, ripple, bloom = Noise(rng, 5, 3), Noise(rng, 16, 3), Noise(rng, (60, 6), 2), Noise(rng, 70)
    sun = np.array([0.66, 0.30]) + rng.normal(0, 0.02, 2)
    crowns = np.array(
        [
            (0.10, 0.16, 0.17),
            (0.24, 0.10, 0.13),
            (0.02, 0.33, 0.13),
            (0.20, 0.28, 0.12),
            (0.34, 0.20, 0.085),
            (0.30, 0.33, 0.06),
        ]
    )
    crowns[:, :2] += rng.normal(0, 0.012, (len(crowns), 2))
    poplars = np.array(
        [(0.80, 0.155, 0.022), (0.855, 0.21, 0.026), (0.915, 0.18, 0.024), (0.97, 0.23, 0.028), (0.745, 0.10, 0.016)]
    )
    poplars[:, 0] += rng.normal(0, 0.008, len(poplars))
    shore, bank, shift = 0.47, 0.76, rng.uniform(-1, 1)

    def above(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Sky, far hills and poplars: what the river reflects."""
        d = np.hypot(x - sun[0], 1.15 * (y - sun[1]))
        value = 0.98 * np.exp(-d / 0.30) + 0.14 * tone(np.stack([x, y], -1)) + 0.25 * np.clip(y / shore, 0, 1) ** 2
        paint = ramp(
            value,
            [
                (0.26, 0.42, 0.70),
                (0.46, 0.62, 0.82),
                (0.74, 0.74, 0.80),
                (0.95, 0.76, 0.62),
                (0.99, 0.80, 0.42),
                (1.0, 0.93, 0.62),
            ],
        )
        paint[d < 0.050] = (1.0, 0.97, 0.78)
        hills = y > 0.405 - 0.05 * np.sin(3.2 * x + 1 + shift) - 0.02 * np.sin(9 * x + 2 * shift)
        paint[hills] = ramp(
            0.5 + 0.4 * tone(np.stack([2 * x % 1, y], -1))[hills],
            [(0.30, 0.26, 0.56), (0.46, 0.40, 0.68), (0.70, 0.50, 0.62)],
        )
        for px, height, half in poplars:
            rise = np.clip((shore - y) / (2.1 * height), 0, 1)
            wood = np.abs(x - px) < half * np.sqrt(np.maximum(np.sin(np.pi * rise), 0)) * (
                1 + 0.3 * leaf(np.stack([x, y], -1))
            )
            lit = np.clip(0.45 - 0.9 * (x - px) / half + 0.4 * leaf(np.stack([x, y], -1)), 0, 1)
            paint[wood] = ramp(
                lit[wood], [(0.07, 0.18, 0.26), (0.10, 0.34, 0.28), (0.36, 0.52, 0.20), (0.80, 0.70, 0.24)]
            )
        return paint

    def scene(points: np.ndarray) -> np.ndarray:
        x, y = points[..., 0], points[..., 1]
        paint = above(x, y)
        water = y > shore
        wave = ripple(points)
        mirrored = above(x + 0.025 * wave, np.clip(2 * shore - y + 0.02 * wave, 0, shore - 0.003))
        deepen = np.clip((y - shore) / (bank - shore), 0, 1)[:, None]
        river = mirrored * (0.92 - 0.30 * deepen) + np.array([0.05, 0.14, 0.26], np.float32) * deepen
        spark = np.exp(-(((x - sun[0]) / (0.035 + 0.16 * (y - shore))) ** 2)) * (wave > 0.05)
        river = river * (1 - spark[:, None]) + np.array([1.0, 0.74, 0.26], np.float32) * spark[:, None]
        paint = np.where(water[:, None], river, paint)
        for sx, sy, tall in ((0.50, 0.515, 0.115), (0.415, 0.495, 0.06)):
            sail = (y < sy) & (y > sy - tall) & (x > sx) & (x - sx < 0.42 * (y - sy + tall)) | (y > sy) & (
                y < sy + 0.7 * tall
            ) & (x > sx) & (x - sx < 0.42 * (sy + 0.7 * tall - y)) & (wave > -0.2)
            paint[sail] = np.where((y < sy)[sail, None], (1.0, 0.94, 0.80), (0.86, 0.80, 0.78))
            paint[(np.abs(y - sy - 0.004) < 0.008) & (np.abs(x - sx - 0.015) < 0.5 * tall)] = (0.34, 0.14, 0.22)
        edge = (
            bank + 0.035 * np.sin(4 * x + 2 + shift) - 0.16 * np.exp(-(((x + 0.05) / 0.22) ** 2)) + 0.012 * leaf(points)
        )
        meadow = y > edge
        shade = 0.66 - 1.4 * (y - edge) + 0.5 * tone(points) + 0.2 * leaf(points)
        pool = np.hypot((x - 0.14) / 0.30, (y - 0.83) / 0.055) + 0.5 * leaf(points)
        shade = shade - 0.5 * np.clip(2.2 - 1.8 * pool, 0, 1)
        paint[meadow] = ramp(
            shade[meadow],
            [(0.10, 0.16, 0.34), (0.10, 0.34, 0.30), (0.24, 0.50, 0.20), (0.56, 0.66, 0.20), (0.92, 0.80, 0.32)],
        )
        blossom = meadow & (bloom(points) > 0.55) & (tone(points[:, ::-1]) > -0.15)
        paint[blossom] = np.array([(0.90, 0.22, 0.22), (0.98, 0.74, 0.80), (0.98, 0.84, 0.30)], np.float32)[
            (9 * leaf(points[blossom, ::-1]) % 3).astype(int)
        ]
        trunk = (
            (np.abs(x - 0.155 - 0.03 * np.sin(6 * y)) < 0.020 + 0.05 * np.clip(y - 0.70, 0, 1))
            & (y > 0.25)
            & (y < 0.80)
        )
        paint[trunk] = ramp(0.5 + 6 * (x - 0.155)[trunk], [(0.16, 0.10, 0.26), (0.34, 0.18, 0.26), (0.70, 0.40, 0.22)])
        for cx, cy, radius in crowns:
            d = np.hypot(x - cx, y - cy) / radius
            crown = d < 1 + 0.45 * leaf(points)
            lit = 0.42 + 0.5 * ((x - cx) * 0.8 + (cy - y) * 0.4) / radius + 0.45 * leaf(points)
            paint[crown] = ramp(
                lit[crown],
                [(0.10, 0.10, 0.34), (0.06, 0.26, 0.32), (0.12, 0.44, 0.24), (0.46, 0.62, 0.20), (0.95, 0.80, 0.26)],
            )
        return paint

    def divide(colours: np.ndarray, purity: float) -> np.ndarray:
        """Choose a pigment near each colour; about one in eleven is mixed from the complement's pigment."""
        gap = ((colours[:, None] - _PIGMENTS) ** 2 * (0.8, 1.2, 0.7)).sum(-1)
        gap = gap - rng.gumbel(0, 0.045, gap.shape)
        pure = _PIGMENTS[gap.argmin(axis=1)]
        turned = colours.max(axis=1, keepdims=True) + colours.min(axis=1, keepdims=True) - colours
        other = _PIGMENTS[((turned[:, None] - _PIGMENTS) ** 2).sum(-1).argmin(axis=1)]
        pure = np.where(rng.uniform(0, 1, (len(colours), 1)) < 0.09, 0.65 * other + 0.35 * colours, pure)
        return (colours * (1 - purity) + pure * purity).astype(np.float32)

    for count, radius, purity in ((6000, 0.0190, 0.30), (13000, 0.0105, 0.62), (15000, 0.0080, 0.82)):
        middle = rng.uniform(-0.01, 1.01, (count, 2))
        x, y = middle.T
        angle = np.where(y < shore, np.arctan2(y - sun[1], x - sun[0]) + np.pi / 2, rng.normal(0, 0.25, count))
        angle = np.where((y > bank) | (x < 0.3) & (y < 0.45), rng.uniform(0, np.pi, count), angle)
        half = radius * rng.uniform(0.38, 0.62, count)
        step = np.stack([np.cos(angle), np.sin(angle)], -1) * half[:, None]
        colours = scene(np.clip(middle, 0, 1))
        colour = divide(colours + rng.normal(0, 0.04, colours.shape), purity)
        lay(
            canvas,
            rng,
            np.stack([middle - step, middle, middle + step], axis=1),
            radius * rng.uniform(0.75, 1.1, count),
            colour,
            dryness=0.0,
            streaks=0.05,
        )
    weave = 0.12 * Noise(rng, 180, 1).over(size)
    return finish(canvas, 0.5, weave)
