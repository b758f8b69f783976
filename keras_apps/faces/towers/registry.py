"""Face towers by name: a picture -> 128 numbers. Named layers, savable as `.keras`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import keras

from keras_apps import weights
from keras_apps._checks import check_choice
from keras_apps._keras_file import load_model_file
from keras_apps._runtimes import RUNTIMES
from keras_apps.faces.towers.exported import ExportedTower
from keras_apps.faces.towers.inception import inception_tower
from keras_apps.faces.towers.resnet import resnet_tower
from keras_apps.faces.towers.small import small_tower

if TYPE_CHECKING:
    import keras

    from keras_apps.faces.towers.exported import ExportedTower

# what a layer computes with besides its weights, by the names that Keras's layers have for it
_COMPUTED_WITH = ("activation", "strides", "padding", "dilation_rate", "groups", "pool_size", "scale", "offset")
_NORMALISED_WITH = ("epsilon", "axis", "order")  # counted where a layer has them; resnet128's have none


def fingerprint(tower: keras.Model | ExportedTower) -> str:
    """Return 16 hexadecimal digits that tell one tower from another.

    They are a hash of its layers, of what these compute with, and of the weights. Distances mean something only
    between encodings of one tower. The fingerprint survives saving and loading, and changes with further training. An
    exported tower has its source's where its encodings were measured to be the same; see `ExportedTower`.
    """
    from keras_apps.faces.towers.exported import ExportedTower

    if isinstance(tower, ExportedTower):
        return tower.fingerprint
    digest = hashlib.sha256(str(tower.input_shape).encode())
    for layer in tower.layers:
        digest.update(type(layer).__name__.encode())
        for name in _COMPUTED_WITH:
            value = getattr(layer, name, None)
            digest.update(f"{name}={getattr(value, '__name__', value)}".encode())
        for name in _NORMALISED_WITH:
            if hasattr(layer, name):
                digest.update(f"{name}={getattr(layer, name)}".encode())
    for variable in tower.weights:
        digest.update(str(variable.shape).encode() + variable.numpy().tobytes())
    return digest.hexdigest()[:16]


BUNDLED = {"resnet128": "resnet128", "synthetic64": "small"}  # weights: who builds the network
UNTRAINED = ("resnet128", "small", "inception")


def load_tower(name: str | os.PathLike = "resnet128") -> keras.Model | ExportedTower:
    """Load a trained face tower, one network that encodes a face; applied to two pictures it is a Siamese network.

    Args:
        name: `"resnet128"`, the bundled tower for photographs; `"synthetic64"`, a small one that knows only
            `synthetic_people`; or the path of a `.keras` file. One that holds a `TripletModel`, `VerificationModel` or
            `SoftmaxIdentifier` gives that; its tower is `.tower`. A path that ends in .onnx or .tflite, a file of
            `export.export`, gives an `ExportedTower`, which needs neither Keras nor, for .onnx, TensorFlow.

    Returns:
        `keras.Model` from aligned RGB chips in 0..255, `(n, 150, 150, 3)` (`synthetic64`: `(n, 64, 64, 3)`), to
        encodings `(n, 128)`. Those of `resnet128` are not of unit length.

    Raises:
        ValueError: If the name is none of these, or the file is damaged, holds classes that are not known (or a Lambda
            layer), or is no Keras model or exported tower.
        FileNotFoundError: If the file does not exist.
        ImportError: If a .onnx file is given and ONNX Runtime is not installed.
        DamagedWeightsError: If the bundled file is damaged.

    Reference:
        Taigman et al., "DeepFace", CVPR 2014; King, "dlib's face recognition ResNet", 2017.
    """
    path = Path(name)
    if path.suffix in RUNTIMES:
        return ExportedTower(path)
    if os.fspath(name) in BUNDLED:
        arrays = weights.load(os.fspath(name))

        tower = build_tower(BUNDLED[os.fspath(name)])
        weights.assign(tower, arrays)
        return tower
    if path.suffix != ".keras":
        if os.fspath(name) in UNTRAINED:
            raise ValueError(f"expected a trained tower, received {os.fspath(name)!r}: build_tower makes it untrained")
        names = ", ".join(map(repr, BUNDLED))
        raise ValueError(f"expected {names} or a path ending in .keras, .onnx or .tflite, received {os.fspath(name)!r}")
    if not path.is_file():
        raise FileNotFoundError(f"expected a .keras file, received '{path}', which does not exist")
    return load_model_file(path)


ENCODING = 128
_BUILDERS = {"resnet128": resnet_tower, "small": small_tower, "inception": inception_tower}
_SMALLEST = {"resnet128": 103, "small": 16, "inception": 32}


def tower_of(model: keras.Model) -> keras.Model:
    """Return the tower of a `TripletModel` or another model around one; a tower itself is returned as it is."""
    return getattr(model, "tower", model)


def build_tower(name: str = "resnet128", size: int | None = None, encoding: int = ENCODING) -> keras.Model:
    """Build a face tower with random weights. Scaling of the pictures lies inside.

    Args:
        name: `"small"` (1.2 million parameters, 64 pixels, encodings of unit length), `"inception"` (FaceNet's,
            3.7 million, 96 pixels, unit length) or `"resnet128"` (5.6 million, 150 pixels, any length).
        size: Height and width of the input in pixels; the tower's own by default.
        encoding: Length of the encoding, >= 2.

    Returns:
        `keras.Model` from RGB pictures in 0..255, `(n, size, size, 3)`, to encodings `(n, encoding)`.

    Raises:
        ValueError: If there is no such tower, or a size is too small for it.

    Example:
        >>> build_tower("small", size=32).output_shape
        (None, 128)

    Reference:
        Schroff et al., "FaceNet", CVPR 2015; He et al., "Deep Residual Learning", CVPR 2016.
    """
    check_choice("tower", name, _BUILDERS)
    for what, value, least in (("size", size, _SMALLEST[name]), ("encoding", encoding, 2)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise ValueError(f"expected a whole number of at least {least} for {what} of {name!r}, received {value!r}")
    return _BUILDERS[name](encoding=encoding, **({} if size is None else {"size": size}))
