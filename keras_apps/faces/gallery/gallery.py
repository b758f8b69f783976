"""People's encodings in a file: enrol, verify (1:1), identify (1:K, or "not recognised")."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from keras_apps._checks import check_choice, is_whole
from keras_apps.faces.detection import (
    NoFaceError,
    PoorFaceError,
    chosen_face,
    no_face_warning,
    poor_face_warning,
    several_faces_warning,
    some_faces,
    source_of,
)
from keras_apps.faces.encoding import encode, resize_chip, takes_pictures
from keras_apps.faces.gallery.decisions import (
    Box,
    ByDistance,
    ByProbability,
    Candidate,
    Decider,
    Identification,
    Verification,
    decision_for,
)
from keras_apps.faces.gallery.doctor import DoctorReport, examine
from keras_apps.faces.gallery.exchange import Imported, export_people, import_people
from keras_apps.faces.gallery.names import (
    LOOK_ALIKE,
    SIMILAR_NAME,
    GalleryError,
    LookAlikeError,
    checked_accept,
    checked_name,
    similar,
)
from keras_apps.faces.gallery.search import Index, pictures_of
from keras_apps.faces.gallery.store import Audit, Store, checked_encodings
from keras_apps.faces.judging.calibration import Threshold
from keras_apps.faces.judging.strangers import FPIR, checked_fpir
from keras_apps.faces.liveness.deciding import Liveness, live_probability
from keras_apps.faces.quality import QUALITIES, SMALLEST_CHIP, Quality, chip_quality
from keras_apps.faces.towers.exported import ExportedTower
from keras_apps.faces.towers.names import DEFAULT_TOWER, PHOTOGRAPH_TOWERS
from keras_apps.faces.towers.registry import fingerprint, input_shape_of, layout_of, tower_of
from keras_apps.images import Picture, is_one_picture, load_image

if TYPE_CHECKING:
    import keras
    from typing_extensions import Self


class Matcher:
    """A gallery of ready encodings: it verifies and identifies without pictures and without a network.

    Args:
        path: The file; created if it does not exist.
        fingerprint: The fingerprint of the tower that makes the encodings.
        threshold: tau and its distance, for this tower; by default the bundled tower's own.
        template: As for `Gallery`.
        decider: As for `Gallery`.
        fpir: As for `Gallery`.

    Raises:
        GalleryError: If the file is not a gallery, is locked, or was made with another tower, or the threshold or the
            decider belongs to another tower.
        ValueError: If the template is unknown, or `fpir` is not between 0 and 1.
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
        fpir: float = FPIR,
    ):
        pictures_of(template)
        self._template, self._fpir = template, checked_fpir(fpir)
        self._decision = decision_for(fingerprint, threshold, decider)
        self._cache: tuple[tuple[int, int], Index] | None = None
        self._rule: tuple[Index, float, float | None] | None = None
        self._fingerprint = fingerprint
        self._store = Store(path)
        self._check_tower()

    def enrol_encodings(
        self, names: Sequence[str], encodings: np.ndarray, *, accept: str | Collection[str] = ()
    ) -> int:
        """Add ready encodings of one person or of many, in one transaction: all are saved, or none.

        They are not compared with other people's, as `Gallery.enrol` does with pictures; `doctor` finds what is wrong.

        Args:
            names: `n` names, one for each encoding; a person's name may occur several times.
            encodings: Finite floats `(n, d)`, made by the gallery's tower.
            accept: `"similar-name"`: a new name may differ from another one only in case, spacing or Unicode form.

        Returns:
            The number of encodings added.

        Raises:
            ValueError: If a name is not accepted, the numbers of names and encodings differ, a value is not finite,
                or the length is not that of the gallery's encodings.
            GalleryError: If the file cannot be written.
            SimilarNameError: If a new name differs too little from another one, and is not accepted.

        Example:
            >>> import tempfile, os
            >>> from keras_apps import faces
            >>> gallery = faces.Gallery(os.path.join(tempfile.mkdtemp(), "team.db"))
            >>> gallery.enrol_encodings(["kian", "lea", "kian"], np.eye(3, 128))
            3
            >>> gallery.identify_encodings(np.eye(2, 128), top=1)[1].name
            'lea'
        """
        if isinstance(names, str):
            raise TypeError(f"expected a sequence of names, received the text {names!r}")
        accepted, names = checked_accept(accept), [checked_name(name) for name in names]
        encodings = checked_encodings(encodings, len(names))
        self._store.add_many(names, encodings, self._fingerprint, similar_names=SIMILAR_NAME in accepted)
        return len(names)

    def rename(self, name: str, new_name: str, *, accept: str | Collection[str] = ()) -> None:
        """Rename a person. The old name is overwritten, in the log too.

        Args:
            name: The name of today.
            new_name: A name that nobody has.
            accept: `"similar-name"`: it may differ from somebody else's only in case, spacing or Unicode form.

        Raises:
            GalleryError: If nobody is enrolled under `name`, or somebody is enrolled under `new_name` already.
            SimilarNameError: If somebody else's name differs too little from `new_name`, and this is not accepted.
            ValueError: If the new name is not a valid one.
        """
        accepted = checked_accept(accept)
        self._store.rename(checked_name(name), checked_name(new_name), similar_name=SIMILAR_NAME in accepted)

    def remove(self, name: str, pictures: Sequence[int] | int | None = None) -> int:
        """Remove a person, overwriting name and encodings, and return how many encodings there were.

        The log keeps that somebody was removed and when, but not who. What SQLite or this package wrote is overwritten
        with zeros; copies that a file system, a solid-state disk or a backup made are out of reach.

        Args:
            name: The person.
            pictures: Remove these pictures only, by their numbers from 1 in the order of enrolment, as `doctor` gives
                them; the person stays.

        Returns:
            The number of encodings removed.

        Raises:
            GalleryError: If nobody of that name is enrolled.
            ValueError: If there is no such picture, or no other would be left.
        """
        name = checked_name(name)
        if pictures is not None:
            return self._store.remove_pictures(
                name, [pictures] if isinstance(pictures, (int, np.integer)) else pictures
            )
        count = self._store.remove(name)
        if not count:
            raise self._store.unknown(name)
        return count

    def doctor(self) -> DoctorReport:
        """Look for mistakes in the gallery: wrong pictures, people enrolled twice, look-alikes, similar names, ...

        All pairs of encodings are compared by the threshold's distance, whatever the template. Where no threshold is
        known, or a trained verifier decides, people are compared by name and for equal pictures only.

        Returns:
            A `DoctorReport`; `print` shows it, `as_dict` gives it to JSON. docs/gallery.md describes each finding.

        Example:
            >>> import tempfile, os
            >>> threshold = Threshold(0.3, "squared_euclidean", "tower", 20.0, 0.4, 1e-3)
            >>> gallery = Matcher(os.path.join(tempfile.mkdtemp(), "team.db"), "tower", threshold)
            >>> gallery.enrol_encodings(["ann", "ann", "bo", "bo"], [[0, 0], [0.1, 0], [1, 0], [1, 0.1]])
            4
            >>> gallery.doctor().findings
            ()
        """
        decision, index = self._decision, self._index()
        names, rows = self._store.contents()
        if isinstance(decision, ByDistance):
            return examine(self._store.path, names, rows, self._identification_rule(decision, index)[0], decision.name)
        return examine(self._store.path, names, rows, None, None)

    def names(self) -> list[str]:
        """Return the names of the people, in order."""
        return self._store.names()

    def people(self) -> list[tuple[str, int, str]]:
        """Return `(name, number of encodings, date of the first in UTC)` of each person, by name."""
        return self._store.people()

    def audit(self) -> Audit:
        """Return who is enrolled, when and from how many pictures, and the log of changes.

        A removed person's entries are erased; a renamed person's stand under the name of today.
        """
        return self._store.audit()

    def export(self, path: str | os.PathLike) -> int:
        """Export names, dates and encodings to a file, and return the number of people.

        The file is a zip of JSON, CSV and a NumPy array; docs/gallery-format.md describes it.

        Raises:
            OSError: If the file cannot be written.
        """
        return export_people(self._store, path)

    def import_(
        self, path: str | os.PathLike, conflict: str = "error", *, accept: str | Collection[str] = ()
    ) -> Imported:
        """Add all people of an exported file; if one cannot be added, add nobody.

        Args:
            path: A file that `export` wrote.
            conflict: What to do with people who are enrolled already: raise an `"error"`, `"skip"` them, `"replace"`
                their encodings, or `"add"` to them.
            accept: `"similar-name"`: a new name may differ from another one only in case, spacing or Unicode form.

        Raises:
            FileNotFoundError: If there is no such file.
            GalleryError: If the encodings are of another tower, or somebody is enrolled already and `conflict` is
                `"error"`.
            SimilarNameError: If a new name differs too little from another one, and is not accepted.
            ValueError: If the file is damaged, or is not an exported gallery of this format.
        """
        return import_people(self._store, path, conflict, self._fingerprint, accept)

    def verify_encodings(self, encodings: np.ndarray, names: Sequence[str]) -> list[Verification]:
        """Decide for each of several encodings whether it is the person of the name beside it (1:1).

        Args:
            encodings: Finite floats `(n, d)`, made by the gallery's tower.
            names: `n` names.

        Raises:
            GalleryError: If somebody is not enrolled, or there is no threshold for this tower.
            ValueError: If the numbers of names and encodings differ, or the encodings' length is not the gallery's.
        """
        decision, index = self._decide(), self._index()
        places, answers = [self._place(index, name) for name in names], []
        for probe, place in zip(self._probes(encodings, index, len(places)), places, strict=True):
            value = index.measure_of(probe, place, decision)
            answers.append(
                Verification(
                    name=index.names[place],
                    distance=value,
                    tau=decision.tau,
                    accepted=value <= decision.tau,
                    probability=decision.probability(value),
                    measure=decision.name,
                )
            )
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
        return self._identify_probes(encodings, top, [None] * len(encodings))

    @property
    def threshold(self) -> Threshold:
        """The threshold in use.

        Raises:
            GalleryError: If none is known for this tower, or a trained verifier decides in its place.
        """
        decision = self._decide()
        if not isinstance(decision, ByDistance):
            raise GalleryError(
                f"expected a gallery that decides by distance, received one that decides by {decision.name}"
            )
        return decision.threshold

    def __len__(self) -> int:
        return len(self._store)

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def discard_if_empty(self) -> None:
        """Close the gallery, and delete its file if nobody is enrolled."""
        self._store.discard_if_empty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _check_tower(self) -> None:
        made_with = self._store.fingerprint()
        if made_with not in (None, self._fingerprint):
            raise GalleryError(
                f"gallery '{self._store.path}' was made with tower {made_with}, expected {self._fingerprint}; "
                "encodings of two towers cannot be compared: open it with its own tower, or enrol everybody again"
            )

    def _decide(self) -> ByDistance | ByProbability:
        if self._decision is None:
            raise GalleryError(
                f"no threshold is known for tower {self._fingerprint}: calibrate one with faces.calibrate, and pass it"
            )
        return self._decision

    def _index(self) -> Index:
        """Return everybody's encodings; they are read again only when the file changed."""
        version = self._store.version()
        if self._cache is None or self._cache[0] != version:
            self._cache = None  # free the old index before the new one is built
            self._check_tower()
            names, rows = self._store.contents()
            self._cache = (version, Index(names, rows.owners, rows.encodings, self._template))
        return self._cache[1]

    def _place(self, index: Index, name: str) -> int:
        name = checked_name(name)
        try:
            return index.names.index(name)
        except ValueError:
            raise self._store.unknown(name) from None

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

    def _identification_rule(self, decision: ByDistance | ByProbability, index: Index) -> tuple[float, float | None]:
        """Return tau for naming somebody among all, and the expected FPIR, if that is known."""
        if self._rule is None or self._rule[0] is not index:
            tau, fpir = decision.tau, None
            if isinstance(decision, ByDistance):
                people = index.people_by_pictures
                tau = decision.threshold.tau_for(self._fpir, people, self._template)
                fpir = decision.threshold.expected_fpir(tau, people, self._template)
            self._rule = (index, tau, fpir)
        return self._rule[1:]

    def _identify_probes(self, probes: np.ndarray, top: int, boxes: Sequence[Box | None]) -> list[Identification]:
        decision, index = self._decide(), self._index()
        probes = self._probes(probes, index)
        tau, fpir = self._identification_rule(decision, index)
        if not index.names:
            return [Identification(None, float("inf"), tau, [], box, decision.name) for box in boxes]
        answers = []
        for nearest, box in zip(index.nearest(probes, decision, top), boxes, strict=True):
            candidates = [Candidate(index.names[i], value) for i, value in nearest]
            best = candidates[0]
            name = best.name if best.distance <= tau else None
            people = len(index.names)
            answers.append(Identification(name, best.distance, tau, candidates, box, decision.name, people, fpir))
        return answers


