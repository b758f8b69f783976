"""The bank of submissions: the model answers from the assignments' scripts, edits of them, and a sample of the bank."""

import atexit
import functools
import re
from collections.abc import Collection, Iterable
from pathlib import Path

import pytest

import keras_apps
from keras_apps.course import Case, assignment, assignments
from keras_apps.course.sandbox import bubblewrap
from keras_apps.course.sandbox.runner import PRELOADED, SECONDS, Runner

PACKAGE = Path(keras_apps.__file__).parent
SCRIPTS = PACKAGE.parent / "notebooks" / "assignments" / "scripts"
HEADER = re.compile(r'^# %%(?: course="(\w+):(\w+)")?(?: \[(markdown)\])?\n', re.MULTILINE)
SOLUTION = re.compile(r"### BEGIN SOLUTION.*?### END SOLUTION", re.DOTALL)
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS", re.DOTALL)


@functools.cache
def shared_runner(*preloaded: str, seconds: float = SECONDS) -> Runner:
    """Return one runner for all tests, since its helpers take seconds to load TensorFlow."""
    runner = Runner(preloaded or PRELOADED, seconds=seconds)
    atexit.register(runner.close)
    return runner


needs_isolation = pytest.mark.skipif(
    bubblewrap.problem() is not None, reason=f"needs isolation: {bubblewrap.problem()}"
)


def sample(names: Iterable, ordinary: Collection, isolated: Collection = ()) -> list:
    """Return parameters for a test: slow those that are not in the ordinary tier, skipped those that need isolation.

    Args:
        names: All rows of the bank; a tuple's first two items, or the text, name the row.
        ordinary: The names that the ordinary tier runs.
        isolated: The names that need isolation.
    """
    parameters = []
    for row in names:
        name = row[:2] if isinstance(row, tuple) else row
        marks = [] if name in ordinary else [pytest.mark.slow]
        marks += [needs_isolation] if name in isolated else []
        values = row if isinstance(row, tuple) else (row,)
        parameters.append(pytest.param(*values, marks=marks, id="-".join(name) if isinstance(row, tuple) else name))
    return parameters


class Script:
    """One assignment's script: its given cells, model answers and hidden cases."""

    def __init__(self, name: str):
        parts = HEADER.split((SCRIPTS / f"{name}.py").read_text(encoding="utf-8"))[1:]
        cells = list(zip(parts[::4], parts[1::4], parts[2::4], parts[3::4], strict=True))
        self.assignment = assignment(name)
        self.given = [text for kind, label, _, text in cells if kind == "locked" and label != "find_keras_apps"]
        self.answers = {label: text for kind, label, _, text in cells if kind == "solution"}
        self.hidden = {label: self._cases(text) for kind, label, _, text in cells if kind == "tests"}
        self.empty = {label: SOLUTION.sub("raise NotImplementedError()", text) for label, text in self.answers.items()}

    @staticmethod
    def _cases(text: str) -> tuple[Case, ...]:
        names: dict = {}
        exec(HIDDEN.search(text).group(1), names)
        return names["hidden"]

    def cells(self, answers: dict[str, str] | None = None, extra: tuple[str, ...] = ()) -> list[str]:
        """Return a submission's cells: the given ones, then the answers, the model's where none is given."""
        return [*self.given, *(self.answers | (answers or {})).values(), *extra]

    def edited(self, function: str, old: str, new: str) -> str:
        """Return the model answer with a text replaced, which must be in it."""
        assert old in self.answers[function], (function, old)
        return self.answers[function].replace(old, new)


BANK = {name: Script(name) for name in assignments()}


def script_of(function: str) -> Script:
    """Return the script that asks for a function."""
    return next(script for script in BANK.values() if function in script.answers)
