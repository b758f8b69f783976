"""The costs of neural style transfer, one pure function per equation of the course.

`a_C`, `a_S`, `a_G` are the activations of one layer for the content, the style and the generated picture. They may
have leading axes `(..., h, w, c)`, over which each cost is taken by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import tensorflow as tf


def content_cost(a_C: tf.Tensor, a_G: tf.Tensor) -> tf.Tensor:
    """Compute J_content(C, G) = 1/2 |a_C - a_G|^2, how far G's content is from C's.

    Args:
        a_C: Floats `(..., h, w, c)`.
        a_G: Floats of the same shape.

    Returns:
        Floats `(...)`, >= 0; a scalar for one picture.

    Raises:
        ValueError: If the shapes differ or have fewer than three axes.

    Example:
        >>> float(content_cost(tf.zeros((1, 2, 1)), tf.constant([[[3.0], [4.0]]])))
        12.5

    Reference:
        Gatys et al., "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016, equation 1.
    """
    a_C, a_G = _pair(a_C, a_G, same_size=True)
    return tf.reduce_sum(tf.square(a_C - a_G), axis=(-3, -2, -1)) / 2


def gram_matrix(a: tf.Tensor) -> tf.Tensor:
    """Compute the Gram matrix G_kk' = sum over positions of a_ijk a_ijk', which channels fire together. Not normalised.

    Args:
        a: Floats `(..., h, w, c)`.

    Returns:
        Floats `(..., c, c)`, symmetric. That of all ones is `h * w` everywhere.

    Raises:
        ValueError: If there are fewer than three axes.

    Example:
        >>> gram_matrix(tf.constant([[[1.0, 2.0], [3.0, 0.0]]])).numpy().tolist()
        [[10.0, 2.0], [2.0, 4.0]]

    Reference:
        Gatys et al., CVPR 2016, equation 3.
    """
    a = _activations(a)
    shape = tf.shape(a)
    unrolled = tf.reshape(a, tf.concat([shape[:-3], [shape[-3] * shape[-2], shape[-1]]], axis=0))
    return tf.matmul(unrolled, unrolled, transpose_a=True)


class MeanGram(NamedTuple):
    """A Gram matrix divided by the number of positions, floats `(..., c, c)`: computed once, compared often."""

    matrix: tf.Tensor


def layer_style_cost(a_S: tf.Tensor | MeanGram, a_G: tf.Tensor | MeanGram) -> tf.Tensor:
    """Compute J_style of one layer, |G_S - G_G|^2 / (4 n_C^2 (n_H n_W)^2), how far G's style is from S's there.

    If the pictures differ in size, each Gram matrix is divided by its own n_H n_W; for equal sizes this is the course's
    formula.

    Args:
        a_S: Floats `(..., h, w, c)`, or the `MeanGram` of these activations.
        a_G: Floats `(..., h', w', c)`, or their `MeanGram`.

    Returns:
        Floats `(...)`, >= 0; a scalar for one picture.

    Raises:
        ValueError: If the numbers of channels differ, or there are fewer than three axes.

    Example:
        >>> float(layer_style_cost(tf.ones((2, 2, 1)), tf.zeros((2, 2, 1))))
        0.25

    Reference:
        Gatys et al., CVPR 2016, equation 4.
    """
    G_S, G_G = _mean_grams(a_S, a_G)
    channels = tf.cast(tf.shape(G_S)[-1], G_S.dtype)
    return tf.reduce_sum(tf.square(G_S - G_G), axis=(-2, -1)) / (4 * channels**2)


def style_cost(
    style: Mapping[str, tf.Tensor | MeanGram],
    generated: Mapping[str, tf.Tensor | MeanGram],
    layer_weights: Mapping[str, float | tf.Tensor],
) -> tf.Tensor:
    """Compute J_style(S, G) = sum over layers of lambda times that layer's style cost.

    Args:
        style: `{layer: a_S}`, activations or their `MeanGram`.
        generated: `{layer: a_G}`, likewise.
        layer_weights: `{layer: lambda}`; these layers are used.

    Returns:
        Floats `(...)`, >= 0; a scalar for one picture.

    Raises:
        ValueError: If there is no layer, or one is missing from `style` or `generated`.

    Example:
        >>> a_S, a_G = {"conv": tf.ones((2, 2, 1))}, {"conv": tf.zeros((2, 2, 1))}
        >>> float(style_cost(a_S, a_G, {"conv": 0.5}))
        0.125

    Reference:
        Gatys et al., CVPR 2016, equation 5.
    """
    missing = [layer for layer in layer_weights if layer not in style or layer not in generated]
    if missing or not layer_weights:
        raise ValueError(f"expected activations for every style layer, received none for {missing or 'any layer'}")
    return tf.add_n([weight * layer_style_cost(style[k], generated[k]) for k, weight in layer_weights.items()])


def variation_cost(G: tf.Tensor) -> tf.Tensor:
    """Compute the total variation of a picture: the sum of |difference| between neighbours, down and across.

    Args:
        G: Floats `(..., h, w, c)`, the generated picture.

    Returns:
        Floats `(...)`, >= 0; zero for a flat picture.

    Raises:
        ValueError: If there are fewer than three axes.

    Example:
        >>> float(variation_cost(tf.constant([[[0.0], [1.0]], [[0.0], [0.5]]])))
        2.0

    Reference:
        Mahendran and Vedaldi, "Understanding Deep Image Representations by Inverting Them", CVPR 2015.
    """
    G = _activations(G)
    down = tf.abs(G[..., 1:, :, :] - G[..., :-1, :, :])
    across = tf.abs(G[..., :, 1:, :] - G[..., :, :-1, :])
    return tf.reduce_sum(down, axis=(-3, -2, -1)) + tf.reduce_sum(across, axis=(-3, -2, -1))


def total_cost(
    J_content: tf.Tensor, J_style: tf.Tensor, content_weight: float = 10, style_weight: float = 40
) -> tf.Tensor:
    """Compute J(G) = alpha J_content(C, G) + beta J_style(S, G).

    Args:
        J_content: The content cost, >= 0.
        J_style: The style cost, >= 0.
        content_weight: The course's alpha, >= 0.
        style_weight: The course's beta, >= 0.

    Returns:
        The total cost, >= 0.

    Example:
        >>> total_cost(2.0, 0.5)
        40.0

    Reference:
        Gatys et al., CVPR 2016, equation 7.
    """
    return content_weight * J_content + style_weight * J_style


def _activations(a: tf.Tensor) -> tf.Tensor:
    a = tf.convert_to_tensor(a)
    if not a.dtype.is_floating:
        a = tf.cast(a, tf.float32)
    if a.shape.rank is not None and a.shape.rank < 3:
        raise ValueError(f"expected activations (..., h, w, c), received shape {tuple(a.shape)}")
    return a


def _pair(a: tf.Tensor, b: tf.Tensor, same_size: bool) -> tuple[tf.Tensor, tf.Tensor]:
    a, b = _activations(a), _activations(b)
    if a.dtype != b.dtype:
        raise TypeError(f"expected activations of one type, received {a.dtype.name} and {b.dtype.name}")
    matching = a.shape.is_compatible_with(b.shape) if same_size else a.shape[-1:].is_compatible_with(b.shape[-1:])
    if not matching:
        what = "shape" if same_size else "number of channels"
        raise ValueError(f"expected activations of one {what}, received {tuple(a.shape)} and {tuple(b.shape)}")
    return a, b


def _mean_grams(a_S: tf.Tensor | MeanGram, a_G: tf.Tensor | MeanGram) -> tuple[tf.Tensor, tf.Tensor]:
    if isinstance(a_S, MeanGram) and isinstance(a_G, MeanGram):
        return a_S.matrix, a_G.matrix
    if isinstance(a_S, MeanGram) or isinstance(a_G, MeanGram):
        raise TypeError("expected activations on both sides or a MeanGram on both, received one of each")
    a_S, a_G = _pair(a_S, a_G, same_size=False)
    return gram_matrix(a_S) / _positions(a_S), gram_matrix(a_G) / _positions(a_G)


def _positions(a: tf.Tensor) -> tf.Tensor:
    shape = tf.shape(a)
    return tf.cast(shape[-3] * shape[-2], a.dtype)


TINY = 1e-12
"""Added to a divisor that is 0 for a flat picture."""


class Normalization(NamedTuple):
    """What the course's costs of one layer are multiplied with before they are added up; 1 for the course's own.

    Attributes:
        content: From a_C, floats `(h, w, c)`, to the factor of `content_cost`.
        style: From the mean Gram matrices G_S, floats `(styles, c, c)`, the number of positions N of the generated
            picture's layer and the number of its pixels P to the factor of `layer_style_cost`: a scalar or floats
            `(styles,)`.
        variation: From a picture, floats `(h, w, 3)` in 0..1, to its cost.
    """

    content: Callable[[tf.Tensor], tf.Tensor | float]
    style: Callable[[tf.Tensor, int, int], tf.Tensor | float]
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
    return variation_cost(G) / _size(G)


def _channels(gram: tf.Tensor) -> float:
    return float(gram.shape[-1])


def _size(a: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.size(a), a.dtype)


def _sum_of_squares(a: tf.Tensor, axis: tuple[int, ...] | None = None) -> tf.Tensor:
    return tf.reduce_sum(tf.square(a), axis=axis)


NORMALIZATION = {
    "scale-free": Normalization(  # |a_C - a_G|^2 / |a_C|^2 and |G_S - G_G|^2 / |G_S|^2
        lambda a_C: 2 / (_sum_of_squares(a_C) + TINY),
        lambda G_S, N, P: 4 * _channels(G_S) ** 2 / (_sum_of_squares(G_S, axis=(-2, -1)) + TINY),
        _mean_variation,
    ),
    "course": Normalization(lambda a_C: 1.0, lambda G_S, N, P: 1.0, variation_cost),
    "assignment": Normalization(  # |a_C - a_G|^2 / (4 n_H n_W n_C)
        lambda a_C: 1 / (2 * _size(a_C)), lambda G_S, N, P: 1.0, variation_cost
    ),
    "tensorflow": Normalization(  # means of squares
        lambda a_C: 2 / _size(a_C), lambda G_S, N, P: 4.0, variation_cost
    ),
    "keras.io": Normalization(  # |a_C - a_G|^2; Gram matrices not divided by N but by P, and c taken for 3
        lambda a_C: 2.0, lambda G_S, N, P: (N / P) ** 2 * _channels(G_S) ** 2 / 3**2, power_variation
    ),
}
"""The costs of four known programs, and the default, by name."""
