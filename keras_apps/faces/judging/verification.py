"""Distances of known pairs -> accuracy, AUC, EER and TAR at FAR, each with its interval."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from keras_apps._checks import is_whole
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
from keras_apps.faces.judging.intervals import (
    Interval,
    accept_interval,
    area_interval,
    equal_error_interval,
    mean_of_folds,
)
from keras_apps.faces.judging.rates import area_under_roc, checked, equal_error_rate, roc_of, split_kinds


@dataclass(frozen=True)
class OperatingPoint:
    """What one threshold does: TAR at FAR of verification, or DIR at FPIR of identification.

    Attributes:
        wanted: The FAR or FPIR that was asked for.
        rate: TAR or DIR, the largest of all thresholds whose FAR or FPIR is at most `wanted`; NaN where there are too
            few comparisons to tell.
        interval: `(low, high)` of `rate`.
        tau: The threshold, the largest distance accepted; NaN where nothing is.
        measured: The FAR or FPIR at `tau`, at most `wanted`.
        reason: Why there is no rate or no tau, in words; empty as a rule.
    """

    wanted: float
    rate: float
    interval: Interval
    tau: float
    measured: float
    reason: str = ""


def operating_point(
    genuine: np.ndarray,
    impostor: np.ndarray,
    wanted: float,
    confidence: float,
    replicates: int,
    rng: np.random.Generator,
) -> OperatingPoint:
    """Choose the most generous threshold that accepts at most the share `wanted` of the impostor distances.

    Distances that tie are accepted or rejected together.

    Args:
        genuine: Sorted distances `(m,)`; infinite where a comparison can never be accepted.
        impostor: Sorted distances `(n,)`.
        wanted: In (0, 1).
        confidence: Of the interval, in (0, 1).
        replicates: Bootstrap samples for the interval.
        rng: NumPy's generator.

    Returns:
        An `OperatingPoint`. With fewer than 1 / `wanted` impostor distances its rate is NaN, with the reason.

    Raises:
        ValueError: If `wanted` is not between 0 and 1.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> point = operating_point(np.array([0.1, 0.3, 0.5]), np.array([0.2, 0.4, 0.6, 0.8]), 0.25, 0.95, 1000, rng)
        >>> round(point.rate, 3), point.tau, point.measured
        (0.667, 0.3, 0.25)
    """
    if not 0 < wanted < 1:
        raise ValueError(f"expected a rate of false accepts between 0 and 1, received {wanted}")
    allowed = math.floor(impostor.size * wanted + 1e-9)
    if allowed < 1:
        reason = f"{impostor.size} are too few: a rate of {wanted:g} needs at least {math.ceil(1 / wanted - 1e-9)}"
        return OperatingPoint(wanted, math.nan, UNKNOWN, math.nan, math.nan, reason)
    kept = [np.searchsorted(kind, impostor[allowed], side="left") for kind in (genuine, impostor)]
    accepted = [kind[count - 1] for kind, count in zip((genuine, impostor), kept, strict=True) if count]
    tau = float(max(accepted)) if accepted else math.nan
    reason = "" if accepted else f"the {np.sum(impostor == impostor[0])} nearest tie, and all would be accepted"
    interval = accept_interval(genuine, impostor, wanted, int(kept[0]), confidence, replicates, rng)
    return OperatingPoint(wanted, float(kept[0] / genuine.size), interval, tau, float(kept[1] / impostor.size), reason)


def rates_of(wanted: ArrayLike) -> tuple[float, ...]:
    """Return wanted rates, one or several, as a tuple of floats.

    Example:
        >>> rates_of(0.1), rates_of([0.1, 0.01])
        ((0.1,), (0.1, 0.01))
    """
    return tuple(float(rate) for rate in np.atleast_1d(np.asarray(wanted, np.float64)))


def percent(rate: float, interval: Interval) -> str:
    """Return a rate and its interval for people to read.

    Example:
        >>> percent(0.9812, (0.97, 0.9899))
        ' 98.12 %  (97.00 to 98.99)'
    """
    return f"{100 * rate:6.2f} %  ({100 * interval[0]:.2f} to {100 * interval[1]:.2f})"


def without_none(values: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a dictionary without the entry `name` where that is `None`."""
    return {key: value for key, value in values.items() if key != name or value is not None}


