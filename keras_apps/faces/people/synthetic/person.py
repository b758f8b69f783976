"""Seed and number -> one synthetic person: shape of the head and features, colours, marks, hair."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from keras_apps.faces.people.synthetic.shapes import texture

# Lengths are in half heads: the chin lies about 1 under the middle of the face. Drawn evenly from its range.
TRAITS = {
    "head_width": (0.58, 0.78),
    "head_top": (0.98, 1.14),
    "head_dome": (2.1, 3.0),
    "chin": (0.88, 1.10),
    "jaw": (2.0, 4.2),
    "chin_round": (1.25, 2.3),
    "depth": (0.92, 1.15),
    "ear_size": (0.13, 0.23),
    "ear_out": (0.02, 0.13),
    "ear_height": (-0.02, 0.14),
    "eye_apart": (0.255, 0.345),
    "eye_height": (-0.16, 0.0),
    "eye_width": (0.135, 0.200),
    "eye_open": (0.055, 0.115),
    "eye_tilt": (-0.16, 0.22),
    "eye_peak": (-0.35, 0.35),
    "lid": (0.0, 1.0),
    "bag": (0.0, 1.0),
    "socket": (0.2, 1.0),
    "iris": (0.066, 0.088),
    "lash": (0.25, 1.0),
    "brow_height": (0.13, 0.25),
    "brow_length": (0.15, 0.25),
    "brow_thick": (0.014, 0.062),
    "brow_arch": (-0.01, 0.075),
    "brow_peak": (-0.3, 0.6),
    "brow_tilt": (-0.25, 0.12),
    "brow_inner": (-0.04, 0.05),
    "brow_ridge": (0.0, 0.05),
    "nose_end": (0.24, 0.40),
    "nose_bridge": (0.045, 0.10),
    "nose_tip": (0.07, 0.135),
    "nose_wing": (0.09, 0.20),
    "nose_high": (0.08, 0.19),
    "nose_hump": (-0.03, 0.05),
    "nose_turn": (0.0, 1.0),
    "nose_bend": (-0.025, 0.025),
    "mouth_gap": (0.17, 0.30),
    "mouth_width": (0.19, 0.33),
    "lip_upper": (0.025, 0.085),
    "lip_lower": (0.04, 0.11),
    "lip_bow": (0.0, 0.75),
    "lip_tilt": (-0.025, 0.045),
    "lip_red": (0.10, 0.85),
    "cheek": (0.0, 0.09),
    "cheek_height": (0.12, 0.30),
    "fold": (0.0, 0.026),
    "chin_high": (0.0, 0.07),
    "chin_cleft": (-0.04, 0.03),
    "blush": (0.0, 0.30),
    "shine": (0.05, 0.35),
    "neck": (0.55, 0.80),
    "hairline": (-0.74, -0.50),
    "hair_peak": (-0.04, 0.10),
    "hair_recede": (-0.08, 0.16),
    "hair_drop": (1.8, 4.5),
    "hair_high": (0.05, 0.26),
    "hair_side": (0.02, 0.19),
    "hair_part": (-0.5, 0.5),
    "hair_wave": (0.0, 0.06),
    "hair_fine": (2.0, 6.0),
    "hair_gloss": (0.1, 0.6),
}
SKIN = np.array(
    [[250, 220, 200], [240, 200, 172], [226, 180, 146], [205, 153, 113], [172, 117, 80], [130, 84, 58], [92, 58, 42]]
)
HAIR = np.array(
    [
        [24, 20, 20],
        [44, 30, 24],
        [74, 48, 32],
        [104, 66, 40],
        [132, 62, 34],
        [170, 84, 40],
        [176, 132, 80],
        [216, 182, 122],
    ]
)
EYES = np.array(
    [[52, 32, 20], [84, 52, 28], [112, 84, 44], [92, 112, 70], [76, 118, 108], [84, 126, 168], [122, 138, 150]]
)


class Person(SimpleNamespace):
    """One synthetic person: the names of `TRAITS` as floats, and what `meet` adds to them.

    Attributes:
        skin, lips, hair, brows, eyes: RGB in [0, 1], float arrays `(3,)`.
        mottle: Freckles and the skin's unevenness, a texture that the head carries, floats `(128, 128)`.
        strands: Levels of neighbouring strands of hair, floats `(128, 128)` in [-1, 1].
        moles: Rows of x, y, radius, darkness.
        style: `"bald"`, `"fringe of hair"`, `"cropped"`, `"short"`, `"bangs"`, `"bob"`, `"long"`, `"curls"` or `"bun"`.
        hair_end: How far down the hair hangs.
        beard: Thickness in [0, 1] on chin and cheeks; `moustache`: on the upper lip; `beard_line`: where it begins.
        age: 0 to 1; deepens the wrinkles and greys the hair.
        glasses: Shape of the person's own glasses, or none.
        uneven: Small differences between the left and the right side, floats `(6,)` in [-1, 1].
    """


def along(table: np.ndarray, position: float) -> np.ndarray:
    """Read a table of colours at a fraction of its length, between its rows.

    Example:
        >>> along(np.array([[0, 0, 0], [255, 255, 255]]), 0.2).round(1).tolist()
        [0.2, 0.2, 0.2]
    """
    place = position * (len(table) - 1)
    return np.array([np.interp(place, range(len(table)), channel) for channel in table.T]) / 255


def meet(seed: int, number: int) -> Person:
    """Draw one person; the same for the same seed and number, whoever else is drawn.

    Args:
        seed: Integer >= 0.
        number: The person's number, >= 0.

    Returns:
        The person.

    Example:
        >>> meet(0, 3).chin == meet(0, 3).chin != meet(0, 4).chin
        True
    """
    rng = np.random.default_rng([seed, number])
    chances = rng.random(len(TRAITS)).tolist()
    values = [low + (high - low) * chance for (low, high), chance in zip(TRAITS.values(), chances, strict=True)]
    person = Person(**dict(zip(TRAITS, values, strict=True)))
    person.age = rng.random() ** 1.5
    person.bearded = rng.random() < 0.4
    _colour(person, rng)
    _marks(person, rng)
    _hair(person, rng)
    person.uneven = rng.uniform(-1, 1, 6).tolist()
    person.glasses = glasses(rng) if rng.random() < 0.12 else None
    for name, value in vars(person).items():
        if isinstance(value, np.ndarray):
            setattr(person, name, value.astype(np.float32))
    return person


def glasses(rng: np.random.Generator) -> list[float]:
    """Draw a pair of glasses: half width, half height, squareness (2 is round) and thickness of a rim."""
    return rng.uniform([0.15, 0.10, 1.6, 0.012], [0.22, 0.17, 6.0, 0.035]).tolist()


def _colour(person: Person, rng: np.random.Generator) -> None:
    tone = rng.random()
    person.skin = np.clip(along(SKIN, tone) * rng.uniform([0.97, 0.95, 0.90], [1.03, 1.03, 1.08]), 0, 1)
    dark = tone > 0.6
    shade = along(HAIR, rng.random() ** 2 * 0.55 if dark else rng.random())
    grey = np.clip((person.age - 0.62) * 3 + rng.uniform(-0.2, 0.2), 0, 0.95)
    person.hair = shade + grey * (rng.uniform(0.55, 0.85) - shade)
    person.brows = shade * 0.8 + grey * 0.4 * (0.5 - shade)
    person.eyes = along(EYES, rng.random() * (0.4 if dark else 1.0)) * rng.uniform(0.85, 1.2)
    red = np.array([0.75, 0.30, 0.32]) * (0.55 + 0.45 * person.skin[0])
    person.lips = person.skin * (1 - person.lip_red) + red * person.lip_red


def _marks(person: Person, rng: np.random.Generator) -> None:
    freckled = rng.random() < 0.3
    dots = np.clip(texture(rng, 32, 128) * 2 - 0.8, 0, 1) * (rng.uniform(0.15, 0.4) if freckled else 0.0)
    person.mottle = (dots + 0.05 * texture(rng, 8, 128) + 0.03 * texture(rng, 64, 128)).astype(np.float32)
    count = rng.choice(5, p=[0.35, 0.25, 0.2, 0.12, 0.08])
    person.moles = rng.uniform([-0.5, -0.6, 0.018, 0.4], [0.5, 0.8, 0.036, 0.85], (count, 4)).tolist()
    if not person.bearded:
        person.beard = person.moustache = 0.0
        person.beard_line = 0.5
        return
    kind = rng.random()
    person.beard = 0.0 if kind < 0.2 else rng.uniform(0.15, 0.4) if kind < 0.55 else rng.uniform(0.6, 0.92)
    person.moustache = rng.uniform(0.5, 0.9) if kind < 0.2 else person.beard * (rng.random() < 0.8)
    person.beard_line = rng.uniform(0.25, 0.85)


def _hair(person: Person, rng: np.random.Generator) -> None:
    styles = ("bald", "fringe of hair", "cropped", "short", "bangs", "bob", "long", "curls", "bun")
    odds = (
        (0.06, 0.06, 0.18, 0.42, 0.12, 0.0, 0.06, 0.1, 0.0)
        if person.bearded
        else (0.02, 0.02, 0.06, 0.18, 0.12, 0.18, 0.18, 0.12, 0.12)
    )
    person.style = styles[rng.choice(len(styles), p=odds)]
    ends = {"bob": (0.45, 0.9), "long": (1.0, 1.9), "bangs": (0.0, 1.2), "curls": (0.1, 1.2)}
    person.hair_end = rng.uniform(*ends.get(person.style, (-0.2, 0.0)))
    person.fringe = rng.uniform(0.12, 0.30) if person.style == "bangs" else max(0.0, rng.uniform(-0.14, 0.14))
    person.cover = rng.uniform(0.02, 0.2)
    person.swoop = rng.uniform(-0.22, 0.22)
    person.curl = rng.uniform(0.5, 1.0) if person.style == "curls" else 0.0
    if person.style in ("bald", "fringe of hair", "cropped", "bun"):
        person.hair_high *= 0.3 if person.style != "bald" else 0.0
        person.hair_side *= 0.4 if person.style != "bald" else 0.0
    if person.style == "curls":
        person.hair_high += 0.1
        person.hair_side += 0.1
    person.bun = rng.uniform([0.2, -0.3], [0.36, 0.3]).tolist()
    person.strands = (texture(rng, 32, 128) * 0.7 + texture(rng, 64, 128) * 0.5).astype(np.float32)
