"""Person and photo -> the picture: layers from back to front, then the lens, the sensor and the grain."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from keras_apps.faces.people.synthetic import features, hair, scene, skin
from keras_apps.faces.people.synthetic.person import Person
from keras_apps.faces.people.synthetic.photo import Photo
from keras_apps.faces.people.synthetic.relief import gloss, normals, relief, shade
from keras_apps.faces.people.synthetic.shapes import clamp, paint, part
from keras_apps.faces.people.synthetic.view import View


def render(person: Person, photo: Photo, size: int) -> np.ndarray:
    """Draw one picture of one person.

    Args:
        person: Who.
        photo: How it is taken; its source of chance is used up by the grain.
        size: Pixels a side.

    Returns:
        uint8 `(size, size, 3)`.
    """
    view = View(person, photo, drawn_at(size))
    planes = scene.backdrop(view, photo)
    half = hair.hair_outline(person, photo)
    at, locks = hair.hair_paint(view, person, photo, half)
    covered = np.zeros_like(view.sx)
    covered[at] = hair.behind_mask(view, person, photo, half, at)
    paint(part(planes, at), covered[at], locks * 0.8)
    skin.neck_and_clothes(planes, view, person, photo, covered)
    near = -1 if photo.yaw > 0 else 1
    skin.ear(planes, view, person, photo, -near)
    front, cast = hair.front_mask(view, person, photo)
    inner = part(planes, view.box)
    paint(inner, view.head, face(view, person, photo, cast))
    skin.ear(planes, view, person, photo, near)
    covered[:] = 0
    # A head half over a pixel would let a rim of skin shine between the hair behind and the hair before.
    covered[view.box] = front * np.minimum(3 * view.head, 1)
    paint(part(planes, at), covered[at], locks)
    if photo.glasses is not None:
        scene.glasses(inner, view, person, photo)
    if photo.cap is not None:
        hair.cap(planes, view, person, photo)
    return develop(planes, view, photo, size)


def drawn_at(size: int) -> int:
    """Return the pixels a side that a picture is drawn with: 3 for 2 of its own, or 2 for 1 where that is uneven.

    Example:
        >>> drawn_at(64), drawn_at(150)
        (96, 300)
    """
    return 2 * size if size % 4 else size + size // 2


def shrink(planes: np.ndarray, size: int) -> np.ndarray:
    """Average the rows of what was drawn at `drawn_at(size)` into the picture's: pairs, or two of three.

    Args:
        planes: Floats `(3, drawn_at(size), w)`.
        size: Rows wanted.

    Returns:
        Floats `(3, size, w)`.

    Example:
        >>> shrink(np.array([0.0, 3.0, 6.0] * 2).reshape(1, 6, 1), 4).ravel().tolist()
        [1.0, 5.0, 1.0, 5.0]
    """
    if planes.shape[1] == 2 * size:
        return (planes[:, ::2] + planes[:, 1::2]) * 0.5
    first, middle, last = (planes[:, start::3] for start in range(3))
    small = np.empty((len(planes), size, planes.shape[2]), planes.dtype)
    small[:, ::2] = (first + 0.5 * middle) * (1 / 1.5)
    small[:, 1::2] = (last + 0.5 * middle) * (1 / 1.5)
    return small


def face(view: View, person: Person, photo: Photo, cast: np.ndarray) -> np.ndarray:
    """Return the lit face, planes `(3, pixels, pixels)`; `cast` is the shadow of the hair, in [0, 1]."""
    planes = skin.complexion(view, person, photo)
    for side in (-1, 1):
        features.eye(planes, view, person, photo, side)
        features.brow(planes, view, person, photo, side)
    features.nostrils(planes, view, person, photo)
    features.mouth(planes, view, person, photo)
    normal = normals(view, relief(view, person, photo))
    light = shade(photo, normal) * (1 - 0.28 * cast)
    planes *= light
    planes += 0.5 * person.shine * gloss(photo, normal)
    return planes


def develop(planes: np.ndarray, view: View, photo: Photo, size: int) -> np.ndarray:
    """Turn the scene into a photograph: sensor, lens blur, exposure, white balance, vignette, gamma, grain."""
    planes = shrink(shrink(planes, size).swapaxes(1, 2), size).swapaxes(1, 2)
    if photo.blur * size > 0.2:
        for axis in (1, 2):
            planes = gaussian_filter1d(planes, photo.blur * size, axis=axis, mode="nearest", truncate=3)
    balance = photo.exposure * np.array([1 + photo.warm, 1 + photo.green, 1 - photo.warm], np.float32)
    squared = ((np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1) ** 2
    dim = 1 - photo.vignette * 0.5 * (squared + squared[:, None])
    planes = np.maximum(planes * balance[:, None, None] * dim, 1e-4)
    # A film's shoulder: what is over-lit bends towards white instead of being cut.
    planes = np.where(planes > 0.8, 0.8 + 0.2 * np.tanh((planes - 0.8) * 2.5), planes)
    planes = np.exp(photo.gamma * np.log(planes)) * 255
    planes += photo.grain * photo.rng.standard_normal(planes.shape, dtype=np.float32)
    return clamp(planes + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0)
