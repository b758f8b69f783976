"""Numbers that an optimiser moves -> a picture: pixels or frequencies, colours as natural pictures have them, 0..1.

Gradient ascent on raw pixels ends in noise of high frequency, which networks answer to and eyes do not. A change of
variables steers it elsewhere without forbidding anything: where the numbers are frequencies, each divided by itself as
natural pictures' are, and colours that do not depend on each other, one step changes the whole picture smoothly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from keras_apps._checks import check_choice

PARAMETERIZATIONS = ("fourier", "pixels")
NOISE = 0.01
"""Standard deviation of the numbers at the start."""
FOURIER_DIVISOR = 4.0  # lucid's, so that a learning rate of 0.05 suits both
SATURATED = 1e-3
"""How near to black and white a starting picture may come; the sigmoid reaches neither."""
COLORS = np.array(((0.6260, 0.5830, 0.5180), (0.2501, -0.0545, -0.2408), (0.0307, -0.0766, 0.0492)), np.float32)
"""Brightness, orange against blue, green against purple: the principal axes of RGB in the package's photographs, each
as long as its standard deviation, the first of length 1."""


@dataclass(frozen=True, eq=False)
class Canvas:
    """What an optimiser moves, and how a picture is made of it.

    Attributes:
        start: float32 array, the numbers at the start.
        draw: A function of TensorFlow operations, from such numbers to pictures `(n, h, w, c)` in 0..1.
    """

    start: np.ndarray
    draw: Callable[[tf.Tensor], tf.Tensor]


def canvas(
    shape: Sequence[int],
    parameterization: str = "fourier",
    decorrelate: bool = True,
    start: np.ndarray | None = None,
    seed: int = 0,
) -> Canvas:
    """Return the canvas of some pictures, near grey or at given ones.

    Args:
        shape: `(n, h, w, c)`.
        parameterization: `"fourier"` or `"pixels"`.
        decorrelate: Whether the numbers' three channels are brightness and two contrasts of colour, uncorrelated in
            natural pictures, in place of red, green and blue; without effect where c is not 3.
        start: float `(h, w, c)` in 0..1, a picture to begin with; grey with a little noise by default.
        seed: Of the noise; each picture of the batch has its own.

    Raises:
        ValueError: If there is no such parameterisation.

    Example:
        >>> canvas((2, 8, 8, 3)).start.shape, canvas((2, 8, 8, 3), "pixels").start.shape
        ((2, 8, 5, 3, 2), (2, 8, 8, 3))

    Reference:
        Olah et al., "Feature Visualization", Distill 2017, and its library lucid.
    """
    check_choice("parameterization", parameterization, PARAMETERIZATIONS)
    count, height, width, channels = shape
    colors = COLORS if decorrelate and channels == 3 else np.eye(channels, dtype=np.float32)
    scale = frequency_scale(height, width)[:, :, None]
    is_fourier = parameterization == "fourier"
    inner = (height, width // 2 + 1, channels, 2) if is_fourier else (height, width, channels)
    noise = [np.random.default_rng((seed, n)).normal(0, NOISE, inner) for n in range(count)]
    values = np.stack(noise).astype(np.float32)
    if start is not None:
        clipped = np.clip(np.asarray(start, np.float64), SATURATED, 1 - SATURATED)
        plain = np.log(clipped / (1 - clipped)) @ np.linalg.inv(colors)
        if is_fourier:
            spectrum = np.fft.rfft2(plain, axes=(0, 1)) * FOURIER_DIVISOR / scale
            plain = np.stack([spectrum.real, spectrum.imag], axis=-1)
        values = (values if count > 1 else 0 * values) + plain.astype(np.float32)

    def draw(numbers: tf.Tensor) -> tf.Tensor:
        pixels = from_frequencies(numbers, scale, (height, width)) if is_fourier else numbers
        return tf.sigmoid(pixels @ tf.constant(colors))

    return Canvas(values, draw)


def frequency_scale(height: int, width: int) -> np.ndarray:
    """Return what each frequency of `rfft2` is multiplied by: 1 / frequency, as in natural pictures.

    Returns:
        float32 `(height, width // 2 + 1)`; the frequency is in cycles a pixel, the constant counts as the lowest
        one, 1 / the longer side. All are multiplied by the root of the number of pixels.

    Example:
        >>> frequency_scale(1, 4).tolist()  # frequencies 0 (as 1/4), 1/4, 1/2; root of 4 pixels
        [[8.0, 8.0, 4.0]]
    """
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    frequency = np.maximum(np.sqrt(down**2 + across**2), 1 / max(height, width))
    return (np.sqrt(height * width) / frequency).astype(np.float32)


def from_frequencies(numbers: tf.Tensor, scale: np.ndarray, size: tuple[int, int]) -> tf.Tensor:
    """Return the pixels of frequencies.

    Args:
        numbers: Floats `(n, h, w // 2 + 1, c, 2)`, real and imaginary parts.
        scale: float32 `(h, w // 2 + 1, 1)`, what each is multiplied by.
        size: h and w, in pixels.

    Returns:
        float32 `(n, h, w, c)`.
    """
    scaled = numbers * scale[..., None] / FOURIER_DIVISOR
    spectrum = tf.transpose(tf.complex(scaled[..., 0], scaled[..., 1]), (0, 3, 1, 2))
    return tf.transpose(tf.signal.irfft2d(spectrum, fft_length=size), (0, 2, 3, 1))
