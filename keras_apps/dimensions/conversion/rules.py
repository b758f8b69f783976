"""Layer -> the rule that converts it, or the reason why none does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from keras_apps.dimensions.conversion import windows
from keras_apps.dimensions.conversion.kernels import spread_rows
from keras_apps.dimensions.conversion.plan import Plan

if TYPE_CHECKING:
    from keras_apps.dimensions.conversion.converter import LayerConverter

_PER_CHANNEL = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization", "Normalization")
_OPERATIONS = frozenset(  # of `keras.ops`, number by number: what +, * or keras.ops.relu leave in a graph
    ("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Maximum", "Minimum", "Negative", "Absolute", "Square")
    + ("Sqrt", "Rsqrt", "Exp", "Log", "Power", "Clip", "Cast", "Identity", "Relu", "Relu6", "Sigmoid", "Silu", "Tanh")
    + ("Gelu", "Elu", "Softplus", "HardSigmoid", "HardSilu", "LeakyRelu")
)


def rule_of(layer: keras.Layer) -> Callable | None:
    """Return the rule for a layer: its class's own, `unchanged` for a class with `any_rank = True`, or none."""
    if getattr(layer, "any_rank", False):
        return unchanged
    return _RULES.get(type(layer))


def is_operation(operation: Any) -> bool:
    """Tell an operation of `keras.ops` that works number by number."""
    return not isinstance(operation, keras.Layer) and type(operation).__name__ in _OPERATIONS


def is_graph(layer: keras.Layer) -> bool:
    """Tell a functional or Sequential model, whose layers Keras can list in their order."""
    return isinstance(layer, keras.Sequential) or (isinstance(layer, keras.Model) and hasattr(layer, "operations"))


def graph_of(model: keras.Model) -> keras.Model:
    """Return a functional or Sequential model as a functional one of the same layers."""
    if not isinstance(model, keras.Sequential):
        return model
    return keras.Model(model.inputs[0], model.outputs[0], name=model.name)


def check_layers(model: keras.Model, plan: Plan) -> None:
    """Raise unless every layer, nested ones too, can be converted.

    Raises:
        ValueError: If some cannot; all are named, each with its reason.
    """
    found = list(unfit(model, plan))
    if found:
        raise ValueError(f"expected layers that have a {plan.rank}-D counterpart, received {'; '.join(found)}")


def unfit(model: keras.Model, plan: Plan) -> Iterator[Any]:
    """Yield the layers of a model that cannot be converted, as `'name' (Class): reason`."""
    for layer in graph_of(model).operations:
        if is_graph(layer):
            yield from unfit(layer, plan)
            continue
        reason = None if isinstance(layer, keras.layers.InputLayer) else _reason(layer, plan)
        if reason:
            yield f"{layer.name!r} ({type(layer).__name__}): {reason}"


def _reason(layer: keras.Layer, plan: Plan) -> str | None:
    kind = type(layer).__name__
    if not isinstance(layer, keras.Layer):
        return None if is_operation(layer) else "an operation that is not done number by number"
    if isinstance(layer, keras.Model):
        return "a model of its own class, into which Keras cannot see"
    if isinstance(layer, keras.layers.Lambda):
        return "a function, which may mean two axes"
    if getattr(layer, "data_format", None) == "channels_first" and kind != "Flatten":
        return "its channels come first"
    if rule_of(layer) is None:
        return (
            None
            if _on_vectors(layer)
            else "no rule is known for its class; any_rank = True in the class says it needs none"
        )
    if kind == "UpSampling2D" and layer.interpolation != "nearest":
        return f"Keras's {plan.rank}-D one repeats cells, and this one interpolates ({layer.interpolation})"
    if kind in _PER_CHANNEL and not _on_vectors(layer) and not _last(layer.axis):
        return "it normalises with weights along a spatial axis"
    return None


def _last(axis: Any) -> bool:
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    return all(a in (None, -1, 3) for a in axes)


def _on_vectors(layer: keras.Layer) -> bool:
    """Whether a layer is used on `(n, features)` alone."""
    try:
        tensors = keras.tree.flatten([layer.input, layer.output])
    except (AttributeError, ValueError):
        return False
    return all(len(x.shape) == 2 for x in tensors)


