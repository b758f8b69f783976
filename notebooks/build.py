"""Sources of lessons -> executed notebooks, checked.

    python notebooks/build.py [LESSON ...]            # execute each with all its steps and write the notebook
    python notebooks/build.py --words [LESSON ...]    # only words changed: write them, keep the outputs
    python notebooks/build.py --check [LESSON ...]    # are the notebooks of these sources, whole, small and clean?
    python notebooks/build.py --quick [LESSON ...]    # execute each with few steps, write nothing: what CI does

A source is a jupytext percent script, `lessons/source/01_verification.py`; its notebook is
`lessons/01_verification.ipynb`. Name a lesson by its number or its file; without names, all lessons are taken. Each
runs in its own kernel and an empty folder, where pip and the usual HTTP clients cannot reach the network.
Needs the `course` extra (jupytext, nbclient, ipykernel).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from lesson_checks import faults, faults_of_source
from lesson_outputs import clean
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

HERE = Path(__file__).resolve().parent
LESSONS = HERE / "lessons"
QUICK = "KERAS_APPS_QUICK"
QUICK_LIMIT, FULL_LIMIT = 240, 1800  # seconds a lesson may take
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
NO_NETWORK = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "PIP_NO_INDEX": "1"}

sys.path.insert(0, str(HERE.parent))
from keras_apps._checks import check_choice  # noqa: E402


def names_of_lessons() -> list[str]:
    """Return the lessons' names, `01_verification` and so on, in order."""
    return sorted(path.stem for path in (LESSONS / "source").glob("[0-9][0-9]_*.py"))


def chosen(given: list[str]) -> list[str]:
    """Return the names of the lessons with the given numbers or names; of all lessons if `given` is empty.

    Raises:
        ValueError: If a lesson does not exist. The message names similar ones.
    """
    known = names_of_lessons()
    numbers = {f"{int(name[:2])}": name for name in known}
    meant = [numbers.get(one.lstrip("0"), Path(one).stem) for one in given]
    for one in meant:
        check_choice("lesson", one, known)
    return sorted(set(meant)) or known


def notebook_of(name: str) -> nbformat.NotebookNode:
    """Read a lesson's source as a notebook without outputs; the same source gives the same bytes."""
    text = (LESSONS / "source" / f"{name}.py").read_text("utf-8")
    notebook = jupytext.reads(text, fmt="py:percent")
    for number, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"cell-{number:02}"
        cell["metadata"] = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
    notebook.metadata = nbformat.from_dict(METADATA)
    return notebook


def committed(path: Path) -> nbformat.NotebookNode:
    """Read a lesson's notebook.

    Raises:
        RuntimeError: If the file is not a complete notebook of format 4.
    """
    try:
        text = path.read_text("utf-8")
        content = json.loads(text)
        received = content.get("nbformat") if isinstance(content, dict) else type(content).__name__
        if received != 4:
            raise ValueError(f"nbformat {received}")
        nbformat.validate(content)
    except (ValueError, KeyError, TypeError, AttributeError, nbformat.ValidationError) as error:  # nbformat's vary
        size, why = path.stat().st_size, f"{type(error).__name__}: {error}".splitlines()[0]
        found = f"expected a notebook of format 4, received {size} bytes that do not hold one ({why}): build it"
        raise RuntimeError(f"{path.stem}: {found}") from None
    return nbformat.reads(text, as_version=4)


def unpaired() -> list[str]:
    """Name notebooks without a source, and sources with an odd name. `check` finds missing notebooks."""
    sources = {path.stem for path in (LESSONS / "source").glob("*.py")}
    notebooks = {path.stem for path in LESSONS.glob("*.ipynb")}
    found = [f"{name}.ipynb: expected a source of this name, received none" for name in sorted(notebooks - sources)]
    odd = sorted(sources - set(names_of_lessons()))
    return found + [f"source/{name}.py: expected a file name such as 09_more.py" for name in odd]


