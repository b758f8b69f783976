"""A print of breaking waves: flat inks, carved lines, worn blocks on fibrous paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from keras_apps.style.paintings.strokes import OVERSAMPLING, Canvas, Noise, finish, mesh


def draw(rng: np.random.Generator, size: int) -> np.ndarray:
    """Draw breaking waves before a mountain as a colour print; see `paintings.paint` for the arguments."""
    points = mesh(size)
    x, y = points[..., 0], points[..., 1]
    n = size * OVERSAMPLING
    grain, blot = Noise(rng, (170, 4), 2).over(size), Noise(rng, 6, 3).over(size)
    fibre, hand = Noise(rng, (90, 60), 2).over(size), Noise(rng, 14, 2).over(size)
    paper, foam = np.array([0.91, 0.85, 0.70], np.float32), np.array([0.95, 0.92, 0.82], np.float32)
    key, deep, mid, pale = (
        np.array(c, np.float32)
        for c in ([0.07, 0.10, 0.20], [0.10, 0.21, 0.42], [0.26, 0.46, 0.62], [0.60, 0.74, 0.76])
    )
    picture = np.tile(paper, (n, n, 1))
    press = np.clip(0.92 + 0.13 * grain + 0.08 * blot, 0, 1)

    def ink(mask: np.ndarray, colour: np.ndarray | tuple[float, float, float], amount: float = 1.0) -> None:
        colour = np.asarray(colour, np.float32)
        if mask.dtype == bool:
            cover = (press[mask] * np.float32(amount))[:, None]
            picture[mask] += cover * (colour - picture[mask])
        else:
            picture[:] += (mask * press * np.float32(amount))[..., None] * (colour - picture)

    def depth(mask: np.ndarray) -> np.ndarray:
        return (ndimage.distance_transform_edt(mask) / n).astype(np.float32)

    def drawn(discs: Sequence[tuple], polygon: Sequence[tuple] | None = None) -> np.ndarray:
        image = Image.new("1", (n, n))
        draw = ImageDraw.Draw(image)
        if polygon is not None:
            draw.polygon([(float(a) * n, float(b) * n) for a, b in polygon], fill=1)
        for a, b, radius in discs:
            draw.ellipse([(a - radius) * n, (b - radius) * n, (a + radius) * n, (b + radius) * n], fill=1)
        return np.asarray(image)

    ink(np.clip(1 - y / 0.34 + 0.12 * blot, 0, 1) ** 1.2, (0.22, 0.33, 0.48), 0.9)
    ink(np.clip(1 - np.abs(y - 0.47) / 0.24, 0, 1), (0.91, 0.60, 0.40), 0.6)
    disc = np.hypot(x - 0.72 - 0.03 * rng.normal(), y - 0.22) + 0.0015 * hand
    ink((disc < 0.078), (0.80, 0.25, 0.15))
    for k in range(7):
        band = 0.06 + 0.068 * k + 0.012 * rng.normal()
        bend = 0.010 * np.sin(7 * x + 2 * k) + 0.003 * np.sin(31 * x + k)
        thick = 0.016 * np.clip(np.sin(rng.uniform(2, 5) * x + rng.uniform(0, 6)), 0, 1) + 0.002 * hand
        away = np.abs(y - band - bend)
        ink((away < thick), (0.93, 0.87, 0.75), 0.9)
        ink(((np.abs(away - thick) < 0.0011) & (thick > 0.003)), key, 0.6)
    engraved = np.abs((y + 0.004 * np.sin(6 * x) + 0.0035 * blot) / 0.0135 % 1 - 0.5) < 0.075 + 0.07 * hand
    ink(engraved & (y < 0.60), mid * 0.8, 0.55)
    top = np.hypot(rng.normal(0, 0.01), 0) + 0.30
    slope = 0.545 - 0.20 * np.exp(-(np.abs((x - top) / 0.20) ** 1.15)) + 0.003 * hand
    ink((y > slope), (0.36, 0.45, 0.55))
    snow = slope.min() + 0.055 + 0.035 * np.abs(np.sin(70 * x + 2 * hand)) ** 0.6 + 0.012 * hand
    ink(((y > slope) & (y < snow)), foam)
    ink(
        (
            (y > snow)
            & (np.abs(x - top) < 0.9 * (y - slope.min()))
            & (np.sin(160 * (x - top) / (0.03 + y - slope.min()) * 0.12) > 0.75 + 0.4 * hand)
        ),
        key,
        0.35,
    )
    ink(np.abs(y - slope) < 0.0022 + 0.001 * hand, key)
    rows = (
        (0.575, 0.080, 0.24, 0.7, 0.30),
        (0.685, 0.155, 0.42, 1.0, 0.86),
        (0.96, 0.61, 1.10, 0.62, 0.22),
        (1.03, 0.17, 0.47, 0.9, 0.62),
    )
    for layer, (base, height, length, lean, phase) in enumerate(rows):
        phase = phase + 0.04 * rng.normal()
        theta = np.linspace(-4 * np.pi, 10 * np.pi, 2400)
        h = ((1 + np.cos(theta)) / 2) ** 2.1 * (1 + 0.12 * np.sin(theta * 0.37 + 6 * rng.uniform()))
        cx = length * theta / (2 * np.pi) + phase * length + lean * height * h**3
        cy = base - height * h + 0.95 * lean * height * np.clip(h - 0.58, 0, 1) ** 1.6
        cy = cy + 0.0035 * np.sin(5 * theta + 6 * rng.uniform()) + 0.002 * np.sin(17 * theta)
        body = drawn([], [*zip(cx, cy, strict=True), (3, 2), (-3, 2)])
        inside = depth(body)
        ink((body), deep)
        smooth = ndimage.gaussian_filter(inside, (0.006 + 0.05 * height) * n, truncate=2.5)
        stripe = np.minimum(smooth, 1.6 * inside) / (0.022 + 0.005 * layer) + 0.55 * blot + 0.12 * hand
        swell = np.clip(0.66 - 1.5 * inside / (height + 0.12), 0.10, 0.62) + 0.12 * blot
        ink((body & (stripe % 1 < swell)), mid)
        ink((body & ((stripe - 0.14) % 1 < swell * 0.5) & (inside > 0.004)), pale)
        ink((body & ((stripe + 0.09) % 1 < 0.09)), key, 0.9)
        ink((body & (inside < 0.0055 * (1 + 0.5 * hand))), key)
        discs, shade = [], []
        reach = np.flatnonzero((h > 0.34 - 0.12 * (layer == 2)) & (cx > -0.2) & (cx < 1.2))
        steps = np.concatenate([[0], np.cumsum(np.hypot(np.diff(cx[reach]), np.diff(cy[reach])))])
        for i in np.interp(np.arange(0, steps[-1], 0.006 + 0.008 * height), steps, reach).astype(int):
            falling = np.gradient(cx)[i] < 0 or np.gradient(cy)[i] > 0
            radius = (0.0045 + 0.054 * height * h[i] ** 1.5) * rng.uniform(0.45, 1.2)
            a, b = cx[i] + rng.normal(0, 0.006), cy[i] + radius * rng.uniform(-0.5, 1.3)
            discs.append((a, b, radius))
            shade.append((a + 0.25 * radius, b + 0.4 * radius, 0.5 * radius))
            if h[i] > 0.36 and falling and rng.uniform() < 0.42:
                heading, bead = rng.uniform(0.2, 1.5), radius * 0.85
                for _ in range(rng.integers(5, 11)):
                    a, b = a + bead * 0.9 * np.cos(heading), b + bead * 0.9 * np.sin(heading)
                    heading, bead = heading + rng.uniform(-0.05, 0.33), bead * 0.86
                    discs.append((a, b, bead))
                    shade.append((a - 0.2 * bead, b + 0.5 * bead, 0.42 * bead))
        white = drawn(discs)
        inside = depth(white)
        ink((drawn([(a, b, c + 0.0026) for a, b, c in discs])), key)
        ink((white), foam)
        ink((drawn(shade) & (inside > 0.0025)), mid, 0.9)
        ink((drawn([(a - 0.15 * c, b - 0.2 * c, 0.78 * c) for a, b, c in shade]) & (inside > 0.0025)), pale, 0.9)
        tops = rng.choice(np.flatnonzero((h > 0.55) & (cx > -0.1) & (cx < 1.1)), 30 + 30 * (layer == 2) + 30)
        away = rng.normal(0, 1, (len(tops), 2)) * (0.05, 0.04) * (1 + 2.2 * height)
        spray = [
            (cx[i] + 0.02 + a, cy[i] - abs(b), rng.uniform(0.0012, 0.0050))
            for i, (a, b) in zip(tops, away, strict=True)
        ]
        ink((drawn([(a, b, c + 0.0018) for a, b, c in spray])), mid)
        ink((drawn(spray)), foam)
    edge = np.minimum.reduce([x, y, 1 - x, 1 - y]) + 0.0012 * hand
    picture[edge < 0.018] = paper
    ink(((edge > 0.018) & (edge < 0.0225)), key)
    picture *= (1 + 0.05 * fibre + 0.04 * blot + 0.03 * grain)[..., None]
    worn = np.clip(1.2 * (grain + 0.7 * fibre - 1.15), 0, 0.6)[..., None]
    print_ = picture * (1 - worn) + paper * worn
    return finish(Canvas(print_, (0.35 * fibre + 0.14 * grain).astype(np.float32)), 0.4, gloss=0.0)
