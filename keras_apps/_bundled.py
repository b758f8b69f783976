"""The pictures that are part of the package, by name."""

from __future__ import annotations

import os
from pathlib import Path

from keras_apps._checks import check_choice
from keras_apps._picture_sources import check_path

BUNDLED = Path(__file__).parent / "pictures"
BUNDLED_PREFIX = "bundled:"


def resolve(path: str | os.PathLike) -> Path:
    """Return the file of a path or of `"bundled:NAME"`.

    Raises:
        FileNotFoundError: If no bundled picture has that name, or the path is too long to be one.
        ValueError: If it is an address, as `http://...`.
    """
    text = os.fsdecode(path)
    if not text.startswith(BUNDLED_PREFIX):
        check_path(path)
        return Path(text)
    name = text[len(BUNDLED_PREFIX) :]
    files = {file.stem: file for file in _bundled_files()}
    check_choice("bundled picture", name, files, FileNotFoundError)
    return files[name]


def bundled() -> list[str]:
    """Return the names of the pictures that are part of the package, for use as `"bundled:NAME"`."""
    return [file.stem for file in _bundled_files()]


def _bundled_files() -> list[Path]:
    return sorted(f for f in BUNDLED.iterdir() if f.suffix in (".jpg", ".png"))
