"""Pictures -> aligned chips -> encodings; samples of another rank -> encodings."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_apps._checks import check_choice
from keras_apps.faces.detection import MIN_CONFIDENCE, find_faces_in, no_face, no_face_warning
from keras_apps.faces.towers.registry import encoding_length, input_shape_of, layout_of, tower_of
from keras_apps.images import Picture, describe, is_one_picture, load_image, resize, to_uint8

if TYPE_CHECKING:
    import keras

    from keras_apps.faces.towers.exported import ExportedTower

PICTURES_TOGETHER = 32


def encode(
    tower: keras.Model | ExportedTower,
    pictures: Sequence[Picture] | np.ndarray,
    *,
    aligned: bool = False,
    min_confidence: float = MIN_CONFIDENCE,
    missing: str = "raise",
    progress: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """Encode the largest face of each picture, cut out and aligned as the tower expects it.

    A tower whose input is not RGB pictures `(n, h, w, 3)`, for instance one of `dimensions.build_tower`, encodes
    samples: arrays of its input's shape. They are passed on unchanged, and no face is looked for.

    Args:
        tower: As `load_tower` returns; any Keras model from pictures to encodings `(n, d)`; or a model around such a
            tower: a `TripletModel`, a `VerificationModel` or a `SoftmaxIdentifier`.
        pictures: Paths, bytes, open files, `PIL.Image`s or arrays, as `images.load_image` takes; or samples for the
            tower.
        aligned: The pictures are aligned chips of the tower's size; no face is looked for.
        min_confidence: Faces whose detection confidence is lower are ignored, in [0, 1].
        missing: What a picture without a face does: `"raise"` an error, or give a row of NaN (`"nan"`). One
            `NoFaceWarning` then tells how many there are; a gallery accepts no encoding with NaN. Pictures that cannot
            be read are errors all the same.
        progress: Called once for each picture, after its encoding.

    Returns:
        float32 `(n, d)`; d is 128 for the bundled towers.

    Raises:
        NoFaceError: If a picture shows no face, and `missing` is `"raise"`.
        ValueError: If an aligned chip does not have the tower's height and width, a sample does not have its input's
            shape, or the tower has not been built.
        TypeError: If `pictures` is a single picture.

    Example:
        >>> from keras_apps import faces
        >>> encode(faces.load_tower(), ["bundled:astronaut", "bundled:hopper"]).shape
        (2, 128)
    """
    tower = tower_of(tower)
    single = is_one_picture(pictures) or not hasattr(pictures, "__len__")
    batch_rank = len(input_shape_of(tower))
    if single or getattr(pictures, "ndim", batch_rank) < batch_rank:
        raise TypeError(f"expected a sequence of pictures, received one {type(pictures).__name__}; put it in a list")
    check_choice("missing", missing, ("raise", "nan"))
    encodings: list[np.ndarray] = []
    without_face: list[int] = []
    for start in range(0, len(pictures), PICTURES_TOGETHER):
        batch = pictures[start : start + PICTURES_TOGETHER]
        chips: list[np.ndarray | None]
        if not takes_pictures(tower):
            chips = [_sample(sample, tower) for sample in batch]
        elif aligned:
            chips = [_chip(picture, tower) for picture in batch]
        else:
            chips = _largest_chips(batch, min_confidence, tower, missing)
        without_face += [start + number for number, chip in enumerate(chips) if chip is None]
        encodings += _encode_some(tower, chips)
        for _ in batch:
            progress()
    if without_face:
        warnings.warn(no_face_warning(pictures, without_face, "their encodings are NaN"), stacklevel=2)
    return np.stack(encodings) if encodings else np.zeros((0, encoding_length(tower)), np.float32)


def _encode_some(tower: keras.Model | ExportedTower, chips: Sequence[np.ndarray | None]) -> list[np.ndarray]:
    """Return an encoding `(d,)` for each chip, of NaN for `None`; chips of one shape go through the tower together."""
    given = [chip for chip in chips if chip is not None]
    one_shape = len({chip.shape for chip in given}) == 1
    groups = [given] if one_shape else [[chip] for chip in given]
    found = iter([encoding for group in groups for encoding in encode_chips(tower, np.stack(group))])
    return [np.full(encoding_length(tower), np.nan, np.float32) if chip is None else next(found) for chip in chips]


def takes_pictures(tower: keras.Model | ExportedTower) -> bool:
    """Return whether a tower's input is RGB pictures, `(n, h, w, 3)`; other towers take samples unchanged."""
    shape = input_shape_of(tower)
    return len(shape) == 4 and shape[-1] == 3


def encode_chips(tower: keras.Model | ExportedTower, chips: np.ndarray) -> np.ndarray:
    """Encode aligned chips of the tower's size.

    Args:
        tower: As `load_tower` returns.
        chips: `(n, h, w, 3)`, RGB in 0..255, or samples `(n, ...)` of the tower's input shape.

    Returns:
        float32 `(n, d)`.
    """
    return np.asarray(tower.predict_on_batch(np.asarray(chips, np.float32)), np.float32)


def resize_chip(chip: np.ndarray, tower: keras.Model | ExportedTower) -> np.ndarray:
    """Resize an aligned chip to the height and width of a tower's input.

    Args:
        chip: uint8 `(h, w, 3)`, RGB.
        tower: As `load_tower` returns.

    Returns:
        uint8 `(height, width, 3)`; the chip itself where it has that size, or the tower takes any size.
    """
    height, width = input_shape_of(tower)[1:3]
    if height is None or width is None or (height, width) == chip.shape[:2]:
        return chip
    return to_uint8(resize(chip / np.float32(255), (height, width)))


def _largest_chips(
    pictures: Sequence[Picture] | np.ndarray, min_confidence: float, tower: keras.Model | ExportedTower, missing: str
) -> list[np.ndarray | None]:
    faces_of_pictures = find_faces_in(list(pictures), min_confidence=min_confidence, layout=layout_of(tower))
    for picture, faces in zip(pictures, faces_of_pictures, strict=True):
        if not faces and missing == "raise":
            raise no_face(picture)
    return [resize_chip(faces[0].image, tower) if faces else None for faces in faces_of_pictures]


def _chip(picture: Picture, tower: keras.Model | ExportedTower) -> np.ndarray:
    image = load_image(picture)
    expected = input_shape_of(tower)[1:3]
    if None not in expected and image.shape[:2] != expected:
        raise ValueError(f"expected an aligned chip of {expected}, received {describe(picture)} of {image.shape[:2]}")
    return image * np.float32(255)


def _sample(sample: object, tower: keras.Model | ExportedTower) -> np.ndarray:
    expected = input_shape_of(tower)[1:]
    try:
        array = np.asarray(sample, np.float32)
    except (TypeError, ValueError):
        raise TypeError(f"expected an array {expected} for this tower, received {type(sample).__name__}") from None
    if array.ndim != len(expected) or any(
        size not in (None, actual) for size, actual in zip(expected, array.shape, strict=True)
    ):
        raise ValueError(f"expected an array {expected} for this tower, received shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"expected an array {expected} of finite numbers, received NaN or infinity in it")
    return array
