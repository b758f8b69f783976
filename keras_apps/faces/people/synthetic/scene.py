"""Photo and view -> the place behind the person, and the glasses in front of the face."""

from __future__ import annotations

import math

import numpy as np

from keras_apps.faces.people.synthetic.person import Person
from keras_apps.faces.people.synthetic.photo import Photo
from keras_apps.faces.people.synthetic.shapes import clamp, paint, part, ridge, soft
from keras_apps.faces.people.synthetic.view import View


def backdrop(view: View, photo: Photo) -> np.ndarray:
    """Return the background: a gradient with soft discs and boards, floats `(3, pixels, pixels)`."""
    axis = np.linspace(-1.4, 1.4, view.pixels // 2, dtype=np.float32)
    x, y = axis[None, :], axis[:, None]
    share = clamp((x * photo.light_x + y + 1.4) / 2.8, 0, 1)
    low, high = photo.backdrop.astype(np.float32)
    planes = low[:, None, None] + (high - low)[:, None, None] * share
    for across, down, size, edge, red, green, blue, board in photo.place.astype(np.float32):
        if board > 0.5:
            away = np.maximum(np.abs(x - across) - size * 0.6, np.abs(y - down) - size * 1.4)
        else:
            away = np.hypot(x - across, y - down) - size
        paint(planes, 0.8 * soft(away, edge), np.array([red, green, blue]))
    # Soft things need no fine grid: it is drawn at half the resolution.
    half = view.pixels // 2
    return np.broadcast_to(planes[:, :, None, :, None], (3, half, 2, half, 2)).reshape(3, 2 * half, 2 * half)


def glasses(planes: np.ndarray, view: View, person: Person, photo: Photo) -> None:
    """Paint rims, bridge, arms and a faint reflection, in place."""
    half, tall, square, thick = photo.glasses
    level = person.eye_height + 0.02
    at = view.patch(0, level, 0.95, 0.35)
    planes = part(planes, at)
    # Glasses stand a little before the face.
    x, y = view.x[at] - 0.05 * math.tan(photo.yaw), view.y[at] - level
    apart = max(person.eye_apart, half + 0.035)
    cross = np.abs(x) - apart
    far = ((np.abs(cross) / half) ** square + (np.abs(y) / tall) ** square) ** (1 / square)
    away = (far - 1) * tall
    sharp = 1.5 * view.pixel
    sheen = ridge(cross - 0.3 * half * math.copysign(1, photo.light_x) - 0.4 * y, 0.05)
    paint(planes, soft(away, sharp) * (0.06 + 0.16 * photo.key * sheen), np.full(3, 0.9))
    rims = np.abs(away) - thick
    bridge = np.maximum(np.abs(y + 0.35 * tall - 0.5 * x * x) - thick, np.abs(x) - apart + 0.9 * half)
    arms = np.maximum(np.abs(y + 0.3 * tall) - thick, apart + half - np.abs(x))
    paint(planes, 0.92 * soft(np.minimum(np.minimum(rims, bridge), arms), sharp) * view.head[at], photo.frame)
