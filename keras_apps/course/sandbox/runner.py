"""A student's cells and the calls to make -> what each call gave, from a process that cannot touch this one."""

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

from keras_apps.course.sandbox.protocol import Outcome, outcome_of

HERE = Path(__file__).parent
PRELOADED = ("numpy", "tensorflow", "keras")
CELL_SECONDS, CALL_SECONDS, PROCESSOR_SECONDS = 4, 3, 12  # of processor time
SECONDS = 15  # on the clock, for one function
MEMORY = 2 << 30
SECONDS_TO_LOAD, SECONDS_TO_ANSWER = 300, 15


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
            process, self._process = self._process, None
            with contextlib.suppress(OSError):
                process.stdin.close()  # it then ends its children and itself
            try:
                process.wait(2)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()

    def run(
        self,
        cells: Sequence[str],
        name: str,
        calls: Sequence[dict],
        skip: Sequence[int] = (),
        seconds: float = SECONDS,
    ) -> Outcome:
        """Run the cells and then the calls of one function in a new process, and the checks of them in another.

        Args:
            cells: Sources, in the notebook's order.
            name: The function that the calls are about.
            calls: `{"given": lines, "call": expression, "stand_ins": names}` each, as `calling.work_out` wants them.
            skip: Numbers of cells that are left out.
            seconds: On the clock, at most; never more than the runner's own.
        """
        seconds = min(self._seconds, seconds)
        outcome = self._run({"cells": list(cells), "calls": list(calls), "skip": list(skip)}, name, seconds)
        numbers = [number for number in sorted(outcome.answers) if number in range(len(calls))]
        if not numbers:
            return replace(outcome, values={})
        records = [outcome.answers[number] for number in numbers]
        check = {"cells": [], "skip": [], "calls": [calls[number] for number in numbers], "answers": records}
        return outcome.worked_out(self._run(check, name, self._seconds), numbers)

    def _run(self, request: dict, name: str, seconds: float) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="keras-apps-") as scratch:
            request = request | {
                "id": secrets.token_hex(),
                "name": name,
                "scratch": os.path.realpath(scratch),
                "forbidden": self._forbidden,
                "cell_seconds": CELL_SECONDS,
                "call_seconds": CALL_SECONDS,
                "processor_seconds": PROCESSOR_SECONDS,
                "seconds": seconds,
                "memory": MEMORY,
            }
            answer = self._ask(request)
            _make_removable(scratch)
        return outcome_of(answer, name)

    def _ask(self, request: dict) -> dict:
        answer, process = {"ended": "", "told": ""}, self._started()
        began = time.monotonic()  # loading TensorFlow is no student's time, but starting anew is
        for _ in range(2):
            with contextlib.suppress(OSError, ValueError):
                process.stdin.write(json.dumps(request).encode() + b"\n")
                process.stdin.flush()
                received = json.loads(_line(process, request["seconds"] + SECONDS_TO_ANSWER))
                if received.pop("id") == request["id"]:  # no answer to another request
                    answer = received
                    break
            self.close()
            process = self._started()
        return answer | {"seconds": time.monotonic() - began}

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
