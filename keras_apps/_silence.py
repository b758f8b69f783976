"""Discard what is written to standard error for a while, also by C++ code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Discard what is written to file descriptor 2, which C++ code uses in place of `sys.stderr` and `logging`.

    The descriptor belongs to the whole process, so use this only around single calls that raise their errors. Without
    a standard error it does nothing.

    Example:
        >>> with silenced():
        ...     _ = os.write(2, b"chatter")
    """
    saved = None
    with contextlib.suppress(OSError, ValueError, AttributeError):  # there is none, or it is closed
        sys.stderr.flush()
    with contextlib.suppress(OSError):
        saved = os.dup(2)
    if saved is None:
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
