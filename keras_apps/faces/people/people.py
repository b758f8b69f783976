"""Folders or arrays of labelled pictures -> people, and splits of them that share nobody."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from keras_apps._checks import is_whole
from keras_apps._picture_sources import check_path
from keras_apps.faces.people.reading import unreadable
from keras_apps.images import PICTURE_ENDINGS


def pictures_by_person(root: Path) -> tuple[list[tuple[str, Path]], dict[Path, str]]:
    """Look through `root/person/picture.jpg`; hidden files and those with another ending do not count.

    Args:
        root: An existing folder.

    Returns:
        `(person, picture)` in order of name, and `{path: reason}` of the pictures beside the people's folders and of
        the links that lead to nothing.
    """
    found, unused = [], {}
    for person in _visible(root):
        if not person.is_dir():
            if reason := _broken(person) or ("in no person's folder" if _is_picture(person) else None):
                unused[person] = reason
            continue
        for path in _visible(person):
            if reason := _broken(path):
                unused[path] = reason
            elif _is_picture(path):
                found.append((person.name, path))
    return found, unused


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_ENDINGS and path.is_file()


def _broken(path: Path) -> str | None:
    return "a link to nothing" if path.is_symlink() and not path.exists() else None


class People:
    """Pictures by person: what a face tower is trained and judged on.

    Make it with `from_folder` or `from_arrays`. Parts of it (`split`, `without`, `only`) number their people anew.

    Attributes:
        pictures: Paths, or uint8 arrays `(h, w, 3)`, one for each picture.
        labels: int32 `(n,)`, each picture's person, an index of `names`.
        names: The people's names, each once.
        skipped: `(path, reason)` of each picture that was left out: damaged, a link to nothing, or in no person's
            folder.
    """

    def __init__(
        self,
        pictures: Sequence,
        labels: ArrayLike,
        names: Sequence[str],
        skipped: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.pictures = list(pictures)
        self.labels = np.asarray(labels, np.int32)
        self.names = tuple(names)
        self.skipped = tuple(skipped)
        if self.labels.shape != (len(self.pictures),):
            raise ValueError(
                f"expected a label for each of {len(self.pictures)} pictures, received {self.labels.shape}"
            )

    @classmethod
    def from_folder(
        cls,
        root: str | os.PathLike,
        *,
        skip_unreadable: bool = False,
        check: bool = True,
        progress: Callable[[int, int], None] | None = None,
    ) -> People:
        """Read a folder of people, `root/person/picture.jpg`, LFW's layout; people and pictures in order of name.

        Hidden files, files with another ending than a picture's, and folders without pictures are ignored. Pictures
        beside the folders, and links that lead to nothing, are left out and listed in `skipped`.

        Args:
            root: The folder of folders; a folder's name is the person's.
            skip_unreadable: Leave damaged pictures out and list them in `skipped`.
            check: Open every picture now, about 0.5 ms each, so that a damaged one is named before any work is done.
            progress: Called with the number of pictures checked and of all.

        Raises:
            FileNotFoundError: If there is no such folder.
            ValueError: If it holds fewer than two people, nobody has two pictures, or pictures are damaged and not
                to be skipped; or for an address on the network.
        """
        check_path(root)
        root = Path(root)
        if not root.exists():
            raise FileNotFoundError(f"expected a folder of people, received '{root}', which does not exist")
        if not root.is_dir():
            raise ValueError(f"expected a folder of people, received '{root}', a file")
        found, unused = pictures_by_person(root)
        if not found:
            loose = any(path.is_file() for path in unused)
            hint = "; it holds pictures itself, where folders of them were expected" if loose else ""
            raise ValueError(f"expected pictures at person/picture.jpg in the folder '{root}', received none{hint}")
        bad = unreadable([path for _, path in found], progress) if check else {}
        if bad and not skip_unreadable:
            listed = "; ".join(f"'{path.relative_to(root)}': {reason}" for path, reason in list(bad.items())[:5])
            more = f" and {len(bad) - 5} more" if len(bad) > 5 else ""
            raise ValueError(
                f"expected whole pictures, received {len(bad)} of {len(found)} that cannot be read ({listed}{more}); "
                "skip_unreadable=True, --skip-unreadable at the command line, leaves them out"
            )
        kept = [(name, path) for name, path in found if path not in bad]
        names = sorted({name for name, _ in kept})
        number = {name: index for index, name in enumerate(names)}
        skipped = [(str(path), reason) for path, reason in (*bad.items(), *unused.items())]
        return cls([path for _, path in kept], [number[name] for name, _ in kept], names, skipped)._checked(f"'{root}'")

    @classmethod
    def from_arrays(cls, images: Sequence[np.ndarray], labels: ArrayLike, names: Sequence[str] | None = None) -> People:
        """Take pictures that are in memory already, for instance those of `synthetic_people`.

        Args:
            images: uint8 `(n, h, w, 3)`, or a sequence of `(h, w, 3)`, RGB in 0..255.
            labels: Integers `(n,)`, one for each person; any numbers, in any order.
            names: The people's names, in the order of their numbers; the numbers themselves by default.

        Raises:
            ValueError: If shapes or lengths do not agree, there are fewer than two people, or nobody has two pictures.
            TypeError: If a picture is not of uint8.

        Example:
            >>> pictures = np.zeros((5, 8, 8, 3), np.uint8)
            >>> people = People.from_arrays(pictures, [7, 7, 7, 3, 3], names=["Ada", "Alan"])
            >>> people.labels.tolist(), people.names, people.counts.tolist()
            ([1, 1, 1, 0, 0], ('Ada', 'Alan'), [2, 3])
        """
        for image in images:
            if getattr(image, "dtype", None) != np.uint8:
                raise TypeError(f"expected pictures of uint8, received {getattr(image, 'dtype', type(image).__name__)}")
            if image.ndim != 3 or image.shape[2] != 3:
                raise ValueError(f"expected pictures (h, w, 3), received shape {image.shape}")
        labels = np.asarray(labels)
        if labels.ndim != 1 or len(labels) != len(images) or not np.issubdtype(labels.dtype, np.integer):
            raise ValueError(
                f"expected {len(images)} integers as labels, received {labels.dtype} of shape {labels.shape}"
            )
        numbers, labels = np.unique(labels, return_inverse=True)
        names = [str(number) for number in numbers] if names is None else list(names)
        if len(names) != len(numbers) or len(set(names)) != len(names):
            raise ValueError(f"expected {len(numbers)} different names, one a person, received {len(names)}")
        return cls(images, labels, names)._checked("arrays")

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.pictures)

    def __repr__(self) -> str:
        return f"People({self.summary()})"

    @property
    def counts(self) -> np.ndarray:
        """How many pictures each person has, ints `(people,)`."""
        return np.bincount(self.labels, minlength=len(self.names))

    def of(self, name: str) -> np.ndarray:
        """Return the indices of one person's pictures, in order.

        Raises:
            ValueError: If nobody has that name.
        """
        if name not in self.names:
            raise ValueError(f"expected the name of one of {len(self.names)} people, received {name!r}")
        return np.flatnonzero(self.labels == self.names.index(name))

    def summary(self) -> str:
        """Say in a line how many people and pictures there are.

        Example:
            >>> People.from_arrays(np.zeros((3, 8, 8, 3), np.uint8), [0, 0, 1]).summary()
            '2 people, 3 pictures; 1 with several pictures (2), 1 with one'
        """
        several = self.counts >= 2
        text = f"{len(self.names)} people, {len(self)} pictures; {several.sum()} with several pictures "
        text += f"({self.counts[several].sum()}), {(~several).sum()} with one"
        return text + (f"; {len(self.skipped)} left out" if self.skipped else "")

    def digest(self) -> str:
        """Return 16 hexadecimal digits that tell these people, by name and number of pictures, from others.

        Example:
            >>> people = [People.from_arrays(np.zeros((3, 8, 8, 3), np.uint8), [0, 0, 1], ["a", n]) for n in "bbc"]
            >>> people[0].digest() == people[1].digest(), people[0].digest() == people[2].digest()
            (True, False)
        """
        counts = [(name, int(count)) for name, count in zip(self.names, self.counts, strict=True)]
        return hashlib.sha256(repr(counts).encode()).hexdigest()[:16]

    def split(self, held_out: float | Sequence[float] = 0.2, seed: int = 0) -> tuple[People, ...]:
        """Split by person: nobody is in two parts.

        People with several pictures and people with one are shared out separately, so every part has its share of both.

        Args:
            held_out: The second part's share of the people, in (0, 1); or the shares of all parts, which add up to 1.
            seed: Integer >= 0, chooses who goes where.

        Returns:
            Two parts, the held-out one second; or as many as there are shares.

        Raises:
            ValueError: If the shares or the seed are out of range, or a part would hold fewer than two people or nobody
                with two pictures.

        Example:
            >>> people = People.from_arrays(np.zeros((20, 8, 8, 3), np.uint8), np.repeat(range(10), 2))
            >>> [len(part.names) for part in people.split(0.2)]
            [8, 2]
        """
        if not is_whole(seed) or seed < 0:
            raise ValueError(f"expected an integer of at least 0 as seed, received {seed!r}")
        try:
            held_out = held_out.tolist() if isinstance(held_out, np.ndarray) else held_out  # a float if of rank 0
            shares = np.array(list(held_out) if isinstance(held_out, Iterable) else [1 - held_out, held_out], float)
        except (TypeError, ValueError):
            shares = np.zeros(0)
        if len(shares) < 2 or not np.all((shares > 0) & (shares < 1)) or abs(shares.sum() - 1) > 1e-6:
            raise ValueError(f"expected shares between 0 and 1 that add up to 1, received {held_out!r}")
        random = np.random.default_rng((seed, 0))
        parts: list[list[int]] = [[] for _ in shares]
        for group in (np.flatnonzero(self.counts >= 2), np.flatnonzero(self.counts == 1)):
            ends = np.rint(np.cumsum(shares) * len(group)).astype(int)
            for part, some in zip(parts, np.split(random.permutation(group), ends[:-1]), strict=True):
                part.extend(some)
        whole = f"{len(self.names)} people"
        return tuple(
            self._part(part)._checked(f"a share of {share:g} of {whole}")
            for part, share in zip(parts, shares, strict=True)
        )

    def without(self, names: Iterable[str]) -> People:
        """Leave people out, for instance those of a file of test pairs; unknown names are ignored.

        Raises:
            ValueError: If fewer than two people, or nobody with two pictures, would be left.
        """
        gone = set(names)
        return self._part([i for i, name in enumerate(self.names) if name not in gone])._checked("what was left")

    def only(self, names: Iterable[str]) -> People:
        """Keep just these people; unknown names are ignored."""
        kept = set(names)
        return self._part([i for i, name in enumerate(self.names) if name in kept])

    def _part(self, people: ArrayLike) -> People:
        people = np.sort(np.asarray(people, int))
        number = np.full(len(self.names), -1, np.int32)
        number[people] = np.arange(len(people))
        kept = np.flatnonzero(number[self.labels] >= 0)
        names = [self.names[i] for i in people]
        return type(self)([self.pictures[i] for i in kept], number[self.labels[kept]], names, self.skipped)

    def _checked(self, where: str) -> People:
        where += f", where {len(self.skipped)} pictures were left out" if self.skipped else ""
        if len(self.names) < 2:
            raise ValueError(f"expected at least two people, received {len(self.names)} in {where}")
        if self.counts.max() < 2:
            raise ValueError(
                f"expected somebody with two pictures or more, received {len(self.names)} people with one in {where}"
            )
        return self
