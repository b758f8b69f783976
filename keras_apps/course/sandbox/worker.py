"""Requests, a line of JSON each -> a child process for each that runs a student's cells -> what their calls gave.

Run as a script by `runner`, in its own process. It loads NumPy and TensorFlow once; every child is a fork of it. No
expected value is ever sent here, and nothing but plain numbers, texts and lists goes back.
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

MOST_OPEN = 1 << 16  # file descriptors
NOT_HERE = "keras_apps is not to be imported here: write the function yourself"  # guard.WORDS has it too


class TooLong(BaseException):
    """Raised in the student's code when its processor time is over, or a quarter more on the clock."""


def as_python(source: str) -> str:
    """Take IPython's magics out of a cell that is no Python with them."""
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


def told(error: BaseException) -> dict:
    """Describe an error: its type, text and line in the student's cell."""
    lines = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    line = next((line for file, line in reversed(lines) if file[:6] == "<cell "), 0)
    if isinstance(error, SyntaxError):
        line = error.lineno or 0
    try:
        text = str(error)[:300]
    except BaseException:
        text = ""
    return {"type": type(error).__name__[:80], "text": text, "line": line}


def lacking(name: str):
    """Answer for what the package has and its stand-in has not; names with __ are asked for by Python itself."""
    if name.startswith("__"):
        raise AttributeError(name)
    raise ImportError(NOT_HERE)


def run(request: dict, channel: int, calling) -> None:
    """Run the cells, then the calls, in this process; write what happens to `channel`, a line of JSON each.

    Where the request has "answers", a record for each call, no cell is run, and what the calls make of them is told.
    """
    write, dumps, encode, clock = os.write, json.dumps, str.encode, time.monotonic
    began = clock()

    def tell(**event) -> None:
        data = encode(dumps({**event, "at": clock() - began}) + "\n")
        while data:
            data = data[write(channel, data) :]

    def raise_too_long(*_):
        raise TooLong

    signal.signal(signal.SIGPROF, raise_too_long)
    signal.signal(signal.SIGALRM, raise_too_long)
    timer, processor, real = signal.setitimer, signal.ITIMER_PROF, signal.ITIMER_REAL

    def timed(action, seconds: float):
        """Return what the action gives, or the error that it raises."""
        try:
            try:
                timer(processor, seconds)
                timer(real, 1.25 * seconds)
                return action(), None
            finally:
                timer(processor, 0)
                timer(real, 0)
        except BaseException as error:  # SystemExit too: the student's code ends nothing
            return None, told(error)

    module = types.ModuleType("__main__")
    stand_in = types.ModuleType("keras_apps")
    stand_in.__spec__ = importlib.machinery.ModuleSpec("keras_apps", None)
    stand_in.course = types.ModuleType("keras_apps.course")
    stand_in.__getattr__ = stand_in.course.__getattr__ = lacking
    stand_in.course.grade = stand_in.course.Case = lambda *_, **__: None
    sys.modules.update({"__main__": module, "keras_apps": stand_in, "keras_apps.course": stand_in.course})
    names = module.__dict__

    def execute(source: str, name: str) -> None:
        source = as_python(source)
        linecache.cache[name] = len(source), None, source.splitlines(True), name
        exec(compile(source, name, "exec"), names)

    for number, source in enumerate(request["cells"]):
        if number not in request["skip"]:
            tell(cell=number)
            _, error = timed(lambda: execute(source, f"<cell {number + 1}>"), request["cell_seconds"])  # noqa: B023
            if error:
                tell(cell=number, stopped=error)
    name, records = request["name"], request.get("answers")
    if records is None and name not in names:
        tell(missing=True)
        return
    for number, call in enumerate(request["calls"]):
        tell(call=number)
        record = [] if records is None else records[number]
        ask = calling.recorder(names[name], record) if records is None else calling.player(record)

        def once(call=call, ask=ask):
            return calling.plain(calling.work_out(call, name, ask, names))

        value, error = timed(once, request["call_seconds"])
        if error:
            tell(call=number, stopped=error)
        else:
            tell(call=number, **({"answers": record} if records is None else {"value": value}))
        if error and error["type"] == "TooLong":
            return


def child(request: dict, channel: int, guard, seccomp, calling, readable: list[str]) -> None:
    """Confine this process, and run the request."""
    os.closerange(3, channel)  # among them the pipe that requests come by
    os.closerange(channel + 1, MOST_OPEN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)
    scratch, forbidden = request["scratch"], request["forbidden"]
    os.chdir(scratch)
    os.environ.update(HOME=scratch, TMPDIR=scratch)
    vars(sys.modules["subprocess"]).pop("_fork_exec", None)  # it raises no audit event
    vars(sys.modules.pop("_posixsubprocess", json)).pop("fork_exec", None)
    guard.limit(request["processor_seconds"], request["memory"])
    layers = (*guard.confine(scratch, readable, forbidden), *seccomp.confine())
    os.write(channel, json.dumps({"layers": layers}).encode() + b"\n")
    guard.forbid(scratch, readable, forbidden, channel)
    run(request, channel, calling)


def beside(name: str) -> types.ModuleType:
    """Load a module of this folder without the package, which answers may not import."""
    module = types.ModuleType(name)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py"), encoding="utf-8") as file:
        exec(compile(file.read(), f"{name}.py", "exec"), module.__dict__)
    return module


def main() -> None:
    """Serve requests from standard input until it is closed."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") not in (here, os.getcwd())]
    sys.dont_write_bytecode = True
    guard, seccomp, calling, offspring, places = map(beside, ("guard", "seccomp", "calling", "offspring", "places"))
    seccomp.adopt()
    for name in ("subprocess", *sys.argv[1:]):
        with contextlib.suppress(ImportError):
            __import__(name)
    readable = places.readable()
    installed = [os.path.realpath(os.path.join(path, "keras_apps")) for path in readable]
    installed = [path for path in installed if os.path.isdir(path)]  # beside the one that started this process
    answers, sys.stdout = sys.stdout, sys.stderr
    owner = os.dup(sys.stdin.fileno())

    def run_child(request: dict, channel: int) -> None:
        child(request, channel, guard, seccomp, calling, readable)

    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        request["forbidden"] += installed
        answer = offspring.watched(request, run_child, seccomp.tie_to_parent, owner)
        print(json.dumps(answer | {"id": request["id"]}), file=answers, flush=True)
    os._exit(0)  # without the time that TensorFlow takes to end


if __name__ == "__main__":
    main()
