"""Say before a picture is painted that there is no room for it, instead of being killed in the middle."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from keras_apps import backbones

if TYPE_CHECKING:
    from keras_apps.style.recipe import Recipe

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
        >>> from keras_apps.style.recipe import Recipe
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
