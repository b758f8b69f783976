"""The face tower: an aligned chip -> 128 numbers. Named layers, one custom layer, savable as `.keras`."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import keras
from keras import layers

from keras_apps import weights
from keras_apps.faces.alignment import CHIP
from keras_apps.faces.layers import ShortcutAdd

ENCODING = 128
MEAN_RGB = (122.782, 117.001, 104.298)

# filters, residual blocks, and whether the first block halves the size
_STAGES = ((32, 3, False), (64, 4, True), (128, 3, True), (256, 3, True), (256, 1, True))


def load_tower(name: str | os.PathLike = "resnet128") -> keras.Model:
    """Load a face tower, one network that encodes a face; applied to two pictures it is a Siamese network.

    Args:
        name: `"resnet128"`, the bundled tower, or the path of a `.keras` file.

    Returns:
        `keras.Model` from aligned RGB chips in 0..255, `(n, 150, 150, 3)`, to encodings `(n, 128)`. The bundled
        tower's encodings are not of unit length.

    Raises:
        ValueError: If the name is neither, or the file is not a Keras model.
        FileNotFoundError: If the `.keras` file does not exist.
        DamagedWeightsError: If the bundled file is damaged.

    Reference:
        Taigman et al., "DeepFace", CVPR 2014; King, "dlib's face recognition ResNet", 2017.
    """
    if os.fspath(name) == "resnet128":
        arrays = weights.load("resnet128")
        tower = build_tower()
        weights.assign(tower, arrays)
        return tower
    path = Path(name)
    if path.suffix != ".keras":
        raise ValueError(f"expected 'resnet128' or a path ending in .keras, received {os.fspath(name)!r}")
    if not path.is_file():
        raise FileNotFoundError(f"expected a .keras file, received '{path}', which does not exist")
    try:
        return keras.saving.load_model(path, compile=False)
    except Exception as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"expected a Keras model, received '{path}': {reason}") from None


def build_tower() -> keras.Model:
    """Build `resnet128` with random weights: 29 layers with weights, 5,607,488 parameters.

    The network is dlib's face recognition ResNet with each affine layer folded into the convolution before it.
    """
    chips = keras.Input((CHIP, CHIP, 3), name="chips")
    x = layers.Rescaling(1 / 256, [-mean / 256 for mean in MEAN_RGB], name="preprocessing")(chips)
    x = layers.Conv2D(32, 7, strides=2, activation="relu", name="conv1")(x)
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)
    for number, (filters, blocks, halves) in enumerate(_STAGES, start=1):
        for block in range(1, blocks + 1):
            x = _residual_block(x, filters, halves and block == 1, f"stage{number}_block{block}")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    encodings = layers.Dense(ENCODING, use_bias=False, name="encoding")(x)
    return keras.Model(chips, encodings, name="resnet128")


def _residual_block(x, filters: int, halves: bool, name: str):
    shortcut = x
    if halves:
        shortcut = layers.AveragePooling2D(2, name=f"{name}_shortcut")(x)
        x = layers.Conv2D(filters, 3, strides=2, activation="relu", name=f"{name}_conv1")(x)
    else:
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"{name}_conv1")(x)
    x = layers.Conv2D(filters, 3, padding="same", name=f"{name}_conv2")(x)
    x = ShortcutAdd(name=f"{name}_add")([x, shortcut])
    return layers.Activation("relu", name=f"{name}_relu")(x)


# what a layer computes with besides its weights, by the names that Keras's layers have for it
_COMPUTED_WITH = ("activation", "strides", "padding", "dilation_rate", "groups", "pool_size", "scale", "offset")


def fingerprint(tower: keras.Model) -> str:
    """Return 16 hexadecimal digits that tell one tower from another.

    They are a hash of its layers, of what these compute with, and of the weights. Distances mean something only
    between encodings of one tower. The fingerprint survives saving and loading, and changes with further training.
    """
    digest = hashlib.sha256(str(tower.input_shape).encode())
    for layer in tower.layers:
        digest.update(type(layer).__name__.encode())
        for name in _COMPUTED_WITH:
            value = getattr(layer, name, None)
            digest.update(f"{name}={getattr(value, '__name__', value)}".encode())
    for variable in tower.weights:
        digest.update(str(variable.shape).encode() + variable.numpy().tobytes())
    return digest.hexdigest()[:16]
