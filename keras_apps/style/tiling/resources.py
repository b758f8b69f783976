"""Say before a picture is painted that there is no room for it, instead of being killed in the middle."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_apps import backbones
from keras_apps.images import Picture, load_image, scaled
from keras_apps.style.recipes.recipe import Recipe

if TYPE_CHECKING:
    from keras_apps.style.recipes.recipe import Recipe

BASE = 1.7e9
PER_PIXEL = 2700
"""Bytes of TensorFlow with the weights, and bytes a pixel that is computed at once, over VGG's five blocks: a tenth
above the peaks measured at 256 to 1024 pixels, and room for the programs of coarser sizes."""
PER_PIXEL_WHOLE = 130
"""In tiles, bytes a pixel of the whole picture, for itself, its gradient, the optimiser and the content targets."""
PER_PIXEL_LBFGS = 1650
"""Bytes a pixel of the whole picture that SciPy's L-BFGS-B takes, measured, for its past changes and the bounds."""
MARGIN = 128
"""Pixels that margins add to a tile's height and width, over VGG's five blocks."""
TILES = (1024, 512, 256, 128)
"""Sides of tiles that are proposed."""


def memory_needed(
    height: int, width: int, tile: int | None = None, per_pixel: float = PER_PIXEL, kept: float = 0.0
) -> float:
    """Estimate the bytes that painting a picture takes at its peak, Python and TensorFlow included.

    Args:
        height: Of the generated picture, in pixels.
        width: Of the generated picture, in pixels.
        tile: Side of the tiles in pixels, or `None` for the whole picture at once.
        per_pixel: As `bytes_per_pixel` returns.
        kept: As `bytes_kept` returns.

    Example:
        >>> memory_needed(2048, 2048, tile=512) < memory_needed(2048, 2048) / 3
        True
    """
    at_once = height * width
    if tile is not None and tile + MARGIN < max(height, width):
        at_once = min(tile + MARGIN, height) * min(tile + MARGIN, width)
        kept += PER_PIXEL_WHOLE
    return BASE + per_pixel * at_once + kept * height * width


def bytes_per_pixel(recipe: Recipe) -> float:
    """Return the bytes a pixel of the picture that a step's activations take: `PER_PIXEL` over VGG's five blocks.

    Those of another backbone, or of fewer layers, are in proportion to the numbers that its convolutions give; a
    network of your own is taken to be like VGG.

    Example:
        >>> from keras_apps.style.recipes.recipe import Recipe
        >>> bytes_per_pixel(Recipe(backbone="alexnet")) < bytes_per_pixel(Recipe(backbone="vgg16")) / 10
        True
    """
    if recipe.backbone == "own":
        return PER_PIXEL
    deepest = backbones.deepest_convolution(recipe.resolved_backbone, recipe.layers)
    return PER_PIXEL * _activations(recipe.resolved_backbone, deepest) / _activations("vgg16", "block5_conv1")


def bytes_kept(recipe: Recipe) -> float:
    """Return the bytes a pixel of the whole picture that the optimiser keeps, where they are more than a few."""
    return PER_PIXEL_LBFGS if recipe.optimizer == "lbfgs" else 0.0


def _activations(backbone: str, deepest: str) -> float:
    """Count the numbers a pixel that the convolutions give, up to the deepest."""
    total = 0
    for layer, (height, width), _, filters in backbones.convolutions(backbone, 1024, 1024):
        total += height * width * filters
        if layer == deepest:
            break
    return total / 1024**2


def check_memory(
    height: int, width: int, tile: int | None = None, per_pixel: float = PER_PIXEL, kept: float = 0.0
) -> None:
    """Raise `MemoryError`, proposing a size or tiles, where painting a picture needs more memory than there is.

    Args:
        height: Of the generated picture, in pixels.
        width: Of the generated picture, in pixels.
        tile: Side of the tiles in pixels, or `None` for the whole picture at once.
        per_pixel: As `bytes_per_pixel` returns.
        kept: As `bytes_kept` returns.
    """
    available, needed = available_memory(), memory_needed(height, width, tile, per_pixel, kept)
    if needed > available:
        raise MemoryError(
            f"expected about {needed / 1e9:.1f} GB of memory for {width} x {height} pixels"
            f"{f' in tiles of {tile}' if tile else ''}, received {available / 1e9:.1f} GB that are free; "
            f"choose {_proposal(height, width, available, per_pixel, kept)}"
        )


def _proposal(height: int, width: int, available: float, per_pixel: float, kept: float) -> str:
    """What would fit: a smaller size at once, or this size in the largest tiles that do."""
    pixels = max(0.0, available - BASE) / (per_pixel + kept)
    longest = int(max(height, width) * math.sqrt(pixels / (height * width))) // 32 * 32
    proposals = [f"a size of at most {longest}"] if 32 <= longest < max(height, width) else []
    tiles = [tile for tile in TILES if tile + MARGIN < max(height, width)]
    fitting = [tile for tile in tiles if memory_needed(height, width, tile, per_pixel, kept) <= available]
    proposals += [f"tiles of {fitting[0]} (--tile {fitting[0]})"] if fitting else []
    return " or ".join(proposals) or "a machine with more memory"


def available_memory() -> float:
    """Return the bytes of memory that are free, as Linux tells it, and infinity where nothing tells."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        free = next(float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        return math.inf
    limit, used = (_number(Path("/sys/fs/cgroup") / f"memory.{name}") for name in ("max", "current"))
    return min(free, limit - used) if math.isfinite(limit) and math.isfinite(used) else free


def _number(path: Path) -> float:
    try:
        return float(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return math.inf


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
