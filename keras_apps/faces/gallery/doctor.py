"""Everybody's encodings -> what is wrong with a gallery: one check a function, and what to do about each finding.

A further check is a function that returns findings, its word in `KINDS`, and a line in `examine`.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from keras_apps.faces.distances import squared_euclidean
from keras_apps.faces.gallery.names import name_key, some_of
from keras_apps.faces.gallery.store import Rows
from keras_apps.faces.judging.verification import json_value

KINDS = ("misfiled-picture", "same-person", "look-alikes", "similar-names", "duplicate-picture", "one-picture")
BLOCK, ACROSS = 1024, 8192
"""Encodings that one matrix product compares, 32 MB as float32."""
VALUES_TOGETHER = 1 << 23
"""Most distances within people held at once, 64 MB as float64."""
MOST_PAIRS = 1 << 20
"""Most pairs of encodings that are kept, the nearest."""
MOST_LISTED = 1000
"""Most pairs of people that are reported, the nearest."""
PRINTED = 20
SAME_ENCODING = 1e-8
"""Two encodings are one where their squared distance is at most this share of the mean squared norm."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong in a gallery, or may be.

    Attributes:
        kind: `"misfiled-picture"`, `"same-person"`, `"look-alikes"`, `"similar-names"`, `"duplicate-picture"` or
            `"one-picture"`.
        people: Whom it is about.
        pictures: Which pictures of the first of them, from 1 in the order of enrolment; empty where all are meant.
        distance: The nearest distance that led to it, in the threshold's unit; `None` where none did.
        what: What was found, in words.
        advice: What to do about it, with the command.
    """

    kind: str
    people: tuple[str, ...]
    pictures: tuple[int, ...]
    distance: float | None
    what: str
    advice: str


@dataclass(frozen=True)
class DoctorReport:
    """What a gallery's doctor found. It prints as a text for people.

    Attributes:
        gallery: The file.
        people: Number of people.
        encodings: Number of their encodings.
        tau: The threshold that the distances were compared with; `None` where none is known.
        distance: The distance's name; `None` where no threshold is known.
        findings: What was found, the worst kinds first, the nearest people first.
        left_out: Number of further pairs of people that are too near each other; the nearest are listed.
    """

    gallery: str
    people: int
    encodings: int
    tau: float | None
    distance: str | None
    findings: tuple[Finding, ...]
    left_out: int = 0

    def as_dict(self) -> dict:
        """Return everything as JSON holds it."""
        return json_value(asdict(self))

    def __str__(self) -> str:
        title = f"{self.gallery}: {_count(self.people, 'person', 'people')}, {_count(self.encodings, 'encoding')}"
        if self.tau is None:
            title += "; no threshold is known for its tower, so that people were not compared with each other"
        else:
            title += f", tau {self.tau:.4g} ({self.distance})"
        if not self.findings:
            return f"{title}\nnothing found"
        lines = [title]
        for kind in KINDS:
            some = [finding for finding in self.findings if finding.kind == kind]
            lines += [f"{finding.kind}: {finding.what}\n    {finding.advice}" for finding in some[:PRINTED]]
            if len(some) > PRINTED:
                lines.append(f"{kind}: {len(some) - PRINTED} more, which --json lists")
        if self.left_out:
            lines.append(f"{self.left_out} more pairs of people are within tau: it is too generous for so many people")
        return "\n".join([*lines, f"{_count(len(self.findings), 'finding')}; run doctor again after a change"])


def examine(
    path: str | os.PathLike, names: Sequence[str], rows: Rows, tau: float | None, distance: str | None
) -> DoctorReport:
    """Look for mistakes in a gallery.

    - misfiled picture: the median distance to the person's other pictures is above tau, and somebody else is within.
    - same person: two people's pictures are within tau of each other, and their median distance is not above what
      nine in ten pictures have to their person's others (where ten people or more have several; otherwise it is at
      most tau). Or the same picture is enrolled under both names.
    - look-alikes: other people of whom two pictures are within tau of each other.
    - similar names: as `name_key` says.
    - duplicate picture: one person has the same encoding twice.
    - one picture: there is no second.

    All pairs of encodings are compared, block by block. Beside the encodings, twice, some 300 MB are needed.

    Args:
        path: The gallery's file, for the report.
        names: The people.
        rows: Their encodings; owners are indices into `names`.
        tau: The threshold; `None` where none is known: then people are compared by name and for equal encodings only.
        distance: Its distance, `"squared_euclidean"` or `"euclidean"`.

    Returns:
        A `DoctorReport`.

    Example:
        >>> rows = Rows(np.array([0, 0, 0, 1, 1]), np.zeros(5, int), np.float32([[0], [0.1], [1.1], [1], [1.2]]))
        >>> report = examine("team.db", ["ann", "bo"], rows, tau=0.3, distance="squared_euclidean")
        >>> [(finding.kind, finding.people, finding.pictures) for finding in report.findings]
        [('misfiled-picture', ('ann', 'bo'), (3,))]
    """
    sorted_people = _People(names, rows)
    doctor = _Doctor(os.fspath(path), sorted_people, tau, distance)
    findings: list[Finding] = []
    left_out = 0
    if len(rows.owners):
        own, duplicates = own_medians(sorted_people)
        first, second, near = close_pairs(sorted_people, doctor.limit)
        misfiled = doctor.misfiled(own, first, second)
        findings += doctor.misfiled_findings(misfiled, own, first, second, near)
        pairs, left_out = doctor.too_near(misfiled, own, first, second, near)
        findings += pairs
        findings += doctor.similar_names()
        findings += doctor.duplicates(duplicates)
        findings += doctor.single_pictures()
    return DoctorReport(os.fspath(path), len(names), len(rows.owners), tau, distance, tuple(findings), left_out)


class _People:
    """Encodings sorted by person, each person's oldest first.

    Args:
        names: The people.
        rows: Their encodings; owners are indices into `names`.
    """

    def __init__(self, names: Sequence[str], rows: Rows) -> None:
        order = np.lexsort((rows.enrolled, rows.owners))
        self.names, self.owners = names, rows.owners[order]
        self.encodings = np.asarray(rows.encodings[order], np.float32)
        self.counts = np.bincount(self.owners, minlength=len(names))
        self.starts = np.cumsum(self.counts) - self.counts
        self.same = 0.0
        if len(order):
            self.same = SAME_ENCODING * float(np.mean(np.einsum("ij,ij->i", self.encodings, self.encodings)))
            self.encodings -= self.encodings.mean(axis=0)  # no distance changes, and products lose fewer digits

    def number(self, row: int) -> int:
        """Return which picture of its person an encoding is, from 1."""
        return int(row - self.starts[self.owners[row]]) + 1


def own_medians(people: _People) -> tuple[np.ndarray, np.ndarray]:
    """Compare each encoding with its person's others.

    Returns:
        `(medians, duplicates)`: the median of the squared distances to the person's others, float64 `(n,)`, NaN where
        there are none; and whether an earlier one of the person is the same, booleans `(n,)`.
    """
    n, length = people.encodings.shape
    medians, duplicates = np.full(n, np.nan), np.zeros(n, bool)
    for count in np.unique(people.counts[people.counts > 1]).tolist():
        starts = people.starts[people.counts == count]
        together = max(1, VALUES_TOGETHER // (count * max(count, length)))
        height = min(count, max(1, VALUES_TOGETHER // count))
        for begin in range(0, len(starts), together):
            all_rows = starts[begin : begin + together, None] + np.arange(count)
            own = people.encodings[all_rows].astype(np.float64)
            squares = np.einsum("pij,pij->pi", own, own)
            for first in range(0, count, height):
                rows = np.arange(first, min(first + height, count))
                values = squares[:, rows, None] + squares[:, None] - 2 * own[:, rows] @ own.transpose(0, 2, 1)
                earlier = np.arange(count) < rows[:, None]
                duplicates[all_rows[:, rows]] = np.any((values <= people.same) & earlier, axis=2)
                values[:, np.arange(len(rows)), rows] = np.inf  # itself comes last
                values.sort(axis=2)
                medians[all_rows[:, rows]] = (values[..., (count - 2) // 2] + values[..., (count - 1) // 2]) / 2
    return np.maximum(medians, 0), duplicates


def close_pairs(people: _People, limit: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the pairs of encodings of two people whose squared distance is at most `limit`.

    Returns:
        `(first, second, distances)`, int64, int64 and float64 `(m,)`, the nearest first; of more than `MOST_PAIRS` the
        nearest.
    """
    encodings, owners = people.encodings, people.owners
    squares = np.einsum("ij,ij->i", encodings, encodings)
    bound = limit + 4e-6 * (2 * float(squares.max()) + limit)  # with the product's rounding
    ones = np.ones_like(squares)
    found = [np.empty((0, 3))]
    for begin in range(0, len(owners), BLOCK):
        rows = slice(begin, begin + BLOCK)
        some = np.column_stack([-2 * encodings[rows], squares[rows], ones[rows]])
        for across in range(begin, len(owners), ACROSS):
            others = slice(across, across + ACROSS)
            values = some @ np.column_stack([encodings[others], ones[others], squares[others]]).T
            places = np.flatnonzero(values <= bound)
            near = values.ravel()[places]
            first, second = places // values.shape[1] + begin, places % values.shape[1] + across
            kept = (first < second) & (owners[first] != owners[second])
            found.append(_nearest(np.stack([first[kept], second[kept], near[kept]], axis=1)))
        if sum(map(len, found)) > 2 * MOST_PAIRS:
            found = [_nearest(np.concatenate(found))]
    pairs = _nearest(np.concatenate(found))
    first, second = pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)
    near = np.empty(len(pairs))
    for begin in range(0, len(pairs), BLOCK):
        rows = slice(begin, begin + BLOCK)
        near[rows] = squared_euclidean(encodings[first[rows]].astype(np.float64), encodings[second[rows]])
    order = np.argsort(near, kind="stable")
    order = order[near[order] <= limit]
    return first[order], second[order], near[order]


