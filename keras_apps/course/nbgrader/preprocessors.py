"""Two steps for nbgrader: restore the cells before grading, and run a student's code apart from the marks.

`RestoreCells` stands first among `Autograde.sanitize_preprocessors`, `GradeApart` in place of `Execute`.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader import utils
from nbgrader.api import BaseCell, Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import Execute, NbGraderPreprocessor

from keras_apps.course.sandbox import bubblewrap

MOST_CELLS = 2000
"""Of a submission, besides the marked ones; further cells are left out, and a note in the notebook says so."""


class RestoreCells(NbGraderPreprocessor):
    """Give every cell the marking that the teacher's source has, whatever the submission claims.

    A cell whose id the source does not know, or that appears twice, counts as the student's own; a locked cell gets its
    text back; a missing test cell is added at the end. So renaming, copying, unlocking and deleting have no effect.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Restore one notebook."""
        details = resources["nbgrader"]
        _check_no_link(Path(resources["metadata"]["path"]) / f"{details['notebook']}.ipynb")
        with Gradebook(details["db_url"]) as gradebook:
            source = gradebook.find_notebook(details["notebook"], details["assignment"])
            cells = {cell.name: cell for cell in source.source_cells}
            points = {cell.name: cell.max_score for cell in source.grade_cells}
            solutions = {cell.name for cell in source.solution_cells}
            marked = {name: _marked(cell, points.get(name), name in solutions) for name, cell in cells.items()}
        restored: set[str] = set()
        nb.cells = _not_too_many(nb.cells, marked)
        for cell in reversed(nb.cells):
            claimed = cell.metadata.pop("nbgrader", None)
            name = _name(claimed)
            if name is None or name not in marked or name in restored:
                continue
            restored.add(name)
            original = marked[name]
            if original.metadata.nbgrader["locked"]:
                cell.clear()
                cell.update(nbformat.from_dict(original))
            else:
                cell.metadata["nbgrader"] = original.metadata.nbgrader
                if cell.cell_type != original.cell_type:
                    text = cell.source
                    cell.clear()
                    cell.update(nbformat.from_dict(original), source=text)
        nb.cells += [cell for name, cell in marked.items() if name in points and name not in restored]
        return nb, resources


def _name(claimed: object) -> str | None:
    """Return the id in a cell's marking; None if it has none."""
    name = claimed.get("grade_id") if isinstance(claimed, dict) else None
    return name if isinstance(name, str) else None


def _not_too_many(cells: list[NotebookNode], marked: Collection[str], most: int = MOST_CELLS) -> list[NotebookNode]:
    """Leave out a student's own cells after the first `most`, and say so in the notebook; keep the marked ones.

    Of cells with the same id the last one counts and is kept.
    """
    last = {_name(cell.metadata.get("nbgrader")): number for number, cell in enumerate(cells)}
    own = [number for number, cell in enumerate(cells) if last[_name(cell.metadata.get("nbgrader"))] != number]
    own = sorted({*own, *(number for name, number in last.items() if name not in marked)})
    left_out = set(own[most:])
    if not left_out:
        return cells
    cells_left_out = "1 cell was" if len(left_out) == 1 else f"{len(left_out)} cells were"
    text = f"**{cells_left_out} left out**: besides the marked cells, only the first {most} are graded."
    return [nbformat.v4.new_markdown_cell(text), *(c for n, c in enumerate(cells) if n not in left_out)]


def _check_no_link(notebook: Path) -> None:
    """Raise if a submission is a link: it could lead to the solved source.

    Raises:
        ValueError: If it, its assignment's folder or the student's is a symbolic link.
    """
    for path in (notebook, *list(notebook.parents)[:2]):
        if path.is_symlink():
            raise ValueError(f"expected a submission without links, but '{path}' is a symbolic link")


def _marked(cell: BaseCell, points: float | None, solution: bool) -> NotebookNode:
    """Return a cell of the gradebook as a cell of a notebook."""
    new: Callable[..., NotebookNode] = (
        nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
    )
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
    """Execute only the teacher's test cells, in a kernel where a student's code never runs.

    The student's cells go to `grading.register` as text; a child process runs them, and the test cells judge the
    results that come back. A test cell whose result is not a number earns nothing.
    """

    _warned = False

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any], **options: Any
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Execute one notebook's test cells and put their outputs into it."""
        details = resources["nbgrader"]
        if (warning := bubblewrap.warning()) is not None and not GradeApart._warned:
            GradeApart._warned = True
            self.log.warning("%s", warning[0].upper() + warning[1:])
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
            code = "from keras_apps.course.nbgrader import grading\n"
            code += f"grading.register({str(cells)!r}, {course_paths(self)!r})"
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


def course_paths(preprocessor: NbGraderPreprocessor) -> list[str]:
    """List what a submission must not see: the course's folder, and folders and gradebook that are set elsewhere."""
    course = CourseDirectory(parent=preprocessor)
    names = [name for name in course.trait_names() if name.endswith("_directory")]
    apart = [getattr(course, name) for name in names] + [course.db_url.removeprefix("sqlite:///")]
    return sorted({os.path.abspath(os.path.join(course.root, path)) for path in (".", *apart)})


def _id(cell: NotebookNode) -> str:
    return cell.metadata.nbgrader["grade_id"]


def _has_points(cell: NotebookNode) -> bool:
    results = [output for output in cell.outputs if output.output_type == "execute_result"]
    try:
        return len(results) == 1 and float(results[0]["data"]["text/plain"]) >= 0
    except (KeyError, ValueError):
        return False
