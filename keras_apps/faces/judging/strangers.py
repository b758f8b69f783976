"""How near strangers come to the nearest of K enrolled people -> tau for a wanted share of strangers with a name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from keras_apps._checks import check_choice, check_number
from keras_apps.faces.distances import DISTANCES, all_squared_euclidean

FPIR = 0.01
"""The share of strangers whom a gallery may give a name, where nothing else is said."""
LEVELS = tuple(10.0 ** (-exponent / 4) for exponent in range(2, 13))
"""The shares of impostor comparisons whose distances are kept, from 0.3 to 1e-3."""
TEMPLATES = ("nearest", "mean", "best-of-3")
PICTURES = (1, 2, 3, 5)
MOST_PEOPLE = 4000
DRAWS = 10
FEWEST_PEOPLE = 100
FEWEST_NAMED = 10
NAMED = (0.003, 0.01, 0.03, 0.1, 0.3)
"""The shares of strangers with somebody near, at which the mean number of near people is kept."""


@dataclass(frozen=True)
class ImpostorTail:
    """The smallest distances between a stranger and one enrolled person, for one way of enrolling.

    F(tau) is the share of strangers who are within tau of one randomly chosen enrolled person. Down to a share of 1e-3
    it is interpolated between measured distances; below, it follows a generalised Pareto distribution, the law of
    extreme values: F(u - x) = 1e-3 (1 + shape x / scale)^(-1 / shape).

    Of K people, F K is the mean number who are within tau of a stranger. Some strangers resemble many people and most
    resemble nobody, so that fewer than 1 - exp(-F K) of them have anybody within tau. How many is measured too, and
    interpolated.

    Attributes:
        template: How a person's pictures count, as for `Gallery`.
        pictures: Pictures of each person.
        distances: The distances for the shares `LEVELS`, decreasing.
        scale: Of the generalised Pareto distribution, > 0.
        shape: Of the generalised Pareto distribution.
        near: The mean numbers of people within tau at which the shares `NAMED` of the strangers have anybody within
            tau; increasing.

    Reference:
        Pickands, "Statistical inference using extreme order statistics", Annals of Statistics 1975; Grother, Ngan and
        Hanaoka, "Face recognition vendor test, part 2: identification", NISTIR 8271, 2019.
    """

    template: str
    pictures: int
    distances: tuple[float, ...]
    scale: float
    shape: float
    near: tuple[float, ...] = tuple(-math.log1p(-share) for share in NAMED)

    def __post_init__(self) -> None:
        object.__setattr__(self, "distances", tuple(float(d) for d in self.distances))
        object.__setattr__(self, "near", tuple(float(n) for n in self.near))
        increasing = len(self.near) == len(NAMED) and all(
            0 < a < b for a, b in zip(self.near, self.near[1:], strict=False)
        )
        decreasing = len(self.distances) == len(LEVELS) and all(
            a >= b >= 0 for a, b in zip(self.distances, self.distances[1:], strict=False)
        )
        if not decreasing or not increasing or not self.scale > 0 or not math.isfinite(self.shape):
            raise ValueError(
                f"expected {len(LEVELS)} decreasing distances, {len(NAMED)} increasing numbers near and scale > 0, "
                f"received {self}"
            )

    def share_within(self, tau: float) -> float:
        """Return F(tau), the share of strangers within `tau` of one enrolled person."""
        if tau > self.distances[-1]:
            logs = np.interp(tau, self.distances[::-1], np.log(LEVELS[::-1]))
            return float(np.exp(logs))
        grown = 1 + self.shape * (self.distances[-1] - tau) / self.scale
        if grown <= 0:
            return 0.0
        if abs(self.shape) < 1e-9:
            return LEVELS[-1] * math.exp(-(self.distances[-1] - tau) / self.scale)
        return float(LEVELS[-1] * grown ** (-1 / self.shape))

    def share_named(self, mean: float) -> float:
        """Return the share of strangers who have anybody within tau, where `mean` people are on average."""
        if mean <= 0:
            return 0.0
        if mean <= self.near[0]:
            return NAMED[0] * mean / self.near[0]
        if mean >= self.near[-1]:  # as if the people who are near were independent, but fewer
            return -math.expm1(math.log1p(-NAMED[-1]) * mean / self.near[-1])
        return float(np.exp(np.interp(math.log(mean), np.log(self.near), np.log(NAMED))))


def checked_fpir(fpir: object) -> float:
    """Return a wanted false positive identification rate.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is not between 0 and 1.
    """
    number = check_number("fpir", fpir)
    if not 0 < number < 1:
        raise ValueError(f"expected fpir between 0 and 1, received {fpir!r}")
    return number


def expected_fpir(
    tails: Sequence[ImpostorTail], tau: float, people: Mapping[int, int], template: str = "nearest"
) -> float:
    """Return the share of strangers who would get a name.

    Args:
        tails: What `fit_tails` returned.
        tau: The threshold, in the tails' distance.
        people: `{pictures: number of people enrolled from that many}`.
        template: As for `Gallery`.

    Example:
        >>> tail = ImpostorTail("nearest", 1, tuple(np.linspace(1, 0.5, len(LEVELS))), 0.1, 0.0)
        >>> round(expected_fpir([tail], 0.5, {1: 10}), 4)  # 1 - exp(-10 x 0.001)
        0.01
    """
    chosen = _of_template(tails, template)
    total = sum(count * _share(chosen, tau, pictures) for pictures, count in people.items())
    usual = max(people, key=lambda pictures: people[pictures], default=1)
    return min(chosen, key=lambda tail: abs(math.log(tail.pictures / usual))).share_named(total)


def tau_for_fpir(
    tails: Sequence[ImpostorTail], fpir: float, people: Mapping[int, int], template: str = "nearest"
) -> float:
    """Return the largest tau at which at most a share `fpir` of strangers would get a name.

    Args:
        tails: What `fit_tails` returned.
        fpir: The wanted false positive identification rate, in (0, 1).
        people: `{pictures: number of people enrolled from that many}`.
        template: As for `Gallery`.

    Returns:
        tau >= 0, in the tails' distance; the largest that was measured, where even that one gives no more.

    Example:
        >>> tail = ImpostorTail("nearest", 1, tuple(np.linspace(1, 0.5, len(LEVELS))), 0.1, 0.0)
        >>> round(tau_for_fpir([tail], 0.01, {1: 100}), 3)  # F must be 1e-4: 0.5 - 0.1 ln 10
        0.27
    """
    low, high = 0.0, _of_template(tails, template)[0].distances[0]
    if expected_fpir(tails, high, people, template) <= fpir:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if expected_fpir(tails, middle, people, template) <= fpir else (low, middle)
    return low


def fit_tails(
    encodings: ArrayLike,
    ids: ArrayLike,
    *,
    distance: str = "squared_euclidean",
    templates: Sequence[str] = TEMPLATES,
    pictures: Sequence[int] = PICTURES,
    seed: int = 0,
) -> tuple[ImpostorTail, ...]:
    """Measure how near people come to others, for several ways of enrolling them.

    For each way, every person with enough pictures is enrolled from randomly drawn ones, and one picture of every
    person is compared with all others; this is drawn a few times.

    Args:
        encodings: Finite floats `(n, d)`.
        ids: Integers or strings `(n,)`, the person of each.
        distance: `"squared_euclidean"` or `"euclidean"`.
        templates: As for `Gallery`.
        pictures: Numbers of pictures; those are left out that fewer than 100 people have.
        seed: Of the draws.

    Returns:
        A tail for each template and number of pictures.

    Raises:
        ValueError: If shapes do not fit, or fewer than 100 people are given.
    """
    check_choice("distance", distance, DISTANCES)
    encodings, ids = np.asarray(encodings, np.float32), np.asarray(ids)
    if encodings.ndim != 2 or ids.shape != encodings.shape[:1]:
        raise ValueError(f"expected encodings (n, d) and ids (n,), received shapes {encodings.shape} and {ids.shape}")
    _, codes = np.unique(ids, return_inverse=True)
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(codes == code) for code in range(codes.max(initial=-1) + 1)]
    if len(rows) < FEWEST_PEOPLE:
        raise ValueError(
            f"expected at least {FEWEST_PEOPLE} people to measure how alike strangers are, received {len(rows)}"
        )
    tails = []
    for template in templates:
        for count in pictures:
            enough = [code for code, own in enumerate(rows) if len(own) >= count]
            if len(enough) >= FEWEST_PEOPLE:
                drawn = [_compare(encodings, rows, enough, count, template, distance, rng) for _ in range(DRAWS)]
                tails.append(_fit(drawn, template, count))
    return tuple(sorted(tails, key=lambda tail: (tail.template, tail.pictures)))


def _compare(
    encodings: np.ndarray,
    rows: Sequence[np.ndarray],
    enough: Sequence[int],
    count: int,
    template: str,
    distance: str,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the measures `(probes, people)` of one draw; infinite where probe and person are the same."""
    enrolled = rng.permutation(np.array(enough))[:MOST_PEOPLE]
    probing = rng.permutation(len(rows))[:MOST_PEOPLE]
    gallery = np.stack([rng.permutation(rows[code])[:count] for code in enrolled])  # (people, pictures)
    probes = encodings[[rng.choice(rows[code]) for code in probing]]
    if template == "mean":
        measures = _distances(probes, encodings[gallery].mean(axis=1), distance)
    else:
        each = np.stack([_distances(probes, encodings[gallery[:, k]], distance) for k in range(count)], axis=-1)
        nearest = 1 if template == "nearest" else int(template.rpartition("-")[2])
        each.sort(axis=-1)
        measures = each[..., :nearest].mean(axis=-1)
    measures[probing[:, None] == enrolled[None]] = np.inf
    return measures


