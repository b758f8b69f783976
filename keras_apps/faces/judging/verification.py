"""Distances of known pairs -> accuracy, AUC, EER and TAR at FAR, each with its interval."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from keras_apps._numbers import is_whole
from keras_apps.faces.bootstrap import equal_error_interval
from keras_apps.faces.cross_validation import accuracy_of_folds, balanced_folds
from keras_apps.faces.intervals import Interval, area_interval, mean_of_folds
from keras_apps.faces.operating_points import UNKNOWN, OperatingPoint, operating_point, percent, plain, rates_of
from keras_apps.faces.rates import area_under_roc, checked, equal_error_rate, roc_of, split_kinds


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

    def as_dict(self) -> dict:
        """Return everything as JSON holds it; what could not be measured is None."""
        points = [
            {"far": p.wanted, "tar": p.rate, "interval": p.interval, "tau": p.tau, "measured_far": p.measured}
            | ({"reason": p.reason} if p.reason else {})
            for p in self.tar_at_far
        ]
        return plain(asdict(self) | {"tar_at_far": points})

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
        return "\n".join([title, *(f"{name:<20}{text}" for name, text in rows)])


def evaluate_pairs(
    distances,
    same,
    folds=None,
    far: float | tuple[float, ...] = (1e-1, 1e-2, 1e-3, 1e-4),
    confidence: float = 0.95,
    seed: int = 0,
    *,
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

    Args:
        distances: Floats >= 0, `(n,)`, all from one distance function.
        same: Booleans, or 0 and 1, `(n,)`, true where both pictures show one person. Needs both kinds.
        folds: Labels `(n,)`, the fold of each pair; by default ten of equal shares, drawn with `seed` (fewer where a
            kind has fewer than ten pairs).
        far: Wanted false accept rates, each in (0, 1).
        confidence: Of the intervals, in (0, 1).
        seed: Of the folds and the bootstrap; the same seed gives the same report.
        replicates: Bootstrap samples.

    Returns:
        A `PairsReport`; `print` shows it, `as_dict` gives it to JSON.

    Raises:
        ValueError: If shapes differ, a distance is negative or not finite, one kind is missing, there is one fold
            only, or a rate is not between 0 and 1.

    Example:
        >>> report = evaluate_pairs([0.1, 0.2, 0.3, 0.6, 0.5, 0.8, 0.9, 1.0], [1, 1, 1, 1, 0, 0, 0, 0], far=0.25)
        >>> report.auc, report.eer, report.tar_at_far[0].rate
        (0.9375, 0.25, 1.0)

    References:
        Huang et al., "Labeled Faces in the Wild", 2007.
        Schroff et al., "FaceNet", CVPR 2015, section 4.
    """
    distances, same = checked(distances, same)
    if not 0 < confidence < 1:
        raise ValueError(f"expected confidence between 0 and 1, received {confidence}")
    if not is_whole(replicates) or replicates < 1:
        raise ValueError(f"expected at least one replicate, received {replicates!r}")
    genuine, impostor = split_kinds(distances, same)
    accuracy, error, accuracy_interval, accuracies, taus = math.nan, math.nan, UNKNOWN, (), ()
    rarer = min(genuine.size, impostor.size)
    if folds is not None or rarer > 1:
        folds = balanced_folds(same, min(10, rarer), seed) if folds is None else folds
        accuracies, taus = accuracy_of_folds(distances, same, folds)
        accuracy, error, accuracy_interval = mean_of_folds(accuracies, same.size, confidence)
    rng = np.random.default_rng(seed)
    eer, eer_tau = equal_error_rate(roc_of(genuine, impostor))
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
        eer_interval=equal_error_interval(genuine, impostor, eer, confidence, replicates, rng),
        eer_tau=eer_tau,
        tar_at_far=tuple(
            operating_point(genuine, impostor, rate, confidence, replicates, rng) for rate in rates_of(far)
        ),
    )
