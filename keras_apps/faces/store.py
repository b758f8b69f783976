"""The gallery's file: names, encodings, dates and the tower's fingerprint in SQLite. No photographs."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

APPLICATION_ID = 0x4B415047  # "KAPG"
FORMAT = 1
SECONDS_TO_WAIT = 5.0
LONGEST_NAME = 200

_SCHEMA = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    "CREATE TABLE encodings (id INTEGER PRIMARY KEY, enrolled TEXT NOT NULL, encoding BLOB NOT NULL,"
    " person INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE)",
    "CREATE INDEX encodings_of_person ON encodings (person)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
)


class GalleryError(ValueError):
    """A gallery's file cannot be used, or does not fit the tower or the question."""


def checked_name(name: str) -> str:
    """Return a person's name in Unicode's composed form, without blanks around it.

    Raises:
        ValueError: If it is empty, longer than 200 characters, or has control characters.
        TypeError: If it is no text.
    """
    if not isinstance(name, str):
        raise TypeError(f"expected a name as text, received {type(name).__name__}")
    cleaned = unicodedata.normalize("NFC", name).strip()
    if not cleaned or len(cleaned) > LONGEST_NAME:
        raise ValueError(f"expected a name of 1 to {LONGEST_NAME} characters, received {len(cleaned)}")
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in cleaned):
        raise ValueError(f"expected a name without control characters, received {cleaned!r}")
    return cleaned


def some_of(names: list[str]) -> str:
    """Return the first names and the number of the others, for a message."""
    if not names:
        return "nobody is yet"
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


