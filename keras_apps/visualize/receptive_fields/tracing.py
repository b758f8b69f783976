"""Follow one unit of a layer back through a graph, to the positions of the input that it is computed from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_apps._convolution import WHOLE
from keras_apps.visualize.graph import consumers_first, is_graph, shapes_of
from keras_apps.visualize.receptive_fields.rules import windows_of

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Need:
    """The positions of a tensor that a unit needs, along one axis.

    Attributes:
        positions: int64 `(n,)`, ascending; those beyond the border are padding.
        jump: How far they move from this unit to the next; 0 where every unit needs the same.
        period: After how many units they have moved by whole positions on all paths.
    """

    positions: np.ndarray
    jump: Fraction
    period: int = 1


Needs = tuple[Need, ...]


def needed(
    source: keras.KerasTensor,
    output: keras.KerasTensor,
    unit: Sequence[int],
    shape: tuple,
    rules: Mapping | None,
    padding: bool,
) -> Needs | None:
    """Return which positions of the input a unit needs along each axis.

    Args:
        source: The graph's input tensor.
        output: The tensor that the unit belongs to.
        unit: Its position along each axis of the output.
        shape: The input's shape, `(None, size..., channels)`; a size may be `None`.
        rules: As in `receptive_field`.
        padding: Whether positions beyond the border of any layer's input count, as if there were something. Without,
            what is left are the positions that the unit's value depends on.

    Returns:
        The needs of the input, one for each of its spatial axes; `None` where the unit sees nothing but padding.

    Raises:
        ValueError: If a layer is not known, or paths have different strides.
    """
    start = tuple(Need(np.array([i]), Fraction(1)) for i in unit)
    return _traced([source], [output], [start], [shape], rules, padding)[0]


def _traced(
    inputs: Sequence, outputs: Sequence, needs: Sequence, shapes: Sequence, rules: Mapping | None, padding: bool
) -> list:
    """Return what is needed of each input, when `needs` are needed of the outputs."""
    nodes = consumers_first(outputs, inputs)
    shape = shapes_of(inputs, [tensor for node in nodes for tensor in node.output_tensors], shapes)
    found: dict[int, Needs] = {}

    def add(tensor: keras.KerasTensor, need: Needs, name: str) -> None:
        if not padding and not all(one.positions.size for one in need):
            return  # nothing but padding is seen on this path
        sizes = _spatial(shape[id(tensor)])
        before = found.get(id(tensor))
        found[id(tensor)] = need if before is None else tuple(map(_united, before, need, sizes, [name] * len(sizes)))

    for output, need in zip(outputs, needs, strict=True):
        if need is not None:
            add(output, need, "the output")
    for node in nodes:
        wanted = [found.get(id(tensor)) for tensor in node.output_tensors]
        name, sources = node.operation.name, node.input_tensors
        if is_graph(node.operation):
            inner = node.operation
            parts = _traced(inner.inputs, inner.outputs, wanted, [shape[id(t)] for t in sources], rules, padding)
            for tensor, need in zip(sources, parts, strict=True):
                if need is not None:
                    add(tensor, need, name)
            continue
        for output, need in zip(node.output_tensors, wanted, strict=True):
            if need is None:
                continue
            for tensor in sources:
                sizes, out_sizes = _spatial(shape[id(tensor)]), _spatial(shape[id(output)])
                windows = windows_of(node.operation, sizes, out_sizes, rules)
                add(tensor, _seen(need, windows, sizes, name, padding), name)
    return [found.get(id(tensor)) for tensor in inputs]


def _seen(needs: Needs, windows: Any, sizes: tuple, name: str, padding: bool) -> Needs:
    """Return what a layer needs of an input, when `needs` are needed of its output."""
    period = max([need.period for need in needs], default=1)
    if windows == WHOLE:
        return tuple(_all(n, period, name) for n in sizes)
    seen = []
    for need, window, n in zip(needs, windows, sizes, strict=True):
        if window == WHOLE:
            seen.append(_all(n, period, name))
            continue
        jump = need.jump * window.jump
        positions = window.seen(need.positions)
        if not (padding and jump):  # a unit that sees everything sees all that there is, which padding is not
            positions = positions[(positions >= 0) & (positions < _known(n, name))]
        seen.append(Need(positions, jump, math.lcm(need.period, jump.denominator)))
    return tuple(seen)


def _all(n: int | None, period: int, name: str) -> Need:
    return Need(np.arange(_known(n, name)), Fraction(0), period)


def _known(n: int | None, name: str) -> int:
    if n is None:
        raise ValueError(
            f"expected input_size, since {name!r} sees all of its input, received a model for pictures of any size"
        )
    return n


def _united(a: Need, b: Need, n: int | None, name: str) -> Need:
    period = math.lcm(a.period, b.period)
    if a.jump != b.jump:
        for need in (a, b):
            if not need.jump and len(need.positions) == n:
                return Need(need.positions, need.jump, period)
        raise ValueError(
            f"expected paths that move together from unit to unit, received paths that meet before {name!r} and move "
            f"by {a.jump} and {b.jump} positions of it"
        )
    return Need(np.union1d(a.positions, b.positions), a.jump, period)


def _spatial(shape: tuple) -> tuple:
    return tuple(shape[1:-1])
