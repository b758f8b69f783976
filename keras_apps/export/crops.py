"""Pictures -> what a graph is compared on: real crops in its input's form, and pairs of them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from keras_apps import images
from keras_apps.export.graphs import Graph
from keras_apps.faces.judging.pairs import pairs_among, pairs_of_file, some_pairs
from keras_apps.faces.people.people import People, pictures_by_person
from keras_apps.faces.people.reading import square, unreadable
from keras_apps.images import PICTURE_ENDINGS

FACES = ("obama", "obama2", "obama3", "biden", "astronaut", "hopper")
SCENES = ("cat", "coffee", "rocket", "astronaut")
FREE = 96
"""Height and width of crops for a network that takes any, in pixels."""
MOST = 5000
CALIBRATION = 256
"""Most pictures that int8's ranges are taken from."""


@dataclass(frozen=True, eq=False)
class Crops:
    """Pictures that went through the same preparation, and pairs of them.

    Attributes:
        pixels: uint8 `(n, h, w, 3)`, RGB; or floats `(n, ...)`, samples for a network that takes no pictures.
        source: What they are, in words.
        first: The left pictures of pairs, indices of `pixels`, ints `(m,)`; there may be none.
        second: The right ones.
        same: Booleans `(m,)`.
        notes: What the reader must know of them, in sentences.
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
    def labelled(cls, pixels: np.ndarray, labels, source: str, most: int = MOST) -> Crops:
        """Return pictures with pairs among them: at most `most` of each kind."""
        first, second, same = some_pairs(np.asarray(labels), most, 0)
        return cls(pixels, source, first, second, same)

    @property
    def paired(self) -> bool:
        """Whether there are pairs of both kinds."""
        return bool(self.same.any() and not self.same.all())

    def arrays(self, graph: Graph, chosen=slice(None)) -> dict[str, np.ndarray]:
        """Return pictures as a graph takes them, by name of input; with two inputs, the pairs that `chosen` says."""
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
    """Return crops that travel with the package: bundled faces, synthetic people, scenes, or random samples.

    Args:
        graph: What is exported.
        unseen: Other synthetic people than those that `unseen=False` gives, which calibrate int8.
    """
    if not graph.takes_pictures:
        shape = [64 if n is None else n for n in graph.model.inputs[0].shape[1:]]
        random = np.random.default_rng(0 if unseen else 1)
        return Crops.unpaired(random.normal(size=(16, *shape)).astype(np.float32), "16 random samples, seed 0")
    if not graph.of_faces:
        return _scenes(graph.size or FREE)
    if graph.bundled == "resnet128":
        return _faces(graph.size or FREE) if unseen else _faces_and_drawings(graph.size or FREE)
    return _drawings(graph.size or FREE, 24, 100_000 if unseen else 200_000)


def crops_of(pictures, graph: Graph, *, pairs: str | os.PathLike | None = None, aligned: bool = False) -> Crops:
    """Read the user's pictures; arguments as for `export`.

    Raises:
        FileNotFoundError, ValueError, TypeError: As `export`.
    """
    size, whole = graph.size or FREE, aligned or not graph.of_faces
    if isinstance(pictures, np.ndarray) and not graph.takes_pictures:
        shape = tuple(graph.model.inputs[0].shape[1:])
        fits = pictures.ndim == len(shape) + 1 and all(
            w in (None, n) for w, n in zip(shape, pictures.shape[1:], strict=True)
        )
        if not fits or not len(pictures) or not np.isfinite(pictures).all():
            raise ValueError(f"expected finite samples (n, {', '.join(map(str, shape))}), received {pictures.shape}")
        return Crops.unpaired(pictures.astype(np.float32), f"{len(pictures)} samples")
    if not graph.takes_pictures:
        raise ValueError(f"expected an array of samples for this network, received {type(pictures).__name__}")
    if isinstance(pictures, (str, os.PathLike)):
        root = images.resolve(pictures)
        if pairs is not None or _holds_folders(root):
            return _people(root, pairs, size, whole)
        pictures = _files(root)
    if pairs is not None:
        raise ValueError("expected a folder of people together with pairs, received pictures of another kind")
    if not isinstance(pictures, (Sequence, np.ndarray)) or not len(pictures):
        raise ValueError(f"expected a folder or a sequence of pictures, received {type(pictures).__name__}")
    return Crops.unpaired(_cut(list(pictures), size, whole), f"{len(pictures)} pictures")


def calibration_of(pictures, graph: Graph, *, aligned: bool = False) -> Crops:
    """Read the pictures that int8's ranges are taken from, at most `CALIBRATION`; who is on them does not matter.

    Raises:
        FileNotFoundError, ValueError, TypeError: As `export`.
    """
    crops = None
    if graph.takes_pictures and isinstance(pictures, (str, os.PathLike)):
        root = images.resolve(pictures)
        found = pictures_by_person(root)[0] if _holds_folders(root) else []
        paths = [path for _, path in found] or _files(root)
        chosen = np.sort(np.random.default_rng(0).permutation(len(paths))[:CALIBRATION])
        pictures = [paths[i] for i in chosen]
        if found:
            _check_whole(pictures, root)
            people = People(pictures, np.zeros(len(pictures), int), [root.name])
            pixels, without = _chips(people, graph.size or FREE, aligned or not graph.of_faces)
            crops = _noted(Crops.unpaired(pixels, f"{len(pictures)} pictures"), without)
    crops = crops_of(pictures, graph, aligned=aligned) if crops is None else crops
    if len(graph.inputs) == 2:  # each with its neighbour
        left = np.arange(len(crops.pixels))
        return replace(crops, first=left, second=np.roll(left, 1), same=np.zeros(len(left), bool))
    return crops


def _people(root: Path, pairs, size: int, whole: bool) -> Crops:
    if not pairs:
        _check_whole([path for _, path in pictures_by_person(root)[0]], root)
    judged = pairs_of_file(root, pairs) if pairs else pairs_among(People.from_folder(root, check=False), MOST)
    pixels, without = _chips(judged.people, size, whole)
    return _noted(Crops(pixels, judged.source, judged.first, judged.second, judged.same), without)


def _noted(crops: Crops, without: int) -> Crops:
    """Return the crops with a note of those that show no face."""
    if not without:
        return crops
    words = f"in {without} of {len(crops.pixels)} pictures no face was found, their centre was taken"
    return replace(crops, source=f"{crops.source}; {words}", notes=(f"{words}, which may show anything",))


def _chips(people: People, size: int, whole: bool) -> tuple[np.ndarray, int]:
    """Return a chip of each picture, and of how many it is the centre, as no face was found."""
    if whole:
        return _cut(people.pictures, size, True), 0
    from keras_apps.faces.people.chips import align_people, chip_paths

    with tempfile.TemporaryDirectory() as chips:
        without = align_people(people, chips, size=size, without_face="centre").missing
        return _cut(chip_paths(people, chips), size, True), len(without)


def _check_whole(paths: Sequence[Path], root: Path) -> None:
    bad = unreadable(paths)
    if bad:
        path, reason = next(iter(bad.items()))
        raise ValueError(
            f"expected whole pictures in '{root}', received {len(bad)} of {len(paths)} that cannot be read; remove "
            f"them: '{path.relative_to(root)}' ({reason})"
        )


def _cut(pictures: list, size: int, whole: bool) -> np.ndarray:
    """Return each picture's square at a size: the whole picture's centre, or the largest face's aligned chip."""
    if whole:
        return np.stack([square(picture, size) for picture in pictures])
    from keras_apps.faces.detection import find_faces_in, no_face

    chips = []
    for picture, found in zip(pictures, find_faces_in(pictures), strict=True):
        if not found:
            raise no_face(picture)
        chips.append(square(found[0].image, size))
    return np.stack(chips)


