"""A wanted rate of false accepts -> the threshold that keeps it, and what is accepted rightly at it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from keras_apps.faces.bootstrap import accept_interval
from keras_apps.faces.intervals import Interval

UNKNOWN = (math.nan, math.nan)


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


def rates_of(wanted) -> tuple[float, ...]:
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


def plain(value):
    """Return a value that JSON can hold: NaN becomes None, tuples become lists.

    Example:
        >>> plain({"rate": float("nan"), "interval": (0.5, 1.0)})
        {'rate': None, 'interval': [0.5, 1.0]}
    """
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