def json_value(value: Any) -> Any:
    """Return a value that JSON can hold: NaN becomes None, tuples become lists.

    Example:
        >>> json_value({"rate": float("nan"), "interval": (0.5, 1.0)})
        {'rate': None, 'interval': [0.5, 1.0]}
    """
    if isinstance(value, dict):
        return {key: json_value(inner) for key, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return [json_value(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def best_tau(distances: ArrayLike, same: ArrayLike) -> float:
    """Return the threshold with the fewest wrong decisions; of several equally good ones the middle one.

    It lies half way between two neighbouring distances.

    Args:
        distances: Floats >= 0, `(n,)`.
        same: Booleans `(n,)`. Needs both kinds.

    Returns:
        A float >= 0, in the units of `distances`.

    Raises:
        ValueError: If shapes differ, a distance is negative or not finite, or one kind is missing.

    Example:
        >>> round(best_tau([0.1, 0.2, 0.6, 0.9], [1, 1, 0, 0]), 6)
        0.4
    """
    distances, same = checked(distances, same)
    order = np.argsort(distances, kind="stable")
    return _best_of_sorted(distances[order], same[order])


def _best_of_sorted(distances: np.ndarray, same: np.ndarray) -> float:
    gains = np.concatenate([[0], np.cumsum(np.where(same, 1, -1))])  # of accepting the nearest 0, 1, 2, ...
    apart = np.concatenate([[distances[0] > 0], distances[1:] > distances[:-1], [True]])  # ties enter together
    counts = np.flatnonzero(apart)
    best = counts[gains[counts] == gains[counts].max()]
    count = best[len(best) // 2]
    if count == distances.size:
        return float(distances[-1])
    below = distances[count - 1] if count else 0.0
    middle = below + (distances[count] - below) / 2
    return float(middle if middle < distances[count] else below)


def balanced_folds(same: ArrayLike, folds: int, seed: int) -> np.ndarray:
    """Part pairs into folds at random, each with its share of genuine and of impostor pairs.

    Args:
        same: Booleans `(n,)`.
        folds: How many.
        seed: The same seed gives the same folds.

    Returns:
        Integers `(n,)` in [0, folds).

    Example:
        >>> np.bincount(balanced_folds([True] * 4 + [False] * 8, folds=4, seed=0)).tolist()
        [3, 3, 3, 3]
    """
    same = np.asarray(same, bool)
    fold, rng = np.empty(same.size, np.int64), np.random.default_rng(seed)
    for kind in (same, ~same):
        fold[kind] = rng.permutation(np.count_nonzero(kind)) % folds
    return fold


def accuracy_of_folds(distances: ArrayLike, same: ArrayLike, folds: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Measure each fold's accuracy with the threshold that was best on all the other folds.

    Args:
        distances: Floats >= 0, `(n,)`.
        same: Booleans `(n,)`.
        folds: Labels `(n,)`, the fold of each pair; two folds or more.

    Returns:
        `(accuracies, taus)`, floats `(k,)` each, in the order of the sorted labels.

    Raises:
        ValueError: If shapes differ, there is one fold only, or all folds but one lack a kind of pair.

    Example:
        >>> accuracies, taus = accuracy_of_folds([0.1, 0.9, 0.2, 0.4], [1, 0, 1, 0], [0, 0, 1, 1])
        >>> accuracies.tolist(), [round(tau, 6) for tau in taus.tolist()]
        ([1.0, 0.5], [0.3, 0.5])

    Reference:
        Huang et al., "Labeled Faces in the Wild", 2007, section 4.
    """
    distances, same = checked(distances, same)
    folds = np.asarray(folds)
    if folds.shape != same.shape:
        raise ValueError(f"expected a fold for each of {same.size} pairs, received shape {folds.shape}")
    names, folds = np.unique(folds, return_inverse=True)
    if names.size < 2:
        raise ValueError(f"expected two folds or more, received {names.size}")
    order = np.argsort(distances, kind="stable")  # once: a part of a sorted array is sorted
    distances, same, folds = distances[order], same[order], folds[order]
    accuracies, taus = np.empty(names.size), np.empty(names.size)
    for k in range(names.size):
        held = folds == k
        genuine, n = np.count_nonzero(same[~held]), np.count_nonzero(~held)
        if not 0 < genuine < n:
            raise ValueError(f"expected both kinds outside fold {names[k]}, received {genuine} genuine of {n} pairs")
        taus[k] = _best_of_sorted(distances[~held], same[~held])
        accuracies[k] = np.mean((distances[held] <= taus[k]) == same[held])
    return accuracies, taus


@dataclass(frozen=True)
class PairsReport:
    """How well distances tell pairs of one person from pairs of two. Rates are in [0, 1].

    Attributes:
        genuine: Number of pairs of one person.
        impostor: Number of pairs of two people.
        confidence: Of all intervals.
        accuracy: Mean of `fold_accuracies`; NaN with fewer than two pairs of a kind.
        accuracy_interval: `(low, high)`, Student's t over the folds.
        standard_error: Of the mean over the folds, as LFW publishes it.
        fold_accuracies: Each fold's accuracy, with the threshold that was best on the other folds.
        fold_taus: Those thresholds.
        auc: The probability that a genuine pair is nearer than an impostor pair.
        auc_interval: `(low, high)`, from DeLong's variance.
        eer: The rate at which FAR = FRR.
        eer_interval: `(low, high)`, from the bootstrap.
        eer_tau: The threshold at which they are equal.
        tar_at_far: TAR at each wanted FAR.
        by_group: The rates of each group; `None` where no groups were given.
    """

    genuine: int
    impostor: int
    confidence: float
    accuracy: float
    accuracy_interval: Interval
    standard_error: float
    fold_accuracies: tuple[float, ...]
    fold_taus: tuple[float, ...]
    auc: float
    auc_interval: Interval
    eer: float
    eer_interval: Interval
    eer_tau: float
    tar_at_far: tuple[OperatingPoint, ...]
    by_group: ByGroup | None = None

    def as_dict(self) -> dict:
        """Return everything as JSON holds it; what could not be measured is None."""
        points = [
            {"far": p.wanted, "tar": p.rate, "interval": p.interval, "tau": p.tau, "measured_far": p.measured}
            | ({"reason": p.reason} if p.reason else {})
            for p in self.tar_at_far
        ]
        return json_value(without_none(asdict(self), "by_group") | {"tar_at_far": points})

    def __str__(self) -> str:
        title = f"{self.genuine} genuine and {self.impostor} impostor pairs; {100 * self.confidence:g} % intervals"
        if math.isnan(self.accuracy):
            accuracy = "not measured: two pairs of each kind are needed"
        else:
            tau = f"tau {np.median(self.fold_taus):.4g}"
            folds = f"{len(self.fold_accuracies)} folds, standard error {100 * self.standard_error:.2f} %, {tau}"
            accuracy = f"{percent(self.accuracy, self.accuracy_interval)}  {folds}"
        auc = f"{self.auc:8.5f}  ({self.auc_interval[0]:.5f} to {self.auc_interval[1]:.5f})"
        eer = f"{percent(self.eer, self.eer_interval)}  tau {self.eer_tau:.4g}"
        rows = [("accuracy", accuracy), ("AUC", auc), ("EER", eer)]
        for point in self.tar_at_far:
            found = f"{percent(point.rate, point.interval)}  tau {point.tau:.4g}"
            if math.isnan(point.rate):
                found = f"not measured: impostor pairs, {point.reason}"
            elif point.reason:
                found = f"{percent(point.rate, point.interval)}  no tau: of the impostor pairs, {point.reason}"
            rows.append((f"TAR at FAR {point.wanted:g}", found))
        groups = [] if self.by_group is None else [str(self.by_group)]
        return "\n".join([title, *(f"{name:<20}{text}" for name, text in rows), *groups])


def evaluate_pairs(
    distances: ArrayLike,
    same: ArrayLike,
    folds: ArrayLike | None = None,
    far: float | tuple[float, ...] = (1e-1, 1e-2, 1e-3, 1e-4),
    confidence: float = 0.95,
    seed: int = 0,
    *,
    groups: ArrayLike | None = None,
    replicates: int = 2000,
) -> PairsReport:
    """Measure face verification on pairs whose answers are known.

    - Accuracy follows LFW: ten folds, each decided with the threshold that is best on the other nine. It counts every
      pair alike, so that it says little where one kind is much rarer.
    - AUC counts ties one half. EER is read off the straight line between the two thresholds around FAR = FRR.
    - TAR at FAR takes the most generous threshold whose FAR is not above the wanted one. Where 1 / FAR exceeds the
      number of impostor pairs the answer is NaN with a reason, not an extrapolation.

    Intervals: Student's t over the folds for accuracy; DeLong's variance on the logit scale for AUC; bootstrap
    percentiles for EER; for TAR draws of the threshold (which few impostor pairs set) and of the share at it, never
    shorter than Wilson's. They take pairs as independent: with "all pairs among some pictures" the true uncertainty is
    larger.

    By group: accuracy with the thresholds of the whole report, AUC, EER and TAR at FAR with the group's own threshold,
    and TAR and FAR at the whole report's tau for each wanted FAR, which is what one threshold for everybody does to the
    group. A rate from too few comparisons says so with the number needed, 30, or 1 / FAR for what needs impostor pairs
    to set or to measure FAR, and is left out of the gaps.

    Args:
        distances: Floats >= 0, `(n,)`, all from one distance function.
        same: Booleans, or 0 and 1, `(n,)`, true where both pictures show one person. Needs both kinds.
        folds: Labels `(n,)`, the fold of each pair; by default ten of equal shares, drawn with `seed` (fewer where a
            kind has fewer than ten pairs).
        far: Wanted false accept rates, each in (0, 1).
        confidence: Of the intervals, in (0, 1).
        seed: Of the folds and the bootstrap; the same seed gives the same report.
        groups: Labels of any groups, strings or integers: one for each pair, `(n,)`, or one for each side, `(n, 2)`.
            A pair whose sides differ counts in neither group; it is counted in `by_group.across`.
        replicates: Bootstrap samples.

    Returns:
        A `PairsReport`; `print` shows it, `as_dict` gives it to JSON.

    Raises:
        ValueError: If shapes differ, a distance is negative or not finite, one kind is missing, there is one fold
            only, a rate is not between 0 and 1, or the groups' shape does not fit.
        TypeError: If a group's label is neither a string nor an integer.

    Example:
        >>> report = evaluate_pairs([0.1, 0.2, 0.3, 0.6, 0.5, 0.8, 0.9, 1.0], [1, 1, 1, 1, 0, 0, 0, 0], far=0.25)
        >>> report.auc, report.eer, report.tar_at_far[0].rate
        (0.9375, 0.25, 1.0)

    References:
        Huang et al., "Labeled Faces in the Wild", 2007.
        Schroff et al., "FaceNet", CVPR 2015, section 4.
        Grother, Ngan and Hanaoka, "Face recognition vendor test, part 3: demographic effects", NISTIR 8280, 2019.
    """
    distances, same = checked(distances, same)
    labels, codes = (None, None) if groups is None else checked_groups(groups, same.size, sides=(1, 2))
    if not 0 < confidence < 1:
        raise ValueError(f"expected confidence between 0 and 1, received {confidence}")
    if not is_whole(replicates) or replicates < 1:
        raise ValueError(f"expected at least one replicate, received {replicates!r}")
    genuine, impostor = split_kinds(distances, same)
    accuracy, error, accuracy_interval, accuracies, taus = math.nan, math.nan, UNKNOWN, np.empty(0), np.empty(0)
    right = None
    rarer = min(genuine.size, impostor.size)
    if folds is not None or rarer > 1:
        folds = balanced_folds(same, min(10, rarer), seed) if folds is None else folds
        accuracies, taus = accuracy_of_folds(distances, same, folds)
        accuracy, error, accuracy_interval = mean_of_folds(accuracies, same.size, confidence)
        right = (distances <= taus[np.unique(folds, return_inverse=True)[1]]) == same
    rng = np.random.default_rng(seed)
    eer, eer_tau = equal_error_rate(roc_of(genuine, impostor))
    eer_interval = equal_error_interval(genuine, impostor, eer, confidence, replicates, rng)
    points = tuple(operating_point(genuine, impostor, rate, confidence, replicates, rng) for rate in rates_of(far))
    found = None
    if labels is not None and codes is not None:
        every = [
            _rates_of_group(label, codes == code, distances, same, right, points, confidence, seed, replicates)
            for code, label in enumerate(labels.tolist())
        ]
        found = by_group(every, int(np.sum(codes < 0)))
    return PairsReport(
        genuine=genuine.size,
        impostor=impostor.size,
        confidence=confidence,
        accuracy=accuracy,
        accuracy_interval=accuracy_interval,
        standard_error=error,
        fold_accuracies=tuple(map(float, accuracies)),
        fold_taus=tuple(map(float, taus)),
        auc=area_under_roc(genuine, impostor),
        auc_interval=area_interval(genuine, impostor, confidence),
        eer=eer,
        eer_interval=eer_interval,
        eer_tau=eer_tau,
        tar_at_far=points,
        by_group=found,
    )


def _rates_of_group(
    label: str | int,
    inside: np.ndarray,
    distances: np.ndarray,
    same: np.ndarray,
    right: np.ndarray | None,
    points: tuple[OperatingPoint, ...],
    confidence: float,
    seed: int,
    replicates: int,
) -> GroupRates:
    """Return the rates of the pairs `inside`, with the draws that the group alone would have."""
    genuine, impostor = (np.sort(distances[inside & kind]) for kind in (same, ~same))
    few = too_few(genuine.size, "genuine pairs", FEWEST) or too_few(impostor.size, "impostor pairs", FEWEST)
    rates = []
    if right is not None:
        decided = right[inside]
        rates.append(share("accuracy", int(decided.sum()), decided.size, confidence, "pairs"))
    rng = np.random.default_rng(seed)
    if genuine.size and impostor.size:
        area = area_under_roc(genuine, impostor)
        rates.append(GroupRate("AUC", area, area_interval(genuine, impostor, confidence), few))
        eer, _ = equal_error_rate(roc_of(genuine, impostor))
        interval = equal_error_interval(genuine, impostor, eer, confidence, replicates, rng)
        rates.append(GroupRate("EER", eer, interval, few))
    else:
        rates += [GroupRate(name, math.nan, UNKNOWN, few) for name in ("AUC", "EER")]
    for point in points:
        name, own = f"TAR at FAR {point.wanted:g}", None
        needed = needed_for(point.wanted)
        reason = too_few(genuine.size, "genuine pairs", FEWEST) or too_few(impostor.size, "impostor pairs", needed)
        if genuine.size and impostor.size:
            own = operating_point(genuine, impostor, point.wanted, confidence, replicates, rng)
            reason = reason or own.reason
        rate, interval = (own.rate, own.interval) if own else (math.nan, UNKNOWN)
        rates.append(GroupRate(name, rate, interval, reason))
    for point in points:
        if math.isnan(point.tau):
            continue
        accepted = [int(np.searchsorted(kind, point.tau, side="right")) for kind in (genuine, impostor)]
        where, needed = f"at the tau of FAR {point.wanted:g}", needed_for(point.wanted)
        rates.append(share(f"TAR {where}", accepted[0], genuine.size, confidence, "genuine pairs"))
        rates.append(share(f"FAR {where}", accepted[1], impostor.size, confidence, "impostor pairs", needed))
    return GroupRates(label, {"genuine": genuine.size, "impostor": impostor.size}, tuple(rates))
