"""Rules for layers without a window: elementwise ones, merges, normalisations, Flatten, Dense, Reshape, PReLU."""

from __future__ import annotations

import math

import keras
import numpy as np

from keras_apps.dimensions.kernels import spread_rows


def unchanged(twins, layer, x):
    """Elementwise layers and merges: they know no axis."""
    twins.check_parts(x)
    return twins.add(layer, x, keep_parts=True)


def along_axis(twins, layer, x):
    """Softmax, BatchNormalization, LayerNormalization and others: only the number of their axis changes."""
    if not twins.is_map(x) and twins.parts(x) is not None:
        raise ValueError("it has a say for each place of a flattened map")
    return twins.add(layer, x, changes=_moved(twins, layer, x))


def concatenate(twins, layer, x):
    """Concatenate: of maps, and of vectors, which may be flattened maps in part."""
    output = twins.add(layer, x, changes=_moved(twins, layer, x[0]))
    if any(twins.parts(vector) for vector in x):
        parts = [twins.parts(vector) or (2 * (tuple(vector.shape[1:]),),) for vector in x]
        twins.remember(output, parts=sum(parts, ()))
    return output


def _moved(twins, layer, x) -> dict:
    changes = {}
    if twins.is_map(x):
        axis = layer.axis
        if isinstance(axis, (list, tuple)):
            changes = {"axis": [moved_axis(a, twins.plan) for a in axis]}
        elif axis is not None:
            changes = {"axis": moved_axis(axis, twins.plan)}
    return changes


def moved_axis(axis: int, plan) -> int:
    """Return the number of a map's axis after the conversion.

    Raises:
        ValueError: If it is the batch, or the axis that goes.
    """
    axis = axis % 4
    if axis == 3:
        return -1
    if axis == 0 or (plan.rank == 1 and axis == plan.gone + 1):
        raise ValueError(f"it works along axis {axis}, which goes")
    return axis + 1 if plan.rank == 3 else 1


def flatten(twins, layer, x):
    """Flatten: remembered, for the dense layer after it has a weight for each place."""
    old, new = old_shape(layer), tuple(x.shape[1:])
    if not twins.is_map(x):
        return twins.add(layer, x, keep_parts=True)
    if None in new:
        raise ValueError("it needs a size that is known: give length or input_shape")
    config = {key: layer.get_config()[key] for key in ("name", "trainable", "dtype")}
    flat = twins.add(layer, x, keras.layers.Flatten, only=config)
    twins.remember(flat, parts=((old, new),))
    return flat


def dense(twins, layer, x):
    """Dense: on channels as it is; on a flattened map its weights are repeated, put in the middle, or summed."""
    parts = twins.parts(x)
    if parts is None:
        return twins.add(layer, x)
    plan = twins.plan
    ends = np.cumsum([math.prod(old) for old, _ in parts])

    def weights(given):
        pieces = zip(np.split(given[0], ends[:-1]), parts, strict=True)
        rows = [p if len(old) == 1 else spread_rows(p, old, new, plan.how, plan.gone) for p, (old, new) in pieces]
        return [np.concatenate(rows), *given[1:]]

    return twins.add(layer, x, weights=weights)


def reshape(twins, layer, x):
    """Reshape: of a vector to one place `(1, 1, c)`, or of a map to a vector; other shapes are fixed to two axes."""
    target = tuple(layer.target_shape)
    if len(target) == 1 and twins.is_map(x):
        if all(size == 1 for size in x.shape[1:-1]):
            return twins.add(layer, x)
        return flatten(twins, layer, x)
    if len(target) == 3 and target[:2] == (1, 1) and not twins.is_map(x) and twins.parts(x) is None:
        return twins.add(layer, x, changes={"target_shape": (1,) * twins.plan.rank + target[2:]})
    if len(target) == 1 and twins.parts(x) is None:
        return twins.add(layer, x)
    raise ValueError(f"its target shape {target} is fixed to two axes")


def prelu(twins, layer, x):
    """PReLU: its slopes are those of the channels, shared over all places."""
    if not twins.is_map(x):
        return twins.add(layer, x)
    if sorted(layer.shared_axes or []) != [1, 2]:
        raise ValueError("it has a slope for each place; shared_axes=[1, 2] shares them")
    rank = twins.plan.rank
    changes = {"shared_axes": list(range(1, rank + 1))}
    return twins.add(layer, x, changes=changes, weights=lambda old: [old[0].reshape((1,) * rank + (-1,))])


def old_shape(layer) -> tuple[int, ...]:
    """Return the shape of a layer's input before the conversion, without its batch axis.

    Raises:
        ValueError: If the layer is used more than once.
    """
    try:
        return tuple(layer.input.shape[1:])
    except (AttributeError, ValueError):
        raise ValueError("it is used more than once") from None
