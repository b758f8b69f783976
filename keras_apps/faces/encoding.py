"""Pictures -> aligned chips -> encodings; samples of another rank -> encodings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_apps.faces.detection import MIN_CONFIDENCE, describe, find_faces_in, no_face
from keras_apps.images import Picture, load_image, resize, to_uint8

if TYPE_CHECKING:
    import keras

PICTURES_TOGETHER = 32


def encode(
    tower: keras.Model,
    pictures: Sequence[Picture],
    *,
    aligned: bool = False,
    min_confidence: float = MIN_CONFIDENCE,
) -> np.ndarray:
    """Encode the largest face of each picture. Its chip of 150 x 150 is resized for a tower of another size.

    A tower whose input is not RGB pictures `(n, h, w, 3)`, for instance one of `dimensions.build_tower`, encodes
    samples: arrays of its input's shape, which it gets as they are, and in which no face is looked for.

    Args:
        tower: As `load_tower` returns.
        pictures: Paths, `PIL.Image`s or arrays, as `images.load_image` takes; or a tower's samples.
        aligned: The pictures are the tower's aligned chips already; no face is looked for.
        min_confidence: Faces of which the detector is less sure are left out, in [0, 1].

    Returns:
        float32 `(n, 128)`, or as long as the tower's encodings are.

    Raises:
        NoFaceError: If there is no face in a picture.
        ValueError: If aligned chips have not the tower's height and width, or samples not its input's shape.
        TypeError: If `pictures` is a single picture.

    Example:
        >>> from keras_apps import faces
        >>> encode(faces.load_tower(), ["bundled:obama", "bundled:biden"]).shape
        (2, 128)
    """
    single = isinstance(pictures, (str, bytes)) or hasattr(pictures, "__fspath__") or not hasattr(pictures, "__len__")
    batch_rank = len(tower.input_shape)
    if single or getattr(pictures, "ndim", batch_rank) < batch_rank:
        raise TypeError(f"expected a sequence of pictures, received one {type(pictures).__name__}; put it in a list")
    encodings = []
    for start in range(0, len(pictures), PICTURES_TOGETHER):
        batch = pictures[start : start + PICTURES_TOGETHER]
        if not takes_pictures(tower):
            chips = [_sample(sample, tower) for sample in batch]
        else:
            chips = [_chip(p, tower) for p in batch] if aligned else _largest_chips(batch, min_confidence, tower)
        alike = len({chip.shape for chip in chips}) == 1
        encodings += [encode_chips(tower, np.stack(c)) for c in ([chips] if alike else [[chip] for chip in chips])]
    return np.concatenate(encodings) if encodings else np.zeros((0, tower.output_shape[-1]), np.float32)


def takes_pictures(tower: keras.Model) -> bool:
    """Tell whether a tower's input is RGB pictures, `(n, h, w, 3)`; if not, it takes samples as they are."""
    return len(tower.input_shape) == 4 and tower.input_shape[-1] == 3


def encode_chips(tower: keras.Model, chips: np.ndarray) -> np.ndarray:
    """Encode aligned chips.

    Args:
        tower: As `load_tower` returns.
        chips: `(n, h, w, 3)`, RGB in 0..255, or samples `(n, ...)` of the tower's input shape.

    Returns:
        float32 `(n, d)`.
    """
    return np.asarray(tower.predict_on_batch(np.asarray(chips, np.float32)), np.float32)


def fitted(chip: np.ndarray, tower: keras.Model) -> np.ndarray:
    """Resize an aligned chip to the height and width that a tower takes.

    Args:
        chip: uint8 `(h, w, 3)`, RGB.
        tower: As `load_tower` returns.

    Returns:
        uint8 `(height, width, 3)`; the chip itself where it fits, or the tower takes any size.
    """
    size = tuple(tower.input_shape[1:3])
    return chip if None in size or size == chip.shape[:2] else to_uint8(resize(chip / np.float32(255), size))


def _largest_chips(pictures: Sequence[Picture], min_confidence: float, tower: keras.Model) -> list[np.ndarray]:
    found = find_faces_in(pictures, min_confidence=min_confidence)
    for picture, faces in zip(pictures, found, strict=True):
        if not faces:
            raise no_face(picture)
    return [fitted(faces[0].image, tower) for faces in found]


def _chip(picture: Picture, tower: keras.Model) -> np.ndarray:
    image = load_image(picture)
    wanted = tuple(tower.input_shape[1:3])
    if None not in wanted and image.shape[:2] != wanted:
        raise ValueError(f"expected an aligned chip of {wanted}, received {describe(picture)} of {image.shape[:2]}")
    return image * np.float32(255)


def _sample(sample, tower: keras.Model) -> np.ndarray:
    wanted = tuple(tower.input_shape[1:])
    try:
        array = np.asarray(sample, np.float32)
    except (TypeError, ValueError):
        raise TypeError(f"expected an array {wanted} for this tower, received {type(sample).__name__}") from None
    fits = array.ndim == len(wanted) and all(w in (None, n) for w, n in zip(wanted, array.shape, strict=True))
    if not fits:
        raise ValueError(f"expected an array {wanted} for this tower, received shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"expected an array {wanted} of finite numbers, received some that are not")
    return array
