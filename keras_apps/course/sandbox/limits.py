"""A process -> the same process with limits on its processor time, memory, files and threads.

`worker` runs outside the package, so this module imports the standard library alone.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

with contextlib.suppress(ImportError):  # Windows has no such limits
    import resource

MOST_FILE = 16 << 20


def limit(seconds: int, memory: int, threads: int) -> None:
    """Limit this process and those that it starts.

    Args:
        seconds: Of processor time.
        memory: Bytes of address space, beyond what the process has now. Linux only.
        threads: Of this user, processes included. Linux does not apply it to the administrator.
    """
    if "resource" not in globals():
        return
    limits = {"RLIMIT_CPU": seconds, "RLIMIT_FSIZE": MOST_FILE, "RLIMIT_CORE": 0, "RLIMIT_NPROC": threads}
    with contextlib.suppress(OSError), open("/proc/self/statm") as file:
        limits["RLIMIT_AS"] = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE") + memory
    for name, value in limits.items():
        with contextlib.suppress(ValueError, OSError, AttributeError):
            resource.setrlimit(getattr(resource, name), (value, value))


def threads_of_user() -> int:
    """Count this user's threads on the whole computer (Linux; elsewhere 0): RLIMIT_NPROC may count them all."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it may end meanwhile
            if process.stat().st_uid == os.getuid():
                count += len(os.listdir(process / "task"))
    return count
