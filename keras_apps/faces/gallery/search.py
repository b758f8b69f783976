"""Everybody's encodings in memory -> the nearest people of a probe, exactly, with one matrix product."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

import numpy as np

from keras_apps.faces.gallery.decisions import ByDistance, ByProbability

VALUES_TOGETHER = 1 << 25
"""Most measures held at once, 128 MB as float32; more probes go through in turns."""
Measure = ByDistance | ByProbability


def pictures_of(template: str) -> int | None:
    """Return how many of a person's nearest pictures a template takes, or `None` for the mean encoding.

    - `"nearest"`: a person's measure is that of the picture nearest the probe, k = 1.
    - `"best-of-k"`, for instance `"best-of-3"`: the mean of the k smallest measures, of all where there are fewer.
    - `"mean"`: the measure of the mean of the person's encodings.

    Raises:
        ValueError: If the template is unknown.

    Example:
        >>> pictures_of("nearest"), pictures_of("best-of-3"), pictures_of("mean")
        (1, 3, None)
    """
    if template == "mean":
        return None
    found = re.fullmatch(r"best-of-([1-9]\d{0,5})", template) if isinstance(template, str) else None
    if template != "nearest" and not found:
        raise ValueError(f"expected a template 'nearest', 'mean' or 'best-of-K' with K >= 1, received {template!r}")
    return int(found[1]) if found else 1


class Index:
    """People's encodings, each once in memory: 512 MB for a million of length 128, beside some 100 MB of names.

    Args:
        names: The people, `m` texts.
        owners: int `(n,)`, for each encoding the index of its person in `names`; each person has at least one.
        encodings: float32 `(n, d)`; kept, not copied.
        template: As for `pictures_of`. `"mean"` keeps `m` mean encodings instead.

    Attributes:
        people_by_pictures: `{pictures: number of people with so many}`.

    Example:
        >>> from keras_apps.faces.judging.calibration import Threshold
        >>> measure = ByDistance(Threshold(0.5, "squared_euclidean", "", 1.0, 0.5, 0.1))
        >>> index = Index(["kian", "lea"], np.array([0, 1, 0]), np.float32([[0, 0], [3, 4], [1, 0]]))
        >>> [(index.names[i], float(v)) for i, v in next(index.nearest(np.float32([[1, 1]]), measure, top=2))]
        [('kian', 1.0), ('lea', 13.0)]
    """

    def __init__(self, names: Sequence[str], owners: np.ndarray, encodings: np.ndarray, template: str = "nearest"):
        self.names = names
        self._pictures = pictures_of(template) or 1
        self._counts = np.bincount(owners, minlength=len(names))
        self.people_by_pictures = dict(
            zip(*(a.tolist() for a in np.unique(self._counts, return_counts=True)), strict=True)
        )
        self._starts = np.cumsum(self._counts) - self._counts
        self._order = None if np.all(owners[1:] >= owners[:-1]) else np.argsort(owners, kind="stable")
        if template == "mean" and len(encodings) > len(names):
            sums = np.add.reduceat(self._sorted(encodings), self._starts, axis=0, dtype=np.float32)
            encodings = sums / self._counts[:, None].astype(np.float32)
            self._counts, self._starts, self._order = np.ones_like(self._counts), np.arange(len(names)), None
        self.encodings = encodings
        self._squares = np.einsum("ij,ij->i", encodings, encodings)

    def nearest(self, probes: np.ndarray, measure: Measure, top: int) -> Iterator[list[tuple[int, float]]]:
        """Yield for each probe the `top` nearest people as `(index, measure)`, nearest first; of equals the first.

        Args:
            probes: float32 `(p, d)`.
            measure: How two encodings are compared.
            top: At least 1; all people where there are fewer.
        """
        together = max(1, VALUES_TOGETHER // max(1, len(self.encodings)))
        for start in range(0, len(probes), together):
            some = probes[start : start + together]
            for probe, values in zip(some, measure.to_all(some, self.encodings, self._squares), strict=True):
                yield self._nearest(probe, self._sorted(values), measure, min(top, len(self.names)))

    def measure_of(self, probe: np.ndarray, person: int, measure: Measure) -> float:
        """Return the measure of one probe `(d,)` and one person."""
        return float(self._exact(probe, np.array([person]), measure)[0])

    def _nearest(self, probe: np.ndarray, values: np.ndarray, measure: Measure, top: int) -> list[tuple[int, float]]:
        """Bound from below, measure those within the bound, sort.

        A person's mean of the k smallest measures is not below the smallest. So whoever is not among the first `top` by
        the smallest, but may be by the mean, has a smallest that is at most the largest mean of these first.
        """
        single = len(values) == len(self.names)
        scores = values if single else np.minimum.reduceat(values, self._starts)
        limit, people = smallest(scores, top), None
        if self._pictures > 1 and not single:
            first = np.flatnonzero(scores <= limit)[:top]
            bound = self._of_template(values[self._rows(first)], first).max()
            people = np.flatnonzero(scores <= bound)
            scores = self._of_template(values[self._rows(people)], people)
            limit = smallest(scores, top)
        near = np.flatnonzero(scores <= limit + measure.slack(probe, limit))
        people = near if people is None else people[near]
        exact = self._exact(probe, people, measure)
        order = np.argsort(exact, kind="stable")[:top]
        return [(int(people[i]), float(exact[i])) for i in order]

    def _exact(self, probe: np.ndarray, people: np.ndarray, measure: Measure) -> np.ndarray:
        """Return the template's measure for each of some people, without the product's rounding."""
        rows = self._rows(people)
        encodings = self.encodings[rows if self._order is None else self._order[rows]]
        return self._of_template(measure.to_some(probe, encodings), people)

    def _rows(self, people: np.ndarray) -> np.ndarray:
        """Return where some people's encodings stand when all are sorted by person."""
        counts = self._counts[people]
        ends = np.cumsum(counts)
        return np.arange(ends[-1]) + np.repeat(self._starts[people] - ends + counts, counts)

    def _of_template(self, values: np.ndarray, people: np.ndarray) -> np.ndarray:
        """Return the mean of each person's k smallest values; they stand together, person by person."""
        counts = self._counts[people]
        group = np.repeat(np.arange(len(people)), counts)
        rank = np.arange(len(values)) - np.repeat(np.cumsum(counts) - counts, counts)
        kept = rank < self._pictures  # sorting within the groups leaves the ranks where they are
        sums = np.bincount(group[kept], values[np.lexsort((values, group))][kept])
        return sums / np.minimum(counts, self._pictures)

    def _sorted(self, array: np.ndarray) -> np.ndarray:
        return array if self._order is None else array[self._order]


def smallest(values: np.ndarray, count: int) -> float:
    """Return the `count`-th smallest value; of many values, by way of the minima of pieces.

    Each of `count` pieces with the smallest minima has a value of at most their largest minimum. So nothing above it is
    among the `count` smallest, and one quick pass leaves little to sort.

    Example:
        >>> smallest(np.array([5.0, 1.0, 4.0, 2.0]), 2)
        2.0
    """
    width = math.isqrt(len(values))
    pieces = values[: width * width].reshape(width, width).min(axis=1)
    if count < width:
        values = values[values <= np.partition(pieces, count - 1)[count - 1]]
    return float(np.partition(values, count - 1)[count - 1])
