"""Pictures -> crops in the form of a graph's input, and pairs of them, on which exports are compared."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from keras_apps import images
from keras_apps.export.graphs import Graph
from keras_apps.faces.alignment import STANDARD, ChipLayout
from keras_apps.faces.detection import find_faces_in, no_face
from keras_apps.faces.judging.pairs import pairs_among, pairs_of_file, some_pairs
from keras_apps.faces.people.chips import align_people, chip_paths
from keras_apps.faces.people.people import People, pictures_by_person
from keras_apps.faces.people.reading import square, unreadable
from keras_apps.faces.people.synthetic.crowd import synthetic_people
from keras_apps.faces.towers.names import PHOTOGRAPH_TOWERS
from keras_apps.images import PICTURE_ENDINGS

FACES = ("obama", "obama2", "obama3", "biden", "astronaut", "hopper")
SCENES = ("cat", "coffee", "rocket", "astronaut")
DEFAULT_SIZE = 96
"""Height and width of crops for a network that takes any size, in pixels."""
MOST_PAIRS = 5000
"""Largest number of pairs of each kind."""
CALIBRATION = 256
"""Largest number of pictures from which int8 takes its ranges."""


@dataclass(frozen=True, eq=False)
class Crops:
    """Pictures of one size, and pairs of them.

    Attributes:
        pixels: uint8 `(n, h, w, 3)`, RGB; or floats `(n, ...)`, samples for a network that does not take pictures.
        source: What they are, in words.
        first: The first picture of each pair, indices of `pixels`, ints `(m,)`; m may be 0.
        second: The second picture of each pair, likewise.
        same: Booleans `(m,)`, true where both pictures show one person.
        notes: Sentences that a reader of the report must know.
    """

    pixels: np.ndarray
    source: str
    first: np.ndarray
    second: np.ndarray
    same: np.ndarray
    notes: tuple[str, ...] = ()

    @classmethod
    def unpaired(cls, pixels: np.ndarray, source: str) -> Crops:
        """Return pictures without pairs."""
        none = np.zeros(0, int)
        return cls(pixels, source, none, none, none.astype(bool))

    @classmethod
    def labelled(
        cls, pixels: np.ndarray, labels: Sequence[int] | np.ndarray, source: str, most: int = MOST_PAIRS
    ) -> Crops:
        """Return pictures with pairs among them: at most `most` genuine and as many impostor pairs."""
        first, second, same = some_pairs(np.asarray(labels), most, 0)
        return cls(pixels, source, first, second, same)

    @property
    def paired(self) -> bool:
        """Whether there are pairs of both kinds."""
        return bool(self.same.any() and not self.same.all())

    def arrays(self, graph: Graph, chosen: slice = slice(None)) -> dict[str, np.ndarray]:
        """Return the chosen pictures as a graph takes them, by name of input; the chosen pairs if it has two inputs."""
        sides = [self.pixels] if len(graph.inputs) == 1 else [self.pixels[self.first], self.pixels[self.second]]
        return {
            name: _as_input(side[chosen], graph, keras_input.dtype)
            for (name, keras_input), side in zip(graph.inputs.items(), sides, strict=True)
        }


def _as_input(pixels: np.ndarray, graph: Graph, dtype: str) -> np.ndarray:
    if pixels.dtype != np.uint8 or dtype == "uint8":
        return pixels.astype(dtype)
    return pixels.astype(np.float32) * np.float32(graph.white / 255)


def default_crops(graph: Graph, unseen: bool = True) -> Crops:
    """Return crops from the package itself: bundled faces, synthetic people, scenes, or random samples.

    Args:
        graph: What is exported.
        unseen: True for pictures to compare on; false for others, by which int8 is calibrated.
    """
    if not graph.takes_pictures:
        shape = [64 if n is None else n for n in graph.model.inputs[0].shape[1:]]
        random = np.random.default_rng(0 if unseen else 1)
        return Crops.unpaired(random.normal(size=(16, *shape)).astype(np.float32), "16 random samples, seed 0")
    if not graph.of_faces:
        return _scenes(graph.size or DEFAULT_SIZE)
    if graph.bundled in PHOTOGRAPH_TOWERS:
        bundled_crops = _faces if unseen else _faces_and_drawings
        return bundled_crops(graph.size or DEFAULT_SIZE, graph.layout)
    return _drawings(graph.size or DEFAULT_SIZE, 24, 100_000 if unseen else 200_000)


def crops_of(
    pictures: str | os.PathLike | Sequence[images.Picture] | np.ndarray | None,
    graph: Graph,
    *,
    pairs: str | os.PathLike | None = None,
    aligned: bool = False,
) -> Crops:
    """Read the user's pictures; arguments as for `export`.

    Raises:
        FileNotFoundError, ValueError, TypeError: As `export`.
    """
    size, whole_picture = graph.size or DEFAULT_SIZE, aligned or not graph.of_faces
    if isinstance(pictures, np.ndarray) and not graph.takes_pictures:
        shape = tuple(graph.model.inputs[0].shape[1:])
        has_shape = pictures.ndim == len(shape) + 1 and all(
            w in (None, n) for w, n in zip(shape, pictures.shape[1:], strict=True)
        )
        if not has_shape or not len(pictures) or not np.isfinite(pictures).all():
            raise ValueError(
                f"expected finite samples (n, {', '.join(map(str, shape))}), received an array {pictures.shape}"
                + ("" if np.isfinite(pictures).all() else " with NaN or infinity")
            )
        return Crops.unpaired(pictures.astype(np.float32), f"{len(pictures)} samples")
    if not graph.takes_pictures:
        raise ValueError(f"expected an array of samples for this network, received {type(pictures).__name__}")
    if isinstance(pictures, (str, os.PathLike)):
        root = images.resolve(pictures)
        if pairs is not None or _contains_folders(root):
            return _people(root, pairs, size, whole_picture, graph.layout)
        pictures = _files(root)
    if pairs is not None:
        raise ValueError("expected a folder person/picture.jpg together with pairs, received single pictures")
    if images.is_one_picture(pictures) or not isinstance(pictures, (Sequence, np.ndarray)) or not len(pictures):
        is_empty = isinstance(pictures, (Sequence, np.ndarray)) and not len(pictures)
        received = "an empty list" if is_empty else type(pictures).__name__
        raise ValueError(f"expected a folder or a list of pictures, received {received}")
    return Crops.unpaired(_cut(list(pictures), size, whole_picture, graph.layout), f"{len(pictures)} pictures")


def calibration_of(
    pictures: str | os.PathLike | Sequence[images.Picture] | np.ndarray, graph: Graph, *, aligned: bool = False
) -> Crops:
    """Read the pictures from which int8 takes its ranges, at most `CALIBRATION`. Names of people do not matter.

    Raises:
        FileNotFoundError, ValueError, TypeError: As `export`.
    """
    crops = None
    if graph.takes_pictures and isinstance(pictures, (str, os.PathLike)):
        root = images.resolve(pictures)
        by_person = pictures_by_person(root)[0] if _contains_folders(root) else []
        paths: list[Path] = [path for _, path in by_person] or _files(root)
        chosen = np.sort(np.random.default_rng(0).permutation(len(paths))[:CALIBRATION])
        selected = [paths[i] for i in chosen]
        pictures = selected
        if by_person:
            _check_readable(selected, root)
            people = People(selected, np.zeros(len(selected), int), [root.name])
            pixels, without_face = _chips(
                people, graph.size or DEFAULT_SIZE, aligned or not graph.of_faces, graph.layout
            )
            crops = _with_note(Crops.unpaired(pixels, f"{len(selected)} pictures"), without_face)
    crops = crops_of(pictures, graph, aligned=aligned) if crops is None else crops
    if len(graph.inputs) == 2:  # pair each picture with the next
        left = np.arange(len(crops.pixels))
        return replace(crops, first=left, second=np.roll(left, 1), same=np.zeros(len(left), bool))
    return crops


def _people(root: Path, pairs: str | os.PathLike | None, size: int, whole_picture: bool, layout: ChipLayout) -> Crops:
    if pairs:
        chosen = pairs_of_file(root, pairs)
    else:
        _check_readable([path for _, path in pictures_by_person(root)[0]], root)
        chosen = pairs_among(People.from_folder(root, check=False), MOST_PAIRS)
    pixels, without_face = _chips(chosen.people, size, whole_picture, layout)
    return _with_note(Crops(pixels, chosen.source, chosen.first, chosen.second, chosen.same), without_face)


def _with_note(crops: Crops, without_face: int) -> Crops:
    """Return the crops with a note that counts the pictures without a face."""
    if not without_face:
        return crops
    sentence = f"in {without_face} of {len(crops.pixels)} pictures no face was found, their centre was taken"
    return replace(crops, source=f"{crops.source}; {sentence}", notes=(f"{sentence}, which may show anything",))


def _chips(people: People, size: int, whole_picture: bool, layout: ChipLayout) -> tuple[np.ndarray, int]:
    """Return a chip of each picture, and the number of pictures without a face, whose chip is their centre."""
    if whole_picture:
        return _cut(list(people.pictures), size, True), 0
    with tempfile.TemporaryDirectory() as chips:
        missing = align_people(people, chips, size=size, layout=layout, without_face="centre").missing
        return _cut(list(chip_paths(people, chips)), size, True), len(missing)


def _check_readable(paths: Sequence[Path], root: Path) -> None:
    reasons = unreadable(paths)
    if reasons:
        path, reason = next(iter(reasons.items()))
        raise ValueError(
            f"expected readable pictures in '{root}', received {len(reasons)} of {len(paths)} that cannot be read; "
            f"remove them: '{path.relative_to(root)}' ({reason})"
        )


def _cut(pictures: list[images.Picture], size: int, whole_picture: bool, layout: ChipLayout = STANDARD) -> np.ndarray:
    """Return a square of each picture: its centre if `whole_picture`, else the aligned chip of the largest face."""
    if whole_picture:
        return np.stack([square(picture, size) for picture in pictures])
    chips = []
    for picture, faces in zip(pictures, find_faces_in(pictures, layout=layout), strict=True):
        if not faces:
            raise no_face(picture)
        chips.append(square(faces[0].image, size))
    return np.stack(chips)


def _faces(size: int, layout: ChipLayout) -> Crops:
    pixels = _cut([f"bundled:{name}" for name in FACES], size, False, layout)
    labels = [0, 0, 0, 0, 1, 2, 3]
    return Crops.labelled(pixels, labels, f"{len(FACES)} bundled photographs of 4 people, aligned")


def _drawings(size: int, people: int, first: int) -> Crops:
    pixels, labels = synthetic_people(people, 4, size=max(16, size), first_person=first, processes=1)
    source = f"{len(pixels)} pictures of {people} synthetic people"
    return Crops.labelled(
        _cut(list(pixels), size, True), labels, source, most=1000
    )  # enough for a false accept rate of 1e-3


def _faces_and_drawings(size: int, layout: ChipLayout) -> Crops:
    faces, drawings = _faces(size, layout), _drawings(size, 12, 200_000)
    pixels = np.concatenate([faces.pixels, drawings.pixels])
    return Crops.unpaired(pixels, f"{faces.source}, and {drawings.source}")


def _scenes(size: int) -> Crops:
    pixels = _cut([f"bundled:{name}" for name in SCENES], size, True)
    return Crops.unpaired(pixels, f"{len(SCENES)} bundled photographs, {size} x {size}")


def _contains_folders(root: Path) -> bool:
    if not root.is_dir():
        raise FileNotFoundError(f"expected a folder of pictures, received '{root}', which is not a directory")
    return any(path.is_dir() and not path.name.startswith(".") for path in root.iterdir())


def _files(root: Path) -> list[Path]:
    paths = sorted(path for path in root.iterdir() if path.suffix.lower() in PICTURE_ENDINGS)
    if not paths:
        raise ValueError(f"expected pictures in the folder '{root}', which contains none")
    return paths
