"""The gallery's file: names, encodings, dates, changes and the tower's fingerprint in SQLite. No photographs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

import numpy as np

from keras_apps._choices import check_choice
from keras_apps.faces import blocks
from keras_apps.faces.names import GalleryError, checked_name, some_of, unknown
from keras_apps.faces.records import Records

__all__ = ["GalleryError", "Store", "checked_name", "some_of"]

CONFLICTS = ("error", "skip", "replace", "add")


class Store(Records):
    """Keep people's encodings in an SQLite file, made when missing. Every change is one transaction.

    Args:
        path: The file. Its folder must exist.

    Raises:
        GalleryError: If the file is not a gallery, is locked by another process, or cannot be written.
        FileNotFoundError: If the folder does not exist.
    """

    def discard_if_empty(self) -> None:
        """Close the file, and remove it where nobody is enrolled; under the lock, so that nobody enrols meanwhile."""
        with self._errors(), self._transaction():
            if not len(self) and self._in_place():
                with contextlib.suppress(OSError):  # Windows removes no open file: then an empty gallery stays
                    self.path.unlink()
        self.close()

    def add(self, name: str, encodings: np.ndarray, fingerprint: str) -> None:
        """Add encodings `(n, d)` of one person, who need not be new.

        Raises:
            GalleryError: If the gallery belongs to another tower by now, or cannot be written.
            ValueError: If the encodings are not finite, or of another length than the gallery's.
        """
        encodings = checked_encodings(encodings)
        self.add_many([name] * len(encodings), encodings, fingerprint)

    def add_many(
        self,
        names: Sequence[str],
        encodings: np.ndarray,
        fingerprint: str,
        *,
        enrolled: np.ndarray | None = None,
        conflict: str = "add",
        change: str = "enrolled",
    ) -> dict[str, int]:
        """Add encodings of many people, all or none.

        Args:
            names: Whose each encoding is, `n` checked names.
            encodings: Finite floats `(n, d)`.
            fingerprint: The tower's.
            enrolled: Seconds since 1970 for each, `(n,)`; by default now.
            conflict: For people who are there already: `"add"` further encodings, `"replace"` theirs, `"skip"` them, or
                `"error"`.
            change: The word for the log.

        Returns:
            `{"people": added or changed, "new": of these, "skipped": people, "encodings": added}`.

        Raises:
            GalleryError: If the gallery belongs to another tower, cannot be written, or has a person of `names`
                while `conflict` is `"error"`.
            ValueError: If the encodings are not finite, or of another length than the gallery's.
        """
        encodings = checked_encodings(encodings, len(names))
        check_choice("conflict", conflict, CONFLICTS)
        now = int(time.time())
        dates = np.full(len(names), now) if enrolled is None else np.asarray(enrolled, np.int64)
        with self._errors(), self._transaction():
            run = self._connection.execute
            self._claim(fingerprint)
            before = run("SELECT coalesce(max(id), 0) FROM people").fetchone()[0]
            unique = list(dict.fromkeys(names))
            self._connection.executemany("INSERT OR IGNORE INTO people (name) VALUES (?)", ((n,) for n in unique))
            find = "SELECT id FROM people WHERE name = ?"
            ids = {name: run(find, (name,)).fetchone()[0] for name in unique}
            known = [name for name, number in ids.items() if number <= before]
            if known and conflict == "error":
                hint = "conflict 'skip', 'replace' or 'add' takes them"
                raise GalleryError(f"expected people who are not enrolled yet, received {some_of(known)}; {hint}")
            if known and conflict == "replace":
                blocks.take_out(run, [ids[name] for name in known])
            owners = np.fromiter((ids[name] for name in names), np.int64, len(names))
            kept = owners > before if conflict == "skip" else np.ones(len(names), bool)
            rows = blocks.Rows(owners, dates, encodings)[kept]
            if len(rows.owners):
                blocks.append(run, rows)
                person = ids[names[0]] if len(unique) == 1 else None
                self._log(change, len(rows.owners), person)
            self._forget_tower_of_nobody()
        skipped = len(known) if conflict == "skip" else 0
        counts = (len(unique) - skipped, len(unique) - len(known), skipped, len(rows.owners))
        return dict(zip(("people", "new", "skipped", "encodings"), counts, strict=True))

    def replace(self, name: str, encodings: np.ndarray, fingerprint: str) -> int:
        """Replace the encodings of a person who is there, and return how many the old ones were.

        Raises:
            GalleryError: If there is nobody of that name, or as for `add`.
        """
        encodings = checked_encodings(encodings)
        now, count = int(time.time()), len(encodings)
        with self._errors(), self._transaction():
            run = self._connection.execute
            self._claim(fingerprint)
            person = self._id(name)
            before = blocks.take_out(run, [person])
            blocks.append(run, blocks.Rows(np.full(count, person), np.full(count, now), encodings))
            self._log("updated", count, person)
        return before

    def remove(self, name: str) -> int:
        """Remove a person and return the number of encodings that were kept; 0 where there is nobody of that name.

        The log keeps that somebody was removed, and when, but not who, and nothing else of that person.
        """
        with self._errors(), self._transaction():
            run = self._connection.execute
            row = run("SELECT id FROM people WHERE name = ?", (name,)).fetchone()
            if not row:
                return 0
            count = blocks.take_out(run, [row[0]])
            run("DELETE FROM people WHERE id = ?", row)
            self._log("removed", count, None)
            self._forget_tower_of_nobody()
        return count

    def rename(self, name: str, new_name: str) -> None:
        """Give a person another name; the old one is overwritten.

        Raises:
            GalleryError: If nobody has the name, or somebody has the new one.
        """
        with self._errors(), self._transaction():
            run = self._connection.execute
            person = self._id(name)
            if run("SELECT 1 FROM people WHERE name = ?", (new_name,)).fetchone():
                raise GalleryError(f"expected a new name that nobody has, received {new_name!r}")
            run("UPDATE people SET name = ? WHERE id = ?", (new_name, person))
            self._log("renamed", 0, person)

    def _claim(self, fingerprint: str) -> None:
        """Make sure, within a transaction, that the file is still there and belongs to the tower."""
        if not self._in_place():
            raise GalleryError(f"gallery '{self.path}' was removed or replaced meanwhile; nothing was saved")
        self._connection.execute("INSERT OR IGNORE INTO meta VALUES ('tower', ?)", (fingerprint,))
        if self.fingerprint() != fingerprint:
            raise GalleryError(f"'{self.path}' holds encodings of another tower, {self.fingerprint()}")

    def _forget_tower_of_nobody(self) -> None:
        if not len(self):
            self._connection.execute("DELETE FROM meta WHERE key = 'tower'")

    def _id(self, name: str) -> int:
        row = self._connection.execute("SELECT id FROM people WHERE name = ?", (name,)).fetchone()
        if not row:
            raise unknown(name, self.names())
        return row[0]

    def _log(self, change: str, encodings: int, person: int | None) -> None:
        entry = (int(time.time()), change, encodings, person)
        self._connection.execute("INSERT INTO changes (at, change, encodings, person) VALUES (?, ?, ?, ?)", entry)


def checked_encodings(encodings: np.ndarray, count: int | None = None) -> np.ndarray:
    """Return encodings as float32 `(n, d)`.

    Args:
        encodings: Finite numbers `(n, d)`, or `(d,)` for a single one; n and d at least 1.
        count: The wanted n.

    Raises:
        ValueError: If they have another shape, or values that are not finite.
    """
    try:
        array = np.atleast_2d(np.asarray(encodings, np.float32))
    except (ValueError, TypeError):
        raise ValueError("expected encodings as numbers of shape (n, d), received something else") from None
    if array.ndim != 2 or not array.size or count not in (None, len(array)):
        wanted = "n" if count is None else count
        raise ValueError(f"expected encodings of shape ({wanted}, d), received shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("expected finite encodings, received NaN or infinite values")
    return array
