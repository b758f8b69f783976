"""Notebooks as Windows and browsers save them -> notebooks that nbgrader can read."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbformat import NotebookNode
from nbformat.reader import NotJSONError
from traitlets.log import get_logger

COPY = re.compile(r"(?P<name>.+?)(?: ?\(\d+\)| - Copy|-Copy\d+|_\d+| copy)\.ipynb")
"""The names that browsers, Windows, Jupyter and others give to a second copy of `NAME.ipynb`."""


class SubmissionExporter(NotebookExporter):
    """nbconvert's exporter, which also reads a byte order mark. Set it as `Autograde.exporter_class`."""

    def from_file(
        self, file_stream: Any, resources: dict[str, Any] | None = None, **options: Any
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Read one notebook.

        Raises:
            ValueError: If it is not a notebook.
        """
        try:
            text = file_stream.read().removeprefix("\ufeff")
            return super().from_file(io.StringIO(text), resources=resources, **options)
        except (UnicodeDecodeError, NotJSONError) as error:
            name = getattr(file_stream, "name", "a file")
            raise ValueError(
                f"expected a notebook in UTF-8, received '{name}': ask for one that Jupyter saved"
            ) from error


def name_notebook(assignment: str, student: str, notebooks: list[str]) -> None:
    """Copy `NAME (1).ipynb` to `NAME.ipynb` if a student handed in only the first. For `Autograde.pre_convert_hook`.

    Args:
        assignment: NAME, also the name of its notebook.
        student: Not used.
        notebooks: The paths of one submission; changed in place.
    """
    paths = [Path(path) for path in notebooks]
    copy = only_copy(assignment, paths)
    if copy is None:
        return
    path = copy.with_name(f"{assignment}.ipynb")
    shutil.copyfile(copy, path)
    get_logger().warning("Grading '%s' as '%s'", copy, path.name)
    notebooks[:] = [str(path)]


def only_copy(assignment: str, paths: Sequence[Path]) -> Path | None:
    """Return the one notebook whose name is a copy's; None if `NAME.ipynb` is there too, or several copies are."""
    copies = [path for path in paths if (match := COPY.fullmatch(path.name)) and match["name"] == assignment]
    whole = any(path.name == f"{assignment}.ipynb" for path in paths)
    return copies[0] if len(copies) == 1 and not whole and not copies[0].is_symlink() else None
