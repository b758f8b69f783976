"""Rules for layers whose window slides over the axes: convolutions, poolings, paddings, croppings, upsamplings.

A rule is called as `rule(converter, layer, x)` with the converted input and returns the converted output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from keras_apps._residual import of_rank

if TYPE_CHECKING:
    import keras

    from keras_apps.dimensions.conversion.converter import LayerConverter

_INITIAL = ("initializer", "regularizer", "constraint")


def convolution(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """Conv2D: the kernel is inflated, put in the middle, or summed."""
    changes, depth = _window(converter, layer)
    return converter.slide(layer, x, _class("Conv2D", converter), changes, _with_kernel(converter, depth))


def depthwise(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """DepthwiseConv2D: DepthwiseConv1D, or a Conv3D with a group for each channel, for Keras has no 3-D one."""
    changes, depth = _window(converter, layer)
    if converter.plan.rank == 1:
        return converter.slide(layer, x, _class("DepthwiseConv2D", converter), changes, _with_kernel(converter, depth))
    config = _grouped(layer, "depthwise")
    return converter.slide(
        layer, x, _class("Conv2D", converter), {**config, **changes}, _with_groups(converter, depth), only=config
    )


def separable(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """SeparableConv2D: SeparableConv1D, or in 3-D a Conv3D with a group for each channel and one of 1 x 1 x 1."""
    changes, depth = _window(converter, layer)
    if converter.plan.rank == 1:
        return converter.slide(layer, x, _class("SeparableConv2D", converter), changes, _separable_weights(converter))
    own = layer.get_config()
    first = _grouped(layer, "depthwise") | {"name": f"{layer.name}_depthwise", "use_bias": False, "activation": None}
    kernel = _with_groups(converter, depth)
    x = converter.slide(
        layer, x, _class("Conv2D", converter), {**first, **changes}, lambda w: kernel(w[:1]), only=first
    )
    second = {key: own[key] for key in ("name", "trainable", "dtype", "filters", "activation", "use_bias")}
    second |= {key: own[key] for key in own if key.startswith("bias_")} | {"kernel_size": 1}
    second |= {f"kernel_{part}": own[f"pointwise_{part}"] for part in _INITIAL}
    return converter.add(
        layer, x, _class("Conv2D", converter), second, lambda w: [w[1][None], *w[2:]], only=second, part=1
    )


def transposed(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """Conv2DTranspose: its kernel is shared out, so that every step that comes out gets it once."""
    own, plan = layer.get_config(), converter.plan
    stride = plan.stride_of(layer, layer.strides)
    depth = max(plan.depth_of(layer, layer.kernel_size), stride)
    changes = {
        "kernel_size": plan.axes(layer.kernel_size, depth),
        "strides": plan.axes(layer.strides, stride),
        "dilation_rate": plan.axes(layer.dilation_rate, 1),
    }
    if own["output_padding"] is not None:
        pads = own["output_padding"]
        pads = (pads, pads) if isinstance(pads, int) else tuple(pads)
        changes["output_padding"] = plan.axes(pads, min(pads[0], stride - 1))

    def weights(old: list[np.ndarray]) -> Any:
        return [plan.transposed_kernel(old[0], depth, stride, layer.strides), *old[1:]]

    return converter.slide(layer, x, _class("Conv2DTranspose", converter), changes, weights, grows=True)


def pooling(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """MaxPooling2D, AveragePooling2D: I3D spares two of them."""
    plan = converter.plan
    stride = plan.stride_of(layer, layer.strides)
    size = plan.pool_of(layer.pool_size, layer.strides, stride)
    changes = {"pool_size": plan.axes(layer.pool_size, size), "strides": plan.axes(layer.strides, stride)}
    x = converter.repadded(x, layer.pool_size[0], size)
    converter.check_fits(layer, x, changes["pool_size"][0])
    return converter.add(layer, x, _class(type(layer).__name__, converter), changes)


def upsampling(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """UpSampling2D: cells are repeated along the new axis as along the height."""
    size = converter.plan.axes(layer.size, converter.plan.stride_of(layer, layer.size))
    own = layer.get_config()
    config = {"name": own["name"], "trainable": own["trainable"], "dtype": own["dtype"]}
    config["size"] = size if converter.plan.rank == 3 else size[0]
    return converter.add(layer, x, _class("UpSampling2D", converter), config, only=config)


def zero_padding(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """ZeroPadding2D: a film's first and last step are padded as rows are, for the window that follows."""
    return converter.padded(layer, x, layer.padding, layer.padding[0])


def cropping(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """Cropping2D: a film's first and last steps are cut off as rows are."""
    plan = converter.plan
    crop = plan.axes(layer.cropping, layer.cropping[0])
    changes = {"cropping": crop if plan.rank == 3 else crop[0]}
    return converter.add(layer, x, _class("Cropping2D", converter), changes, only=_without_format(layer))


def global_pooling(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """GlobalAveragePooling2D, GlobalMaxPooling2D: over the new axes."""
    return converter.add(layer, x, _class(type(layer).__name__, converter))


def spatial_dropout(converter: LayerConverter, layer: keras.Layer, x: keras.KerasTensor) -> Any:
    """SpatialDropout2D: whole channels are dropped."""
    return converter.add(layer, x, _class("SpatialDropout2D", converter), only=_without_format(layer))


def _class(name: str, converter: LayerConverter) -> type[keras.Layer]:
    return of_rank(name, converter.plan.rank)


def _without_format(layer: keras.Layer) -> dict:
    """A layer's settings but for data_format, which some of Keras's 1-D layers do not take."""
    return {key: value for key, value in layer.get_config().items() if key != "data_format"}


def _window(converter: LayerConverter, layer: keras.Layer) -> tuple[dict, int]:
    plan = converter.plan
    depth, stride = plan.depth_of(layer, layer.kernel_size), plan.stride_of(layer, layer.strides)
    return {
        "kernel_size": plan.axes(layer.kernel_size, depth),
        "strides": plan.axes(layer.strides, stride),
        "dilation_rate": plan.axes(layer.dilation_rate, layer.dilation_rate[0] if depth > 1 else 1),
    }, depth


def _with_kernel(converter: LayerConverter, depth: int) -> Any:
    return lambda old: [converter.plan.kernel(old[0], depth), *old[1:]]


def _with_groups(converter: LayerConverter, depth: int) -> Any:
    def weights(old: list[np.ndarray]) -> Any:
        kernel = converter.plan.kernel(old[0], depth)  # (depth, height, width, channels, multiplier)
        return [np.reshape(kernel, (*kernel.shape[:3], 1, -1)), *old[1:]]

    return weights


def _separable_weights(converter: LayerConverter) -> Any:
    return lambda old: [converter.plan.kernel(old[0], 1), old[1][0], *old[2:]]


def _grouped(layer: keras.Layer, prefix: str) -> dict:
    """The settings of a Conv3D that does what a depthwise convolution does: a group for each channel."""
    own = layer.get_config()
    channels, multiplier = layer.get_weights()[0].shape[2:]
    config = {key: own[key] for key in ("name", "trainable", "dtype", "padding", "activation", "use_bias")}
    config |= {key: own[key] for key in own if key.startswith("bias_")}
    config |= {f"kernel_{part}": own[f"{prefix}_{part}"] for part in _INITIAL}
    return config | {"filters": channels * multiplier, "groups": channels}
