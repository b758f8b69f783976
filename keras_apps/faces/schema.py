"""The tables of a gallery's file, and how a file of an earlier format becomes one of today's."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from keras_apps.faces import blocks
from keras_apps.faces.names import GalleryError

APPLICATION_ID = 0x4B415047  # "KAPG"
FORMAT = 2

_CHANGES = (
    "CREATE TABLE changes (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, change TEXT NOT NULL,"
    " encodings INTEGER NOT NULL, person INTEGER REFERENCES people (id) ON DELETE CASCADE)",
    "CREATE INDEX changes_of_person ON changes (person)",
)
SCHEMA = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    blocks.SCHEMA,
    *_CHANGES,
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
)


def is_new(run: blocks.Run) -> bool:
    """Tell whether there are no tables yet."""
    return run("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0


def check(run: blocks.Run, path) -> None:
    """Look whether a file is a gallery, without changing it.

    Raises:
        GalleryError: If it is something else, or of a later format.
    """
    if is_new(run):
        return
    if run("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise GalleryError(f"expected a gallery, received '{path}', an SQLite file of something else")
    version = run("PRAGMA user_version").fetchone()[0]
    if version not in range(1, FORMAT + 1):
        raise GalleryError(f"expected a gallery of format {FORMAT}, received '{path}' of format {version}")


def is_current(run: blocks.Run) -> bool:
    """Tell whether the tables are those of today's format."""
    return run("PRAGMA user_version").fetchone()[0] == FORMAT


def bring_up_to_date(run: blocks.Run) -> None:
    """Make the tables, or turn format 1 into format 2; within a transaction."""
    if is_new(run):  # another process may have been faster
        for statement in SCHEMA:
            run(statement)
    elif not is_current(run):
        _from_format_1(run)


def _from_format_1(run: blocks.Run) -> None:
    """Pack the encodings, which had a row each, and begin the log with their dates."""
    for statement in (blocks.SCHEMA, *_CHANGES):
        run(statement)
    rows = run("SELECT person, enrolled, encoding FROM encodings ORDER BY id").fetchall()
    if len({len(encoding) for _, _, encoding in rows}) > 1:
        raise GalleryError("the gallery is damaged: its encodings differ in length")
    if rows:
        owners, dates, encodings = zip(*rows, strict=True)
        seconds = [int(datetime.fromisoformat(date).timestamp()) for date in dates]
        values = np.frombuffer(b"".join(encodings), "<f4").reshape(len(rows), -1)
        blocks.append(run, blocks.Rows(np.array(owners, np.int64), np.array(seconds, np.int64), values))
        log = "INSERT INTO changes (at, change, encodings, person) VALUES (?, 'enrolled', ?, ?)"
        for (owner, second), count in _counted(zip(owners, seconds, strict=True)).items():
            run(log, (second, count, owner))
    run("DROP TABLE encodings")
    run(f"PRAGMA user_version = {FORMAT}")


def _counted(values) -> dict:
    counts: dict = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts
