"""A process -> the same process that can start no other, signal no other and open no socket, whatever code it runs.

Run by `nursery` outside the package, so it imports the standard library alone. A filter in the kernel (seccomp, in the
language of Berkeley packet filters) sees the number and the arguments of every system call: it holds for compiled code,
and for Python code that got around the audit hook.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}  # as audit.h numbers them, and the column below
# Each pair: the number on x86_64, on aarch64 (asm/unistd_64.h, asm-generic/unistd.h); None where there is none.
REFUSED = {
    "programs": ("fork 57 -", "vfork 58 -", "execve 59 221", "execveat 322 281", "unshare 272 97", "setns 308 268")
    + ("setsid 112 157", "setpgid 109 154", "init_module 175 105", "finit_module 313 273", "kexec_load 246 104"),
    "signals": ("kill 62 129", "tkill 200 130", "tgkill 234 131", "rt_sigqueueinfo 129 138")
    + ("rt_tgsigqueueinfo 297 240", "pidfd_open 434 434", "pidfd_send_signal 424 424", "pidfd_getfd 438 438"),
    "memory of others": ("ptrace 101 117", "process_vm_readv 310 270", "process_vm_writev 311 271")
    + ("process_madvise 440 440", "process_mrelease 448 448", "kcmp 312 272", "perf_event_open 298 241")
    + ("userfaultfd 323 282", "bpf 321 280"),
    "network": (
        "socket 41 198",
        "socketpair 53 199",
        "io_uring_setup 425 425",
        "io_uring_enter 426 426",
        "io_uring_register 427 427",
    ),
    "what outlives it": ("shmget 29 194", "msgget 68 186", "semget 64 190", "mq_open 240 180", "add_key 248 217")
    + ("request_key 249 218", "keyctl 250 219"),
    "places": ("mount 165 40", "umount2 166 39", "pivot_root 155 41", "chroot 161 51", "open_by_handle_at 304 265")
    + ("open_tree 428 428", "move_mount 429 429", "fsopen 430 430", "fsmount 432 432", "mount_setattr 442 442"),
    "limits": ("setrlimit 160 164", "setpriority 141 140", "ioprio_set 251 30", "sched_setscheduler 144 119")
    + ("sched_setparam 142 118", "sched_setattr 314 274", "sched_setaffinity 203 122"),
}
CLONE, CLONE3, PRCTL, FCNTL, PRLIMIT = (56, 220), (435, 435), (157, 167), (72, 25), (302, 261)
IOCTL = 16, 29
CLONE_THREAD, CAP_DAC_READ_SEARCH = 0x10000, 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
F_SETOWN, F_SETSIG, F_SETOWN_EX = 8, 10, 15
FIOSETOWN, SIOCSPGRP, FIOASYNC = 0x8901, 0x8902, 0x5452  # who is sent SIGIO
ALLOW, REFUSE, NOT_THERE = 0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
LOAD, EQUAL, AT_LEAST, HAS_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16


def program(machine: str) -> bytes:
    """Build the filter: some calls are refused, some by an argument; all others are allowed.

    Args:
        machine: A key of `MACHINES`.

    Returns:
        Instructions of 8 bytes: code, jump if so, jump if not, number.
    """
    architecture, column = MACHINES[machine]
    lines = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, REFUSE), (LOAD, 0, 0, NUMBER)]
    if machine == "x86_64":  # the calls of its 32-bit twin (x32) have numbers of their own
        lines += [(AT_LEAST, 0, 1, 0x40000000), (RETURN, 0, 0, REFUSE)]
    lines += [(EQUAL, 0, 1, CLONE3[column]), (RETURN, 0, 0, NOT_THERE)]  # glibc then uses clone, whose flags show
    for text in (text for texts in REFUSED.values() for text in texts):
        number = text.split()[1 + column]
        if number != "-":
            lines += [(EQUAL, 0, 1, int(number)), (RETURN, 0, 0, REFUSE)]

    refuse = (RETURN, 0, 0, REFUSE)

    def where(call: tuple[int, int], half: int, *tests: tuple[int, int, int, int]) -> list:
        """Look at half an argument of one call; the tests refuse, or all goes on to the next lines."""
        body = [(LOAD, 0, 0, ARGUMENTS + 4 * half), *tests, (LOAD, 0, 0, NUMBER)]
        return [(EQUAL, 0, len(body), call[column]), *body]

    def none_of(*values: int) -> list:
        return [line for value in values for line in ((EQUAL, 0, 1, value), refuse)]

    lines += where(CLONE, 0, (HAS_BIT, 1, 0, CLONE_THREAD), refuse)  # a thread, no process
    lines += where(PRCTL, 0, *none_of(PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER))
    lines += where(FCNTL, 2, *none_of(F_SETOWN, F_SETSIG, F_SETOWN_EX))
    lines += where(IOCTL, 2, *none_of(FIOSETOWN, SIOCSPGRP, FIOASYNC))
    for half in (4, 5):  # limits may be read; new ones have an address
        lines += where(PRLIMIT, half, (EQUAL, 1, 0, 0), refuse)
    lines.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("HBBI", code, yes, no, number) for code, yes, no, number in lines)


def confine() -> tuple[str, ...]:
    """Let the kernel refuse processes, signals and sockets from now on, to this thread and those that it starts.

    Returns:
        ("processes", "signals", "sockets") where it does: Linux on x86_64 and aarch64. Else nothing.
    """
    machine = os.uname().machine if sys.platform.startswith("linux") else ""
    if machine not in MACHINES or struct.calcsize("P") != 8:
        return ()
    libc = ctypes.CDLL(None, use_errno=True)
    _give_up_rights(libc)
    filter_ = program(machine)
    lines = ctypes.create_string_buffer(filter_, len(filter_))
    whole = ctypes.create_string_buffer(struct.pack("HP", len(filter_) // 8, ctypes.addressof(lines)))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, 2, whole, 0, 0):
        return ()
    return "processes", "signals", "sockets"


def _give_up_rights(libc: ctypes.CDLL) -> None:
    """Keep but one of the system administrator's rights, for who grades as root: to read what Landlock lets be read."""
    for right in range(64):
        libc.prctl(PR_CAPBSET_DROP, right, 0, 0, 0)
    version, read = struct.pack("Ii", 0x20080522, 0), 1 << CAP_DAC_READ_SEARCH
    if libc.capset(version, struct.pack("6I", read, read, 0, 0, 0, 0)):
        libc.capset(version, bytes(24))


def tie_to_parent() -> None:
    """Let the kernel end this process when its parent ends (Linux)."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)


def adopt() -> bool:
    """Become the parent of what descendants leave behind (Linux), so that it can be found and ended.

    Others of the same user can then no longer open this process's files below `/proc`.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    return sys.platform.startswith("linux") and ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
