"""A `.keras` file -> the model in it, in safe mode, or one sentence that says why not."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

REGISTER = "@keras.saving.register_keras_serializable()"


def load_model_file(path: Path) -> keras.Model:
    """Load a `.keras` file; code that it holds is never run.

    Args:
        path: An existing file.

    Raises:
        ValueError: If it is damaged or no such file, or holds a Lambda layer or a class that nobody registered.
    """
    if not zipfile.is_zipfile(path):  # of these Keras says that they do not exist
        raise ValueError(f"expected a Keras model, received '{path}', which is damaged or no .keras file")
    import keras

    import keras_apps

    keras_apps.register()
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        raise ValueError(f"expected a Keras model, received '{path}': {_reason(path, error)}") from None


def _reason(path: Path, error: Exception) -> str:
    told = str(error) or type(error).__name__
    if "`Lambda` layer" in told:  # Keras's advice here is to run the file's code
        names = ", ".join(map(repr, _lambdas(path))) or "one"
        return (
            f"it holds a Lambda layer ({names}), whose code lies in the file and is not run; write that layer as a "
            f"class under {REGISTER}, build the model with it and save it again"
        )
    unknown = re.search(r"Could not locate (class|function) '([^']+)'", told)
    if unknown:
        what, name = unknown.groups()
        return (
            f"it holds the {what} {name!r}, which is not known here; load the file from Python, after importing the "
            f"module that defines it under {REGISTER}"
        )
    damaged = isinstance(error, (zipfile.BadZipFile, KeyError)) or "no item named" in told
    return ("it is damaged: " if damaged else "") + told.strip().strip('"').splitlines()[0]


def _lambdas(path: Path) -> list[str]:
    """Return the names of a file's Lambda layers."""
    found = []

    def look(value) -> None:
        if isinstance(value, dict):
            if value.get("class_name") == "Lambda":
                found.append(str((value.get("config") or {}).get("name", "unnamed")))
            value = list(value.values())
        for each in value if isinstance(value, list) else ():
            look(each)

    with zipfile.ZipFile(path) as whole:
        look(json.loads(whole.read("config.json")))
    return list(dict.fromkeys(found))
