"""A model and one of its layers -> the part of the input that each unit of the layer sees."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import keras
import numpy as np

from keras_apps._checks import is_whole
from keras_apps.visualize.graph import graph_of, layer_output, shapes_of, whole_sizes
from keras_apps.visualize.receptive_fields.tracing import needed

Box = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class ReceptiveField:
    """What the units of a layer see of the input, along each spatial axis.

    The box of unit i begins at offset + i stride and has `size` positions, of which those outside the picture are
    padding. In networks that upsample, the boxes of neighbouring units may differ; then `size` is the largest, and
    `stride` the mean. `box` is exact always.

    Attributes:
        layer: The layer's name.
        size: Extent of a unit's box, in input positions (pixels).
        stride: Distance between the boxes of neighbouring units, in input positions; 0 where each unit sees all of
            the input.
        offset: First position of the box of unit 0; negative where it begins in the padding.
        units: Units along each axis, `None` where the input's size is not known; empty for a layer without
            spatial axes.
        input_size: Size of the input along each axis, `None` where it is not known.
    """

    layer: str
    size: tuple[int, ...]
    stride: tuple[float, ...]
    offset: tuple[int, ...]
    units: tuple[int | None, ...]
    input_size: tuple[int | None, ...]
    phases: tuple[Box, ...] = field(repr=False)

    def box(self, *unit: int, clipped: bool = False) -> Box:
        """Return what one unit sees; at the border perhaps less, see `seen_box`.

        Args:
            unit: Its position along each axis of the layer.
            clipped: Whether to leave out what lies beyond the border of the input.

        Returns:
            `(start, stop)` along each axis of the input, in positions; `stop` itself is not seen. They are equal where
            nothing is seen: between the positions that a transposed convolution fills.

        Raises:
            ValueError: If the layer has no such unit, or the input's size is not known and `clipped` is asked for.
        """
        _check_unit(unit, self.units, self.layer)
        if clipped and None in self.input_size:
            raise ValueError("clipped boxes need the input's size: compute the receptive field with input_size=...")
        places = unit if self.units else (0,) * len(self.size)
        box = []
        for i, stride, phases, n in zip(places, self.stride, self.phases, self.input_size, strict=True):
            turns, phase = divmod(int(i), len(phases))
            moved = round(turns * len(phases) * stride)
            start, stop = phases[phase][0] + moved, phases[phase][1] + moved
            box.append((min(max(start, 0), n), min(max(stop, 0), n)) if clipped and n is not None else (start, stop))
        return tuple(box)


def _check_unit(unit: tuple, units: tuple, layer: str) -> None:
    if len(unit) != len(units):
        raise ValueError(f"expected {len(units)} indices for a unit of {layer!r}, received {unit}")
    for i, n in zip(unit, units, strict=True):
        if not is_whole(i) or i < 0 or (n is not None and i >= n):
            upto = f"below {n}" if n is not None else "of at least 0"
            raise ValueError(f"expected a unit {upto} along each axis of {layer!r}, received {unit}")


def receptive_field(
    model: keras.Model,
    layer: str | keras.layers.Layer,
    *,
    input_size: int | Sequence[int] | None = None,
    rules: Mapping | None = None,
) -> ReceptiveField:
    """Return what each unit of a layer sees of the model's input.

    The layer's unit is followed back through the graph: each layer on the way says which positions of its input one
    position of its output sees; where paths meet, what they need is united. The rank, 1-D, 2-D or 3-D, does not
    matter, since the axes do not depend on one another.

    Args:
        model: A functional or sequential model with one input, `(n, size..., channels)`.
        layer: A layer or its name; `"inner/conv1"` is the layer `conv1` of the model `inner` within `model`.
        input_size: The input's size along its spatial axes, for a model whose input has none; needed where the
            answer depends on it (TensorFlow's 'same' padding with strides, layers that see the whole input).
        rules: `{layer name, class or class name: rule}` for layers of your own: a `Window` for all axes or one for
            each, or `WHOLE`.

    Returns:
        A `ReceptiveField`.

    Raises:
        TypeError: If the model is no Keras model.
        ValueError: If it has no such layer, no spatial axes, a layer that is not known, or paths of different strides.

    Example:
        >>> layers = [keras.layers.Conv2D(4, 3, padding="same", name=f"conv{i}") for i in (1, 2)]
        >>> found = receptive_field(keras.Sequential([keras.Input((32, 32, 3)), *layers]), "conv2")
        >>> found.size, found.stride, found.offset
        ((5, 5), (1, 1), (-2, -2))
        >>> found.box(0, 10, clipped=True)
        ((0, 3), (8, 13))

    Reference:
        Araujo et al., "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019.
    """
    source, output, shape, units = _ends(model, layer, input_size)
    first = needed(source, output, (0,) * len(units), shape, rules, padding=True)
    if first is None:
        raise ValueError(f"expected a layer that depends on the model's input, received {layer!r}")
    count = math.lcm(*(need.period for need in first))
    others = (needed(source, output, (i,) * len(units), shape, rules, padding=True) for i in range(1, count))
    every = [first, *(other for other in others if other is not None)]
    phases = tuple(tuple(_extent(one[axis].positions) for one in every) for axis in range(len(first)))
    return ReceptiveField(
        layer=getattr(layer, "name", layer),
        size=tuple(max(stop - start for start, stop in boxes) for boxes in phases),
        stride=tuple(_number(need.jump) for need in first),
        offset=tuple(boxes[0][0] for boxes in phases),
        units=units,
        input_size=shape[1:-1],
        phases=phases,
    )


def seen_box(
    model: keras.Model,
    layer: str | keras.layers.Layer,
    unit: Sequence[int],
    *,
    input_size: int | Sequence[int] | None = None,
    rules: Mapping | None = None,
) -> Box | None:
    """Return the smallest box around the input positions that the value of one unit depends on.

    Away from the border this is the unit's receptive field. At the border it may be less than what of it lies inside
    the picture: where a path leads through the padding of an inner layer, it ends there.

    Args:
        model, layer, input_size, rules: As in `receptive_field`; the input's size must be known.
        unit: Position along each axis of the layer.

    Returns:
        `(start, stop)` along each axis of the input; `None` for a unit that sees nothing but padding.

    Raises:
        TypeError, ValueError: As `receptive_field`, or if the layer has no such unit.

    Example:
        >>> layers = [keras.layers.Conv1D(1, 3, dilation_rate=4, padding="same", name="conv")]
        >>> model = keras.Sequential([keras.Input((16, 1)), *layers])
        >>> receptive_field(model, "conv").box(3, clipped=True), seen_box(model, "conv", (3,))  # -1, 3 and 7
        (((0, 8),), ((3, 8),))
    """
    source, output, shape, units = _ends(model, layer, input_size)
    if None in shape[1:-1]:
        raise ValueError("pass input_size: the model takes pictures of any size")
    place: tuple[int, ...] = tuple(unit) if isinstance(unit, Sequence) else (unit,)
    _check_unit(place, units, getattr(layer, "name", layer))
    found = needed(source, output, place, shape, rules, padding=False)
    return None if found is None else tuple(_extent(need.positions) for need in found)


def _ends(model: keras.Model, layer: keras.Layer, input_size: Any) -> tuple:
    """Return input and output of the way to a layer, the input's shape and the layer's size."""
    source = graph_of(model).inputs[0]
    shape = _with_size(tuple(source.shape), input_size)
    output = layer_output(model, layer)
    return source, output, shape, shapes_of([source], [output], [shape])[id(output)][1:-1]


def _extent(positions: np.ndarray) -> tuple[int, int]:
    return (int(positions[0]), int(positions[-1]) + 1) if positions.size else (0, 0)


def _number(jump: Fraction) -> float:
    return int(jump) if jump.denominator == 1 else float(jump)


def _with_size(shape: tuple, size: int | Sequence[int] | None) -> tuple:
    """Return a model's input shape with the size that was given for it."""
    rank = len(shape) - 2
    if not 1 <= rank <= 3:
        raise ValueError(f"expected a model with 1 to 3 spatial axes, received one for inputs of shape {shape}")
    if size is None:
        return shape
    sizes = whole_sizes("an input_size", size, rank)
    if any(n is not None and n != given for n, given in zip(shape[1:-1], sizes, strict=True)):
        raise ValueError(f"expected the input_size {shape[1:-1]} that the model has, received {sizes}")
    return (shape[0], *sizes, shape[-1])
