"""Picture -> faces: where they are, how sure the detector is, and the aligned chip of each."""

from __future__ import annotations

import functools
import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_apps._checks import is_whole
from keras_apps.faces.alignment import align
from keras_apps.images import Picture, describe, load_image, name_of, resize

if TYPE_CHECKING:
    import tensorflow as tf

LARGEST_SIDE = 1024
SMALLEST_FACE = 20
MIN_CONFIDENCE = 0.9
PIXELS_TOGETHER = 1_000_000
VALUES_HELD = 48_000_000
CANDIDATES = 1500
"""Largest number of candidates, of one scale in one picture, that the detector examines in its second stage; its memory
grows with the square of this number."""
LANDMARKS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")


class NoFaceError(ValueError):
    """A picture shows no face."""


class SeveralFacesError(ValueError):
    """A picture shows several faces where one was expected."""


class NoFaceWarning(UserWarning):
    """Some of many pictures show no face, and were left out or have no encoding.

    Attributes:
        indices: Their places among the pictures, from 0.
    """

    indices: tuple[int, ...] = ()


LISTED = 5
"""Pictures that a warning names."""


def no_face_warning(
    pictures: Sequence[Picture] | np.ndarray, indices: Sequence[int], what_happens: str
) -> NoFaceWarning:
    """Return the warning for pictures without a face.

    Args:
        pictures: All pictures.
        indices: Places of those without a face.
        what_happens: To them, for instance `"left out"`.
    """
    unnamed = [i for i in indices[:LISTED] if name_of(pictures[i]) is None]
    named = [f"picture {i + 1}" if i in unnamed else describe(pictures[i]) for i in indices[:LISTED]]
    more = f" and {len(indices) - LISTED} more" if len(indices) > LISTED else ""
    warning = NoFaceWarning(
        f"no face was found in {len(indices)} of {len(pictures)} pictures, {what_happens}: {', '.join(named)}{more}"
    )
    warning.indices = tuple(indices)
    return warning


@dataclass(frozen=True)
class FaceCrop:
    """One face of a picture.

    Attributes:
        image: The aligned chip, uint8 `(150, 150, 3)`, RGB.
        box: `(left, top, right, bottom)` in pixels of the picture.
        landmarks: `{"left_eye": (x, y), "right_eye", "nose", "mouth_left", "mouth_right"}` in pixels of the
            picture; left is the viewer's.
        confidence: The detector's, in [0, 1].
    """

    image: np.ndarray
    box: tuple[float, float, float, float]
    landmarks: dict[str, tuple[float, float]]
    confidence: float


def find_faces(picture: Picture, *, min_confidence: float = MIN_CONFIDENCE) -> list[FaceCrop]:
    """Find and align the faces of a picture.

    The detector looks at a copy whose longer side is at most 1024 pixels; the chips are cut from the picture itself.

    Args:
        picture: A path, bytes, an open file, a `PIL.Image` or an array, as `images.load_image` takes.
        min_confidence: Faces whose confidence is lower are left out, in [0, 1].

    Returns:
        The faces, largest first; an empty list where there is none, and for pictures with a side below 20 pixels.

    Raises:
        ValueError, TypeError, FileNotFoundError: As `images.load_image`.

    Reference:
        Zhang et al., "Joint Face Detection and Alignment using Multi-task Cascaded Convolutional Networks", 2016.
    """
    return find_faces_in([picture], min_confidence=min_confidence)[0]


def find_faces_in(pictures: Sequence[Picture], *, min_confidence: float = MIN_CONFIDENCE) -> list[list[FaceCrop]]:
    """Find the faces of several pictures. Pictures of one size go through the detector together, which is faster.

    Args:
        pictures: As for `find_faces`; any number, as only a few at a time are in memory.
        min_confidence: As for `find_faces`.

    Returns:
        For each picture what `find_faces` returns for it.
    """
    faces: list[list[FaceCrop]] = []
    loaded: list[np.ndarray] = []
    for picture in pictures:
        loaded.append(load_image(picture))
        if sum(image.size for image in loaded) > VALUES_HELD:
            faces += _find_in_loaded(loaded, min_confidence)
            loaded = []
    return faces + _find_in_loaded(loaded, min_confidence)


