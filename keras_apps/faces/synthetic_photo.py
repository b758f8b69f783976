"""Seed, person and number -> how one picture was taken: pose, expression, light, glasses, place, lens."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

# Angles in radians, lengths in half heads, light as a factor of full daylight.
CONDITIONS = {
    "yaw": (-0.50, 0.50),
    "pitch": (-0.24, 0.24),
    "roll": (-0.20, 0.20),
    "left": (-0.15, 0.15),
    "up": (-0.14, 0.14),
    "reach": (1.10, 1.42),
    "barrel": (-0.06, 0.06),
    "smile": (-0.35, 1.0),
    "brow_raise": (-0.025, 0.05),
    "squint": (0.62, 1.12),
    "look_x": (-0.05, 0.05),
    "look_y": (-0.015, 0.02),
    "light_x": (-1.0, 1.0),
    "light_y": (-1.0, 0.35),
    "ambient": (0.32, 0.70),
    "key": (0.35, 0.85),
    "warm": (-0.14, 0.14),
    "green": (-0.05, 0.05),
    "exposure": (0.72, 1.18),
    "gamma": (0.82, 1.25),
    "vignette": (0.0, 0.25),
}


class Photo(SimpleNamespace):
    """How one picture was taken: the names of `CONDITIONS` as floats, and what `take` adds to them.

    Attributes:
        open: How far the mouth is open, 0 to 1; mostly shut.
        blur: Standard deviation as a share of the picture's side.
        grain: Standard deviation of the noise, in grey levels of 255.
        glasses: Half width, half height, squareness and thickness of the glasses worn, or none.
        cap: RGB of the cap worn, or none.
        clothes: RGB of two colours, `(2, 3)`; `collar`, `stripes`: shape and pattern.
        place: Background: a list of rows of x, y, size, edge, and RGB.
        rng: Source of chance for what comes last, the grain.
    """


def take(seed: int, number: int, index: int, own_glasses: np.ndarray | None) -> Photo:
    """Draw how one picture of one person was taken.

    Args:
        seed: Integer >= 0.
        number: The person's number.
        index: The picture's number among the person's.
        own_glasses: The glasses that the person mostly wears, if any.

    Returns:
        The conditions, the same for the same numbers, whatever other pictures are taken.

    Example:
        >>> take(0, 1, 2, None).yaw == take(0, 1, 2, None).yaw != take(0, 1, 3, None).yaw
        True
    """
    rng = np.random.default_rng([seed, number, index, 1])
    low, high = np.array(list(CONDITIONS.values())).T
    values = low + (high - low) * rng.random(len(CONDITIONS))
    photo = Photo(**dict(zip(CONDITIONS, values.tolist(), strict=True)))
    # A turned head and a smile are rarer than their extremes suggest: the mean of two draws, not one.
    photo.yaw = (photo.yaw + rng.uniform(*CONDITIONS["yaw"])) / 2 * 1.2
    photo.pitch = (photo.pitch + rng.uniform(*CONDITIONS["pitch"])) / 2 * 1.2
    photo.open = max(0.0, rng.uniform(-1.2, 1.0))
    photo.blur = rng.uniform(0.0, 0.012) * rng.random()
    photo.grain = rng.uniform(0.5, 9.0) * rng.random()
    photo.glasses = None
    if rng.random() < (0.06 if own_glasses is None else 0.85):
        any_pair = rng.uniform([0.15, 0.10, 1.6, 0.012], [0.22, 0.17, 6.0, 0.035]).tolist()
        photo.glasses = any_pair if own_glasses is None else own_glasses
    photo.frame = rng.uniform(0.02, 0.35, 3) * rng.choice([0.4, 1.6])
    photo.cap = rng.uniform(0.05, 0.8, 3) if rng.random() < 0.04 else None
    photo.clothes = rng.uniform(0.05, 0.9, (2, 3))
    photo.collar = rng.uniform([0.12, 0.2], [0.45, 1.6]).tolist()
    photo.stripes = rng.uniform(5, 14) * (rng.random() < 0.35)
    photo.backdrop = np.sort(rng.uniform(0.08, 0.95, (2, 1))) * rng.uniform(0.75, 1.1, (2, 3))
    count = rng.integers(2, 6)
    photo.place = rng.uniform(
        [-1.3, -1.3, 0.15, 0.03, 0.1, 0.1, 0.1, 0], [1.3, 1.3, 0.7, 0.5, 0.85, 0.85, 0.85, 1], (count, 8)
    )
    grey = photo.place[:, 4:7].mean(axis=1, keepdims=True)
    photo.place[:, 4:7] = grey + 0.6 * (photo.place[:, 4:7] - grey)
    photo.rng = rng
    return photo
