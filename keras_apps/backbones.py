"""VGG16, VGG19 and AlexNet: a picture -> {layer name: activations}.

The weights of VGG16 and AlexNet are part of the package. VGG19's are used where Keras's own cache contains them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from keras_apps import weights
from keras_apps._checks import check_choice

if TYPE_CHECKING:
    import keras
    import numpy as np

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
CAFFE_MEAN_RGB = (123.68, 116.779, 103.939)
POOLINGS = ("max", "average")

_VGG_CONVOLUTIONS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
_VGG_FILTERS = (64, 128, 256, 512, 512)
_ALEXNET: tuple[tuple[str, int | None, int, int, int], ...] = (
    # layer, filters, kernel, stride, padding; as in torchvision, after Krizhevsky 2014
    ("conv1", 64, 11, 4, 2),
    ("pool1", None, 3, 2, 0),
    ("conv2", 192, 5, 1, 2),
    ("pool2", None, 3, 2, 0),
    ("conv3", 384, 3, 1, 1),
    ("conv4", 256, 3, 1, 1),
    ("conv5", 256, 3, 1, 1),
    ("pool5", None, 3, 2, 0),
)


def names() -> tuple[str, ...]:
    """Return the names of the backbones."""
    return ("vgg16", "vgg19", "alexnet")


def layer_names(name: str) -> list[str]:
    """Return the names of the layers whose activations a backbone can return, in order.

    Raises:
        ValueError: If there is no such backbone.

    Example:
        >>> layer_names("vgg16")[:3]
        ['block1_conv1', 'block1_conv2', 'block1_pool']
    """
    if name == "alexnet":
        return [row[0] for row in _ALEXNET]
    check_choice("backbone", name, names())
    layers = []
    for block, convolutions in enumerate(_VGG_CONVOLUTIONS[name], start=1):
        layers += [f"block{block}_conv{c}" for c in range(1, convolutions + 1)] + [f"block{block}_pool"]
    return layers


def check_layers(name: str, layers: Iterable[str]) -> None:
    """Raise `ValueError` for the first layer that a backbone does not have; the message lists those that it has."""
    existing = layer_names(name)
    for layer in layers:
        check_choice(f"layer of {name}", layer, existing)


def minimum_size(name: str, layers: Iterable[str]) -> int:
    """Return the smallest height and width, in pixels, at which each of some layers has at least one position.

    Example:
        >>> minimum_size("vgg16", ["block1_conv1", "block5_conv1"])
        16
    """
    order = layer_names(name)
    deepest = max(order.index(layer) for layer in layers)
    size = 1
    if name == "alexnet":
        for _, _, kernel, stride, padding in reversed(_ALEXNET[: deepest + 1]):
            size = (size - 1) * stride + kernel - 2 * padding
        return size
    return 2 ** sum(layer.endswith("pool") for layer in order[: deepest + 1])


def convolutions(name: str, height: int, width: int) -> Iterator[tuple[str, tuple[int, int], int, int]]:
    """Yield a backbone's convolutions in order, for a picture of a given size in pixels.

    Yields:
        The layer's name, the `(height, width)` of its activations, its number of weights, and its number of filters.

    Example:
        >>> list(convolutions("vgg16", 32, 48))[2]
        ('block2_conv1', (16, 24), 73728, 128)
    """
    channels = 3
    if name == "alexnet":
        for layer, filters, kernel, stride, padding in _ALEXNET:
            height, width = ((side + 2 * padding - kernel) // stride + 1 for side in (height, width))
            if filters is not None:
                yield layer, (height, width), kernel * kernel * channels * filters, filters
                channels = filters
        return
    for layer in layer_names(name):
        if layer.endswith("pool"):
            height, width = height // 2, width // 2
            continue
        filters = _VGG_FILTERS[int(layer[5]) - 1]
        yield layer, (height, width), 9 * channels * filters, filters
        channels = filters


def deepest_convolution(name: str, layers: Iterable[str]) -> str:
    """Return the last convolution that is needed to compute some layers.

    Example:
        >>> deepest_convolution("vgg16", ["block2_pool", "block1_conv1"])
        'block2_conv2'
    """
    order = layer_names(name)
    needed = order[: max(order.index(layer) for layer in layers) + 1]
    return [layer for layer in needed if "conv" in layer][-1]


def best_available() -> str:
    """Return `"vgg19"` where Keras's cache contains its weights, else the bundled `"vgg16"`."""
    return "vgg19" if weights.vgg19_available() else "vgg16"


