"""The pictures that travel with the package, and what stands for them."""

from __future__ import annotations

import os
from pathlib import Path

from keras_apps._checks import check_choice

BUNDLED = Path(__file__).parent / "pictures"
BUNDLED_PREFIX = "bundled:"


def resolve(path: str | os.PathLike) -> Path:
    """Return the file that a path or a `"bundled:NAME"` stands for.

    Raises:
        FileNotFoundError: If there is no such bundled picture.
    """
    text = os.fspath(path)
    if not text.startswith(BUNDLED_PREFIX):
        return Path(text)
    wanted = text[len(BUNDLED_PREFIX) :]
    files = {file.stem: file for file in _bundled_files()}
    check_choice("bundled picture", wanted, files, FileNotFoundError)
    return files[wanted]


def bundled() -> list[str]:
    """Return the names of the pictures that travel with the package, for use as `"bundled:NAME"`."""
    return [file.stem for file in _bundled_files()]


def _bundled_files() -> list[Path]:
    return sorted(f for f in BUNDLED.iterdir() if f.suffix in (".jpg", ".png"))
