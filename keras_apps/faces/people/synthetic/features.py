"""Person, photo and view -> eyes, brows, nostrils and mouth painted on the skin."""

from __future__ import annotations

import math

import numpy as np

from keras_apps.faces.people.synthetic.person import Person
from keras_apps.faces.people.synthetic.photo import Photo
from keras_apps.faces.people.synthetic.relief import nose_grid
from keras_apps.faces.people.synthetic.shapes import bump, clamp, paint, part, ridge, sample, soft, tinted
from keras_apps.faces.people.synthetic.view import View

DARK = np.array([0.09, 0.06, 0.06])


def eye(skin: np.ndarray, view: View, person: Person, photo: Photo, side: int) -> None:
    """Paint the eye of one side, -1 or 1: white, iris, pupil, light in it, lids, lashes and crease."""
    middle = side * (person.eye_apart + 0.01 * person.uneven[1] * side)
    level = person.eye_height + 0.014 * person.uneven[2] * side
    at = view.patch(middle, level, 1.5 * person.eye_width, 0.2)
    x, y = (view.x[at] - middle) * side, view.y[at] - level
    y = y + person.eye_tilt * x
    sharp = 1.5 * view.pixel
    t = x / person.eye_width
    t = t - 0.5 * person.eye_peak * (1 - t * t)
    arc = clamp(1 - t * t, 0, 1)
    gape = person.eye_open * photo.squint * (1 - 0.25 * max(0.0, photo.smile)) * (1 + 0.1 * person.uneven[3] * side)
    upper, lower = -gape * np.sqrt(arc), 0.7 * gape * arc
    beside = (np.abs(t) - 1) * person.eye_width
    ball = soft(np.maximum(np.maximum(upper - y, y - lower), beside), sharp)
    planes = part(skin, at)
    paint(planes, person.bag * 0.22 * bump(x, y - 0.09, 0.13, 0.05), person.skin * [0.62, 0.50, 0.52])
    paint(planes, 0.35 * soft(beside - 0.02, 0.1) * ridge(y - upper + 0.05, 0.06), person.skin * [0.72, 0.60, 0.58])
    white = np.array([0.93, 0.91, 0.89]) * 0.97
    paint(planes, ball, tinted(white, clamp(0.72 + (y - upper) * 6, 0, 1)))
    gaze_x, gaze_y = x - side * photo.look_x, y + 0.10 * gape - photo.look_y
    far = np.hypot(gaze_x, gaze_y)
    iris = ball * soft(far - person.iris, sharp)
    glow = 0.75 + 0.5 * clamp(gaze_y / person.iris, -0.6, 1) - 0.55 * clamp(far / person.iris - 0.75, 0, 1) * 2
    paint(planes, iris, tinted(person.eyes, glow))
    paint(planes, ball * soft(far - 0.43 * person.iris, sharp), DARK * 0.5)
    spark = np.hypot(gaze_x * side - 0.4 * person.iris * math.copysign(1, photo.light_x), gaze_y + 0.4 * person.iris)
    paint(planes, iris * soft(spark - 0.02, sharp), np.full(3, 1.25))
    lash = np.abs(y - upper + 0.006) - 0.007 - 0.011 * person.lash * (0.6 + 0.4 * t)
    paint(planes, (0.5 + 0.5 * person.lash) * soft(np.maximum(lash, beside - 0.012), sharp), DARK)
    rim = np.abs(y - lower) - 0.004
    paint(planes, 0.45 * soft(np.maximum(rim, beside), sharp), person.skin * [0.5, 0.33, 0.32])
    crease = np.abs(y - 1.05 * upper + 0.03 + 0.03 * person.lid) - 0.006
    paint(planes, 0.65 * person.lid * soft(np.maximum(crease, beside), sharp), person.skin * [0.5, 0.36, 0.34])


