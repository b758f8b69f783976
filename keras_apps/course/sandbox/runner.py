"""A student's cells and the calls to make -> the result of each call, from a process that cannot touch this one."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from keras_apps.course.sandbox import bubblewrap
from keras_apps.course.sandbox.limits import threads_of_user
from keras_apps.course.sandbox.processes import MOST_THREADS
from keras_apps.course.sandbox.protocol import Outcome, outcome_of

HERE = Path(__file__).parent
PRELOADED = ("numpy", "tensorflow", "keras")
CELL_SECONDS, CALL_SECONDS, PROCESSOR_SECONDS = 4, 3, 12  # of processor time
SECONDS = 15  # on the clock, for one function
MEMORY = 2 << 30
SECONDS_TO_LOAD, SECONDS_TO_ANSWER = 300, 15


class Worker:
    """The helper process, which runs requests in children of its own.

    Args:
        preloaded: Modules that it loads.
        hidden: Files and folders that it must not see.
    """

    def __init__(self, preloaded: Sequence[str], hidden: Sequence[str]):
        isolated = bubblewrap.problem() is None
        names = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "VIRTUAL_ENV")
        environment = {name: os.environ[name] for name in names if name in os.environ}
        settings = {name: bubblewrap.ENVIRONMENT[name] for name in ("TF_CPP_MIN_LOG_LEVEL", "MPLBACKEND")}
        file = f"{bubblewrap.CHECKER}/worker.py" if isolated else str(HERE / "worker.py")
        wrapper = bubblewrap.command(hidden) if isolated else []
        self.process = subprocess.Popen(
            [*wrapper, sys.executable, "-B", file, *preloaded],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment | settings | {"CUDA_VISIBLE_DEVICES": "-1"},
            cwd=os.path.abspath(os.sep),
            start_new_session=True,
            bufsize=0,
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self._requests: IO[bytes] = self.process.stdin
        self._answers: IO[bytes] = self.process.stdout
        with contextlib.suppress(OSError):  # `ask` finds a worker that did not start
            self._line(SECONDS_TO_LOAD)

    def send(self, request: dict[str, Any]) -> None:
        """Send a request; OSError if the worker has ended."""
        data = json.dumps(request).encode() + b"\n"
        while data:
            data = data[self._requests.write(data) :]

    def answer(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Wait for the answer to a request; return None if the worker ends or does not answer it."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            answer: dict[str, Any] = json.loads(self._line(request["seconds"] + SECONDS_TO_ANSWER))
            if answer.pop("id") == request["id"]:
                return answer
        return None

    def _line(self, seconds: float) -> bytes:
        """Read one line; OSError if none comes in time."""
        data, end = b"", time.monotonic() + seconds
        while not data.endswith(b"\n"):
            if not select.select([self._answers], [], [], max(0, end - time.monotonic()))[0]:
                raise OSError("the helper process did not answer in time")
            part = os.read(self._answers.fileno(), 1 << 16)
            if not part:
                raise OSError("the helper process ended")
            data += part
        return data

    def close(self) -> None:
        """End the process; it ends its children."""
        with contextlib.suppress(OSError):
            self._requests.close()
        try:
            self.process.wait(2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._answers.close()


class Runner:
    """Run a student's cells in children of helper processes, each of which loads NumPy and TensorFlow once.

    One helper runs the visible checks, another the hidden ones, so that nothing that a submission leaves behind during
    the hidden checks can be found during the visible ones. A context manager; closing it ends the helpers.

    Args:
        preloaded: Modules that the helpers load.
        hidden: Further files and folders that submissions must not see, even inside Python's own folders.
        seconds: On the clock, for one function with its cells.

    Raises:
        OSError: On Windows, where processes cannot be forked: use its Subsystem for Linux.
    """

    def __init__(
        self,
        preloaded: Sequence[str] = PRELOADED,
        hidden: Sequence[str | os.PathLike[str]] = (),
        seconds: float = SECONDS,
    ):
        if not hasattr(os, "fork"):
            raise OSError("checking a file needs Linux or macOS; on Windows, use the Windows Subsystem for Linux")
        self._preloaded = tuple(preloaded)
        self._hidden = [os.path.realpath(path) for path in (HERE.parent.parent, *hidden)]
        self._seconds = seconds
        self._workers: dict[bool, Worker] = {}

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the helper processes."""
        while self._workers:
            self._workers.popitem()[1].close()

    def run(
        self,
        cells: Sequence[str],
        name: str,
        calls: Sequence[dict[str, Any]],
        skip: Sequence[int] = (),
        seconds: float = SECONDS,
        hidden: bool = False,
    ) -> Outcome:
        """Run the cells and then the calls of one function in a new process, and the checks of them in another.

        Args:
            cells: Sources, in the notebook's order.
            name: The function that the calls are about.
            calls: `{"given": lines, "call": expression, "stand_ins": names}` each, as `recorder.evaluate` wants them.
            skip: Numbers of cells that are left out.
            seconds: On the clock, at most; never more than the runner's own.
            hidden: Whether these are hidden checks.
        """
        seconds = min(self._seconds, seconds)
        request = {"cells": list(cells), "calls": list(calls), "skip": list(skip)}
        outcome = self._run(request, name, seconds, hidden)
        numbers = [number for number in sorted(outcome.answers) if number in range(len(calls))]
        if not numbers:
            return replace(outcome, values={})
        records = [outcome.answers[number] for number in numbers]
        check = {"cells": [], "skip": [], "calls": [calls[number] for number in numbers], "answers": records}
        return outcome.with_checks(self._run(check, name, self._seconds, hidden), numbers)

    def _run(self, request: dict[str, Any], name: str, seconds: float, hidden: bool) -> Outcome:
        isolated = bubblewrap.problem() is None
        folder = contextlib.nullcontext("") if isolated else tempfile.TemporaryDirectory(prefix="keras-apps-")
        with folder as scratch:
            request = request | {
                "id": secrets.token_hex(),
                "name": name,
                "scratch": bubblewrap.SCRATCH if isolated else os.path.realpath(scratch),
                "cell_seconds": CELL_SECONDS,
                "call_seconds": CALL_SECONDS,
                "processor_seconds": PROCESSOR_SECONDS,
                "seconds": seconds,
                "memory": MEMORY,
                "threads": threads_of_user() + MOST_THREADS,
            }
            answer = self._ask(request, hidden)
        return outcome_of(answer, name)

    def _ask(self, request: dict[str, Any], hidden: bool) -> dict[str, Any]:
        worker = self.worker(hidden)
        began = time.monotonic()  # loading TensorFlow is not the student's time
        try:
            worker.send(request)
        except OSError:  # it ended since the last request
            worker = self.worker(hidden, anew=True)
            began = time.monotonic()
            with contextlib.suppress(OSError):
                worker.send(request)
        answer = worker.answer(request)
        seconds = time.monotonic() - began
        if answer is None:  # the submission stopped the helper process, or wrote in its place
            self._workers.pop(hidden).close()
            answer = {"ended": "worker", "written": ""}
        return answer | {"seconds": seconds}

    def worker(self, hidden: bool = False, anew: bool = False) -> Worker:
        """Return the helper process of the visible or the hidden checks; start it if it does not run."""
        worker = self._workers.get(hidden)
        if worker is not None and (anew or worker.process.poll() is not None):
            worker.close()
            worker = None
        if worker is None:
            worker = self._workers[hidden] = Worker(self._preloaded, self._hidden)
        return worker
