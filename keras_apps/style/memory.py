"""Say before a picture is painted that there is no room for it, instead of being killed in the middle."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from keras_apps import backbones

if TYPE_CHECKING:
    from keras_apps.style.recipe import Recipe

BASE = 1.3e9
PER_PIXEL = 4500
"""Bytes of TensorFlow with the weights, and bytes a pixel of the generated picture, over VGG's five blocks."""
BASE_TILED = 1.8e9
PER_PIXEL_WHOLE = 150
"""In tiles: bytes with the programs of up to four shapes of tile, and bytes a pixel of the whole picture, for itself,
its gradient, the optimiser and the content targets. `PER_PIXEL` counts for a tile with its margins."""
MARGIN = 128
"""Pixels that margins add to a tile's height and width, over VGG's five blocks."""


def memory_needed(height: int, width: int, tile: int | None = None, per_pixel: float = PER_PIXEL) -> float:
    """Estimate the bytes that painting a picture takes at its peak, Python and TensorFlow included.

    Args:
        height: Of the generated picture, in pixels.
        width: Of the generated picture, in pixels.
        tile: Side of the tiles in pixels, or `None` for the whole picture at once.
        per_pixel: As `bytes_per_pixel` returns.

    Example:
        >>> memory_needed(2048, 2048, tile=512) < memory_needed(2048, 2048) / 3
        True
    """
    if tile is None or tile + MARGIN >= max(height, width):
        return BASE + per_pixel * height * width
    across, down = (min(tile + MARGIN, n) for n in (width, height))
    return BASE_TILED + per_pixel * across * down + PER_PIXEL_WHOLE * height * width


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


def _activations(backbone: str, deepest: str) -> float:
    """Count the numbers a pixel that the convolutions give, up to the deepest."""
    total = 0
    for layer, (height, width), _, filters in backbones.convolutions(backbone, 1024, 1024):
        total += height * width * filters
        if layer == deepest:
            break
    return total / 1024**2


def check_memory(height: int, width: int, tile: int | None = None, per_pixel: float = PER_PIXEL) -> None:
    """Raise `MemoryError`, proposing a size or tiles, where painting a picture needs more memory than there is.

    Args:
        height: Of the generated picture, in pixels.
        width: Of the generated picture, in pixels.
        tile: Side of the tiles in pixels, or `None` for the whole picture at once.
        per_pixel: As `bytes_per_pixel` returns.
    """
    available = available_memory()
    needed = memory_needed(height, width, tile, per_pixel)
    if needed <= available:
        return
    raise MemoryError(
        f"expected about {needed / 1e9:.1f} GB of memory for {width} x {height} pixels"
        f"{f' in tiles of {tile}' if tile else ''}, received {available / 1e9:.1f} GB that are free; "
        f"choose {_proposal(height, width, available, per_pixel)}"
    )


def _proposal(height: int, width: int, available: float, per_pixel: float) -> str:
    longest = int(max(height, width) * math.sqrt(max(available - BASE, 0) / (per_pixel * height * width))) // 32 * 32
    proposals = [f"a size of at most {longest}"] if 32 <= longest < max(height, width) else []
    tiles = (tile for tile in (1024, 512, 256, 128) if tile + MARGIN < max(height, width))
    fitting = next((tile for tile in tiles if memory_needed(height, width, tile, per_pixel) <= available), None)
    proposals += [f"tiles of {fitting} (--tile {fitting})"] if fitting else []
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
