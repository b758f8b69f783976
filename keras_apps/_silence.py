"""What is written to standard error for a while -> nowhere, C++'s lines too."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Send file descriptor 2 to nowhere: TensorFlow and LiteRT write to it from C++, past `sys.stderr` and `logging`.

    It is the whole process's, so it belongs around single calls whose errors are raised. Where there is no standard
    error nothing happens.

    Example:
        >>> with silenced():
        ...     _ = os.write(2, b"chatter")
    """
    kept = None
    with contextlib.suppress(OSError, ValueError, AttributeError):  # none, or one that is closed
        sys.stderr.flush()
    with contextlib.suppress(OSError):
        kept = os.dup(2)
    if kept is None:
        yield
        return
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
