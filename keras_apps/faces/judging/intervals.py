"""A measured rate -> the interval in which the true one may lie.

Every interval takes the comparisons as independent. Where pictures occur in many pairs ("all pairs among ...") they are
not, and the true uncertainty is larger.
"""

from __future__ import annotations

import math

import numpy as np

from keras_apps.faces.rates import nearer_share

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


def mean_of_folds(accuracies, n: int, confidence: float = 0.95) -> tuple[float, float, Interval]:
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
    return tuple(1 / (1 + math.exp(-max(-700.0, min(700.0, logit + sign * half)))) for sign in (-1, 1))


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
