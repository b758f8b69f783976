"""A picture -> the same picture a little shifted, turned, enlarged: what must excite a unit all the same.

Each function returns a transform: a function of pictures `(n, h, w, c)` and a seed, int32 `(2,)`, of TensorFlow
operations. The same seed gives the same view. What comes into view from beyond the border mirrors what is within, for
as far as the picture is long; it is padded for that, since TensorFlow's own mirrored warp sends no gradient back from
there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from keras_apps._checks import is_whole

View = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def jitter(pixels: int = 8) -> View:
    """Return the transform that shifts pictures by whole pixels, at most so many up, down, left or right."""
    if not is_whole(pixels) or pixels < 0:
        raise ValueError(f"expected a whole number of at least 0 pixels of jitter, received {pixels!r}")

    def shifted(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        shift = tf.cast(tf.random.stateless_uniform((2,), seed, -pixels, pixels + 1, tf.int32), tf.float32)
        return _warped(pictures, tf.constant(0.0), tf.constant(1.0), shift, (pixels, pixels))

    return shifted


def rotation(degrees: float = 10) -> View:
    """Return the transform that turns pictures round their centre, at most by so much either way."""

    if not (_is_number(degrees) and 0 <= degrees <= 180):
        raise ValueError(f"expected degrees in 0..180, received {degrees!r}")
    sin, straightened = math.sin(math.radians(min(degrees, 90))), 1 - math.cos(math.radians(degrees))

    def turned(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        height, width = pictures.shape[1:3]
        beyond = (sin * width + straightened * height) / 2, (sin * height + straightened * width) / 2
        angle = tf.random.stateless_uniform((), seed, -degrees, degrees) * np.float32(np.pi / 180)
        return _warped(pictures, angle, tf.constant(1.0), tf.zeros(2), beyond)

    return turned


def scaling(least: float = 0.9, most: float = 1.1) -> View:
    """Return the transform that enlarges pictures about their centre, by a factor between two."""
    if not (_is_number(least) and _is_number(most) and 0 < least <= most < math.inf):
        raise ValueError(f"expected factors 0 < least <= most, received {least!r} and {most!r}")
    beyond = max(0.0, 1 / least - 1) / 2

    def enlarged(pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        factor = tf.random.stateless_uniform((), seed, least, most)
        height, width = pictures.shape[1:3]
        return _warped(pictures, tf.constant(0.0), factor, tf.zeros(2), (beyond * height, beyond * width))

    return enlarged


def usual_views(size: Sequence[int]) -> tuple[View, ...]:
    """Return the transforms that are used where none are named: enlarge, turn, shift by up to a sixteenth."""
    return scaling(), rotation(), jitter(max(1, min(size) // 16))


def seen_through(views: Sequence[View], pictures: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Apply transforms one after another, each with a seed of its own."""
    for number, view in enumerate(views):
        pictures = view(pictures, seed + tf.constant((0, 7919 * (number + 1))))
    return pictures


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _warped(
    pictures: tf.Tensor, angle: tf.Tensor, factor: tf.Tensor, shift: tf.Tensor, beyond: tuple[float, float]
) -> tf.Tensor:
    """Turn, enlarge and shift; the operation asks where each pixel of the result lies in the padded picture.

    Args:
        beyond: How far beyond the upper and lower, and the left and right border it looks, in pixels.
    """
    height, width = pictures.shape[1:3]
    tall, wide = (min(math.ceil(b) + 1, side) for b, side in zip(beyond, (height, width), strict=True))
    padded = tf.pad(pictures, ((0, 0), (tall, tall), (wide, wide), (0, 0)), mode="SYMMETRIC")
    y, x = (height - 1) / 2, (width - 1) / 2
    cos, sin = tf.cos(angle) / factor, tf.sin(angle) / factor
    left, top = wide + x - cos * x + sin * y - shift[1], tall + y - sin * x - cos * y - shift[0]
    zero = tf.constant(0.0)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=padded,
        transforms=tf.stack([cos, -sin, left, sin, cos, top, zero, zero])[None],
        output_shape=(height, width),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )
