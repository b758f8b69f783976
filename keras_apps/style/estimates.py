"""How many seconds and how much memory a transfer will take, before it starts."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np

from keras_apps import backbones
from keras_apps.images import Picture, load_image, scaled
from keras_apps.style.memory import bytes_per_pixel, memory_needed
from keras_apps.style.recipe import Recipe

WORTH_COMPILING = 2_000_000
"""Steps times pixels from which the fast convolutions save more seconds than they take to compile."""
FAST, DIRECT, TILED = 1.0, 1.4, 1.9
"""Seconds of a step, in units of the seconds that a NumPy matrix product of as many operations takes: with the fast
convolutions, with the direct ones, and in tiles (two passes forward, and the margins). Measured on two machines."""
START = 6.0
COMPILING = 6.0
"""Seconds to load TensorFlow and the weights, and to compile the step of one size."""


@dataclass(frozen=True)
class Estimate:
    """What a transfer is likely to take on this machine.

    Attributes:
        seconds: In all; not a number for a network of your own. Within about a third where nothing else runs.
        memory: Bytes at the peak.
        stages: `(size, steps, seconds)` of each size.
    """

    seconds: float
    memory: float
    stages: list[tuple[int, int, float]]

    def __str__(self) -> str:
        seconds = "an unknown time" if math.isnan(self.seconds) else f"{self.seconds:.0f} s"
        return f"about {seconds} and {self.memory / 1e9:.1f} GB"


def estimate(content: Picture, recipe: Recipe, tile: int | None = None) -> Estimate:
    """Estimate what `transfer` will take.

    Args:
        content: A picture, as `images.load_image` takes; only its proportions matter.
        recipe: The recipe.
        tile: As `transfer` takes it.

    Returns:
        An `Estimate`. It times a small matrix product, about 0.1 s.

    Raises:
        ValueError: If `tile` is below 1.
    """
    picture, speed, stages = load_image(content), machine_speed(), []
    for size, steps in recipe.stages:
        height, width = scaled(picture, size)
        factor = FAST if steps * height * width >= WORTH_COMPILING else DIRECT
        factor = TILED if tile is not None and tile < max(height, width) else factor
        stages.append((size, steps, COMPILING + steps * factor * step_operations(recipe, height, width) / speed))
    memory = memory_needed(*scaled(picture, recipe.size), tile, bytes_per_pixel(recipe))
    return Estimate(START + sum(seconds for _, _, seconds in stages), memory, stages)


def step_operations(recipe: Recipe, height: int, width: int) -> float:
    """Count the multiplications and additions of a step, forward and back to the pixels, as direct convolutions need.

    Args:
        recipe: Names backbone and layers.
        height: Of the picture, in pixels.
        width: Of the picture, in pixels.

    Returns:
        Floating-point operations of the convolutions and Gram matrices; not a number for a network of your own.

    Example:
        >>> recipe = Recipe(backbone="vgg16")
        >>> round(step_operations(recipe, 256, 256) / 1e9, 1)
        79.9
    """
    if recipe.backbone == "own":
        return math.nan
    total, positions, deepest = 0.0, {}, backbones.deepest_convolution(recipe.resolved_backbone, recipe.layers)
    for layer, (h, w), weights, channels in backbones.convolutions(recipe.resolved_backbone, height, width):
        positions[layer] = (h * w, channels)
        total += 2 * 2 * weights * h * w
        if layer == deepest:
            break
    grams = (positions[layer] for layer in recipe.resolved_style_layers if layer in positions)
    return total + sum(2 * 2 * n * c * c for n, c in grams)


def machine_speed(side: int = 1536) -> float:
    """Time a float32 matrix product and return its operations a second."""
    matrix = np.ones((side, side), np.float32)
    best = math.inf
    for _ in range(3):
        began = time.perf_counter()
        matrix @ matrix
        best = min(best, time.perf_counter() - began)
    return 2 * side**3 / best
