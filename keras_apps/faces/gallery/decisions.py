"""Two encodings -> a measure of their difference, by distance or by a trained verifier, and its threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from keras_apps.faces.distances import squared_euclidean
from keras_apps.faces.gallery.names import GalleryError
from keras_apps.faces.judging.calibration import Threshold

PROBABILITY = "1 - P(same)"
"""The measure where a trained verifier decides."""


Box = tuple[float, float, float, float]
"""`(left, top, right, bottom)` of a face, in pixels."""


@dataclass(frozen=True)
class Verification:
    """The answer to "is this the person?".

    Attributes:
        name: The claimed name.
        distance: From the picture to that person's template, in the unit of `measure`.
        tau: The threshold; accepted when `distance <= tau`.
        accepted: The answer; a picture that is too poor to tell is not accepted. Where liveness was asked for, the face
            must be a living one too.
        probability: P(same person | distance), where genuine and impostor claims are equally likely beforehand.
        measure: `"squared_euclidean"`, `"euclidean"`, or `"1 - P(same)"` where a trained verifier decides.
        live: P(live), or `None` where it was not asked for.
        poor: Why the picture is too poor to tell, in words, and so not accepted whatever the distance; else empty.
        turned: As for `FaceCrop`: by how many degrees the picture had to be turned until the face was found.
    """

    name: str
    distance: float
    tau: float
    accepted: bool
    probability: float
    measure: str
    live: float | None = None
    poor: tuple[str, ...] = ()
    turned: int = 0


@dataclass(frozen=True)
class Candidate:
    """A person of the gallery and the distance to their template."""

    name: str
    distance: float


@dataclass(frozen=True)
class Identification:
    """The answer to "who is this?", for one face.

    Attributes:
        name: The nearest person's name, or `None`: not recognised, as every distance is above tau, or too poor to tell.
        distance: To the nearest person, in the unit of `measure`; infinite where nobody is enrolled.
        tau: The threshold.
        candidates: The nearest people, nearest first, recognised or not.
        box: `(left, top, right, bottom)` of the face in pixels, or `None` for an aligned chip or an encoding.
        measure: `"squared_euclidean"`, `"euclidean"`, or `"1 - P(same)"` where a trained verifier decides.
        people: How many people are enrolled: K.
        fpir: The expected share of strangers who get a name at this tau among these people, in [0, 1]; `None` where the
            threshold does not tell.
        confidence: The detector's for this face, in [0, 1], or `None` as for the box.
        turned: By how many degrees the picture had to be turned until the face was found; see `FaceCrop`.
        poor: Why the face is too poor to tell, in words, and so has no name whatever the distance; else empty.
    """

    name: str | None
    distance: float
    tau: float
    candidates: list[Candidate]
    box: Box | None
    measure: str
    people: int = 0
    fpir: float | None = None
    confidence: float | None = None
    turned: int = 0
    poor: tuple[str, ...] = ()


ROWS_TOGETHER = 65536


class Decider(Protocol):
    """What a gallery needs of a trained verifier, as `VerificationModel` has it.

    It needs an attribute `fingerprint`, the text that identifies its tower, or `tower`, the Keras model. It may have
    `tau_probability`, the smallest probability that is accepted; the default is 0.5.
    """

    def score(self, probe: np.ndarray, encodings: np.ndarray) -> np.ndarray:
        """Return P(same person), `(n,)` in [0, 1], for a probe `(d,)` and each of `encodings` `(n, d)`."""


class ByDistance:
    """Decide by the distance of two encodings: accepted when it is at most tau.

    Args:
        threshold: tau, and its distance's name.
    """

    def __init__(self, threshold: Threshold):
        self.name, self.tau, self.threshold = threshold.distance, threshold.tau, threshold

    def probability(self, value: float) -> float:
        """Return P(same person | distance)."""
        return self.threshold.probability(value)

    def to_all(self, probes: np.ndarray, encodings: np.ndarray, squares: np.ndarray) -> np.ndarray:
        """Measure probes `(p, d)` against all encodings `(n, d)` with one matrix product, up to rounding.

        |p - g|^2 = -2 p.g + |g|^2 + |p|^2.

        Args:
            probes: float32.
            encodings: float32.
            squares: |g|^2 of each encoding, `(n,)`.
        """
        values = (-2 * probes) @ encodings.T
        values += squares
        values += np.einsum("ij,ij->i", probes, probes)[:, None]
        return np.sqrt(np.maximum(values, 0, out=values), out=values) if self.name == "euclidean" else values

    def to_some(self, probe: np.ndarray, encodings: np.ndarray) -> np.ndarray:
        """Measure a probe `(d,)` against encodings `(n, d)` by their differences, without the product's rounding."""
        squared = squared_euclidean(probe.astype(np.float64), encodings)
        return np.sqrt(squared) if self.name == "euclidean" else squared

    def slack(self, probe: np.ndarray, value: float) -> float:
        """Return a bound of the rounding error of `to_all` for values up to `value`."""
        squared = value**2 if self.name == "euclidean" else value
        error = 4e-6 * (float(probe @ probe) + squared)
        return error / max(value, error**0.5) if self.name == "euclidean" else error


