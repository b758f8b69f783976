"""Write files so that a failure leaves the old file, or none: aside first, then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_aside(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, remove it on failure.

    Args:
        path: Where the file shall stand. Its folder must exist.

    Raises:
        FileNotFoundError: If the folder does not exist.
        IsADirectoryError: If `path` is a folder.
        OSError: If the folder cannot be written to, or the disk is full.
    """
    path = Path(path)
    check_destination(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem[:50]}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        os.chmod(aside, 0o666 & ~_umask())
        os.replace(aside, path)
    except OSError as error:
        raise OSError(f"could not write '{path}': {error.strerror or error}") from None
    finally:
        aside.unlink(missing_ok=True)


def check_destination(path: str | os.PathLike) -> None:
    """Raise what writing `path` would raise, before any work is done.

    Raises:
        FileNotFoundError: If the folder does not exist.
        IsADirectoryError: If `path` is a folder.
        PermissionError: If the folder cannot be written to.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"expected an existing folder for {path.name!r}, received '{path.parent}'")
    if path.is_dir():
        raise IsADirectoryError(f"expected a file to write, received the folder '{path}'")
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        reason = f"'{path.parent}' ({error.strerror})"
        raise PermissionError(f"expected a folder that can be written to, received {reason}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
