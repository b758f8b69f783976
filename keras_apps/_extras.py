"""Libraries that an extra of this package brings, imported when they are first needed."""

from __future__ import annotations

import importlib
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
