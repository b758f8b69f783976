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


ASIDE = ".export-"


def check_folder(folder: str | os.PathLike, overwrite: bool) -> Path:
    """Return the folder's path, where exports may be written to it.

    Raises:
        FileNotFoundError: If the folder that it would stand in does not exist.
        FileExistsError: If it holds files and `overwrite` is false.
        NotADirectoryError: If it is a file.
        PermissionError: If nothing can be written there.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"expected a folder to write to, received the file '{folder}'")
    if not overwrite and folder.is_dir() and any(not path.name.startswith(ASIDE) for path in folder.iterdir()):
        raise FileExistsError(
            f"expected an empty or new folder, received '{folder}', which holds files; overwrite=True, --overwrite at "
            "the command line, replaces those of the same name"
        )
    check_destination(folder / "x" if folder.is_dir() else folder)
    return folder


@contextmanager
def folder_written_aside(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `folder`; move what is in it there on success, remove it on failure.

    What is there already under the same names is replaced, the rest of the folder stays. Where moving fails, or is
    interrupted, what was there comes back. Files are only ever renamed to their place, so none is there in part; a
    process that is killed leaves its temporary folder, `.export-...`, which no later run reads.
    """
    parent, new = folder if folder.is_dir() else folder.parent, not folder.exists()
    with tempfile.TemporaryDirectory(prefix=ASIDE, dir=parent, ignore_cleanup_errors=True) as temporary:
        aside, old = Path(temporary, "new"), Path(temporary, "old")
        aside.mkdir()
        old.mkdir()
        yield aside
        folder.mkdir(exist_ok=True)
        made = sorted(path.name for path in aside.iterdir())
        try:
            for name in made:
                if (folder / name).exists():
                    os.replace(folder / name, old / name)
                os.replace(aside / name, folder / name)
        except BaseException:
            for name in made:
                if not (aside / name).exists():  # it was moved already
                    os.replace(folder / name, aside / name)
                if (old / name).exists():
                    os.replace(old / name, folder / name)
            if new:
                folder.rmdir()
            raise
