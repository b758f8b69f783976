"""A process -> the same process that can no longer read, write, start or call what an answer does not need.

Run by `nursery` outside the package, so it imports the standard library alone. Three layers: an audit hook (PEP 578)
for what Python does, Landlock for what compiled code does (Linux 5.13 and later), and limits.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import sys
import types

with contextlib.suppress(ImportError):  # Windows has no limits
    import resource

PROCESS = """os.system os.exec os.fork os.forkpty os.posix_spawn os.spawn os.startfile os.startfile/2 pty.spawn
    subprocess.Popen os.kill os.killpg signal.pthread_kill"""
MEMORY = """gc.get_objects gc.get_referrers gc.get_referents sys._current_frames sys._current_exceptions mmap.__new__
    resource.setrlimit resource.prlimit sys.remote_exec"""
LOOKS = "os.listdir os.scandir os.chdir os.walk os.fwalk glob.glob os.listxattr os.getxattr"
CHANGES = """os.remove os.rename os.rmdir os.mkdir os.chmod os.chown os.chflags os.link os.symlink os.truncate os.utime
    os.setxattr os.removexattr os.lockf sqlite3.connect"""
WORDS = {
    "network": "the network is not to be used while an answer is checked",
    "process": "other programs are not to be started or stopped while an answer is checked",
    "file": "files outside the answer's own folder are not to be opened or changed while an answer is checked",
    "memory": "the checking program is not to be looked into while an answer is checked",
    "package": "keras_apps is not to be imported here: write the function yourself",
}
READ_FILE, READ_DIR = 1 << 2, 1 << 3


def _refusal(
    event, arguments, groups, readable, writable, forbidden, scratch, write, channel, notes, words, errors, builtin
):
    """Return nothing, or raise. All it uses comes as arguments that cannot be changed: see `_sealed`."""
    process, memory, looks, changes, writing = groups
    kind, text, number, octets, fspath, isinstance_ = builtin
    refused = None
    first = event.split(".")[0]
    if event in process:
        refused = 1
    elif event in memory or first == "ctypes":
        refused = 3
    elif first in ("socket", "urllib", "ftplib", "smtplib", "http", "poplib", "imaplib", "nntplib", "telnetlib"):
        refused = 0
    elif event == "import":
        if kind(arguments[0]) is text and arguments[0].split(".")[0] == "keras_apps":
            refused = 4
    elif event == "open" or event in looks or event in changes:
        changed = event in changes or (event == "open" and arguments[2] & writing)
        for path in arguments[:2] if event in changes else arguments[:1]:
            if kind(path) is number or path is None:  # an open file; a folder's only where it is changed
                if event == "os.chdir" or (event in changes and path is arguments[0]):
                    refused = 2
                continue
            if not isinstance_(path, (text, octets)):
                path = fspath(path)
            if isinstance_(path, octets):
                path = octets.decode(path, "utf-8", "replace")
            path = "".join((path, "")).replace("\\", "/")  # exactly a str, whatever class it was
            if path[:1] != "/" and path[1:2] != ":":
                path = scratch + "/" + path
            parts = ()
            for part in path.split("/"):
                if part == "..":
                    parts = parts[:-1]
                elif part and part != ".":
                    parts += (part,)
            path = "/" + "/".join(parts) + "/"
            inside = outside = False
            for folder in writable if changed else readable:
                inside = inside or path.startswith(folder)
            for folder in forbidden:
                outside = outside or path.startswith(folder)
            if outside or not inside:
                refused = 2
    if refused is not None:
        write(channel, notes[refused])
        raise errors[refused](words[refused])


def _sealed(function, *values):
    """Return an audit hook without globals or builtins; a frame in a traceback leads to nothing that can be changed."""
    code = function.__code__
    return types.FunctionType(code, {"__builtins__": {}}, "hook", values)


def forbid(scratch: str, readable: list[str], forbidden: list[str], channel: int) -> None:
    """Install the audit hook, which nothing removes.

    Args:
        scratch: The one folder that may be written to.
        readable: Folders and files that may be read.
        forbidden: Folders among them that may not.
        channel: Where a refusal is told, one line of JSON each.
    """

    def ended(paths):
        return tuple("/" + path.replace("\\", "/").strip("/") + "/" for path in paths)

    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    groups = (*(frozenset(names.split()) for names in (PROCESS, MEMORY, LOOKS, CHANGES)), writing)
    notes = tuple(f'\n{{"refused": "{kind}"}}\n'.encode() for kind in WORDS)
    errors = (*[PermissionError] * 4, ImportError)
    builtin = (type, str, int, bytes, os.fspath, isinstance)
    paths = (ended([*readable, scratch]), ended([scratch, "/dev/null"]), ended(forbidden), scratch.replace("\\", "/"))
    sys.addaudithook(
        _sealed(_refusal, groups, *paths, os.write, channel, notes, tuple(WORDS.values()), errors, builtin)
    )


def limit(seconds: int, memory: int) -> None:
    """Limit this process: seconds of processor time, bytes of memory beyond the present, and the size of files."""
    if "resource" not in globals():
        return
    limits = {"RLIMIT_CPU": seconds, "RLIMIT_FSIZE": 16 << 20, "RLIMIT_CORE": 0}
    with contextlib.suppress(OSError), open("/proc/self/statm") as file:
        limits["RLIMIT_AS"] = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE") + memory
    for name, value in limits.items():
        with contextlib.suppress(ValueError, OSError, AttributeError):
            resource.setrlimit(getattr(resource, name), (value, value))


def confine(scratch: str, readable: list[str], forbidden: list[str]) -> bool:
    """Let the kernel refuse, for compiled code too: files elsewhere, other programs, TCP, signals to others.

    Returns:
        Whether it does: Linux 5.13 and later with Landlock switched on; TCP from 6.7, signals from 6.12.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    abi = libc.syscall(444, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        return False
    files = (1 << (13 + (abi >= 2) + (abi >= 3) + (abi >= 5))) - 1
    rules = struct.pack("QQQ", files, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)[
        : 24 if abi >= 6 else 16 if abi >= 4 else 8
    ]
    ruleset = libc.syscall(444, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset < 0:
        return False

    def allow(path: str, rights: int) -> None:
        with contextlib.suppress(OSError):
            beneath = os.open(path, os.O_RDONLY | getattr(os, "O_PATH", 0))
            rights &= files if os.path.isdir(path) else files & (READ_FILE | 1 << 1 | (1 << 14 if abi >= 3 else 0))
            libc.syscall(445, ruleset, 1, struct.pack("=Qi", rights, beneath), 0)
            os.close(beneath)

    allow(scratch, files & ~1)  # all but running programs
    allow("/dev/null", files)
    allow("/proc/self", READ_FILE)  # TensorFlow reads its own command line
    for path in readable:
        allow(path, READ_DIR)
        for part in _around(path, forbidden):
            allow(part, READ_FILE)
    confined = libc.prctl(38, 1, 0, 0, 0) == 0 and libc.syscall(446, ruleset, 0) == 0
    os.close(ruleset)
    return confined


def _around(path: str, forbidden: list[str]) -> list[str]:
    """Split a folder into parts that hold nothing forbidden."""
    if any(path == folder or path.startswith(folder + os.sep) for folder in forbidden):
        return []
    if not any(folder.startswith(path.rstrip(os.sep) + os.sep) for folder in forbidden):
        return [path]
    return [part for entry in sorted(os.listdir(path)) for part in _around(os.path.join(path, entry), forbidden)]
