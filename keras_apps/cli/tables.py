"""Rows -> a CSV file that spreadsheets open without running anything."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from keras_apps._files import written_aside

STANDARD_OUTPUT = "-"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def harmless(cell: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: such text gets an apostrophe in front.

    Numbers stay as they are; `None` becomes an empty cell.

    Example:
        >>> harmless("=1+1"), harmless("Grace"), harmless(-2.5), harmless(None)
        ("'=1+1", 'Grace', -2.5, '')

    Reference:
        OWASP, "CSV Injection".
    """
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return cell
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


@contextmanager
def csv_rows(path: str, columns: Sequence[str]) -> Iterator[Callable[[Sequence[object]], None]]:
    """Yield a function that writes one row; the file is UTF-8, and complete or not there at all.

    Args:
        path: The file, or `"-"` for standard output.
        columns: Their names, the first row.

    Raises:
        OSError: If the file cannot be written.
    """
    if path == STANDARD_OUTPUT:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        yield lambda row: writer.writerow([harmless(cell) for cell in row])
        sys.stdout.flush()
        return
    with written_aside(path) as aside, open(aside, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        yield lambda row: writer.writerow([harmless(cell) for cell in row])
