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
import select
import signal
import sys
import time
import traceback
import types

MOST_NUMBERS, MOST_BYTES = 20_000, 4 << 20


class TooLong(BaseException):
    """Raised in the student's code when its processor time is over."""


def plain(value, depth: int = 0):
    """Describe a value by plain things only: a number or an array by its shape and numbers, a tuple by its parts."""
    import numpy as np

    if value is None or isinstance(value, (bool, np.bool_)):
        return {"kind": "none"} if value is None else {"kind": "bool", "value": bool(value)}
    if isinstance(value, str):
        return {"kind": "text", "value": value[:200]}
    if isinstance(value, (list, tuple)):
        if depth > 5 or len(value) > MOST_NUMBERS:
            return {"kind": "other", "value": "a very long or deep list"}
        return {"kind": "items", "value": [plain(item, depth + 1) for item in value]}
    try:
        array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    except Exception:
        return {"kind": "other", "value": type(value).__name__[:80]}
    if array.dtype.kind == "b" and array.size == 1:
        return {"kind": "bool", "value": bool(array.reshape(()))}
    if array.dtype.kind not in "biuf" or array.size > MOST_NUMBERS:
        return {"kind": "other", "value": f"{type(value).__name__[:80]} of shape {array.shape}"}
    return {"kind": "array", "shape": list(array.shape), "value": array.astype(float).ravel().tolist()}


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


def run(request: dict, channel: int) -> None:
    """Run the cells, then the calls, in this process; write what happens to `channel`, a line of JSON each."""
    write, dumps, encode = os.write, json.dumps, str.encode

    def tell(**event) -> None:
        data = encode(dumps(event) + "\n")
        while data:
            data = data[write(channel, data) :]

    def raise_too_long(*_):
        raise TooLong

    timer = getattr(signal, "setitimer", None)
    if timer:
        signal.signal(signal.SIGPROF, raise_too_long)
    which = getattr(signal, "ITIMER_PROF", 0)

    def timed(action, seconds: float):
        """Return what the action gives, or the error that it raises."""
        try:
            try:
                if timer:
                    timer(which, seconds)
                return action(), None
            finally:
                if timer:
                    timer(which, 0)
        except BaseException as error:  # SystemExit too: the student's code ends nothing
            return None, told(error)

    module = types.ModuleType("__main__")
    stand_in = types.ModuleType("keras_apps")
    stand_in.__spec__ = importlib.machinery.ModuleSpec("keras_apps", None)
    stand_in.course = types.ModuleType("keras_apps.course")
    stand_in.course.grade = lambda *_, **__: None
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
    if request["name"] not in names:
        tell(missing=True)
        return
    answer = names[request["name"]]
    for number, call in enumerate(request["calls"]):
        tell(call=number)
        names[request["name"]] = answer  # what `given` replaced comes back

        def once(call=call):
            execute(call["given"], "<given>")
            return plain(eval(call["call"], names))

        value, error = timed(once, request["call_seconds"])
        tell(call=number, **({"stopped": error} if error else {"value": value}))
        if error and error["type"] == "TooLong":
            return


def child(request: dict, channel: int, guard, readable: list[str]) -> None:
    """Confine this process, run the request, and end."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.chdir(request["scratch"])
    os.environ.update(HOME=request["scratch"], TMPDIR=request["scratch"])
    guard.limit(request["processor_seconds"], request["memory"])
    guard.confine(request["scratch"], readable, request["forbidden"])
    guard.forbid(request["scratch"], readable, request["forbidden"], channel)
    run(request, channel)


def fork(request: dict, guard, readable: list[str]) -> dict:
    """Run a request in a child; return what it told and how it ended."""
    receive, send = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            os.close(receive)
            child(request, send, guard, readable)
        finally:
            os._exit(0)
    os.close(send)
    data, end, ended = b"", time.monotonic() + request["seconds"], "time"
    while (left := end - time.monotonic()) > 0:
        if select.select([receive], [], [], left)[0]:
            part = os.read(receive, 1 << 16)
            data += part
            if not part or len(data) > MOST_BYTES:
                ended = "large" if part else "exited"
                break
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL if ended != "exited" else 0)
    if ended == "exited":  # it closed its end; it may still be there
        for _ in range(20):
            if os.waitpid(process, os.WNOHANG)[0]:
                break
            time.sleep(0.05)
        else:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
    else:
        os.waitpid(process, 0)
    os.close(receive)
    return {"ended": ended, "told": data.decode("utf-8", "replace")}


def folders() -> list[str]:
    """List what Python itself reads: its installation, and a few files of the system."""
    import sysconfig

    system = ["/usr", "/lib", "/lib64", "/etc", "/sys", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat"]
    system += ["/dev/null", "/dev/zero", "/dev/urandom"]
    search = [path for path in sys.path if not os.path.exists(os.path.join(path, "keras_apps", "..", "setup.cfg"))]
    python = [*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix, sys.exec_prefix, *search]
    found = {os.path.realpath(path) for path in [*system, *python] if path and os.path.exists(path)}
    found |= {path for path in [*system, *python] if path and os.path.isabs(path) and os.path.exists(path)}
    return sorted(found - {"/"})


def main() -> None:
    """Serve requests from standard input until it is closed."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") not in (here, os.getcwd())]
    sys.dont_write_bytecode = True
    guard = types.ModuleType("guard")
    with open(os.path.join(here, "guard.py"), encoding="utf-8") as file:
        exec(compile(file.read(), "guard.py", "exec"), guard.__dict__)
    for name in sys.argv[1:]:
        with contextlib.suppress(ImportError):
            __import__(name)
    readable = folders()
    installed = [os.path.join(path, "keras_apps") for path in readable]
    installed = [path for path in installed if os.path.isdir(path)]  # beside the one that started this process
    answers, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        request["forbidden"] += installed
        print(json.dumps(fork(request, guard, readable)), file=answers, flush=True)


if __name__ == "__main__":
    main()
