"""A process -> the same process that can no longer read, write, start or call what an answer does not need.

Run by `nursery` outside the package, so it imports the standard library alone. An audit hook (PEP 578) for what Python
does, Landlock for the files that compiled code opens (Linux 5.13 and later), and limits; `seccomp` is the fourth layer.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct
import sys
import sysconfig
import types

with contextlib.suppress(ImportError):  # Windows has no limits
    import resource

PROCESS = """os.system os.exec os.fork os.forkpty os.posix_spawn os.spawn os.startfile os.startfile/2 pty.spawn
    subprocess.Popen os.kill os.killpg signal.pthread_kill"""
MEMORY = """gc.get_objects gc.get_referrers gc.get_referents sys._current_frames sys._current_exceptions mmap.__new__
    resource.setrlimit resource.prlimit sys.remote_exec cpython.PyInterpreterState_New"""
MODULES = """_posixsubprocess _testcapi _testinternalcapi _testlimitedcapi _xxsubinterpreters _interpreters"""
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


def _refusal(event, arguments, groups, readable, writable, forbidden, scratch, channel, notes, words, errors, tools):
    """Return nothing, or raise. All it uses comes as arguments that cannot be changed: see `_sealed`.

    It calls nothing of the student's: a frame of his that it called could reach its own.
    """
    process, memory, looks, changes, modules, writing = groups
    kind, text, number, octets, issubclass_, length, readlink, write, failures = tools
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
        elif kind(arguments[0]) is not text or arguments[0] in modules:
            refused = 1
    elif event == "open" or event in looks or event in changes:
        changed = event in changes or (event == "open" and arguments[2] & writing)
        for path in arguments[:2] if event in changes else arguments[:1]:
            if kind(path) is number or path is None:  # an open file; a folder's only where it is changed
                if event == "os.chdir" or (event in changes and path is arguments[0]):
                    refused = 2
                continue
            if issubclass_(kind(path), octets):
                path = octets.decode(path, "utf-8", "replace")
            elif not issubclass_(kind(path), text):
                refused = 2
                continue
            path = "".join((path, "")).replace("\\", "/")  # exactly a str, whatever class it was
            if path[:1] != "/" and path[1:2] != ":":
                path = scratch + "/" + path
            at, left, links = "", path, 0
            while left:
                part, _, left = left.partition("/")
                if part == "..":
                    at = at.rpartition("/")[0]
                elif part and part != ".":
                    try:
                        target = readlink(at + "/" + part)
                    except failures:  # no link
                        at = at + "/" + part
                        continue
                    links += 1
                    at, left = "" if target[:1] == "/" else at, target + "/" + left if links < 40 else ""
            inside = outside = 0  # the folder nearest to the file decides
            for folder in writable if changed else readable:
                if (at + "/").startswith(folder) and length(folder) > inside:
                    inside = length(folder)
            for folder in forbidden:
                if (at + "/").startswith(folder) and length(folder) > outside:
                    outside = length(folder)
            if outside >= inside or links >= 40:
                refused = 2
    if refused is not None:
        try:  # noqa: SIM105 - it knows no other names
            write(channel, notes[refused])
        except failures:  # the answer closed it
            pass
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
    groups = (*(frozenset(names.split()) for names in (PROCESS, MEMORY, LOOKS, CHANGES, MODULES)), writing)
    notes = tuple(f'\n{{"refused": "{kind}"}}\n'.encode() for kind in WORDS)
    errors = (*[PermissionError] * 4, ImportError)
    tools = (type, str, int, bytes, issubclass, len, os.readlink, os.write, (OSError, ValueError))
    paths = (ended([*readable, scratch]), ended([scratch, "/dev/null"]), ended(forbidden), scratch.replace("\\", "/"))
    sys.addaudithook(_sealed(_refusal, groups, *paths, channel, notes, tuple(WORDS.values()), errors, tools))


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


def confine(scratch: str, readable: list[str], forbidden: list[str]) -> tuple[str, ...]:
    """Let the kernel refuse files elsewhere, for compiled code too.

    Returns:
        ("files",) where it does: Linux 5.13 and later with Landlock switched on, 64 bits. Else nothing. It then also
        refuses programs, TCP from 6.7 and signals to others from 6.12; `seccomp` refuses these on any Linux.
    """
    if not sys.platform.startswith("linux"):
        return ()
    libc = ctypes.CDLL(None, use_errno=True)
    abi = libc.syscall(444, None, ctypes.c_size_t(0), 1)
    if abi < 1:
        return ()
    files = (1 << (13 + (abi >= 2) + (abi >= 3) + (abi >= 5))) - 1
    rules = struct.pack("QQQ", files, 3 if abi >= 4 else 0, 3 if abi >= 6 else 0)[
        : 24 if abi >= 6 else 16 if abi >= 4 else 8
    ]
    ruleset = libc.syscall(444, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset < 0:
        return ()

    def allow(path: str, rights: int) -> None:
        with contextlib.suppress(OSError):
            beneath = os.open(path, os.O_RDONLY | getattr(os, "O_PATH", 0))
            rights &= files if os.path.isdir(path) else files & (READ_FILE | 1 << 1 | (1 << 14 if abi >= 3 else 0))
            libc.syscall(445, ruleset, 1, struct.pack("=Qi", rights, beneath), 0)
            os.close(beneath)

    allow(scratch, files & ~1)  # all but running programs
    allow("/dev/null", files)
    allow("/proc/self", READ_FILE)  # TensorFlow reads its own command line
    for path in sorted({os.path.realpath(path) for path in readable} - set(forbidden)):
        allow(path, READ_DIR)
        for part in _around(path, forbidden):
            allow(part, READ_FILE)
    confined = libc.prctl(38, 1, 0, 0, 0) == 0 and libc.syscall(446, ruleset, 0) == 0
    os.close(ruleset)
    return ("files",) if confined else ()


def _around(path: str, forbidden: list[str]) -> list[str]:
    """Split a folder into parts that hold nothing forbidden."""
    if not any((folder + os.sep).startswith(path.rstrip(os.sep) + os.sep) for folder in forbidden):
        return [path]
    if path in forbidden:
        return []
    with contextlib.suppress(OSError):
        entries = [os.path.join(path, entry) for entry in sorted(os.listdir(path))]
        return [part for e in entries if not os.path.islink(e) for part in _around(e, forbidden)]
    return []


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
