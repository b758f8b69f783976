"""A function to run in a child process -> what the child told, once it and all that it started are ended.

Run by `nursery` outside the package, so it imports the standard library alone.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

MOST_BYTES, MOST_THREADS, MOST_ON_DISK = 4 << 20, 500, 64 << 20
SECONDS_TO_END, SECONDS_TO_LOOK = 5, 0.2
OWNER_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL if hasattr(select, "POLLHUP") else 0


def watched(request: dict, run: Callable[[dict, int], None], tie: Callable[[], None], owner: int) -> dict:
    """Run a request in a child; return what it told and how it ended.

    Args:
        request: Read here: "seconds" on the clock, and "scratch", the folder that goes when the owner is gone.
        run: Called in the child with the request and a file descriptor to tell by.
        tie: Called in the child first: ties it to this process.
        owner: The descriptor whose closing says that nobody waits for an answer any more; this process then ends too.
    """
    receive, send = os.pipe()
    parent = os.getpid()
    process = os.fork()
    if process == 0:
        try:
            os.close(receive)
            os.setpgid(0, 0)
            tie()
            if os.getppid() == parent:
                run(request, send)
        finally:
            os._exit(0)
    os.close(send)
    with contextlib.suppress(OSError):  # it may have done so itself
        os.setpgid(process, process)
    data, ended = _read(receive, owner, time.monotonic() + request["seconds"], lambda: _beyond(process, request))
    if ended == "exited":  # it closed its end; it may still be there
        wait = time.monotonic() + 1
        while time.monotonic() < wait and not os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            time.sleep(0.005)
    end_all(process)
    os.close(receive)
    if ended == "owner":
        shutil.rmtree(request["scratch"], ignore_errors=True)
        os._exit(1)
    return {"ended": ended, "told": data.decode("utf-8", "replace")}


def _read(receive: int, owner: int, end: float, beyond: Callable[[], str]) -> tuple[bytes, str]:
    """Read until the child closes its end, its time is over, it told or took too much, or the owner is gone."""
    poll, data, looked = select.poll(), b"", time.monotonic()
    poll.register(receive, select.POLLIN)
    poll.register(owner, 0)
    while (left := end - time.monotonic()) > 0:
        events = dict(poll.poll(1 + 1000 * min(left, SECONDS_TO_LOOK)))
        if time.monotonic() - looked >= SECONDS_TO_LOOK:
            if why := beyond():
                return data, why
            looked = time.monotonic()
        if events.get(owner, 0) & OWNER_GONE:
            return data, "owner"
        if receive in events:
            part = os.read(receive, 1 << 16)
            data += part
            if not part or len(data) > MOST_BYTES:
                return data, "large" if part else "exited"
    return data, "time"


def _beyond(process: int, request: dict) -> str:
    """Say of what the child has too much: "threads" (Linux), "files", or nothing."""
    with contextlib.suppress(OSError):
        if len(os.listdir(f"/proc/{process}/task")) > MOST_THREADS:
            return "threads"
    size = 0
    for folder, _, names in os.walk(request["scratch"]):
        for name in names:
            with contextlib.suppress(OSError):
                size += 4096 + 512 * os.lstat(os.path.join(folder, name)).st_blocks
        if size > MOST_ON_DISK:
            return "files"
    return ""


def end_all(process: int) -> bool:
    """End a child, its group and every other descendant; return whether none is left.

    Descendants whose parent ended are this process's own children where it adopts them (`seccomp.adopt`).
    """
    end = time.monotonic() + SECONDS_TO_END
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(process, signal.SIGKILL)
    while time.monotonic() < end:
        try:
            reaped, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if not reaped:
            for child in children():
                with contextlib.suppress(OSError):
                    os.kill(child, signal.SIGKILL)
            time.sleep(0.002)
    return False


def children() -> list[int]:
    """List the numbers of this process's children (Linux; elsewhere none)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):  # it may end meanwhile
            if int(stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]) == os.getpid():
                found.append(int(stat.parent.name))
    return found
