"""Face towers by name: build one, load one, tell one from another. A tower turns a face into a vector of numbers."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from keras_apps import weights
from keras_apps._checks import check_choice, is_whole
from keras_apps._keras_file import load_model_file
from keras_apps._runtimes import RUNTIMES
from keras_apps.faces.alignment import STANDARD, ChipLayout
from keras_apps.faces.towers.exported import ExportedTower
from keras_apps.faces.towers.names import BUNDLED_TOWERS, DEFAULT_TOWER, JOINED

if TYPE_CHECKING:
    import keras

_NETWORKS = {"sface128": "sface128", "resnet128": "resnet128", "synthetic64": "small"}
"""The weights of towers that travel with the package: name -> the network that `build_tower` builds for it."""
ENCODING = 128
_SMALLEST = {"sface128": 16, "resnet128": 103, "small": 16, "inception": 32}
"""The towers that `build_tower` knows -> the smallest height and width of their input, in pixels."""


def load_tower(name: str | os.PathLike = DEFAULT_TOWER) -> keras.Model | ExportedTower:
    """Load a trained face tower: the network that encodes a face. Applied to two pictures it is a Siamese network.

    Args:
        name: A bundled tower for photographs: `"sface128"`; `"resnet128"`; or `"sface128+resnet128"`, both as one,
            the most accurate and the slowest. `"synthetic64"`, a small one that was trained on `synthetic_people`
            only. Or the path of a `.keras` file. A file that holds a `TripletModel`,
            `VerificationModel` or `SoftmaxIdentifier` returns that model; its tower is `.tower`. A path that ends in
            .onnx or .tflite (written by `export.export`) returns an `ExportedTower`, which needs no Keras and, for
            .onnx, no TensorFlow.

    Returns:
        `keras.Model` from aligned RGB chips in 0..255 to encodings. `sface128`: `(n, 112, 112, 3)` to `(n, 128)`;
        `resnet128`: `(n, 150, 150, 3)` to `(n, 128)`; both as one: `(n, 192, 192, 3)` to `(n, 256)`; `synthetic64`:
        `(n, 64, 64, 3)` to `(n, 128)`. The encodings of `sface128` and `synthetic64` have unit length.

    Raises:
        ValueError: If the name is not one of these, or the file is damaged, is not a model, or contains a Lambda layer
            or a class that is not registered.
        FileNotFoundError: If the file does not exist.
        ImportError: If a .onnx file is given and ONNX Runtime is not installed.
        DamagedWeightsError: If the bundled file is damaged.

    Reference:
        Taigman et al., "DeepFace", CVPR 2014; King, "dlib's face recognition ResNet", 2017; Zhong et al., "SFace", TIP
        2021.
    """
    path = Path(name)
    if path.suffix in RUNTIMES:
        return ExportedTower(path)
    if os.fspath(name) in _NETWORKS:
        arrays = weights.load(os.fspath(name))
        tower = build_tower(_NETWORKS[os.fspath(name)])
        weights.assign(tower, arrays)
        return tower
    if os.fspath(name) == JOINED:
        from keras_apps.faces.towers.joined import joined_tower

        return joined_tower(load_tower("sface128"), load_tower("resnet128"))
    if path.suffix != ".keras":
        if os.fspath(name) in _SMALLEST:
            raise ValueError(
                f"expected a trained tower, received {os.fspath(name)!r}, which has no bundled weights; "
                f"build_tower({os.fspath(name)!r}) makes it untrained"
            )
        if path.suffix == ".h5":
            raise ValueError(f"expected a .keras file, received '{path}'; load it with Keras and save it as .keras")
        names = ", ".join(map(repr, BUNDLED_TOWERS))
        raise ValueError(f"expected {names} or a path ending in .keras, .onnx or .tflite, received {os.fspath(name)!r}")
    if not path.is_file():
        raise FileNotFoundError(f"expected a .keras file, received '{path}', which does not exist")
    return load_model_file(path)


def build_tower(name: str = "resnet128", size: int | None = None, encoding: int = ENCODING) -> keras.Model:
    """Build a face tower with random weights. The network scales the pictures itself.

    Args:
        name: `"small"` (1.2 million parameters, 64 pixels, encodings of unit length), `"inception"` (FaceNet's,
            3.7 million, 96 pixels, unit length), `"resnet128"` (5.6 million, 150 pixels, no fixed length) or
            `"sface128"` (9.6 million, 112 pixels, unit length).
        size: Height and width of the input in pixels; by default the number of pixels named above.
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
    check_choice("tower", name, _SMALLEST)
    for what, value, least in (("size", size, _SMALLEST[name]), ("encoding", encoding, 2)):
        if value is not None and (not is_whole(value) or value < least):
            raise ValueError(f"expected a whole number of at least {least} for {what} of {name!r}, received {value!r}")
    return _builders()[name](encoding=int(encoding), **({} if size is None else {"size": int(size)}))