class Gallery(Matcher):
    """People and the encodings of their pictures, in an SQLite file; photographs are not kept.

    Encodings are computed once, at enrolment. A new person is a few rows more: nothing is retrained. With a tower whose
    input is not RGB pictures (heartbeats, volumes: `dimensions.build_tower`), "pictures" are arrays of its input's
    shape: they go to the tower as they are, and no face is looked for.

    Args:
        path: The file; created if it does not exist.
        tower: The network that encodes; a model that holds one as its attribute `tower`, such as a `TripletModel`; or
            an exported tower (`load_tower("x.onnx")`). By default the decider's tower, or else the bundled tower that
            made the file, or `sface128` for a new file; it is loaded when it is first needed.
        threshold: tau and its distance, for this tower; by default the bundled or exported tower's own.
        template: How a person's several pictures count: `"nearest"` of them, the mean over the nearest k of them
            (`"best-of-3"`), or their `"mean"` encoding. See docs/gallery.md for what each does to tau.
        decider: A trained `VerificationModel` that decides in the threshold's place, for this tower.
        fpir: The wanted false positive identification rate, in (0, 1): the share of strangers whom `identify` may give
            a name. tau for identification follows from it, from the number of enrolled people, their pictures and the
            template, where the threshold holds what that takes (those of the bundled photograph towers do). It is at
            most the threshold's tau, which `verify` uses.

    Raises:
        GalleryError: If the file is not a gallery, is locked, or was made with another tower, or the threshold or the
            decider belongs to another tower.
        ValueError: If the template is unknown.
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
        fpir: float = FPIR,
    ):
        model = tower if tower is not None else getattr(decider, "tower", None)
        self._tower = None if model is None else tower_of(model)
        self._bundled = bundled_tower_of(path) if model is None else None
        if threshold is None and decider is None and isinstance(self._tower, ExportedTower):
            threshold = self._tower.threshold
        super().__init__(path, self._current_fingerprint(), threshold, template=template, decider=decider, fpir=fpir)

    def enrol(
        self,
        name: str,
        pictures: Sequence[Picture] | Picture,
        *,
        face: int | str | None = None,
        aligned: bool = False,
        missing: str = "raise",
        quality: str = "good",
        accept: str | Collection[str] = (),
        progress: Callable[[], None] = lambda: None,
    ) -> int:
        """Add a person, or further pictures of one. All pictures are saved, or none.

        Three mistakes are refused, because they would be paid for at the door: a new name that hardly differs from an
        enrolled one, a picture of poor quality, and a picture that looks like somebody else. A picture of a new person
        looks like somebody else where it is within tau of them; a picture of an enrolled person, where it is also
        nearer to them than to the pictures that the person has already.

        Args:
            name: 1 to 200 characters.
            pictures: One picture or several, as `images.load_image` takes.
            face: Which face to use if a picture shows several: `"largest"`, or its number in order of size, from 1. By
                default the one that dominates, with at least three times the area of the next one; a
                `SeveralFacesWarning` says how many others were ignored.
            aligned: Whether the pictures are already aligned chips of the tower's size.
            missing: What a picture without a face, or with a poor one, does: `"raise"` an error, so that nothing is
                saved, or `"skip"`: it is left out, and one `NoFaceWarning` or `PoorFaceWarning` names those that were.
                Pictures that cannot be read, or that show several faces of like size, are errors all the same.
            quality: `"good"`: a face that is blurred, small, dark, turned aside or cut off counts as poor, see
                `Quality`; or take `"any"`. Of aligned chips sharpness and light are judged, from 96
                pixels; of samples that are no pictures nothing is.
            accept: What is not to be refused, one word or several: `"similar-name"`, a new name that differs from
                another one only in case, spacing or Unicode form; `"look-alike"`, pictures of a twin, say.
            progress: Called after each picture that was searched for a face.

        Returns:
            The number of encodings added: of the pictures, less those that were skipped.

        Raises:
            NoFaceError: If a picture shows no face, or with `missing="skip"` none of them does.
            PoorFaceError: If a face is poor, or with `missing="skip"` all faces are.
            SeveralFacesError: If a picture shows several faces of like size and `face` does not say which to use.
            SimilarNameError: If the name is new and differs too little from another one, and is not accepted.
            LookAlikeError: If a picture looks like somebody else, and is not accepted.
            GalleryError: If the file cannot be written.
            ValueError: If the name is not valid, or there is no picture.
        """
        accepted, name = checked_accept(accept), checked_name(name)
        alike = self._store.alike(name)  # before faces are looked for, and once more when they are saved
        if alike and name not in alike and SIMILAR_NAME not in accepted:
            raise similar(name, alike[0], "enrolled")
        encodings, sources = self._encode_faces(name, pictures, face, aligned, missing, quality, progress)
        if LOOK_ALIKE not in accepted:
            self._refuse_look_alikes(name, encodings, sources)
        names = [name] * len(encodings)
        self._store.add_many(names, encodings, self._fingerprint, similar_names=SIMILAR_NAME in accepted)
        return len(encodings)

    def update(
        self,
        name: str,
        pictures: Sequence[Picture] | Picture,
        *,
        face: int | str | None = None,
        aligned: bool = False,
        missing: str = "raise",
        quality: str = "good",
        accept: str | Collection[str] = (),
        progress: Callable[[], None] = lambda: None,
    ) -> int:
        """Replace all encodings of a person by those of new pictures; the old ones are overwritten.

        Takes what `enrol` takes. Either all of it happens or nothing: nobody ever sees the person without encodings.
        A picture that looks like somebody else is refused as `enrol` does, with the old encodings as the person's own.

        Returns:
            The number of encodings that were replaced.

        Raises:
            GalleryError: If nobody of that name is enrolled.
            NoFaceError, PoorFaceError, SeveralFacesError, LookAlikeError, ValueError: As `enrol`.
        """
        accepted, name = checked_accept(accept), checked_name(name)
        if name not in self._store.alike(name):
            raise self._store.unknown(name)
        encodings, sources = self._encode_faces(name, pictures, face, aligned, missing, quality, progress)
        if LOOK_ALIKE not in accepted:
            self._refuse_look_alikes(name, encodings, sources)
        return self._store.replace(name, encodings, self._fingerprint)

    def verify(
        self,
        picture: Picture,
        name: str,
        *,
        aligned: bool = False,
        quality: str = "good",
        liveness: Liveness = None,
    ) -> Verification:
        """Decide whether the largest face of a picture is a person of the gallery (1:1).

        A poor picture is not accepted, however near it is: two poor pictures of two people look alike. The answer's
        `poor` then says why.

        Args:
            picture: As `images.load_image` takes.
            name: The claimed name.
            aligned: Whether the picture is already an aligned chip of the tower's size.
            quality: `"good"`, as for `enrol`, or decide about pictures of `"any"` quality.
            liveness: Whether the face must look like a living one too: `True` for the bundled network
                (`load_liveness`), a `LivenessModel`, or a function from the square around the face (`around_face`) to
                P(live), which is accepted from 0.5 on. By default a photograph held before the camera is accepted.
                docs/liveness.md says what the check is worth.

        Raises:
            GalleryError: If nobody of that name is enrolled, or there is no threshold for this tower.
            NoFaceError: If the picture shows no face.
            ValueError: If liveness is asked for of an aligned chip.
            TypeError: If `liveness` is none of the above.
        """
        self._decide()
        check_choice("quality", quality, QUALITIES)
        aligned = aligned or self._takes_samples()
        if aligned and liveness:
            raise ValueError("expected a whole picture for the liveness check, received an aligned chip or a sample")
        self._place(self._index(), name)  # before a face is looked for
        if liveness and hasattr(picture, "read"):
            picture = load_image(picture)  # looked at twice, which an open file cannot be
        face = None if aligned else some_faces(picture, self.tower)[0]
        if face is None:
            chip, poor = self._judged(picture, quality)
        else:
            chip, poor = self._resized(face.image), _problems(face.quality, quality)
        answer = self.verify_encodings(self._encode([chip]), [name])[0]
        if poor:
            answer = replace(answer, accepted=False, poor=poor)
        if face is None:
            return answer
        answer = replace(answer, turned=face.turned)
        if not liveness:
            return answer
        live, least = live_probability(liveness, picture, face)
        return replace(answer, live=live, accepted=answer.accepted and live >= least)

    def identify(
        self, picture: Picture, top: int = 5, *, aligned: bool = False, quality: str = "good"
    ) -> list[Identification]:
        """Name every face of a picture, largest first, or answer "not recognised" (1:K).

        A poor face gets no name, however near it is to somebody; the answer's `poor` then says why.

        Args:
            picture: As `images.load_image` takes.
            top: How many candidates to report for each face, >= 1.
            aligned: Whether the picture is already an aligned chip of the tower's size.
            quality: `"good"`, as for `enrol`, or name faces of `"any"` quality.

        Raises:
            NoFaceError: If the picture shows no face.
            GalleryError: If there is no threshold for this tower.
            ValueError: If `top` is below 1.
        """
        self._check(top)
        aligned = aligned or self._takes_samples()
        check_choice("quality", quality, QUALITIES)
        if aligned:
            chip, problems = self._judged(picture, quality)
            answers, poor = self._identify_probes(self._encode([chip]), top, [None]), [problems]
        else:
            faces = some_faces(picture, self.tower)
            probes = self._encode([self._resized(face.image) for face in faces])
            answers = [
                replace(answer, confidence=face.confidence, turned=face.turned)
                for answer, face in zip(self._identify_probes(probes, top, [f.box for f in faces]), faces, strict=True)
            ]
            poor = [_problems(face.quality, quality) for face in faces]
        return [
            replace(answer, name=None, poor=problems) if problems else answer
            for answer, problems in zip(answers, poor, strict=True)
        ]

    @property
    def tower(self) -> keras.Model | ExportedTower:
        """The tower, loaded when first needed."""
        if self._tower is None:
            from keras_apps.faces.towers.registry import load_tower

            self._tower = load_tower(self._bundled or DEFAULT_TOWER)
        return self._tower

    def _encode_faces(
        self,
        name: str,
        pictures: Sequence[Picture] | Picture,
        face: int | str | None,
        aligned: bool,
        missing: str,
        quality: str,
        progress: Callable[[], None],
    ) -> tuple[np.ndarray, list[str]]:
        """Return the encodings, and for each a few words that name its picture."""
        check_choice("missing", missing, ("raise", "skip"))
        check_choice("quality", quality, QUALITIES)
        aligned = aligned or self._takes_samples()
        rank = 4 if self._tower is None else len(input_shape_of(self._tower))
        samples: list[Picture]
        if isinstance(pictures, np.ndarray) and pictures.ndim == rank:
            samples = list(pictures)
        elif is_one_picture(pictures) or not isinstance(pictures, Sequence):
            samples = [cast(Picture, pictures)]
        else:
            samples = list(cast(Sequence[Picture], pictures))
        if not samples:
            raise ValueError(f"expected at least one picture of {name!r}, received none")
        chips: dict[int, Picture] = {}
        without_face: list[int] = []
        poor: dict[int, tuple[str, ...]] = {}
        ignored: dict[int, int] = {}
        for number, picture in enumerate(samples):
            try:
                if aligned:
                    chips[number], problems = self._judged(picture, quality)
                else:
                    found = some_faces(picture, self.tower)
                    chosen = chosen_face(picture, found, face)
                    chips[number], problems = self._resized(chosen.image), _problems(chosen.quality, quality)
                    if face is None and len(found) > 1:
                        ignored[number] = len(found) - 1
            except NoFaceError:
                if missing == "raise":
                    raise
                without_face.append(number)
            else:
                if problems and missing == "raise":
                    raise _too_poor(f"a good picture of {name!r}", source_of(samples, number), problems)
                if problems:
                    del chips[number]
                    poor[number] = problems
            if not aligned:
                progress()
        if not chips and poor:
            number, problems = next(iter(poor.items()))
            raise _too_poor(f"at least one good picture of {name!r}", source_of(samples, number), problems)
        if not chips:
            raise NoFaceError(
                f"expected a face in at least one picture of {name!r}, received {len(samples)} without any"
            )
        if without_face:
            warnings.warn(no_face_warning(samples, without_face, "left out"), stacklevel=3)
        if poor:
            warnings.warn(poor_face_warning(samples, list(poor), list(poor.values())), stacklevel=3)
        ignored = {number: others for number, others in ignored.items() if number in chips}
        if ignored:
            warnings.warn(several_faces_warning(samples, list(ignored), sum(ignored.values())), stacklevel=3)
        encodings = self._encode(list(chips.values()))
        if self._fingerprint != self._current_fingerprint():
            raise GalleryError("the tower was trained further since this gallery was opened; open it again")
        return encodings, [source_of(samples, number) for number in chips]

    def _judged(self, chip: Picture, quality: str) -> tuple[Picture, tuple[str, ...]]:
        """Return an aligned chip, an open file as its pixels, and why it is too poor.

        Samples are not judged, nor are chips that are small or do not fit.
        """
        if quality == "any" or self._takes_samples():
            return chip, ()
        image, expected = load_image(chip), input_shape_of(self.tower)[1:3]
        chip = image if hasattr(chip, "read") else chip
        if min(image.shape[:2]) < SMALLEST_CHIP or (None not in expected and image.shape[:2] != expected):
            return chip, ()
        return chip, chip_quality(image, layout_of(self.tower)).problems

    def _refuse_look_alikes(self, name: str, encodings: np.ndarray, sources: Sequence[str]) -> None:
        """Raise where a picture is within tau of somebody else, and its own person is farther away or new.

        Nothing is compared where no threshold is known, a trained verifier decides (whose P(same) = 0.5 accepts too
        many for that), or nobody else is enrolled.
        """
        decision, index = self._decision, self._index()
        if not isinstance(decision, ByDistance) or set(index.names) <= {name}:
            return
        own = index.names.index(name) if name in index.names else None
        wrong, tau = [], self._identification_rule(decision, index)[0]
        probes = self._probes(encodings, index)
        for probe, nearest, source in zip(probes, index.nearest(probes, decision, top=2), sources, strict=True):
            other, distance = next((person, distance) for person, distance in nearest if person != own)
            limit = float("inf") if own is None else index.measure_of(probe, own, decision)
            if distance <= tau and distance < limit:
                wrong.append((source, index.names[other], distance))
        if not wrong:
            return
        source, other_name, distance = wrong[0]
        more = f", and {len(wrong) - 1} more of the {len(encodings)} pictures look like others" if wrong[1:] else ""
        raise LookAlikeError(
            f"expected pictures of {name!r}, received {source}: this looks like {other_name!r} "
            f"({decision.name} {distance:.3f}, tau {tau:.3f}){more}; enrol it under that name, leave it out, "
            f"or accept {LOOK_ALIKE!r} (in Python accept={LOOK_ALIKE!r}, on the command line --accept {LOOK_ALIKE}) if "
            f"{name!r} is another person, a twin for instance"
        )

    def _current_fingerprint(self) -> str:
        if self._bundled is not None:
            return Threshold.bundled(self._bundled).model
        if not hasattr(self._tower, "predict_on_batch"):
            raise TypeError(
                f"expected a Keras model as tower, received {type(self._tower).__name__}; load_tower loads one"
            )
        assert self._tower is not None
        return fingerprint(self._tower)

    def _takes_samples(self) -> bool:
        return self._tower is not None and not takes_pictures(self._tower)

    def _resized(self, chip: np.ndarray) -> np.ndarray:
        return resize_chip(chip, self.tower)

    def _encode(self, chips: Sequence[Picture]) -> np.ndarray:
        return encode(self.tower, chips, aligned=True)


def _problems(measured: Quality | None, quality: str) -> tuple[str, ...]:
    return () if quality == "any" or measured is None else measured.problems


def _too_poor(expected: str, source: str, problems: Sequence[str]) -> PoorFaceError:
    return PoorFaceError(
        f"expected {expected}, received {source}, which is too poor to tell people apart: {'; '.join(problems)}; take "
        "another picture, or allow this one with quality='any' (on the command line --quality any)"
    )


def bundled_tower_of(path: str | os.PathLike) -> str:
    """Return the name of the bundled tower whose encodings a gallery's file holds.

    Args:
        path: The file; it need not exist.

    Returns:
        The default tower's name where the file is new or empty, or its encodings are of no bundled photograph tower.

    Raises:
        GalleryError: If the file is not a gallery, or is locked.
    """
    if not os.path.isfile(path) or not os.path.getsize(path):
        return DEFAULT_TOWER
    store = Store(path)
    try:
        made_with = store.fingerprint()
    finally:
        store.close()
    return next((n for n in PHOTOGRAPH_TOWERS if Threshold.bundled(n).model == made_with), DEFAULT_TOWER)
