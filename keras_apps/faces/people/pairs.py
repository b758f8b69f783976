"""A file of pairs -> the pictures to compare, and which pairs show one person."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Picture = tuple[str, int] | str


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of pictures to compare.

    Attributes:
        first: The left pictures, n of them: `(name, number)` from LFW's files, a path as written from others.
        second: The right pictures, n of them.
        same: Booleans `(n,)`, true where both pictures show one person.
        folds: Integers `(n,)`, the fold of each pair counted from 0, or `None` where the file has no folds.
    """

    first: tuple[Picture, ...]
    second: tuple[Picture, ...]
    same: np.ndarray
    folds: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.first)

    def pictures(self) -> list[Picture]:
        """Return every picture once, in order of first use."""
        return list(dict.fromkeys(picture for pair in zip(self.first, self.second, strict=True) for picture in pair))


def picture_path(picture: Picture, suffix: str = ".jpg") -> str:
    """Return a picture's path relative to the folder of people, as LFW lays it out.

    Args:
        picture: `(name, number)`, or a path, which stays as it is.
        suffix: The files' ending, with its dot.

    Example:
        >>> picture_path(("Aaron_Peirsol", 2))
        'Aaron_Peirsol/Aaron_Peirsol_0002.jpg'
    """
    return picture if isinstance(picture, str) else f"{picture[0]}/{picture[0]}_{picture[1]:04d}{suffix}"


def read_pairs(path: str | os.PathLike) -> Pairs:
    """Read a pair file: LFW's of View 1 or View 2 as published, or a plain list of your own pictures.

    - View 1 (`pairsDevTrain.txt`): a line with N, then N genuine pairs `name number number`, then N impostor pairs
      `name number name number`.
    - View 2 (`pairs.txt`): a line with the number of folds and N, then for each fold N genuine and N impostor pairs.
    - Plain: lines `path path 1` (same person) or `path path 0`, paths relative to the folder of pictures. With commas
      between (CSV; a header line may name the third column `same` or `label`) or tabs, paths may hold spaces.

    Columns stand apart by tabs or spaces; empty lines are passed over.

    Args:
        path: The file, UTF-8.

    Returns:
        `Pairs`, in the file's order.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a line is not as expected; the message names file and line.

    Reference:
        Huang et al., "Labeled Faces in the Wild", University of Massachusetts, Amherst, 07-49, 2007.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"expected a file of pairs, received '{path}', which does not exist")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"expected UTF-8 text in '{path}', received {error.reason} at byte {error.start}") from None
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise ValueError(f"expected pairs in '{path}', received an empty file")
    header = lines[0][1].split()
    if len(header) <= 2 and all(_is_count(word) for word in header):
        folds, each = (1, int(header[0])) if len(header) == 1 else map(int, header)
        rows = list(_lfw_rows(path, lines, folds, each))
    else:
        folds, rows = 1, list(_plain_rows(path, lines))
    first, second, same, fold = zip(*rows, strict=True)
    return Pairs(first, second, np.array(same, bool), np.array(fold) if len(header) == 2 and folds > 1 else None)


def _lfw_rows(path: Path, lines: list[tuple[int, str]], folds: int, each: int) -> Iterator[tuple]:
    wanted = 2 * folds * each
    if len(lines) - 1 < wanted:
        last = f"{len(lines) - 1} lines up to line {lines[-1][0]}"
        raise ValueError(f"expected {wanted} pairs after the first line of '{path}', received {last}")
    for index, (number, line) in enumerate(lines[1:]):
        where = f"in '{path}', line {number}"
        if index >= wanted:
            raise ValueError(f"expected no more than {wanted} pairs {where}, received {line!r}")
        genuine, words = index % (2 * each) < each, _columns(line)
        numbers = (words[1:3] if genuine else words[1::2]) if len(words) == (3 if genuine else 4) else []
        if not numbers or not all(_is_count(word) for word in numbers):
            form = "'name number number'" if genuine else "'name number name number'"
            raise ValueError(f"expected {form} with numbers from 1 {where}, received {line!r}")
        other = words[0] if genuine else words[2]
        if not genuine and other == words[0]:
            raise ValueError(f"expected two people in an impostor pair {where}, received {other!r} twice")
        yield (words[0], int(numbers[0])), (other, int(numbers[1])), genuine, index // (2 * each)


def _plain_rows(path: Path, lines: list[tuple[int, str]]) -> Iterator[tuple]:
    with_commas = all("," in line and "\t" not in line for _, line in lines)
    for index, (number, line) in enumerate(lines):
        words = [word.strip() for word in next(csv.reader([line]))] if with_commas else _columns(line)
        if index == 0 and len(lines) > 1 and with_commas and words[2:] in (["same"], ["label"]):
            continue
        if len(words) != 3 or words[2] not in ("0", "1") or not words[0] or not words[1]:
            raise ValueError(f"expected 'path path 0' or 'path path 1' in '{path}', line {number}, received {line!r}")
        yield words[0], words[1], words[2] == "1", 0


def _columns(line: str) -> list[str]:
    return [word.strip() for word in line.strip().split("\t")] if "\t" in line else line.split()


def _is_count(word: str) -> bool:
    return word.isascii() and word.isdigit() and int(word) > 0
