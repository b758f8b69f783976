"""Encodings -> answers: everybody's template in memory, the nearest people, and the decision."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from keras_apps._numbers import is_whole
from keras_apps.faces.answers import Candidate, Identification, Verification
from keras_apps.faces.calibration import Threshold
from keras_apps.faces.decisions import ByDistance, ByProbability, Decider, decision_for
from keras_apps.faces.names import GalleryError, checked_name, unknown
from keras_apps.faces.roster import Roster
from keras_apps.faces.search import Index, pictures_of
from keras_apps.faces.store import checked_encodings


class Matcher(Roster):
    """A gallery that answers for ready encodings, without pictures and without a network.

    Args:
        path: The file; made when missing.
        fingerprint: Of the tower whose encodings it holds.
        threshold: tau and its distance, for this tower; by default the bundled tower's own.
        template: As for `Gallery`.
        decider: As for `Gallery`.

    Raises:
        GalleryError: If the file is not a gallery, is locked, or was made with another tower, or the threshold or the
            decider belongs to another tower.
        ValueError: If there is no such template.
        FileNotFoundError: If the file's folder does not exist.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        fingerprint: str,
        threshold: Threshold | None = None,
        *,
        template: str = "nearest",
        decider: Decider | None = None,
    ):
        pictures_of(template)
        self._template = template
        self._decision = decision_for(fingerprint, threshold, decider)
        self._cache: tuple | None = None
        super().__init__(path, fingerprint)

    def verify_encodings(self, encodings: np.ndarray, names: Sequence[str]) -> list[Verification]:
        """Decide for each of several encodings whether it is the person of the name beside it (1:1).

        Args:
            encodings: Finite floats `(n, d)`, made by the gallery's tower.
            names: `n` names.

        Raises:
            GalleryError: If somebody is not enrolled, or there is no threshold for this tower.
            ValueError: If the numbers of names and encodings differ, or the encodings' length is not the gallery's.
        """
        decide, index = self._decide(), self._index()
        places, answers = [self._place(index, name) for name in names], []
        for probe, place in zip(self._probes(encodings, index, len(places)), places, strict=True):
            value = index.measure_of(probe, place, decide)
            told = (value, decide.tau, value <= decide.tau, decide.probability(value), decide.name)
            answers.append(Verification(index.names[place], *told))
        return answers

    def identify_encodings(self, encodings: np.ndarray, top: int = 5) -> list[Identification]:
        """Name each of several encodings, or answer "not recognised" (1:K), exactly and in one matrix product.

        Args:
            encodings: Finite floats `(n, d)`, made by the gallery's tower.
            top: How many candidates to report for each, >= 1.

        Raises:
            GalleryError: If there is no threshold for this tower.
            ValueError: If `top` is below 1, or the encodings' length is not the gallery's.
        """
        self._check(top)
        encodings = checked_encodings(encodings)
        return self._identified(encodings, top, [None] * len(encodings))

    @property
    def threshold(self) -> Threshold:
        """The threshold in use.

        Raises:
            GalleryError: If none is known for this tower, or a trained verifier decides in its place.
        """
        decision = self._decide()
        if not isinstance(decision, ByDistance):
            raise GalleryError(f"expected a gallery that decides by distance, received one by {decision.name}")
        return decision.threshold

    def _decide(self) -> ByDistance | ByProbability:
        if self._decision is None:
            raise GalleryError(
                f"expected a threshold for tower {self._fingerprint}, received none: calibrate one with faces.calibrate"
            )
        return self._decision

    def _index(self) -> Index:
        """Return everybody's encodings; they are read again only when the file changed."""
        version = self._store.version()
        if self._cache is None or self._cache[0] != version:
            self._cache = None  # the old index goes before the new one comes
            self._check_tower()
            names, rows = self._store.contents()
            self._cache = (version, Index(names, rows.owners, rows.encodings, self._template))
        return self._cache[1]

    def _place(self, index: Index, name: str) -> int:
        name = checked_name(name)
        try:
            return index.names.index(name)
        except ValueError:
            raise unknown(name, sorted(index.names)) from None

    def _probes(self, encodings: np.ndarray, index: Index, count: int | None = None) -> np.ndarray:
        probes = checked_encodings(encodings, count)
        length = index.encodings.shape[1]
        if index.names and probes.shape[1] != length:
            raise ValueError(f"expected encodings of length {length}, received length {probes.shape[1]}")
        return probes

    def _check(self, top: int) -> None:
        if not is_whole(top) or top < 1:
            raise ValueError(f"expected top of at least 1, received {top}")
        self._decide()

    def _identified(self, probes: np.ndarray, top: int, boxes: Sequence) -> list[Identification]:
        decide, index = self._decide(), self._index()
        probes = self._probes(probes, index)
        if not index.names:
            return [Identification(None, float("inf"), decide.tau, [], box, decide.name) for box in boxes]
        answers = []
        for nearest, box in zip(index.nearest(probes, decide, top), boxes, strict=True):
            candidates = [Candidate(index.names[i], value) for i, value in nearest]
            best = candidates[0]
            name = best.name if best.distance <= decide.tau else None
            answers.append(Identification(name, best.distance, decide.tau, candidates, box, decide.name))
        return answers