def unchanged(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """Elementwise layers and merges: they know no axis."""
    converter.check_parts(x)
    return converter.add(layer, x, keep_parts=True)


def along_axis(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """Softmax, BatchNormalization, LayerNormalization and others: only the number of their axis changes."""
    if not converter.is_map(x) and converter.parts(x) is not None:
        raise ValueError("it has weights for each position of a flattened map")
    return converter.add(layer, x, changes=_moved(converter, layer, x))


def concatenate(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """Concatenate: of maps, and of vectors, which may be flattened maps in part."""
    output = converter.add(layer, x, changes=_moved(converter, layer, x[0]))
    if any(converter.parts(vector) for vector in x):
        parts = [converter.parts(vector) or (2 * (tuple(vector.shape[1:]),),) for vector in x]
        converter.remember(output, parts=sum(parts, ()))
    return output


def _moved(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> dict:
    changes: dict[str, int | list[int]] = {}
    if converter.is_map(x):
        axis = layer.axis
        if isinstance(axis, (list, tuple)):
            changes = {"axis": [moved_axis(a, converter.plan) for a in axis]}
        elif axis is not None:
            changes = {"axis": moved_axis(axis, converter.plan)}
    return changes


def moved_axis(axis: int, plan: Plan) -> int:
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


def flatten(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """Flatten: remembered, for the dense layer after it has a weight for each place."""
    old, new = old_shape(layer), tuple(x.shape[1:])
    if not converter.is_map(x):
        return converter.add(layer, x, keep_parts=True)
    if None in new:
        raise ValueError("it needs a size that is known: give length or input_shape")
    config = {key: layer.get_config()[key] for key in ("name", "trainable", "dtype")}
    flat = converter.add(layer, x, keras.layers.Flatten, only=config)
    converter.remember(flat, parts=((old, new),))
    return flat


def dense(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """Dense: on channels as it is; on a flattened map its weights are repeated, put in the middle, or summed."""
    parts = converter.parts(x)
    if parts is None:
        return converter.add(layer, x)
    plan = converter.plan
    ends = np.cumsum([math.prod(old) for old, _ in parts])

    def weights(given: Any) -> Any:
        pieces = zip(np.split(given[0], ends[:-1]), parts, strict=True)
        rows = [p if len(old) == 1 else spread_rows(p, old, new, plan.how, plan.gone) for p, (old, new) in pieces]
        return [np.concatenate(rows), *given[1:]]

    return converter.add(layer, x, weights=weights)


def reshape(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """Reshape: of a vector to one place `(1, 1, c)`, or of a map to a vector; other shapes are fixed to two axes."""
    target = tuple(layer.target_shape)
    if len(target) == 1 and converter.is_map(x):
        if all(size == 1 for size in x.shape[1:-1]):
            return converter.add(layer, x)
        return flatten(converter, layer, x)
    if len(target) == 3 and target[:2] == (1, 1) and not converter.is_map(x) and converter.parts(x) is None:
        return converter.add(layer, x, changes={"target_shape": (1,) * converter.plan.rank + target[2:]})
    if len(target) == 1 and converter.parts(x) is None:
        return converter.add(layer, x)
    raise ValueError(f"its target shape {target} is fixed to two axes")


def prelu(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """PReLU: its slopes are those of the channels, shared over all places."""
    if not converter.is_map(x):
        return converter.add(layer, x)
    if sorted(layer.shared_axes or []) != [1, 2]:
        raise ValueError("it has a slope for each position; use shared_axes=[1, 2]")
    rank = converter.plan.rank
    changes = {"shared_axes": list(range(1, rank + 1))}
    return converter.add(layer, x, changes=changes, weights=lambda old: [old[0].reshape((1,) * rank + (-1,))])


def old_shape(layer: keras.Layer) -> tuple[int, ...]:
    """Return the shape of a layer's input before the conversion, without its batch axis.

    Raises:
        ValueError: If the layer is used more than once.
    """
    try:
        return tuple(layer.input.shape[1:])
    except (AttributeError, ValueError):
        raise ValueError("it is used more than once") from None


_BY_RULE = {
    windows.convolution: "Conv2D",
    windows.depthwise: "DepthwiseConv2D",
    windows.separable: "SeparableConv2D",
    windows.transposed: "Conv2DTranspose",
    windows.pooling: "MaxPooling2D AveragePooling2D",
    windows.upsampling: "UpSampling2D",
    windows.zero_padding: "ZeroPadding2D",
    windows.cropping: "Cropping2D",
    windows.global_pooling: "GlobalAveragePooling2D GlobalMaxPooling2D",
    windows.spatial_dropout: "SpatialDropout2D",
    concatenate: "Concatenate",
    along_axis: "Softmax BatchNormalization LayerNormalization GroupNormalization RMSNormalization "
    "UnitNormalization Normalization",
    flatten: "Flatten",
    dense: "Dense",
    reshape: "Reshape",
    prelu: "PReLU",
    unchanged: "Activation ReLU LeakyReLU ELU Dropout GaussianNoise GaussianDropout AlphaDropout Identity "
    "Rescaling ActivityRegularization Add Subtract Multiply Average Maximum Minimum",
}
_RULES = {getattr(keras.layers, name): rule for rule, names in _BY_RULE.items() for name in names.split()}
