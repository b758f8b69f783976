"""A measured EER or TAR at FAR -> its interval, by resampling the comparisons."""

from __future__ import annotations

import numpy as np

from keras_apps.faces.intervals import Interval, wilson
from keras_apps.faces.rates import counts_of, crossing


def bootstrap_crossing(genuine, impostor, passed, replicates: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Draw from the bootstrap distribution of the rates on both sides of a threshold that the sample itself chooses.

    A replicate draws as many genuine and impostor comparisons with replacement and looks for the first distance at
    which `passed` holds. To find it by halving, only the counts at the distances asked need be drawn, each a binomial
    given its neighbours: the same distribution as drawing every comparison, at any number of comparisons.

    Args:
        genuine: Sorted distances `(m,)`.
        impostor: Sorted distances `(n,)`.
        passed: `passed(accepted genuine, accepted impostor) -> booleans`, false at none accepted, true at all accepted
            (where it is not, the last distance is taken), and never false again at a larger distance.
        replicates: How many to draw.
        rng: NumPy's generator.

    Returns:
        Accepted counts `(replicates,)` each: genuine and impostor at the last distance before, genuine and impostor
        at the first distance that passed.
    """
    _, *accepted = counts_of(genuine, impostor)
    low, high = np.zeros(replicates, np.int64), np.full(replicates, accepted[0].size - 1)
    below = [np.zeros(replicates, np.int64) for _ in accepted]
    upto = [np.full(replicates, kind.size) for kind in (genuine, impostor)]
    while np.any(high - low > 1):
        middle = (low + high) // 2
        drawn = []
        for counts, at_low, at_high in zip(accepted, below, upto, strict=True):
            there = counts[high] - counts[low]
            share = np.where(there > 0, (counts[middle] - counts[low]) / np.maximum(there, 1), 0.0)
            drawn.append(at_low + rng.binomial(at_high - at_low, share))
        right = passed(*drawn)
        low, high = np.where(right, low, middle), np.where(right, middle, high)
        below = [np.where(right, old, new) for old, new in zip(below, drawn, strict=True)]
        upto = [np.where(right, new, old) for old, new in zip(upto, drawn, strict=True)]
    return *below, *upto


def equal_error_interval(genuine, impostor, eer: float, confidence: float, replicates: int, rng) -> Interval:
    """Compute the EER's interval: percentiles of its bootstrap distribution.

    Where no comparison is wrong every replicate's EER is zero; then the upper end is Wilson's for the rarer kind.

    Args:
        genuine: Sorted distances `(m,)`.
        impostor: Sorted distances `(n,)`.
        eer: The measured EER.
        confidence: In (0, 1).
        replicates: How many bootstrap samples.
        rng: NumPy's generator.
    """
    m, n = genuine.size, impostor.size
    if eer == 0:
        return 0.0, wilson(0, min(m, n), confidence)[1]
    drawn = bootstrap_crossing(genuine, impostor, lambda g, i: i / n >= 1 - g / m, replicates, rng)
    rates, _ = crossing(drawn[1] / n, 1 - drawn[0] / m, drawn[3] / n, 1 - drawn[2] / m)
    low, high = _percentiles(rates, confidence)
    return min(low, eer), max(high, eer)


def accept_interval(genuine, impostor, allowed: int, confidence: float, replicates: int, rng) -> Interval:
    """Compute the interval of the accepted share of genuine comparisons where `allowed` impostor ones may pass.

    Two things are uncertain: the threshold, chosen on the impostors, and the share at it. The bootstrap draws both; it
    knows nothing where every genuine comparison is accepted, Wilson's interval at the fixed threshold does. The wider
    end of the two is returned on either side.

    Args:
        genuine: Sorted distances `(m,)`; infinite where a comparison can never be accepted.
        impostor: Sorted distances `(n,)`.
        allowed: How many impostor comparisons may be accepted, in [0, n).
        confidence: In (0, 1).
        replicates: How many bootstrap samples.
        rng: NumPy's generator.
    """
    count = np.searchsorted(genuine, impostor[allowed], side="left")
    drawn = bootstrap_crossing(genuine, impostor, lambda g, i: i > allowed, replicates, rng)
    low, high = _percentiles(drawn[0] / genuine.size, confidence)
    fixed = wilson(int(count), genuine.size, confidence)
    return min(low, fixed[0]), max(high, fixed[1])


def _percentiles(values: np.ndarray, confidence: float) -> Interval:
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
