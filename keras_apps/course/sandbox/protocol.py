"""The lines that a child process told -> what came of each call. A student's code ran there: every line is doubted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from keras_apps.course.sandbox.guard import WORDS

LAYERS = ("files", "processes", "signals", "sockets")
MOST_DEEP, MOST_TEXT, MOST_LINES, MOST_NUMBER = 20, 300, 10_000, 10**6


@dataclass(frozen=True)
class Outcome:
    """What running one function gave.

    Attributes:
        values: What the check made of the answers of each call, `{number: value}`, as `calling.plain` describes values.
        stopped: `{number: {"type", "text", "line"}}` for each call that raised.
        cells: The same for each cell that raised or ended the process.
        missing: Whether no cell defines the function.
        ended: How the process ended: "exited", "time", "large", or "" where it never began.
        refused: The kinds of refusal in it, keys of `guard.WORDS`.
        last: The call that ran when the process ended, or None.
        seconds: On the clock, that it took.
        took: `{"code cell 3": seconds, function: seconds}` of these.
        over: Why nothing more is run for this submission, in words; empty while its time is not over.
        layers: What the kernel refuses in it: "files", "processes", "signals", "sockets".
        answers: Of each call that ended, `{number: record}`, as `calling.recorder` writes it.
    """

    values: dict[int, object] = field(default_factory=dict)
    stopped: dict[int, dict] = field(default_factory=dict)
    cells: dict[int, dict] = field(default_factory=dict)
    missing: bool = False
    ended: str = ""
    refused: tuple[str, ...] = ()
    last: int | None = None
    seconds: float = 0.0
    took: dict[str, float] = field(default_factory=dict)
    over: str = ""
    layers: tuple[str, ...] = ()
    answers: dict[int, list] = field(default_factory=dict)

    def within(self, calls: int) -> Outcome:
        """Leave out what was told of calls that were never asked for."""
        asked = range(calls)
        values = {number: value for number, value in self.values.items() if number in asked}
        stopped = {number: problem for number, problem in self.stopped.items() if number in asked}
        return replace(self, values=values, stopped=stopped, last=self.last if self.last in asked else None)

    def followed(self, other: Outcome, after: int) -> Outcome:
        """Add the calls of another process, numbered from `after`; nothing else that it told is kept."""
        return replace(
            self,
            values=self.values | {after + number: value for number, value in other.values.items()},
            stopped=self.stopped | {after + number: problem for number, problem in other.stopped.items()},
            ended=other.ended,
            last=None if other.last is None else after + other.last,
            over=other.over,
        )

    def worked_out(self, other: Outcome, numbers: Sequence[int]) -> Outcome:
        """Add what a process without the student's code made of the answers to the calls of these numbers."""
        values = {numbers[n]: value for n, value in other.values.items() if n < len(numbers)}
        stopped = {numbers[n]: problem for n, problem in other.stopped.items() if n < len(numbers)}
        done = other.ended == "exited" and other.last is None
        ended, seconds = self.ended if done else "", self.seconds + other.seconds
        return replace(self, values=values, stopped=stopped | self.stopped, ended=ended, seconds=seconds)


def outcome_of(answer: dict, name: str) -> Outcome:
    """Read what a child told.

    Args:
        answer: As `offspring.watched` returns it, with "seconds", what it took on our clock.
        name: Of the function that its calls are about.
    """
    values, answers, stopped, cells, took, refused, layers = {}, {}, {}, {}, {}, [], ()
    missing, at, part, since = False, {}, "", 0.0
    lines = [line for line in answer["told"].split("\n") if line]
    for position, line in enumerate(lines[:MOST_LINES]):
        event = _event(line)
        missing = missing or event.get("missing") is True
        if position == 0:  # before any line of the student's
            layers = tuple(layer for layer in LAYERS if layer in (event.get("layers") or ()))
        if event.get("refused") in tuple(WORDS):
            refused.append(event["refused"])
        now = event.get("at")
        if isinstance(now, float) and since <= now <= answer["seconds"]:
            took[part] = took.get(part, 0.0) + now - since
            since = now
        for kind, problems in (("cell", cells), ("call", stopped)):
            number = event.get(kind)
            if type(number) is not int or not 0 <= number < MOST_NUMBER:
                continue
            at, part = {kind: number}, name if kind == "call" else f"code cell {number + 1}"
            problem = event.get("stopped")
            if isinstance(problem, dict):
                problems.setdefault(number, {key: _short(problem.get(key)) for key in ("type", "text", "line")})
                at = {}
            elif "value" in event and kind == "call":
                values.setdefault(number, event["value"])
                at = {}
            elif isinstance(event.get("answers"), list) and kind == "call":
                answers.setdefault(number, event["answers"])
                at = {}
    took[part] = took.get(part, 0.0) + answer["seconds"] - since
    if "cell" in at and not missing:
        cells.setdefault(at["cell"], {"type": "Ended", "text": answer["ended"], "line": 0})
    return Outcome(
        values,
        stopped,
        cells,
        missing,
        answer["ended"],
        tuple(dict.fromkeys(refused)),
        at.get("call"),
        answer["seconds"],
        {part: seconds for part, seconds in took.items() if part},
        layers=layers,
        answers=answers,
    )


def _event(line: str) -> dict:
    """Return a line as a dictionary, empty where it is none or one that would take a reader to his limits."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    level, depth = [event], 0
    while level and depth <= MOST_DEEP:
        parts = [part.values() if isinstance(part, dict) else part for part in level if isinstance(part, (dict, list))]
        level, depth = [item for part in parts for item in part], depth + 1
    if not isinstance(event, dict) or depth > MOST_DEEP:
        return {}
    value = event.get("value")
    if isinstance(value, dict) and value.get("kind") == "other":
        value["value"] = _short(value.get("value"))
    return event


def _short(value: object) -> object:
    """Return a text's beginning, or a number of a line; whatever else it is becomes a text."""
    if type(value) is int and abs(value) < MOST_NUMBER:
        return value
    return (
        value[:MOST_TEXT]
        if isinstance(value, str)
        else "a number"
        if isinstance(value, int)
        else repr(value)[:MOST_TEXT]
    )
