"""Films made by code, to try a challenge on: a synthetic head that turns, and a photograph that is moved and bent.

Each film is a list of frames: landmarks as a detector gives them, with its noise, or pictures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter

from keras_apps.faces.detection import LANDMARKS
from keras_apps.faces.people.synthetic.person import Person, meet
from keras_apps.faces.people.synthetic.photo import Photo, take
from keras_apps.faces.people.synthetic.render import render
from keras_apps.faces.people.synthetic.view import View

Landmarks = dict[str, tuple[float, float]]
NOISE = 0.012
"""Deviation of a landmark's error, in face lengths, as a detector makes it from frame to frame."""
REACH = 2.4
"""Half the width of a frame, in half heads, when the head is at its usual distance."""


@dataclass(frozen=True)
class Hold:
    """How a head, or a photograph, is held in one frame. Angles in radians.

    Attributes:
        yaw: Turn to the viewer's right.
        pitch: Turn downwards.
        size: 1 for the usual distance, more for nearer.
        roll, left, up: Turn in the picture's plane, and place, in half heads.
        bend: 1 over the radius of the cylinder to which a photograph is bent, in face lengths.
        axis: The direction of that cylinder, 0 for upright.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    size: float = 1.0
    roll: float = 0.0
    left: float = 0.0
    up: float = 0.0
    bend: float = 0.0
    axis: float = 0.0


def performance(steps: Sequence[str], rng: np.random.Generator, *, turn: float = 0.6, up: float = 0.42) -> list[Hold]:
    """Follow the steps of a challenge: straight, then for each step there, hold, and back.

    Args:
        steps: As `Challenge.steps`.
        rng: NumPy's generator.
        turn: Mean turn to a side, in radians; each is up to a fifth more or less.
        up: Mean turn upwards.
    """
    aims = [Hold()]
    for step in steps:
        amount = rng.uniform(0.8, 1.2)
        aims += [
            {
                "left": Hold(yaw=turn * amount),
                "right": Hold(yaw=-turn * amount),
                "up": Hold(pitch=-up * amount),
                "nearer": Hold(size=1 + 0.5 * amount),
            }[step],
            Hold(),
        ]
    still = [Hold()] * int(rng.integers(8, 14))
    frames = list(still)
    for before, after in zip(aims, aims[1:], strict=False):
        frames += between(before, after, int(rng.integers(8, 16))) + [after] * int(rng.integers(5, 9))
    drift = gaussian_filter(rng.normal(0, 1, (len(frames), 5)), (8, 0)) * 4
    shakes = drift * [0.012, 0.012, 0.02, 0.02, 0.02]
    return [
        replace(f, yaw=f.yaw + s[0], pitch=f.pitch + s[1], roll=f.roll + s[2], left=f.left + s[3], up=f.up + s[4])
        for f, s in zip(frames, shakes, strict=True)
    ]


def between(before: Hold, after: Hold, frames: int) -> list[Hold]:
    """Move from one hold to another, slowly at both ends."""
    shares = (1 - np.cos(np.linspace(0, np.pi, frames + 1)[1:])) / 2
    first, last = (np.array(list(vars(hold).values())) for hold in (before, after))
    return [Hold(*(first + share * (last - first)).tolist()) for share in shares]


def head_film(
    steps: Sequence[str], seed: int, *, size: int | None = None, noise: float = NOISE
) -> list[Landmarks] | list[np.ndarray]:
    """Film a synthetic person who follows the steps.

    Args:
        steps: As `Challenge.steps`.
        seed: Which person, and how exactly they move.
        size: For pictures of this many pixels a side; by default landmarks, from the geometry of the head.
        noise: Of the landmarks, in face lengths.
    """
    rng = np.random.default_rng((seed, 20))
    person = meet(seed, 0)
    photo = take(seed, 0, 0, None)
    photo.barrel, photo.cap, photo.open = 0.0, None, 0.0
    holds = performance(steps, rng)
    for_frames = [_held(photo, hold) for hold in holds]
    if size is None:
        return [named(shaken(landmarks_of_head(person, one), noise, rng)) for one in for_frames]
    return [render(person, one, size) for one in for_frames]


def _held(photo: Photo, hold: Hold) -> Photo:
    how = {"yaw": hold.yaw, "pitch": hold.pitch, "reach": REACH / hold.size}
    return Photo(**(vars(photo) | how | {"roll": hold.roll, "left": hold.left, "up": hold.up}))


def landmarks_of_head(person: Person, photo: Photo, pixels: int = 256) -> np.ndarray:
    """Return where a synthetic head's landmarks are in a picture of it, floats `(5, 2)` in pixels."""
    view = View(person, photo, 16)
    mouth, lift = person.nose_end + person.mouth_gap, 1.5 * person.nose_high
    tip = person.nose_end - 0.035 - 0.03 * person.nose_turn
    places = [
        (-person.eye_apart, person.eye_height),
        (person.eye_apart, person.eye_height),
        (lift * np.tan(photo.yaw), tip + lift * np.tan(photo.pitch)),
        (-person.mouth_width, mouth),
        (person.mouth_width, mouth),
    ]
    plane = (np.array([view.project(x, y) for x, y in places]) + [photo.left, photo.up]) / photo.reach
    cos, sin = np.cos(photo.roll), np.sin(photo.roll)
    return (plane @ np.array([[cos, sin], [-sin, cos]]) + 1) * pixels / 2


