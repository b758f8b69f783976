"""A face's landmarks -> an aligned chip for the tower, by a similarity transform."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image

from keras_apps.images import to_uint8

CHIP = 150

TEMPLATE = {
    "left_eye": (46.3, 45.7),
    "right_eye": (101.6, 45.7),
    "nose": (74.0, 78.5),
    "mouth_left": (49.5, 106.2),
    "mouth_right": (98.4, 106.2),
}
"""Where the landmarks are placed in the chip, `(x, y)` in pixels; left is the viewer's.

They are the medians of MTCNN's landmarks on LFW's DevTrain pictures and their mirror images, moved so that the eyes are
where dlib's mean face has them, and enlarged about the chip's centre by 1.05, the most accurate scale on DevTrain.
"""


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Find the rotation, scale and shift that map points to target points with the least squared error.

    With points as complex numbers the transform is z -> a z + b, and the least-squares solution has a closed form.

    Args:
        source: Floats `(n, 2)`, n >= 2, not all equal.
        target: Floats `(n, 2)`.

    Returns:
        Floats `(2, 3)`, the matrix that maps `(x, y, 1)` to the target.

    Raises:
        ValueError: If the shapes differ, or all source points are equal.

    Example:
        >>> similarity(np.array([[0, 0], [1, 0]]), np.array([[2, 1], [2, 3]])).round(6).tolist()
        [[0.0, -2.0, 2.0], [2.0, 0.0, 1.0]]

    Reference:
        Umeyama, "Least-squares estimation of transformation parameters", PAMI 1991.
    """
    source, target = np.asarray(source, np.float64), np.asarray(target, np.float64)
    if source.shape != target.shape or source.ndim != 2 or source.shape[1] != 2:
        raise ValueError(f"expected two arrays (n, 2) of one shape, received {source.shape} and {target.shape}")
    z, w = source @ [1, 1j], target @ [1, 1j]
    spread = np.sum(np.abs(z - z.mean()) ** 2)
    if spread == 0:
        raise ValueError(f"expected at least two different points, received {len(source)} equal points")
    a = np.sum(np.conj(z - z.mean()) * (w - w.mean())) / spread
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def align(image: np.ndarray, landmarks: Mapping[str, tuple[float, float]]) -> np.ndarray:
    """Cut out a face so that eyes, nose and mouth are where the tower expects them.

    Args:
        image: uint8 in 0..255 or float in 0..1, `(h, w, 3)`, RGB.
        landmarks: `{"left_eye": (x, y), "right_eye", "nose", "mouth_left", "mouth_right"}` in pixels of `image`.

    Returns:
        uint8 `(150, 150, 3)`, RGB; black where the chip extends beyond the picture.

    Raises:
        ValueError: If a landmark is missing.
    """
    missing = sorted(set(TEMPLATE) - set(landmarks))
    if missing:
        raise ValueError(f"expected the landmarks {', '.join(TEMPLATE)}; missing: {', '.join(missing)}")
    points = np.array([landmarks[name] for name in TEMPLATE])
    matrix = similarity(np.array(list(TEMPLATE.values())), points)
    return warp(image if image.dtype == np.uint8 else to_uint8(image), matrix)


def warp(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Sample a chip from a picture.

    Args:
        image: uint8 `(h, w, 3)`.
        matrix: `(2, 3)`, from chip pixels to picture pixels.

    Returns:
        uint8 `(150, 150, 3)`.
    """
    corners = np.array([[0, 0, 1], [CHIP, 0, 1], [0, CHIP, 1], [CHIP, CHIP, 1]]) @ matrix.T
    scale = np.hypot(matrix[0, 0], matrix[1, 0])  # picture pixels per chip pixel
    low = np.floor(corners.min(axis=0) - 2 * scale - 2).astype(int)
    high = np.ceil(corners.max(axis=0) + 2 * scale + 2).astype(int)
    around = Image.fromarray(image).crop((*low, *high))
    if scale > 1:  # shrink with a filter first, as sampling alone would alias
        size = np.maximum(np.round((high - low) / scale), 1).astype(int)
        around = around.resize((int(size[0]), int(size[1])), Image.Resampling.LANCZOS)
    factor = np.array(around.size) / (high - low)
    inner = matrix.copy()
    inner[:, 2] -= low
    inner *= factor[:, None]
    return np.asarray(
        around.transform((CHIP, CHIP), Image.Transform.AFFINE, tuple(inner.ravel()), Image.Resampling.BILINEAR)
    )
