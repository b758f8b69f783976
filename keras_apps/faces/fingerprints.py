"""Which tower made an encoding: 16 digits that tell one from another. Without Keras, for exported towers too."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

    from keras_apps.faces.exported_tower import ExportedTower

# what a layer computes with besides its weights, by the names that Keras's layers have for it
_COMPUTED_WITH = ("activation", "strides", "padding", "dilation_rate", "groups", "pool_size", "scale", "offset")
_NORMALISED_WITH = ("epsilon", "axis", "order")  # counted where a layer has them; resnet128's have none


def fingerprint(tower: keras.Model | ExportedTower) -> str:
    """Return 16 hexadecimal digits that tell one tower from another.

    They are a hash of its layers, of what these compute with, and of the weights. Distances mean something only
    between encodings of one tower. The fingerprint survives saving and loading, and changes with further training. An
    exported tower has its source's where its encodings were measured to be the same; see `ExportedTower`.
    """
    from keras_apps.faces.exported_tower import ExportedTower

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