def brow(skin: np.ndarray, view: View, person: Person, photo: Photo, side: int) -> None:
    """Paint the eyebrow of one side, -1 or 1."""
    middle = side * (person.eye_apart + person.brow_inner + 0.012 * person.uneven[4] * side)
    level = person.eye_height - person.brow_height - photo.brow_raise + 0.015 * person.uneven[5] * side
    at = view.patch(middle, level, 1.3 * person.brow_length, 0.16)
    x, y = (view.x[at] - middle) * side, view.y[at] - level
    t = x / person.brow_length
    line = person.brow_arch * (((t - person.brow_peak) / (1 + abs(person.brow_peak))) ** 2 * 1.6 - 0.6)
    line = line - person.brow_tilt * x
    thick = person.brow_thick * clamp(1.0 - 0.35 * t - 0.45 * clamp(t, 0, 2) ** 2, 0.1, 2)
    edge = np.maximum(np.abs(y - line) - thick, (np.abs(t) - 1) * person.brow_length)
    hairs = 0.82 + 0.3 * sample(person.strands, 1.2 * x + 0.6 * y, 0.3 * y)
    paint(part(skin, at), clamp(soft(edge, 0.025 + view.pixel) * hairs, 0, 1), person.brows)


def nostrils(skin: np.ndarray, view: View, person: Person, photo: Photo) -> None:
    """Paint the nostrils, the groove round the wings and the shadow under the nose."""
    at, x, y = nose_grid(view, person, photo)
    y = y - person.nose_end
    planes = part(skin, at)
    tone = person.skin * [0.55, 0.40, 0.38]
    paint(planes, 0.35 * bump(x, y - 0.05, person.nose_wing, 0.035), tone)
    tall = 0.014 + 0.022 * person.nose_turn + 0.05 * max(0.0, -photo.pitch)
    for side in (-1, 1):
        hole = np.hypot((x - side * person.nose_wing * 0.48) / (person.nose_wing * 0.30), (y - 0.005) / tall)
        paint(planes, 0.85 * soft((hole - 1) * tall, 2 * view.pixel), DARK + 0.25 * tone)
        ring = np.hypot((x - side * person.nose_wing * 0.62) / (person.nose_wing * 0.42), (y + 0.035) / 0.065)
        paint(planes, 0.4 * ridge(ring - 1, 0.25) * soft(-side * x + 0.6 * person.nose_wing, 0.08), tone)


def mouth(skin: np.ndarray, view: View, person: Person, photo: Photo) -> None:
    """Paint the lips, and between them, when the mouth is open, teeth and dark."""
    level = person.nose_end + person.mouth_gap
    smile = photo.smile
    half = person.mouth_width * (1 + 0.14 * smile - 0.1 * photo.open)
    at = view.patch(0, level + 0.03, 1.25 * half, 0.36)
    t, y = view.x[at] / half, view.y[at] - level
    arc = clamp(1 - t * t, 0, 1)
    y = y + 0.075 * smile * (t * t - 0.3) + person.lip_tilt * t * t
    gap = (0.015 * max(0.0, smile) + 0.12 * photo.open) * arc
    bow = person.lip_bow * (0.55 * ridge(t, 0.16) - 0.25 * ridge(np.abs(t) - 0.3, 0.2))
    thin = 1 - 0.25 * max(0.0, smile)
    top = -gap * 0.4 - person.lip_upper * thin * arc**0.8 * (1 - bow)
    bottom = gap + person.lip_lower * thin * arc**0.7
    sharp = 1.5 * view.pixel
    beside = (np.abs(t) - 1) * half
    planes = part(skin, at)
    paint(planes, 0.3 * bump(t, y - bottom - 0.035, 0.55, 0.03), person.skin * [0.62, 0.5, 0.48])
    lips = soft(np.maximum(np.maximum(top - y, y - bottom), beside), 0.02 + view.pixel)
    shine = 1.05 - 0.19 * soft(y, 0.01) + 0.12 * bump(t, y - (gap + bottom) / 2, 0.35, 0.02)
    paint(planes, lips, tinted(person.lips, shine))
    inner = np.maximum(np.maximum(-gap * 0.4 - y, y - gap), beside)
    paint(planes, soft(inner, sharp) * clamp(gap * 40, 0, 1), DARK)
    teeth = np.maximum(inner, y - 0.045) + 0.004
    paint(planes, soft(teeth, sharp) * clamp(gap * 30 - 0.2, 0, 0.9), np.array([0.93, 0.90, 0.84]))
    line = np.abs(y - 0.5 * gap) - 0.006
    paint(planes, 0.75 * soft(np.maximum(line, beside), sharp) * clamp(1 - gap * 30, 0, 1), person.lips * 0.35)
    corner = bump(np.abs(t) - 1, y, 0.08, 0.025)
    paint(planes, 0.5 * corner, person.skin * [0.45, 0.32, 0.3])
