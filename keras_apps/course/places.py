"""The folders and files that Python and its libraries read themselves, and nothing else of the system.

Run by `nursery` outside the package, so it imports the standard library alone.
"""

from __future__ import annotations

import os
import sys
import sysconfig

LIBRARIES = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/lib", "/lib32", "/lib64", "/System/Library")
SYSTEM = """/usr/share/zoneinfo /usr/share/fonts /usr/local/share/fonts /Library/Fonts /etc/localtime /etc/timezone
    /etc/ld.so.cache /etc/fonts /etc/mime.types /sys/devices/system /sys/fs/cgroup /proc/cpuinfo /proc/meminfo
    /proc/stat /dev/null /dev/zero /dev/urandom"""


def readable() -> list[str]:
    """List what an answer may read: libraries, time zones, fonts, and what is known of the machine.

    Never a whole prefix (`/usr`, an environment), `/etc`, or a folder that holds one: what is there besides is not its.
    """
    paths = sysconfig.get_paths()
    python = [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    python += [sysconfig.get_config_var("DESTSHARED") or "", os.path.join(sys.base_prefix, "lib")]
    python += [path for path in sys.path if not os.path.exists(os.path.join(path, "keras_apps", "..", "setup.cfg"))]
    python = [os.path.realpath(path) for path in python if os.path.isabs(path) and os.path.exists(path)]
    system = [os.path.realpath(path) for path in (*LIBRARIES, *SYSTEM.split()) if os.path.exists(path)]
    return sorted({*system, *python} - too_wide(python))


def too_wide(paths: list[str]) -> set[str]:
    """Return those of the paths that are a prefix of Python's or of the system's, a home, or hold one of them."""
    prefixes = [sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.expanduser("~"), "/usr/local", "/etc/passwd"]
    kept = [os.path.realpath(path) + os.sep for path in prefixes]
    return {path for path in paths if any(prefix.startswith(path.rstrip(os.sep) + os.sep) for prefix in kept)}
