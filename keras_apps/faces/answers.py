"""What a gallery answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verification:
    """The answer to "is this the person?".

    Attributes:
        name: The claimed name.
        distance: From the picture to the nearest of that person's encodings, in the threshold's distance.
        tau: The threshold; accepted when `distance <= tau`.
        accepted: The answer.
        probability: P(same person | distance), for as many genuine as impostor claims beforehand.
    """

    name: str
    distance: float
    tau: float
    accepted: bool
    probability: float


@dataclass(frozen=True)
class Candidate:
    """A person of the gallery and the distance to the nearest of their encodings."""

    name: str
    distance: float


@dataclass(frozen=True)
class Identification:
    """The answer to "who is this?", for one face.

    Attributes:
        name: The nearest person's name, or `None`: not recognised, every distance is above tau.
        distance: To the nearest person; infinite where nobody is enrolled.
        tau: The threshold.
        candidates: The nearest people, nearest first, recognised or not.
        box: `(left, top, right, bottom)` of the face in pixels, or `None` for an aligned chip.
    """

    name: str | None
    distance: float
    tau: float
    candidates: list[Candidate]
    box: tuple[float, float, float, float] | None
