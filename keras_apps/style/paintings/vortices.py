"""A night sky in oil: strokes along a flow of vortices, under glowing stars."""

from __future__ import annotations

import numpy as np

from keras_apps.style.paintings.strokes import Canvas, Noise, finish, lay, ramp, trace


def draw(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw a night sky, hills and a cypress in about 9,000 curved strokes; see `paintings.paint` for the arguments."""
    canvas = Canvas.primed(size, (0.16, 0.20, 0.36))
    swirls = np.array([[0.40, 0.36, 0.155, 1.0], [0.63, 0.47, 0.105, -1.0]])
    stars = np.array(
        [
            [0.86, 0.15, 0.085],
            [0.28, 0.10, 0.040],
            [0.53, 0.11, 0.045],
            [0.70, 0.24, 0.035],
            [0.11, 0.27, 0.038],
            [0.90, 0.43, 0.042],
            [0.19, 0.52, 0.034],
            [0.42, 0.62, 0.030],
        ]
    )
    swirls[:, :2] += rng.normal(0, 0.02, (len(swirls), 2))
    stars[:, :2] += rng.normal(0, 0.018, (len(stars), 2))
    wobble, tone, grain = Noise(rng, 4, 2), Noise(rng, 5, 3), Noise(rng, 9, 2)
    heights = rng.uniform(-1, 1, 6)

    def hill(x: np.ndarray, which: int) -> np.ndarray:
        base = (0.74, 0.81, 0.90)[which]
        a, b = heights[2 * which : 2 * which + 2]
        return base + 0.045 * np.sin(5.5 * x + 3 * a + which) + 0.02 * np.sin(13 * x + 5 * b)

    def tree(points: np.ndarray) -> np.ndarray:
        x, y = points[..., 0], points[..., 1]
        rise = np.clip((y - 0.16) / 0.9, 0, 1)
        middle = 0.145 + 0.022 * np.sin(14 * y + 1) * rise
        side = np.sign(x - middle)
        flames = 0.30 * (np.sin(24 * y + 1.4 * side) + 0.5 * np.sin(47 * y - 1.1 * side)) * np.clip(3 * rise, 0, 1)
        return (np.abs(x - middle) < 0.125 * rise**0.85 * (1 + flames)) & (y > 0.16)

    def zone(points: np.ndarray) -> np.ndarray:
        x, y = points[..., 0], points[..., 1]
        hills = np.sum([y > hill(x, k) for k in range(3)], axis=0)
        return np.where(tree(points), 4, hills)

    def flow(points: np.ndarray) -> np.ndarray:
        x, y = points[..., 0], points[..., 1]
        bend = wobble(points)
        u, v = np.ones_like(x), 0.35 * np.cos(7 * x + 4 * y) + 0.5 * bend
        for cx, cy, r, turn in swirls:
            dx, dy = x - cx, y - cy
            d = np.hypot(dx, dy) + 1e-6
            pull = 4.5 * np.exp(-((d / r) ** 2) * 0.8)
            u, v = u + pull * turn * (-dy - 0.25 * dx) / d, v + pull * turn * (dx - 0.25 * dy) / d
        for cx, cy, r in stars:
            dx, dy = x - cx, y - cy
            d = np.hypot(dx, dy) + 1e-6
            pull = 5.0 * np.exp(-((d / (1.6 * r)) ** 2))
            u, v = u - pull * dy / d, v + pull * dx / d
        place = zone(points)
        slope = sum(np.where(place == k + 1, hill(x + 0.01, k) - hill(x - 0.01, k), 0) for k in range(3)) / 0.02
        ground, wood = (place > 0) & (place < 4), place == 4
        u = np.where(ground, 1, np.where(wood, 0.35 * np.sin(23 * y + 9 * x), u))
        v = np.where(ground, slope + 0.5 * bend, np.where(wood, -1, v))
        return np.stack([u, v], axis=-1)

    blues = [
        (0.05, 0.08, 0.24),
        (0.09, 0.16, 0.42),
        (0.13, 0.27, 0.60),
        (0.22, 0.43, 0.73),
        (0.42, 0.62, 0.80),
        (0.70, 0.82, 0.80),
        (0.93, 0.92, 0.74),
    ]
    glow = [
        (0.25, 0.45, 0.62),
        (0.55, 0.68, 0.55),
        (0.90, 0.80, 0.38),
        (0.97, 0.74, 0.15),
        (0.99, 0.86, 0.30),
        (1.0, 0.97, 0.78),
    ]
    fields = [
        (0.06, 0.10, 0.26),
        (0.09, 0.22, 0.40),
        (0.14, 0.38, 0.42),
        (0.34, 0.52, 0.34),
        (0.72, 0.70, 0.30),
        (0.88, 0.66, 0.24),
    ]
    leaves = [(0.03, 0.05, 0.07), (0.06, 0.11, 0.10), (0.12, 0.20, 0.12), (0.25, 0.26, 0.12), (0.36, 0.22, 0.10)]

    def colour(points: np.ndarray, spread: float) -> np.ndarray:
        x, y = points[..., 0], points[..., 1]
        jitter = rng.normal(0, spread, len(points))
        value = 0.34 + 0.20 * tone(points) + 0.16 * np.sin(26 * (y + 0.12 * np.sin(6 * x) + 0.05 * wobble(points)))
        for cx, cy, r, _ in swirls:
            d = np.hypot(x - cx, y - cy)
            angle = np.arctan2(y - cy, x - cx)
            near = np.exp(-((d / r) ** 4) * 0.6)
            value = value * (1 - near) + near * (0.58 + 0.30 * np.cos(2 * np.pi * d / (0.42 * r) + angle))
        paint = ramp(value + jitter, blues)
        for cx, cy, r in stars:
            d = np.hypot(x - cx, y - cy) / r
            shine = 1.15 - 0.55 * d + 0.10 * np.cos(2 * np.pi * d / 0.55)
            lit = np.clip(1.9 - d, 0, 1)[:, None] * (rng.uniform(0, 1, len(points)) < 1.35 - 0.42 * d)[:, None]
            paint = paint * (1 - lit) + lit * ramp(shine + 0.8 * jitter, glow)
        place = zone(points)
        furrow = 0.14 * np.sin(90 * (y - hill(x, 1) + 0.3 * hill(x, 2)))
        soil = ramp(
            0.34 + 0.36 * grain(points) + furrow + 0.08 * (place == 1) - 0.05 * (place == 3) + 1.2 * jitter, fields
        )
        paint = np.where(((place > 0) & (place < 4))[:, None], soil, paint)
        wood = ramp(0.32 + 0.30 * np.sin(50 * x + 9 * np.sin(8 * y)) + 1.4 * jitter, leaves)
        paint = np.where((place == 4)[:, None], wood, paint)
        return paint + rng.normal(0, 0.025, (len(points), 3)).astype(np.float32)

    cores = np.repeat(stars, 12, axis=0)
    for count, width, length, spread in (
        (1400, 0.034, 0.13, 0.05),
        (4600, 0.0145, 0.075, 0.09),
        (3200, 0.0095, 0.055, 0.13),
    ):
        start = rng.uniform(-0.03, 1.03, (count, 2))
        start[-len(cores) :] = cores[:, :2] + cores[:, 2:] * rng.normal(0, 0.22, (len(cores), 2))
        lay(
            canvas,
            rng,
            trace(flow, start, length * rng.uniform(0.6, 1.2, count)),
            width * rng.uniform(0.6, 1.15, count),
            colour(start, spread),
            colour(start, 1.6 * spread),
            dryness=0.45,
        )
    return finish(canvas, 0.55)
