"""Layer -> the rule that converts it, or the reason why none does."""

from __future__ import annotations

from collections.abc import Callable

import keras

from keras_apps.dimensions import rules_plain as plain
from keras_apps.dimensions import rules_windows as windows
from keras_apps.dimensions.plan import Plan

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
    plain.concatenate: "Concatenate",
    plain.along_axis: "Softmax BatchNormalization LayerNormalization GroupNormalization RMSNormalization "
    "UnitNormalization Normalization",
    plain.flatten: "Flatten",
    plain.dense: "Dense",
    plain.reshape: "Reshape",
    plain.prelu: "PReLU",
    plain.unchanged: "Activation ReLU LeakyReLU ELU Dropout GaussianNoise GaussianDropout AlphaDropout Identity "
    "Rescaling ActivityRegularization Add Subtract Multiply Average Maximum Minimum",
}
_RULES = {getattr(keras.layers, name): rule for rule, names in _BY_RULE.items() for name in names.split()}
_PER_CHANNEL = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization", "Normalization")
_OPERATIONS = frozenset(  # of `keras.ops`, number by number: what +, * or keras.ops.relu leave in a graph
    ("Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Maximum", "Minimum", "Negative", "Absolute", "Square")
    + ("Sqrt", "Rsqrt", "Exp", "Log", "Power", "Clip", "Cast", "Identity", "Relu", "Relu6", "Sigmoid", "Silu", "Tanh")
    + ("Gelu", "Elu", "Softplus", "HardSigmoid", "HardSilu", "LeakyRelu")
)


def rule_of(layer: keras.Layer) -> Callable | None:
    """Return the rule for a layer: its class's own, `unchanged` for a class with `any_rank = True`, or none."""
    if getattr(layer, "any_rank", False):
        return plain.unchanged
    return _RULES.get(type(layer))


def is_operation(operation) -> bool:
    """Tell an operation of `keras.ops` that works number by number."""
    return not isinstance(operation, keras.Layer) and type(operation).__name__ in _OPERATIONS


def is_graph(layer) -> bool:
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
        raise ValueError(f"expected layers that have a {plan.rank}-D twin, received {'; '.join(found)}")


def unfit(model: keras.Model, plan: Plan):
    """Yield the layers of a model that cannot be converted, as `'name' (Class): reason`."""
    for layer in graph_of(model).operations:
        if is_graph(layer):
            yield from unfit(layer, plan)
            continue
        reason = None if isinstance(layer, keras.layers.InputLayer) else _reason(layer, plan)
        if reason:
            yield f"{layer.name!r} ({type(layer).__name__}): {reason}"


def _reason(layer, plan: Plan) -> str | None:
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


def _last(axis) -> bool:
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    return all(a in (None, -1, 3) for a in axes)


def _on_vectors(layer) -> bool:
    """Whether a layer is used on `(n, features)` alone."""
    try:
        tensors = keras.tree.flatten([layer.input, layer.output])
    except (AttributeError, ValueError):
        return False
    return all(len(x.shape) == 2 for x in tensors)