def _distances(probes: np.ndarray, gallery: np.ndarray, distance: str) -> np.ndarray:
    squares = all_squared_euclidean(probes, gallery)
    return np.sqrt(squares) if distance == "euclidean" else squares


def _fit(drawn: Sequence[np.ndarray], template: str, pictures: int) -> ImpostorTail:
    from scipy.stats import genpareto

    people = drawn[0].shape[1]
    every = np.concatenate([np.sort(measures[np.isfinite(measures)])[: measures.size // 2] for measures in drawn])
    total = sum(int(np.isfinite(measures).sum()) for measures in drawn)
    every.sort()
    distances = tuple(float(every[max(0, math.ceil(level * total) - 1)]) for level in LEVELS)
    below = distances[-1] - every[: max(10, math.ceil(LEVELS[-1] * total))]
    shape, _, scale = genpareto.fit(below[below > 0], floc=0)
    tail = ImpostorTail(template, pictures, distances, float(scale), float(shape))
    nearest = np.sort(np.concatenate([measures.min(axis=1) for measures in drawn]))
    near: list[float] = []
    for share in reversed(NAMED):
        if share * len(nearest) >= FEWEST_NAMED or not near:
            tau = float(nearest[math.ceil(share * len(nearest)) - 1])
            near.append(people * tail.share_within(tau))
        else:  # too few strangers to measure it
            near.append(near[-1] * share / NAMED[len(NAMED) - len(near)])
    near = np.minimum.accumulate(np.array(near) * (1 - 1e-9 * np.arange(len(near)))).tolist()
    return replace(tail, near=tuple(reversed(near)))


def _of_template(tails: Sequence[ImpostorTail], template: str) -> list[ImpostorTail]:
    """Return the tails of a template by pictures; of `"nearest"`, which is never farther, where it has none."""
    chosen = [tail for tail in tails if tail.template == template]
    chosen = chosen or [tail for tail in tails if tail.template == "nearest"]
    if not chosen:
        raise ValueError(f"expected tails for the template 'nearest', received {[tail.template for tail in tails]}")
    return sorted(chosen, key=lambda tail: tail.pictures)


def _share(tails: Sequence[ImpostorTail], tau: float, pictures: int) -> float:
    """Return F(tau) for a number of pictures, interpolated between those that were measured."""
    known = [tail.pictures for tail in tails]
    shares = [max(tail.share_within(tau), 1e-300) for tail in tails]
    share = math.exp(float(np.interp(math.log(pictures), np.log(known), np.log(shares))))
    beyond = pictures / known[-1] if tails[-1].template == "nearest" else 1.0
    return min(1.0, share * max(1.0, beyond))
