"""How good a picture of a face is: size, sharpness, light, pose and what is cut off, each with its limit.

Two poor pictures of two people look alike to a tower, and the promised false accept rate does not hold for them. The
limits were chosen on LFW's DevTrain people with `sface128`; docs/gallery.md gives the reasons, `benchmarks/quality.py`
measures what they do on other people.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from keras_apps.faces.alignment import ChipLayout, similarity

SMALLEST_SIZE = 8.0
"""Pixels between the eyes: a face about 20 pixels wide. Below, two in five genuine pictures are refused anyway."""
LEAST_SHARPNESS = 18.0
"""A blur of a tenth of the eyes' distance, sharpness 10, lets a hundred times the promised impostors in."""
LEAST_BRIGHTNESS = 0.04
"""Below, the rounding to 8 bits shows: at 0.07 of the usual light, 7 times the promised impostors get in."""
LEAST_CONTRAST = 0.06
"""At a tenth of the usual contrast, 250 times the promised impostors get in."""
MOST_WHITE = 0.25
"""Of faces four times too bright, 60 times the promised impostors get in."""
MOST_YAW, MOST_PITCH = 60.0, 45.0
"""Beyond, a profile: one eye is hidden, and the detector's landmarks are guesses."""
LEAST_INSIDE = 0.65
"""With half of the face cut off at the side, 7 times the promised impostors get in, and 4 in 10 genuine are refused."""

SMALLEST_CHIP = 96
"""Aligned chips whose shorter side is less, in pixels, are not judged: small towers' chips are coarse by design."""
QUALITIES = ("good", "any")
"""The words of the argument `quality`: poor pictures are refused, or none."""

WHITE = 250 / 255
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_REBLUR = 0.05
"""Standard deviation of the second blur that measures the first, as a share of the distance between the eyes."""
_AROUND = (0.45, 0.5, 0.35)
"""What counts as the face: so far beside the eyes, above them and below the mouth, in distances between the eyes."""
_HEAD = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.566, -0.5], [-0.424, 0.998, -0.1], [0.424, 0.998, -0.1]])
"""A head's landmarks in distances between the eyes: x to the viewer's right, y down, z away from the viewer.

x and y are the medians of YuNet's on LFW's DevTrain pictures and their mirror images; the nose stands about half a
distance, the mouth a tenth, before the eyes.
"""
_ORDER = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")


@dataclass(frozen=True)
class Quality:
    """How good a picture of a face is.

    Attributes:
        sharpness: The distance between the eyes in widths of the blur (its standard deviation); larger is better. It
            is measured on the face itself, so that a tiny face that was enlarged is as blurred as it looks.
        brightness: Mean luma of the face, in [0, 1]; too little is too dark.
        contrast: Standard deviation of the face's luma over its mean, >= 0; larger is better. It does not change when
            a face is merely darkened.
        white: Share of the face that is overexposed, luma from 250 of 255, in [0, 1]; smaller is better.
        size: Pixels of the picture between the eyes, as they would be if the face looked at the camera; larger is
            better. `None`, as the following, for an aligned chip.
        yaw: Degrees by which the head is turned, > 0 to the viewer's right; nearer 0 is better.
        pitch: Degrees by which it looks up, < 0 down; nearer 0 is better.
        roll: Degrees by which it is turned clockwise in the picture. The chip is upright again, so there is no limit.
        inside: Share of the face that is inside the picture, in [0, 1]; larger is better.

    The angles are estimates from five landmarks and an average head, right to about ten degrees.
    """

    sharpness: float
    brightness: float
    contrast: float
    white: float
    size: float | None = None
    yaw: float | None = None
    pitch: float | None = None
    roll: float | None = None
    inside: float | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """What is too poor to tell people apart, in words with the measure and its limit; empty for a good picture."""
        found = []
        if self.size is not None and self.size < SMALLEST_SIZE:
            found.append(f"too small: {self.size:.1f} pixels between the eyes, at least {SMALLEST_SIZE:g}")
        if self.inside is not None and self.inside < LEAST_INSIDE:
            found.append(f"cut off: {self.inside:.0%} of the face inside the picture, at least {LEAST_INSIDE:.0%}")
        if self.brightness < LEAST_BRIGHTNESS:
            found.append(f"too dark: brightness {self.brightness:.3f}, at least {LEAST_BRIGHTNESS:g}")
        if self.white > MOST_WHITE:
            found.append(f"overexposed: {self.white:.0%} of the face white, at most {MOST_WHITE:.0%}")
        if self.contrast < LEAST_CONTRAST:
            found.append(f"too little contrast: {self.contrast:.3f}, at least {LEAST_CONTRAST:g}")
        if self.sharpness < LEAST_SHARPNESS:
            found.append(f"blurred: sharpness {self.sharpness:.1f}, at least {LEAST_SHARPNESS:g}")
        if self.yaw is not None and abs(self.yaw) > MOST_YAW:
            found.append(f"turned aside: yaw {self.yaw:.0f} degrees, at most {MOST_YAW:g}")
        if self.pitch is not None and abs(self.pitch) > MOST_PITCH:
            found.append(f"looks up or down: pitch {self.pitch:.0f} degrees, at most {MOST_PITCH:g}")
        return tuple(found)


