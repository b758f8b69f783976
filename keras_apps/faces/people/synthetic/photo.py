"""Seed, person and number -> how one picture was taken: pose, expression, light, glasses, place, lens."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from keras_apps.faces.people.synthetic.person import glasses

# Angles in radians, lengths in half heads, light as a factor of full daylight.
CONDITIONS = {
    "yaw": (-0.36, 0.36),
    "pitch": (-0.2, 0.2),
    "roll": (-0.12, 0.12),
    "left": (-0.09, 0.09),
    "up": (-0.09, 0.09),
    "reach": (1.18, 1.34),
    "barrel": (-0.05, 0.05),
    "smile": (-0.3, 1.0),
    "brow_raise": (-0.025, 0.05),
    "squint": (0.62, 1.12),
    "look_x": (-0.05, 0.05),
    "look_y": (-0.015, 0.02),
    "light_x": (-1.0, 1.0),
    "light_y": (-1.0, 0.25),
    "ambient": (0.42, 0.75),
    "key": (0.3, 0.75),
    "warm": (-0.08, 0.08),
    "green": (-0.03, 0.03),
    "exposure": (0.85, 1.12),
    "gamma": (0.82, 1.12),
    "vignette": (0.0, 0.25),
    "yaw_more": (-0.36, 0.36),
    "pitch_more": (-0.2, 0.2),
    "open": (-1.2, 1.0),
    "blur": (0.0, 0.008),
    "blur_share": (0.0, 1.0),
    "grain": (0.5, 6.0),
    "grain_share": (0.0, 1.0),
    "stripes": (5.0, 14.0),
    "striped": (0.0, 1.0),
    "collar": (0.12, 0.45),
    "collar_slope": (0.1, 0.8),
    "glasses_on": (0.0, 1.0),
    "dark_frame": (0.0, 1.0),
    "cap_on": (0.0, 1.0),
    "dim_place": (0.08, 0.95),
    "bright_place": (0.08, 0.95),
    "things": (2.0, 6.0),
}
LOW = np.array([low for low, _ in CONDITIONS.values()])
SPAN = np.array([high - low for low, high in CONDITIONS.values()])
# Of a thing in the background: x, y, size, softness of the edge, RGB, and a disc under 0.5 or a board over it.
PLACE_LOW = np.array([-1.3, -1.3, 0.15, 0.03, 0.1, 0.1, 0.1, 0.0])
PLACE_SPAN = np.array([2.6, 2.6, 0.55, 0.47, 0.75, 0.75, 0.75, 1.0])


class Photo(SimpleNamespace):
    """How one picture was taken: the names of `CONDITIONS` as floats, and what `take` adds to them.

    Attributes:
        open: How far the mouth is open, 0 to 1; mostly shut.
        blur: Standard deviation as a share of the picture's side.
        grain: Standard deviation of the noise, in grey levels of 255.
        glasses: Half width, half height, squareness and thickness of the glasses worn, or none.
        cap: RGB of the cap worn, or none.
        frame: RGB of the glasses.
        clothes: RGB of two colours, `(2, 3)`; `collar`, `collar_slope`, `stripes`: shape and pattern.
        backdrop: RGB of the two ends of the background's gradient, `(2, 3)`.
        place: What stands in the background: rows as `PLACE_LOW` says.
        rng: Source of chance for what comes last, the grain.
    """


def take(seed: int, number: int, index: int, own_glasses: list[float] | None) -> Photo:
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
    values = LOW + SPAN * rng.random(len(CONDITIONS))
    photo = Photo(**dict(zip(CONDITIONS, values.tolist(), strict=True)))
    # Much of it is rarer than a little: a product or a mean of two draws, not one.
    photo.yaw = 0.6 * (photo.yaw + photo.yaw_more)
    photo.pitch = 0.6 * (photo.pitch + photo.pitch_more)
    photo.open = max(0.0, photo.open)
    photo.blur *= photo.blur_share
    photo.grain *= photo.grain_share
    photo.stripes *= photo.striped < 0.35
    frame, cap, photo.clothes, photo.backdrop = np.split(rng.random((6, 3)), [1, 2, 4])
    photo.glasses, photo.frame = None, (0.02 + 0.33 * frame[0]) * (0.4 if photo.dark_frame < 0.5 else 1.6)
    if photo.glasses_on < (0.05 if own_glasses is None else 0.85):
        photo.glasses = own_glasses or glasses(rng)
    photo.cap = 0.05 + 0.75 * cap[0] if photo.cap_on < 0.03 else None
    photo.clothes = 0.05 + 0.85 * photo.clothes
    levels = sorted((photo.dim_place, photo.bright_place))
    photo.backdrop = np.array(levels)[:, None] * (0.75 + 0.35 * photo.backdrop)
    photo.place = PLACE_LOW + PLACE_SPAN * rng.random((int(photo.things), 8))
    grey = photo.place[:, 4:7].mean(axis=1, keepdims=True)
    photo.place[:, 4:7] = grey + 0.6 * (photo.place[:, 4:7] - grey)
    photo.rng = rng
    return photo
