"""Person, photo and view -> the relief of the face (brow, nose, lips, cheeks, folds) and how light falls on it."""

from __future__ import annotations

import math

import numpy as np

from keras_apps.faces.people.synthetic.person import Person
from keras_apps.faces.people.synthetic.photo import Photo
from keras_apps.faces.people.synthetic.shapes import bump, clamp, ridge
from keras_apps.faces.people.synthetic.view import View


def relief(view: View, person: Person, photo: Photo) -> np.ndarray:
    """Return how far the features rise over the smooth head, in half heads, floats `(pixels, pixels)`."""
    height = np.zeros_like(view.x)

    def hill(x: float, y: float, width: float, tall: float, rise: float) -> None:
        at = view.patch(x, y, 2.2 * width, 2.2 * tall)
        if rise and height[at].size:
            height[at] += rise * bump(view.x[at] - x, view.y[at] - y, width, tall)

    eye, smile = person.eye_height, max(0.0, photo.smile)
    mouth = person.nose_end + person.mouth_gap
    for side in (-1, 1):
        apart = side * person.eye_apart
        hill(apart, eye - person.brow_height * 0.8, 0.2, 0.07, person.brow_ridge)
        hill(apart, eye - 0.01, 0.17, 0.11, -0.07 * person.socket)
        hill(apart, eye, 0.11, 0.075, 0.045)
        hill(apart, eye + 0.12, 0.1, 0.025, 0.014 * person.bag)
        hill(side * (0.40 + 0.02 * smile), person.cheek_height - 0.05 * smile, 0.17, 0.13, person.cheek + 0.04 * smile)
        _fold(view, height, side, person, photo)
        hill(side * (person.mouth_width + 0.05), mouth - 0.04 * smile, 0.04, 0.06, -0.015 - 0.015 * smile)
    hill(0, mouth - person.lip_upper * 0.5, person.mouth_width * 0.9, 0.07, 0.04)
    hill(0, mouth + person.lip_lower * 0.6 + 0.06 * photo.open, person.mouth_width * 0.7, 0.06, 0.035)
    hill(0, mouth + person.lip_lower + 0.08, 0.14, 0.045, -0.025)
    chin = person.chin - 0.14 + 0.06 * photo.open
    hill(0, chin, 0.17, 0.12, person.chin_high)
    hill(0, chin + 0.02, 0.025, 0.06, min(0.0, person.chin_cleft))
    hill(0, person.nose_end + 0.1, 0.025, 0.06, -0.015)
    if person.age > 0.35:
        at = view.patch(0, -0.5, 0.5, 0.25)
        lines = np.sin(view.y[at] * 62 + 2.5 * view.x[at] ** 2)
        height[at] += (person.age - 0.35) * 0.012 * lines * bump(view.x[at], view.y[at] + 0.47, 0.3, 0.14)
    nose(view, person, photo, height)
    return height


def _fold(view: View, height: np.ndarray, side: int, person: Person, photo: Photo) -> None:
    """Carve the fold from the wing of the nose to beside the mouth; a smile deepens it."""
    top, bottom = person.nose_end - 0.02, person.nose_end + person.mouth_gap + 0.08
    at = view.patch(side * 0.27, (top + bottom) / 2, 0.16, 0.25)
    y = (view.y[at] - top) / (bottom - top)
    bend = person.nose_wing + 0.04 + (0.13 + 0.05 * max(0.0, photo.smile)) * clamp(y, 0, 1.2)
    depth = (person.fold * (0.5 + person.age) + 0.016 * max(0.0, photo.smile)) * ridge(y - 0.45, 0.5)
    height[at] -= depth * ridge(view.x[at] * side - bend, 0.035)


