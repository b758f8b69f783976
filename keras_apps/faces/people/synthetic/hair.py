"""Person and view -> hair behind the head and over it, and the cap."""

from __future__ import annotations

import math

import numpy as np

from keras_apps.faces.people.synthetic.person import Person
from keras_apps.faces.people.synthetic.photo import Photo
from keras_apps.faces.people.synthetic.relief import gloss, shade
from keras_apps.faces.people.synthetic.shapes import clamp, paint, part, ridge, sample, soft, tinted
from keras_apps.faces.people.synthetic.view import HEIGHTS, View


def hair_outline(person: Person, photo: Photo) -> np.ndarray:
    """Return the half width of the hair as seen at each of `HEIGHTS`, 0 where there is none."""
    seen = math.hypot(math.cos(photo.yaw), person.depth * math.sin(photo.yaw))
    wide = (person.head_width + person.hair_side) * seen
    top = person.head_top + person.hair_high
    above = np.sqrt(1 - clamp(-HEIGHTS / top, 0, 1) ** person.head_dome)
    if person.style == "fringe of hair":
        above = above * clamp((HEIGHTS + 0.75) / 0.3, 0, 1) ** 0.5
    hang = 1 + 0.22 * person.fringe * clamp(HEIGHTS, 0, 2)
    end = clamp((person.hair_end + 0.12 - HEIGHTS) / 0.3, 0, 1) ** 0.4
    return wide * above * hang * end


def hair_paint(view: View, person: Person, photo: Photo, half: np.ndarray) -> tuple[tuple[slice, slice], np.ndarray]:
    """Return the part of the picture that can hold hair, and the hair's lit colour there: strands, roundness, gloss."""
    top, bottom = person.head_top + person.hair_high, max(0.35, person.hair_end + 0.15)
    top += 1.6 * person.bun[0] if person.style == "bun" else 0.1 * top
    at = view.patch(0, (bottom - top) / 2, 1.1 * float(half.max()), (bottom + top) / 2, flat=True)
    sx, sy = view.sx[at], view.sy[at]
    across = clamp(sx / np.maximum(view.take(half, at), 0.3), -1, 1)
    down = clamp((sy + 0.15) / (person.head_top + person.hair_high), -1, 0.2)
    flat = across * across + down * down
    near = np.maximum(0.12, 1 - flat)
    long = 1 / np.sqrt(flat + near)
    normal = [across * long, down * long, np.sqrt(near) * long]
    if person.curl:
        levels = sample(person.strands, sx * 0.45, sy * 0.45)
    else:
        fan = (sx - person.hair_part) / (0.55 + clamp(sy + person.head_top, 0, 1.1))
        fan = fan + person.hair_wave * np.sin(sy * 9 + 3 * person.hair_part)
        levels = sample(person.strands, fan * person.hair_fine * 0.14, sy * 0.06)
    light = shade(photo, normal) * (0.85 + 0.38 * levels)
    shine = person.hair_gloss * gloss(photo, normal) * (0.6 + 0.4 * levels) * 0.5
    return at, tinted(person.hair, light) + tinted(0.25 + 0.75 * person.hair, shine)


def behind_mask(view: View, person: Person, photo: Photo, half: np.ndarray, at: tuple[slice, slice]) -> np.ndarray:
    """Return the coverage of the hair behind the head, in a part of the picture."""
    sx, sy = view.sx[at], view.sy[at]
    if person.style == "bald":
        return np.zeros_like(sx)
    rough = 1 + 0.10 * sample(person.strands, sx * 0.25, sy * 0.25) if person.curl else 1.0
    mask = view.inside(at, half, -0.06 * math.sin(photo.yaw), rough, 1.5 + 3 * person.curl)
    if person.style == "bun":
        size, lean = person.bun
        away = np.hypot(sx - 0.4 * lean, (sy + person.head_top + 0.55 * size) * 1.15)
        mask = np.maximum(mask, soft(away - size, 2 * view.pixel))
    return mask


def front_mask(view: View, person: Person, photo: Photo) -> tuple[np.ndarray, np.ndarray]:
    """Return the coverage of the hair over the face, and the shadow it casts on the skin below, in [0, 1]."""
    side = np.abs(view.u)
    if person.style == "bald":
        return np.zeros_like(side), np.zeros_like(side)
    jag = 0.05 * sample(person.strands, view.x * 0.35 * (1 + person.curl), view.y * (0.05 + 0.3 * person.curl))
    if person.style == "fringe of hair":
        line = -1.35 + 1.4 * side**3.0
    else:
        line = person.hairline + person.hair_peak * ridge(view.x, 0.1)
        line = line - person.hair_recede * ridge(side - 0.6, 0.22)
        line = line + (0.12 - person.hairline) * side**person.hair_drop * side
        if person.fringe:
            hang = person.fringe * (1 - 0.5 * side**2) + person.swoop * view.u
            parted = ridge(view.x - person.hair_part, 0.10) * person.fringe * 0.6
            line = line + np.maximum(hang - parted, 0) * soft(side - 0.95, 0.3)
    line = line + jag
    rows = line - view.y
    mask = soft(-rows, 0.03 + 2 * view.pixel)
    if person.hair_end > 0.1:
        lock = side - 1 + person.cover * (0.75 + 0.25 * np.cos(3 * view.y + 2 * person.hair_part)) + jag
        locks = soft(-lock, 0.05 + view.pixel) * soft(view.sy[view.box] - person.hair_end, 0.15)
        mask = np.maximum(mask, locks)
    return mask, clamp(1 - (view.y - line) / 0.16, 0, 1)


def cap(planes: np.ndarray, view: View, person: Person, photo: Photo) -> None:
    """Paint a cap with its peak over head and hair, in place."""
    tall = person.head_top + max(0.06, person.hair_high * 0.7)
    wide = person.head_width + 0.05 + 0.3 * person.hair_side
    brim = person.eye_height - person.brow_height - 0.16
    dome = wide * np.sqrt(1 - clamp(-HEIGHTS / tall, 0, 1) ** 2.6)
    x, y = view.project(0.0, brim)
    at = view.patch(0, (brim - tall) / 2, wide, (tall - abs(brim)) / 2 + 0.3, flat=True)
    planes, sx, sy = part(planes, at), view.sx[at], view.sy[at]
    round_ = clamp(sx / wide, -1, 1)
    below = soft(sy - y + 0.10 * round_**2, 2 * view.pixel)
    light = shade(photo, [round_, np.full_like(round_, -0.3), np.sqrt(np.maximum(0.1, 0.91 - round_**2))])
    seams = 1 - 0.25 * ridge(np.abs(round_) - 0.33, 0.03)
    paint(planes, view.inside(at, dome) * below, tinted(photo.cap, light * seams))
    rim = np.hypot((sx - x - 0.25 * math.sin(photo.yaw)) / (wide * 0.8), (sy - y) / 0.13)
    peak = soft((rim - 1) * 0.13, 2 * view.pixel) * soft(y - 0.05 - sy, 2 * view.pixel)
    paint(planes, peak, tinted(photo.cap, 0.75 * light))
