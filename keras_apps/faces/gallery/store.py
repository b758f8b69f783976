"""The gallery's file: names, encodings, dates, changes and the tower's fingerprint in SQLite. No photographs."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from keras_apps._checks import check_choice, check_whole
from keras_apps.faces.gallery.names import GalleryError, name_key, similar, some_of, unknown
from keras_apps.faces.gallery.sqlite_file import Database

CONFLICTS = ("error", "skip", "replace", "add")
LONGEST = 2048
SHORT_ROWS = 256
APPLICATION_ID = 0x4B415047  # "KAPG"
FORMAT = 2
SCHEMA = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, key TEXT)",
    "CREATE INDEX people_by_key ON people (key)",
    "CREATE TABLE blocks (id INTEGER PRIMARY KEY, owners BLOB NOT NULL, enrolled BLOB NOT NULL,"
    " encodings BLOB NOT NULL)",
    "CREATE TABLE changes (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, change TEXT NOT NULL,"
    " encodings INTEGER NOT NULL, person INTEGER REFERENCES people (id) ON DELETE CASCADE)",
    "CREATE INDEX changes_of_person ON changes (person)",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
)
Run = Callable[..., sqlite3.Cursor]  # sqlite3.Connection.execute


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


class Store(Database):
    """Store people's encodings in an SQLite file. Every change is one transaction.

    Args:
        path: The file; created if it does not exist. Its folder must exist.

    Raises:
        GalleryError: If the file is not a gallery, has another format, is locked by another process, or cannot be
            written.
        FileNotFoundError: If the folder does not exist.
    """

    def _open(self) -> None:
        run = self._connection.execute
        self._connection.create_function("name_key", 1, name_key, deterministic=True)
        check_format(run, self.path)
        super()._open()
        if is_new(run):
            with self._transaction():
                if is_new(run):  # another process may have been faster
                    for statement in SCHEMA:
                        run(statement)

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

    def alike(self, name: str) -> list[str]:
        """Return the people's names that differ from a name in case, spacing or Unicode form, or not at all."""
        with self._errors():
            run, key = self._connection.execute, name_key(name)
            found = "key = ?1 OR key IS NULL AND name_key(name) = ?1" if has_keys(run) else "name_key(name) = ?1"
            return [other for (other,) in run(f"SELECT name FROM people WHERE {found} ORDER BY name", (key,))]

    def unknown(self, name: str) -> GalleryError:
        """Return the error for a name that nobody has; it tells the names that differ from it little."""
        return unknown(name, self.names(), self.alike(name))

    def people(self) -> list[tuple[str, int, str]]:
        """Return `(name, number of encodings, date of the first)` by name."""
        return [(person.name, person.encodings, person.first) for person in self.audit().people]

    def audit(self) -> Audit:
        """Return who is enrolled, when and from how many pictures, and the log of changes."""
        with self._errors(), self._snapshot():
            run = self._connection.execute
            people = run("SELECT id, name FROM people ORDER BY id").fetchall()
            owners, dates = owners_and_dates(run)
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

    def contents(self) -> tuple[list[str], Rows]:
        """Return the people's names, and the encodings, whose owners are indices into these names.

        Encodings come in the file's order, in which a person's need not stand together.
        """
        query = "SELECT group_concat(name, char(10)) FROM (SELECT name FROM people ORDER BY id)"
        with self._errors(), self._snapshot():
            joined = self._connection.execute(query).fetchone()[0]  # a million rows one by one take seconds
            rows = read(self._connection.execute)
        names = joined.split("\n") if joined is not None else []
        ids, owners = np.unique(rows.owners, return_inverse=True)
        self._check(len(names), ids)
        return names, Rows(owners, rows.enrolled, rows.encodings)

    def _check(self, people: int, ids: np.ndarray) -> None:
        if people != len(ids):
            raise GalleryError(f"gallery '{self.path}' is damaged: {people} people, encodings of {len(ids)}")

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
        similar_names: bool = False,
    ) -> dict[str, int]:
        """Add encodings of many people, all or none.

        Args:
            names: `n` checked names, one for each encoding.
            encodings: Finite floats `(n, d)`.
            fingerprint: The fingerprint of the tower that made the encodings.
            enrolled: Seconds since 1970 for each, `(n,)`; by default now.
            conflict: What to do with people who are enrolled already: `"add"` to their encodings, `"replace"` them,
                `"skip"` these people, or raise an `"error"`.
            change: The word for the log.
            similar_names: Whether a new name may differ from another one only in case, spacing or Unicode form.

        Returns:
            `{"people": added or changed, "new": of these, "skipped": people, "encodings": added}`.

        Raises:
            GalleryError: If the gallery belongs to another tower, cannot be written, or has a person of `names`
                while `conflict` is `"error"`.
            SimilarNameError: If a new name differs too little from another one, unless `similar_names`.
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
            complete_keys(run)
            self._connection.executemany(
                "INSERT OR IGNORE INTO people (name, key) VALUES (?, ?)", ((n, name_key(n)) for n in unique)
            )
            if not similar_names:
                self._check_new_names(before)
            find = "SELECT id FROM people WHERE name = ?"
            ids = {name: run(find, (name,)).fetchone()[0] for name in unique}
            enrolled_already = [name for name, number in ids.items() if number <= before]
            if enrolled_already and conflict == "error":
                hint = "set conflict to 'skip', 'replace' or 'add'"
                raise GalleryError(
                    f"expected people who are not enrolled yet, received {some_of(enrolled_already)}; {hint}"
                )
            if enrolled_already and conflict == "replace":
                remove_rows(run, [ids[name] for name in enrolled_already])
            owners = np.fromiter((ids[name] for name in names), np.int64, len(names))
            chosen = owners > before if conflict == "skip" else np.ones(len(names), bool)
            rows = Rows(owners, dates, encodings)[chosen]
            if len(rows.owners):
                append(run, rows)
                person = ids[names[0]] if len(unique) == 1 else None
                self._log(change, len(rows.owners), person)
            self._forget_tower_of_nobody()
        skipped = len(enrolled_already) if conflict == "skip" else 0
        counts = (len(unique) - skipped, len(unique) - len(enrolled_already), skipped, len(rows.owners))
        return dict(zip(("people", "new", "skipped", "encodings"), counts, strict=True))

    def replace(self, name: str, encodings: np.ndarray, fingerprint: str) -> int:
        """Replace the encodings of an enrolled person, and return the number of old ones.

        Raises:
            GalleryError: If nobody of that name is enrolled, or as for `add`.
        """
        encodings = checked_encodings(encodings)
        now, count = int(time.time()), len(encodings)
        with self._errors(), self._transaction():
            run = self._connection.execute
            self._claim(fingerprint)
            person = self._id(name)
            before = remove_rows(run, [person])
            append(run, Rows(np.full(count, person), np.full(count, now), encodings))
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
            count = remove_rows(run, [row[0]])
            run("DELETE FROM people WHERE id = ?", row)
            self._log("removed", count, None)
            self._forget_tower_of_nobody()
        return count

    def remove_pictures(self, name: str, pictures: Sequence[int]) -> int:
        """Remove some of a person's encodings, and return how many.

        Args:
            name: The person.
            pictures: Which, from 1 in the order of enrolment; not all of them.

        Raises:
            GalleryError: If nobody of that name is enrolled.
            ValueError: If there is no such picture, or none would be left.
        """
        with self._errors(), self._transaction():
            run = self._connection.execute
            person = self._id(name)
            owners, dates = owners_and_dates(run)
            own = np.flatnonzero(owners == person)
            own = own[np.argsort(dates[own], kind="stable")]
            chosen = sorted({check_whole("picture", number, 1, len(own)) for number in pictures})
            if len(chosen) == len(own):
                raise ValueError(f"expected to keep a picture of {name!r}, received all {len(own)}; remove the person")
            drop = np.zeros(len(owners), bool)
            drop[own[np.array(chosen, np.int64) - 1]] = True
            start = 0
            for number, length in run("SELECT id, length(owners) / 8 FROM blocks ORDER BY id").fetchall():
                keep_rows(run, number, ~drop[start : start + length])
                start += length
            self._log("removed", len(chosen), person)
        return len(chosen)

    def rename(self, name: str, new_name: str, *, similar_name: bool = False) -> None:
        """Rename a person; the old name is overwritten.

        Raises:
            GalleryError: If nobody is enrolled under `name`, or somebody is enrolled under `new_name` already.
            SimilarNameError: If somebody else's name differs too little from `new_name`, unless `similar_name`.
        """
        with self._errors(), self._transaction():
            run = self._connection.execute
            person = self._id(name)
            if run("SELECT 1 FROM people WHERE name = ?", (new_name,)).fetchone():
                raise GalleryError(f"expected a new name that nobody has yet, received {new_name!r}")
            key = name_key(new_name)
            complete_keys(run)
            other = run("SELECT name FROM people WHERE key = ? AND id != ?", (key, person)).fetchone()
            if other and not similar_name:
                raise similar(new_name, other[0], "enrolled")
            run("UPDATE people SET name = ?, key = ? WHERE id = ?", (new_name, key, person))
            self._log("renamed", 0, person)

    def _claim(self, fingerprint: str) -> None:
        """Make sure, within a transaction, that the file is still there and belongs to the tower."""
        if not self._in_place():
            raise GalleryError(f"gallery '{self.path}' was deleted or replaced by another program; nothing was saved")
        self._connection.execute("INSERT OR IGNORE INTO meta VALUES ('tower', ?)", (fingerprint,))
        if self.fingerprint() != fingerprint:
            raise GalleryError(f"'{self.path}' holds encodings of another tower, {self.fingerprint()}")

    def _check_new_names(self, before: int) -> None:
        """Raise, within a transaction, where a person of an id above `before` has a name like somebody else's."""
        found = self._connection.execute(
            "SELECT new.name, other.name, other.id FROM people AS new JOIN people AS other"
            " ON other.key = new.key AND other.id < new.id WHERE new.id > ? LIMIT 1",
            (before,),
        ).fetchone()
        if found:
            name, other, number = found
            raise similar(name, other, "enrolled" if number <= before else "among the same names")

    def _forget_tower_of_nobody(self) -> None:
        if not len(self):
            self._connection.execute("DELETE FROM meta WHERE key = 'tower'")

    def _id(self, name: str) -> int:
        row = self._connection.execute("SELECT id FROM people WHERE name = ?", (name,)).fetchone()
        if not row:
            raise self.unknown(name)
        return row[0]

    def _log(self, change: str, encodings: int, person: int | None) -> None:
        entry = (int(time.time()), change, encodings, person)
        self._connection.execute("INSERT INTO changes (at, change, encodings, person) VALUES (?, ?, ?, ?)", entry)


