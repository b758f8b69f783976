"""A student's cells and the calls to make -> what each call gave, from a process that cannot touch this one."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

HERE = Path(__file__).parent
PRELOADED = ("numpy", "tensorflow", "keras")
CELL_SECONDS, CALL_SECONDS, PROCESSOR_SECONDS = 4, 3, 12  # of processor time
SECONDS = 15  # on the clock, for one function
MEMORY = 2 << 30
SECONDS_TO_LOAD = 300


@dataclass(frozen=True)
class Outcome:
    """What running one function gave.

    Attributes:
        values: One for each call that gave one, `{number: value}`, as `nursery.plain` describes values.
        stopped: `{number: {"type", "text", "line"}}` for each call that raised.
        cells: The same for each cell that raised or ended the process.
        missing: Whether no cell defines the function.
        ended: How the process ended: "exited", "time", "large", or "" where it never began.
        refused: The kinds of refusal in it, keys of `guard.WORDS`.
        last: The call that ran when the process ended, or None.
    """

    values: dict[int, object] = field(default_factory=dict)
    stopped: dict[int, dict] = field(default_factory=dict)
    cells: dict[int, dict] = field(default_factory=dict)
    missing: bool = False
    ended: str = ""
    refused: tuple[str, ...] = ()
    last: int | None = None

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
            refused=tuple(dict.fromkeys((*self.refused, *other.refused))),
            last=None if other.last is None else after + other.last,
        )


class Runner:
    """Run a student's cells in children of a helper process, which loads NumPy and TensorFlow once.

    A context manager; closing it ends the helper.

    Args:
        preloaded: Modules that the helper loads.
        forbidden: Further folders that answers may not read, even inside Python's own.
        seconds: On the clock, for one function with its cells.

    Raises:
        OSError: Where processes cannot be forked: on Windows, use its Subsystem for Linux.
    """

    def __init__(
        self,
        preloaded: Sequence[str] = PRELOADED,
        forbidden: Sequence[str | os.PathLike] = (),
        seconds: float = SECONDS,
    ):
        if not hasattr(os, "fork"):
            raise OSError(
                "expected Linux or macOS to check a file with, received Windows; its Subsystem for Linux will do"
            )
        self._preloaded = tuple(preloaded)
        self._forbidden = [os.path.realpath(path) for path in (HERE.parent, *forbidden)]
        self._seconds = seconds
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """End the helper process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._process.stdout.close()
            self._process = None

    def run(self, cells: Sequence[str], name: str, calls: Sequence[dict], skip: Sequence[int] = ()) -> Outcome:
        """Run the cells and then the calls of one function in a new process.

        Args:
            cells: Sources, in the notebook's order.
            name: The function that the calls are about.
            calls: `{"given": lines, "call": expression}` each.
            skip: Numbers of cells that are left out.
        """
        with tempfile.TemporaryDirectory(prefix="keras-apps-") as scratch:
            request = {
                "cells": list(cells),
                "name": name,
                "calls": list(calls),
                "skip": list(skip),
                "scratch": os.path.realpath(scratch),
                "forbidden": self._forbidden,
                "cell_seconds": CELL_SECONDS,
                "call_seconds": CALL_SECONDS,
                "processor_seconds": PROCESSOR_SECONDS,
                "seconds": self._seconds,
                "memory": MEMORY,
            }
            answer = self._ask(request)
            _make_removable(scratch)
        return _outcome(answer)

    def _ask(self, request: dict) -> dict:
        for _ in range(2):
            process = self._started()
            with contextlib.suppress(OSError, ValueError):
                process.stdin.write(json.dumps(request).encode() + b"\n")
                process.stdin.flush()
                return json.loads(_line(process, self._seconds + 60))
            self.close()
        return {"ended": "", "told": ""}

    def _started(self) -> subprocess.Popen:
        if self._process is None or self._process.poll() is not None:
            self.close()
            kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV")
            settings = {"TF_CPP_MIN_LOG_LEVEL": "3", "MPLBACKEND": "Agg", "CUDA_VISIBLE_DEVICES": "-1"}
            environment = {name: os.environ[name] for name in kept if name in os.environ} | settings
            self._process = subprocess.Popen(
                [sys.executable, "-B", str(HERE / "nursery.py"), *self._preloaded],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                cwd=os.path.abspath(os.sep),
                start_new_session=True,
                bufsize=0,
            )
            _line(self._process, SECONDS_TO_LOAD)
        return self._process


def _line(process: subprocess.Popen, seconds: float) -> bytes:
    """Read one line; OSError where none comes in time."""
    data, end = b"", time.monotonic() + seconds
    while not data.endswith(b"\n"):
        if not select.select([process.stdout], [], [], max(0, end - time.monotonic()))[0]:
            raise OSError("expected an answer of the helper process, received none in time")
        part = os.read(process.stdout.fileno(), 1 << 16)
        if not part:
            raise OSError("expected an answer of the helper process, received its end")
        data += part
    return data


def _make_removable(folder: str) -> None:
    """Give back rights that an answer took from its own folder."""
    for path, _, _ in os.walk(folder):
        with contextlib.suppress(OSError):
            os.chmod(path, 0o700)


def _outcome(answer: dict) -> Outcome:
    """Read what a child told. Its process ran a student's code, so that every line is doubted."""
    values, stopped, cells, refused, missing, at = {}, {}, {}, [], False, {}
    for line in answer["told"].splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not isinstance(event, dict):
            continue
        missing = missing or event.get("missing") is True
        if event.get("refused") in ("network", "process", "file", "memory", "package"):
            refused.append(event["refused"])
        for kind, problems in (("cell", cells), ("call", stopped)):
            number = event.get(kind)
            if not isinstance(number, int):
                continue
            at = {kind: number}
            problem = event.get("stopped")
            if isinstance(problem, dict):
                problems.setdefault(number, {key: problem.get(key) for key in ("type", "text", "line")})
                at = {}
            elif "value" in event and kind == "call":
                values.setdefault(number, event["value"])
                at = {}
    if "cell" in at and not missing:
        cells.setdefault(at["cell"], {"type": "Ended", "text": answer["ended"], "line": 0})
    last = at.get("call")
    return Outcome(values, stopped, cells, missing, answer["ended"], tuple(dict.fromkeys(refused)), last)