def shaken(points: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Add a detector's errors to landmarks."""
    return points + rng.normal(0, noise, points.shape) * np.hypot(*(points[1] - points[0]))


def named(points: np.ndarray) -> Landmarks:
    """Return landmarks `(5, 2)` by their names."""
    return {name: (float(x), float(y)) for name, (x, y) in zip(LANDMARKS, points, strict=True)}


# A photograph


def forger(steps: Sequence[str], rng: np.random.Generator) -> list[Hold]:
    """Try to follow the steps with a photograph: tilt it far, bend it, move it nearer."""
    frames = performance(steps, rng, turn=rng.uniform(0.3, 1.0), up=rng.uniform(0.3, 0.9))
    bend, axis = rng.uniform(-1.3, 1.3) * (rng.random() < 0.7), rng.uniform(-np.pi / 2, np.pi / 2)
    always = rng.random() < 0.5  # bent from the beginning, or only while it is tilted
    sign = 1 if rng.random() < 0.7 else -1  # a concave photograph has the parallax of the other side
    held = []
    for hold in frames:
        tilt = min(1.0, (abs(hold.yaw) + abs(hold.pitch)) / 0.3)
        now = bend * (1 if always else tilt)
        held.append(replace(hold, yaw=sign * hold.yaw, pitch=sign * hold.pitch, bend=now, axis=axis))
    return held


def carried(places: np.ndarray, hold: Hold, distance: float) -> tuple[np.ndarray, np.ndarray]:
    """Carry places of a photograph into the camera's picture.

    Args:
        places: Floats `(n, 2)` on the flat photograph, in face lengths from the middle of the face.
        hold: How it is held: bent about a cylinder, turned, then seen in perspective.
        distance: Of the camera, in face lengths.

    Returns:
        `(places, visible)`: floats `(n, 2)`, in face lengths of the usual distance, from the middle of the picture, and
        booleans `(n,)`, whether the paper faces the camera there by 10 degrees or more.
    """
    cos, sin = np.cos(hold.axis), np.sin(hold.axis)
    along, across = places @ [-sin, cos], places @ [cos, sin]
    angle = across * hold.bend
    deep = np.zeros_like(across)
    if hold.bend:
        across, deep = np.sin(angle) / hold.bend, (1 - np.cos(angle)) / hold.bend
    x, y, z = _turned(np.stack([cos * across - sin * along, sin * across + cos * along, deep]), hold)
    facing = _turned(np.stack([cos * np.sin(angle), sin * np.sin(angle), -np.cos(angle)]), hold)
    seen = hold.size * distance / (distance + z)
    rays = np.stack([x, y, distance + z])
    cosine = -np.sum(facing * rays, axis=0) / np.linalg.norm(rays, axis=0)
    return np.stack([x * seen + hold.left, y * seen + hold.up], axis=-1), cosine > np.sin(np.radians(10))


def _turned(vectors: np.ndarray, hold: Hold) -> np.ndarray:
    """Turn vectors `(3, n)`: across, down, away from the camera."""
    x, y, z = vectors
    x, z = np.cos(hold.yaw) * x - np.sin(hold.yaw) * z, np.sin(hold.yaw) * x + np.cos(hold.yaw) * z
    y, z = np.cos(hold.pitch) * y - np.sin(hold.pitch) * z, np.sin(hold.pitch) * y + np.cos(hold.pitch) * z
    return np.stack([np.cos(hold.roll) * x - np.sin(hold.roll) * y, np.sin(hold.roll) * x + np.cos(hold.roll) * y, z])


def photograph_film(
    landmarks: Mapping[str, tuple[float, float]],
    steps: Sequence[str],
    seed: int,
    *,
    picture: np.ndarray | None = None,
    size: int = 256,
    noise: float = NOISE,
) -> list[Landmarks | None] | list[np.ndarray]:
    """Film a photograph that somebody moves, tilts and bends to follow the steps.

    Args:
        landmarks: The photograph's, in its pixels.
        steps: As `Challenge.steps`.
        seed: How it is moved.
        picture: The photograph, uint8 `(h, w, 3)`, to make pictures; by default landmarks are made.
        size: Pixels a side of the pictures.
        noise: Of the landmarks, in face lengths.
    """
    rng = np.random.default_rng((seed, 21))
    holds, distance = forger(steps, rng), rng.uniform(6, 15)
    points = np.array([landmarks[name] for name in LANDMARKS], np.float64)
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    middle, length = (eyes + mouth) / 2, float(np.hypot(*(mouth - eyes)))
    if picture is None:
        on_sheet = (points - middle) / length
        frames: list[Landmarks | None] = []
        for hold in holds:
            seen, visible = carried(on_sheet, hold, distance)
            frames.append(named(shaken(seen * 50 + 128, noise, rng)) if visible.all() else None)
        return frames
    return [_seen(picture, middle, length, hold, distance, size) for hold in holds]


def _seen(picture: np.ndarray, middle: np.ndarray, length: float, hold: Hold, distance: float, size: int) -> np.ndarray:
    """Draw a bent sheet by carrying a dense grid of its places; the nearer ones cover the others."""
    side = np.linspace(-2.2, 2.2, 3 * size)
    places = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    from_picture = np.rint(places * length + middle).astype(int)
    inside = np.all((from_picture >= 0) & (from_picture < [picture.shape[1], picture.shape[0]]), axis=1)
    places, from_picture = places[inside], from_picture[inside]
    carried_to, visible = carried(places, hold, distance)
    at = np.rint(carried_to * size / 5 + size / 2).astype(int)
    seen = np.all((at >= 0) & (at < size), axis=1) & visible
    frame = np.full((size, size, 3), 128, np.float32)
    frame[at[seen, 1], at[seen, 0]] = picture[from_picture[seen, 1], from_picture[seen, 0]]
    return np.clip(gaussian_filter(frame, (0.6, 0.6, 0)), 0, 255).astype(np.uint8)
