"""Keras's layers -> the windows through which they see their input, one for each spatial axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from keras_apps._convolution import SAME_PLACE, WHOLE, Window

if TYPE_CHECKING:
    import keras

Sizes = tuple["int | None", ...]
Rule = "str | Window | Sequence[Window]"

ELEMENTWISE = (
    *("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Identity", "Dense", "Masking", "ActivityRegularization"),
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout"),
    *("GaussianDropout", "GaussianNoise", "BatchNormalization", "Rescaling", "Normalization"),
    *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"),
    *("RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "RandomBrightness", "RandomContrast"),
    # the same as operations on tensors, `x + y` or `keras.ops.relu(x)`
    *("Divide", "TrueDivide", "Negative", "Absolute", "Square", "Sqrt", "Exp", "Log", "Clip", "Power", "Tanh"),
    *("Relu", "Relu6", "Sigmoid", "Silu", "Gelu", "Elu", "LeakyRelu", "HardSigmoid", "HardSilu", "Softplus", "Cast"),
)
"""Classes that work on each position by itself, when a trained network is used."""
ALONG_CHANNELS = ("Softmax", "LayerNormalization", "RMSNormalization", "UnitNormalization", "Concatenate")
"""Classes that do so where their axis is that of the channels."""
FILLED = ("ShortcutAdd",)
"""Classes that do so with inputs of several sizes, the smaller ones filled with zeros at the end."""
GLOBAL = ("BaseGlobalPooling", "Flatten", "GroupNormalization")


def windows_of(layer: keras.Layer, sizes: Sizes, out_sizes: Sizes, rules: Mapping | None = None) -> Any:
    """Return through what one position of a layer's output sees one of its inputs.

    Args:
        layer: A Keras layer, or an operation of a functional graph.
        sizes: The input's size along each spatial axis; `None` where it is not known.
        out_sizes: The same of the output.
        rules: `{layer name, class or class name: rule}` for layers that are not known here, or are to be seen
            differently; a rule is a `Window` for all axes, one for each axis, or `WHOLE`.

    Returns:
        A `Window` or `WHOLE` for each spatial axis of the input; `WHOLE` alone for all of them.

    Raises:
        ValueError: If the layer is not known, or works in a way that no window describes.
    """
    own = _own_rule(layer, rules or {})
    if own is not None:
        return _spread(own, layer, len(sizes))
    if getattr(layer, "data_format", None) == "channels_first":
        raise ValueError(f"expected channels last, received the layer {layer.name!r} with channels first")
    for cls in type(layer).__mro__:
        name = cls.__name__
        if name in GLOBAL:
            return WHOLE
        if name in FILLED:
            return (SAME_PLACE,) * len(sizes)
        if name in ELEMENTWISE or (name in ALONG_CHANNELS and _is_along_channels(layer)):
            if len(sizes) != len(out_sizes):
                return WHOLE
            return tuple(_same_place(n, out) for n, out in zip(sizes, out_sizes, strict=True))
        if name in _RULES:
            return _RULES[name](layer, sizes)
        if name == "Reshape" and (not out_sizes or all(size == 1 for size in sizes)):
            return WHOLE
    raise ValueError(
        f"expected layers whose windows are known, received {layer.name!r} of class {type(layer).__name__}; "
        f"say what it sees by rules={{{layer.name!r}: visualize.Window(size=..., stride=..., before=...)}}, "
        "Window() for a layer that works on each position by itself, visualize.WHOLE for one that sees everything"
    )


def _same_place(n: int | None, out: int | None) -> Window | str:
    """Return the window of a layer that works on each position, or gives one value to all positions."""
    return WHOLE if n == 1 and out != 1 else SAME_PLACE


def _own_rule(layer: keras.Layer, rules: Mapping) -> Any:
    names = [layer.name, type(layer), *(cls.__name__ for cls in type(layer).__mro__)]
    return next((rules[name] for name in names if name in rules), None)


def _spread(rule: Any, layer: keras.Layer, rank: int) -> tuple | str:
    if isinstance(rule, str) and rule == WHOLE:
        return WHOLE
    windows = (rule,) * rank if isinstance(rule, Window) else tuple(rule) if isinstance(rule, Sequence) else ()
    if len(windows) != rank or not all(isinstance(window, Window) or window == WHOLE for window in windows):
        raise ValueError(f"expected WHOLE, a Window or {rank} of them as rule for {layer.name!r}, received {rule!r}")
    return windows


def _is_along_channels(layer: keras.Layer) -> bool:
    axis = getattr(layer, "axis", -1)
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    rank = len(layer.output.shape)
    return all(a in (-1, rank - 1) for a in axes)


def _sliding(layer: keras.Layer, size: int, stride: int, dilation: int, n: int | None) -> Window:
    """Return the window of a convolution or pooling along one axis of n positions."""
    if n is None and layer.padding == "same" and stride > 1:
        raise ValueError(
            f"expected input_size, since the padding of {layer.name!r} ('same' with stride {stride}) depends on it, "
            "received a model for pictures of any size"
        )
    return Window.padded(size, stride, dilation, layer.padding, n)


def _convolution(layer: keras.Layer, sizes: Sizes) -> tuple[Window, ...]:
    each = zip(layer.kernel_size, layer.strides, layer.dilation_rate, sizes, strict=True)
    return tuple(_sliding(layer, *one) for one in each)


def _pooling(layer: keras.Layer, sizes: Sizes) -> tuple[Window, ...]:
    each = zip(layer.pool_size, layer.strides, sizes, strict=True)
    return tuple(_sliding(layer, size, stride, 1, n) for size, stride, n in each)


def _transposed(layer: keras.Layer, sizes: Sizes) -> tuple[Window, ...]:
    windows = []
    more = layer.output_padding or (None,) * len(sizes)
    for size, stride, dilation, extra in zip(layer.kernel_size, layer.strides, layer.dilation_rate, more, strict=True):
        reach = dilation * (size - 1) + 1
        cut = 0  # positions cut off at both ends of the full output
        if layer.padding == "same":
            cut = max(reach - stride if extra is None else 2 * (reach // 2) - extra, 0)
        windows.append(Window(size, stride, dilation, cut // 2, transposed=True))
    return tuple(windows)


def _padding(layer: keras.Layer, sizes: Sizes) -> tuple[Window, ...]:
    return tuple(Window(before=before) for before in _first_of_each(layer.padding))


def _cropping(layer: keras.Layer, sizes: Sizes) -> tuple[Window, ...]:
    return tuple(Window(before=-before) for before in _first_of_each(layer.cropping))


def _first_of_each(pairs: Any) -> list[int]:
    return [pair[0] for pair in (pairs if isinstance(pairs[0], (tuple, list)) else [pairs])]


def _upsampling(layer: keras.Layer, sizes: Sizes) -> tuple[Window, ...]:
    """Return windows of repeated positions; interpolated ones are a transposed convolution with a triangle."""
    kind = getattr(layer, "interpolation", "nearest")
    factors = layer.size if isinstance(layer.size, (tuple, list)) else [layer.size]
    if kind == "nearest":
        return tuple(Window(f, f, transposed=True) for f in factors)
    if kind == "bilinear":
        return tuple(Window(2 * f - f % 2, f, before=f // 2, transposed=True) for f in factors)
    raise ValueError(f"expected nearest or bilinear interpolation, received {layer.name!r} with {kind!r}")


_RULES = {
    "BaseConv": _convolution,
    "BaseDepthwiseConv": _convolution,
    "BaseSeparableConv": _convolution,
    "BaseConvTranspose": _transposed,
    "BasePooling": _pooling,
    **{f"ZeroPadding{rank}D": _padding for rank in (1, 2, 3)},
    **{f"Cropping{rank}D": _cropping for rank in (1, 2, 3)},
    **{f"UpSampling{rank}D": _upsampling for rank in (1, 2, 3)},
}
