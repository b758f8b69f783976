"""People's encodings in a file: enrol, verify (1:1), identify (1:K, or "not recognised")."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_apps.faces.answers import Identification, Verification
from keras_apps.faces.calibration import Threshold
from keras_apps.faces.decisions import Decider
from keras_apps.faces.detect import one_face, some_faces
from keras_apps.faces.encoding import encode, fitted, takes_pictures
from keras_apps.faces.exported_tower import ExportedTower
from keras_apps.faces.fingerprints import fingerprint
from keras_apps.faces.matching import Matcher
from keras_apps.faces.names import GalleryError, checked_name, unknown
from keras_apps.images import Picture

if TYPE_CHECKING:
    import keras


class Gallery(Matcher):
    """People and the encodings of their pictures, in an SQLite file; photographs are not kept.

    Encodings are computed once, at enrolment. A new person is a few rows more: nothing is retrained. With a tower whose
    input is not RGB pictures (heartbeats, volumes: `dimensions.build_tower`), "pictures" are arrays of its input's
    shape: they go to the tower as they are, and no face is looked for.

    Args:
        path: The file; made when missing.
        tower: The network that encodes, or an exported one (`load_tower("x.onnx")`); by default the decider's, or else
            the bundled `resnet128`, loaded when first needed.
        threshold: tau and its distance, for this tower; by default the bundled or exported tower's own.
        template: How a person's several pictures count: `"nearest"` of them, the mean over the nearest k of them
            (`"best-of-3"`), or their `"mean"` encoding. See docs/gallery.md for what each does to tau.
        decider: A trained `VerificationModel` that decides in the threshold's place, for this tower.

    Raises:
        GalleryError: If the file is not a gallery, is locked, or was made with another tower, or the threshold or the
            decider belongs to another tower.
        ValueError: If there is no such template.
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

    def __init__(
        self,
        path: str | os.PathLike,
        tower: keras.Model | ExportedTower | None = None,
        threshold: Threshold | None = None,
        *,
        template: str = "nearest",
        decider: Decider | None = None,
    ):
        self._tower = tower if tower is not None else getattr(decider, "tower", None)
        if threshold is None and decider is None and isinstance(tower, ExportedTower):
            threshold = tower.threshold
        super().__init__(path, _fingerprint(self._tower), threshold, template=template, decider=decider)

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
            aligned: The pictures are aligned chips already, of the tower's size.
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
        encodings = self._encoded(name, pictures, face, aligned, progress)
        self._store.add(name, encodings, self._fingerprint)
        return len(encodings)

    def update(
        self,
        name: str,
        pictures: Sequence[Picture] | Picture,
        *,
        face: int | str | None = None,
        aligned: bool = False,
        progress: Callable[[], None] = lambda: None,
    ) -> int:
        """Replace all encodings of a person by those of new pictures; the old ones are overwritten.

        Takes what `enrol` takes. Either all of it happens or nothing: nobody ever sees the person without encodings.

        Returns:
            The number of encodings that were replaced.

        Raises:
            GalleryError: If nobody of that name is enrolled.
            NoFaceError, SeveralFacesError, ValueError: As `enrol`.
        """
        name = checked_name(name)
        if name not in self.names():
            raise unknown(name, self.names())
        return self._store.replace(name, self._encoded(name, pictures, face, aligned, progress), self._fingerprint)

    def verify(self, picture: Picture, name: str, *, aligned: bool = False) -> Verification:
        """Decide whether the largest face of a picture is a person of the gallery (1:1).

        Args:
            picture: As `images.load_image` takes.
            name: Who it is said to be.
            aligned: The picture is an aligned chip already, of the tower's size.

        Raises:
            GalleryError: If nobody of that name is enrolled, or there is no threshold for this tower.
            NoFaceError: If the picture shows no face.
        """
        self._decide()
        aligned = aligned or self._takes_samples()
        self._place(self._index(), name)  # before a face is looked for
        probe = self._encode([picture if aligned else self._fitted(some_faces(picture)[0].image)])
        return self.verify_encodings(probe, [name])[0]

    def identify(self, picture: Picture, top: int = 5, *, aligned: bool = False) -> list[Identification]:
        """Name every face of a picture, largest first, or answer "not recognised" (1:K).

        Args:
            picture: As `images.load_image` takes.
            top: How many candidates to report for each face, >= 1.
            aligned: The picture is an aligned chip already, of the tower's size.

        Raises:
            NoFaceError: If the picture shows no face.
            GalleryError: If there is no threshold for this tower.
            ValueError: If `top` is below 1.
        """
        self._check(top)
        aligned = aligned or self._takes_samples()
        faces = [] if aligned else some_faces(picture)
        probes = self._encode([picture] if aligned else [self._fitted(face.image) for face in faces])
        return self._identified(probes, top, [face.box for face in faces] or [None])

    @property
    def tower(self) -> keras.Model:
        """The tower, loaded when first needed."""
        if self._tower is None:
            from keras_apps.faces.loading import load_tower

            self._tower = load_tower()
        return self._tower

    def _encoded(self, name: str, pictures, face, aligned: bool, progress: Callable[[], None]) -> np.ndarray:
        aligned = aligned or self._takes_samples()
        if getattr(pictures, "ndim", 0) == (4 if self._tower is None else len(self._tower.input_shape)):
            pictures = list(pictures)
        if isinstance(pictures, (str, os.PathLike)) or not isinstance(pictures, Sequence):
            pictures = [pictures]
        if not pictures:
            raise ValueError(f"expected at least one picture of {name!r}, received none")
        chips = pictures if aligned else []
        for picture in [] if aligned else pictures:
            chips.append(self._fitted(one_face(picture, face).image))
            progress()
        encodings = self._encode(chips)
        if self._fingerprint != _fingerprint(self._tower):
            raise GalleryError("the tower was trained further since this gallery was opened; open it again")
        return encodings

    def _takes_samples(self) -> bool:
        return self._tower is not None and not takes_pictures(self._tower)

    def _fitted(self, chip: np.ndarray) -> np.ndarray:
        return fitted(chip, self.tower)

    def _encode(self, chips: Sequence) -> np.ndarray:
        return encode(self.tower, chips, aligned=True)


def _fingerprint(tower) -> str:
    if tower is None:
        return Threshold.bundled().model
    if not hasattr(tower, "predict_on_batch"):
        raise TypeError(f"expected a Keras model as tower, received {type(tower).__name__}; load_tower loads one")
    return fingerprint(tower)
