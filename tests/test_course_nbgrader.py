"""nbgrader's commands from a clean folder and gradebook: right, wrong, tampered and hostile notebooks at once."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from course_bank import BANK
from submissions.hostile import CHEATS, SPOILED

pytest.importorskip("nbgrader")
import nbformat

ROOT = Path(__file__).parent.parent
ASSIGNMENTS = ROOT / "notebooks" / "assignments"
NAME = "convolutions"


def nbgrader(folder, *arguments, code=0):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader starts `alembic`
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "PATH": path}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr


def test_the_notebooks_are_as_their_scripts_say():
    pytest.importorskip("jupytext")
    subprocess.run([sys.executable, ASSIGNMENTS / "build.py", "--check"], check=True)


def test_points_and_hidden_tests_of_the_sources():
    for name, script in BANK.items():
        notebook = nbformat.read(ASSIGNMENTS / "source" / name / f"{name}.ipynb", 4)
        marked = [cell.metadata.nbgrader | {"source": cell.source} for cell in notebook.cells if cell.metadata]
        tests = {m["grade_id"]: m for m in marked if m["grade"]}
        assert {m["grade_id"]: m["points"] for m in tests.values()} == {
            f"tests_{e.name}": e.points for e in script.assignment.exercises
        }
        assert all("### BEGIN HIDDEN TESTS" in m["source"] and m["locked"] for m in tests.values())
        assert [m["grade_id"] for m in marked if m["solution"]] == [e.name for e in script.assignment.exercises]


def put(folder, student, notebook):
    path = folder / "submitted" / student / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
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


def tampered(released):
    """Return empty notebooks whose markings or tests were changed, each to earn what was not done."""
    made = {}

    def change(name):
        notebook = filled(released, BANK[NAME].empty)
        tests = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
        made[name] = notebook
        return notebook, tests

    for cell in change("edited_tests")[1]:
        cell.source = "100.0"
    for cell in change("unlocked_tests")[1]:
        cell.metadata.nbgrader.update(locked=False, points=1000.0)
        cell.source = ""
    for cell in change("tests_as_solutions")[1]:
        cell.metadata.nbgrader.update(solution=True, grade=True, locked=False)
        cell.source = "print('done')"
    for cell in change("tests_as_text")[1]:
        cell.cell_type = "markdown"
        del cell["outputs"], cell["execution_count"]
    notebook, tests = change("deleted_tests")
    notebook.cells = [cell for cell in notebook.cells if cell not in tests]
    for number, cell in enumerate(change("renamed_tests")[1]):
        cell.metadata.nbgrader["grade_id"] = f"mine_{number}"
        cell.source = "25.0"
    notebook, tests = change("doubled_tests")
    notebook.cells += [nbformat.from_dict(cell | {"source": "25.0", "id": f"x{n}"}) for n, cell in enumerate(tests)]
    notebook, _ = change("marked_by_itself")
    marking = {"grade": True, "grade_id": "mine", "locked": True, "points": 99, "schema_version": 3, "solution": False}
    notebook.cells.insert(0, nbformat.v4.new_code_cell("99.0", metadata={"nbgrader": marking | {"task": False}}))
    notebook, _ = change("no_marking_at_all")
    for cell in notebook.cells:
        cell.metadata = {"nbgrader": "none"}
    notebook, _ = change("another_kernel")
    notebook.metadata.kernelspec = {"name": "mine", "display_name": "mine", "language": "bash"}
    return made


@pytest.mark.slow
def test_one_run_grades_all(tmp_path, capsys):
    folder = tmp_path / "course"
    shutil.copytree(ASSIGNMENTS, folder, ignore=shutil.ignore_patterns("release", "submitted", "autograded", "*.db"))
    nbgrader(folder, "generate_assignment", NAME)
    released = nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", 4)
    text = nbformat.writes(released)
    assert "HIDDEN" not in text and "BEGIN SOLUTION" not in text and "Case(" not in text and "YOUR CODE HERE" in text

    script = BANK[NAME]
    expected = {"right": 100, "empty": 0, "wrong": 88, "own_cells": 100}
    put(folder, "right", filled(released))
    put(folder, "empty", released)
    put(folder, "wrong", filled(released, {"inflate": script.edited("inflate", " / depth", "")}))
    put(folder, "own_cells", filled(released, {"inflate": "# below"}, ("%pylab\n1 / 0", script.answers["inflate"])))
    for name, notebook in tampered(released).items():
        put(folder, name, notebook)
        expected[name] = 0
    for name in ("infinite loop", "os._exit", "sys.exit"):
        put(folder, name.replace(" ", "_"), filled(released, {"inflate": SPOILED[name]}))
        expected[name.replace(" ", "_")] = 80
    for name in ("sys.exit at the top", "grade overwritten", "assert and comparisons overwritten"):
        source = CHEATS[name].replace("{{", "{").replace("}}", "}")
        put(folder, name.replace(" ", "_"), filled(released, script.empty, (source,)))
        expected[name.replace(" ", "_")] = 0
    beside = put(folder, "files_beside", filled(released, script.empty))
    for module in ("json", "keras_apps", "ipykernel_launcher", "sitecustomize"):
        (beside / f"{module}.py").write_text("raise SystemExit", encoding="utf-8")
    expected["files_beside"] = 0
    put(folder, "a_broken_file", "{")

    began = time.perf_counter()
    told = nbgrader(folder, "autograde", NAME, code=1)  # the broken file is told of; the others are graded
    seconds = (time.perf_counter() - began) / (len(expected) + 1)
    with capsys.disabled():
        print(f" {seconds:.1f} s a submission", end="")
    assert "for student 'a_broken_file'" in told and told.count("There was an error processing assignment '") == 1
    with sqlite3.connect(folder / "gradebook.db") as database:
        rows = database.execute(
            "select student.id, sum(coalesce(grade.auto_score, 0)), count(grade.auto_score) from grade "
            "join submitted_notebook on grade.notebook_id = submitted_notebook.id "
            "join submitted_assignment on submitted_notebook.assignment_id = submitted_assignment.id "
            "join student on submitted_assignment.student_id = student.id group by student.id"
        ).fetchall()
    graded = {student: points for student, points, _ in rows if student != "a_broken_file"}
    assert graded == expected
    assert all(count == 4 for student, _, count in rows if student != "a_broken_file")
    assert seconds < 60

    nbgrader(folder, "generate_feedback", NAME)
    page = (folder / "feedback" / "wrong" / NAME / f"{NAME}.html").read_text(encoding="utf-8")
    assert "divide the copies by depth" in page and "HIDDEN" not in page and "Case(" not in page


@pytest.mark.slow
@pytest.mark.parametrize("name", BANK)
def test_a_solved_notebook_runs_from_top_to_bottom(name, tmp_path):
    """In a student's own kernel, with the faces, the painting and the heartbeat at the end."""
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.read(ASSIGNMENTS / "source" / name / f"{name}.ipynb", 4)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(ROOT)
    try:
        nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
    finally:
        os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)
    results = {}
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade"):
            (result,) = [output for output in cell.outputs if output.output_type == "execute_result"]
            results[cell.metadata.nbgrader["grade_id"]] = float(result["data"]["text/plain"])
    assert results == {f"tests_{e.name}": e.points for e in BANK[name].assignment.exercises}
    shown = [output for cell in notebook.cells[-2:] for output in cell.get("outputs", ())]
    assert shown and not any(output.output_type == "error" for output in shown)