def chip_quality(chip: np.ndarray, layout: ChipLayout, inside: np.ndarray | None = None) -> Quality:
    """Measure what an aligned chip shows: sharpness, brightness, contrast and what is white.

    The face's edges are blurred once more. Where an edge has a blur of standard deviation s, a second one of r lowers
    its squared gradient's integral, which is proportional to 1 / s, by q = s / sqrt(s^2 + r^2): so
    s = r q / sqrt(1 - q^2), whatever the edge's height, and so whatever the light.

    Args:
        chip: uint8 in 0..255 or float in 0..1, `(h, w, 3)`, RGB, aligned as `layout` says; of any size.
        layout: Where the landmarks are.
        inside: Booleans `(h, w)`, false for pixels that no picture gave; by default all are true.

    Returns:
        A `Quality` without size, pose and share inside.

    Reference:
        Zhuo and Sim, "Defocus map estimation from a single image", Pattern Recognition 2011 (the ratio at one edge;
        here of all edges together).
    """
    height, width = chip.shape[:2]
    luma = chip.astype(np.float32) @ LUMA
    if chip.dtype == np.uint8:
        luma /= 255
    eyes = _eye_distance(layout) * width / layout.size
    rows, columns = _face_part(layout, height, width)
    blur = _blurring(height, _REBLUR * eyes), _blurring(width, _REBLUR * eyes)
    again = blur[0] @ luma @ blur[1].T
    face, blurred = luma[rows, columns], again[rows, columns]
    counted = np.ones(face.shape, bool) if inside is None else inside[rows, columns]
    if not counted.any():
        return Quality(0.0, 0.0, 0.0, 0.0)
    before, after = (_gradient_energy(part, counted) for part in (face, blurred))
    q = min(max(after / before, 1e-3), 0.999) if before > 0 else 0.999
    lit = face[counted]
    mean = float(lit.mean())
    return Quality(
        sharpness=float(np.sqrt(1 - q**2) / (_REBLUR * q)),
        brightness=mean,
        contrast=float(lit.std()) / mean if mean > 0 else 0.0,
        white=float(np.mean(lit >= WHITE)),
    )


def crop_quality(
    chip: np.ndarray, layout: ChipLayout, landmarks: Mapping[str, tuple[float, float]], width: int, height: int
) -> Quality:
    """Measure the quality of a face that was cut out of a picture.

    Args:
        chip: uint8 `(h, w, 3)`, the aligned chip.
        layout: How it was aligned.
        landmarks: As `FaceCrop` has them, in pixels of the picture.
        width, height: Of the picture, in pixels.
    """
    points = np.array([landmarks[name] for name in _ORDER])
    matrix = similarity(np.array([layout.landmarks[name] for name in _ORDER]), points)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))  # picture pixels per chip pixel
    margin = 3 * _REBLUR * _eye_distance(layout) * scale  # the second blur draws pixels from so far
    corners = np.array([[x, y, 1] for x in (0, layout.size) for y in (0, layout.size)]) @ matrix.T
    share, deep = 1.0, None
    if not _inside(corners, width, height).all():
        x, y = np.meshgrid(np.arange(layout.size) + 0.5, np.arange(layout.size) + 0.5)
        at = np.stack([x, y, np.ones_like(x)], axis=-1) @ matrix.T
        share = float(_inside(at, width, height)[_face_part(layout, layout.size, layout.size)].mean())
        deep = _inside(at, width, height, margin)
    seen = chip_quality(chip, layout, deep)
    yaw, pitch, roll = head_pose(landmarks)
    return replace(
        seen,
        size=_eye_distance(layout) * scale,
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        inside=share,
    )


