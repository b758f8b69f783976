"""People whom training does not see -> pairs of their pictures, and how well a tower tells them apart."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from keras_apps._picture_sources import check_path
from keras_apps.faces.distances import squared_euclidean
from keras_apps.faces.judging.rates import equal_error_rate, roc_of, split_kinds
from keras_apps.faces.people.pairs import picture_path, read_pairs
from keras_apps.faces.people.people import People
from keras_apps.faces.people.reading import SquarePictures

if TYPE_CHECKING:
    import keras

TOGETHER = 64


def some_pairs(labels: ArrayLike, most: int = 10_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw pairs among pictures: all the genuine ones, or `most` of them, and `most` impostors, each pair once.

    Args:
        labels: Integers `(n,)`, each picture's person.
        most: Most pairs of each kind.
        seed: Seed of the draw.

    Returns:
        `(first, second, same)`: ints `(m,)`, ints `(m,)` and booleans `(m,)`, genuine pairs first.

    Raises:
        ValueError: If there are no genuine or no impostor pairs.

    Example:
        >>> first, second, same = some_pairs([0, 0, 1])
        >>> first.tolist(), second.tolist(), same.tolist()
        ([0, 0, 1], [1, 2, 2], [True, False, False])
    """
    labels = np.asarray(labels)
    random = np.random.default_rng((seed, 6))
    order = np.argsort(labels, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    genuine = _few(np.concatenate([_all_pairs(np.sort(group)) for group in groups]), most, random)
    if len(labels) <= 2000:
        pairs = _all_pairs(np.arange(len(labels)))
    else:  # all pairs would fill the memory; of pairs drawn by chance few are genuine or come twice
        drawn = np.sort(random.integers(0, len(labels), (4 * most, 2)), axis=1)
        pairs = np.unique(drawn[drawn[:, 0] < drawn[:, 1]], axis=0)
    impostor = _few(pairs[labels[pairs[:, 0]] != labels[pairs[:, 1]]], most, random)
    if not len(genuine) or not len(impostor):
        raise ValueError(f"expected genuine and impostor pairs, received {len(genuine)} and {len(impostor)}")
    pairs = np.concatenate([genuine, impostor])
    return pairs[:, 0], pairs[:, 1], np.arange(len(pairs)) < len(genuine)


def _all_pairs(group: np.ndarray) -> np.ndarray:
    return group[np.stack(np.triu_indices(len(group), 1), axis=1)]


def _few(pairs: np.ndarray, most: int, random: np.random.Generator) -> np.ndarray:
    return pairs if len(pairs) <= most else pairs[np.sort(random.choice(len(pairs), most, replace=False))]


class HeldOut:
    """The pairs on which a training is judged after each epoch; the same ones each time.

    Args:
        people: Whom training does not see.
        size: The tower's height and width, in pixels.
        crop: As training crops.
        most: Most pairs of each kind.
        seed: Seed of the draw.
    """

    def __init__(self, people: People, size: int, *, crop: float = 1.0, most: int = 10_000, seed: int = 0) -> None:
        self._take(people, *some_pairs(people.labels, most, seed), size, crop)

    @classmethod
    def of_pairs(
        cls, people: People, first: ArrayLike, second: ArrayLike, same: ArrayLike, size: int, *, crop: float = 1.0
    ) -> HeldOut:
        """Take given pairs: ints `(m,)` twice, indices of `people.pictures`, and booleans `(m,)`."""
        judge = cls.__new__(cls)
        judge._take(people, first, second, same, size, crop)
        return judge

    def _take(
        self, people: People, first: ArrayLike, second: ArrayLike, same: ArrayLike, size: int, crop: float
    ) -> None:
        self.same = np.asarray(same, bool)
        self.used, places = np.unique(np.concatenate([np.asarray(first), np.asarray(second)]), return_inverse=True)
        self._first, self._second = np.split(places, 2)
        self._source = SquarePictures([people.pictures[i] for i in self.used], size, crop=crop)

    def encode(self, tower: keras.Model, progress: Callable[[int, int], None] | None = None) -> np.ndarray:
        """Return the encodings of all pictures that are in a pair, float32 `(n, d)`."""
        parts = []
        for start in range(0, len(self.used), TOGETHER):
            chosen = np.arange(start, min(start + TOGETHER, len(self.used)))
            images = self._source(chosen).astype(np.float32)
            if len(chosen) < TOGETHER < len(self.used):  # one shape, so that the tower is traced once
                images = np.pad(images, ((0, TOGETHER - len(chosen)), (0, 0), (0, 0), (0, 0)))
            parts.append(np.asarray(tower.predict_on_batch(images), np.float32)[: len(chosen)])
            if progress:
                progress(start + len(chosen), len(self.used))
        return np.concatenate(parts)

    def distances(self, model: keras.Model, progress: Callable[[int, int], None] | None = None) -> np.ndarray:
        """Return each pair's distance: squared Euclidean, or 1 - P(same) where the model has a `score`.

        Args:
            model: A tower, or a model with a `tower`.
            progress: Called with the number of pictures encoded and of all.

        Returns:
            Floats >= 0 `(m,)`, in the order of `same`.

        Raises:
            ValueError: If an encoding is not finite.
        """
        encodings = self.encode(getattr(model, "tower", model), progress)
        if not np.all(np.isfinite(encodings)):
            raise ValueError(
                "expected finite encodings, received NaN or infinity: training diverged; lower the learning rate"
            )
        first, second = encodings[self._first], encodings[self._second]
        if hasattr(model, "score"):
            return 1 - np.asarray(model.score(first, second), np.float64)
        return squared_euclidean(first, second)

    def eer(self, model: keras.Model) -> float:
        """Return the equal error rate of a tower or model, in [0, 1]."""
        return float(equal_error_rate(roc_of(*split_kinds(self.distances(model), self.same)))[0])


ENDINGS = (".jpg", ".png", ".jpeg", ".webp")


@dataclass(frozen=True, eq=False)
class JudgedPairs:
    """Pairs of files.

    Attributes:
        people: The pictures that are in a pair, by person.
        first: The left pictures, indices of `people.pictures`, ints `(n,)`.
        second: The right ones.
        same: Booleans `(n,)`.
        folds: Ints `(n,)`, or `None` if the file has no folds.
        source: Where the pairs are from, in words.
    """

    people: People
    first: np.ndarray
    second: np.ndarray
    same: np.ndarray
    folds: np.ndarray | None
    source: str

    def at(self, pictures: list) -> JudgedPairs:
        """Return the same pairs with other files, for instance aligned chips, in place of the pictures."""
        return replace(self, people=People(pictures, self.people.labels, self.people.names))

    def names(self) -> list[tuple[str, str]]:
        """Return the two people of each pair."""
        name = [self.people.names[label] for label in self.people.labels]
        return [(name[i], name[j]) for i, j in zip(self.first, self.second, strict=True)]

    def groups(self, group_of: Mapping[str, str]) -> np.ndarray:
        """Return the groups of both sides of each pair, texts `(n, 2)`.

        Args:
            group_of: Each person's group; people who are in no pair are ignored.

        Raises:
            ValueError: If somebody has no group.
        """
        names = [self.people.names[label] for label in self.people.labels]
        missing = sorted(set(names) - set(group_of))
        if missing:
            some = ", ".join(map(repr, missing[:3])) + (", ..." if len(missing) > 3 else "")
            raise ValueError(f"expected a group for each of {len(set(names))} people, received none for {some}")
        labels = np.array([group_of[name] for name in names])
        return np.stack([labels[self.first], labels[self.second]], axis=1)

    def distances(
        self, model: keras.Model, size: int, crop: float = 1.0, progress: Callable[[int, int], None] | None = None
    ) -> np.ndarray:
        """Return each pair's distance by a tower or a `VerificationModel`, as `HeldOut.distances`; floats `(n,)`."""
        judge = HeldOut.of_pairs(self.people, self.first, self.second, self.same, size, crop=crop)
        return judge.distances(model, progress)


def pairs_of_file(root: str | os.PathLike, path: str | os.PathLike) -> JudgedPairs:
    """Find the pictures that a file of pairs names in a folder of people.

    Args:
        root: The folder, in LFW's layout for LFW's files; of pictures with another ending than .jpg too.
        path: The file, as `read_pairs` takes.

    Raises:
        FileNotFoundError: If the folder, the file or a picture is missing.
        ValueError: If the file holds no pairs, or `root` is an address on the network.
    """
    check_path(root)
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"expected a folder of people, received '{root}', which is not a directory")
    pairs = read_pairs(path)
    pictures = pairs.pictures()
    files = [_file(root, picture) for picture in pictures]
    missing = [picture_path(p) for p, file in zip(pictures, files, strict=True) if file is None]
    if missing:
        some = ", ".join(f"'{name}'" for name in missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise FileNotFoundError(
            f"expected every picture of '{path}' in '{root}', received no {some}: {len(missing)} of "
            f"{len(pictures)} are missing"
        )
    found = [file for file in files if file is not None]  # all of them
    place = {picture: index for index, picture in enumerate(pictures)}
    names, labels = np.unique(np.array([_folder_name(root, file) for file in found]), return_inverse=True)
    first, second = (np.array([place[picture] for picture in some]) for some in (pairs.first, pairs.second))
    people = People(found, labels, names.tolist())
    return JudgedPairs(people, first, second, pairs.same, pairs.folds, f"{len(pairs)} pairs of {Path(path).name}")


def pairs_among(people: People, most: int, seed: int = 0) -> JudgedPairs:
    """Draw pairs among people, as `some_pairs`; pictures that are in no pair are left out."""
    first, second, same = some_pairs(people.labels, most, seed)
    used, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    kept = People([people.pictures[i] for i in used], people.labels[used], people.names)
    words = f"{len(same)} pairs among {people.summary()}"
    first, second = np.split(places, 2)
    return JudgedPairs(kept, first, second, same, None, words)


def _folder_name(root: Path, file: Path) -> str:
    """Return where a picture's folder is, below `root` where it is there: folders of one name are not one person."""
    folder = Path(os.path.relpath(file.parent, root))
    if ".." in folder.parts:
        folder = Path(os.path.abspath(file.parent))
        folder = folder.relative_to(folder.anchor)
    return folder.as_posix()


def _file(root: Path, picture: Any) -> Path | None:
    for ending in ENDINGS:
        path = root / picture_path(picture, ending)
        if path.is_file():
            return path
    return None
