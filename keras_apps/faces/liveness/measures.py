"""Scores of living faces and attacks -> APCER of each kind of attack and BPCER, as ISO/IEC 30107-3 reports them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from keras_apps._checks import check_number
from keras_apps.faces.judging.intervals import Interval, wilson
from keras_apps.faces.judging.verification import json_value, percent, rates_of

UNNAMED = "attack"


@dataclass(frozen=True)
class AttackRate:
    """How one kind of attack fares at one threshold.

    Attributes:
        kind: Its name.
        attacks: How many there were.
        apcer: Share of them taken as living, in [0, 1].
        interval: `(low, high)`, Wilson's.
    """

    kind: str
    attacks: int
    apcer: float
    interval: Interval


@dataclass(frozen=True)
class LivenessPoint:
    """What one threshold does.

    Attributes:
        wanted: The BPCER for which the threshold was chosen on these scores; `None` for one that was given.
        tau: A face is taken as living when its score is at least this.
        bpcer: Share of living faces taken as attacks, in [0, 1].
        bpcer_interval: `(low, high)`, Wilson's.
        kinds: The APCER of each kind of attack, by name.
    """

    wanted: float | None
    tau: float
    bpcer: float
    bpcer_interval: Interval
    kinds: tuple[AttackRate, ...]

    @property
    def apcer(self) -> float:
        """The APCER of the most successful kind of attack: the figure that the standard asks for."""
        return max(kind.apcer for kind in self.kinds)


@dataclass(frozen=True)
class LivenessReport:
    """How well living faces are told from attacks. Rates are in [0, 1].

    Attributes:
        live: Number of living faces.
        attacks: Number of attacks.
        confidence: Of all intervals.
        points: One for each threshold: first the given one, then those chosen for the wanted BPCER.
    """

    live: int
    attacks: int
    confidence: float
    points: tuple[LivenessPoint, ...]

    def as_dict(self) -> dict:
        """Return everything as JSON holds it, with the worst kind's `apcer` in each point."""
        points = [asdict(point) | {"apcer": point.apcer} for point in self.points]
        return json_value(asdict(self) | {"points": points})

    def __str__(self) -> str:
        lines = [f"{self.live} living faces, {self.attacks} attacks; {100 * self.confidence:g} % intervals"]
        for point in self.points:
            chosen = "given" if point.wanted is None else f"chosen for BPCER {100 * point.wanted:g} %"
            lines.append(f"tau {point.tau:.4f}, {chosen}")
            lines.append(f"  {'BPCER':<18}{percent(point.bpcer, point.bpcer_interval)}")
            lines += [f"  {'APCER ' + kind.kind:<18}{percent(kind.apcer, kind.interval)}" for kind in point.kinds]
        return "\n".join(lines)


def evaluate_liveness(
    scores: ArrayLike,
    live: ArrayLike,
    kinds: Sequence[str] | np.ndarray | None = None,
    bpcer: float | tuple[float, ...] = (0.05, 0.1),
    tau: float | None = None,
    confidence: float = 0.95,
) -> LivenessReport:
    """Measure how often attacks pass as living faces, and living faces as attacks.

    BPCER (bona fide presentation classification error rate) is the share of living faces that are refused; APCER
    (attack presentation classification error rate) the share of one kind of attack that passes. They are not averaged
    over kinds: an attacker uses the kind that works best.

    For each wanted BPCER the threshold is the highest at which no greater share of these living faces is refused. A
    threshold that was chosen on other people is given as `tau`, and shows what a user will meet.

    Args:
        scores: Finite floats `(n,)`, greater for living faces, such as P(live).
        live: Booleans `(n,)`. Needs both kinds.
        kinds: Names of the kinds of attack, `(n,)`; what stands beside living faces is ignored. By default all attacks
            are of one kind.
        bpcer: Wanted rates, each in [0, 1).
        tau: A threshold chosen beforehand.
        confidence: Of the intervals, in (0, 1).

    Returns:
        A `LivenessReport`; `print` shows it, `as_dict` gives it to JSON.

    Raises:
        ValueError: If shapes differ, a score is not finite, there are no living faces or no attacks, or a rate is out
            of range.

    Example:
        >>> report = evaluate_liveness([0.9, 0.8, 0.7, 0.2, 0.75, 0.1], [1, 1, 1, 1, 0, 0],
        ...                            ["", "", "", "", "print", "phone"], bpcer=0.25)
        >>> point = report.points[0]
        >>> point.tau, point.bpcer, [(kind.kind, kind.apcer) for kind in point.kinds], point.apcer
        (0.7, 0.25, [('phone', 0.0), ('print', 1.0)], 1.0)

    Reference:
        ISO/IEC 30107-3:2023, "Biometric presentation attack detection: testing and reporting".
    """
    scores, live = np.asarray(scores, np.float64), np.asarray(live)
    if scores.ndim != 1 or live.shape != scores.shape:
        raise ValueError(f"expected scores (n,) and live (n,), received shapes {scores.shape} and {live.shape}")
    if not np.isfinite(scores).all():
        raise ValueError("expected finite scores, received NaN or infinity")
    if not np.isin(live, (0, 1)).all():
        raise ValueError(f"expected 0 or 1 (booleans) as live, received {live[~np.isin(live, (0, 1))][0]!r}")
    live = live.astype(bool)
    names = np.full(scores.shape, UNNAMED) if kinds is None else np.asarray(kinds).astype(str)
    if names.shape != scores.shape:
        raise ValueError(f"expected a kind for each of {scores.size} scores, received shape {names.shape}")
    if live.all() or not live.any():
        raise ValueError(f"expected living faces and attacks, received {int(live.sum())} and {int((~live).sum())}")
    if not 0 < check_number("confidence", confidence) < 1:
        raise ValueError(f"expected confidence between 0 and 1, received {confidence}")
    genuine = np.sort(scores[live])
    chosen: list[tuple[float | None, float]] = [] if tau is None else [(None, check_number("tau", tau))]
    for wanted in rates_of(bpcer):
        if not 0 <= wanted < 1:
            raise ValueError(f"expected a wanted BPCER of at least 0 and below 1, received {wanted}")
        chosen.append((wanted, float(genuine[math.floor(genuine.size * wanted + 1e-9)])))
    return LivenessReport(
        live=genuine.size,
        attacks=int((~live).sum()),
        confidence=confidence,
        points=tuple(_point(wanted, at, genuine, scores[~live], names[~live], confidence) for wanted, at in chosen),
    )


def _point(
    wanted: float | None, tau: float, genuine: np.ndarray, attacks: np.ndarray, names: np.ndarray, confidence: float
) -> LivenessPoint:
    refused = int((genuine < tau).sum())
    rates = []
    for name in np.unique(names):
        passed = attacks[names == name] >= tau
        count, n = int(passed.sum()), passed.size
        rates.append(AttackRate(str(name), n, count / n, wilson(count, n, confidence)))
    interval = wilson(refused, genuine.size, confidence)
    return LivenessPoint(wanted, tau, refused / genuine.size, interval, tuple(rates))