def _nearest(pairs: np.ndarray) -> np.ndarray:
    if len(pairs) <= MOST_PAIRS:
        return pairs
    return pairs[np.argpartition(pairs[:, 2], MOST_PAIRS - 1)[:MOST_PAIRS]]


class _Doctor:
    """The checks, and their words."""

    def __init__(self, path: str, people: _People, tau: float | None, distance: str | None) -> None:
        self._path, self._people, self._tau, self._root = path, people, tau, distance == "euclidean"
        self.limit = people.same if tau is None else tau**2 if self._root else tau

    def misfiled(self, own: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return which encodings are far from their person's others and near somebody else, booleans `(n,)`."""
        is_near = np.zeros(len(own), bool)
        is_near[first] = is_near[second] = True
        return is_near & (own > self.limit) & (self._tau is not None)

    def misfiled_findings(
        self, misfiled: np.ndarray, own: np.ndarray, first: np.ndarray, second: np.ndarray, near: np.ndarray
    ) -> list[Finding]:
        """Report the misfiled pictures, person by person."""
        rows, others, near = np.r_[first, second], np.r_[second, first], np.r_[near, near]
        order = np.argsort(near, kind="stable")
        rows, at = np.unique(rows[order], return_index=True)
        others, near = others[order][at], near[order][at]
        chosen, found = np.flatnonzero(misfiled[rows]), []
        owners, starts = np.unique(self._people.owners[rows[chosen]], return_index=True)
        for owner, mine in zip(owners.tolist(), np.split(chosen, starts[1:]), strict=False):
            name, count = self._people.names[owner], int(self._people.counts[owner])
            numbers = tuple(self._people.number(rows[i]) for i in mine)
            looks = [self._name_of(others[i]) for i in mine]
            words = "; ".join(
                f"picture {number} of {count} is {self._shown(own[rows[i]])} from the others and looks like {look!r} "
                f"({self._shown(near[i])})"
                for i, number, look in zip(mine[:PRINTED], numbers, looks, strict=False)
            )
            what = f"{name!r}: {words}" + (f"; and {len(mine) - PRINTED} more" if len(mine) > PRINTED else "")
            advice = f"if it shows somebody else, take it out: {self._command('remove', name, pictures=numbers)}"
            nearest = self._measure(float(near[mine].min()))
            found.append(Finding(KINDS[0], (name, *dict.fromkeys(looks)), numbers, nearest, what, advice))
        return found

    def too_near(
        self, misfiled: np.ndarray, own: np.ndarray, first: np.ndarray, second: np.ndarray, near: np.ndarray
    ) -> tuple[list[Finding], int]:
        """Report people who may be one, then look-alikes; return how many pairs of people were left out too."""
        people = self._people
        kept = ~misfiled[first] & ~misfiled[second]
        keys = people.owners[first[kept]] * len(people.names) + people.owners[second[kept]]
        keys, at = np.unique(keys, return_index=True)
        keys, nearest = keys[np.argsort(at)], near[kept][np.sort(at)]
        several = people.counts > 1
        inside = np.sort(own[~np.isnan(own) & ~misfiled])
        usual = self.limit
        if self._tau is not None and several.sum() >= 10 and len(inside):
            usual = min(usual, float(np.quantile(inside, 0.9)))
        same, alike = [], []
        for key, least in zip(keys[:MOST_LISTED].tolist(), nearest.tolist(), strict=False):
            pair = divmod(key, len(people.names))
            one, other = (self._rows(owner, misfiled) for owner in pair)
            values = squared_euclidean(one[:, None].astype(np.float64), other[None])
            within = f"{np.count_nonzero(values <= self.limit)} of {values.size}"
            a, b = (people.names[owner] for owner in pair)
            what = f"{a!r} and {b!r}: {within} comparisons of their pictures are within tau, the nearest at "
            what += self._shown(least)
            if least <= people.same:
                what = f"{a!r} and {b!r}: the same picture is enrolled under both names"
            if least <= people.same or np.median(values) <= usual:
                advice = (
                    "compare their pictures; if they are one person, remove one name: "
                    f"{self._command('remove', b)}; if they are twins, name them by another sign"
                )
                same.append(Finding(KINDS[1], (a, b), (), self._measure(least), what, advice))
            else:
                advice = (
                    "compare their pictures; if they are two people, decide with a stricter tau: keras-apps faces "
                    f"calibrate PEOPLE --far 1e-4 -o strict.json, then {self._command('identify', 'PICTURE')} "
                    "--threshold strict.json"
                )
                alike.append(Finding(KINDS[2], (a, b), (), self._measure(least), what, advice))
        return same + alike, max(0, len(keys) - MOST_LISTED)

    def similar_names(self) -> list[Finding]:
        """Report names that differ only in case, spacing or Unicode form."""
        groups: dict[str, list[str]] = {}
        for name in self._people.names:
            groups.setdefault(name_key(name), []).append(name)
        found = []
        for group in groups.values():
            if len(group) > 1:
                what = f"{' and '.join(map(repr, group))} differ only in case, spacing or Unicode form"
                advice = (
                    f"if they are one person, remove one: {self._command('remove', group[-1])}; if not, give one a "
                    f"name that tells them apart: {self._command('rename', group[-1], 'NEW_NAME')}"
                )
                found.append(Finding(KINDS[3], tuple(group), (), None, what, advice))
        return found

    def duplicates(self, duplicates: np.ndarray) -> list[Finding]:
        """Report people who have the same encoding twice."""
        rows, found = np.flatnonzero(duplicates), []
        owners, starts = np.unique(self._people.owners[rows], return_index=True)
        for owner, some in zip(owners.tolist(), np.split(rows, starts[1:]), strict=False):
            name, numbers = self._people.names[owner], tuple(self._people.number(row) for row in some)
            listed = ", ".join(map(str, numbers[:PRINTED])) + (", ..." if len(numbers) > PRINTED else "")
            which = f"picture {listed} repeats" if len(numbers) == 1 else f"pictures {listed} repeat"
            what = f"{name!r}: {which} an earlier one"
            advice = f"a repeated picture adds nothing; remove it: {self._command('remove', name, pictures=numbers)}"
            found.append(Finding(KINDS[4], (name,), numbers, 0.0, what, advice))
        return found

    def single_pictures(self) -> list[Finding]:
        """Report the people of whom there is one picture only, all in one finding."""
        names = sorted(self._people.names[owner] for owner in np.flatnonzero(self._people.counts == 1).tolist())
        if not names:
            return []
        what = f"{_count(len(names), 'person has', 'people have')} one picture only: {some_of(names)}"
        advice = f"a second and a third help most; add them: {self._command('enrol', names[0], 'PICTURES')}"
        return [Finding(KINDS[5], tuple(names), (), None, what, advice)]

    def _rows(self, owner: int, misfiled: np.ndarray) -> np.ndarray:
        """Return a person's encodings without the misfiled ones, at most 100."""
        rows = np.arange(self._people.starts[owner], self._people.starts[owner] + self._people.counts[owner])
        return self._people.encodings[rows[~misfiled[rows]][:100]]

    def _name_of(self, row: int) -> str:
        return self._people.names[self._people.owners[row]]

    def _measure(self, squared: float) -> float:
        return float(np.sqrt(squared)) if self._root else float(squared)

    def _shown(self, squared: float) -> str:
        return f"{self._measure(squared):.3f}"

    def _command(self, command: str, *words: str, pictures: Sequence[int] = ()) -> str:
        """Return a command line as a shell reads it; `--` goes before words that begin with a dash."""
        options = [part for number in pictures for part in ("--picture", str(number))]
        words = (self._path, *words)
        dashes = ["--"] if any(word.startswith("-") for word in words) else []
        return shlex.join(["keras-apps", "faces", command, *options, *dashes, *words])


def _count(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
