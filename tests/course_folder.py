"""A teacher's folder of the course: nbgrader's commands in it, released notebooks and filled ones."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from course_bank import BANK

ROOT = Path(__file__).parent.parent
ASSIGNMENTS = ROOT / "notebooks" / "assignments"
NAME = "convolutions"


def new_folder(path):
    """Copy the assignments, without what nbgrader made there, and generate the students' notebook; return both."""
    made = shutil.ignore_patterns("release", "submitted", "autograded", "feedback", "*.db", "*.csv")
    shutil.copytree(ASSIGNMENTS, path, ignore=made)
    nbgrader(path, "generate_assignment", NAME)
    return path, nbformat.read(path / "release" / NAME / f"{NAME}.ipynb", 4)


def nbgrader(folder, *arguments, code=0):
    """Run one of its commands; return what it told."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader starts `alembic`
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "PATH": path}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr


def put(folder, student, notebook, file=f"{NAME}.ipynb"):
    """Hand in: a notebook, text or bytes. Return the folder it is in."""
    path = folder / "submitted" / student / NAME / file
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(notebook, bytes):
        path.write_bytes(notebook)
    else:
        path.write_text(notebook if isinstance(notebook, str) else nbformat.writes(notebook), encoding="utf-8")
    return path.parent


def filled(released, answers=None, extra=()):
    """Write answers into a released notebook, the model's where none is given."""
    notebook = nbformat.from_dict(json.loads(json.dumps(released)))
    answers = BANK[NAME].answers | (answers or {})
    for cell in notebook.cells:
        marking = cell.metadata.get("nbgrader", {})
        if marking.get("solution"):
            cell.source = answers[marking["grade_id"]]
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in extra]
    return notebook


def page_of(folder, student):
    """Read a student's feedback."""
    return (folder / "feedback" / student / NAME / f"{NAME}.html").read_text(encoding="utf-8")
