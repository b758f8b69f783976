"""Cut a picture into tiles, with margins as wide as the receptive field, so that a network's units come out exactly.

A tile owns a rectangle of the picture and so, of every layer, the units whose stride falls into it. The network is run
on the tile and its margins. A unit that a tile owns sees nothing outside them, unless it is outside the picture too:
there the network pads with zeros, as it does for the whole picture. Units of the margins are wrong and are not used.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import keras

from keras_apps._convolution import SAME_PLACE, Window

_POINTWISE = (
    *("InputLayer", "Rescaling", "Normalization", "BatchNormalization", "Activation", "ReLU", "LeakyReLU"),
    *("ELU", "PReLU", "Dropout", "SpatialDropout2D"),
)
_WINDOWED = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "MaxPooling2D", "AveragePooling2D")


class View(NamedTuple):
    """The pixels that a unit sees: unit i those from `stride * i - before` to `stride * i + after`.

    Attributes:
        stride: Pixels between two units.
        before: Pixels seen before a unit's first own pixel.
        after: Pixels seen after it.
    """

    stride: int
    before: int
    after: int


class Span(NamedTuple):
    """A tile along one side of a picture, in pixels.

    Attributes:
        start: First pixel of the tile with its margins.
        stop: One past the last.
        first: First pixel that the tile owns.
        last: One past the last.
    """

    start: int
    stop: int
    first: int
    last: int


class Side:
    """One side of the pictures, height or width, on its way through a chain of layers.

    Args:
        windows: The window of each layer by its name, in order.
        layers: The layers whose activations are needed.

    Attributes:
        stride: The largest stride of their units; tiles begin at its multiples.
        margin: Pixels before and after what a tile owns.

    Example:
        >>> convolution = Window(size=3, before=1, after=1)
        >>> side = Side({"conv": convolution, "pool": Window(2, 2), "deep": convolution}, ["deep"])
        >>> side.view("deep"), side.margin
        (View(stride=2, before=3, after=4), (4, 3))
        >>> side.spans(21, tile=8)
        [Span(start=0, stop=16, first=0, last=8), Span(start=4, stop=20, first=8, last=16),
         Span(start=6, stop=21, first=16, last=21)]
    """

    def __init__(self, windows: Mapping[str, Window], layers: Iterable[str]):
        self.windows = dict(windows)
        views = [self.view(layer) for layer in layers]
        self.stride = max(view.stride for view in views)
        self.margin = (
            _round_up(max(view.before for view in views), self.stride),
            max(0, *(view.after + 1 - view.stride for view in views)),
        )

    def view(self, layer: str) -> View:
        """Return what a unit of a layer sees."""
        stride, before, after = 1, 0, 0
        for window in self._until(layer):
            before += stride * window.before
            after += stride * (window.reach - 1 - window.before)
            stride *= window.stride
        return View(stride, before, after)

    def units(self, layer: str, length: int) -> int:
        """Return how many units a layer has for a picture of a length in pixels."""
        for window in self._until(layer):
            length = window.positions(length)
        return length

    def spans(self, length: int, tile: int) -> list[Span]:
        """Cut a length into tiles that own at most `tile` pixels each, about equally many.

        With their margins they have one length, or two where `length` is no multiple of the stride.

        Args:
            length: Of the picture, in pixels.
            tile: In pixels, a multiple of the stride.
        """
        before, after = self.margin
        owned = _round_up(math.ceil(length / math.ceil(length / tile)), self.stride)
        reach = _round_up(before + owned + after, self.stride)
        if reach >= length:
            return [Span(0, length, 0, length)]
        latest = _round_up(length - reach, self.stride)
        spans = []
        for first in range(0, length, owned):
            start = min(max(first - before, 0), latest)
            stop = length if start == latest else start + reach
            spans.append(Span(start, stop, first, min(first + owned, length)))
        return spans

    def within(self, layer: str, span: Span, length: int) -> tuple[slice, slice]:
        """Return a layer's units that a tile owns, as slices: among the tile's units, and among the whole picture's."""
        stride, units = self.view(layer).stride, self.units(layer, length)
        first = span.first // stride
        last = units if span.last == length else min(span.last // stride, units)
        offset = span.start // stride
        return slice(first - offset, last - offset), slice(first, last)

    def _until(self, layer: str) -> list[Window]:
        names = list(self.windows)
        return list(self.windows.values())[: names.index(layer) + 1]


def sides(model: keras.Model, layers: Iterable[str]) -> tuple[Side, Side]:
    """Read the windows of a network's layers along height and along width.

    Args:
        model: A chain of layers, each fed by the one before.
        layers: The layers whose activations are needed.

    Raises:
        ValueError: If a layer up to the deepest of them cannot be computed in tiles; its name is given.
    """
    outputs, names = list(layers), [layer.name for layer in model.layers]
    chain = model.layers[: max(names.index(name) for name in outputs) + 1]
    for layer, previous in zip(chain[1:], chain, strict=False):
        if layer.input is not previous.output:
            raise ValueError(
                f"expected a chain of layers to compute in tiles, each fed by the one before, received {layer.name!r}, "
                f"which is not fed by {previous.name!r} alone"
            )
    rows, columns = (Side({layer.name: _window(layer, axis) for layer in chain}, outputs) for axis in (0, 1))
    return rows, columns


def _window(layer: keras.layers.Layer, axis: int) -> Window:
    kind = type(layer).__name__
    if kind in _POINTWISE:
        return SAME_PLACE
    if kind == "ZeroPadding2D":
        before, after = layer.padding[axis]
        return Window(before=before, after=after)
    if kind not in _WINDOWED:
        allowed = ", ".join([*_WINDOWED, "ZeroPadding2D"])
        raise ValueError(f"expected layers that tiles allow ({allowed}), received {layer.name!r}, a {kind}")
    pools = kind.endswith("Pooling2D")
    size, dilation = (layer.pool_size, (1, 1)) if pools else (layer.kernel_size, layer.dilation_rate)
    stride = layer.strides[axis]
    if layer.padding != "valid" and (layer.padding != "same" or stride > 1 or pools):
        raise ValueError(
            f"expected padding 'valid', or 'same' with stride 1 in a convolution, to compute in tiles; "
            f"received {layer.name!r} with {layer.padding!r} and stride {stride}"
        )
    return Window.padded(size[axis], stride, dilation[axis], layer.padding, None)


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
