"""Picture -> faces: where they are, how sure the detector is, and the aligned chip of each."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keras_apps import weights
from keras_apps._checks import is_whole
from keras_apps.faces.alignment import ChipLayout, align
from keras_apps.faces.quality import Quality, crop_quality
from keras_apps.faces.towers.names import DEFAULT_LAYOUT
from keras_apps.faces.towers.registry import layout_of
from keras_apps.images import Picture, describe, load_image, name_of, resize

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from keras_apps.faces.towers.exported import ExportedTower

LARGEST_SIDE = 1280
"""Longer side of the view in which faces are looked for, in pixels; larger pictures are made smaller."""
COARSE_SIDE = 320
"""Longer side of a second view, for faces that are too large for the detector in the first."""
LARGE_FACE = 320
"""From this longer side on, in pixels of the first view, a face is rather taken from the second view."""
LARGEST_VIEW_ALONE = 512
"""Up to this longer side no face is too large for the first view, and there is no second one."""
SMALLEST_PICTURE = 16
MIN_CONFIDENCE = 0.8
CERTAIN = 0.9
"""A picture in which a face is at least so certain is not looked at turned."""
TURNED_CONFIDENCE = 0.88
"""Least confidence of a face in a turned picture; people's faces have 0.9 and more, a cat's upside down has 0.82."""
MARGIN = 0.03
"""A face in a turned picture must be more certain by this, if the picture as it is shows one too."""
OVERLAP = 0.3
"""Of two boxes whose intersection over union is larger, the one with the lower score is dropped."""
PIXELS_TOGETHER = 1_000_000
VALUES_HELD = 48_000_000
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


class PoorFaceError(ValueError):
    """A face is shown too poorly to be told from others."""


class PoorFaceWarning(UserWarning):
    """Some of many pictures show a face too poorly, and were left out.

    Attributes:
        indices: Their places among the pictures, from 0.
        problems: For each of them its quality's `problems`.
    """

    indices: tuple[int, ...] = ()
    problems: tuple[tuple[str, ...], ...] = ()


class SeveralFacesWarning(UserWarning):
    """Some pictures show smaller faces beside the one that was taken.

    Attributes:
        indices: Their places among the pictures, from 0.
    """

    indices: tuple[int, ...] = ()


LISTED = 5
"""Pictures that a warning names."""
DOMINATES = 3.0
"""Of several faces the largest is taken where its box has at least this many times the area of the next one."""


def no_face_warning(
    pictures: Sequence[Picture] | np.ndarray, indices: Sequence[int], what_happens: str
) -> NoFaceWarning:
    """Return the warning for pictures without a face.

    Args:
        pictures: All pictures.
        indices: Places of those without a face.
        what_happens: To them, for instance `"left out"`.
    """
    warning = NoFaceWarning(
        f"no face was found in {len(indices)} of {len(pictures)} pictures, {what_happens}: {_listed(pictures, indices)}"
    )
    warning.indices = tuple(indices)
    return warning


def poor_face_warning(
    pictures: Sequence[Picture] | np.ndarray, indices: Sequence[int], problems: Sequence[tuple[str, ...]]
) -> PoorFaceWarning:
    """Return the warning for pictures that show a face too poorly, and were left out.

    Args:
        pictures: All pictures.
        indices: Places of those with a poor face.
        problems: What is wrong with each of them.
    """
    warning = PoorFaceWarning(
        f"{len(indices)} of {len(pictures)} pictures show a face too poorly, left out: {_listed(pictures, indices)}; "
        f"the first: {'; '.join(problems[0])}"
    )
    warning.indices, warning.problems = tuple(indices), tuple(problems)
    return warning


def several_faces_warning(
    pictures: Sequence[Picture] | np.ndarray, indices: Sequence[int], others: int
) -> SeveralFacesWarning:
    """Return the warning for pictures whose `others` smaller faces, together, were ignored."""
    warning = SeveralFacesWarning(
        f"took the largest face and ignored {others} smaller face{'' if others == 1 else 's'} in {len(indices)} of "
        f"{len(pictures)} pictures: {_listed(pictures, indices)}"
    )
    warning.indices = tuple(indices)
    return warning


def source_of(pictures: Sequence[Picture] | np.ndarray, number: int) -> str:
    """Return a few words that name one of several pictures: its own name, or its place from 1 where it has none."""
    return f"picture {number + 1}" if name_of(pictures[number]) is None else describe(pictures[number])


def _listed(pictures: Sequence[Picture] | np.ndarray, indices: Sequence[int]) -> str:
    """Return the names of some pictures, and the number of the others."""
    named = [source_of(pictures, number) for number in indices[:LISTED]]
    return ", ".join(named) + (f" and {len(indices) - LISTED} more" if len(indices) > LISTED else "")


@dataclass(frozen=True)
class FaceCrop:
    """One face of a picture.

    Attributes:
        image: The aligned chip, uint8 `(h, w, 3)`, RGB, of the tower that it was cut for.
        box: `(left, top, right, bottom)` in pixels of the picture.
        landmarks: `{"left_eye": (x, y), "right_eye", "nose", "mouth_left", "mouth_right"}` in pixels of the
            picture; left is the viewer's.
        confidence: The detector's, in [0, 1].
        turned: 0, 90, 180 or 270: by how many degrees the picture had to be turned counterclockwise until the face was
            found. Box and landmarks are in pixels of the picture as it was given; the chip is upright.
        quality: How good the picture of this face is; `quality.problems` says in words what is too poor to tell people
            apart. `None` for a crop that was not made by `find_faces`.
    """

    image: np.ndarray
    box: tuple[float, float, float, float]
    landmarks: dict[str, tuple[float, float]]
    confidence: float
    turned: int = 0
    quality: Quality | None = None


def find_faces(
    picture: Picture,
    *,
    min_confidence: float = MIN_CONFIDENCE,
    tower: keras.Model | ExportedTower | None = None,
) -> list[FaceCrop]:
    """Find and align the faces of a picture.

    The detector, YuNet, looks at a view whose longer side is about 1280 pixels at most, and at a small one for the
    largest faces; the chips are cut from the picture itself. Where it finds nothing, it looks at the picture enlarged,
    if it is small, and turned by 90, 180 and 270 degrees.

    Args:
        picture: A path, bytes, an open file, a `PIL.Image` or an array, as `images.load_image` takes.
        min_confidence: Faces whose confidence is lower are left out, in [0, 1].
        tower: The tower for which the chips are cut; by default the default tower of `load_tower`.

    Returns:
        The faces, largest first; an empty list where there is none, and for pictures with a side below 16 pixels.

    Raises:
        ValueError, TypeError, FileNotFoundError: As `images.load_image`.

    Reference:
        Wu et al., "YuNet: a tiny millisecond-level face detector", Machine Intelligence Research 2023.
    """
    layout = DEFAULT_LAYOUT if tower is None else layout_of(tower)
    return find_faces_in([picture], min_confidence=min_confidence, layout=layout)[0]


def find_faces_in(
    pictures: Sequence[Picture],
    *,
    min_confidence: float = MIN_CONFIDENCE,
    layout: ChipLayout = DEFAULT_LAYOUT,
) -> list[list[FaceCrop]]:
    """Find the faces of several pictures. Pictures of one size go through the detector together, which is faster.

    Args:
        pictures: As for `find_faces`; any number, as only a few at a time are in memory.
        min_confidence: As for `find_faces`.
        layout: Of the chips that are cut; see `layout_of`.

    Returns:
        For each picture what `find_faces` returns for it.
    """
    faces: list[list[FaceCrop]] = []
    loaded: list[np.ndarray] = []
    for picture in pictures:
        loaded.append(load_image(picture))
        if sum(image.size for image in loaded) > VALUES_HELD:
            faces += _find_in_loaded(loaded, min_confidence, layout)
            loaded = []
    return faces + _find_in_loaded(loaded, min_confidence, layout)


def _find_in_loaded(loaded: list[np.ndarray], min_confidence: float, layout: ChipLayout) -> list[list[FaceCrop]]:
    """Look at the pictures as they are; then, where nothing was found, enlarged and turned."""
    found: list[np.ndarray] = [np.zeros((0, 15), np.float32) for _ in loaded]
    turned = [0] * len(loaded)
    by_size: dict[tuple[int, ...], list[int]] = {}
    for index, image in enumerate(loaded):
        if min(image.shape[:2]) >= SMALLEST_PICTURE:
            by_size.setdefault(image.shape, []).append(index)
    for shape, indices in by_size.items():
        together = max(1, PIXELS_TOGETHER // (shape[0] * shape[1]))
        for start in range(0, len(indices), together):
            batch = indices[start : start + together]
            pictures = np.stack([loaded[index] for index in batch]) if len(batch) > 1 else loaded[batch[0]][None]
            for index, rows in zip(batch, detect(pictures, min_confidence), strict=True):
                found[index], turned[index] = _look_again(loaded[index], rows, min_confidence)
    crops = []
    for image, rows, degrees in zip(loaded, found, turned, strict=True):
        largest_first = np.argsort(-_areas(rows), kind="stable")
        crops.append([_crop(image, row, degrees, layout) for row in rows[largest_first]])
    return crops


def detect(pictures: np.ndarray, min_confidence: float = MIN_CONFIDENCE) -> list[np.ndarray]:
    """Find the faces of pictures of one size, as they stand.

    Args:
        pictures: Floats `(n, h, w, 3)`, RGB in 0..1.
        min_confidence: Least score, in [0, 1].

    Returns:
        For each picture floats `(faces, 15)`: left, top, right, bottom, x and y of both eyes (the
        viewer's left first), nose and both corners of the mouth, in pixels, and the score.
    """
    longer = max(pictures.shape[1:3])
    fine, scale = shrink(pictures, LARGEST_SIDE)
    faces = _detect_in_view(fine, min_confidence)
    if max(fine.shape[1:3]) > LARGEST_VIEW_ALONE:
        coarse, coarse_scale = shrink(fine, COARSE_SIDE)
        for index, rows in enumerate(_detect_in_view(coarse, min_confidence)):
            rows[:, :14] *= coarse_scale
            fine_rows, rows = faces[index], rows[_sides(rows) > LARGE_FACE / 2]
            preferred = np.concatenate([_sides(fine_rows) < LARGE_FACE, _sides(rows) >= LARGE_FACE])
            faces[index] = _without_overlaps(np.concatenate([fine_rows, rows]), preferred)
    for rows in faces:
        rows[:, :14] *= scale
        np.clip(rows[:, :4], -longer, 2 * longer, out=rows[:, :4])
    return faces


def _look_again(image: np.ndarray, rows: np.ndarray, min_confidence: float) -> tuple[np.ndarray, int]:
    """Look at a picture enlarged, if it is small and shows no face; then turned, if no face in it is certain.

    An upside-down face may be found as an upright one, but with less confidence than when it is turned.

    Args:
        image: Floats `(h, w, 3)`.
        rows: The faces found so far, as `detect` returns them.
        min_confidence: As for `detect`.

    Returns:
        The faces, and by how many degrees the picture had to be turned.
    """
    longer = max(image.shape[:2])
    if not len(rows) and 2 * longer <= LARGEST_SIDE // 2:
        (rows,) = detect(resize(image, 2 * longer)[None], min_confidence)
        rows[:, :14] /= 2
    if rows[:, 14].max(initial=0) >= CERTAIN:
        return rows, 0
    best, degrees = rows, 0
    small, scale = shrink(image[None], LARGEST_SIDE)
    for quarters in (1, 2, 3):
        (turned,) = detect(np.rot90(small, quarters, axes=(1, 2)), max(min_confidence, TURNED_CONFIDENCE))
        if turned[:, 14].max(initial=0) > best[:, 14].max(initial=0) + (MARGIN if degrees == 0 and len(rows) else 0):
            best, degrees = turned, 90 * quarters
    if not degrees:
        return rows, 0
    rows = _turn_back(best, degrees, small.shape[2], small.shape[1])
    rows[:, :14] *= scale
    return rows, degrees


def _turn_back(rows: np.ndarray, degrees: int, width: int, height: int) -> np.ndarray:
    """Return boxes and landmarks of a picture that was turned counterclockwise in pixels of the one before.

    Args:
        rows: Floats `(faces, 15)`, as `detect` returns, in pixels of the turned picture.
        degrees: 90, 180 or 270.
        width, height: Of the picture before it was turned, in pixels.
    """
    points = rows[:, :14].reshape(-1, 7, 2)
    x, y = points[..., 0], points[..., 1]
    x, y = {90: (width - y, x), 180: (width - x, height - y), 270: (y, height - x)}[degrees]
    corners = np.stack([x[:, :2], y[:, :2]], axis=-1)
    box = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    landmarks = np.stack([x[:, 2:], y[:, 2:]], axis=-1).reshape(-1, 10)
    return np.concatenate([box, landmarks, rows[:, 14:]], axis=1)


def shrink(pictures: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """Make pictures smaller, quickly: by the means of whole blocks of pixels where there are many.

    Args:
        pictures: Floats `(n, h, w, 3)`.
        side: Wanted longer side, in pixels; smaller pictures are returned unchanged.

    Returns:
        `(smaller, scale)`: floats `(n, h / scale, w / scale, 3)`, whose longer side is from 0.75 to 1.25 times `side`.
    """
    longer = max(pictures.shape[1:3])
    block = round(longer / side)
    if longer <= side:
        return pictures, 1.0
    if block > 1:
        import tensorflow as tf

        return tf.nn.avg_pool2d(pictures, block, block, "SAME").numpy(), float(block)
    smaller = np.stack([resize(picture, side) for picture in pictures])
    return smaller, longer / side


@functools.lru_cache(maxsize=1)
def _detector() -> Callable[[np.ndarray], tf.Tensor]:
    """Return the detector as a graph: floats `(n, h, w, 3)` in 0..1 of any size to `(n, positions, 15)`."""
    import tensorflow as tf

    from keras_apps.faces.yunet import MULTIPLE, yunet

    network = yunet()
    weights.assign(network, weights.load("yunet"))

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3))])
    def run(pictures: tf.Tensor) -> tf.Tensor:
        size = tf.shape(pictures)
        padding = [[0, 0], [0, -size[1] % MULTIPLE], [0, -size[2] % MULTIPLE], [0, 0]]
        return network(tf.pad(pictures * 255.0, padding), training=False)

    return run


def _detect_in_view(pictures: np.ndarray, min_confidence: float) -> list[np.ndarray]:
    positions = _detector()(np.ascontiguousarray(pictures, np.float32)).numpy()
    positions[..., 4:14] += 0.5  # the network counts the pixels' centres, this package their corners
    return [_without_overlaps(rows[rows[:, 14] >= min_confidence]) for rows in positions]


def _without_overlaps(rows: np.ndarray, preferred: np.ndarray | bool = False) -> np.ndarray:
    """Keep of overlapping faces a preferred one, else the one with the highest score (non-maximum suppression)."""
    if len(rows) < 2:
        return rows
    import tensorflow as tf

    kept = tf.image.non_max_suppression(rows[:, [1, 0, 3, 2]], rows[:, 14] + preferred, len(rows), OVERLAP).numpy()
    return rows[kept]


def some_faces(picture: Picture, tower: keras.Model | ExportedTower | None = None) -> list[FaceCrop]:
    """Find the faces of a picture that must show at least one; as `find_faces` otherwise.

    Raises:
        NoFaceError: If the picture shows no face.
    """
    faces = find_faces(picture, tower=tower)
    if not faces:
        raise no_face(picture)
    return faces


def one_face(
    picture: Picture, which: int | str | None = None, tower: keras.Model | ExportedTower | None = None
) -> FaceCrop:
    """Return the only face of a picture, or the one that `which` chooses.

    Args:
        picture: As `images.load_image` takes.
        which: `"largest"`, or a number in order of size, 1 for the largest; `None` for the only face, or one that
            dominates: its box has at least three times the area of the next one's. A `SeveralFacesWarning` then says
            how many others were ignored.
        tower: As for `find_faces`.

    Raises:
        NoFaceError: If the picture shows no face.
        SeveralFacesError: If it shows several of like size and `which` is `None`.
        ValueError: If it shows fewer faces than the number.
    """
    faces = some_faces(picture, tower)
    face = chosen_face(picture, faces, which)
    if which is None and len(faces) > 1:
        warnings.warn(several_faces_warning([picture], [0], len(faces) - 1), stacklevel=2)
    return face


def chosen_face(picture: Picture, faces: Sequence[FaceCrop], which: int | str | None) -> FaceCrop:
    """Return the face of a picture that `which` chooses; `faces` are all of them, largest first. As `one_face`."""
    if which is None and len(faces) > 1 and _area(faces[0]) < DOMINATES * _area(faces[1]):
        boxes = "; ".join(f"{n}: {', '.join(f'{v:.0f}' for v in face.box)}" for n, face in enumerate(faces, start=1))
        raise SeveralFacesError(
            f"expected one face, or one of {DOMINATES:g} times the next one's area, received {describe(picture)} with "
            f"{len(faces)} (left, top, right, bottom of {boxes}); choose one with face='largest' or its number"
        )
    if which in (None, "largest"):
        return faces[0]
    if not is_whole(which) or not 1 <= (number := int(which or 0)) <= len(faces):
        raise ValueError(
            f"expected face 'largest' or from 1 to {len(faces)} in {describe(picture)}, received {which!r}"
        )
    return faces[number - 1]


def face_quality(picture: Picture, *, tower: keras.Model | ExportedTower | None = None) -> Quality:
    """Measure how good a picture of a face is, for its largest face.

    Args:
        picture: As `images.load_image` takes.
        tower: As for `find_faces`.

    Returns:
        The measures; their `problems` say in words what is too poor to tell people apart.

    Raises:
        NoFaceError: If the picture shows no face.

    Example:
        >>> from keras_apps import images
        >>> face_quality("bundled:hopper").problems
        ()
        >>> face_quality(images.resize(images.load_image("bundled:astronaut"), 96)).problems
        ('too small: 7.5 pixels between the eyes, at least 8',)
    """
    quality = some_faces(picture, tower)[0].quality
    assert quality is not None
    return quality


def no_face(picture: Picture) -> NoFaceError:
    """Return the error for a picture without a face."""
    return NoFaceError(f"expected a picture of a face, received {describe(picture)}, in which no face was found")


def _crop(image: np.ndarray, row: np.ndarray, turned: int, layout: ChipLayout) -> FaceCrop:
    left, top, right, bottom = (float(v) for v in row[:4])
    points = row[4:14].reshape(5, 2)
    landmarks = {name: (float(x), float(y)) for name, (x, y) in zip(LANDMARKS, points, strict=True)}
    chip = align(image, landmarks, layout)
    quality = crop_quality(chip, layout, landmarks, image.shape[1], image.shape[0])
    return FaceCrop(chip, (left, top, right, bottom), landmarks, float(row[14]), turned, quality)


def _sides(rows: np.ndarray) -> np.ndarray:
    return np.maximum(rows[:, 2] - rows[:, 0], rows[:, 3] - rows[:, 1])


def _area(face: FaceCrop) -> float:
    left, top, right, bottom = face.box
    return (right - left) * (bottom - top)


def _areas(rows: np.ndarray) -> np.ndarray:
    return (rows[:, 2] - rows[:, 0]) * (rows[:, 3] - rows[:, 1])
