"""Assignments, their exercises, and the cases that check them, with results worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """One call of a student's function, and the value that it must give.

    Attributes:
        part: The part of the exercise that it checks.
        call: An expression.
        expected: A number, text, None, or lists of them; an array as nested lists.
        given: Lines that are run before the call, in a namespace of their own.
        mistakes: `{mistake: the value it would give}`, for each mistake that gives another value than `expected`.
        pick: The index of the item that is compared, if the call gives several; None for the whole value.
        tolerance: Relative, and absolute below 1.
    """

    part: str
    call: str
    expected: object
    given: str = ""
    mistakes: Mapping[str, object] = field(default_factory=dict)
    pick: int | None = None
    tolerance: float = 1e-4


@dataclass(frozen=True)
class Exercise:
    """One function to write.

    Attributes:
        name: Of the function.
        parts: `{part: points}`. A part earns its points if all of its cases are right, the hidden ones too.
        cases: The visible cases; each part has at least one.
        mistakes: `{mistake: message for the student}`, the most likely first.
        returns: What the function returns, in words.
        stand_ins: Names of the notebook that the cases replace, so that a mistake in them costs no points here.
    """

    name: str
    parts: Mapping[str, int]
    cases: Sequence[Case]
    mistakes: Mapping[str, str]
    returns: str
    stand_ins: Sequence[str] = ()

    @property
    def points(self) -> int:
        """The points of all parts together."""
        return sum(self.parts.values())


@dataclass(frozen=True)
class Assignment:
    """A notebook of exercises.

    Attributes:
        name: Of the assignment, and of its notebook.
        exercises: In the notebook's order.
    """

    name: str
    exercises: Sequence[Exercise]

    @property
    def points(self) -> int:
        """The points of all exercises together."""
        return sum(exercise.points for exercise in self.exercises)
