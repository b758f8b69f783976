"""What students hand in as Windows and browsers leave it -> what nbgrader can read."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

try:
    from nbconvert.exporters import NotebookExporter
    from nbformat.reader import NotJSONError
    from traitlets.log import get_logger
except ImportError:  # the extra `course` brings nbgrader, and that brings these
    NotebookExporter, NotJSONError, get_logger = object, ValueError, None

COPY = re.compile(r"(?P<name>.+?)(?: ?\(\d+\)| - Copy|-Copy\d+|_\d+| copy)\.ipynb")
"""What browsers, Windows, Jupyter and others make of `NAME.ipynb` when there is one already."""


class SubmissionExporter(NotebookExporter):
    """nbconvert's, which also reads a notebook with a byte order mark. `Autograde.exporter_class` is to be this."""

    def from_file(self, file_stream, resources=None, **options):
        """Read one notebook.

        Raises:
            ValueError: If it is no notebook.
        """
        try:
            text = file_stream.read().removeprefix("\ufeff")
            return super().from_file(io.StringIO(text), resources=resources, **options)
        except (UnicodeDecodeError, NotJSONError) as error:
            name = getattr(file_stream, "name", "a file")
            told = f"expected a notebook in UTF-8, received '{name}': ask for one that Jupyter saved"
            raise ValueError(told) from error


def name_notebook(assignment: str, student: str, notebooks: list[str]) -> None:
    """Copy `NAME (1).ipynb` to `NAME.ipynb` where a student handed in only the first. For `Autograde.pre_convert_hook`.

    Args:
        assignment: NAME, which is its notebook's too.
        student: Not used.
        notebooks: The paths of one submission; changed in place.
    """
    paths = [Path(path) for path in notebooks]
    found = chosen(assignment, paths)
    if found is None:
        return
    path = found.with_name(f"{assignment}.ipynb")
    shutil.copyfile(found, path)
    get_logger().warning("Grading '%s' as '%s'", found, path.name)
    notebooks[:] = [str(path)]


def chosen(assignment: str, paths: Sequence[Path]) -> Path | None:
    """Return the one notebook that is a copy by its name; None where `NAME.ipynb` is there, or there are several."""
    copies = [path for path in paths if (match := COPY.fullmatch(path.name)) and match["name"] == assignment]
    whole = any(path.name == f"{assignment}.ipynb" for path in paths)
    return copies[0] if len(copies) == 1 and not whole and not copies[0].is_symlink() else None
