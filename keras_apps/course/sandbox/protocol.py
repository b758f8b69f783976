"""The lines that a child process wrote -> the result of each call. A student's code ran there: no line is trusted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

MOST_DEEP, MOST_TEXT, MOST_LINES, MOST_NUMBER = 20, 300, 10_000, 10**6


@dataclass(frozen=True)
class Outcome:
    """The result of running one function.

    Attributes:
        values: What the check computed from the results of each call, `{number: value}`, as `recorder.describe`
            describes values.
        stopped: `{number: {"type", "text", "line"}}` for each call that raised.
        cells: The same for each cell that raised or ended the process.
        missing: Whether no cell defines the function.
        ended: How the process ended: "exited", "time", "large", "processes", "threads", "memory", "files", "worker" if
            it stopped the helper process, "over" if it was not started, or "" if the check of its results failed.
        last: The call that ran when the process ended, or None.
        seconds: On the clock, that it took.
        took: `{"code cell 3": seconds, function: seconds}` of these.
        over: Why nothing more is run for this submission, in words; empty while its time is not over.
        answers: For each call that ended, `{number: record}`, as `recorder.recorder` writes it.
    """

    values: dict[int, Any] = field(default_factory=dict)
    stopped: dict[int, dict[str, Any]] = field(default_factory=dict)
    cells: dict[int, dict[str, Any]] = field(default_factory=dict)
    missing: bool = False
    ended: str = ""
    last: int | None = None
    seconds: float = 0.0
    took: dict[str, float] = field(default_factory=dict)
    over: str = ""
    answers: dict[int, list[Any]] = field(default_factory=dict)

    def within(self, calls: int) -> Outcome:
        """Leave out calls that were never asked for."""
        asked = range(calls)
        values = {number: value for number, value in self.values.items() if number in asked}
        stopped = {number: problem for number, problem in self.stopped.items() if number in asked}
        return replace(self, values=values, stopped=stopped, last=self.last if self.last in asked else None)

    def followed(self, other: Outcome, after: int) -> Outcome:
        """Add the calls of another process, numbered from `after`; nothing else of it is kept."""
        return replace(
            self,
            values=self.values | {after + number: value for number, value in other.values.items()},
            stopped=self.stopped | {after + number: problem for number, problem in other.stopped.items()},
            ended=other.ended,
            last=None if other.last is None else after + other.last,
            over=other.over,
        )

    def with_checks(self, other: Outcome, numbers: Sequence[int]) -> Outcome:
        """Add what a process without the student's code computed from the results of the calls of these numbers."""
        values = {numbers[n]: value for n, value in other.values.items() if n < len(numbers)}
        stopped = {numbers[n]: problem for n, problem in other.stopped.items() if n < len(numbers)}
        done = other.ended == "exited" and other.last is None
        ended, seconds = self.ended if done else "", self.seconds + other.seconds
        return replace(self, values=values, stopped=stopped | self.stopped, ended=ended, seconds=seconds)


def outcome_of(answer: dict[str, Any], name: str) -> Outcome:
    """Read what a child wrote.

    Args:
        answer: As `processes.run_in_child` returns it, with "seconds", what it took on our clock.
        name: Of the function that its calls are about.
    """
    values: dict[int, Any] = {}
    answers: dict[int, list[Any]] = {}
    stopped: dict[int, dict[str, Any]] = {}
    cells: dict[int, dict[str, Any]] = {}
    took: dict[str, float] = {}
    missing, running, part, since = False, dict[str, int](), "", 0.0
    lines = [line for line in answer["written"].split("\n") if line]
    for line in lines[:MOST_LINES]:
        event = _event(line)
        missing = missing or event.get("missing") is True
        now = event.get("at")
        if isinstance(now, float) and since <= now <= answer["seconds"]:
            took[part] = took.get(part, 0.0) + now - since
            since = now
        for kind, problems in (("cell", cells), ("call", stopped)):
            number = event.get(kind)
            if type(number) is not int or not 0 <= number < MOST_NUMBER:
                continue
            running, part = {kind: number}, name if kind == "call" else f"code cell {number + 1}"
            problem = event.get("stopped")
            if isinstance(problem, dict):
                problems.setdefault(number, {key: _short(problem.get(key)) for key in ("type", "text", "line")})
                running = {}
            elif "value" in event and kind == "call":
                values.setdefault(number, event["value"])
                running = {}
            elif isinstance(event.get("answers"), list) and kind == "call":
                answers.setdefault(number, event["answers"])
                running = {}
    took[part] = took.get(part, 0.0) + answer["seconds"] - since
    if "cell" in running and not missing:
        cells.setdefault(running["cell"], {"type": "Ended", "text": answer["ended"], "line": 0})
    return Outcome(
        values=values,
        stopped=stopped,
        cells=cells,
        missing=missing,
        ended=answer["ended"],
        last=running.get("call"),
        seconds=answer["seconds"],
        took={part: seconds for part, seconds in took.items() if part},
        answers=answers,
    )


def _event(line: str) -> dict[str, Any]:
    """Return a line as a dictionary; an empty one if it is not a dictionary, or nested too deeply to read on."""
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
    """Return the beginning of a text, or a line number; everything else becomes a text."""
    if type(value) is int and abs(value) < MOST_NUMBER:
        return value
    if isinstance(value, str):
        return value[:MOST_TEXT]
    return "a number" if isinstance(value, int) else repr(value)[:MOST_TEXT]