class Store:
    """Keep encodings in an SQLite file, made when missing. Every change is one transaction.

    Args:
        path: The file. Its folder must exist.

    Raises:
        GalleryError: If the file is not a gallery, is locked by another process, or cannot be written.
        FileNotFoundError: If the folder does not exist.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._lock = threading.RLock()  # one thread at a time: a transaction belongs to the connection
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"expected an existing folder for the gallery, received '{self.path.parent}'")
        if self.path.is_dir():
            raise GalleryError(f"expected a gallery file, received the folder '{self.path}'")
        is_new = self._made()
        with self._errors():
            options = {"timeout": SECONDS_TO_WAIT, "isolation_level": None, "check_same_thread": False}
            self._connection = sqlite3.connect(self.path.absolute(), **options)
            try:
                self._inode = self.path.stat().st_ino
                self._open()
            except BaseException:
                self._connection.close()
                if is_new and self.path.stat().st_size == 0:
                    self.path.unlink()
                raise

    def _made(self) -> bool:
        """Make the file and return true, or return false where it is there; of several processes one makes it."""
        try:
            self.path.open("x").close()
        except FileExistsError:
            return False
        except OSError as error:
            raise GalleryError(f"gallery '{self.path}' cannot be made: {error.strerror}") from None
        return True

    def _open(self) -> None:
        run = self._connection.execute
        run("PRAGMA foreign_keys = ON")
        run("PRAGMA secure_delete = ON")  # a removed encoding is overwritten, not only forgotten
        if self._is_new():
            with self._transaction():
                if self._is_new():  # another process may have been faster
                    for statement in _SCHEMA:
                        run(statement)
        if run("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise GalleryError(f"expected a gallery, received '{self.path}', an SQLite file of something else")
        version = run("PRAGMA user_version").fetchone()[0]
        if version != FORMAT:
            raise GalleryError(f"expected a gallery of format {FORMAT}, received '{self.path}' of format {version}")

    def _is_new(self) -> bool:
        return self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0

    def close(self) -> None:
        """Close the file; nothing is pending between calls."""
        self._connection.close()

    def discard_if_empty(self) -> None:
        """Close the file, and remove it where nobody is enrolled; under the lock, so that nobody enrols meanwhile."""
        with self._errors(), self._transaction():
            if not self.people() and self._in_place():
                with contextlib.suppress(OSError):  # Windows removes no open file: then an empty gallery stays
                    self.path.unlink()
        self.close()

    def _in_place(self) -> bool:
        try:
            return self.path.stat().st_ino == self._inode
        except OSError:
            return False

    def fingerprint(self) -> str | None:
        """Return the fingerprint of the tower that made the encodings, or `None` while there are none."""
        with self._errors():
            row = self._connection.execute("SELECT value FROM meta WHERE key = 'tower'").fetchone()
        return row[0] if row else None

    def add(self, name: str, encodings: np.ndarray, fingerprint: str) -> None:
        """Add encodings `(n, d)` of one person, who need not be new.

        Raises:
            GalleryError: If the gallery belongs to another tower by now, or cannot be written.
        """
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        with self._errors(), self._transaction():
            if not self._in_place():
                raise GalleryError(f"gallery '{self.path}' was removed or replaced meanwhile; nothing was saved")
            run = self._connection.execute
            run("INSERT OR IGNORE INTO meta VALUES ('tower', ?)", (fingerprint,))
            if self.fingerprint() != fingerprint:
                raise GalleryError(f"'{self.path}' holds encodings of another tower, {self.fingerprint()}")
            run("INSERT OR IGNORE INTO people (name) VALUES (?)", (name,))
            person = run("SELECT id FROM people WHERE name = ?", (name,)).fetchone()[0]
            for encoding in np.asarray(encodings, "<f4"):
                row = (person, encoding.tobytes(), now)
                run("INSERT INTO encodings (person, encoding, enrolled) VALUES (?, ?, ?)", row)

    def remove(self, name: str) -> int:
        """Remove a person and return the number of encodings that were kept; 0 where there is nobody of that name."""
        with self._errors(), self._transaction():
            run = self._connection.execute
            query = "SELECT count(*) FROM encodings JOIN people ON person = people.id WHERE name = ?"
            count = run(query, (name,)).fetchone()[0]
            run("DELETE FROM people WHERE name = ?", (name,))
            if not run("SELECT 1 FROM people LIMIT 1").fetchone():
                run("DELETE FROM meta WHERE key = 'tower'")
        return count

    def people(self) -> list[tuple[str, int, str]]:
        """Return `(name, number of encodings, date of the first)` by name."""
        query = (
            "SELECT name, count(*), min(enrolled) FROM encodings JOIN people ON person = people.id"
            " GROUP BY people.id ORDER BY name"
        )
        with self._errors():
            return self._connection.execute(query).fetchall()

    def encodings(self) -> tuple[list[str], np.ndarray]:
        """Return the name of each encoding, and the encodings `(n, d)` as float32; a person's stand together."""
        query = (
            "SELECT name, encoding FROM encodings JOIN people ON person = people.id ORDER BY people.id, encodings.id"
        )
        with self._errors():
            rows = self._connection.execute(query).fetchall()
        if not rows:
            return [], np.zeros((0, 0), np.float32)
        if len({len(blob) for _, blob in rows}) != 1:
            raise GalleryError(f"gallery '{self.path}' is damaged: its encodings differ in length")
        stacked = np.frombuffer(b"".join(blob for _, blob in rows), "<f4").reshape(len(rows), -1)
        return [name for name, _ in rows], stacked.astype(np.float32)

    def version(self) -> tuple[int, int]:
        """Return a value that changes whenever the file does, through this object or another process."""
        with self._errors():
            return self._connection.execute("PRAGMA data_version").fetchone()[0], self._connection.total_changes

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Hold the lock, and say in one line what SQLite found wrong."""
        try:
            with self._lock:
                yield
        except UnicodeDecodeError:
            raise GalleryError(f"gallery '{self.path}' is damaged: a name in it is no text") from None
        except sqlite3.Error as error:
            text = str(error)
            if "locked" in text or "busy" in text:
                reason = (
                    f"is in use by another process, for longer than {SECONDS_TO_WAIT:g} seconds; nothing was changed"
                )
            elif "not a database" in text or "malformed" in text:
                reason = "is not a gallery: it is damaged or no SQLite file"
            elif "readonly" in text:
                reason = "is read-only; nothing was changed"
            elif "full" in text:
                reason = "cannot grow: the disk is full; nothing was changed"
            elif "unable to open" in text:
                reason = "cannot be opened: permission denied, or its folder cannot be written to"
            else:
                reason = f"cannot be used: {text}"
            raise GalleryError(f"gallery '{self.path}' {reason}") from None
