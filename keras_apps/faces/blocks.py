"""Encodings in a database, many in one row: fast to open, cheap to enrol into, overwritten when removed.

A row of `blocks` holds up to 2,048 encodings side by side, with their owners and dates. A new enrolment is a short row
of its own; when there are many short rows they are packed into long ones, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from keras_apps.faces.names import GalleryError

LONGEST = 2048
SHORT_ROWS = 256
Run = Callable  # sqlite3.Connection.execute

SCHEMA = (
    "CREATE TABLE blocks (id INTEGER PRIMARY KEY, owners BLOB NOT NULL, enrolled BLOB NOT NULL,"
    " encodings BLOB NOT NULL)"
)


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

    def __getitem__(self, which) -> Rows:
        return Rows(self.owners[which], self.enrolled[which], self.encodings[which])

    def blobs(self) -> tuple[bytes, bytes, bytes]:
        """Return the three as bytes, little-endian."""
        arrays = (self.owners, "<i8"), (self.enrolled, "<i8"), (self.encodings, "<f4")
        return tuple(np.ascontiguousarray(array, kind).tobytes() for array, kind in arrays)


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


def take_out(run: Run, people: Sequence[int]) -> int:
    """Remove the encodings of some people, and return how many there were."""
    taken = 0
    for number, owners in run("SELECT id, owners FROM blocks").fetchall():
        others = ~np.isin(np.frombuffer(owners, "<i8"), people)
        if others.all():
            continue
        taken += int((~others).sum())
        if others.any():
            rows = read(run, f"WHERE id = {number}")[others]
            run(f"UPDATE blocks SET owners = ?, enrolled = ?, encodings = ? WHERE id = {number}", rows.blobs())
        else:
            run(f"DELETE FROM blocks WHERE id = {number}")
    return taken


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
    columns = zip(*run("SELECT owners, enrolled FROM blocks ORDER BY id").fetchall(), strict=True)
    joined = [b"".join(column) for column in columns] or [b"", b""]
    return tuple(np.frombuffer(column, "<i8") for column in joined)


def _shape(run: Run, where: str) -> tuple[int, int]:
    """Return how many encodings there are, and their length."""
    sizes = run(f"SELECT length(owners), length(enrolled), length(encodings) FROM blocks {where}").fetchall()
    if not sizes:
        return 0, 0
    length = sizes[0][2] // max(1, sizes[0][0] // 2)
    if any(o != e or o % 8 or not o or not length or f != o // 2 * length for o, e, f in sizes):
        raise GalleryError("the gallery is damaged: its encodings differ in length")
    return sum(o for o, _, _ in sizes) // 8, length