def _find_in_loaded(loaded: list[np.ndarray], min_confidence: float) -> list[list[FaceCrop]]:
    seen = [resize(image, LARGEST_SIDE) if max(image.shape[:2]) > LARGEST_SIDE else image for image in loaded]
    by_size: dict[tuple[int, ...], list[int]] = {}
    for index, image in enumerate(seen):
        if min(image.shape[:2]) >= SMALLEST_FACE:
            by_size.setdefault(image.shape, []).append(index)
    faces: list[list[FaceCrop]] = [[] for _ in loaded]
    for shape, indices in by_size.items():
        together = max(1, PIXELS_TOGETHER // (shape[0] * shape[1]))
        for start in range(0, len(indices), together):
            batch = indices[start : start + together]
            for row in _detect(np.stack([seen[i] for i in batch])):
                index = batch[int(row[0])]
                if row[5] >= min_confidence:
                    faces[index].append(_face(loaded[index], row, seen[index].shape))
    return [sorted(of_picture, key=lambda face: -_area(face.box)) for of_picture in faces]


def some_faces(picture: Picture) -> list[FaceCrop]:
    """Find the faces of a picture that must show at least one; as `find_faces` otherwise.

    Raises:
        NoFaceError: If the picture shows no face.
    """
    faces = find_faces(picture)
    if not faces:
        raise no_face(picture)
    return faces


def one_face(picture: Picture, which: int | str | None = None) -> FaceCrop:
    """Return the only face of a picture, or the one that `which` chooses.

    Args:
        picture: As `images.load_image` takes.
        which: `"largest"`, or a number in order of size, 1 for the largest; `None` if there must be exactly one face.

    Raises:
        NoFaceError: If the picture shows no face.
        SeveralFacesError: If it shows several and `which` is `None`.
        ValueError: If it shows fewer faces than the number.
    """
    faces = some_faces(picture)
    if which is None and len(faces) > 1:
        boxes = "; ".join(f"{n}: {', '.join(f'{v:.0f}' for v in face.box)}" for n, face in enumerate(faces, start=1))
        raise SeveralFacesError(
            f"expected one face, received {describe(picture)} with {len(faces)} (left, top, right, bottom of "
            f"{boxes}); choose one with face='largest' or its number"
        )
    if which in (None, "largest"):
        return faces[0]
    if not is_whole(which) or not 1 <= (number := int(which or 0)) <= len(faces):
        raise ValueError(
            f"expected face 'largest' or from 1 to {len(faces)} in {describe(picture)}, received {which!r}"
        )
    return faces[number - 1]


def no_face(picture: Picture) -> NoFaceError:
    """Return the error for a picture without a face."""
    return NoFaceError(f"expected a picture of a face, received {describe(picture)}, in which no face was found")


@functools.lru_cache(maxsize=1)
def _detector() -> Any:
    import tensorflow as tf
    from mtcnn import MTCNN

    with _silent_finalisers():
        detector = MTCNN()
    signature = [tf.TensorSpec((None, None, None, 3))]
    proposals, *refinements = detector.stages  # compiled to graphs, about three times as fast with the same results
    for stage in refinements:
        stage._model = tf.function(stage.model, input_signature=signature)

    network = proposals.model

    @tf.function(input_signature=signature)
    def propose(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        boxes, scores = network(images)
        flat = tf.reshape(scores[..., 1], (tf.shape(scores)[0], -1))
        least = tf.math.top_k(flat, tf.minimum(CANDIDATES, tf.shape(flat)[1])).values[:, -1]
        return boxes, scores * tf.cast(scores[..., 1:] >= least[:, None, None, None], tf.float32)

    proposals._model = propose
    return detector


@contextmanager
def _silent_finalisers() -> Iterator[None]:
    """Keep lz4, by which MTCNN reads its weights, from printing a traceback under Python 3.13.

    The finaliser of its file object flushes after the close, which raises a ValueError that only 3.13 reports.
    """
    report = sys.unraisablehook
    sys.unraisablehook = lambda event: None if isinstance(event.exc_value, ValueError) else report(event)
    try:
        yield
        gc.collect()
    finally:
        sys.unraisablehook = report


def _detect(batch: np.ndarray) -> np.ndarray:
    """Return rows `[picture, left, top, right, bottom, confidence, x of 5 landmarks, y of 5 landmarks]`."""
    return _detector().detect_faces(list(batch * np.float32(255)), box_format="xyxy", output_type="numpy")


def _face(image: np.ndarray, row: np.ndarray, seen_shape: tuple[int, ...]) -> FaceCrop:
    scale_x, scale_y = image.shape[1] / seen_shape[1], image.shape[0] / seen_shape[0]
    points = zip(row[6:11] * scale_x, row[11:16] * scale_y, strict=True)
    landmarks = {name: (float(x), float(y)) for name, (x, y) in zip(LANDMARKS, points, strict=True)}
    left, top, right, bottom = (float(v) for v in row[1:5] * (scale_x, scale_y, scale_x, scale_y))
    return FaceCrop(align(image, landmarks), (left, top, right, bottom), landmarks, float(row[5]))


def _area(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
