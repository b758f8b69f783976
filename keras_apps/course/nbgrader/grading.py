"""The line under each exercise: `grade` judges the function above it.

In a student's notebook it calls the function there; for nbgrader it runs the student's cells in another process.

`preprocessors` calls `register` in the clean kernel that grades; in a student's kernel nothing is registered.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_apps.course.catalogue.cases import Case
from keras_apps.course.catalogue.registry import exercise
from keras_apps.course.checking import Cells, modules_of
from keras_apps.course.judging import judge
from keras_apps.course.sandbox.protocol import Outcome
from keras_apps.course.sandbox.recorder import describe, evaluate, recorder
from keras_apps.course.sandbox.runner import Runner
from keras_apps.course.sandbox.worker import describe_error

_registered: list[Cells] = []


def grade(name: str, hidden: Sequence[Case] = ()) -> float:
    """Judge one function, print what is wrong, and return its points.

    Args:
        name: Of the function.
        hidden: Further cases; empty in a student's notebook.

    Raises:
        ValueError: If no assignment asks for the function.
    """
    asked = exercise(name)
    verdict = judge(asked, _registered[0].call_all if _registered else _call_here, hidden)
    print(verdict.text() + ("" if not verdict.right or _registered else " by the visible checks"))
    return verdict.points


def register(file: str, course: Sequence[str] = ()) -> None:
    """Let `grade` run a student's cells in a process of their own from now on.

    Args:
        file: JSON, a list of sources.
        course: Files and folders of the course, which the cells must not see.
    """
    cells = json.loads(Path(file).read_text(encoding="utf-8"))
    _registered[:] = [Cells(Runner(modules_of(cells), course), cells)]


def _call_here(name: str, calls: Sequence[dict[str, Any]], hidden: bool = False) -> Outcome:
    """Call the function in the notebook it was written in, and put back the names that a call replaces."""
    names = vars(sys.modules["__main__"])
    outcome = Outcome(ended="exited", missing=name not in names)
    for number, call in enumerate(() if outcome.missing else calls):
        before = dict(names)
        try:
            outcome.values[number] = describe(evaluate(call, name, recorder(names[name], []), names))
        except Exception as error:
            outcome.stopped[number] = describe_error(error)
        finally:
            for added in set(names) - set(before):
                del names[added]
            names.update(before)
    return outcome
