"""nbgrader's two steps of ours: cells are restored before grading, and a student's code runs where no marks are made.

`RestoreCells` stands first among `Autograde.sanitize_preprocessors`, `GradeApart` in the place of `Execute`.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Collection
from pathlib import Path

try:
    import nbformat
    from nbgrader import utils
    from nbgrader.api import Gradebook
    from nbgrader.coursedir import CourseDirectory
    from nbgrader.preprocessors import Execute, NbGraderPreprocessor
except ImportError:  # the extra `course` brings nbgrader
    nbformat = utils = Gradebook = None
    Execute = NbGraderPreprocessor = object

MOST_CELLS = 2000
"""Of a submission, besides the marked ones; what comes after them is left out, and the student is told."""


class RestoreCells(NbGraderPreprocessor):
    """Give every cell the marking that the teacher's source has, whatever a submission says of itself.

    A cell whose id the source does not know, or that comes twice, is the student's own; a locked cell gets its text
    back; a missing test cell comes back at the end. So renaming, copying, unlocking and deleting change nothing.
    """

    def preprocess(self, nb, resources):
        """Restore one notebook."""
        details = resources["nbgrader"]
        _check_own(Path(resources["metadata"]["path"]) / f"{details['notebook']}.ipynb")
        with Gradebook(details["db_url"]) as gradebook:
            source = gradebook.find_notebook(details["notebook"], details["assignment"])
            cells = {cell.name: cell for cell in source.source_cells}
            points = {cell.name: cell.max_score for cell in source.grade_cells}
            solutions = {cell.name for cell in source.solution_cells}
            marked = {name: _marked(cell, points.get(name), name in solutions) for name, cell in cells.items()}
        met: set[str] = set()
        nb.cells = _not_too_many(nb.cells, marked)
        for cell in reversed(nb.cells):
            claimed = cell.metadata.pop("nbgrader", None)
            name = _name(claimed)
            if name not in marked or name in met:
                continue
            met.add(name)
            original = marked[name]
            if original.metadata.nbgrader["locked"]:
                cell.clear()
                cell.update(nbformat.from_dict(original))
            else:
                cell.metadata["nbgrader"] = original.metadata.nbgrader
                if cell.cell_type != original.cell_type:
                    kept = cell.source
                    cell.clear()
                    cell.update(nbformat.from_dict(original), source=kept)
        nb.cells += [cell for name, cell in marked.items() if name in points and name not in met]
        return nb, resources


def _name(claimed: object) -> str | None:
    """Return the id that a cell's marking says; None where it says none."""
    name = claimed.get("grade_id") if isinstance(claimed, dict) else None
    return name if isinstance(name, str) else None


def _not_too_many(cells: list, marked: Collection[str], most: int = MOST_CELLS) -> list:
    """Leave out a student's own cells after the first `most`, and say so in the notebook; keep the marked ones.

    Of cells that claim the same mark the last is kept, as the one that counts.
    """
    last = {_name(cell.metadata.get("nbgrader")): number for number, cell in enumerate(cells)}
    own = [number for number, cell in enumerate(cells) if last[_name(cell.metadata.get("nbgrader"))] != number]
    own = sorted({*own, *(number for name, number in last.items() if name not in marked)})
    left_out = set(own[most:])
    if not left_out:
        return cells
    text = f"**{len(left_out)} cells were left out**: beside the marked ones, the first {most} are taken."
    return [nbformat.v4.new_markdown_cell(text), *(c for n, c in enumerate(cells) if n not in left_out)]


def _check_own(notebook: Path) -> None:
    """Make sure that a submission is a file of its own: a link could lead to the solved source.

    Raises:
        ValueError: If it, its assignment's folder or the student's is a symbolic link.
    """
    for path in (notebook, *list(notebook.parents)[:2]):
        if path.is_symlink():
            raise ValueError(f"expected a submission of files and folders, received '{path}', a symbolic link")


def _marked(cell, points: float | None, solution: bool):
    """Return a cell of the gradebook as a notebook's cell."""
    new = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
    marking = {
        "grade": points is not None,
        "grade_id": cell.name,
        "locked": bool(cell.locked),
        "schema_version": 3,
        "solution": solution,
        "task": False,
        "cell_type": cell.cell_type,
        "checksum": cell.checksum,
    }
    if points is not None:
        marking["points"] = points
    return nbformat.from_dict(new(cell.source or "", id=cell.name, metadata={"nbgrader": marking}))


class GradeApart(Execute):
    """Execute the teacher's test cells alone, in a kernel that a student's code never enters.

    The student's cells go to `grading.register` as text; a child process runs them, and the test cells judge what comes
    back. A test cell without a number as its result earns nothing.
    """

    def preprocess(self, nb, resources, **options):
        """Execute one notebook's test cells and put their outputs into it."""
        details = resources["nbgrader"]
        with Gradebook(details["db_url"]) as gradebook:
            source = gradebook.find_notebook(details["notebook"], details["assignment"])
            texts = {cell.name: cell.source for cell in source.source_cells}
            tests = {cell.name for cell in source.grade_cells}
            given = [
                c.source for c in source.source_cells if c.locked and c.cell_type == "code" and c.name not in tests
            ]
        written = [c.source for c in nb.cells if c.cell_type == "code" and not utils.is_locked(c)]
        graded = [c for c in nb.cells if utils.is_grade(c) and c.cell_type == "code"]
        with tempfile.TemporaryDirectory(prefix="keras-apps-grading-") as folder:
            cells = Path(folder, "cells.json")
            cells.write_text(json.dumps([*given, *written]), encoding="utf-8")
            code = f"from keras_apps.course import grading\ngrading.register({str(cells)!r}, {_forbidden(self)!r})"
            apart = nbformat.v4.new_notebook(metadata=nb.metadata)
            apart.cells = [nbformat.v4.new_code_cell(text) for text in [code, *(texts[_id(c)] for c in graded)]]
            resources["metadata"] = {**resources.get("metadata", {}), "path": folder}
            super().preprocess(apart, resources, **options)
        for cell, executed in zip(graded, apart.cells[1:], strict=True):
            cell.outputs, cell.execution_count = executed.outputs, executed.execution_count
            if not _has_points(executed):
                text = "the checks did not end with a number of points"
                cell.outputs.append(nbformat.v4.new_output("error", ename="NotGraded", evalue=text, traceback=[text]))
        return nb, resources


def _forbidden(preprocessor) -> list[str]:
    """List what a student's code may not read, wherever it lies: the course's folder and those named apart from it."""
    course = CourseDirectory(parent=preprocessor)
    names = [name for name in course.trait_names() if name.endswith("_directory")]
    apart = [getattr(course, name) for name in names] + [course.db_url.removeprefix("sqlite:///")]
    return sorted({os.path.abspath(os.path.join(course.root, path)) for path in (".", *apart)})


def _id(cell) -> str:
    return cell.metadata.nbgrader["grade_id"]


def _has_points(cell) -> bool:
    results = [output for output in cell.outputs if output.output_type == "execute_result"]
    try:
        return len(results) == 1 and float(results[0]["data"]["text/plain"]) >= 0
    except (KeyError, ValueError):
        return False
