"""Face towers by name or file: bundled, `.keras`, or exported."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from keras_apps import weights
from keras_apps._keras_file import load_model_file
from keras_apps._runtimes import RUNTIMES
from keras_apps.faces.exported_tower import ExportedTower

if TYPE_CHECKING:
    import keras

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
        from keras_apps.faces.tower import build_tower

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
