"""What a gallery's file tells: who, how many encodings, since when, what was changed, and the encodings themselves."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np

from keras_apps.faces import blocks, schema
from keras_apps.faces.database import Database
from keras_apps.faces.names import GalleryError


@dataclass(frozen=True)
class Enrolment:
    """A person of the gallery.

    Attributes:
        name: The person's name.
        encodings: From how many pictures.
        first: When the first of them was enrolled, in UTC, as ISO 8601 has it.
        last: When the last was.
    """

    name: str
    encodings: int
    first: str
    last: str


@dataclass(frozen=True)
class Change:
    """An entry of a gallery's log.

    Attributes:
        at: When, in UTC, as ISO 8601 has it.
        change: `"enrolled"`, `"updated"`, `"renamed"`, `"removed"` or `"imported"`.
        name: The person's name of today; `None` for somebody who was removed, and for many people at once.
        encodings: How many encodings were added, or removed.
    """

    at: str
    change: str
    name: str | None
    encodings: int


@dataclass(frozen=True)
class Audit:
    """Who is in a gallery, and how that came about.

    Attributes:
        people: By name.
        changes: In order of time. A removed person's entries are erased; that somebody was removed stays.
    """

    people: list[Enrolment]
    changes: list[Change]


class Records(Database):
    """Read a gallery's file, made when missing. A file of format 1 is turned into one of format 2 when it is opened.

    Args:
        path: The file. Its folder must exist.

    Raises:
        GalleryError: If the file is not a gallery, is locked by another process, or cannot be made.
        FileNotFoundError: If the folder does not exist.
    """

    def _open(self) -> None:
        run = self._connection.execute
        schema.check(run, self.path)
        super()._open()
        if schema.is_new(run) or not schema.is_current(run):
            try:
                with self._transaction():
                    schema.bring_up_to_date(run)
            except sqlite3.OperationalError as error:
                if "readonly" not in str(error) or schema.is_new(run):
                    raise
                self._copy_to_memory()

    def _copy_to_memory(self) -> None:
        """Answer from a copy, where a file of format 1 cannot be written."""
        copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._connection.backup(copy)
        self._connection.close()
        self._connection = copy
        schema.bring_up_to_date(copy.execute)
        copy.execute("PRAGMA query_only = ON")

    def fingerprint(self) -> str | None:
        """Return the fingerprint of the tower that made the encodings, or `None` while there are none."""
        with self._errors():
            row = self._connection.execute("SELECT value FROM meta WHERE key = 'tower'").fetchone()
        return row[0] if row else None

    def __len__(self) -> int:
        with self._errors():
            return self._connection.execute("SELECT count(*) FROM people").fetchone()[0]

    def names(self) -> list[str]:
        """Return the people's names, in order."""
        with self._errors():
            return [name for (name,) in self._connection.execute("SELECT name FROM people ORDER BY name")]

    def people(self) -> list[tuple[str, int, str]]:
        """Return `(name, number of encodings, date of the first)` by name."""
        return [(person.name, person.encodings, person.first) for person in self.audit().people]

    def audit(self) -> Audit:
        """Return who is enrolled, when and from how many pictures, and the log of changes."""
        with self._errors(), self._snapshot():
            run = self._connection.execute
            people = run("SELECT id, name FROM people ORDER BY id").fetchall()
            owners, dates = blocks.owners_and_dates(run)
            log = run("SELECT at, change, name, encodings FROM changes LEFT JOIN people ON person = people.id"
                      " ORDER BY changes.id").fetchall()  # fmt: skip
            order = np.lexsort((dates, owners))
            ids, starts, counts = np.unique(owners[order], return_index=True, return_counts=True)
            self._check(len(people), ids)
            first, last = dates[order][starts], dates[order][starts + counts - 1]
            columns = zip(people, counts.tolist(), first.tolist(), last.tolist(), strict=True)
            enrolments = [Enrolment(name, count, _iso(a), _iso(b)) for (_, name), count, a, b in columns]
            return Audit(
                sorted(enrolments, key=lambda person: person.name),
                [Change(_iso(at), change, name, count) for at, change, name, count in log],
            )

    def contents(self) -> tuple[list[str], blocks.Rows]:
        """Return the people's names, and the encodings, whose owners are indices into these names.

        Encodings come in the file's order, in which a person's need not stand together.
        """
        query = "SELECT group_concat(name, char(10)) FROM (SELECT name FROM people ORDER BY id)"
        with self._errors(), self._snapshot():
            joined = self._connection.execute(query).fetchone()[0]  # a million rows one by one take seconds
            rows = blocks.read(self._connection.execute)
        names = joined.split("\n") if joined is not None else []
        ids, owners = np.unique(rows.owners, return_inverse=True)
        self._check(len(names), ids)
        return names, blocks.Rows(owners, rows.enrolled, rows.encodings)

    def _check(self, people: int, ids: np.ndarray) -> None:
        if people != len(ids):
            raise GalleryError(f"gallery '{self.path}' is damaged: {people} people, encodings of {len(ids)}")


def _iso(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        raise GalleryError(f"the gallery is damaged: {seconds} seconds since 1970 is no date") from None
