"""A face's landmarks -> an aligned chip for the tower, by a similarity transform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from keras_apps.images import to_uint8

CHIP = 150
"""Height and width of the chips of `STANDARD`, in pixels."""


@dataclass(frozen=True)
class ChipLayout:
    """Where the landmarks of a face lie in the aligned chip that a tower takes.

    Attributes:
        size: Height and width of the chip, in pixels.
        landmarks: `{"left_eye": (x, y), "right_eye", "nose", "mouth_left", "mouth_right"}` in pixels of the chip; left
            is the viewer's.
    """

    size: int
    landmarks: Mapping[str, tuple[float, float]]

    def as_json(self) -> dict[str, Any]:
        """Return the layout as JSON holds it."""
        return {"size": self.size, "landmarks": {name: list(point) for name, point in self.landmarks.items()}}

    @classmethod
    def from_json(cls, layout: Mapping[str, Any]) -> ChipLayout:
        """Return the layout that `as_json` wrote."""
        return cls(int(layout["size"]), {name: (float(x), float(y)) for name, (x, y) in layout["landmarks"].items()})


STANDARD = ChipLayout(
    CHIP,
    {
        "left_eye": (46.3, 45.7),
        "right_eye": (101.6, 45.7),
        "nose": (74.0, 78.5),
        "mouth_left": (49.5, 106.2),
        "mouth_right": (98.4, 106.2),
    },
)
"""The chips of `resnet128`, and of every tower that does not say otherwise.

The landmarks are the medians of MTCNN's on LFW's DevTrain pictures and their mirror images, moved so that the eyes are
where dlib's mean face has them, and enlarged about the chip's centre by 1.05, the most accurate scale on DevTrain.
"""

SFACE = ChipLayout(
    112,
    {
        "left_eye": (38.7946, 52.1963),
        "right_eye": (74.0318, 52.0014),
        "nose": (56.5252, 72.2366),
        "mouth_left": (42.0493, 92.8655),
        "mouth_right": (71.2299, 92.7041),
    },
)
"""The chips of `sface128`: ArcFace's five points (Deng et al., "ArcFace", CVPR 2019).

They are half a pixel more than published, as there a coordinate counts the pixels' centres, and here their corners.
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


def align(image: np.ndarray, landmarks: Mapping[str, tuple[float, float]], layout: ChipLayout = STANDARD) -> np.ndarray:
    """Cut out a face so that eyes, nose and mouth are where the tower expects them.

    Args:
        image: uint8 in 0..255 or float in 0..1, `(h, w, 3)`, RGB.
        landmarks: `{"left_eye": (x, y), "right_eye", "nose", "mouth_left", "mouth_right"}` in pixels of `image`.
        layout: Where the tower expects them.

    Returns:
        uint8 `(size, size, 3)`, RGB, with the layout's size; black where the chip extends beyond the picture.

    Raises:
        ValueError: If a landmark is missing.
    """
    names = list(layout.landmarks)
    missing = sorted(set(names) - set(landmarks))
    if missing:
        raise ValueError(f"expected the landmarks {', '.join(names)}; missing: {', '.join(missing)}")
    points = np.array([landmarks[name] for name in names])
    matrix = similarity(np.array(list(layout.landmarks.values())), points)
    return warp(image, matrix, layout.size)


def warp(image: np.ndarray, matrix: np.ndarray, size: int = CHIP) -> np.ndarray:
    """Sample a chip from a picture.

    Args:
        image: uint8 in 0..255 or float in 0..1, `(h, w, 3)`, RGB.
        matrix: `(2, 3)`, from chip pixels to picture pixels.
        size: Height and width of the chip, in pixels.

    Returns:
        uint8 `(size, size, 3)`.
    """
    corners = np.array([[0, 0, 1], [size, 0, 1], [0, size, 1], [size, size, 1]]) @ matrix.T
    scale = np.hypot(matrix[0, 0], matrix[1, 0])  # picture pixels per chip pixel
    low = np.floor(corners.min(axis=0) - 2 * scale - 2).astype(int)
    high = np.ceil(corners.max(axis=0) + 2 * scale + 2).astype(int)
    inside = np.clip([low, high], 0, (image.shape[1], image.shape[0]))
    part = image[inside[0, 1] : inside[1, 1], inside[0, 0] : inside[1, 0]]
    around = Image.fromarray(part if part.dtype == np.uint8 else to_uint8(part))
    around = around.crop((*(low - inside[0]), *(high - inside[0])))
    if scale > 1:  # shrink with a filter first, as sampling alone would alias
        width, height = np.maximum(np.round((high - low) / scale), 1).astype(int)
        around = around.resize((int(width), int(height)), Image.Resampling.LANCZOS)
    factor = np.array(around.size) / (high - low)
    inner = matrix.copy()
    inner[:, 2] -= low
    inner *= factor[:, None]
    return np.asarray(
        around.transform((size, size), Image.Transform.AFFINE, tuple(inner.ravel()), Image.Resampling.BILINEAR)
    )
