"""A shape that moves over a picture without borders -> films whose single frames do not tell where it goes."""

from __future__ import annotations

import numpy as np

from keras_apps._checks import check_number, check_whole

DIRECTIONS = {"right": (0, 1), "left": (0, -1), "down": (1, 0), "up": (-1, 0)}  # rows, columns
SHAPES = ("disc", "ring", "square", "cross")
SMALLEST = 12  # pixels
SPEEDS = (1.0, 2.5)  # pixels a frame


def moving_shapes(
    videos: int, frames: int = 8, size: int = 20, *, noise: float = 0.1, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Make films of one shape that moves right, left, down or up, and comes in again where it went out.

    Where the shape starts, what it is, how fast it goes (1 to 2.5 pixels a frame) and how bright it is are drawn alike
    for all four directions. As the picture has no borders, every frame shows it anywhere with the same probability:
    the frames of the four classes have one and the same distribution, and only two frames or more tell them apart.

    Args:
        videos: How many.
        frames: Of each, at least 2.
        size: Pixels along height and width, at least 12.
        noise: Standard deviation; the background is 0 and the shape 0.6 to 1.
        seed: The same seed gives the same films, number by number.

    Returns:
        `(films, labels)`: float32 `(videos, frames, size, size, 1)`, and int64 `(videos,)`: 0 right, 1 left, 2 down,
        3 up, the order of `dimensions.DIRECTIONS`.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If a number is out of range.

    Example:
        >>> films, labels = moving_shapes(6)
        >>> films.shape, list(DIRECTIONS)
        ((6, 8, 20, 20, 1), ['right', 'left', 'down', 'up'])
    """
    check_whole("videos", videos)
    check_whole("frames", frames, least=2)
    check_whole("size", size, least=SMALLEST)
    noise = check_number("noise", noise, least=0.0)
    check_whole("seed", seed, least=0)
    films = np.empty((videos, frames, size, size, 1), np.float32)
    labels = np.empty(videos, np.int64)
    ways = np.array(list(DIRECTIONS.values()))
    for place in range(videos):
        draw = np.random.default_rng((seed, place))
        labels[place] = draw.integers(len(ways))
        shape, start, radius = draw.choice(SHAPES), draw.uniform(0, size, 2), draw.uniform(2.5, 4)
        speed, light = draw.uniform(*SPEEDS), draw.uniform(0.6, 1)
        centers = start + np.arange(frames)[:, None] * speed * ways[labels[place]]
        films[place, ..., 0] = light * _drawn(shape, centers, radius, size)
        films[place, ..., 0] += noise * draw.standard_normal((frames, size, size))
    return films, labels


def _drawn(shape: str, centers: np.ndarray, radius: float, size: int) -> np.ndarray:
    """Return a shape around each center `(n, 2)`, with soft edges, floats in [0, 1], `(n, size, size)`."""
    places = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"))
    away = (places[None] - centers[:, :, None, None] + size / 2) % size - size / 2  # the shorter way around
    rows, columns = np.abs(away[:, 0]), np.abs(away[:, 1])
    outside = {
        "disc": lambda: np.hypot(rows, columns) - radius,
        "ring": lambda: np.abs(np.hypot(rows, columns) - radius) - 0.7,
        "square": lambda: np.maximum(rows, columns) - radius,
        "cross": lambda: np.maximum(np.minimum(rows, columns) - 0.7, np.maximum(rows, columns) - radius),
    }[shape]()
    return np.clip(0.5 - outside, 0, 1)
