"""A column of groups beside comparisons or probes -> each rate of each group, and the largest gap between two."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from keras_apps.faces.judging.intervals import Interval, wilson

Label = str | int
FEWEST = 30
"""Fewest comparisons that say something: of fewer, the 95 % interval of a share may be wider than one third."""
UNKNOWN = (math.nan, math.nan)


@dataclass(frozen=True)
class GroupRate:
    """One rate of one group.

    Attributes:
        name: For instance `"TAR at FAR 0.01"`.
        rate: In [0, 1]; NaN where it could not be measured.
        interval: `(low, high)` of `rate`.
        reason: Why the group is too small to say anything, in words, with the number needed; empty as a rule.
    """

    name: str
    rate: float
    interval: Interval
    reason: str = ""


@dataclass(frozen=True)
class GroupRates:
    """One group's rates.

    Attributes:
        group: The label.
        sizes: How many comparisons or probes of each kind, for instance `{"genuine": 300, "impostor": 300}`.
        rates: In the order of the report.
    """

    group: Label
    sizes: dict[str, int]
    rates: tuple[GroupRate, ...]


@dataclass(frozen=True)
class Gap:
    """The largest difference of one rate between two groups that are large enough.

    Attributes:
        rate: The rate's name.
        groups: `(lowest, highest)`, the two groups.
        values: Their rates.
        difference: Highest less lowest, in [0, 1].
        overlap: Whether the two intervals overlap: then the difference may be chance.
    """

    rate: str
    groups: tuple[Label, Label]
    values: tuple[float, float]
    difference: float
    overlap: bool


@dataclass(frozen=True)
class ByGroup:
    """Every rate by group, and where the groups differ most.

    Attributes:
        groups: The groups, sorted by label.
        gaps: For each rate that two groups or more are large enough for, the largest gap.
        largest: The gap with the largest difference; `None` where no two groups are large enough.
        across: Comparisons of two groups, which count in none.
    """

    groups: tuple[GroupRates, ...]
    gaps: tuple[Gap, ...]
    largest: Gap | None
    across: int = 0

    def as_dict(self) -> dict:
        """Return everything as JSON holds it, but for NaN."""
        return asdict(self)

    def __str__(self) -> str:
        width = max(20, *(len(str(group.group)) + 4 for group in self.groups))
        lines = ["by group"]
        for group in self.groups:
            sizes = ", ".join(f"{count} {kind}" for kind, count in group.sizes.items())
            lines.append(f"  {group.group!s:<{width - 2}}{sizes}")
        if self.across:
            lines.append(f"  {self.across} comparisons are of two groups, and count in none")
        gaps = {gap.rate: gap for gap in self.gaps}
        for place, rate in enumerate(self.groups[0].rates):
            lines.append(rate.name)
            for group in self.groups:
                lines.append(f"  {group.group!s:<{width - 2}}{_shown(group.rates[place])}")
            if rate.name in gaps:
                lines.append(f"  {'gap':<{width - 2}}{_points(gaps[rate.name])}")
        if self.largest is None:
            lines.append("largest gap: not measured: no two groups are large enough")
        else:
            low, high = self.largest.groups
            lines.append(f"largest gap: {self.largest.rate}, {low} below {high}: {_points(self.largest)}")
        return "\n".join(lines)


def _shown(rate: GroupRate) -> str:
    if math.isnan(rate.rate):
        return f"not measured: {rate.reason}"
    value = f"{100 * rate.rate:6.2f} %  ({100 * rate.interval[0]:.2f} to {100 * rate.interval[1]:.2f})"
    return f"{value}  {rate.reason}" if rate.reason else value


def _points(gap: Gap) -> str:
    chance = "; the intervals overlap: it may be chance" if gap.overlap else ""
    return f"{100 * gap.difference:.2f} points{chance}"


def by_group(groups: Sequence[GroupRates], across: int = 0) -> ByGroup:
    """Find the largest gaps between groups.

    Args:
        groups: Their rates, of the same names in the same order.
        across: Comparisons of two groups.

    Example:
        >>> rates = [GroupRate("TAR", rate, (rate - 0.1, rate + 0.1)) for rate in (0.9, 0.6)]
        >>> found = by_group([GroupRates("a", {}, (rates[0],)), GroupRates("b", {}, (rates[1],))])
        >>> found.largest.groups, round(found.largest.difference, 6), found.largest.overlap
        (('b', 'a'), 0.3, False)
    """
    gaps = []
    for place, rate in enumerate(groups[0].rates):
        enough = [(group.rates[place], group.group) for group in groups if not group.rates[place].reason]
        enough = [pair for pair in enough if not math.isnan(pair[0].rate)]
        if len(enough) < 2:
            continue
        low, low_group = min(enough, key=lambda pair: pair[0].rate)
        high, high_group = max(enough, key=lambda pair: pair[0].rate)
        if low_group == high_group:  # all are equal
            (low, low_group), (high, high_group) = enough[:2]
        overlap = low.interval[1] >= high.interval[0]
        difference = high.rate - low.rate
        gaps.append(Gap(rate.name, (low_group, high_group), (low.rate, high.rate), difference, overlap))
    largest = max(gaps, key=lambda gap: gap.difference, default=None)
    return ByGroup(tuple(groups), tuple(gaps), largest, across)


def share(name: str, count: int, n: int, confidence: float, what: str, needed: int = FEWEST) -> GroupRate:
    """Return the rate `count` of `n` with Wilson's interval, and the reason where `n` is below `needed`.

    Example:
        >>> share("rank 1", 3, 4, 0.95, "known probes").reason
        'too few known probes: 4, at least 30 are needed'
    """
    if not n:
        return GroupRate(name, math.nan, UNKNOWN, too_few(0, what, needed))
    return GroupRate(name, count / n, wilson(count, n, confidence), too_few(n, what, needed))


def too_few(n: int, what: str, needed: int) -> str:
    """Return the sentence for fewer than `needed` comparisons, or an empty one."""
    if n >= needed:
        return ""
    return f"too few {what}: {n}, at least {needed} are needed"


def needed_for(rate: float) -> int:
    """Return how many comparisons a wanted rate of errors needs at least, 1 / rate.

    Example:
        >>> needed_for(1e-3)
        1000
    """
    return math.ceil(1 / rate - 1e-9)


def checked_groups(groups: ArrayLike, n: int, sides: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Check a column of groups.

    Args:
        groups: Strings, integers or booleans, `(n,)`, or `(n, 2)` where 2 is among `sides`.
        n: How many.
        sides: 1, or 1 and 2 where both sides of a comparison may have a label.

    Returns:
        `(labels, codes)`: the different labels, sorted, `(g,)`; and for each comparison its label's index, int64
        `(n,)`, or -1 where its two sides differ.

    Raises:
        ValueError: If the shape does not fit.
        TypeError: If a label is neither a string nor an integer.

    Example:
        >>> labels, codes = checked_groups([["a", "a"], ["a", "b"], ["b", "b"]], 3, sides=(1, 2))
        >>> labels.tolist(), codes.tolist()
        (['a', 'b'], [0, -1, 1])
    """
    array = np.asarray(groups)
    if array.dtype == object:
        wrong = [one for one in array.ravel() if not isinstance(one, (str, int, np.integer))]
        if wrong:
            raise TypeError(f"expected strings or integers as groups, received {wrong[0]!r}")
        kinds = {isinstance(one, str) for one in array.ravel()}
        array = array.astype(str if True in kinds else np.int64)
    if array.dtype.kind not in "iubU":
        raise TypeError(f"expected strings or integers as groups, received {array.dtype}")
    shapes = [(n,)] + ([(n, 2)] if 2 in sides else [])
    if array.shape not in shapes:
        raise ValueError(f"expected groups of shape {' or '.join(map(str, shapes))}, received shape {array.shape}")
    labels, codes = np.unique(array.astype(np.int64) if array.dtype.kind in "ub" else array, return_inverse=True)
    codes = codes.reshape(array.shape).astype(np.int64)
    if codes.ndim == 2:
        codes = np.where(codes[:, 0] == codes[:, 1], codes[:, 0], -1)
    return labels, codes


def read_groups(path: str | os.PathLike) -> dict[str, str]:
    """Read the group of each person from a CSV file.

    Args:
        path: UTF-8; its first line is `person,group`, and each further line a person and a label.

    Returns:
        `{person: group}`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it has another first line, a line without both, or a person in two groups.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"expected a CSV file of groups, received '{os.fspath(path)}', which does not exist")
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = [line for line in csv.reader(file) if line]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"expected a CSV file in UTF-8, received '{os.fspath(path)}': {error}") from None
    if not lines or [word.strip() for word in lines[0]] != ["person", "group"]:
        first = ",".join(lines[0]) if lines else ""
        raise ValueError(f"expected 'person,group' as the first line of '{os.fspath(path)}', received {first!r}")
    groups: dict[str, str] = {}
    for line in lines[1:]:
        words = [word.strip() for word in line]
        if len(words) != 2 or not all(words):
            raise ValueError(f"expected a person and a group in each line of '{os.fspath(path)}', received {line}")
        if groups.setdefault(words[0], words[1]) != words[1]:
            raise ValueError(f"expected one group a person, received {words[0]!r} in two in '{os.fspath(path)}'")
    return groups
