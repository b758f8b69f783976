"""Build the teachers' notebooks from `scripts/`: `python notebooks/assignments/build.py [--check]`.

A script is in jupytext's percent format. A cell's header says what it is for nbgrader: `course="solution:NAME"`,
`course="tests:NAME"`, whose points come from `keras_apps.course`, or `course="locked:NAME"`.
"""

import sys
from pathlib import Path

import jupytext
import nbformat

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent)]

from keras_apps.course import assignment, assignments
from lesson_checks import FIRST_CELL

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def build(name: str) -> str:
    """Return a notebook as text; the same script gives the same text."""
    points = {exercise.name: exercise.points for exercise in assignment(name).exercises}
    notebook = jupytext.reads((HERE / "scripts" / f"{name}.py").read_text(encoding="utf-8"), fmt="py:percent")
    notebook.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:02}"
        cell.source = cell.source.replace("# FIRST_CELL", FIRST_CELL)
        kind, _, label = cell.metadata.pop("course", "").partition(":")
        cell.metadata = {}
        if kind:
            tests = kind == "tests"
            cell.id = f"{'tests-' if tests else ''}{label.replace('_', '-')}"
            cell.metadata["nbgrader"] = {
                "grade": tests,
                "grade_id": f"{'tests_' if tests else ''}{label}",
                "locked": kind != "solution",
                "schema_version": 3,
                "solution": kind == "solution",
                "task": False,
                **({"points": points[label]} if tests else {}),
            }
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4) + "\n"


def main() -> None:
    """Write the notebooks, or with --check fail where one is not as its script says."""
    for name in assignments():
        path, text = HERE / "source" / name / f"{name}.ipynb", build(name)
        if "--check" not in sys.argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.relative_to(HERE)} is not as its script says: run notebooks/assignments/build.py")


if __name__ == "__main__":
    main()
