"""A gallery's people to and from an open file: a zip of JSON, CSV and a NumPy array (docs/gallery-format.md)."""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from keras_apps._files import written_aside
from keras_apps.faces.gallery.names import SIMILAR_NAME, GalleryError, checked_accept, checked_name
from keras_apps.faces.gallery.store import Store, checked_encodings

FORMAT = "keras-apps gallery"
VERSION = 1
ABOUT, PEOPLE, ENCODINGS = "gallery.json", "people.csv", "encodings.npy"
COLUMNS = ["name", "enrolled"]
SQLITE = b"SQLite format 3\0"
_DAMAGES: tuple[type[Exception], ...] = (
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    OverflowError,
    MemoryError,
    RuntimeError,
    csv.Error,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes:
        people: How many people were added or changed.
        new: How many of these are new.
        skipped: How many people were enrolled already and were left unchanged.
        encodings: How many encodings were added.
    """

    people: int
    new: int
    skipped: int
    encodings: int


def export_people(store: Store, path: str | os.PathLike) -> int:
    """Export names, dates and encodings to a file, and return the number of people.

    Args:
        store: The gallery's file.
        path: The file to write; an existing one is replaced once the new one is complete.

    Raises:
        ValueError: If `path` is a gallery itself, this one or another: an export would destroy it.
        OSError: If the file cannot be written.
    """
    if Path(path).is_file():
        with open(path, "rb") as there:
            if there.read(len(SQLITE)) == SQLITE:
                raise ValueError(f"expected a file that is not a gallery to export to, received '{os.fspath(path)}'")
    names, rows = store.contents()
    order = np.lexsort((rows.enrolled, rows.owners))
    tower, now = store.fingerprint(), datetime.now(timezone.utc).isoformat(timespec="seconds")
    about = {"format": FORMAT, "version": VERSION, "tower": tower, "people": len(names), "encodings": len(order)}
    about |= {"length": rows.encodings.shape[1], "exported": now}
    with written_aside(path) as aside, zipfile.ZipFile(aside, "w") as archive:
        archive.writestr(ABOUT, json.dumps(about, indent=2) + "\n")
        with archive.open(PEOPLE, "w") as raw, io.TextIOWrapper(raw, "utf-8", newline="") as text:
            writer = csv.writer(text)
            writer.writerow(COLUMNS)
            dates = np.datetime_as_string(rows.enrolled[order].astype("datetime64[s]"))
            writer.writerows((names[i], f"{d}+00:00") for i, d in zip(rows.owners[order].tolist(), dates, strict=True))
        with archive.open(ENCODINGS, "w", force_zip64=True) as raw:
            header = {"descr": "<f4", "fortran_order": False, "shape": rows.encodings.shape}
            np.lib.format.write_array_header_1_0(raw, header)
            for start in range(0, len(order), 4096):
                raw.write(rows.encodings[order[start : start + 4096]].astype("<f4").tobytes())
    return len(names)


def import_people(
    store: Store,
    path: str | os.PathLike,
    conflict: str = "error",
    fingerprint: str | None = None,
    accept: str | Collection[str] = (),
) -> Imported:
    """Add all people of an exported file; if one cannot be added, add nobody.

    Args:
        store: The gallery's file.
        path: A file that `export_people` wrote.
        conflict: What to do with people who are enrolled already: raise an `"error"`, `"skip"` them, `"replace"`
            their encodings, or `"add"` to them.
        fingerprint: The tower that the encodings must be of; by default the gallery's own, any where it is empty.
        accept: `"similar-name"`: a new name may differ from another one only in case, spacing or Unicode form.

    Raises:
        FileNotFoundError: If there is no such file.
        GalleryError: If the encodings are of another tower, or somebody is enrolled already and `conflict` is
            `"error"`.
        SimilarNameError: If a new name differs too little from another one, and is not accepted.
        ValueError: If the file is damaged, or is not an exported gallery of this format.
    """
    accepted = checked_accept(accept)
    tower, names, seconds, encodings = _read(Path(path))
    expected = fingerprint or store.fingerprint() or tower
    if not names or tower is None:
        return Imported(0, 0, 0, 0)
    if tower != expected:
        raise GalleryError(
            f"expected encodings of tower {expected}, received '{path}' with those of {tower}; "
            "encodings of two towers cannot be compared"
        )
    counts = store.add_many(
        names,
        encodings,
        tower,
        enrolled=seconds,
        conflict=conflict,
        change="imported",
        similar_names=SIMILAR_NAME in accepted,
    )
    return Imported(**counts)


def _read(path: Path) -> tuple[str | None, list[str], np.ndarray, np.ndarray]:
    """Return the fingerprint and, for each encoding, name, seconds and values; all of it checked."""
    if not path.is_file():
        raise FileNotFoundError(f"expected an exported gallery, received '{path}', which does not exist")
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read(ABOUT))
            kind = (about.get("format"), about.get("version")) if isinstance(about, dict) else None
            if kind != (FORMAT, VERSION):
                raise ValueError(f"its format and version are {kind}, not {(FORMAT, VERSION)}")
            with archive.open(PEOPLE) as raw:
                names, seconds = _people(csv.reader(io.TextIOWrapper(raw, "utf-8", newline="")))
            with archive.open(ENCODINGS) as raw:
                encodings = np.lib.format.read_array(raw, allow_pickle=False)
                raw.read()  # to the end, where the checksum is compared
        if (about.get("encodings"), about.get("length")) != encodings.shape or encodings.dtype != np.dtype("<f4"):
            raise ValueError(f"its encodings are {encodings.dtype} {encodings.shape}, not as {ABOUT} says")
        if not isinstance(about.get("tower"), str) and names:
            raise ValueError(f"{ABOUT} names no tower")
        return about["tower"], names, seconds, checked_encodings(encodings, len(names)) if names else encodings
    except _DAMAGES as error:
        reason = error.args[0] if isinstance(error, KeyError) else str(error) or type(error).__name__
        raise ValueError(f"expected an exported gallery, received '{path}': {reason}") from None


def _people(lines: Iterator[list[str]]) -> tuple[list[str], np.ndarray]:
    if next(lines, None) != COLUMNS:
        raise ValueError(f"{PEOPLE} does not begin with {','.join(COLUMNS)}")
    rows = list(lines)
    if any(len(row) != len(COLUMNS) for row in rows):
        raise ValueError(f"{PEOPLE} has a row that is not name and date")
    dates = [datetime.fromisoformat(row[1]) for row in rows]
    if any(date.tzinfo is None for date in dates):
        raise ValueError(f"{PEOPLE} has a date without its offset from UTC")
    seconds = [int(date.astimezone(timezone.utc).timestamp()) for date in dates]  # raises outside the years 1 to 9999
    return [checked_name(row[0]) for row in rows], np.array(seconds, np.int64)
