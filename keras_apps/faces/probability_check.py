"""A threshold's P(same | distance) and pairs with known answers -> how far the probabilities can be believed."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from keras_apps._numbers import is_whole
from keras_apps.faces.calibration import Threshold
from keras_apps.faces.intervals import wilson
from keras_apps.faces.operating_points import plain
from keras_apps.faces.rates import checked


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
        return plain(asdict(self))


def reliability(threshold: Threshold, distances, same, bins: int = 10, confidence: float = 0.95) -> Reliability:
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
