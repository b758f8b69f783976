"""A function to run in a child process -> what the child wrote, once it and all that it started have ended.

`worker` runs outside the package, so this module imports the standard library alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

MOST_BYTES, MOST_ON_DISK, MOST_PROCESSES, MOST_THREADS = 4 << 20, 64 << 20, 16, 500
SECONDS_TO_END = 5
SECONDS_BETWEEN_LOOKS = 0.05 if os.getpid() == 1 else 0.2  # in a sandbox there are few processes to look at
OWNER_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL if hasattr(select, "POLLHUP") else 0
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36  # linux/prctl.h


def run_in_child(request: dict[str, Any], run: Callable[[dict[str, Any], int], None], owner: int) -> dict[str, Any]:
    """Run a request in a child process; return what it wrote and how it ended.

    Args:
        request: Read here: "seconds" on the clock, "memory" in bytes, and "scratch", the folder that is emptied.
        run: Called in the child with the request and the file descriptor to write to.
        owner: The descriptor whose closing says that nobody waits for an answer any more; this process then ends too.

    Returns:
        `{"ended": how, "written": text}`, with how as `judging.ENDED` names it, or "exited".
    """
    receive, send = os.pipe()
    parent = os.getpid()
    process = os.fork()
    if process == 0:
        try:
            os.close(receive)
            os.setpgid(0, 0)
            end_with_parent()
            if os.getppid() == parent:
                run(request, send)
        finally:
            os._exit(0)
    os.close(send)
    with contextlib.suppress(OSError):  # the child may have done so itself
        os.setpgid(process, process)
    most_resident = _resident(os.getpid()) + request["memory"]
    end = time.monotonic() + request["seconds"]
    data, ended = _read(receive, owner, end, process, lambda: _excess(request["scratch"], most_resident))
    if ended == "exited":  # it closed its end; it may still run
        wait = time.monotonic() + 1
        while time.monotonic() < wait and not _has_ended(process):
            time.sleep(0.005)
    end_all(process)
    os.close(receive)
    empty(request["scratch"])
    if ended == "owner":
        with contextlib.suppress(OSError):
            os.rmdir(request["scratch"])
        os._exit(1)
    return {"ended": ended, "written": data.decode("utf-8", "replace")}


def _has_ended(process: int) -> bool:
    return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _read(receive: int, owner: int, end: float, process: int, excess: Callable[[], str]) -> tuple[bytes, str]:
    """Read until the child ends or closes its end, its time is over, it used too much, or the owner is gone."""
    poll, data, looked = select.poll(), b"", time.monotonic()
    poll.register(receive, select.POLLIN)
    poll.register(owner, 0)
    while (left := end - time.monotonic()) > 0:
        over = _has_ended(process)  # before the poll, so that what it wrote last is seen there
        events = dict(poll.poll(0 if over else 1 + 1000 * min(left, SECONDS_BETWEEN_LOOKS)))
        if time.monotonic() - looked >= SECONDS_BETWEEN_LOOKS:
            if why := excess():
                return data, why
            looked = time.monotonic()
        if events.get(owner, 0) & OWNER_GONE:
            return data, "owner"
        if receive in events:
            part = os.read(receive, 1 << 16)
            data += part
            if not part or len(data) > MOST_BYTES:
                return data, "large" if part else "exited"
        elif over:  # a process that it started keeps the pipe open
            return data, "exited"
    return data, "time"


def _excess(scratch: str, most_resident: int) -> str:
    """Return what the child and its descendants have too much of: "processes", "threads", "memory", "files", or ""."""
    processes = descendants()  # Linux; elsewhere none are found
    if len(processes) > MOST_PROCESSES:
        return "processes"
    threads = resident = 0
    for process in processes:
        with contextlib.suppress(OSError):
            threads += len(os.listdir(f"/proc/{process}/task"))
            resident += _resident(process)
    if threads > MOST_THREADS:
        return "threads"
    if resident > most_resident:
        return "memory"
    size = 0
    for folder, _, names in os.walk(scratch):
        for name in names:
            with contextlib.suppress(OSError):
                size += 4096 + 512 * os.lstat(os.path.join(folder, name)).st_blocks
        if size > MOST_ON_DISK:
            return "files"
    return ""


def _resident(process: int) -> int:
    """Return the bytes of memory that a process holds (Linux; elsewhere 0)."""
    with contextlib.suppress(OSError), open(f"/proc/{process}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def end_all(process: int) -> bool:
    """End a child, its group and every other descendant; return whether none is left.

    Descendants whose parent ended are this process's own children, where it adopts them (see `adopt_orphans`).
    """
    end = time.monotonic() + SECONDS_TO_END
    alone = os.getpid() == 1  # in a sandbox: it sees only itself and what was started by it
    while True:
        if alone:  # at once, so that no process has time to start another
            with contextlib.suppress(OSError):
                os.kill(-1, signal.SIGKILL)
        else:
            for kill in (os.killpg, os.kill):
                with contextlib.suppress(OSError):
                    kill(process, signal.SIGKILL)
            for descendant in descendants():
                with contextlib.suppress(OSError):
                    os.kill(descendant, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return True
        if time.monotonic() > end:
            return False
        time.sleep(0.002)


def descendants() -> set[int]:
    """Return the numbers of all processes that descend from this one (Linux; elsewhere none)."""
    parents = dict(_parents())
    tree, level = set[int](), {os.getpid()}
    while level := {child for child, parent in parents.items() if parent in level} - tree:
        tree |= level
    return tree


def _parents() -> Iterator[tuple[int, int]]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):  # it may end meanwhile
            text = stat.read_text(encoding="utf-8", errors="replace")
            yield int(stat.parent.name), int(text.rpartition(")")[2].split()[1])


def empty(folder: str) -> None:
    """Delete what is in a folder, whatever rights were taken from it."""
    with contextlib.suppress(OSError):
        os.chmod(folder, 0o700)
    for path, names, _ in os.walk(folder):
        for name in names:
            inner = os.path.join(path, name)
            with contextlib.suppress(OSError):
                if not os.path.islink(inner):
                    os.chmod(inner, 0o700)
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


def end_with_parent() -> None:
    """Let the kernel end this process when its parent ends (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def adopt_orphans() -> None:
    """Become the parent of what descendants leave behind (Linux), so that it can be found and ended.

    Others of the same user can then no longer open this process's memory and files below `/proc`.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
