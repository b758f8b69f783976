"""The bank of submissions: the model answers out of the assignments' scripts, and edits of them."""

import re
from pathlib import Path

import keras_apps
from keras_apps.course import Case, assignment, assignments

PACKAGE = Path(keras_apps.__file__).parent
SCRIPTS = PACKAGE.parent / "notebooks" / "assignments" / "scripts"
HEADER = re.compile(r'^# %%(?: course="(\w+):(\w+)")?(?: \[(markdown)\])?\n', re.MULTILINE)
SOLUTION = re.compile(r"### BEGIN SOLUTION.*?### END SOLUTION", re.DOTALL)
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n(.*?)### END HIDDEN TESTS", re.DOTALL)


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
