"""A `.keras` file -> its model, loaded in safe mode, or one sentence that says why it cannot be loaded."""

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
    """Load a `.keras` file; code that it contains is never run.

    Args:
        path: An existing file.

    Raises:
        ValueError: If the file is damaged or is not a `.keras` file, or contains a Lambda layer or a class that is not
            registered.
    """
    if not zipfile.is_zipfile(path):  # Keras would report that such a file does not exist
        raise ValueError(f"expected a Keras model, received '{path}', which is damaged or not a .keras file")
    import keras

    import keras_apps

    keras_apps.register()
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        raise ValueError(f"expected a Keras model, received '{path}': {_reason(path, error)}") from None


def _reason(path: Path, error: Exception) -> str:
    message = str(error) or type(error).__name__
    if "`Lambda` layer" in message:  # Keras's advice here is to run the file's code
        names = ", ".join(map(repr, _lambda_layers(path))) or "unnamed"
        return (
            f"it contains a Lambda layer ({names}), whose code is stored in the file and is not run; write that layer "
            f"as a class decorated with {REGISTER}, build the model with it and save it again"
        )
    unknown = re.search(r"Could not locate (class|function) '([^']+)'", message)
    if unknown:
        what, name = unknown.groups()
        return (
            f"it contains the {what} {name!r}, which is not registered; import the module that defines it, decorated "
            f"with {REGISTER}, and load the file from Python"
        )
    damaged = isinstance(error, (zipfile.BadZipFile, KeyError)) or "no item named" in message
    return ("it is damaged: " if damaged else "") + message.strip().strip('"').splitlines()[0]


def _lambda_layers(path: Path) -> list[str]:
    """Return the names of a file's Lambda layers."""
    names: list[str] = []

    def search(value: object) -> None:
        if isinstance(value, dict):
            if value.get("class_name") == "Lambda":
                names.append(str((value.get("config") or {}).get("name", "unnamed")))
            value = list(value.values())
        for item in value if isinstance(value, list) else ():
            search(item)

    with zipfile.ZipFile(path) as archive:
        search(json.loads(archive.read("config.json")))
    return list(dict.fromkeys(names))
