"""Write a file or a folder aside first and rename it at the end, so that a failure never leaves half of it."""

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
        path: The file to write. Its folder must exist.

    Raises:
        FileNotFoundError: If the folder does not exist.
        IsADirectoryError: If `path` is a folder.
        OSError: If the folder is not writable, or the disk is full.
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
    """Check, before any work is done, that `path` can be written.

    Raises:
        FileNotFoundError: If the folder does not exist.
        IsADirectoryError: If `path` is a folder.
        PermissionError: If the folder is not writable.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"expected an existing folder for {path.name!r}, received '{path.parent}', which does not exist"
        )
    if path.is_dir():
        raise IsADirectoryError(f"expected a file to write, received the folder '{path}'")
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise PermissionError(f"expected a writable folder, received '{path.parent}': {error.strerror}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


TEMPORARY_FOLDER = ".export-"
"""How the names of temporary folders begin."""


def check_folder(folder: str | os.PathLike, overwrite: bool) -> Path:
    """Check, before any work is done, that files can be written to a folder; return its path.

    Raises:
        FileNotFoundError: If the folder's parent does not exist.
        FileExistsError: If the folder contains files and `overwrite` is false.
        NotADirectoryError: If it is a file.
        PermissionError: If it is not writable.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"expected a folder to write to, received the file '{folder}'")
    if (
        not overwrite
        and folder.is_dir()
        and any(not path.name.startswith(TEMPORARY_FOLDER) for path in folder.iterdir())
    ):
        raise FileExistsError(
            f"expected an empty or new folder, received '{folder}', which contains files; overwrite=True (--overwrite "
            "on the command line) replaces those with the same names"
        )
    check_destination(folder / "x" if folder.is_dir() else folder)
    return folder


@contextmanager
def folder_written_aside(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `folder`; on success move its content to `folder`, on failure remove it.

    Files and folders of the same names are replaced, others stay. If moving fails or is interrupted, the old ones are
    restored. Files are only renamed into place, so that none is ever incomplete. A process that is killed leaves its
    temporary folder, `.export-...`, which later runs ignore.

    Args:
        folder: Made when missing. Its parent must exist.
    """
    parent, is_new = folder if folder.is_dir() else folder.parent, not folder.exists()
    with tempfile.TemporaryDirectory(prefix=TEMPORARY_FOLDER, dir=parent, ignore_cleanup_errors=True) as temporary:
        aside, old = Path(temporary, "new"), Path(temporary, "old")
        aside.mkdir()
        old.mkdir()
        yield aside
        folder.mkdir(exist_ok=True)
        names = sorted(path.name for path in aside.iterdir())
        try:
            for name in names:
                if (folder / name).exists():
                    os.replace(folder / name, old / name)
                os.replace(aside / name, folder / name)
        except BaseException:
            for name in names:
                if not (aside / name).exists():  # it has been moved
                    os.replace(folder / name, aside / name)
                if (old / name).exists():
                    os.replace(old / name, folder / name)
            if is_new:
                folder.rmdir()
            raise