def _faces(size: int) -> Crops:
    pixels = _cut([f"bundled:{name}" for name in FACES], size, False)
    labels = [0, 0, 0, 0, 1, 2, 3]
    return Crops.labelled(pixels, labels, f"{len(FACES)} bundled photographs of 4 people, aligned")


def _drawings(size: int, people: int, first: int) -> Crops:
    from keras_apps.faces.people.synthetic.crowd import synthetic_people

    pixels, labels = synthetic_people(people, 4, size=max(16, size), first_person=first, processes=1)
    source = f"{len(pixels)} pictures of {people} synthetic people"
    return Crops.labelled(_cut(list(pixels), size, True), labels, source, most=1000)  # enough for a rate of 1e-3


def _faces_and_drawings(size: int) -> Crops:
    faces, drawings = _faces(size), _drawings(size, 12, 200_000)
    pixels = np.concatenate([faces.pixels, drawings.pixels])
    return Crops.unpaired(pixels, f"{faces.source}, and {drawings.source}")


def _scenes(size: int) -> Crops:
    pixels = _cut([f"bundled:{name}" for name in SCENES], size, True)
    return Crops.unpaired(pixels, f"{len(SCENES)} bundled photographs, {size} x {size}")


def _holds_folders(root: Path) -> bool:
    if not root.is_dir():
        raise FileNotFoundError(f"expected a folder of pictures, received '{root}', which is none")
    return any(path.is_dir() and not path.name.startswith(".") for path in root.iterdir())


def _files(root: Path) -> list[str]:
    found = sorted(str(path) for path in root.iterdir() if path.suffix.lower() in PICTURE_ENDINGS)
    if not found:
        raise ValueError(f"expected pictures in the folder '{root}', received none")
    return found
