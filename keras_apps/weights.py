"""The bundled weights: manifest, checksums, where the files are, and the one explicit download."""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_apps._checks import check_choice

if TYPE_CHECKING:
    import keras
    import numpy as np


class DamagedWeightsError(ValueError):
    """A weight file is missing, or its checksum differs from the manifest's."""


def folder() -> Path:
    """Return the folder of the bundled weights: the installed package's, or a clone's `weights/`."""
    installed = Path(__file__).parent / "_weights"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "weights"


def manifest() -> dict[str, dict[str, Any]]:
    """Return `{name: entry}` of the bundled weights; an entry has the keys file, sha256, source, licence, input, ...

    Raises:
        DamagedWeightsError: If the manifest is missing or unreadable.
    """
    path = folder() / "MANIFEST.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError) as error:
        raise DamagedWeightsError(f"expected the manifest of the weights at '{path}', received {error!r}") from None


def entry(name: str) -> dict[str, Any]:
    """Return one manifest entry.

    Raises:
        ValueError: If no bundled weights have that name.
    """
    entries = manifest()
    check_choice("bundled weight file", name, entries)
    return entries[name]


def checked_path(name: str) -> Path:
    """Return the path of a weight file, after comparing its checksum with the manifest's.

    Raises:
        ValueError: If no bundled weights have that name.
        DamagedWeightsError: If the file is missing or damaged; the message contains the path and both checksums.
    """
    expected = entry(name)
    path = folder() / expected["file"]
    if not path.is_file():
        raise DamagedWeightsError(f"expected the weight file '{path}', which is missing; install the package again")
    actual = checksum(path)
    if actual != expected["sha256"]:
        raise DamagedWeightsError(f"'{path}' is damaged: expected sha256 {expected['sha256']}, received {actual}")
    return path


def checksum(path: Path, algorithm: str = "sha256") -> str:
    """Return a file's checksum in hexadecimal, by an algorithm of `hashlib`."""
    digest = hashlib.new(algorithm)
    with open(path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def load(name: str) -> dict[str, np.ndarray]:
    """Return the arrays of bundled weights as float32, `{"layer/kernel": array, "layer/bias": array, ...}`.

    Raises:
        ValueError: If no bundled weights have that name.
        DamagedWeightsError: If the file is missing or damaged.
    """
    import numpy as np

    with np.load(checked_path(name), allow_pickle=False) as arrays:
        return {key: arrays[key].astype(np.float32) for key in arrays.files}


def assign(model: keras.Model, arrays: dict[str, np.ndarray]) -> None:
    """Set the weights of a Keras model's layers by name.

    Args:
        model: A built `keras.Model`.
        arrays: `{"layer/kernel": array, ...}`, by the names of layer and variable. Arrays of layers that the model
            does not have (a network that ends earlier) are ignored.

    Raises:
        ValueError: If one of the model's weights is not in `arrays`, or has another shape.
    """
    for layer in model.layers:
        for variable in layer.weights:
            key = f"{layer.name}/{variable.name}"
            if key not in arrays:
                raise ValueError(f"expected weights for {key}, received only {', '.join(list(arrays)[:4])}, ...")
            variable.assign(arrays[key])


VGG19_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
VGG19_MD5 = "253f8cb515780f3b799900260a226db6"


def vgg19_path() -> Path:
    """Return where Keras stores VGG19's convolutional ImageNet weights; the file need not exist."""
    home = os.environ.get("KERAS_HOME") or os.path.join(os.path.expanduser("~"), ".keras")
    return Path(home) / "models" / VGG19_FILE


def vgg19_available() -> bool:
    """Return whether Keras's cache contains VGG19's weights, complete."""
    path = vgg19_path()
    if not path.is_file():
        return False
    state = path.stat()
    return _md5(path, state.st_mtime_ns, state.st_size) == VGG19_MD5


@functools.lru_cache(maxsize=4)
def _md5(path: Path, changed: int, size: int) -> str:
    return checksum(path, "md5")  # of 80 MB: cached while the file does not change


def check_download(name: str) -> None:
    """Raise `ValueError` unless there are weights to download under that name."""
    if name != "vgg19":
        raise ValueError(f"expected 'vgg19', the only weights that are downloaded, received {name!r}")


def download(name: str, report: Callable[[str], None] = lambda line: None) -> Path:
    """Download weights into Keras's own cache. This is the only network call of the package.

    Args:
        name: `"vgg19"`.
        report: Called with a line of text before the download starts.

    Returns:
        The path of the complete file, whose checksum has been verified.

    Raises:
        ValueError: If nothing can be downloaded under that name.
        PermissionError: If Keras's cache is not writable.
        ConnectionError: If the download fails or is damaged; an incomplete file is removed.
    """
    check_download(name)
    path = vgg19_path()
    if vgg19_available():
        return path
    import keras

    report(f"downloading VGG19's ImageNet weights (80 MB) to '{path}'")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(f"expected a writable folder, received '{path.parent}'")
    try:
        keras.applications.VGG19(include_top=False, weights="imagenet")
        if not vgg19_available():
            actual = checksum(path, "md5") if path.exists() else "no file"
            raise ValueError(f"expected md5 {VGG19_MD5}, received {actual}")
    except BaseException as error:
        path.unlink(missing_ok=True)
        if not isinstance(error, Exception):
            raise
        raise ConnectionError(f"could not download {name}: {error}; the incomplete file was removed") from None
    return path
