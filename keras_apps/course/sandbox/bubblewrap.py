"""Isolation of a submission by bubblewrap: its command line, and whether it works on this computer.

bubblewrap (`bwrap`, a Debian package) starts a program in namespaces of its own: it sees no network, no other
processes, and only those files that the command line names, read-only. What it cannot see it cannot read or change,
whatever code it runs.
"""

from __future__ import annotations

import functools
import os
import shutil
import site
import subprocess
import sys
import sysconfig
import warnings
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
SWITCH = "KERAS_APPS_NO_BWRAP"
"""Environment variable: any value but the empty one keeps bubblewrap from being used."""

WORKER_FILES = ("worker.py", "processes.py", "recorder.py", "limits.py")
CHECKER = "/checker"
"""The folder inside the sandbox that holds `WORKER_FILES`."""

SCRATCH = "/answer"
"""The one folder inside the sandbox that can be written to; it is held in memory."""

MOST_SCRATCH = 128 << 20
SECONDS_TO_TRY = 60
SYSTEM = """/usr/lib /usr/lib32 /usr/lib64 /usr/libx32 /lib /lib32 /lib64 /nix/store /gnu/store /etc/ld.so.cache
    /etc/localtime /etc/timezone /etc/fonts /etc/mime.types /usr/share/zoneinfo /usr/share/fonts /usr/local/share/fonts
    /sys/devices/system"""
ENVIRONMENT = {
    "HOME": SCRATCH,
    "TMPDIR": SCRATCH,
    "PATH": "/usr/bin",
    "USER": "student",
    "LANG": "C.UTF-8",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "MPLBACKEND": "Agg",
    "CUDA_VISIBLE_DEVICES": "-1",
}


class NotIsolatedWarning(UserWarning):
    """A submission runs with limits of time and memory, but without isolation."""


@functools.cache
def problem() -> str | None:
    """Return why submissions cannot be isolated on this computer, or None if they can.

    bubblewrap is tried once: some systems have it and forbid the namespaces that it needs.
    """
    if os.environ.get(SWITCH):
        return f"the environment variable {SWITCH} is set"
    if not sys.platform.startswith("linux"):
        return "bubblewrap needs Linux"
    if shutil.which("bwrap") is None:
        return "bubblewrap (the program `bwrap`) is not installed"
    try:
        trial = subprocess.run(
            [*command(()), sys.executable, "-B", "-c", "import ctypes, encodings"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS_TO_TRY,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not work here: {error}"
    if trial.returncode:
        said = trial.stderr.decode("utf-8", "replace").strip().splitlines() or [f"exit code {trial.returncode}"]
        return f"bubblewrap does not work here: {said[-1]}"
    return None


def warning() -> str | None:
    """Return the warning that a submission runs without isolation, or None where it is isolated."""
    why = problem()
    if why is None:
        return None
    return (
        "the submission runs with limits of time and memory but WITHOUT isolation: it can read and change your files "
        f"and use the network ({why}). On Linux install the package `bubblewrap`; elsewhere use the container. "
        "See docs/assignments.md"
    )


@functools.cache
def warn_once() -> None:
    """Warn on standard error, the first time only, if submissions are not isolated."""
    text = warning()
    if text is not None:
        warnings.warn(text, NotIsolatedWarning, stacklevel=3)


def command(hidden: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Build the command line that isolates a program; the program and its arguments follow it.

    Args:
        hidden: Files and folders that the program must not see, even where they lie in a folder of Python's.
            Everything outside Python's folders and the system's libraries is invisible anyway.

    Returns:
        `["bwrap", ...]`.
    """
    bwrap = shutil.which("bwrap") or "bwrap"
    options = _options(bwrap)
    line = [bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    line += ["--as-pid-1"]  # nothing inside can then end the worker, and what ends without it is the worker's
    if "--disable-userns" in options:  # no further namespaces inside
        line += ["--unshare-user", "--disable-userns"]
    for name, value in _environment().items():
        line += ["--setenv", name, value]
    line += ["--proc", "/proc", "--dev", "/dev"]
    line += [*(("--size", str(MOST_SCRATCH)) if "--size" in options else ()), "--tmpfs", SCRATCH]
    mounts = _mounts(hidden)
    folders = []
    for path, source in mounts:
        if source is not None:
            line += ["--ro-bind", source, path]
        elif os.path.isdir(path):
            line += ["--tmpfs", path]
            folders.append(path)
        else:
            line += ["--ro-bind", os.devnull, path]
    for name in WORKER_FILES:
        line += ["--ro-bind", str(HERE / name), f"{CHECKER}/{name}"]
    for path in (*folders, "/dev", "/"):  # empty folders that hide others, too, are not to be written to
        line += ["--remount-ro", path]
    return [*line, "--chdir", SCRATCH]


@functools.cache
def _options(bwrap: str) -> frozenset[str]:
    """Return the words of bubblewrap's help: old versions lack some options."""
    try:
        shown = subprocess.run([bwrap, "--help"], capture_output=True, text=True, timeout=SECONDS_TO_TRY)
    except (OSError, subprocess.TimeoutExpired):
        return frozenset()
    return frozenset((shown.stdout + shown.stderr).split())


def _environment() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("LC_ALL", "LD_LIBRARY_PATH") if name in os.environ}
    user = {"PYTHONUSERBASE": site.getuserbase()} if site.ENABLE_USER_SITE else {}
    return ENVIRONMENT | inherited | user


def _mounts(hidden: Sequence[str | os.PathLike[str]]) -> list[tuple[str, str | None]]:
    """Return `(path inside, its source)`, outer folders first; the source is None where something is hidden.

    A folder of Python's inside a hidden one is visible: the innermost folder decides.
    """
    visible = [path for path in python_paths() + SYSTEM.split() if os.path.exists(path)]
    inside: dict[str, str | None] = {path: path for path in visible}
    package = [os.path.join(path, "keras_apps") for path in visible]
    for secret in [os.path.realpath(path) for path in (*hidden, *package) if os.path.exists(path)]:
        for path in visible:
            real = os.path.realpath(path)
            if secret != real and (secret + os.sep).startswith(real + os.sep):
                inside.setdefault(path + secret[len(real) :], None)
    return sorted(inside.items(), key=lambda mount: (mount[0].count(os.sep), mount[0]))


def python_paths() -> list[str]:
    """List the folders and files of Python that a submission needs, never a whole environment or home."""
    folders = sysconfig.get_paths()
    paths = [folders[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    paths += [sysconfig.get_config_var("DESTSHARED") or "", os.path.join(sys.base_prefix, "lib")]
    paths += site.getsitepackages()
    if site.ENABLE_USER_SITE:
        paths.append(site.getusersitepackages())
    paths += os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep)
    paths += [sys.executable, os.path.join(sys.prefix, "pyvenv.cfg")]
    home = os.path.expanduser("~").rstrip(os.sep) + os.sep
    both = [path for each in paths if os.path.isabs(each) for path in (os.path.normpath(each), os.path.realpath(each))]
    return sorted({path for path in both if not home.startswith(path.rstrip(os.sep) + os.sep)})
