"""A measured EER or TAR at FAR -> its interval, by drawing the comparisons again."""

from __future__ import annotations

import numpy as np

from keras_apps.faces.intervals import Interval, wilson
from keras_apps.faces.rates import counts_of, crossing


def bootstrap_eer(genuine, impostor, replicates: int, rng: np.random.Generator) -> np.ndarray:
    """Draw from the bootstrap distribution of the EER.

    A replicate draws as many genuine and impostor comparisons with replacement and looks for the first distance at
    which FAR is at least FRR. To find it by halving, only the counts at the distances asked need be drawn, each a
    binomial given its neighbours: the same distribution as drawing every comparison, at any number of comparisons.

    Args:
        genuine: Sorted distances `(m,)`.
        impostor: Sorted distances `(n,)`.
        replicates: How many to draw.
        rng: NumPy's generator.

    Returns:
        Floats `(replicates,)` in [0, 1].

    Example:
        >>> rng = np.random.default_rng(0)
        >>> bool(bootstrap_eer(np.array([0.1, 0.2]), np.array([0.3, 0.4]), 100, rng).any())
        False
    """
    m, n = genuine.size, impostor.size
    _, *accepted = counts_of(genuine, impostor)
    low, high = np.zeros(replicates, np.int64), np.full(replicates, accepted[0].size - 1)
    below = [np.zeros(replicates, np.int64) for _ in accepted]
    upto = [np.full(replicates, size) for size in (m, n)]
    while np.any(high - low > 1):
        middle = (low + high) // 2
        drawn = []
        for counts, at_low, at_high in zip(accepted, below, upto, strict=True):
            there = counts[high] - counts[low]
            share = np.where(there > 0, (counts[middle] - counts[low]) / np.maximum(there, 1), 0.0)
            drawn.append(at_low + rng.binomial(at_high - at_low, share))
        right = drawn[1] / n >= 1 - drawn[0] / m
        low, high = np.where(right, low, middle), np.where(right, middle, high)
        below = [np.where(right, old, new) for old, new in zip(below, drawn, strict=True)]
        upto = [np.where(right, new, old) for old, new in zip(upto, drawn, strict=True)]
    return crossing(below[1] / n, 1 - below[0] / m, upto[1] / n, 1 - upto[0] / m)[0]


def equal_error_interval(genuine, impostor, eer: float, confidence: float, replicates: int, rng) -> Interval:
    """Compute the EER's interval: percentiles of its bootstrap distribution.

    Where every replicate has the same EER (zero, if no comparison is wrong) the interval is Wilson's for as many
    comparisons as the rarer kind has.

    Args:
        genuine: Sorted distances `(m,)`.
        impostor: Sorted distances `(n,)`.
        eer: The measured EER.
        confidence: In (0, 1).
        replicates: How many bootstrap samples.
        rng: NumPy's generator.
    """
    low, high = _percentiles(bootstrap_eer(genuine, impostor, replicates, rng), confidence)
    if high - low < 1e-12:
        n = min(genuine.size, impostor.size)
        low, high = wilson(eer * n, n, confidence)
    return min(low, eer), max(high, eer)


def accept_interval(genuine, impostor, wanted: float, count: int, confidence: float, replicates: int, rng) -> Interval:
    """Compute the interval of the share of genuine comparisons accepted where FAR is `wanted`.

    Two things are uncertain: the threshold, which the impostors set, and the share at it. How many of n impostors lie
    below the true threshold is binomial; each replicate draws that number c, takes the threshold at its lowest (the
    c-th impostor; none is accepted below the first) for the lower end and at its highest (just under the next) for the
    upper end, and draws the genuine comparisons accepted at it. Resampling the impostors instead gives intervals that
    are far too short where `wanted` is a few comparisons. Wilson's interval at the fixed threshold is always included:
    it knows what to say where all or none are accepted.

    Args:
        genuine: Sorted distances `(m,)`; infinite where a comparison can never be accepted.
        impostor: Sorted distances `(n,)`.
        wanted: The FAR, in (0, 1).
        count: How many genuine comparisons are accepted at the chosen threshold.
        confidence: In (0, 1).
        replicates: How many draws.
        rng: NumPy's generator.
    """
    m, n = genuine.size, impostor.size
    below = rng.binomial(n, wanted, replicates)
    least = np.where(below > 0, np.searchsorted(genuine, impostor[np.maximum(below - 1, 0)], side="right"), 0)
    most = np.searchsorted(genuine, impostor[np.minimum(below, n - 1)], side="left")
    low = _percentiles(rng.binomial(m, np.minimum(least, most) / m) / m, confidence)[0]
    high = _percentiles(rng.binomial(m, most / m) / m, confidence)[1]
    fixed = wilson(count, m, confidence)
    return min(low, fixed[0]), max(high, fixed[1])


def _percentiles(values: np.ndarray, confidence: float) -> Interval:
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
