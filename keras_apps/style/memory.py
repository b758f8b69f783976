"""Say before a picture is painted that there is no room for it, instead of being killed in the middle."""

from __future__ import annotations

import math
from pathlib import Path

BASE = 1.3e9
PER_PIXEL = 4500
"""Bytes of TensorFlow with the weights, and bytes a pixel of the generated picture, over VGG's five blocks."""
BASE_TILED = 1.8e9
PER_PIXEL_WHOLE = 150
"""In tiles: bytes with the programs of up to four shapes of tile, and bytes a pixel of the whole picture, for itself,
its gradient, the optimiser and the content targets. `PER_PIXEL` counts for a tile with its margins."""
MARGIN = 128
"""Pixels that margins add to a tile's height and width, over VGG's five blocks."""


def memory_needed(height: int, width: int, tile: int | None = None) -> float:
    """Estimate the bytes that painting a picture takes at its peak, Python and TensorFlow included.

    Args:
        height: Of the generated picture, in pixels.
        width: Of the generated picture, in pixels.
        tile: Side of the tiles in pixels, or `None` for the whole picture at once.

    Example:
        >>> memory_needed(2048, 2048, tile=512) < memory_needed(2048, 2048) / 3
        True
    """
    if tile is None or tile + MARGIN >= max(height, width):
        return BASE + PER_PIXEL * height * width
    across, down = (min(tile + MARGIN, n) for n in (width, height))
    return BASE_TILED + PER_PIXEL * across * down + PER_PIXEL_WHOLE * height * width


def check_memory(height: int, width: int, tile: int | None = None) -> None:
    """Raise `MemoryError`, proposing a size or tiles, where painting a picture needs more memory than there is.

    Args:
        height: Of the generated picture, in pixels.
        width: Of the generated picture, in pixels.
        tile: Side of the tiles in pixels, or `None` for the whole picture at once.
    """
    available = available_memory()
    needed = memory_needed(height, width, tile)
    if needed <= available:
        return
    raise MemoryError(
        f"expected about {needed / 1e9:.1f} GB of memory for {width} x {height} pixels"
        f"{f' in tiles of {tile}' if tile else ''}, received {available / 1e9:.1f} GB that are free; "
        f"choose {_proposal(height, width, available)}"
    )


def _proposal(height: int, width: int, available: float) -> str:
    longest = int(max(height, width) * math.sqrt(max(available - BASE, 0) / (PER_PIXEL * height * width))) // 32 * 32
    proposals = [f"a size of at most {longest}"] if 32 <= longest < max(height, width) else []
    tiles = (tile for tile in (1024, 512, 256, 128) if tile + MARGIN < max(height, width))
    fitting = next((tile for tile in tiles if memory_needed(height, width, tile) <= available), None)
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
