"""A picture -> the same picture a little shifted, turned, enlarged: what must excite a unit all the same.

Each function returns a transform: a function of pictures `(n, h, w, c)` and a seed, int32 `(2,)`, of TensorFlow
operations. The same seed gives the same view. What comes into view from beyond the border mirrors what is within.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

View = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def jitter(pixels: int = 8) -> View:
    """Return the transform that shifts pictures by whole pixels, at most so many up, down, left or right."""
    if pixels < 0:
        raise ValueError(f"expected at least 0 pixels of jitter, received {pixels}")

    def shifted(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        shift = tf.cast(tf.random.stateless_uniform((2,), seed, -pixels, pixels + 1, tf.int32), tf.float32)
        return _warped(pictures, tf.constant(0.0), tf.constant(1.0), shift)

    return shifted


def rotation(degrees: float = 10) -> View:
    """Return the transform that turns pictures round their centre, at most by so much either way."""

    def turned(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        angle = tf.random.stateless_uniform((), seed, -degrees, degrees) * np.float32(np.pi / 180)
        return _warped(pictures, angle, tf.constant(1.0), tf.zeros(2))

    return turned


def scaling(least: float = 0.9, most: float = 1.1) -> View:
    """Return the transform that enlarges pictures about their centre, by a factor between two."""
    if not 0 < least <= most:
        raise ValueError(f"expected factors 0 < least <= most, received {least} and {most}")

    def enlarged(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        factor = tf.random.stateless_uniform((), seed, least, most)
        return _warped(pictures, tf.constant(0.0), factor, tf.zeros(2))

    return enlarged


def usual_views(size: Sequence[int]) -> tuple[View, ...]:
    """Return the transforms that are used where none are named: enlarge, turn, shift by up to a sixteenth."""
    return scaling(), rotation(), jitter(max(1, min(size) // 16))


def seen_through(views: Sequence[View], pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Apply transforms one after another, each with a seed of its own."""
    for number, view in enumerate(views):
        pictures = view(pictures, seed + tf.constant((0, 7919 * (number + 1))))
    return pictures


def _warped(pictures: tf.Tensor, angle: tf.Tensor, factor: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    """Turn, enlarge and shift; the operation asks where each pixel of the result lies in the picture."""
    height, width = pictures.shape[1:3]
    y, x = (height - 1) / 2, (width - 1) / 2
    cos, sin = tf.cos(angle) / factor, tf.sin(angle) / factor
    left, top = x - cos * x + sin * y - shift[1], y - sin * x - cos * y - shift[0]
    zero = tf.constant(0.0)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=tf.stack([cos, -sin, left, sin, cos, top, zero, zero])[None],
        output_shape=(height, width),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
