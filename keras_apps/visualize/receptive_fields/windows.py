"""What one position of a layer's output sees of the layer's input, along one axis."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

WHOLE = "whole"
"""The rule of a layer each of whose outputs sees the whole of its input, as global pooling."""


@dataclass(frozen=True)
class Window:
    """A window that slides along one axis; output position i sees the input positions i stride - before + dilation t.

    Attributes:
        size: Number of input positions it covers, t = 0 ... size - 1.
        stride: Steps that it moves from one output position to the next.
        dilation: Distance of neighbouring input positions in it.
        before: Zeros that were put before the input; negative where the input was cropped.
        transposed: Whether input and output change places, as in a transposed convolution: output position i sees
            all input positions j for which i = j stride - before + dilation t.

    Example:
        >>> Window(size=3, stride=2, before=1).seen(np.array([0, 1])).tolist()
        [-1, 0, 1, 2, 3]
        >>> Window(size=2, stride=2, transposed=True).seen(np.array([4, 5])).tolist()  # what was doubled
        [2]
    """

    size: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0
    transposed: bool = False

    @property
    def jump(self) -> Fraction:
        """Input positions by which the view moves from one output position to the next."""
        return Fraction(1, self.stride) if self.transposed else Fraction(self.stride)

    def seen(self, positions: np.ndarray) -> np.ndarray:
        """Return the input positions that some output positions see, ascending; those of padding count too.

        Args:
            positions: int64 `(n,)`, which may lie beyond the border.
        """
        taps = self.dilation * np.arange(self.size)
        if not self.transposed:
            return np.unique(positions[:, None] * self.stride - self.before + taps)
        reached = positions[:, None] + self.before - taps
        return np.unique(reached[reached % self.stride == 0] // self.stride)


SAME_PLACE = Window()
"""The window of layers that work on each position by itself."""
