"""nbgrader's commands from a clean folder and gradebook: right, wrong, tampered, hostile and odd files at once."""

import os
import sqlite3
import subprocess
import sys

import pytest
from course_bank import BANK
from submissions.hostile import CHEATS, SPOILED

pytest.importorskip("nbgrader")
import nbformat
from course_folder import ASSIGNMENTS, NAME, ROOT, filled, nbgrader, new_folder, page_of, put


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


def change_tests(released, *changes):
    """Return an empty notebook whose test cells were changed, each in another way, to earn what was not done."""
    notebook = filled(released, BANK[NAME].empty)
    tests = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    for cell, change in zip(tests, changes, strict=False):
        change(notebook, cell)
    return notebook


def edited(notebook, cell):
    cell.source = "25.0"


def unlocked(notebook, cell):
    cell.metadata.nbgrader.update(locked=False, points=1000.0)
    cell.source = "1000.0"


def as_solution(notebook, cell):
    cell.metadata.nbgrader.update(solution=True, locked=False)
    cell.source = "print('done')"


def as_text(notebook, cell):
    cell.cell_type = "markdown"
    del cell["outputs"], cell["execution_count"]


def deleted(notebook, cell):
    notebook.cells.remove(cell)


def renamed(notebook, cell):
    cell.metadata.nbgrader["grade_id"] = "mine"
    cell.source = "25.0"


def doubled(notebook, cell):
    notebook.cells.append(nbformat.from_dict(cell | {"source": "30.0", "id": "again"}))


def without_marking(notebook, cell):
    """This cell and all others; one is marked by itself, and the kernel is another."""
    for other in notebook.cells:
        other.metadata = {"nbgrader": "none"}
    marking = {"grade": True, "grade_id": "mine", "locked": True, "points": 99, "schema_version": 3, "solution": False}
    notebook.cells.insert(0, nbformat.v4.new_code_cell("99.0", metadata={"nbgrader": marking | {"task": False}}))
    notebook.metadata.kernelspec = {"name": "mine", "display_name": "mine", "language": "bash"}


def in_format_3(notebook):
    """Write a notebook as IPython 2 did, after a byte order mark, with the line ends of Windows."""
    text = nbformat.writes(nbformat.convert(notebook, 3), version=3)
    return b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()


@pytest.mark.slow
def test_one_run_grades_all(tmp_path):
    """Few submissions, each with several things; the bank itself is judged in test_course.py, without nbgrader."""
    folder, released = new_folder(tmp_path / "course")
    text = nbformat.writes(released)
    assert "HIDDEN" not in text and "BEGIN SOLUTION" not in text and "Case(" not in text and "YOUR CODE HERE" in text

    script = BANK[NAME]
    wrong = {"inflate": script.edited("inflate", " / depth", "")}
    put(folder, "right", filled(released, {"inflate": "# below"}, ("%pylab\n1 / 0", script.answers["inflate"])))
    put(folder, "copy_of_a_copy", filled(released, wrong), f"{NAME} (1).ipynb")
    put(folder, "old_format", in_format_3(filled(released, wrong)))
    put(folder, "tampered", change_tests(released, edited, unlocked, as_solution, as_text))
    put(folder, "moved", change_tests(released, deleted, renamed, doubled))
    put(folder, "unmarked", change_tests(released, without_marking))
    source = CHEATS["grade overwritten"] + CHEATS["assert and comparisons overwritten"]
    cheats = (source.replace("{{", "{").replace("}}", "}"), CHEATS["sys.exit at the top"])
    beside = put(folder, "cheats", filled(released, script.empty, cheats))
    for module in ("json", "keras_apps", "ipykernel_launcher", "sitecustomize"):
        (beside / f"{module}.py").write_text("raise SystemExit", encoding="utf-8")
    spoiled = {"output_shape": SPOILED["sys.exit"], "conv1d": SPOILED["os._exit"], "inflate": SPOILED["infinite loop"]}
    spoiled = {name: text.replace("inflate(kernel, depth)", f"{name}(*arguments)") for name, text in spoiled.items()}
    put(folder, "spoiled", filled(released, spoiled))
    put(folder, "a_broken_file", "{")
    expected = {
        "right": 100,
        "copy_of_a_copy": 88,
        "old_format": 88,
        "tampered": 0,
        "moved": 0,
        "unmarked": 0,
        "cheats": 0,
        "spoiled": 30,
    }

    log = nbgrader(folder, "autograde", NAME, code=1)  # the broken file is reported; the others are graded
    assert "for student 'a_broken_file'" in log and log.count("There was an error processing assignment '") == 1
    assert "ask for one that Jupyter saved" in log and "Grading '" in log
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

    nbgrader(folder, "generate_feedback", NAME)
    for student in ("copy_of_a_copy", "old_format"):
        page = page_of(folder, student)
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
