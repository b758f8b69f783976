"""The results of a function's calls -> its points, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from keras_apps.course.catalogue.cases import Case, Exercise
from keras_apps.course.sandbox.protocol import Outcome


def pick(value: object, number: int | None) -> tuple[object, bool]:
    """Return an item of a described value, and whether it has that item.

    Args:
        value: As `recorder.describe` describes values.
        number: Which item; the whole value where None.
    """
    if number is None:
        return value, True
    items = value.get("value") if isinstance(value, dict) and value.get("kind") == "items" else None
    if not isinstance(items, list) or not number < len(items):
        return value, False
    return items[number], True


def agrees(value: object, expected: object, tolerance: float) -> bool:
    """Return whether a described value is the expected one.

    Args:
        value: As `recorder.describe` describes values.
        expected: A number, text, None, or lists of them. A number also agrees with an array of that one number, lists
            of numbers with an array of that shape.
        tolerance: Relative, and absolute below 1.
    """
    if not isinstance(value, dict):
        return False
    kind, content = value.get("kind"), value.get("value")
    if expected is None:
        return kind == "none"
    if isinstance(expected, (bool, str)):
        return kind == ("bool" if isinstance(expected, bool) else "text") and content == expected
    array = as_array(value)
    try:
        numbers = np.asarray(expected, float)
    except (ValueError, TypeError):
        numbers = None
    if numbers is not None and array is not None:
        if numbers.size != array.size or (numbers.ndim and numbers.shape != array.shape):
            return False
        off = np.abs(array.reshape(numbers.shape) - numbers)
        return bool(np.all(off <= tolerance * np.maximum(1, np.abs(numbers))))
    if isinstance(expected, (list, tuple)) and kind == "items" and isinstance(content, list):
        return len(content) == len(expected) and all(map(agrees, content, expected, [tolerance] * len(content)))
    return False


def as_array(value: object) -> np.ndarray | None:
    """Return the numbers of a described value, or None if they are not all numbers."""
    if not isinstance(value, dict):
        return None
    kind, content = value.get("kind"), value.get("value")
    try:
        if kind == "array":
            return np.asarray(content, float).reshape(value.get("shape"))
        if kind == "items" and isinstance(content, list):
            parts = [as_array(item) for item in content]
            return None if any(part is None for part in parts) else np.asarray(parts, float)
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass
    return None


def shown(value: object) -> str:
    """Return a short text for a described value or an expected one."""
    if isinstance(value, dict) and "kind" in value:
        kind, content = str(value["kind"]), value.get("value")
        array = as_array(value)
        if array is not None:
            return _numbers(array)
        if kind == "items" and isinstance(content, list):
            return _listed(content, "()")
        return {"none": "None", "other": f"a value of type {content}"}.get(kind, repr(content)[:60])
    if isinstance(value, (list, tuple)):
        array = np.asarray(value, object).ravel()
        if any(part is None or isinstance(part, (bool, str)) for part in array):
            return _listed(value, "[]")
        try:
            return _numbers(np.asarray(value, float))
        except (ValueError, TypeError):
            return repr(value)
    return repr(value)


def _listed(items: list | tuple, brackets: str) -> str:
    """Show the items of a list; a single item in square brackets, since round ones would not show a list."""
    brackets = brackets if len(items) > 1 else "[]"
    return _short(brackets[0] + ", ".join(shown(item) for item in items[:8]) + brackets[1])


def _numbers(array: np.ndarray) -> str:
    if array.size > 12:
        return f"an array of shape {array.shape}"

    def words(part: float | list[Any]) -> str:
        return f"{part:.6g}" if isinstance(part, float) else "[" + ", ".join(map(words, part)) + "]"

    return words(array.tolist())


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:117] + "..."


CallAll = Callable[..., Outcome]
ENDED = {
    "time": "was still running when its time was over",
    "large": "wrote too much",
    "threads": "started too many threads",
    "processes": "started too many processes",
    "memory": "used too much memory",
    "files": "wrote too many files",
    "worker": "stopped the process that checks it",
}
"""How a process ended -> the words for a student."""


@dataclass(frozen=True)
class Verdict:
    """The points of one function.

    Attributes:
        name: Of the function.
        points: The points earned.
        most: The most points that can be earned.
        parts: `{part: whether it is right}`.
        messages: What is wrong, one sentence each; empty if everything is right.
        mistakes: The mistakes that were recognised, as the exercise names them.
    """

    name: str
    points: float
    most: int
    parts: dict[str, bool]
    messages: list[str] = field(default_factory=list)
    mistakes: tuple[str, ...] = ()

    @property
    def right(self) -> bool:
        """Whether it earned all points."""
        return self.points == self.most

    def text(self) -> str:
        """Return the verdict in a few lines."""
        lines = [f"{self.name}: {self.points:g} of {self.most} points"]
        if not self.right:
            parts = [f"{part} {'right' if ok else 'not yet'}" for part, ok in self.parts.items()]
            lines.append(f"  parts: {', '.join(parts)}")
        return "\n".join(lines + [f"  - {message}" for message in self.messages])


def judge(exercise: Exercise, call_all: CallAll, hidden: Sequence[Case] = ()) -> Verdict:
    """Call a student's function and judge the results.

    Args:
        exercise: What the student was asked for.
        call_all: `(name of the function, calls) -> Outcome`. It is called for the visible calls and then, with a third
            argument True, for the hidden ones: no text of a process that knows those is shown.
        hidden: Further cases; no message shows their numbers.
    """
    cases = [*exercise.cases, *hidden]
    calls = [{"given": case.given, "call": case.call, "stand_ins": list(exercise.stand_ins)} for case in cases]
    visible = len(exercise.cases)
    outcome = call_all(exercise.name, calls[:visible]).within(visible)
    if hidden and outcome.values and outcome.ended == "exited" and outcome.last is None:
        rest = call_all(exercise.name, calls[visible:], True).within(len(hidden))
        if rest.ended == "worker":  # reported as any other end of a hidden check
            rest = replace(rest, last=0)
        outcome = outcome.followed(rest, visible)
    right = [_is_right(case, outcome.values.get(number)) for number, case in enumerate(cases)]
    parts = {
        part: all(ok for ok, case in zip(right, cases, strict=True) if case.part == part) for part in exercise.parts
    }
    points = sum(points for part, points in exercise.parts.items() if parts[part])
    if all(right):
        return Verdict(exercise.name, float(points), exercise.points, parts)
    mistakes = _recognised(exercise, cases, right, outcome)
    messages = _why_not(exercise, cases, outcome, len(exercise.cases))
    messages += dict.fromkeys(exercise.mistakes[mistake] for mistake in mistakes)
    if not messages:
        messages = [_difference(exercise, cases, right, outcome)]
    messages = [_on_one_line(message) for message in messages]
    return Verdict(exercise.name, float(points), exercise.points, parts, messages, mistakes)


def _on_one_line(message: str) -> str:
    """Replace what could forge other lines of the report: line ends, codes for a terminal, surrogates."""
    return "".join(sign if sign.isprintable() else " " for sign in message)


def _is_right(case: Case, value: object) -> bool:
    item, there = pick(value, case.pick)
    return there and agrees(item, case.expected, case.tolerance)


def _recognised(exercise: Exercise, cases: Sequence[Case], right: Sequence[bool], outcome: Outcome) -> tuple[str, ...]:
    """Return the one mistake that explains every visible wrong answer, or else two that do together, or none.

    A mistake is excluded if it would have changed a case that is right. Hidden results need to be explained only if no
    visible one is wrong.
    """
    explained: dict[str, set[int]] = {}
    refuted: set[str] = set()
    for number, case in enumerate(cases):
        item, there = pick(outcome.values.get(number), case.pick)
        for mistake, value in case.mistakes.items():
            if there and not right[number] and agrees(item, value, case.tolerance):
                explained.setdefault(mistake, set()).add(number)
            elif right[number]:
                refuted.add(mistake)
    order = [mistake for mistake in exercise.mistakes if mistake in explained and mistake not in refuted]
    wrong = {number for number, ok in enumerate(right) if not ok and number in outcome.values}
    wrong = {number for number in wrong if not _is_nan(outcome.values[number])} or wrong  # 0/0 says nothing
    visible = {number for number in wrong if number < len(exercise.cases)} or wrong
    alone = [mistake for mistake in order if visible <= explained[mistake]]
    if alone:
        return (max(alone, key=lambda mistake: len(explained[mistake])),)
    pairs = [(a, b) for a in order for b in order if a != b and visible <= explained[a] | explained[b]]
    return max(pairs, key=lambda pair: len(explained[pair[0]]), default=())


def _is_nan(value: object) -> bool:
    array = as_array(value)
    return array is not None and bool(np.isnan(array).all())


def _why_not(exercise: Exercise, cases: Sequence[Case], outcome: Outcome, visible: int) -> list[str]:
    """Say why calls have no value: the function is missing, not written, raises, or was stopped."""
    name, messages = exercise.name, []
    if outcome.missing or not (outcome.values or outcome.stopped or outcome.last is not None):
        if outcome.over and not outcome.missing:
            return [f"{name} was not checked: {outcome.over}"]
        if outcome.ended == "":
            return [f"{name} could not be checked: the process that checks it did not answer"]
        if outcome.ended == "worker":
            return [f"{name} was not checked: the submission {ENDED['worker']}"]
        messages.append(f"{name} is not defined")
        for number, problem in sorted(outcome.cells.items()):
            messages.append(f"code cell {number + 1} stopped: {_problem(problem)}")
        return messages[:3]
    for number, value in sorted(outcome.values.items()):
        if number < visible and value == {"kind": "none"} and cases[number].expected is not None:
            return [f"{name} returned None; expected {exercise.returns}: is `return` there?"]
    stopped = min(outcome.stopped, default=None)
    if stopped is not None and stopped < visible:
        problem, call = outcome.stopped[stopped], cases[stopped].call
        if problem.get("type") == "NotImplementedError":
            return [f"{name} is not written yet"]
        if problem.get("line") == 0:  # not in a cell: in the check, which got something else
            messages.append(
                f"what {name} returns does not fit {call}: {_problem(problem)}; expected {exercise.returns}"
            )
        else:
            messages.append(f"{name} stopped in {call}: {_problem(problem)}")
    if outcome.last is not None and outcome.last < visible:
        messages.append(f"{name} {ENDED.get(outcome.ended, 'ended the whole program')} in {cases[outcome.last].call}")
    if any(number is not None and number >= visible for number in (*outcome.stopped, outcome.last)):
        messages.append(f"{name} stopped in a hidden check")  # no type, line or word: they could tell what it asks
    for number, value in sorted(outcome.values.items()):
        if number < visible and not pick(value, cases[number].pick)[1]:
            messages.append(f"{name} returned {shown(value)}; expected {exercise.returns}")
            break
    if outcome.over:
        messages.append(outcome.over)
    return messages


def _problem(problem: dict[str, Any]) -> str:
    kind, line = str(problem.get("type")), problem.get("line")
    where = f" (line {line} of the cell)" if isinstance(line, int) and line > 0 else ""
    text = " ".join(str(problem.get("text")).split())
    if kind in ("TooLong", "Ended"):
        return f"it {ENDED.get('time' if kind == 'TooLong' else text, 'ended the whole program')}"
    return f"{kind}: {text}{where}" if text else f"{kind}{where}"


def _difference(exercise: Exercise, cases: Sequence[Case], right: Sequence[bool], outcome: Outcome) -> str:
    """Show the first wrong result; of a hidden case only its part."""
    number = right.index(False)
    case, value = cases[number], pick(outcome.values.get(number), cases[number].pick)[0]
    if number >= len(exercise.cases):
        return f"{exercise.name} passes the visible checks, but not a hidden check of '{case.part}'"
    given = f" with {'; '.join(case.given.strip().splitlines())}" if 0 < len(case.given) < 200 else ""
    item = "" if case.pick is None else f"[{case.pick}]"
    array, shape = as_array(value), np.shape(np.asarray(case.expected))
    if array is not None and not isinstance(case.expected, (str, bool)) and array.shape != shape and array.size > 1:
        expected = exercise.returns if shape == () or len(shape) != array.ndim else f"an array of shape {shape}"
        return f"{case.call}{item}{given}: expected {expected}, received an array of shape {array.shape}"
    return f"{case.call}{item}{given}: expected {shown(case.expected)}, received {shown(value)}"