class ByProbability:
    """Decide by a trained verifier: accepted when P(same) is at least its threshold.

    The measure is 1 - P(same): a small value means alike, as for a distance.

    Args:
        decider: As `Decider`.
    """

    name = PROBABILITY

    def __init__(self, decider: Decider):
        if not callable(getattr(decider, "score", None)):
            raise TypeError(f"expected a decider with a method score, received {type(decider).__name__}")
        least = getattr(decider, "tau_probability", 0.5)
        if not 0 <= least <= 1:
            raise ValueError(f"expected tau_probability in [0, 1], received {least}")
        self._decider, self.tau = decider, 1 - float(least)

    def probability(self, value: float) -> float:
        """Return P(same person)."""
        return 1 - value

    def to_all(self, probes: np.ndarray, encodings: np.ndarray, squares: np.ndarray) -> np.ndarray:
        """Measure probes `(p, d)` against all encodings `(n, d)`, some thousands at a time."""
        values = np.empty((len(probes), len(encodings)), np.float32)
        for start in range(0, len(encodings), ROWS_TOGETHER):
            some = slice(start, start + ROWS_TOGETHER)
            for row, probe in zip(values, probes, strict=True):
                row[some] = self.to_some(probe, encodings[some])
        return values

    def to_some(self, probe: np.ndarray, encodings: np.ndarray) -> np.ndarray:
        """Measure a probe `(d,)` against encodings `(n, d)`."""
        same = np.asarray(self._decider.score(probe, encodings), np.float64)
        if same.shape != (len(encodings),) or not np.all((same >= 0) & (same <= 1)):
            raise ValueError(
                f"expected {len(encodings)} probabilities in [0, 1] from the decider's score, "
                f"received shape {same.shape}, values from {same.min(initial=1):g} to {same.max(initial=0):g}"
            )
        return 1 - same

    def slack(self, probe: np.ndarray, value: float) -> float:
        """Return a bound of the rounding error of a probability when its sums are taken in another order."""
        return 1e-6


def decision_for(
    fingerprint: str, threshold: Threshold | None, decider: Decider | None
) -> ByDistance | ByProbability | None:
    """Return how a gallery of the tower `fingerprint` decides, or `None` where no threshold is known.

    Raises:
        GalleryError: If the threshold or the decider belongs to another tower.
        ValueError: If both are given.
        TypeError: If the threshold is not a `Threshold`, or the decider has no `score`, or no `fingerprint` or `tower`.
    """
    if decider is None:
        if threshold is None:
            threshold = Threshold.bundled_for(fingerprint)
            return ByDistance(threshold) if threshold else None
        if not isinstance(threshold, Threshold):
            raise TypeError(f"expected a Threshold, received {type(threshold).__name__}")
        if threshold.model != fingerprint:
            raise GalleryError(
                f"expected a threshold calibrated for tower {fingerprint}, received one for {threshold.model}"
            )
        return ByDistance(threshold)
    if threshold is not None:
        raise ValueError("expected a threshold or a decider, received both")
    decision, trained_for = ByProbability(decider), decider_fingerprint(decider)
    if trained_for != fingerprint:
        raise GalleryError(f"expected a decider trained for tower {fingerprint}, received one for {trained_for}")
    return decision


def decider_fingerprint(decider: Decider) -> str:
    """Return the fingerprint of the tower that a decider was trained for.

    Raises:
        TypeError: If it has neither a `fingerprint` nor a `tower`.
    """
    stated = getattr(decider, "fingerprint", None)
    if isinstance(stated, str):
        return stated
    tower = getattr(decider, "tower", None)
    if tower is None:
        raise TypeError(f"expected a decider with a fingerprint or a tower, received {type(decider).__name__}")
    from keras_apps.faces.towers.registry import fingerprint

    return fingerprint(tower)