def _builders() -> dict[str, Callable[..., keras.Model]]:
    """Return the functions that build the networks. They import Keras, which `load_tower` for .onnx files must not."""
    from keras_apps.faces.towers.inception import inception_tower
    from keras_apps.faces.towers.resnet import resnet_tower
    from keras_apps.faces.towers.sface import sface_tower
    from keras_apps.faces.towers.small import small_tower

    return {
        "sface128": sface_tower,
        "resnet128": resnet_tower,
        "small": small_tower,
        "inception": inception_tower,
    }


def tower_of(model: keras.Model | ExportedTower) -> keras.Model | ExportedTower:
    """Return the tower of a model that was trained around one; return a tower unchanged.

    Args:
        model: A tower; or a `TripletModel`, `VerificationModel`, `SoftmaxIdentifier` or another model whose attribute
            `tower` is one.
    """
    tower = getattr(model, "tower", None)
    return model if tower is None else tower


def layout_of(model: keras.Model | ExportedTower) -> ChipLayout:
    """Return how the chips of a tower are aligned.

    It is what the tower's layer `AlignedInput` or the exported file says. Towers without either take the chips of
    `resnet128`, resized.

    Args:
        model: A tower, or a model around one (see `tower_of`).
    """
    tower = tower_of(model)
    if isinstance(tower, ExportedTower):
        return tower.layout
    layers = list(getattr(tower, "layers", ()))
    own = next((layer.layout for layer in layers if isinstance(getattr(layer, "layout", None), ChipLayout)), None)
    inner = (layout_of(layer) for layer in layers if getattr(layer, "layers", None))
    return own or next((layout for layout in inner if layout is not STANDARD), STANDARD)


def input_shape_of(tower: keras.Model | ExportedTower) -> tuple[int | None, ...]:
    """Return the shape of a tower's input, `(None, h, w, 3)` for pictures.

    A model written as a subclass of `keras.Model` has no `input_shape`. The shape is then that of the batch on which
    it was first called.

    Raises:
        ValueError: If the tower has not been built, or has several inputs.
    """
    shape = getattr(tower, "input_shape", None)
    if shape is None and hasattr(tower, "get_build_config"):
        shape = (tower.get_build_config() or {}).get("input_shape")
        shape = shape and (None, *shape[1:])
    if not shape:
        name = getattr(tower, "name", type(tower).__name__)
        raise ValueError(f"expected a built tower, received {name!r}; call it once on a batch of pictures first")
    if not all(size is None or is_whole(size) for size in shape):
        raise ValueError(f"expected a tower with one input, received inputs of shapes {shape}")
    return tuple(shape)


def encoding_length(tower: keras.Model | ExportedTower) -> int:
    """Return how many numbers a tower's encoding of one picture has.

    Raises:
        ValueError: If the tower has not been built, or its output is not one vector for each picture.
    """
    shape = getattr(tower, "output_shape", None)
    if shape is None and not isinstance(tower, ExportedTower):
        import keras

        specification = keras.KerasTensor(input_shape_of(tower), "float32")
        shape = getattr(tower.compute_output_spec(specification), "shape", None)
    if not shape or len(shape) != 2 or not is_whole(shape[-1]):
        raise ValueError(f"expected a tower with encodings (n, d) as output, received output of shape {shape}")
    return int(shape[-1])


# the attributes of Keras's layers that change what they compute, besides their weights
_COMPUTED_WITH = ("activation", "strides", "padding", "dilation_rate", "groups", "pool_size", "scale", "offset")
_ONLY_WITH = ("epsilon", "axis", "order", "layout")  # added to the hash only where a layer has them


def fingerprint(tower: keras.Model | ExportedTower) -> str:
    """Return 16 hexadecimal digits that identify a tower.

    The fingerprint is a hash of the tower's layers, their settings and their weights. It stays the same when the tower
    is saved and loaded, and changes when the tower is trained further. Distances are meaningful only between encodings
    of one tower, so a gallery and a threshold store it. An exported tower has the fingerprint of its source where its
    encodings were measured to be the same; see `ExportedTower`.

    Args:
        tower: A tower, or a model around one (see `tower_of`).
    """
    tower = tower_of(tower)
    if isinstance(tower, ExportedTower):
        return tower.fingerprint
    digest = hashlib.sha256(str(input_shape_of(tower)).encode())
    for layer in tower.layers:
        digest.update(type(layer).__name__.encode())
        for name in _COMPUTED_WITH:
            value = getattr(layer, name, None)
            digest.update(f"{name}={getattr(value, '__name__', value)}".encode())
        for name in _ONLY_WITH:
            if hasattr(layer, name):
                digest.update(f"{name}={getattr(layer, name)}".encode())
    for variable in tower.weights:
        digest.update(str(variable.shape).encode() + variable.numpy().tobytes())
    return digest.hexdigest()[:16]
