"""What the timed benchmarks of style transfer share: interleaved rounds, two pictures, and a step of ours."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

import numpy as np


def interleave(sides: Mapping[str, Callable[[], object]], rounds: int, warm: int = 2) -> dict[str, list[float]]:
    """Run each side `warm` times untimed, then all of them in turn `rounds` times; their seconds by name."""
    for run in sides.values():
        for _ in range(warm):
            run()
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, run in sides.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def median_ratio(above: list[float], below: list[float]) -> float:
    """The median of the ratios of what was measured in the same round."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def pictures(content: str, painting: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    """A content and a style picture of `size` pixels, square, from what travels with the package."""
    from keras_apps.images import load_image, resize

    def square(name: str) -> np.ndarray:
        image = load_image(f"bundled:{name}")
        side = min(image.shape[:2])
        top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
        return resize(image[top : top + side, left : left + side], (size, size))

    return square(content), square(painting)
