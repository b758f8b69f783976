"""Requests, one line of JSON each -> a child process for each that runs a student's cells -> the results of its calls.

`runner` starts this file as a script, in a process of its own and, where it can, inside bubblewrap. It loads NumPy and
TensorFlow once; every child is a fork of it. No expected value is ever sent here, and only numbers, texts and lists go
back.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.machinery
import json
import linecache
import os
import signal
import sys
import time
import traceback
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or __name__ != "__main__":
    from keras_apps.course.sandbox import limits, processes, recorder
else:  # as a script: the files beside it, without the package
    import limits
    import processes
    import recorder

MOST_OPEN = 1 << 16  # file descriptors
NOT_AVAILABLE = "keras_apps cannot be imported in a submission: write the function yourself"


class TooLong(BaseException):
    """Raised in the student's code when its processor time is over, or a quarter more on the clock."""


def as_python(source: str) -> str:
    """Replace IPython's magics in a cell that is not Python because of them."""
    try:
        ast.parse(source)
        return source
    except (SyntaxError, ValueError):
        lines = source.split("\n")
    if lines[0].lstrip().startswith("%%") and lines[0].split()[0] not in ("%%time", "%%timeit", "%%capture"):
        return ""
    return "\n".join(
        line[: len(line) - len(line.lstrip())] + "pass" if line.lstrip()[:1] in ("%", "!", "?") else line
        for line in lines
    )


def describe_error(error: BaseException) -> dict[str, Any]:
    """Describe an error: its type, text and line in the student's cell (0 if it was not raised in a cell)."""
    lines = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    line = next((line for file, line in reversed(lines) if file[:6] == "<cell "), 0)
    if isinstance(error, SyntaxError):
        line = error.lineno or 0
    try:
        text = str(error)[:300]
    except BaseException:
        text = ""
    return {"type": type(error).__name__[:80], "text": text, "line": line}


def _not_available(name: str) -> Any:
    """Refuse what the package has and its stand-in lacks; Python itself asks for names with __."""
    if name.startswith("__"):
        raise AttributeError(name)
    raise ImportError(NOT_AVAILABLE)


def _stand_ins() -> dict[str, types.ModuleType]:
    """Return modules in the package's place: a notebook's `grade` and `Case` do nothing while it is graded."""
    package, course = types.ModuleType("keras_apps"), types.ModuleType("keras_apps.course")
    package.__spec__ = importlib.machinery.ModuleSpec("keras_apps", None)
    vars(package).update(course=course, __getattr__=_not_available)
    vars(course).update(grade=lambda *_, **__: None, Case=lambda *_, **__: None, __getattr__=_not_available)
    return {"keras_apps": package, "keras_apps.course": course}


def run(request: dict[str, Any], channel: int) -> None:
    """Run the cells, then the calls, in this process; write what happens to `channel`, one line of JSON each.

    If the request has "answers", a record for each call, no cell is run: the calls are evaluated on these records.
    """
    write, dumps, encode, clock = os.write, json.dumps, str.encode, time.monotonic
    describe, evaluate = recorder.describe, recorder.evaluate
    began = clock()

    def report(**event: Any) -> None:
        data = encode(dumps({**event, "at": clock() - began}) + "\n")
        while data:
            data = data[write(channel, data) :]

    def raise_too_long(*_: Any) -> None:
        raise TooLong

    signal.signal(signal.SIGPROF, raise_too_long)
    signal.signal(signal.SIGALRM, raise_too_long)
    timer, processor, real = signal.setitimer, signal.ITIMER_PROF, signal.ITIMER_REAL

    def timed(action: Callable[[], Any], seconds: float) -> tuple[Any, dict[str, Any] | None]:
        """Return the action's value, and the error that it raised."""
        try:
            try:
                timer(processor, seconds)
                timer(real, 1.25 * seconds)
                return action(), None
            finally:
                timer(processor, 0)
                timer(real, 0)
        except BaseException as error:  # SystemExit too: the student's code ends nothing
            return None, describe_error(error)

    module = types.ModuleType("__main__")
    sys.modules.update({"__main__": module, **_stand_ins()})
    names = module.__dict__

    def execute(source: str, name: str) -> None:
        source = as_python(source)
        linecache.cache[name] = len(source), None, source.splitlines(True), name
        exec(compile(source, name, "exec"), names)

    for number, source in enumerate(request["cells"]):
        if number not in request["skip"]:
            report(cell=number)
            _, error = timed(lambda: execute(source, f"<cell {number + 1}>"), request["cell_seconds"])  # noqa: B023
            if error:
                report(cell=number, stopped=error)
    name, records = request["name"], request.get("answers")
    if records is None and name not in names:
        report(missing=True)
        return
    for number, call in enumerate(request["calls"]):
        report(call=number)
        record: list[dict[str, Any]] = [] if records is None else records[number]
        function = recorder.recorder(names[name], record) if records is None else recorder.player(record)
        value, error = timed(lambda: describe(evaluate(call, name, function, names)), request["call_seconds"])  # noqa: B023
        if error:
            report(call=number, stopped=error)
        else:
            report(call=number, **({"answers": record} if records is None else {"value": value}))
        if error and error["type"] == "TooLong":
            return


def run_child(request: dict[str, Any], channel: int) -> None:
    """Limit this process, keep only `channel` open, and run the request."""
    os.closerange(3, channel)  # among them the pipe that requests come by
    os.closerange(channel + 1, MOST_OPEN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    os.chdir(request["scratch"])
    os.environ.update(HOME=request["scratch"], TMPDIR=request["scratch"])
    limits.limit(request["processor_seconds"], request["memory"], request["threads"])
    run(request, channel)


def main() -> None:
    """Serve requests from standard input until it is closed."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") not in (here, os.getcwd())]
    for module in ("limits", "processes", "recorder"):  # these names are the student's
        sys.modules.pop(module, None)
    sys.dont_write_bytecode = True
    processes.adopt_orphans()
    for module in sys.argv[1:]:
        with contextlib.suppress(ImportError):
            __import__(module)
    answers, sys.stdout = sys.stdout, sys.stderr
    owner = os.dup(sys.stdin.fileno())
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        answer = processes.run_in_child(request, run_child, owner)
        print(json.dumps(answer | {"id": request["id"]}), file=answers, flush=True)
    os._exit(0)  # without the time that TensorFlow takes to end


if __name__ == "__main__":
    main()
