"""A small residual tower for faces that two cores can train from scratch."""

from __future__ import annotations

import keras

from keras_apps._residual import residual_tower


def small_tower(size: int = 64, encoding: int = 128) -> keras.Model:
    """Build a small residual tower: 1.2 million parameters at 64 pixels.

    The last activations are flattened, not averaged: in an aligned picture each position has a meaning (an eye here,
    the mouth there). `dimensions.build_tower` builds the same tower for 1-D and 3-D input.

    Args:
        size: Height and width of the input in pixels, >= 16.
        encoding: Length of the encoding.

    Returns:
        `keras.Model` from RGB pictures in 0..255, `(n, size, size, 3)`, to encodings `(n, encoding)` of unit length.

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
    """
    return residual_tower((size, size, 3), name="small", encoding=encoding, scale=1 / 64, offset=-2.0)
