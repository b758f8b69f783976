"""Who is in a gallery: names, ready encodings, changes, the log, export and import. No network is needed for these."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from keras_apps.faces.exchange import Imported, export_people, import_people
from keras_apps.faces.names import GalleryError, checked_name, unknown
from keras_apps.faces.records import Audit
from keras_apps.faces.store import Store, checked_encodings


class Roster:
    """The people of a gallery's file, without pictures.

    Args:
        path: The file; made when missing.
        fingerprint: Of the tower whose encodings it holds.

    Raises:
        GalleryError: If the file is not a gallery, is locked, or was made with another tower.
        FileNotFoundError: If the file's folder does not exist.
    """

    def __init__(self, path: str | os.PathLike, fingerprint: str):
        self._fingerprint = fingerprint
        self._store = Store(path)
        self._check_tower()

    def enrol_encodings(self, names: Sequence[str], encodings: np.ndarray) -> int:
        """Add ready encodings of one person or of many, in one transaction: all are saved, or none.

        Args:
            names: Whose each encoding is, `n` names; a person may stand there several times.
            encodings: Finite floats `(n, d)`, made by the gallery's tower.

        Returns:
            The number of encodings added.

        Raises:
            ValueError: If a name is not acceptable, the numbers of names and encodings differ, a value is not finite,
                or the length is not that of the gallery's encodings.
            GalleryError: If the file cannot be written.

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
        names = [checked_name(name) for name in names]
        self._store.add_many(names, checked_encodings(encodings, len(names)), self._fingerprint)
        return len(names)

    def rename(self, name: str, new_name: str) -> None:
        """Give a person another name. The old one is overwritten, in the log too.

        Raises:
            GalleryError: If nobody has the name, or somebody has the new one.
            ValueError: If the new name is not acceptable.
        """
        self._store.rename(checked_name(name), checked_name(new_name))

    def remove(self, name: str) -> int:
        """Remove a person, overwriting name and encodings, and return how many encodings there were.

        The log keeps that somebody was removed and when, but not who. What SQLite or this package wrote is overwritten
        with zeros; copies that a file system, a solid-state disk or a backup made are out of reach.

        Raises:
            GalleryError: If nobody of that name is enrolled.
        """
        name = checked_name(name)
        count = self._store.remove(name)
        if not count:
            raise unknown(name, self.names())
        return count

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
        """Write names, dates and encodings into an open file, and return the number of people.

        The file is a zip of JSON, CSV and a NumPy array; docs/gallery-format.md describes it.

        Raises:
            OSError: If the file cannot be written.
        """
        return export_people(self._store, path)

    def import_(self, path: str | os.PathLike, conflict: str = "error") -> Imported:
        """Add everybody of an exported file, or nobody.

        Args:
            path: What `export` wrote.
            conflict: For people who are there already: `"error"`, `"skip"` them, `"replace"` their encodings, or
                `"add"` further ones.

        Raises:
            FileNotFoundError: If there is no such file.
            GalleryError: If the file is of another tower, or somebody is enrolled already and `conflict` is `"error"`.
            ValueError: If the file is damaged, or none of this format.
        """
        return import_people(self._store, path, conflict, self._fingerprint)

    def __len__(self) -> int:
        return len(self._store)

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def discard_if_empty(self) -> None:
        """Close the gallery, and remove its file where nobody is enrolled."""
        self._store.discard_if_empty()

    def __enter__(self):
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def _check_tower(self) -> None:
        made_with = self._store.fingerprint()
        if made_with not in (None, self._fingerprint):
            raise GalleryError(
                f"gallery '{self._store.path}' was made with tower {made_with}, expected {self._fingerprint}; "
                "encodings of two towers cannot be compared: enrol again, or open it with its own tower"
            )
