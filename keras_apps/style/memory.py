"""Say before a picture is painted that there is no room for it, instead of being killed in the middle."""

from __future__ import annotations

import math
from pathlib import Path

BASE = 1.4e9
PER_PIXEL = 7500
"""Bytes of TensorFlow with the weights, and bytes a pixel of the generated picture, over VGG's five blocks: a tenth
above the peaks that were measured at 512 and 768 pixels, 3.1 and 5.2 GB."""


def check_memory(height: int, width: int) -> None:
    """Raise `MemoryError`, proposing a size, where painting a picture needs more memory than there is.

    Args:
        height: Of the generated picture, in pixels.
        width: Of the generated picture, in pixels.
    """
    available = available_memory()
    needed = BASE + PER_PIXEL * height * width
    if needed > available:
        share = math.sqrt(max(available - BASE, 0) / (PER_PIXEL * height * width))
        longest = int(max(height, width) * share) // 32 * 32
        proposal = f"a size of at most {longest}" if longest >= 32 else "a machine with more memory"
        raise MemoryError(
            f"expected about {needed / 1e9:.1f} GB of memory for {width} x {height} pixels, received "
            f"{available / 1e9:.1f} GB that are free; choose {proposal}"
        )


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
