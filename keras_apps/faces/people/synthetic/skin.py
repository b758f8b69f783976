"""Person and view -> the colour of the skin: blush, freckles, moles, beard, and the ears and neck."""

from __future__ import annotations

import math

import numpy as np

from keras_apps.faces.people.synthetic.person import Person
from keras_apps.faces.people.synthetic.photo import Photo
from keras_apps.faces.people.synthetic.shapes import bump, clamp, paint, part, ridge, sample, soft, tinted
from keras_apps.faces.people.synthetic.view import View


def complexion(view: View, person: Person, photo: Photo) -> np.ndarray:
    """Return the head's skin without its features, floats `(3, pixels, pixels)` in [0, 1]."""
    level = 1 - sample(person.mottle, view.x * 0.6, view.y * 0.6)
    planes = np.stack([tone * level for tone in person.skin]).astype(np.float32)
    planes[2] *= level
    rosy = person.skin * [1.0, 0.72, 0.72]
    for side in (-1, 1):
        at = view.patch(side * 0.4, person.cheek_height, 0.35, 0.3)
        paint(
            part(planes, at),
            person.blush * bump(view.x[at] - side * 0.4, view.y[at] - person.cheek_height, 0.2, 0.16),
            rosy,
        )
    at = view.patch(0, person.nose_end - 0.05, 0.3, 0.25)
    paint(part(planes, at), person.blush * bump(view.x[at], view.y[at] - person.nose_end + 0.05, 0.14, 0.1), rosy)
    _beard(planes, view, person, photo)
    for x, y, radius, dark in person.moles:
        at = view.patch(x, y, 2 * radius, 2 * radius)
        spot = soft(np.hypot(view.x[at] - x, view.y[at] - y) - radius, max(radius, 1.5 * view.pixel))
        paint(part(planes, at), spot * dark, person.skin * [0.38, 0.28, 0.24])
    return planes


def _beard(planes: np.ndarray, view: View, person: Person, photo: Photo) -> None:
    if not person.beard and not person.moustache:
        return
    mouth = person.nose_end + person.mouth_gap
    at = view.patch(0, mouth + 0.15, 0.85, 0.65)
    x, y = view.x[at], view.y[at]
    hairs = 0.8 + 0.35 * sample(person.strands, x * 0.9, y * 0.5)
    side = np.abs(view.u[at])
    begins = mouth - 0.06 + 0.16 * person.beard_line - (0.62 + 0.2 * person.beard_line) * clamp(side - 0.45, 0, 1)
    cheeks = soft(begins - y, 0.16)
    cheeks *= 1 - bump(x, y - mouth - 0.03, person.mouth_width * 0.8, 0.09)
    middle = mouth - person.lip_upper - 0.035
    lip = soft(np.abs(y - middle - 0.25 * x * x / person.mouth_width) - 0.045, 0.06)
    lip *= soft(np.abs(x) - person.mouth_width * 0.95, 0.1)
    mask = clamp(np.maximum(cheeks * person.beard, lip * person.moustache) * hairs, 0, 0.95)
    paint(part(planes, at), mask, person.brows * 0.85 + 0.05 * person.skin)


def ear(planes: np.ndarray, view: View, person: Person, photo: Photo, side: int) -> None:
    """Paint the ear of one side, -1 or 1, in place."""
    cos, sin, *_ = view.pose
    wide = view.half_width(person.ear_height)
    x = side * (wide * cos + person.ear_out * 0.6) - 0.12 * sin
    y = person.ear_height + 0.02 * person.uneven[1] * side - 0.8 * photo.pitch * 0.4
    size = person.ear_size
    at = view.patch(x, y, size, 1.3 * size, flat=True)
    across = (view.sx[at] - x) / (0.55 * size + 0.3 * person.ear_out + 0.5 * abs(sin) * size)
    down = (view.sy[at] - y) / size
    far = np.hypot(across + 0.18 * side * down, down)
    lit = photo.ambient + photo.key * float(clamp(0.35 + 0.55 * side * photo.light_x, 0.05, 1))
    shape = soft((far - 1) * size * 0.6, 1.5 * view.pixel)
    tone = person.skin * [1.0, 0.9, 0.88] * lit
    paint(part(planes, at), shape, tone)
    hollow = ridge(far - 0.62, 0.2) * 0.35 + 0.3 * bump(across + 0.25 * side, down - 0.1, 0.35, 0.4)
    paint(part(planes, at), shape * hollow, tone * [0.55, 0.42, 0.40])


def neck_and_clothes(planes: np.ndarray, view: View, person: Person, photo: Photo, behind: np.ndarray) -> None:
    """Paint shoulders, collar and neck, in place, the shirt under and the neck over the long hair `behind`.

    Args:
        planes: The picture.
        view: Its grids.
        person: Whose neck.
        photo: Which clothes.
        behind: Coverage of the hair that hangs behind the head; the neck's shadow is deeper there.
    """
    at = view.patch(0, 1.2, 2.0, 0.9, flat=True)
    planes, behind, sx, sy = part(planes, at), behind[at], view.sx[at], view.sy[at]
    middle = -0.08 * math.sin(photo.yaw)
    half = person.head_width * person.neck
    x = sx - middle
    width = half + 0.25 * clamp(sy - person.chin - 0.02, 0, 1) ** 2
    shade = photo.ambient + photo.key * clamp(0.45 + 0.5 * photo.light_x * x / half, 0, 1)
    shoulders = soft(person.chin + 0.12 + 0.35 * x * x - sy - 0.06, 2 * view.pixel)
    cloth, bands = photo.clothes
    paint(planes, shoulders * (1 - behind), tinted(cloth, shade))
    if photo.stripes:
        paint(planes, shoulders * (1 - behind) * soft(np.sin(sy * photo.stripes * 2), 0.5), tinted(bands, shade))
    collar = person.chin + photo.collar - photo.collar_slope * np.abs(x)
    skin = soft(np.abs(x) - width, 2 * view.pixel) * soft(np.maximum(sy - collar, 0.3 - sy), 2 * view.pixel)
    cast = 0.55 + 0.45 * clamp((sy - person.chin - 0.05 + 0.4 * photo.light_y) / 0.4, 0, 1)
    paint(planes, skin, tinted(person.skin * [1.0, 0.95, 0.93], shade * cast))
