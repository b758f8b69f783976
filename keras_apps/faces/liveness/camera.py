"""What a camera does to whatever stands before it, a living face or an attack: optics, sensor, processing, JPEG."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image
from scipy.ndimage import convolve1d, gaussian_filter

Random = np.random.Generator


def photograph(scene: np.ndarray, rng: Random) -> np.ndarray:
    """Photograph a scene with a camera drawn by chance.

    Blur of the lens and of movement, exposure, white balance, vignette, noise, a sensor of fewer pixels, sharpening and
    JPEG, each between none and what a cheap webcam does. Attacks and living faces go through the same, so that a
    network cannot tell them by it.

    Args:
        scene: Floats `(s, s, 3)`, about 0 to 1.
        rng: NumPy's generator.

    Returns:
        uint8 `(s, s, 3)`.
    """
    size = len(scene)
    image = np.clip(scene, 0, 1.5).astype(np.float32)
    if rng.random() < 0.15:  # a good camera in good light
        return jpeg_bytes(np.clip(image * rng.uniform(0.85, 1.1), 0, 1), int(rng.integers(75, 101)))
    image = image * rng.uniform(0.75, 1.2) * (1 + rng.uniform(-0.08, 0.08, 3)).astype(np.float32)
    if rng.random() < 0.5:
        image = gaussian_filter(image, (*(2 * [rng.random() ** 2 * size / 144]), 0))
    if rng.random() < 0.2:
        length = int(rng.integers(2, 5))
        image = convolve1d(image, np.full(length, 1 / length), axis=int(rng.integers(2)), mode="nearest")
    axis = np.linspace(-1, 1, size, dtype=np.float32) ** 2
    image = image * (1 - rng.uniform(0, 0.15) * (axis[:, None, None] + axis[None, :, None]))
    pixels = round(size * (1 if rng.random() < 0.5 else rng.uniform(0.65, 1)))
    small = resample(image, pixels, rng)
    grain = rng.normal(0, 1, small.shape).astype(np.float32)
    small = small + grain * (rng.random() ** 2 * 0.025 * np.sqrt(np.maximum(small, 0)) + rng.random() ** 3 * 0.015)
    small = np.clip(small, 0, 1) ** rng.uniform(0.8, 1.25)
    small = 0.5 + (small - 0.5) * rng.uniform(0.9, 1.1)
    if rng.random() < 0.35:
        small = small + rng.uniform(0.2, 0.9) * (small - gaussian_filter(small, (1, 1, 0)))
    if rng.random() < 0.5:
        small = jpeg(small, int(rng.integers(45, 97)))
    return jpeg_bytes(resample(small, size, rng), int(rng.integers(55, 98)) if rng.random() < 0.8 else 100)


def resample(image: np.ndarray, size: int, rng: Random) -> np.ndarray:
    """Resize `(s, s, 3)` to `size`, by a filter drawn by chance."""
    if len(image) == size:
        return image
    filters = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
    chosen = filters[int(rng.integers(len(filters)))]
    return resize(image, size, chosen)


def resize(image: np.ndarray, size: int, how: Image.Resampling = Image.Resampling.BICUBIC) -> np.ndarray:
    """Resize floats `(h, w, 3)` to `(size, size, 3)`."""
    channels = [np.ascontiguousarray(image[..., c], np.float32) for c in range(3)]
    planes = [Image.fromarray(channel).resize((size, size), how) for channel in channels]
    return np.stack([np.asarray(plane) for plane in planes], axis=-1)


def jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    """Return floats `(h, w, 3)` as JPEG of this quality leaves them."""
    return jpeg_bytes(image, quality).astype(np.float32) / 255


def jpeg_bytes(image: np.ndarray, quality: int) -> np.ndarray:
    """Return floats `(h, w, 3)` as uint8, as JPEG of this quality leaves them; 100 leaves them as they are."""
    pixels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    if quality >= 100:
        return pixels
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))
