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

from keras_apps.course.catalogue.cases import Assignment, Case
from keras_apps.course.catalogue.registry import NAMES, assignment, assignment_with
from keras_apps.course.judging import Verdict, judge
from keras_apps.course.sandbox.protocol import Outcome
from keras_apps.course.sandbox.runner import Runner

MOST_BYTES = 50 << 20
HEADER = re.compile(r"^# %%(.*)$", re.MULTILINE)
"""What begins a cell of a Python file, with its title and kind; the rest of its line is no code."""


def cells_of(path: str | os.PathLike) -> list[str]:
    """Read the code cells of a notebook, or a Python file as one cell for each `# %%`, text cells left out.

    Args:
        path: `.ipynb`, `.py`.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is neither a notebook nor Python.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        raise ValueError(f"expected a notebook or a Python file, received '{path}', which is no file")
    if not path.exists():
        raise FileNotFoundError(f"expected a notebook or a Python file, received '{path}', which does not exist")
    if path.suffix.lower() not in (".ipynb", ".py"):
        raise ValueError(f"expected a notebook (.ipynb) or a Python file (.py), received '{path}'")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"expected a file of up to {MOST_BYTES >> 20} MB, received '{path}': clear its outputs first")
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows writes a mark before the first letter
    except UnicodeDecodeError:
        raise ValueError(f"expected text in UTF-8, received '{path}'") from None
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
        raise ValueError(
            f"expected a notebook in format 3 or 4, received '{path}', which cannot be read as one"
        ) from None


def functions_of(cells: list[str]) -> set[str]:
    """Return the names of the functions that cells define, without running them."""
    found = set()
    for cell in cells:
        try:
            tree = ast.parse(cell)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            found |= {line[4:].split("(")[0].strip() for line in cell.splitlines() if line.startswith("def ")}
            continue
        found |= {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
        named = [node.targets for node in ast.walk(tree) if isinstance(node, ast.Assign)]
        found |= {target.id for targets in named for target in targets if isinstance(target, ast.Name)}
    return found


SUBMISSION_SECONDS = 35  # on the clock, for all cells and functions of a submission together


@dataclass(frozen=True)
class Report:
    """What a file earned.

    Attributes:
        assignment: Its name.
        verdicts: One for each function.
    """

    assignment: str
    verdicts: tuple[Verdict, ...]

    @property
    def points(self) -> float:
        """Earned."""
        return sum(verdict.points for verdict in self.verdicts)

    @property
    def most(self) -> int:
        """What there was to earn."""
        return sum(verdict.most for verdict in self.verdicts)

    def text(self) -> str:
        """The report, some lines for each function."""
        lines = [verdict.text() for verdict in self.verdicts]
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
        self._skip: dict[int, dict] = {}
        self._most = self._left = seconds
        self._took: Counter[str] = Counter()

    def call_all(self, name: str, calls: Sequence[dict], hidden: bool = False) -> Outcome:
        """Run the cells and the calls of one function, as `judging.judge` wants it."""
        if hidden:  # what it tells of cells is not to be remembered
            return self._run(name, calls, True)
        for _ in range(3):
            outcome = self._run(name, calls)
            ended = {n: problem for n, problem in outcome.cells.items() if problem["type"] in ("Ended", "TooLong")}
            self._skip.update(ended)
            if not any(problem["type"] == "Ended" for problem in ended.values()):
                break
        outcome.cells.update(self._skip)
        return outcome

    def _run(self, name: str, calls: Sequence[dict], hidden: bool = False) -> Outcome:
        """Run them in the time that is left, and keep count of it."""
        if self._left <= 0:
            return Outcome(ended="over", over=self._over())
        outcome = self._runner.run(self._cells, name, calls, sorted(self._skip), self._left)
        self._left -= outcome.seconds
        self._took.update({name: outcome.seconds} if hidden else outcome.took)  # what it tells is not to be told
        return outcome if self._left > 0 else replace(outcome, over=self._over())

    def _over(self) -> str:
        """Tell what took the time."""
        long = [f"{what} took {seconds:.0f} s" for what, seconds in self._took.most_common(4) if seconds >= 0.5]
        return f"the {self._most:g} s for a whole submission are over: {', '.join(long)}"


def check(path: str | os.PathLike, name: str | None = None, runner: Runner | None = None) -> Report:
    """Judge the functions in a student's file by the visible checks, each in a process of its own.

    Args:
        path: A notebook or a Python file.
        name: The assignment; by default found by the functions in the file.
        runner: Runs the cells; one is started for this file by default.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is neither a notebook nor Python, there is no such assignment, or none of an assignment's
            functions is in it.
        OSError: On Windows, outside its Subsystem for Linux.
    """
    chosen = None if name is None else assignment(name)
    cells = cells_of(path)
    chosen = chosen or assignment_with(functions_of(cells))
    if chosen is None:
        raise ValueError(f"expected the functions of {', '.join(NAMES[:-1])} or {NAMES[-1]}, received none in '{path}'")
    if runner is not None:
        return judge_cells(cells, chosen, runner)
    with Runner(modules_of(cells)) as own:
        return judge_cells(cells, chosen, own)


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
    student, hidden = Cells(runner, cells), hidden or {}
    verdicts = [judge(exercise, student.call_all, hidden.get(exercise.name, ())) for exercise in chosen.exercises]
    return Report(chosen.name, tuple(verdicts))


def modules_of(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the slow modules that the cells name, to be loaded once."""
    text = "\n".join(cells)
    names = ["numpy"]
    if "tensorflow" in text or "keras" in text or "tf." in text:
        names += ["tensorflow", "keras"]
    return (*names, *(module for module in ("matplotlib.pyplot", "scipy") if module.split(".")[0] in text))