def head_pose(landmarks: Mapping[str, tuple[float, float]]) -> tuple[float, float, float]:
    """Estimate how a head is turned, from its five landmarks: the orthographic pose of an average head.

    Args:
        landmarks: `{"left_eye": (x, y), "right_eye", "nose", "mouth_left", "mouth_right"}` in pixels; left is the
            viewer's.

    Returns:
        `(yaw, pitch, roll)` in degrees: > 0 to the viewer's right, up, and clockwise.

    Example:
        >>> looks_ahead = {"left_eye": (0, 0), "right_eye": (100, 0), "nose": (50, 56.6)}
        >>> looks_ahead |= {"mouth_left": (7.6, 99.8), "mouth_right": (92.4, 99.8)}
        >>> [abs(round(angle)) for angle in head_pose(looks_ahead)]
        [0, 0, 0]

    Reference:
        DeMenthon and Davis, "Model-based object pose in 25 lines of code", IJCV 1995 (its first step).
    """
    points = np.array([landmarks[name] for name in _ORDER], np.float64)
    axes = np.linalg.pinv(_HEAD - _HEAD.mean(axis=0)) @ (points - points.mean(axis=0))
    left, _, right = np.linalg.svd(axes.T, full_matrices=False)
    across, down = left @ right  # the nearest orthonormal rows
    rotation = np.stack([across, down, np.cross(across, down)])
    roll = np.arctan2(rotation[1, 0], rotation[0, 0])
    cos, sin = np.cos(roll), np.sin(roll)
    upright = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]]) @ rotation
    yaw = np.arctan2(-upright[0, 2], upright[2, 2])
    pitch = np.arcsin(np.clip(upright[1, 2], -1, 1))
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def _inside(points: np.ndarray, width: int, height: int, margin: float = 0.0) -> np.ndarray:
    """Return which of points `(..., 2)` lie in a picture, at least `margin` pixels from its edges."""
    x, y = points[..., 0], points[..., 1]
    return (x >= margin) & (y >= margin) & (x <= width - margin) & (y <= height - margin)


def _eye_distance(layout: ChipLayout) -> float:
    (x1, y1), (x2, y2) = layout.landmarks["left_eye"], layout.landmarks["right_eye"]
    return float(np.hypot(x2 - x1, y2 - y1))


def _face_part(layout: ChipLayout, height: int, width: int) -> tuple[slice, slice]:
    """Return the rows and columns of a chip, of any size, that show the face itself."""
    points, eyes = layout.landmarks, _eye_distance(layout)
    beside, above, below = (share * eyes for share in _AROUND)
    left, right = points["left_eye"][0] - beside, points["right_eye"][0] + beside
    top = min(points["left_eye"][1], points["right_eye"][1]) - above
    bottom = max(points["mouth_left"][1], points["mouth_right"][1]) + below
    x, y = width / layout.size, height / layout.size
    return slice(max(0, round(top * y)), round(bottom * y)), slice(max(0, round(left * x)), round(right * x))


@functools.lru_cache(maxsize=32)
def _blurring(length: int, sigma: float) -> np.ndarray:
    """Return the matrix `(length, length)` that blurs columns of that length; rows sum to 1 at the ends too."""
    apart = np.arange(length)[:, None] - np.arange(length)[None]
    weights = np.exp(-0.5 * (apart / sigma) ** 2)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _gradient_energy(part: np.ndarray, counted: np.ndarray) -> float:
    across = np.diff(part, axis=1) ** 2 * (counted[:, 1:] & counted[:, :-1])
    down = np.diff(part, axis=0) ** 2 * (counted[1:] & counted[:-1])
    return float(across.sum(dtype=np.float64) + down.sum(dtype=np.float64))
