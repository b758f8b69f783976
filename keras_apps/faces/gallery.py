"""People's encodings in a file: enrol, verify (1:1), identify (1:K, or "not recognised")."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_apps.faces.answers import Candidate, Identification, Verification
from keras_apps.faces.calibration import Threshold
from keras_apps.faces.detect import one_face, some_faces
from keras_apps.faces.distances import all_distances
from keras_apps.faces.encoding import encode
from keras_apps.faces.store import GalleryError, Store, checked_name, some_of
from keras_apps.images import Picture

if TYPE_CHECKING:
    import keras


class Gallery:
    """People and the encodings of their pictures, in an SQLite file; photographs are not kept.

    Encodings are computed once, at enrolment. A new person is a few rows more: nothing is retrained.

    Args:
        path: The file; made when missing.
        tower: The network that encodes; the bundled `resnet128` by default, loaded when first needed.
        threshold: tau and its distance, for this tower; by default the bundled tower's own.

    Raises:
        GalleryError: If the file is not a gallery, is locked, or was made with another tower, or the threshold
            belongs to another tower.
        FileNotFoundError: If the file's folder does not exist.

    Example:
        >>> import tempfile, os
        >>> gallery = Gallery(os.path.join(tempfile.mkdtemp(), "team.db"))
        >>> gallery.enrol("barack", ["bundled:obama", "bundled:obama2"])
        2
        >>> gallery.verify("bundled:obama3", "barack").accepted
        True
        >>> print(gallery.identify("bundled:biden")[0].name)
        None

    Reference:
        Taigman et al., "DeepFace", CVPR 2014; Schroff et al., "FaceNet", CVPR 2015.
    """

    def __init__(self, path: str | os.PathLike, tower: keras.Model | None = None, threshold: Threshold | None = None):
        self._tower = tower
        self._fingerprint = _fingerprint(tower)
        bundled = Threshold.bundled()
        self._threshold = threshold or (bundled if bundled.model == self._fingerprint else None)
        if threshold is not None and threshold.model != self._fingerprint:
            raise GalleryError(
                f"expected a threshold calibrated for tower {self._fingerprint}, received one for {threshold.model}"
            )
        self._store = Store(path)
        self._cache: tuple | None = None
        self._check_tower()

    def enrol(
        self,
        name: str,
        pictures: Sequence[Picture] | Picture,
        *,
        face: int | str | None = None,
        aligned: bool = False,
        progress: Callable[[], None] = lambda: None,
    ) -> int:
        """Add a person, or further pictures of one. All pictures are saved, or none.

        Args:
            name: 1 to 200 characters.
            pictures: One picture or several, as `images.load_image` takes.
            face: Which face, where a picture shows several: `"largest"`, or its number from 1 in order of size.
            aligned: The pictures are aligned chips already.
            progress: Called after each picture in which the face was found.

        Returns:
            The number of encodings added.

        Raises:
            NoFaceError: If a picture shows no face.
            SeveralFacesError: If a picture shows several faces and `face` does not tell which.
            GalleryError: If the file cannot be written.
            ValueError: If the name is not acceptable or there is no picture.
        """
        name = checked_name(name)
        if getattr(pictures, "ndim", 0) == 4:
            pictures = list(pictures)
        if isinstance(pictures, (str, os.PathLike)) or not isinstance(pictures, Sequence):
            pictures = [pictures]
        if not pictures:
            raise ValueError(f"expected at least one picture of {name!r}, received none")
        chips = pictures if aligned else []
        for picture in [] if aligned else pictures:
            chips.append(one_face(picture, face).image)
            progress()
        encodings = self._encode(chips)
        if self._fingerprint != _fingerprint(self._tower):
            raise GalleryError("the tower was trained further since this gallery was opened; open it again")
        self._store.add(name, encodings, self._fingerprint)
        return len(encodings)

    def verify(self, picture: Picture, name: str, *, aligned: bool = False) -> Verification:
        """Decide whether the largest face of a picture is a person of the gallery (1:1).

        Args:
            picture: As `images.load_image` takes.
            name: Who it is said to be.
            aligned: The picture is an aligned chip already.

        Raises:
            GalleryError: If nobody of that name is enrolled, or there is no threshold for this tower.
            NoFaceError: If the picture shows no face.
        """
        threshold, (names, starts, encodings) = self.threshold, self._people()
        name = checked_name(name)
        if name not in names:
            raise GalleryError(f"expected somebody who is enrolled ({some_of(names)}), received {name!r}")
        index = names.index(name)
        probe = self._encode([picture]) if aligned else self._encode([some_faces(picture)[0].image])
        end = starts[index + 1] if index + 1 < len(starts) else len(encodings)
        distance = float(all_distances(probe, encodings[starts[index] : end], threshold.distance).min())
        return Verification(name, distance, threshold.tau, distance <= threshold.tau, threshold.probability(distance))

    def identify(self, picture: Picture, top: int = 5, *, aligned: bool = False) -> list[Identification]:
        """Name every face of a picture, largest first, or answer "not recognised" (1:K).

        Args:
            picture: As `images.load_image` takes.
            top: How many candidates to report for each face, >= 1.
            aligned: The picture is an aligned chip already.

        Raises:
            NoFaceError: If the picture shows no face.
            GalleryError: If there is no threshold for this tower.
            ValueError: If `top` is below 1.
        """
        if top < 1:
            raise ValueError(f"expected top of at least 1, received {top}")
        threshold, (names, starts, encodings) = self.threshold, self._people()
        faces = [] if aligned else some_faces(picture)
        probes = self._encode([picture]) if aligned else self._encode([face.image for face in faces])
        boxes = [face.box for face in faces] or [None]
        if not names:
            return [Identification(None, float("inf"), threshold.tau, [], box) for box in boxes]
        nearest = np.minimum.reduceat(all_distances(probes, encodings, threshold.distance), starts, axis=1)
        answers = []
        for distances, box in zip(nearest, boxes, strict=True):
            order = np.argsort(distances, kind="stable")[:top]
            candidates = [Candidate(names[i], float(distances[i])) for i in order]
            best = candidates[0]
            name = best.name if best.distance <= threshold.tau else None
            answers.append(Identification(name, best.distance, threshold.tau, candidates, box))
        return answers

    def remove(self, name: str) -> int:
        """Remove a person, overwriting the encodings, and return how many there were.

        Raises:
            GalleryError: If nobody of that name is enrolled.
        """
        name = checked_name(name)
        count = self._store.remove(name)
        if not count:
            raise GalleryError(f"expected somebody who is enrolled ({some_of(self.names())}), received {name!r}")
        return count

    def names(self) -> list[str]:
        """Return the names of the people, in order."""
        return [name for name, _, _ in self._store.people()]

    def people(self) -> list[tuple[str, int, str]]:
        """Return `(name, number of encodings, date of the first in UTC)` of each person, by name."""
        return self._store.people()

    def __len__(self) -> int:
        return len(self._store.people())

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def discard_if_empty(self) -> None:
        """Close the gallery, and remove its file where nobody is enrolled."""
        self._store.discard_if_empty()

    def __enter__(self) -> Gallery:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    @property
    def threshold(self) -> Threshold:
        """The threshold in use.

        Raises:
            GalleryError: If none is known for this tower.
        """
        if self._threshold is None:
            raise GalleryError(
                f"expected a threshold for tower {self._fingerprint}, received none: calibrate one with faces.calibrate"
            )
        return self._threshold

    @property
    def tower(self) -> keras.Model:
        """The tower, loaded when first needed."""
        if self._tower is None:
            from keras_apps.faces.tower import load_tower

            self._tower = load_tower()
        return self._tower

    def _check_tower(self) -> None:
        made_with = self._store.fingerprint()
        if made_with not in (None, self._fingerprint):
            raise GalleryError(
                f"gallery '{self._store.path}' was made with tower {made_with}, expected {self._fingerprint}; "
                "encodings of two towers cannot be compared: enrol again, or open it with its own tower"
            )

    def _encode(self, chips: Sequence) -> np.ndarray:
        return encode(self.tower, chips, aligned=True)

    def _people(self) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Return names, where each one's encodings start, and the encodings; read again only when the file changed."""
        version = self._store.version()
        if self._cache is None or self._cache[0] != version:
            self._check_tower()
            of_each, encodings = self._store.encodings()
            starts = [i for i, name in enumerate(of_each) if i == 0 or of_each[i - 1] != name]
            self._cache = (version, ([of_each[i] for i in starts], np.array(starts, int), encodings))
        return self._cache[1]


def _fingerprint(tower) -> str:
    if tower is None:
        return Threshold.bundled().model
    from keras_apps.faces.tower import fingerprint

    if not hasattr(tower, "predict_on_batch"):
        raise TypeError(f"expected a Keras model as tower, received {type(tower).__name__}; load_tower loads one")
    return fingerprint(tower)
