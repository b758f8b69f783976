"""Activations -> one number a picture, which is to rise. Pure functions of TensorFlow operations."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


def at_position(activations: tf.Tensor, position: Sequence[int] | None) -> tf.Tensor:
    """Return activations as `(n, positions, c)`: all positions of a layer's map, or the one that is named.

    Args:
        activations: Floats `(n, ..., c)`.
        position: One index for each spatial axis, or `None` for all.
    """
    if position is not None:
        activations = activations[(slice(None), *position)]
    return tf.reshape(activations, (tf.shape(activations)[0], -1, activations.shape[-1]))


def dot(activations: tf.Tensor, directions: tf.Tensor) -> tf.Tensor:
    """Return the mean over all positions of the product with a direction; of a single 1, the mean of a channel.

    Args:
        activations: Floats `(n, positions, c)`.
        directions: Floats `(n, c)`, one for each picture.

    Returns:
        Floats `(n,)`.

    Example:
        >>> dot(tf.constant([[[1.0, 2.0], [3.0, 6.0]]]), tf.constant([[0.0, 1.0]])).numpy().tolist()
        [4.0]
    """
    return tf.einsum("npc,nc->n", activations, directions) / tf.cast(tf.shape(activations)[1], activations.dtype)


def cosine(activations: tf.Tensor, directions: tf.Tensor) -> tf.Tensor:
    """Return the product of the positions' mean with a direction of unit length, times the cosine between the two.

    The product alone may also grow along directions that were not asked for, the cosine alone be content with the
    faintest picture. Cosines below 0.1 count as 0.1, so that there is always a way up. Arguments as for `dot`.

    Example:
        >>> round(float(cosine(tf.constant([[[3.0, 4.0]]]), tf.constant([[2.0, 0.0]]))[0]), 4)  # 3 x 3/5
        1.8

    Reference:
        Carter et al., "Activation Atlas", Distill 2019.
    """
    mean = tf.reduce_mean(activations, axis=1)
    towards = tf.math.l2_normalize(directions, axis=-1, epsilon=1e-12)
    between = tf.reduce_sum(tf.math.l2_normalize(mean, axis=-1, epsilon=1e-12) * towards, axis=-1)
    return tf.reduce_sum(mean * towards, axis=-1) * tf.maximum(between, 0.1)


def nearness(activations: tf.Tensor, directions: tf.Tensor) -> tf.Tensor:
    """Return minus the squared distance of the positions' mean from a point: 0 where a face is encoded exactly so.

    Example:
        >>> nearness(tf.constant([[[3.0, 4.0]]]), tf.constant([[1.0, 0.0]])).numpy().tolist()  # -(2^2 + 4^2)
        [-20.0]
    """
    return -tf.reduce_sum(tf.square(tf.reduce_mean(activations, axis=1) - directions), axis=-1)


def energy(activations: tf.Tensor, directions: tf.Tensor | None = None) -> tf.Tensor:
    """Return the mean square of all activations, `(n, positions, c)`: whatever the layer sees, more of it.

    Reference:
        Mordvintsev et al., "Inceptionism: Going Deeper into Neural Networks", 2015 ("deep dream").
    """
    return tf.reduce_mean(tf.square(activations), axis=(1, 2))


MEASURES = {"dot": dot, "cosine": cosine, "distance": nearness}


def likeness(activations: tf.Tensor) -> tf.Tensor:
    """Return how alike several pictures' textures are: the mean cosine between their Gram matrices, two by two.

    Args:
        activations: Floats `(groups, n, positions, c)`; pictures are compared within their group.

    Returns:
        A float in -1..1; 0 where n is 1.

    Example:
        >>> likeness(tf.constant([[[[1.0, 0.0]], [[0.0, 1.0]]]])).numpy().item()
        0.0

    Reference:
        Olah et al., "Feature Visualization", Distill 2017, section "Diversity".
    """
    count = activations.shape[1]
    grams = tf.einsum("gnpc,gnpd->gncd", activations, activations)
    flat = tf.math.l2_normalize(tf.reshape(grams, (*activations.shape[:1], count, -1)), axis=-1, epsilon=1e-12)
    cosines = tf.einsum("gnk,gmk->gnm", flat, flat)
    others = tf.reduce_sum(cosines, axis=(1, 2)) - tf.linalg.trace(cosines)
    return tf.reduce_mean(others) / max(1, count * (count - 1))
