"""What `maximize` returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Maximized:
    """Pictures that excite a part of a network, and how they came to.

    Attributes:
        images: float32 `(n, h, w, c)` in 0..1, whatever the model's range is; `images.save_image` takes each.
        layer: The layer's name.
        units: The channel that each picture excites, `(n,)`; `None` for a layer or a direction.
        before: float32 `(n,)`, the activation of the pictures at the start.
        after: float32 `(n,)`, that of `images`.
        history: float32 `(steps, n)`, the activation at each step, of the picture as it was seen: shifted and turned.
        interrupted: Whether Ctrl-C ended the ascent before its last step.
    """

    images: np.ndarray
    layer: str
    units: tuple[int, ...] | None
    before: np.ndarray
    after: np.ndarray
    history: np.ndarray
    interrupted: bool = False
