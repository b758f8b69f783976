"""The arithmetic of a window that slides along one axis: how often it fits, and what each of its positions sees.

Convolutions, poolings, paddings, croppings and upsamplings of any rank are such windows, one for each spatial axis.
Receptive fields, tiles of a picture, and output shapes are computed from them.

Reference:
    Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

WHOLE = "whole"
"""In place of a window: every output sees the whole input, as in global pooling."""


@dataclass(frozen=True)
class Window:
    """A window that slides along one axis; output position i sees the input positions i stride - before + dilation t.

    Attributes:
        size: Number of input positions that it covers, t = 0 ... size - 1.
        stride: Input positions that it moves from one output position to the next.
        dilation: Distance between neighbouring input positions in it.
        before: Zeros added before the input; negative if the input is cropped there.
        transposed: Whether input and output change places, as in a transposed convolution: output position i sees
            all input positions j for which i = j stride - before + dilation t.
        after: Zeros added after the input; negative if the input is cropped there.

    Example:
        >>> Window(size=3, stride=2, before=1).seen(np.array([0, 1])).tolist()
        [-1, 0, 1, 2, 3]
        >>> Window(size=2, stride=2, transposed=True).seen(np.array([4, 5])).tolist()  # each input position, twice
        [2]
    """

    size: int = 1
    stride: int = 1
    dilation: int = 1
    before: int = 0
    transposed: bool = False
    after: int = 0

    @classmethod
    def padded(cls, size: int, stride: int, dilation: int, padding: str | int, length: int | None) -> Window:
        """Return the window of a convolution or pooling.

        Args:
            size, stride, dilation: As the attributes.
            padding: `"valid"` (no zeros), `"same"` (so many zeros that ceil(length / stride) positions fit, the odd
                one at the end: TensorFlow's rule), `"causal"` (as many as the window reaches, all before), or a
                number of zeros on both sides.
            length: Positions of the input. May be `None` unless the padding is "same" with a stride above 1.

        Raises:
            ValueError: If the padding depends on the length, and this is `None`.

        Example:
            >>> Window.padded(3, 2, 1, "same", length=8)  # 4 positions reach over 3 * 2 + 3 = 9
            Window(size=3, stride=2, dilation=1, before=0, transposed=False, after=1)
        """
        reach = dilation * (size - 1) + 1
        if padding == "valid":
            before = after = 0
        elif padding == "causal":
            before, after = reach - 1, 0
        elif padding == "same":
            if stride == 1:
                zeros = reach - 1
            elif length is None:
                raise ValueError("the padding 'same' with a stride above 1 depends on the length")
            else:
                zeros = max((-(-length // stride) - 1) * stride + reach - length, 0)
            before, after = zeros // 2, zeros - zeros // 2
        else:
            before = after = int(padding)
        return cls(size, stride, dilation, before, after=after)

    @property
    def reach(self) -> int:
        """Input positions from the first that it covers to the last, both included."""
        return self.dilation * (self.size - 1) + 1

    @property
    def jump(self) -> Fraction:
        """Input positions by which the view moves from one output position to the next."""
        return Fraction(1, self.stride) if self.transposed else Fraction(self.stride)

    def positions(self, length: int) -> int:
        """Return how often the window fits: floor((length + before + after - reach) / stride) + 1, at least 0.

        Example:
            >>> Window(size=5).positions(14)  # the course's 14 -> 10
            10
        """
        return max((length + self.before + self.after - self.reach) // self.stride + 1, 0)

    def seen(self, positions: np.ndarray) -> np.ndarray:
        """Return the input positions that some output positions see, ascending; positions of the padding count too.

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
