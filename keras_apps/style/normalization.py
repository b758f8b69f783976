"""What each term of the total cost is divided by: the course's way, the scale-free one, and those of known programs.

With a_C and a_G the activations of a content layer, G_S and G_G mean Gram matrices (each divided by its own picture's
number of positions n_H n_W), n_C channels and N positions of the generated picture's layer, and P its pixels:

| name | a content layer | a style layer | variation |
|---|---|---|---|
| scale-free | |a_C - a_G|^2 / |a_C|^2 | |G_S - G_G|^2 / |G_S|^2 | mean of |differences| |
| course | 1/2 |a_C - a_G|^2 | |G_S - G_G|^2 / (4 n_C^2) | sum of |differences| |
| assignment | |a_C - a_G|^2 / (4 n_H n_W n_C) | |G_S - G_G|^2 / (4 n_C^2) | sum of |differences| |
| tensorflow | mean of (a_C - a_G)^2 | mean of (G_S - G_G)^2 | sum of |differences| |
| keras.io | |a_C - a_G|^2 | N^2 |G_S - G_G|^2 / (4 3^2 P^2) | sum of (down^2 + across^2)^1.25, pixels in 0..255 |

`course` is the lecture's and Gatys's; `assignment` the course's programming exercise; the last two are the examples
"Neural style transfer" of keras.io and of TensorFlow's tutorials.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from keras_apps.style.costs import variation_cost

TINY = 1e-12
"""Where a flat picture leaves nothing to divide by."""


class Normalization(NamedTuple):
    """The factors of the three terms.

    Attributes:
        content: From a_C, floats `(h, w, c)`, to what |a_C - a_G|^2 is multiplied with.
        style: From the mean Gram matrices G_S, floats `(styles, c, c)`, the positions N of the generated picture's
            layer and its pixels P to what |G_S - G_G|^2 is multiplied with: a scalar or floats `(styles,)`.
        variation: From a picture, floats `(h, w, 3)` in 0..1, to its cost.
    """

    content: Callable[[tf.Tensor], tf.Tensor]
    style: Callable[[tf.Tensor, int, int], tf.Tensor]
    variation: Callable[[tf.Tensor], tf.Tensor]


def power_variation(G: tf.Tensor) -> tf.Tensor:
    """Compute keras.io's total variation, the sum of (down^2 + across^2)^1.25, of a picture's values in 0..255.

    Args:
        G: Floats `(h, w, 3)` in 0..1.

    Returns:
        A scalar >= 0.

    Example:
        >>> float(power_variation(tf.ones((4, 4, 3))))
        0.0
    """
    down = 255 * (G[1:, :-1] - G[:-1, :-1])
    across = 255 * (G[:-1, 1:] - G[:-1, :-1])
    squares = tf.square(down) + tf.square(across)
    # the power's derivative is infinite nowhere: 1.25 > 1, but XLA computes x^0.25 at 0 through a logarithm
    return tf.reduce_sum(tf.pow(tf.maximum(squares, TINY), 1.25) * tf.cast(squares > 0, G.dtype))


def _mean_variation(G: tf.Tensor) -> tf.Tensor:
    return variation_cost(G) / tf.cast(tf.size(G), G.dtype)


def _channels(gram: tf.Tensor) -> float:
    return float(gram.shape[-1])


NORMALIZATION = {
    "scale-free": Normalization(
        lambda a_C: 1 / (tf.reduce_sum(tf.square(a_C)) + TINY),
        lambda G_S, N, P: 1 / (tf.reduce_sum(tf.square(G_S), axis=(-2, -1)) + TINY),
        _mean_variation,
    ),
    "course": Normalization(
        lambda a_C: tf.constant(0.5, a_C.dtype), lambda G_S, N, P: 1 / (4 * _channels(G_S) ** 2), variation_cost
    ),
    "assignment": Normalization(
        lambda a_C: 1 / (4 * tf.cast(tf.size(a_C), a_C.dtype)),
        lambda G_S, N, P: 1 / (4 * _channels(G_S) ** 2),
        variation_cost,
    ),
    "tensorflow": Normalization(
        lambda a_C: 1 / tf.cast(tf.size(a_C), a_C.dtype), lambda G_S, N, P: 1 / _channels(G_S) ** 2, variation_cost
    ),
    "keras.io": Normalization(
        lambda a_C: tf.constant(1.0, a_C.dtype), lambda G_S, N, P: (N / P) ** 2 / (4 * 3**2), power_variation
    ),
}
