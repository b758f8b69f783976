"""A student's file -> its functions judged by the visible checks."""

from __future__ import annotations

import ast
import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from keras_apps.course.catalogue.cases import Assignment, Case
from keras_apps.course.catalogue.registry import NAMES, assignment, assignment_with
from keras_apps.course.judging import Verdict, judge
from keras_apps.course.sandbox import bubblewrap
from keras_apps.course.sandbox.protocol import Outcome
from keras_apps.course.sandbox.runner import Runner

MOST_BYTES = 50 << 20
HEADER = re.compile(r"^# %%(.*)$", re.MULTILINE)
"""The line that begins a cell of a Python file, with the cell's title and kind."""


def cells_of(path: str | os.PathLike[str]) -> list[str]:
    """Read the code cells of a notebook, or a Python file as one cell for each `# %%`, text cells left out.

    Args:
        path: `.ipynb`, `.py`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is neither a notebook nor Python.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise ValueError(f"expected a notebook or a Python file, received '{path}', which is a folder")
    if not path.exists():
        raise FileNotFoundError(f"expected a notebook or a Python file, but '{path}' does not exist")
    if path.suffix.lower() not in (".ipynb", ".py"):
        raise ValueError(f"expected a notebook (.ipynb) or a Python file (.py), received '{path}'")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(
            f"expected a file of at most {MOST_BYTES >> 20} MB, but '{path}' is larger: clear its outputs first"
        )
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows writes a mark before the first letter
    except UnicodeDecodeError:
        raise ValueError(f"expected text in UTF-8, but '{path}' is not: save it as UTF-8") from None
    if path.suffix.lower() == ".py":
        first, *rest = HEADER.split(text)
        titled = zip(rest[::2], rest[1::2], strict=True)
        cells = [first, *(f"#{body}" for title, body in titled if not re.search(r"\[(markdown|raw)\]", title))]
        return [cell for cell in cells if cell.strip("# \n")]
    try:
        notebook = json.loads(text)
        sheets = notebook.get("worksheets", [notebook])  # format 3 had sheets
        code = [cell for sheet in sheets for cell in sheet["cells"] if cell["cell_type"] == "code"]
        return ["".join(cell["source"] if "source" in cell else cell["input"]) for cell in code]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"expected a notebook in format 3 or 4, but '{path}' cannot be read as one") from None


def functions_of(cells: list[str]) -> set[str]:
    """Return the names of the functions that cells define, without running them."""
    names: set[str] = set()
    for cell in cells:
        try:
            tree = ast.parse(cell)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            names |= {line[4:].split("(")[0].strip() for line in cell.splitlines() if line.startswith("def ")}
            continue
        names |= {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
        assigned = [node.targets for node in ast.walk(tree) if isinstance(node, ast.Assign)]
        names |= {target.id for targets in assigned for target in targets if isinstance(target, ast.Name)}
    return names


SUBMISSION_SECONDS = 35  # on the clock, for all cells and functions of a submission together


@dataclass(frozen=True)
class Report:
    """The points of one file.

    Attributes:
        assignment: Its name.
        verdicts: One for each function.
        warning: What to know about how the file was run; None if it ran in isolation.
    """

    assignment: str
    verdicts: tuple[Verdict, ...]
    warning: str | None = None

    @property
    def points(self) -> float:
        """The points earned."""
        return sum(verdict.points for verdict in self.verdicts)

    @property
    def most(self) -> int:
        """The most points that can be earned."""
        return sum(verdict.most for verdict in self.verdicts)

    def text(self) -> str:
        """Return the report as text, some lines for each function."""
        lines = [verdict.text() for verdict in self.verdicts]
        lines += [] if self.warning is None else [f"warning: {self.warning}"]
        return "\n".join([*lines, f"{self.assignment}: {self.points:g} of {self.most} points"])


class Cells:
    """A student's cells, run anew for each function; those that hang or end the program are left out afterwards.

    Args:
        runner: Runs them.
        cells: Their sources, in order.
        seconds: On the clock, for all that is run of them; starting the helper process is not counted.
    """

    def __init__(self, runner: Runner, cells: Sequence[str], seconds: float = SUBMISSION_SECONDS):
        self._runner, self._cells = runner, list(cells)
        self._skip: dict[int, dict[str, Any]] = {}
        self._most = self._left = seconds
        self._took: Counter[str] = Counter()

    def call_all(self, name: str, calls: Sequence[dict[str, Any]], hidden: bool = False) -> Outcome:
        """Run the cells and the calls of one function, as `judging.judge` wants it."""
        if hidden:  # what it reports about cells is not to be remembered
            return self._run(name, calls, True)
        for _ in range(3):
            outcome = self._run(name, calls)
            ended = {n: problem for n, problem in outcome.cells.items() if problem["type"] in ("Ended", "TooLong")}
            self._skip.update(ended)
            if not any(problem["type"] == "Ended" for problem in ended.values()):
                break
        outcome.cells.update(self._skip)
        return outcome

    def _run(self, name: str, calls: Sequence[dict[str, Any]], hidden: bool = False) -> Outcome:
        """Run them in the time that is left, and keep count of it."""
        if self._left <= 0:
            return Outcome(ended="over", over=self._over())
        outcome = self._runner.run(self._cells, name, calls, sorted(self._skip), self._left, hidden)
        self._left -= outcome.seconds
        self._took.update({name: outcome.seconds} if hidden else outcome.took)  # not which part of it
        return outcome if self._left > 0 else replace(outcome, over=self._over())

    def _over(self) -> str:
        """Say that the time is over, and what took it."""
        slow = [f"{what} took {seconds:.0f} s" for what, seconds in self._took.most_common(4) if seconds >= 0.5]
        return f"the {self._most:g} s for a whole submission are over: {', '.join(slow)}"


def check(path: str | os.PathLike[str], name: str | None = None, runner: Runner | None = None) -> Report:
    """Judge the functions in a student's file by the visible checks, each in a process of its own.

    Args:
        path: A notebook or a Python file.
        name: The assignment; by default found by the functions in the file.
        runner: Runs the cells; one is started for this file by default.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is neither a notebook nor Python, there is no such assignment, or none of an assignment's
            functions is in it.
        OSError: On Windows; use the Windows Subsystem for Linux.
    """
    chosen = None if name is None else assignment(name)
    cells = cells_of(path)
    chosen = chosen or assignment_with(functions_of(cells))
    if chosen is None:
        raise ValueError(
            f"'{path}' defines no function of {', '.join(NAMES[:-1])} or {NAMES[-1]}: is it the right file?"
        )
    if runner is not None:
        return judge_cells(cells, chosen, runner)
    with Runner(modules_of(cells)) as started:
        return judge_cells(cells, chosen, started)


def judge_cells(
    cells: Sequence[str], chosen: Assignment, runner: Runner, hidden: Mapping[str, Sequence[Case]] | None = None
) -> Report:
    """Judge every function of an assignment.

    Args:
        cells: Sources, in order.
        chosen: The assignment.
        runner: Runs them.
        hidden: `{function: further cases}`.
    """
    bubblewrap.warn_once()
    student, hidden = Cells(runner, cells), hidden or {}
    verdicts = [judge(exercise, student.call_all, hidden.get(exercise.name, ())) for exercise in chosen.exercises]
    return Report(chosen.name, tuple(verdicts), bubblewrap.warning())


def modules_of(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the slow modules that the cells name, to be loaded once."""
    text = "\n".join(cells)
    names = ["numpy"]
    if "tensorflow" in text or "keras" in text or "tf." in text:
        names += ["tensorflow", "keras"]
    return (*names, *(module for module in ("matplotlib.pyplot", "scipy") if module.split(".")[0] in text))