def executed(name: str, quick: bool) -> nbformat.NotebookNode:
    """Execute a lesson's source from a clean kernel.

    Raises:
        RuntimeError: If a cell fails or takes too long; the message shows the cell.
    """
    notebook, limit = notebook_of(name), QUICK_LIMIT if quick else FULL_LIMIT
    environment = {key: value for key, value in os.environ.items() if key != QUICK}
    environment |= {"MPLBACKEND": "module://matplotlib_inline.backend_inline", **NO_NETWORK}
    environment |= {key.upper(): value for key, value in NO_NETWORK.items()} | ({QUICK: "1"} if quick else {})
    with tempfile.TemporaryDirectory(dir=LESSONS, prefix=".run-") as folder:
        place = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, timeout=limit, kernel_name="python3", record_timing=False, resources=place)
        try:
            client.execute(env=environment)
        except CellExecutionError as error:
            raise RuntimeError(f"{name}: a cell failed\n{error}") from None
        except (CellTimeoutError, DeadKernelError) as error:
            raise RuntimeError(f"{name}: {type(error).__name__}: {error}") from None
    clean(notebook)
    notebook.metadata = nbformat.from_dict(METADATA)  # the kernel added its version
    return notebook


def build(name: str) -> str:
    """Execute a lesson with all its steps and write its notebook. Returns a line about it.

    Raises:
        RuntimeError: If a cell fails (then nothing is written), or if the notebook does not pass `check`.
    """
    began = time.perf_counter()
    notebook = executed(name, quick=False)
    path = LESSONS / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return f"{check(name)}, {time.perf_counter() - began:.0f} s"


def words(name: str) -> str:
    """Write a source's words into its notebook, and keep the outputs. Returns a line about it.

    Raises:
        RuntimeError: If the code changed too, or the notebook does not pass `check`.
    """
    path, notebook = LESSONS / f"{name}.ipynb", notebook_of(name)
    old = committed(path).cells if path.exists() else []
    code, done = ([cell for cell in cells if cell.cell_type == "code"] for cells in (notebook.cells, old))
    if [cell.source for cell in code] != [cell.source for cell in done]:
        raise RuntimeError(f"{name}: expected changed words only, received changed code: build it")
    for new, executed_before in zip(code, done, strict=True):
        new.outputs, new.execution_count = executed_before.outputs, executed_before.execution_count
    nbformat.write(notebook, path)
    return check(name)


def quick(name: str) -> str:
    """Execute a lesson with few steps, writing nothing. Returns a line about it.

    Raises:
        RuntimeError: If a cell fails or writes to standard error, or if the lesson takes longer than `QUICK_LIMIT`.
    """
    began = time.perf_counter()
    notebook = executed(name, quick=True)
    took = time.perf_counter() - began
    found = faults(notebook, notebook_of(name), "")
    if took > QUICK_LIMIT:
        found.append(f"expected at most {QUICK_LIMIT} s, took {took:.0f} s")
    if found:
        raise RuntimeError("\n".join(f"{name}: {fault}" for fault in found))
    return f"{name}: {took:.0f} s"


def check(name: str) -> str:
    """Compare a committed notebook with its source, and check its outputs. Returns a line about it.

    Raises:
        RuntimeError: If the check finds a fault; the message lists all of them.
    """
    path, source = LESSONS / f"{name}.ipynb", notebook_of(name)
    found = faults_of_source(source)
    if path.exists():
        found = faults(committed(path), source, path.read_text("utf-8"))
    else:
        found.append("expected a notebook, received none: build it")
    if found:
        raise RuntimeError("\n".join(f"{name}: {fault}" for fault in found))
    return f"{name}: as its source, {path.stat().st_size / 1e6:.2f} MB"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="a number or a name; all by default")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_const", dest="work", const=check, help="compare; execute nothing")
    what.add_argument("--words", action="store_const", dest="work", const=words, help="write changed words only")
    what.add_argument("--quick", action="store_const", dest="work", const=quick, help="execute with few steps")
    parser.set_defaults(work=build)
    options = parser.parse_args(arguments)
    try:
        lessons = chosen(options.lessons)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    began, apart = time.perf_counter(), unpaired() if options.work is check and not options.lessons else []
    for fault in apart:
        print(fault, file=sys.stderr)
    failed = len(apart)
    for name in lessons:
        try:
            print(options.work(name), flush=True)
        except RuntimeError as error:
            failed += 1
            print(error, file=sys.stderr, flush=True)
    print(f"{len(lessons)} lessons, {failed} with faults, {time.perf_counter() - began:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
