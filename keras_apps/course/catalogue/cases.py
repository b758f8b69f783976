"""What an assignment asks -> the calls that show whether it is done, with hand-worked answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Case:
    """One call of a student's function, and what it must give.

    Attributes:
        part: The part of the exercise that it shows.
        call: An expression.
        expected: A number, text, None, or lists of them; an array as nested lists.
        given: Lines that are run before, among names of their own.
        mistakes: `{mistake: the value it would give}`, for each mistake that gives another value than `expected`.
        pick: Which item of what the call gives is looked at; all of it where None.
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
        parts: `{part: points}`. A part's points are given when all of its cases are right, the hidden ones too.
        cases: The visible ones; each part has one or more.
        mistakes: `{mistake: what to tell}`, the likeliest first.
        returns: What the function returns, in words.
        stand_ins: Names of the notebook that cases put others in the place of, so that a mistake there costs nothing.
    """

    name: str
    parts: Mapping[str, int]
    cases: Sequence[Case]
    mistakes: Mapping[str, str]
    returns: str
    stand_ins: Sequence[str] = ()

    @property
    def points(self) -> int:
        """Of all parts."""
        return sum(self.parts.values())


@dataclass(frozen=True)
class Assignment:
    """A notebook of exercises.

    Attributes:
        name: Of the notebook and of the assignment for nbgrader.
        exercises: In the notebook's order.
    """

    name: str
    exercises: Sequence[Exercise]

    @property
    def points(self) -> int:
        """Of all exercises."""
        return sum(exercise.points for exercise in self.exercises)
