"""A folder that is written aside, and comes to its place when all of it is there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keras_apps._files import check_destination


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
    if folder.is_dir() and any(folder.iterdir()) and not overwrite:
        raise FileExistsError(
            f"expected an empty or new folder, received '{folder}', which holds files; overwrite=True, --overwrite at "
            "the command line, replaces those of the same name"
        )
    check_destination(folder / "x" if folder.is_dir() else folder)
    return folder


@contextmanager
def written_aside(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `folder`; move what is in it there on success, remove it on failure.

    What is there already under the same names is replaced, the rest of the folder stays.
    """
    parent = folder if folder.is_dir() else folder.parent
    with tempfile.TemporaryDirectory(prefix=".export-", dir=parent) as temporary:
        aside, old = Path(temporary, "new"), Path(temporary, "old")
        aside.mkdir()
        old.mkdir()
        yield aside
        folder.mkdir(exist_ok=True)
        for made in sorted(aside.iterdir()):
            place = folder / made.name
            if made.is_dir() and place.exists() or place.is_dir():
                os.replace(place, old / made.name)
            os.replace(made, place)
        shutil.rmtree(old, ignore_errors=True)
        old.mkdir(exist_ok=True)