def load(name: str, layers: Iterable[str] | None = None, pooling: str = "max") -> keras.Model:
    """Build a backbone with its ImageNet weights. The network includes its preprocessing.

    Args:
        name: `"vgg16"`, `"vgg19"` or `"alexnet"`.
        layers: Layers whose activations the model returns, all by default; layers after the deepest are not built.
        pooling: `"max"`, as the networks were trained, or `"average"`, as Gatys et al. used for painting.

    Returns:
        A frozen `keras.Model` from RGB pictures in 0..1, `(n, h, w, 3)`, to `{layer: (n, h', w', c)}`; a
        convolution's activations are taken after its ReLU.

    Raises:
        ValueError: If there is no such backbone, layer or pooling.
        FileNotFoundError: If VGG19's weights are not in Keras's cache, or are incomplete.
        DamagedWeightsError: If a bundled weight file is damaged.

    Reference:
        Simonyan and Zisserman, "Very Deep Convolutional Networks", ICLR 2015; Krizhevsky, "One weird trick for
        parallelizing convolutional neural networks", 2014; Gatys et al., "Image Style Transfer Using Convolutional
        Neural Networks", CVPR 2016, section 2.
    """
    outputs = list(layers) if layers is not None else layer_names(name)
    check_layers(name, outputs)
    check_choice("pooling", pooling, POOLINGS)
    arrays = _vgg19_arrays() if name == "vgg19" else weights.load(name)
    model = build(name, outputs, pooling)
    weights.assign(model, arrays)
    model.trainable = False
    return model


def build(name: str, layers: Iterable[str], pooling: str = "max") -> keras.Model:
    """Build a backbone with random weights that ends at the deepest of `layers`; arguments as for `load`."""
    import keras

    outputs = list(layers)
    check_layers(name, outputs)
    check_choice("pooling", pooling, POOLINGS)
    order = layer_names(name)
    deepest = max(order.index(layer) for layer in outputs)
    pictures = keras.Input((None, None, 3), name="pictures")
    if name == "vgg19":  # trained on 0..255 in BGR; `_vgg19_arrays` turns its kernels to RGB
        scale: float | list[float] = 255.0
        offset = [-mean for mean in CAFFE_MEAN_RGB]
    else:
        scale = [1 / d for d in IMAGENET_DEVIATION]
        offset = [-m / d for m, d in zip(IMAGENET_MEAN, IMAGENET_DEVIATION, strict=True)]
    x = keras.layers.Rescaling(scale, offset, name="preprocessing")(pictures)
    add_layer = _alexnet_layer if name == "alexnet" else _vgg_layer
    activations = {}
    for layer in order[: deepest + 1]:
        x = add_layer(layer, x, pooling)
        activations[layer] = x
    return keras.Model(pictures, {layer: activations[layer] for layer in outputs}, name=name)


def _vgg_layer(layer: str, x: keras.KerasTensor, pooling: str) -> keras.KerasTensor:
    import keras

    if layer.endswith("pool"):
        return _pooling_class(pooling)(2, name=layer)(x)
    filters = _VGG_FILTERS[int(layer[5]) - 1]
    return keras.layers.Conv2D(filters, 3, padding="same", activation="relu", name=layer)(x)


def _alexnet_layer(layer: str, x: keras.KerasTensor, pooling: str) -> keras.KerasTensor:
    import keras

    _, filters, kernel, stride, padding = next(row for row in _ALEXNET if row[0] == layer)
    if filters is None:
        return _pooling_class(pooling)(kernel, stride, name=layer)(x)
    x = keras.layers.ZeroPadding2D(padding, name=f"{layer}_padding")(x)
    return keras.layers.Conv2D(filters, kernel, strides=stride, activation="relu", name=layer)(x)


def _pooling_class(pooling: str) -> type[keras.layers.Layer]:
    import keras

    return keras.layers.MaxPooling2D if pooling == "max" else keras.layers.AveragePooling2D


def _vgg19_arrays() -> dict[str, np.ndarray]:
    import keras

    if not weights.vgg19_available():
        raise FileNotFoundError(
            f"expected VGG19's weights at '{weights.vgg19_path()}', which does not exist or is incomplete; run "
            "'keras-apps weights download vgg19', or use 'vgg16', which is part of the package"
        )
    model = keras.applications.VGG19(include_top=False, weights=str(weights.vgg19_path()))
    arrays = {f"{layer.name}/{v.name}": v.numpy() for layer in model.layers for v in layer.weights}
    arrays["block1_conv1/kernel"] = arrays["block1_conv1/kernel"][:, :, ::-1]
    return arrays
