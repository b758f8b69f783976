"""A folder of people, and perhaps a file of pairs -> the pairs of pictures on which a tower is judged."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from keras_apps.faces.held_out import HeldOut, some_pairs
from keras_apps.faces.pairs import picture_path, read_pairs
from keras_apps.faces.people import People

ENDINGS = (".jpg", ".png", ".jpeg", ".webp")


@dataclass(frozen=True, eq=False)
class JudgedPairs:
    """Pairs of files.

    Attributes:
        people: The pictures that are in a pair, by person.
        first: The left pictures, indices of `people.pictures`, ints `(n,)`.
        second: The right ones.
        same: Booleans `(n,)`.
        folds: Ints `(n,)`, or `None` where the file has none.
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

    def distances(self, model, size: int, crop: float = 1.0, progress: Callable | None = None) -> np.ndarray:
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
        ValueError: If the file holds no pairs.
    """
    root = Path(root)
    if not root.is_dir():
        raise FileNotFoundError(f"expected a folder of people, received '{root}', which is none")
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
    place = {picture: index for index, picture in enumerate(pictures)}
    names, labels = np.unique([_folder_name(root, file) for file in files], return_inverse=True)
    first, second = (np.array([place[picture] for picture in some]) for some in (pairs.first, pairs.second))
    people = People(files, labels, names.tolist())
    return JudgedPairs(people, first, second, pairs.same, pairs.folds, f"{len(pairs)} pairs of {Path(path).name}")


def pairs_among(people: People, most: int, seed: int = 0) -> JudgedPairs:
    """Draw pairs among people, as `some_pairs`; pictures that are in none are left out."""
    first, second, same = some_pairs(people.labels, most, seed)
    used, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    kept = People([people.pictures[i] for i in used], people.labels[used], people.names)
    words = f"{len(same)} pairs among {people.summary()}"
    return JudgedPairs(kept, *np.split(places, 2), same, None, words)


def _folder_name(root: Path, file: Path) -> str:
    """Return where a picture's folder is, below `root` where it is there: folders of one name are not one person."""
    folder = Path(os.path.relpath(file.parent, root))
    if ".." in folder.parts:
        folder = Path(os.path.abspath(file.parent))
        folder = folder.relative_to(folder.anchor)
    return folder.as_posix()


def _file(root: Path, picture) -> Path | None:
    for ending in ENDINGS:
        path = root / picture_path(picture, ending)
        if path.is_file():
            return path
    return None
