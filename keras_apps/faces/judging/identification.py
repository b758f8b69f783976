"""A gallery and probes of known and unknown people -> how often identification is right: rank 1, CMC, DIR at FPIR."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from keras_apps._checks import check_choice, is_whole
from keras_apps.faces.distances import DISTANCES
from keras_apps.faces.judging.groups import (
    FEWEST,
    UNKNOWN,
    ByGroup,
    GroupRate,
    GroupRates,
    by_group,
    checked_groups,
    needed_for,
    share,
    too_few,
)
from keras_apps.faces.judging.intervals import Interval, wilson
from keras_apps.faces.judging.verification import (
    OperatingPoint,
    json_value,
    operating_point,
    percent,
    rates_of,
    without_none,
)

BLOCK = 16384  # gallery encodings in one matrix product
TOGETHER = 256  # probes at most


def nearest_identities(
    gallery: np.ndarray, codes: np.ndarray, probes: np.ndarray, own_codes: np.ndarray, memory_mb: int = 256
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compare probes with every person's nearest encoding.

    For a few probes at a time the distance to every person is kept, one float each; the gallery passes by in blocks,
    each one matrix product. The encodings' mean is taken off first, which changes no distance and keeps
    |p|^2 - 2 p.g + |g|^2 from losing digits.

    Args:
        gallery: Floats `(m, d)`, float32 or float64.
        codes: Integers `(m,)`, the person of each gallery encoding, 0 to k - 1, all of them in use.
        probes: Floats `(n, d)`.
        own_codes: Integers `(n,)`, each probe's person, or -1 for people outside the gallery.
        memory_mb: Bound on the working memory, in MB; one probe and one block are always taken.

    Returns:
        `(nearest, own, rank)`: the squared distance to the nearest person `(n,)`, to the probe's own person `(n,)`
        (infinite for -1), and the own person's rank `(n,)`, 1 + the number of other people no farther (0 for -1).

    Example:
        >>> gallery, codes = np.array([[0.0], [5.0], [1.0]]), np.array([0, 0, 1])
        >>> nearest, own, rank = nearest_identities(gallery, codes, np.array([[0.75], [4.0]]), np.array([0, -1]))
        >>> nearest.tolist(), own.tolist(), rank.tolist()
        ([0.0625, 1.0], [0.5625, inf], [2, 0])
    """
    order = None if np.all(codes[1:] >= codes[:-1]) else np.argsort(codes, kind="stable")
    codes = codes if order is None else codes[order]
    people = int(codes[-1]) + 1
    dtype = np.result_type(gallery, probes)
    mean = gallery.mean(axis=0, dtype=np.float64).astype(dtype)
    probes = (probes - mean).astype(dtype, copy=False)
    single = people == len(codes)
    starts = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]]))
    together = int(min(TOGETHER, len(probes), max(1, memory_mb * 2**20 // (dtype.itemsize * (people + 3 * BLOCK)))))
    nearest, own = np.empty(len(probes)), np.full(len(probes), np.inf)
    rank = np.zeros(len(probes), np.int64)
    for begin in range(0, len(probes), together):
        some = probes[begin : begin + together]
        distances = np.full((len(some), people), np.inf, dtype)  # less |p|^2, which a row has in common
        for first in range(0, len(codes), BLOCK):
            last = min(first + BLOCK, len(codes))
            block = (gallery[first:last] if order is None else gallery[order[first:last]]) - mean
            squares = (-2 * some) @ block.T
            squares += np.einsum("ij,ij->i", block, block)
            if not single:
                inside = starts[np.searchsorted(starts, first, "right") : np.searchsorted(starts, last)] - first
                squares = np.minimum.reduceat(squares, np.concatenate([[0], inside]), axis=1)
            seen = distances[:, codes[first] : codes[last - 1] + 1]
            np.minimum(seen, squares, out=seen)
        mine = own_codes[begin : begin + together]
        rows = np.flatnonzero(mine >= 0)
        square = np.einsum("ij,ij->i", some, some)
        nearest[begin : begin + together] = np.maximum(distances.min(axis=1) + square, 0)
        own[begin + rows] = np.maximum(distances[rows, mine[rows]] + square[rows], 0)
        for row in rows:
            rank[begin + row] = np.count_nonzero(distances[row] <= distances[row, mine[row]])
    return nearest, own, rank


@dataclass(frozen=True)
class OpenSetReport:
    """How well probes are identified in a gallery. Rates are in [0, 1].

    Attributes:
        identities: Number of people in the gallery.
        encodings: Number of their encodings.
        known: Number of probes of people in the gallery.
        unknown: Number of probes of other people.
        confidence: Of all intervals.
        rank1: Share of known probes whose nearest person is the right one.
        rank1_interval: `(low, high)`, Wilson's.
        cmc: Share of known probes whose person is among the nearest 1, 2, 3, ... people.
        dir_at_fpir: At each wanted FPIR (share of unknown probes that get a name), the share of known probes that get
            the right name: nearest and accepted.
        by_group: The rates of each group; `None` where no groups were given.
    """

    identities: int
    encodings: int
    known: int
    unknown: int
    confidence: float
    rank1: float
    rank1_interval: Interval
    cmc: tuple[float, ...]
    dir_at_fpir: tuple[OperatingPoint, ...]
    by_group: ByGroup | None = None

    def as_dict(self) -> dict:
        """Return everything as JSON holds it; what could not be measured is None."""
        points = [
            {"fpir": p.wanted, "dir": p.rate, "interval": p.interval, "tau": p.tau, "measured_fpir": p.measured}
            | ({"reason": p.reason} if p.reason else {})
            for p in self.dir_at_fpir
        ]
        return json_value(without_none(asdict(self), "by_group") | {"dir_at_fpir": points})

    def __str__(self) -> str:
        probes = f"{self.known} known and {self.unknown} unknown probes"
        title = (
            f"{self.identities} people ({self.encodings} encodings), {probes}; {100 * self.confidence:g} % intervals"
        )
        rows = [("rank 1", percent(self.rank1, self.rank1_interval))]
        rows += [(f"rank {k}", f"{100 * self.cmc[k - 1]:6.2f} %") for k in (5, 10, 20) if k <= len(self.cmc)]
        for point in self.dir_at_fpir:
            found = f"{percent(point.rate, point.interval)}  tau {point.tau:.4g}"
            if math.isnan(point.rate):
                found = f"not measured: unknown probes, {point.reason}"
            elif point.reason:
                found = f"{percent(point.rate, point.interval)}  no tau: of the unknown probes, {point.reason}"
            rows.append((f"DIR at FPIR {point.wanted:g}", found))
        groups = [] if self.by_group is None else [str(self.by_group)]
        return "\n".join([title, *(f"{name:<20}{text}" for name, text in rows), *groups])


def evaluate_open_set(
    gallery_encodings: ArrayLike,
    gallery_ids: ArrayLike,
    probe_encodings: ArrayLike,
    probe_ids: ArrayLike,
    distance: str = "squared_euclidean",
    fpir: float | tuple[float, ...] = (0.1, 0.01),
    ranks: int = 20,
    confidence: float = 0.95,
    seed: int = 0,
    *,
    groups: ArrayLike | None = None,
    replicates: int = 2000,
    memory_mb: int = 256,
) -> OpenSetReport:
    """Measure identification in a gallery, with probes of people who are not in it.

    A person's distance is that of their nearest encoding. A known probe's rank is one more than the number of other
    people at its person's distance or nearer, so that a tie is no success. A probe whose id is not in the gallery is
    unknown; naming it is the error that FPIR counts. tau is the most generous threshold whose FPIR is not above the
    wanted one; with fewer than 1 / FPIR unknown probes the answer is NaN with a reason.

    The gallery is compared block by block: besides the encodings about `memory_mb` are needed, whatever the number of
    people, down to what one probe takes. Encodings that are neither float32 nor float64 are copied.

    By group of probes, all against the whole gallery: rank 1, DIR at FPIR with the group's own threshold, and DIR and
    FPIR at the whole report's tau for each wanted FPIR. A rate from too few probes says so with the number needed, 30
    known ones, or 1 / FPIR unknown ones, and is left out of the gaps.

    Args:
        gallery_encodings: Floats `(m, d)`.
        gallery_ids: Integers or strings `(m,)`; a person may have several encodings.
        probe_encodings: Floats `(n, d)`.
        probe_ids: `(n,)`, of the same kind as `gallery_ids`. Needs at least one known person.
        distance: `"squared_euclidean"` or `"euclidean"`; a matter of tau's units only.
        fpir: Wanted false positive identification rates, each in (0, 1).
        ranks: Length of the CMC; cut to the number of people.
        confidence: Of the intervals, in (0, 1).
        seed: Of the draws for the intervals.
        groups: Labels of any groups, strings or integers, one for each probe, `(n,)`.
        replicates: Number of those draws.
        memory_mb: Bound on the working memory, in MB.

    Returns:
        An `OpenSetReport`; `print` shows it, `as_dict` gives it to JSON.

    Raises:
        ValueError: If shapes do not fit, an encoding is not finite, a set is empty or no probe is known, or a rate is
            not between 0 and 1.
        TypeError: If ids or groups are neither integers nor strings, or the two sets' ids differ in kind.

    Example:
        >>> report = evaluate_open_set([[0.0], [1.0], [2.0]], ["ann", "bo", "cy"], [[0.1], [1.6], [9.0]],
        ...                            ["ann", "bo", "dee"], fpir=0.5)
        >>> report.rank1, report.cmc, report.known, report.unknown
        (0.5, (0.5, 1.0, 1.0), 2, 1)

    Reference:
        Grother, Ngan and Hanaoka, "Face recognition vendor test, part 2: identification", NISTIR 8271, 2019;
        Phillips, Grother and Micheals, "Evaluation methods in face recognition", Handbook of Face Recognition, 2011;
        Grother, Ngan and Hanaoka, "Face recognition vendor test, part 3: demographic effects", NISTIR 8280, 2019.
    """
    check_choice("distance", distance, DISTANCES)
    for name, value in (("ranks", ranks), ("replicates", replicates), ("memory_mb", memory_mb)):
        if not is_whole(value) or value < 1:
            raise ValueError(f"expected a whole number of at least 1 for {name}, received {value!r}")
    if not 0 < confidence < 1:
        raise ValueError(f"expected confidence between 0 and 1, received {confidence}")
    gallery, gallery_ids = _checked_set("gallery", gallery_encodings, gallery_ids)
    probes, probe_ids = _checked_set("probe", probe_encodings, probe_ids)
    if gallery.shape[1] != probes.shape[1]:
        raise ValueError(f"expected encodings of one length, received {gallery.shape[1]} and {probes.shape[1]}")
    if gallery_ids.dtype.kind != probe_ids.dtype.kind:
        raise TypeError(f"expected ids of one kind, received {gallery_ids.dtype} and {probe_ids.dtype}")
    labels, group = (None, None) if groups is None else checked_groups(groups, probe_ids.size, sides=(1,))
    people, codes = np.unique(gallery_ids, return_inverse=True)
    place = np.minimum(np.searchsorted(people, probe_ids), people.size - 1)
    known = people[place] == probe_ids
    if not known.any():
        raise ValueError(
            f"expected probes of people in the gallery, received {probe_ids.size} probes, all of people outside it"
        )
    nearest, own, rank = nearest_identities(gallery, codes, probes, np.where(known, place, -1), memory_mb)
    if distance == "euclidean":
        nearest, own = np.sqrt(nearest), np.sqrt(own)
    found_own = np.where(known & (rank == 1), own, np.inf)
    rank = rank[known]
    cmc = np.cumsum(np.bincount(rank, minlength=people.size + 1)[1:])[: min(ranks, people.size)]
    right = np.sort(np.where(rank == 1, own[known], np.inf))
    rng = np.random.default_rng(seed)
    points = [_point(right, np.sort(nearest[~known]), rate, confidence, replicates, rng) for rate in rates_of(fpir)]
    found = None
    if labels is not None and group is not None:
        every = []
        for code, label in enumerate(labels.tolist()):
            inside = group == code
            right, strangers = np.sort(found_own[inside & known]), np.sort(nearest[inside & ~known])
            every.append(_rates_of_group(label, right, strangers, points, confidence, seed, replicates))
        found = by_group(every)
    return OpenSetReport(
        identities=people.size,
        encodings=len(gallery),
        known=rank.size,
        unknown=int(np.sum(~known)),
        confidence=confidence,
        rank1=float(cmc[0] / rank.size),
        rank1_interval=wilson(int(cmc[0]), rank.size, confidence),
        cmc=tuple((cmc / rank.size).tolist()),
        dir_at_fpir=tuple(points),
        by_group=found,
    )


def _rates_of_group(
    label: str | int,
    right: np.ndarray,
    strangers: np.ndarray,
    points: Sequence[OperatingPoint],
    confidence: float,
    seed: int,
    replicates: int,
) -> GroupRates:
    """Return a group's rates, with the draws that the group alone would have.

    Args:
        label: The group.
        right: Sorted distances of its known probes to the right person; infinite where another is nearer.
        strangers: Sorted distances of its unknown probes to the nearest person.
        points: The whole report's.
        confidence, seed, replicates: As for `evaluate_open_set`.
    """
    few = too_few(right.size, "known probes", FEWEST)
    rates = [share("rank 1", int(np.isfinite(right).sum()), right.size, confidence, "known probes")]
    rng = np.random.default_rng(seed)
    for point in points:
        reason = few or too_few(strangers.size, "unknown probes", needed_for(point.wanted))
        rate, interval = math.nan, UNKNOWN
        if right.size:
            own = _point(right, strangers, point.wanted, confidence, replicates, rng)
            rate, interval, reason = own.rate, own.interval, reason or own.reason
        rates.append(GroupRate(f"DIR at FPIR {point.wanted:g}", rate, interval, reason))
    for point in points:
        if math.isnan(point.tau):
            continue
        accepted = [int(np.searchsorted(kind, point.tau, side="right")) for kind in (right, strangers)]
        where, needed = f"at the tau of FPIR {point.wanted:g}", needed_for(point.wanted)
        rates.append(share(f"DIR {where}", accepted[0], right.size, confidence, "known probes"))
        rates.append(share(f"FPIR {where}", accepted[1], strangers.size, confidence, "unknown probes", needed))
    return GroupRates(label, {"known": right.size, "unknown": strangers.size}, tuple(rates))


def _point(
    right: np.ndarray,
    nearest: np.ndarray,
    wanted: float,
    confidence: float,
    replicates: int,
    rng: np.random.Generator,
) -> OperatingPoint:
    if not nearest.size and 0 < wanted < 1:
        return OperatingPoint(wanted, math.nan, UNKNOWN, math.nan, math.nan, "there are no such probes")
    return operating_point(right, nearest, wanted, confidence, replicates, rng)


def _checked_set(name: str, encodings: ArrayLike, ids: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    encodings, ids = np.asarray(encodings), np.asarray(ids)
    if encodings.dtype not in (np.float32, np.float64):
        encodings = encodings.astype(np.float32)
    if encodings.ndim != 2 or ids.shape != encodings.shape[:1] or not encodings.size:
        shapes = f"{encodings.shape} and {ids.shape}"
        raise ValueError(f"expected {name} encodings (n, d) and ids (n,), at least one, received shapes {shapes}")
    if ids.dtype == object and all(isinstance(one, str) for one in ids):
        ids = ids.astype(str)
    if ids.dtype.kind not in "iuU":
        raise TypeError(f"expected integers or strings as {name} ids, received {ids.dtype}")
    if not np.isfinite(encodings.min()) or not np.isfinite(encodings.max()):
        raise ValueError(f"expected finite {name} encodings, received NaN or infinity")
    return encodings, ids.astype(np.int64) if ids.dtype.kind == "u" else ids
