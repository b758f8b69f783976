"""A measured rate -> the interval in which the true one may lie.

Every interval takes the comparisons as independent. Where pictures occur in many pairs ("all pairs among ...") they are
not, and the true uncertainty is larger.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from keras_apps.faces.judging.rates import counts_of, crossing, nearer_share

Interval = tuple[float, float]


def wilson(count: float, n: int, confidence: float = 0.95) -> Interval:
    """Compute Wilson's score interval of a proportion.

    Args:
        count: How many of `n`, in [0, n].
        n: Number of independent trials, > 0.
        confidence: In (0, 1).

    Returns:
        `(low, high)` in [0, 1].

    Example:
        >>> tuple(round(v, 4) for v in wilson(990, 1000))
        (0.9817, 0.9946)

    Reference:
        Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22, 1927.
    """
    z, share = normal_quantile(confidence), count / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + (z / n) ** 2 / 4) / (1 + z * z / n)
    return (0.0 if count == 0 else max(0.0, middle - half)), (1.0 if count == n else min(1.0, middle + half))


def mean_of_folds(accuracies: ArrayLike, n: int, confidence: float = 0.95) -> tuple[float, float, Interval]:
    """Compute the mean accuracy of folds, its standard error as LFW publishes it, and Student's t interval.

    The standard error is the folds' standard deviation (divisor k - 1) over the root of k. Where all folds agree it is
    zero and says nothing; then the interval is Wilson's for `n` comparisons.

    Args:
        accuracies: Floats in [0, 1], one a fold, two or more.
        n: Number of comparisons in all folds.
        confidence: In (0, 1).

    Returns:
        `(mean, standard error, (low, high))`.

    Example:
        >>> mean, error, (low, high) = mean_of_folds([0.97, 0.99], n=200)
        >>> round(mean, 4), round(error, 4), round(low, 4), high
        (0.98, 0.01, 0.8529, 1.0)

    Reference:
        Huang et al., "Labeled Faces in the Wild", 2007, section 4.
    """
    from scipy.special import stdtrit

    accuracies = np.asarray(accuracies, np.float64)
    folds, mean = accuracies.size, float(accuracies.mean())
    error = float(accuracies.std(ddof=1) / math.sqrt(folds))
    if error < 1e-12:
        return mean, error, wilson(mean * n, n, confidence)
    half = float(stdtrit(folds - 1, (1 + confidence) / 2)) * error
    return mean, error, (max(0.0, mean - half), min(1.0, mean + half))


def area_interval(genuine: np.ndarray, impostor: np.ndarray, confidence: float = 0.95) -> Interval:
    """Compute the interval of the area under the ROC curve from DeLong's variance, on the logit scale.

    Where the kinds do not overlap (or the variance is zero for want of pairs) DeLong's variance is zero and says
    nothing; Newcombe's score interval, which needs the area and the counts alone, stands in.

    Args:
        genuine: Sorted distances `(m,)`.
        impostor: Sorted distances `(n,)`.
        confidence: In (0, 1).

    Returns:
        `(low, high)` in [0, 1].

    Example:
        >>> low, high = area_interval(np.arange(50) / 50, 0.5 + np.arange(50) / 50)
        >>> round(low, 3), round(high, 3)
        (0.796, 0.926)

    References:
        DeLong et al., "Comparing the areas under two or more correlated ROC curves", Biometrics 44, 1988.
        Newcombe, "Confidence intervals for an effect size measure based on the Mann-Whitney statistic, part 2",
        Statistics in Medicine 25, 2006, method 5.
    """
    by_genuine = nearer_share(genuine, impostor)
    area, m, n = float(by_genuine.mean()), genuine.size, impostor.size
    variance = 0.0
    if m > 1 and n > 1:
        variance = by_genuine.var(ddof=1) / m + nearer_share(impostor, genuine).var(ddof=1) / n
    if variance < 1e-18 or not 0 < area < 1:
        return _newcombe(area, m, n, confidence)
    logit = math.log(area / (1 - area))
    half = normal_quantile(confidence) * math.sqrt(variance) / (area * (1 - area))
    low, high = (1 / (1 + math.exp(-max(-700.0, min(700.0, logit + sign * half)))) for sign in (-1, 1))
    return low, high


def _newcombe(area: float, m: int, n: int, confidence: float) -> Interval:
    from scipy.optimize import brentq

    z, mean_less_one = normal_quantile(confidence), (m + n) / 2 - 1

    def excess(theta: float) -> float:
        spread = 1 + mean_less_one * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return (theta - area) ** 2 - z * z * theta * (1 - theta) * spread / (m * n)

    low = 0.0 if area <= 0 else brentq(excess, 0.0, min(area, 1 - 1e-12))  # at area 1, theta = 1 is a root too
    high = 1.0 if area >= 1 else brentq(excess, max(area, 1e-12), 1.0)
    return float(low), float(high)


def normal_quantile(confidence: float) -> float:
    """Return how many standard deviations on either side hold the share `confidence` of a normal distribution."""
    from scipy.special import ndtri

    return float(ndtri((1 + confidence) / 2))


def bootstrap_eer(genuine: np.ndarray, impostor: np.ndarray, replicates: int, rng: np.random.Generator) -> np.ndarray:
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


def equal_error_interval(
    genuine: np.ndarray,
    impostor: np.ndarray,
    eer: float,
    confidence: float,
    replicates: int,
    rng: np.random.Generator,
) -> Interval:
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


def accept_interval(
    genuine: np.ndarray,
    impostor: np.ndarray,
    wanted: float,
    count: int,
    confidence: float,
    replicates: int,
    rng: np.random.Generator,
) -> Interval:
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
