"""Two encodings -> the distance between them."""

from __future__ import annotations

import numpy as np

DISTANCES = ("squared_euclidean", "euclidean")


def squared_euclidean(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compute the course's d(img1, img2) = |f(img1) - f(img2)|^2, row by row.

    Args:
        first: Encodings `(n, d)` or `(d,)`.
        second: Encodings `(n, d)` or `(d,)`; a single encoding is compared with each row of the other argument.

    Returns:
        Floats >= 0, `(n,)`, or a scalar for two single encodings.

    Raises:
        ValueError: If the encodings' lengths differ.

    Example:
        >>> float(squared_euclidean([0.0, 3.0], [4.0, 0.0]))
        25.0

    Reference:
        Taigman et al., "DeepFace", CVPR 2014; Schroff et al., "FaceNet", CVPR 2015.
    """
    first, second = np.asarray(first), np.asarray(second)
    if first.shape[-1:] != second.shape[-1:]:
        raise ValueError(f"expected encodings of equal length, received shapes {first.shape} and {second.shape}")
    return np.sum(np.square(first - second), axis=-1)


def euclidean(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compute the root of `squared_euclidean`, |f(img1) - f(img2)|.

    Example:
        >>> float(euclidean([0.0, 3.0], [4.0, 0.0]))
        5.0
    """
    return np.sqrt(squared_euclidean(first, second))


def all_squared_euclidean(probes: np.ndarray, gallery: np.ndarray) -> np.ndarray:
    """Compute the squared distance of every probe to every gallery encoding with one matrix product.

    |p - g|^2 = |p|^2 - 2 p.g + |g|^2. Rounding may make a small distance negative; it is then set to 0.

    Args:
        probes: Floats `(n, d)`.
        gallery: Floats `(m, d)`.

    Returns:
        Floats >= 0, `(n, m)`.

    Example:
        >>> all_squared_euclidean(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0]])).tolist()
        [[25.0, 1.0]]
    """
    squares = np.sum(probes**2, axis=1)[:, None] + np.sum(gallery**2, axis=1)[None]
    return np.maximum(squares - 2 * probes @ gallery.T, 0)
