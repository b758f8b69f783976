"""Where a film stands still, and how much its painting flickers there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy import ndimage

from keras_apps.images import Picture, load_image, resize

BLUR = 1.5
"""Standard deviation, in pixels, over which changes are averaged: a camera's noise goes, a moving edge stays."""
REACH = 1
"""Pixels around a change that are taken to change too."""
LEAST, MOST = 0.02, 0.06
"""Blurred change, in 0..1, up to which a pixel stands still, and from which it has changed."""


class Steadiness:
    """Finds in each new frame the pixels that changed, and those that stand still.

    A frame is compared with a reference that takes over pixels only where they changed. So light that fades slowly adds
    up to a change in the end, though from one frame to the next there is none.

    Example:
        >>> watch = Steadiness()
        >>> frame = np.zeros((9, 9, 3), np.float32)
        >>> change, steady = watch.update(frame)
        >>> change, steady = watch.update(frame + 0.5)
        >>> float(change.max()), float(steady.max())
        (0.5, 0.0)
    """

    def __init__(self) -> None:
        self.reference: np.ndarray | None = None

    def update(self, content: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Look at the next frame.

        Args:
            content: float32 `(h, w, 3)` in 0..1.

        Returns:
            `(change, steady)`: float32 `(h, w, 3)` in -1..1, the frame minus the reference, and float32 `(h, w, 1)` in
            0..1, 1 where the frame stands still. For the first frame no change, and nothing is steady.
        """
        if self.reference is None:
            self.reference = content.copy()
            return np.zeros_like(content), np.zeros((*content.shape[:2], 1), np.float32)
        change = content - self.reference
        steady = steady_map(change)
        self.reference = steady * self.reference + (1 - steady) * content
        return change, steady


def steady_map(change: np.ndarray, blur: float = BLUR, reach: int = REACH) -> np.ndarray:
    """Find where a film stands still, from the difference of two frames.

    Args:
        change: Floats `(h, w, 3)` in -1..1.
        blur: Standard deviation, in pixels, over which the change is averaged.
        reach: Pixels around a change that are taken to change too.

    Returns:
        float32 `(h, w, 1)` in 0..1: 1 where the blurred change of every channel is at most 0.02, 0 from 0.06 on.
    """
    blurred = np.abs(ndimage.gaussian_filter(np.asarray(change, np.float32), (blur, blur, 0))).max(axis=2)
    widest = ndimage.maximum_filter(blurred, size=2 * reach + 1)
    return np.clip((MOST - widest) / (MOST - LEAST), 0, 1).astype(np.float32)[..., None]


def flicker(frames: Iterable[Picture], contents: Sequence[Picture], tolerance: float = 0.02) -> float:
    """Measure how much a painted film changes where the film itself does not.

    Args:
        frames: The painted frames G, in order.
        contents: The frames C they were painted from, as many; they are resized to the painted ones' size.
        tolerance: A pixel stands still from one frame to the next if no channel of C changes by more, in 0..1.

    Returns:
        The mean of |G_t - G_(t-1)| over the channels of all pixels that stand still, in 0..1.

    Raises:
        ValueError: If there are fewer than two frames, their numbers differ, or no pixel stands still.

    Example:
        >>> still = np.zeros((2, 2, 3))
        >>> flicker([still, still + 0.25], [still, still])
        0.25
    """
    painted, shown = list(frames), list(contents)
    if len(painted) != len(shown) or len(painted) < 2:
        raise ValueError(
            f"expected at least two frames and the same number of contents, received {len(painted)} frames and "
            f"{len(shown)} contents"
        )
    moved, pixels, before = 0.0, 0, None
    for G, C in zip(map(load_image, painted), map(load_image, shown), strict=True):
        C = resize(C, G.shape[:2])
        if before is not None:
            still = np.abs(C - before[1]).max(axis=2) <= tolerance
            moved += float(np.abs(G - before[0])[still].sum(dtype=np.float64))
            pixels += int(still.sum())
        before = (G, C)
    if not pixels:
        raise ValueError("expected contents in which a pixel stands still, but all pixels change between all frames")
    return moved / (3 * pixels)
