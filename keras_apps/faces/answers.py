"""What a gallery answers."""

from __future__ import annotations

from dataclasses import dataclass

PROBABILITY = "1 - P(same)"
"""The measure where a trained verifier decides."""


@dataclass(frozen=True)
class Verification:
    """The answer to "is this the person?".

    Attributes:
        name: The claimed name.
        distance: From the picture to that person's template, in the unit of `measure`.
        tau: The threshold; accepted when `distance <= tau`.
        accepted: The answer.
        probability: P(same person | distance), for as many genuine as impostor claims beforehand.
        measure: `"squared_euclidean"`, `"euclidean"`, or `"1 - P(same)"` where a trained verifier decides.
    """

    name: str
    distance: float
    tau: float
    accepted: bool
    probability: float
    measure: str


@dataclass(frozen=True)
class Candidate:
    """A person of the gallery and the distance to their template."""

    name: str
    distance: float


@dataclass(frozen=True)
class Identification:
    """The answer to "who is this?", for one face.

    Attributes:
        name: The nearest person's name, or `None`: not recognised, every distance is above tau.
        distance: To the nearest person, in the unit of `measure`; infinite where nobody is enrolled.
        tau: The threshold.
        candidates: The nearest people, nearest first, recognised or not.
        box: `(left, top, right, bottom)` of the face in pixels, or `None` for an aligned chip or an encoding.
        measure: `"squared_euclidean"`, `"euclidean"`, or `"1 - P(same)"` where a trained verifier decides.
    """

    name: str | None
    distance: float
    tau: float
    candidates: list[Candidate]
    box: tuple[float, float, float, float] | None
    measure: str