def nose_grid(view: View, person: Person, photo: Photo) -> tuple[tuple[slice, slice], np.ndarray, np.ndarray]:
    """Return the nose's part of the picture, and x and y there as the nose, standing out, shows them.

    What stands out by h is seen shifted by h times the tangent of the yaw and of the pitch.
    """
    root, end = person.eye_height - 0.05, person.nose_end
    at = view.patch(0, (root + end) / 2, 0.40, (end - root) / 2 + 0.2)
    x, y = view.x[at], view.y[at]
    rise = clamp((y - root) / (end - root), 0, 1) * clamp((end + 0.14 - y) / 0.14, 0, 1)
    lift = 1.5 * person.nose_high * rise * ridge(x, person.nose_wing + 0.15)
    x = x - lift * math.tan(photo.yaw) - person.nose_bend * rise * side_of(person)
    return at, x, y - lift * math.tan(photo.pitch)


def side_of(person: Person) -> float:
    """Return to which side the person's face leans, -1 or 1."""
    return 1.0 if person.uneven[0] > 0 else -1.0


def nose(view: View, person: Person, photo: Photo, height: np.ndarray) -> None:
    """Raise the nose: its bridge, hump, tip and wings, in place."""
    at, x, y = nose_grid(view, person, photo)
    root, end, high = person.eye_height - 0.05, person.nose_end, person.nose_high
    place = clamp((y - root) / (end - root), 0, 1.2)
    wide = person.nose_bridge + (person.nose_tip - person.nose_bridge) * place**2
    below = clamp((end + 0.03 - y) / 0.07, 0, 1)
    rise = high * (0.25 + 0.75 * place ** (1.0 + 0.7 * person.nose_turn)) * below
    rise += person.nose_hump * ridge(place - 0.45, 0.22)
    rise *= clamp((y - root + 0.12) / 0.12, 0, 1)
    height[at] += rise * np.exp(-np.square(x / wide))
    tip = end - 0.035 - 0.03 * person.nose_turn
    height[at] += 0.35 * high * bump(x, y - tip, person.nose_tip * 0.75, 0.06)
    for side in (-1, 1):
        wing = person.nose_wing * 0.72 + 0.01 * max(0.0, photo.smile)
        height[at] += 0.05 * bump(x - side * wing, y - end + 0.025, 0.055, 0.05)


def normals(view: View, height: np.ndarray) -> list[np.ndarray]:
    """Tilt the head's normals by the slope of its relief; three grids, unit length together."""
    rate = 1 / (2 * view.pixel)
    across, down, near = view.normal
    slope_x, slope_y = np.zeros_like(height), np.zeros_like(height)
    slope_x[:, 1:-1] = (height[:, 2:] - height[:, :-2]) * rate
    slope_y[1:-1] = (height[2:] - height[:-2]) * rate
    across, down = across - slope_x, down - slope_y
    near = np.maximum(near, 0.05)
    length = 1 / np.sqrt(across * across + down * down + near * near)
    return [across * length, down * length, near * length]


def light_direction(photo: Photo) -> np.ndarray:
    """Return the unit vector towards the light: across, down, towards the camera."""
    light = np.array([photo.light_x, photo.light_y, 0.75])
    return (light / np.linalg.norm(light)).astype(np.float32)


def shade(photo: Photo, normal: list[np.ndarray]) -> np.ndarray:
    """Return the light on a surface: ambient, and a key light that reaches a little past the edge (wrapped).

    Args:
        photo: Direction and strength of the light.
        normal: Three grids, unit length together.

    Returns:
        Floats >= 0, about 1 where the light falls straight.
    """
    light = light_direction(photo)
    facing = normal[0] * light[0] + normal[1] * light[1] + normal[2] * light[2]
    return photo.ambient + photo.key * clamp((facing + 0.25) / 1.25, 0, 1)


def gloss(photo: Photo, normal: list[np.ndarray]) -> np.ndarray:
    """Return the mirrored light of an oily surface, in [0, 1], by Blinn's half vector and the 16th power."""
    half = light_direction(photo) + np.array([0, 0, 1], np.float32)
    half /= np.linalg.norm(half)
    facing = np.maximum(normal[0] * half[0] + normal[1] * half[1] + normal[2] * half[2], 0)
    for _ in range(4):
        facing *= facing
    return photo.key * facing
