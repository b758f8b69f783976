"""Distances of known pairs -> the threshold tau, and P(same | distance)."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from keras_apps import weights
from keras_apps._checks import check_choice, is_whole
from keras_apps._files import written_aside
from keras_apps.faces.distances import DISTANCES
from keras_apps.faces.judging.intervals import wilson
from keras_apps.faces.judging.rates import checked, split_kinds
from keras_apps.faces.judging.strangers import ImpostorTail, checked_fpir, expected_fpir, fit_tails, tau_for_fpir
from keras_apps.faces.judging.verification import json_value
from keras_apps.faces.towers.names import DEFAULT_TOWER


@dataclass(frozen=True)
class Threshold:
    """A decision threshold, with the name of its distance and the tower that it was calibrated for.

    A comparison is accepted when `distance <= tau`.

    Attributes:
        tau: Float > 0, in the units of `distance`.
        distance: `"squared_euclidean"` or `"euclidean"`.
        model: The tower's fingerprint.
        slope: Steepness of P(same | distance), > 0.
        midpoint: The distance at which P is one half, when both answers are equally likely beforehand.
        far: The false accept rate that tau was chosen for.
        calibrated_on: On what, in words.
        identification: How near strangers come, for identification (1:K); see `tau_for`. Empty where nothing is known.
    """

    tau: float
    distance: str
    model: str
    slope: float
    midpoint: float
    far: float
    calibrated_on: str = ""
    identification: tuple[ImpostorTail, ...] = ()

    def __post_init__(self) -> None:
        tails = (tail if isinstance(tail, ImpostorTail) else ImpostorTail(**tail) for tail in self.identification)
        object.__setattr__(self, "identification", tuple(tails))
        check_choice("distance", self.distance, DISTANCES)
        for name in ("tau", "slope", "midpoint", "far"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
                raise ValueError(f"expected a number of at least 0 for {name}, received {value!r}")

    def probability(self, distance: float) -> float:
        """Return P(same person | distance), in [0, 1], for as many genuine as impostor comparisons.

        Example:
            >>> Threshold(0.3, "squared_euclidean", "", slope=20.0, midpoint=0.4, far=1e-3).probability(0.4)
            0.5
        """
        return float(_logistic(self.slope * (self.midpoint - distance)))

    def tau_for(self, fpir: float, people: Mapping[int, int], template: str = "nearest") -> float:
        """Return tau for identification among several people, at most the `tau` of verification.

        Args:
            fpir: The wanted false positive identification rate: the share of strangers who get any name, in (0, 1).
            people: `{pictures: number of people enrolled from that many}`.
            template: As for `Gallery`.

        Returns:
            The threshold, in the units of `distance`; `tau` itself where nothing is known about identification.

        Raises:
            ValueError: If `fpir` is not between 0 and 1.
        """
        fpir = checked_fpir(fpir)
        if not self.identification or not people:
            return self.tau
        return min(self.tau, tau_for_fpir(self.identification, fpir, people, template))

    def expected_fpir(self, tau: float, people: Mapping[int, int], template: str = "nearest") -> float | None:
        """Return the share of strangers who would get a name at `tau`; `None` where nothing is known about that.

        Args:
            tau: The threshold, in the units of `distance`.
            people: As for `tau_for`.
            template: As for `Gallery`.
        """
        if not self.identification or not people:
            return None
        return expected_fpir(self.identification, tau, people, template)

    def save(self, path: str | os.PathLike) -> None:
        """Write the threshold as JSON.

        Raises:
            OSError: If the file cannot be written.
        """
        with written_aside(path) as aside:
            aside.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike) -> Threshold:
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it holds no threshold.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(f"expected a threshold file, received '{os.fspath(path)}', which does not exist")
        try:
            return cls(**json.loads(Path(path).read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise ValueError(f"expected a threshold file, received '{os.fspath(path)}': {error}") from None

    @classmethod
    def bundled(cls, tower: str = DEFAULT_TOWER) -> Threshold:
        """Return the threshold that travels with a bundled tower; see `load_tower` for their names.

        Raises:
            FileNotFoundError: If no tower of that name is bundled.
        """
        return cls.load(weights.folder() / f"{tower}.threshold.json")

    @classmethod
    def bundled_for(cls, model: str) -> Threshold | None:
        """Return the bundled threshold of the tower with that fingerprint, or `None`."""
        found = (cls.load(path) for path in sorted(weights.folder().glob("*.threshold.json")))
        return next((threshold for threshold in found if threshold.model == model), None)


def calibrate(
    distances: ArrayLike,
    same: ArrayLike,
    far: float = 1e-3,
    *,
    distance: str = "squared_euclidean",
    model: str = "",
    encodings: ArrayLike | None = None,
    ids: ArrayLike | None = None,
) -> Threshold:
    """Choose tau for a wanted false accept rate, and fit P(same | distance).

    tau is the largest impostor distance at which at most `far` of the impostor comparisons are accepted, or just
    below it, where several tie there and would let more in. P is a logistic
    function of the distance, fitted by maximum likelihood with both kinds weighing the same.

    Args:
        distances: Floats >= 0, `(n,)`.
        same: Booleans `(n,)`, true where both pictures show one person. Needs both kinds.
        far: The wanted false accept rate, in (0, 1).
        distance: The name of the distance function.
        model: The fingerprint of the tower that made the encodings.
        encodings: With `ids`, for identification (1:K): floats `(m, d)`, encodings of at least 100 people. How near
            strangers come is measured on them, so that a gallery can keep a wanted FPIR.
        ids: Integers or strings `(m,)`, the person of each encoding.

    Returns:
        A `Threshold`.

    Raises:
        ValueError: If shapes differ, a distance is negative or not finite, one kind is missing, or there are fewer
            than 1 / far impostor comparisons to choose tau from; or if one of `encodings` and `ids` is given alone, or
            they show fewer than 100 people.

    Example:
        >>> threshold = calibrate([0.1, 0.2, 0.3, 0.9, 1.0, 1.1, 1.2], [1, 1, 1, 0, 0, 0, 0], far=0.25)
        >>> round(threshold.tau, 6)
        0.9

    Reference:
        Platt, "Probabilistic outputs for support vector machines", 1999.
    """
    genuine, impostor = split_kinds(distances, same)
    check_choice("distance", distance, DISTANCES)
    check_far(far, impostor.size)
    far = float(far)
    slope, midpoint = _fit_logistic(genuine, impostor)
    accepted = int(math.floor(impostor.size * far + 1e-9))
    tau = impostor[accepted - 1]
    if accepted < impostor.size and impostor[accepted] == tau:  # a tie would let more in than wanted
        if tau == 0:
            raise ValueError(f"expected at most {far:g} of the impostor pairs at distance 0, received more")
        tau = np.nextafter(tau, 0)
    words = f"{genuine.size} genuine and {impostor.size} impostor pairs"
    if (encodings is None) != (ids is None):
        raise ValueError("expected encodings and ids together, received only one of them")
    tails = () if encodings is None or ids is None else fit_tails(encodings, ids, distance=distance)
    return Threshold(float(tau), distance, model, slope, midpoint, far, words, tails)


def check_far(far: float, impostors: int) -> None:
    """Raise where tau for a wanted false accept rate cannot be chosen from so many impostor pairs.

    Raises:
        ValueError: If the rate is not between 0 and 1, or there are fewer than 1 / far.
    """
    if not 0 < far < 1:
        raise ValueError(f"expected far between 0 and 1, received {far}")
    if impostors * far < 1 - 1e-9:
        raise ValueError(f"expected at least {math.ceil(1 / far)} impostor pairs for far={far:g}, received {impostors}")


def _fit_logistic(genuine: np.ndarray, impostor: np.ndarray) -> tuple[float, float]:
    from scipy.optimize import minimize

    scale = float(np.std(np.concatenate([genuine, impostor]))) or 1.0
    middle = (genuine.mean() + impostor.mean()) / 2

    def loss(parameters: np.ndarray) -> float:
        slope, shift = np.exp(parameters[0]), parameters[1]
        scores = [slope * (shift - (d - middle) / scale) for d in (genuine, impostor)]
        return np.mean(np.logaddexp(0, -scores[0])) + np.mean(np.logaddexp(0, scores[1]))

    bounds = [(-5, 5), (-5, 5)]  # separable pairs would have an endless slope
    log_slope, shift = minimize(loss, [0.0, 0.0], method="L-BFGS-B", bounds=bounds).x
    return float(np.exp(log_slope) / scale), float(middle + shift * scale)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


@dataclass(frozen=True)
class Reliability:
    """Predicted against observed probabilities, in equal bins of the predicted one. Empty bins are left out.

    Every share weighs genuine and impostor pairs so that both kinds count the same in all, as `Threshold.probability`
    supposes.

    Attributes:
        predicted: Mean of P(same | distance) in each bin.
        observed: Share of genuine pairs in each bin.
        intervals: `(low, high)` of each `observed`.
        genuine: Number of genuine pairs in each bin.
        impostor: Number of impostor pairs in each bin.
        error: Expected calibration error: the mean of |predicted - observed| over all pairs, in [0, 1].
        confidence: Of the intervals.
    """

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...]
    genuine: tuple[int, ...]
    impostor: tuple[int, ...]
    error: float
    confidence: float

    def as_dict(self) -> dict:
        """Return everything as JSON holds it."""
        return json_value(asdict(self))


def reliability(
    threshold: Threshold, distances: ArrayLike, same: ArrayLike, bins: int = 10, confidence: float = 0.95
) -> Reliability:
    """Compare P(same | distance) with how often it was the same person.

    Pairs that the threshold was calibrated on flatter it; take others.

    Args:
        threshold: What `calibrate` returned.
        distances: Floats >= 0, `(n,)`, in the threshold's distance.
        same: Booleans `(n,)`, true where both pictures show one person. Needs both kinds.
        bins: Number of equal bins over [0, 1], >= 1.
        confidence: Of the intervals, in (0, 1). They are Wilson's for the bin's pairs, weighed like its share.

    Returns:
        A `Reliability`.

    Raises:
        ValueError: If shapes differ, a distance is negative or not finite, one kind is missing, or bins is no whole
            number of at least 1.

    Example:
        >>> threshold = Threshold(0.5, "euclidean", "", slope=4.0, midpoint=0.5, far=0.1)
        >>> found = reliability(threshold, [0.5, 0.5, 0.5, 0.5, 0.5, 0.5], [1, 1, 0, 0, 0, 0], bins=5)
        >>> found.predicted, found.observed, found.genuine, found.impostor, found.error
        ((0.5,), (0.5,), (2,), (4,), 0.0)

    References:
        Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015;
        Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    from scipy.special import expit

    distances, same = checked(distances, same)
    if not is_whole(bins) or bins < 1:
        raise ValueError(f"expected a whole number of bins of at least 1, received {bins!r}")
    if not 0 < confidence < 1:
        raise ValueError(f"expected confidence between 0 and 1, received {confidence}")
    probability = expit(threshold.slope * (threshold.midpoint - distances))
    place = np.minimum((probability * bins).astype(np.int64), bins - 1)
    counts = np.stack([np.bincount(place[kind], minlength=bins) for kind in (same, ~same)])
    used = np.flatnonzero(counts.sum(axis=0))
    each = 0.5 / counts.sum(axis=1)  # one pair's weight; a kind's together are one half
    total = counts.T @ each
    summed = np.bincount(place, np.where(same, *each) * probability, minlength=bins)
    predicted, observed = summed[used] / total[used], counts[0, used] * each[0] / total[used]

    def weighed(share: float) -> float:
        return float(share * each[0] / (share * each[0] + (1 - share) * each[1]))

    shares = [wilson(int(g), int(g + i), confidence) for g, i in counts[:, used].T]
    return Reliability(
        predicted=tuple(predicted.tolist()),
        observed=tuple(observed.tolist()),
        intervals=tuple((weighed(low), weighed(high)) for low, high in shares),
        genuine=tuple(counts[0, used].tolist()),
        impostor=tuple(counts[1, used].tolist()),
        error=float(total[used] @ np.abs(predicted - observed)),
        confidence=confidence,
    )
