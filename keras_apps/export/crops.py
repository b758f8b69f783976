"""Pictures -> what a graph is compared on: real crops in its input's form, and pairs of them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_apps import images
from keras_apps._console import PICTURE_ENDINGS
from keras_apps.export.graphs import Graph
from keras_apps.faces.held_out import some_pairs

FACES = ("obama", "obama2", "obama3", "obama_partial", "biden", "astronaut", "hopper")
SCENES = ("cat", "coffee", "rocket", "astronaut")
FREE = 96
"""Height and width of crops for a network that takes any, in pixels."""
MOST = 5000


@dataclass(frozen=True, eq=False)
class Crops:
    """Pictures that went through the same preparation, and pairs of them.

    Attributes:
        pixels: uint8 `(n, h, w, 3)`, RGB; or floats `(n, ...)`, samples for a network that takes no pictures.
        source: What they are, in words.
        first: The left pictures of pairs, indices of `pixels`, ints `(m,)`; there may be none.
        second: The right ones.
        same: Booleans `(m,)`.
    """

    pixels: np.ndarray
    source: str
    first: np.ndarray
    second: np.ndarray
    same: np.ndarray

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
    if graph.kind == "network":
        return _scenes(graph.size or FREE)
    if graph.bundled == "resnet128":
        return _faces(graph.size or FREE) if unseen else _faces_and_drawings(graph.size or FREE)
    return _drawings(graph.size or FREE, 24, 100_000 if unseen else 200_000)


def crops_of(pictures, graph: Graph, *, pairs: str | os.PathLike | None = None, aligned: bool = False) -> Crops:
    """Read the user's pictures; arguments as for `export`.

    Raises:
        FileNotFoundError, ValueError, TypeError: As `export`.
    """
    size = graph.size or FREE
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
            return _people(root, pairs, size, aligned)
        pictures = _files(root)
    if pairs is not None:
        raise ValueError("expected a folder of people together with pairs, received pictures of another kind")
    if not isinstance(pictures, (Sequence, np.ndarray)) or not len(pictures):
        raise ValueError(f"expected a folder or a sequence of pictures, received {type(pictures).__name__}")
    return Crops.unpaired(_cut(list(pictures), size, aligned or graph.kind == "network"), f"{len(pictures)} pictures")


def _people(root: Path, pairs, size: int, aligned: bool) -> Crops:
    from keras_apps.faces.aligned_folder import align_people
    from keras_apps.faces.judged_pairs import pairs_among, pairs_of_file
    from keras_apps.faces.people import People

    judged = pairs_of_file(root, pairs) if pairs else pairs_among(People.from_folder(root), MOST)
    if aligned:
        return Crops(_cut(judged.people.pictures, size, True), judged.source, judged.first, judged.second, judged.same)
    with tempfile.TemporaryDirectory() as chips:
        from keras_apps.faces.aligned_folder import chip_paths

        align_people(judged.people, chips, size=size, without_face="centre")
        pixels = _cut(chip_paths(judged.people, chips), size, True)
    return Crops(pixels, judged.source, judged.first, judged.second, judged.same)


def _cut(pictures: list, size: int, whole: bool) -> np.ndarray:
    """Return each picture's square at a size: the whole picture's centre, or the largest face's aligned chip."""
    from keras_apps.faces.reading import square

    if whole:
        return np.stack([square(picture, size) for picture in pictures])
    from keras_apps.faces.detect import find_faces_in, no_face

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
    from keras_apps.faces.synthetic.crowd import synthetic_people

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
