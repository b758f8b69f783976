"""How a 2-D layer's settings become those of a 1-D or 3-D one: what `convert` was asked for, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_apps._checks import check_choice, check_whole
from keras_apps.dimensions.conversion import kernels

if TYPE_CHECKING:
    import keras

HOWS = {1: ("sum", "center"), 3: ("inflate", "center")}
OVERS = ("height", "width")
STRIDES = ("paper", "own", "keep")
BORDERS = ("zeros", "repeat")


@dataclass(frozen=True)
class Plan:
    """What a conversion does about the axis that comes or goes; its arguments are those of `convert`.

    Attributes:
        spared: Ids of the max-poolings that `"paper"` lets keep every step.
    """

    rank: int
    how: str
    depth: int | Mapping[str, int] | None = None
    time_stride: str | Mapping[str, int] = "paper"
    borders: str = "zeros"
    over: str = "width"
    spared: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        check_choice(f"way to rank {self.rank}", self.how, HOWS[self.rank])
        check_choice("picture axis", self.over, OVERS)
        check_choice("kind of borders", self.borders, BORDERS)
        if not isinstance(self.time_stride, Mapping):
            check_choice("time_stride", self.time_stride, STRIDES)
        for option, what in ((self.time_stride, "time_stride"), (self.depth, "depth")):
            for value in option.values() if isinstance(option, Mapping) else ():
                check_whole(what, value)
        if self.depth is not None and not isinstance(self.depth, Mapping):
            check_whole("depth", self.depth)

    @property
    def gone(self) -> int:
        """The picture's axis that goes, in 1-D: 0 for height, 1 for width."""
        return OVERS.index(self.over)

    def axes(self, pair: Any, new: Any) -> tuple:
        """Turn a setting for `(height, width)` into one for the new axes; `new` is that of the axis that comes."""
        return (new, *pair) if self.rank == 3 else (pair[1 - self.gone],)

    def depth_of(self, layer: keras.Layer, sizes: tuple[int, int]) -> int:
        """Return how deep a kernel becomes: as its smaller side, so that square kernels become cubes."""
        if isinstance(self.depth, Mapping) and layer.name in self.depth:
            return self.depth[layer.name]
        own = min(sizes)
        return self.depth if isinstance(self.depth, int) and own > 1 else own

    def stride_of(self, layer: keras.Layer, strides: tuple[int, int]) -> int:
        """Return a layer's stride along the film's steps."""
        if isinstance(self.time_stride, Mapping):
            return self.time_stride.get(layer.name, strides[0])
        spared = self.time_stride == "paper" and id(layer) in self.spared
        return 1 if self.time_stride == "keep" or spared else strides[0]

    def pool_of(self, sizes: tuple[int, int], strides: tuple[int, int], stride: int) -> int:
        """Return a pooling's size along the film's steps: 1 where it does not shorten the film, as in I3D."""
        if self.how == "center" or stride == 1 < strides[0]:
            return stride
        return max(min(sizes), stride)

    def kernel(self, kernel: np.ndarray, depth: int) -> np.ndarray:
        """Convert the kernel of a convolution."""
        if self.rank == 3:
            return (kernels.inflate_kernel if self.how == "inflate" else kernels.center_kernel)(kernel, depth)
        return (kernels.sum_kernel if self.how == "sum" else kernels.middle_kernel)(kernel, self.gone)

    def transposed_kernel(self, kernel: np.ndarray, depth: int, stride: int, strides: tuple[int, int]) -> np.ndarray:
        """Convert the kernel of a transposed convolution; in 1-D, to its mean over the places that it writes to."""
        if self.rank == 3 and self.how == "inflate":
            return kernels.inflate_transposed_kernel(kernel, depth, stride)
        if self.rank == 3:
            return kernels.center_transposed_kernel(kernel, depth, stride)
        if self.how == "sum":
            return kernels.sum_kernel(kernel, self.gone) / strides[self.gone]
        return kernels.middle_kernel(kernel, self.gone)
