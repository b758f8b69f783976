"""Keras's layers by rank: one name, three classes."""

from __future__ import annotations

import keras


def of_rank(name: str, rank: int) -> type[keras.layers.Layer]:
    """Return the Keras layer that does along `rank` axes what a 2-D layer does along two.

    Args:
        name: The 2-D layer's name, with `2D` in it.
        rank: 1, 2 or 3.

    Raises:
        AttributeError: If Keras has no such layer; `DepthwiseConv3D`, for one, is missing.

    Example:
        >>> [of_rank("GlobalAveragePooling2D", rank).__name__ for rank in (1, 3)]
        ['GlobalAveragePooling1D', 'GlobalAveragePooling3D']
    """
    return getattr(keras.layers, name.replace("2D", f"{rank}D"))
