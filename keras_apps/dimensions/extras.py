"""A library that only some need -> imported, or an error that says how to install it."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from types import ModuleType


def load_extra(module: str, extra: str) -> ModuleType:
    """Import a library that an extra of this package brings.

    Raises:
        ImportError: If it is not installed; the message names the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise
        raise ImportError(f"expected {module} to be installed: pip install keras_apps[{extra}]") from None


def existing(path: str | os.PathLike) -> Path:
    """Return the path of a file or folder.

    Raises:
        FileNotFoundError: If nothing is there.
        TypeError: If it is no path.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"expected a path, received {type(path).__name__}")
    if not Path(path).exists():
        raise FileNotFoundError(f"expected an existing file or folder, received '{path}'")
    return Path(path)