def _iso(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        raise GalleryError(f"the gallery is damaged: {seconds} seconds since 1970 is not a valid date") from None


def is_new(run: Run) -> bool:
    """Return whether the file has no tables yet."""
    return run("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def has_keys(run: Run) -> bool:
    """Return whether the file keeps each name's key; the first versions of format 2 had no such column."""
    return any(column[1] == "key" for column in run("PRAGMA table_info(people)").fetchall())


def complete_keys(run: Run) -> None:
    """Add, within a transaction, the column of keys where it is missing, and the keys that are."""
    if not has_keys(run):
        run("ALTER TABLE people ADD COLUMN key TEXT")
        run("CREATE INDEX people_by_key ON people (key)")
    run("UPDATE people SET key = name_key(name) WHERE key IS NULL")


def check_format(run: Run, path: Path) -> None:
    """Check that a file is a gallery of the present format, without changing it. A file without tables passes.

    Raises:
        GalleryError: If it is another kind of SQLite file, or a gallery of another format.
    """
    if is_new(run):
        return
    if run("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise GalleryError(f"expected a gallery, received '{path}', an SQLite file of another program")
    version = run("PRAGMA user_version").fetchone()[0]
    if version != FORMAT:
        raise GalleryError(f"expected a gallery of format {FORMAT}, received '{path}' of format {version}")


def checked_encodings(encodings: np.ndarray, count: int | None = None) -> np.ndarray:
    """Return encodings as float32 `(n, d)`.

    Args:
        encodings: Finite numbers `(n, d)`, or `(d,)` for a single one; n and d at least 1.
        count: The expected n; by default any.

    Raises:
        ValueError: If they have another shape, or values that are not finite.
    """
    try:
        array = np.atleast_2d(np.asarray(encodings, np.float32))
    except (ValueError, TypeError):
        raise ValueError(
            f"expected encodings as numbers of shape (n, d), received a {type(encodings).__name__} of other values"
        ) from None
    if array.ndim != 2 or not array.size or count not in (None, len(array)):
        rows = "n" if count is None else count
        raise ValueError(f"expected encodings of shape ({rows}, d), received shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("expected finite encodings, received NaN or infinite values")
    return array


@dataclass(frozen=True)
class Rows:
    """Encodings with whose they are and when they were enrolled.

    Attributes:
        owners: int64 `(n,)`, people's ids.
        enrolled: int64 `(n,)`, seconds since 1970 in UTC.
        encodings: float32 `(n, d)`.
    """

    owners: np.ndarray
    enrolled: np.ndarray
    encodings: np.ndarray

    def __getitem__(self, which: slice | np.ndarray) -> Rows:
        return Rows(self.owners[which], self.enrolled[which], self.encodings[which])

    def blobs(self) -> tuple[bytes, bytes, bytes]:
        """Return the three as bytes, little-endian."""
        return (
            np.ascontiguousarray(self.owners, "<i8").tobytes(),
            np.ascontiguousarray(self.enrolled, "<i8").tobytes(),
            np.ascontiguousarray(self.encodings, "<f4").tobytes(),
        )


def append(run: Run, rows: Rows) -> None:
    """Add rows, and pack short rows when they have become many.

    Raises:
        GalleryError: If the gallery's encodings have another length.
    """
    first = run("SELECT length(encodings) / (length(owners) / 2) FROM blocks LIMIT 1").fetchone()
    if first and first[0] != rows.encodings.shape[1]:
        received = rows.encodings.shape[1]
        raise GalleryError(f"expected encodings of length {first[0]} as in the gallery, received length {received}")
    _insert(run, rows)
    _pack(run)


def _insert(run: Run, rows: Rows) -> None:
    for start in range(0, len(rows.owners), LONGEST):
        blobs = rows[start : start + LONGEST].blobs()
        run("INSERT INTO blocks (owners, enrolled, encodings) VALUES (?, ?, ?)", blobs)


def _pack(run: Run) -> None:
    short = f"length(owners) < {8 * LONGEST}"
    if run(f"SELECT count(*) FROM blocks WHERE {short}").fetchone()[0] > SHORT_ROWS:
        rows = read(run, f"WHERE {short}")
        run(f"DELETE FROM blocks WHERE {short}")
        _insert(run, rows)


def remove_rows(run: Run, people: Sequence[int]) -> int:
    """Remove the encodings of some people, and return how many there were."""
    removed = 0
    for number, owners in run("SELECT id, owners FROM blocks").fetchall():
        others = ~np.isin(np.frombuffer(owners, "<i8"), people)
        keep_rows(run, number, others)
        removed += int((~others).sum())
    return removed


def keep_rows(run: Run, number: int, kept: np.ndarray) -> None:
    """Keep some encodings of the block `number`, booleans `(n,)`, and remove the others."""
    if kept.all():
        return
    if kept.any():
        rows = read(run, f"WHERE id = {number}")[kept]
        run(f"UPDATE blocks SET owners = ?, enrolled = ?, encodings = ? WHERE id = {number}", rows.blobs())
    else:
        run(f"DELETE FROM blocks WHERE id = {number}")


def read(run: Run, where: str = "") -> Rows:
    """Read encodings into arrays that are made once, at their full size.

    Raises:
        GalleryError: If rows do not fit one another.
    """
    count, length = _shape(run, where)
    rows = Rows(np.empty(count, np.int64), np.empty(count, np.int64), np.empty((count, length), np.float32))
    start = 0
    for owners, enrolled, encodings in run(f"SELECT owners, enrolled, encodings FROM blocks {where} ORDER BY id"):
        end = start + len(owners) // 8
        rows.owners[start:end] = np.frombuffer(owners, "<i8")
        rows.enrolled[start:end] = np.frombuffer(enrolled, "<i8")
        rows.encodings[start:end] = np.frombuffer(encodings, "<f4").reshape(end - start, length)
        start = end
    return rows


def owners_and_dates(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Return `owners` and `enrolled` as `read` does, without reading the encodings."""
    blocks = run("SELECT owners, enrolled FROM blocks ORDER BY id").fetchall()
    owners, enrolled = (b"".join(block[column] for block in blocks) for column in (0, 1))
    return np.frombuffer(owners, "<i8"), np.frombuffer(enrolled, "<i8")


def _shape(run: Run, where: str) -> tuple[int, int]:
    """Return how many encodings there are, and their length."""
    sizes = run(f"SELECT length(owners), length(enrolled), length(encodings) FROM blocks {where}").fetchall()
    if not sizes:
        return 0, 0
    length = sizes[0][2] // max(1, sizes[0][0] // 2)
    if any(o != e or o % 8 or not o or not length or f != o // 2 * length for o, e, f in sizes):
        raise GalleryError("the gallery is damaged: its encodings differ in length")
    return sum(o for o, _, _ in sizes) // 8, length
