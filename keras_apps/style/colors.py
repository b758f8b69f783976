"""Whose colours the generated picture has: the style's, the content's, or the style's brought near the content's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_apps._checks import check_choice
from keras_apps.style.recipes.recipe import CHOICES

LUMA = np.array([0.299, 0.587, 0.114])
"""Y of YIQ: how much red, green and blue add to a picture's luminance."""
FLAT = (1 / 255) ** 2 / 12
"""Variance below which colours do not vary: that of rounding to 8 bits."""


def luminance(picture: np.ndarray) -> np.ndarray:
    """Compute how light each pixel is, Y = 0.299 R + 0.587 G + 0.114 B.

    Args:
        picture: Floats `(h, w, 3)` in 0..1.

    Returns:
        float32 `(h, w)` in 0..1.

    Example:
        >>> luminance(np.array([[[0.0, 1.0, 0.0], [1.0, 1.0, 1.0]]])).round(3).tolist()
        [[0.5870000123977661, 1.0]]
    """
    _check(picture)
    return (picture @ LUMA).astype(np.float32)


def as_grey(picture: np.ndarray) -> np.ndarray:
    """Return a picture without its colours, float32 `(h, w, 3)`: each channel is the luminance."""
    return np.repeat(luminance(picture)[..., None], 3, axis=2)


def with_colors_of(painted: np.ndarray, content: np.ndarray) -> np.ndarray:
    """Give a picture's light and dark the colours of another: Y of the one, I and Q of the other.

    Gatys et al. cut off what then lies outside 0..1, which changes light and dark again; here such a pixel's colour is
    made paler by just enough, so that its luminance is the painted one's.

    Args:
        painted: Floats `(h, w, 3)` in 0..1.
        content: Floats of the same shape.

    Returns:
        float32 `(h, w, 3)` in 0..1.

    Raises:
        ValueError: If the shapes differ.

    Example:
        >>> brown, light_grey = np.array([[[0.6, 0.3, 0.1]]]), np.full((1, 1, 3), 0.5)
        >>> with_colors_of(light_grey, brown).round(2).tolist()
        [[[0.7300000190734863, 0.4300000071525574, 0.23000000417232513]]]

    Reference:
        Gatys et al., "Preserving Color in Neural Artistic Style Transfer", 2016, section 2.2.
    """
    _check(painted)
    if painted.shape != content.shape:
        raise ValueError(f"expected pictures of one shape, received {painted.shape} and {content.shape}")
    Y = np.clip(painted.astype(np.float64) @ LUMA, 0, 1)[..., None]
    chroma = content - (content.astype(np.float64) @ LUMA)[..., None]  # it adds nothing to the luminance
    room = np.where(chroma > 0, 1 - Y, Y)
    share = np.min(np.divide(room, abs(chroma), out=np.ones_like(chroma), where=abs(chroma) > room), axis=2)
    return np.clip(Y + share[..., None] * chroma, 0, 1).astype(np.float32)


def match_luminance(style: np.ndarray, content: np.ndarray) -> np.ndarray:
    """Return the style in grey, its luminance stretched and shifted to the content's mean and deviation.

    Args:
        style: Floats `(h, w, 3)` in 0..1.
        content: Floats `(h', w', 3)` in 0..1.

    Returns:
        float32 `(h, w, 3)`, each channel (s_C / s_S) (Y_S - m_S) + m_C, cut to 0..1; a style without light and dark has
        m_C everywhere.

    Reference:
        Gatys et al., "Preserving Color in Neural Artistic Style Transfer", 2016, equation 10.
    """
    Y_S, Y_C = luminance(style).astype(np.float64), luminance(content).astype(np.float64)
    stretch = Y_C.std() / Y_S.std() if Y_S.var() > FLAT else 0.0
    matched = np.clip(stretch * (Y_S - Y_S.mean()) + Y_C.mean(), 0, 1).astype(np.float32)
    return np.repeat(matched[..., None], 3, axis=2)


def match_colors(style: np.ndarray, content: np.ndarray) -> np.ndarray:
    """Give a style picture's pixels the mean and covariance of the content's.

    Args:
        style: Floats `(h, w, 3)` in 0..1.
        content: Floats `(h', w', 3)` in 0..1.

    Returns:
        float32 `(h, w, 3)`: A x + b of each pixel x, as `color_map` says, cut to 0..1.
    """
    A, b = color_map(style, content)
    return np.clip(style.astype(np.float64) @ A.T + b, 0, 1).astype(np.float32)


def color_map(style: np.ndarray, content: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the affine map from the style's colours to the content's.

    With means m and covariances V of the pixels, A = V_C^(1/2) V_S^(-1/2) and b = m_C - A m_S ("image analogies"), so
    that A V_S A^T = V_C. Where the style's colours do not vary in some direction, as in a grey or flat picture, nothing
    can be stretched there: that direction is mapped to 0, and the mean alone is matched.

    Args:
        style: Floats `(h, w, 3)` in 0..1.
        content: Floats `(h', w', 3)` in 0..1.

    Returns:
        A, float64 `(3, 3)`, and b, float64 `(3,)`.

    Reference:
        Gatys et al., "Preserving Color in Neural Artistic Style Transfer", 2016, equations 1 to 5; Hertzmann,
        "Algorithms for Rendering in Artistic Styles", 2001.
    """
    (m_S, V_S), (m_C, V_C) = _mean_and_covariance(style), _mean_and_covariance(content)
    A = _power(V_C, 0.5) @ _power(V_S, -0.5)
    return A, m_C - A @ m_S


def prepare(content: np.ndarray, styles: Sequence[np.ndarray], color: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return the pictures to paint with.

    Args:
        content: Floats `(h, w, 3)` in 0..1.
        styles: Style pictures, each floats `(h', w', 3)` in 0..1.
        color: The recipe's: with `"style"` all stay as they are, with `"luminance"` all become grey and the styles as
            light and dark as the content, with `"matched"` the styles get the content's colours.

    Returns:
        Content and styles, float32 in 0..1.

    Raises:
        ValueError: If there is no such `color`.
    """
    check_choice("color", color, CHOICES["color"])
    if color == "luminance":
        return as_grey(content), [match_luminance(style, content) for style in styles]
    return content, [match_colors(style, content) if color == "matched" else style for style in styles]


def finish(painted: np.ndarray, content: np.ndarray, color: str) -> np.ndarray:
    """Return the generated picture in its final colours.

    Args:
        painted: Floats `(h, w, 3)` in 0..1, painted with what `prepare` returned.
        content: Floats of the same shape, the content in its own colours.
        color: The recipe's, as for `prepare`.

    Raises:
        ValueError: If there is no such `color`, or the shapes differ.
    """
    check_choice("color", color, CHOICES["color"])
    return with_colors_of(painted, content) if color == "luminance" else painted


def _mean_and_covariance(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    _check(picture)
    pixels = picture.reshape(-1, 3).astype(np.float64)
    mean = pixels.mean(axis=0)
    return mean, (pixels - mean).T @ (pixels - mean) / len(pixels)


def _power(covariance: np.ndarray, exponent: float) -> np.ndarray:
    """A power of a symmetric matrix; directions in which colours do not vary give 0."""
    variances, directions = np.linalg.eigh(covariance)
    varying = variances > FLAT
    powers = np.where(varying, np.where(varying, variances, 1) ** exponent, 0)
    return (directions * powers) @ directions.T


def _check(picture: np.ndarray) -> None:
    if picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        raise ValueError(f"expected a picture (h, w, 3), received shape {picture.shape}")
