"""A convolution's filters -> pictures of them, and a labelled sheet."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from keras_apps._checks import is_whole
from keras_apps.visualize.graph import consumers_first, graph_of, is_graph, layer_output
from keras_apps.visualize.labelling import labelled_sheet


def filters(model: keras.Model, layer: str | None = None, *, channel: int | None = None) -> np.ndarray:
    """Return the filters of a layer as pictures, each at its own contrast: 0 is grey, its largest weight full.

    The first layer's look at the picture itself, and so their pictures say all: edges of a direction, spots, colours.
    A deeper layer's look at the maps of the layer before; of those one `channel` at a time can be drawn.

    Args:
        model: A functional or sequential model with one input.
        layer: The name of a 2-D convolution; the first by default.
        channel: Which channel of its input is drawn, where that has neither 3 nor 1.

    Returns:
        float32 `(filters, height, width, 3)` in 0..1, or without the last axis where one channel is drawn.

    Raises:
        ValueError: If there is no such layer or channel, or the layer is no 2-D convolution.

    Example:
        >>> edge = np.reshape([-1.0, 0.0, 2.0], (1, 3, 1, 1))
        >>> model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(1, (1, 3), use_bias=False)])
        >>> model.set_weights([edge])
        >>> filters(model).tolist()
        [[[0.25, 0.5, 1.0]]]

    Reference:
        Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", NeurIPS 2012, figure 3.
    """
    kernel = _kernel(model, layer)
    depth = kernel.shape[2]
    if channel is None and depth not in (1, 3):
        raise ValueError(
            f"expected a channel from 0 to {depth - 1}, since the filters see {depth} channels, received None"
        )
    if channel is not None:
        if not is_whole(channel) or not 0 <= channel < depth:
            raise ValueError(f"expected a channel from 0 to {depth - 1}, received {channel!r}")
        kernel = kernel[:, :, channel : channel + 1]
    pictures = np.moveaxis(kernel, -1, 0)
    largest = np.abs(pictures).max(axis=(1, 2, 3), keepdims=True)
    pictures = 0.5 + 0.5 * pictures / np.where(largest > 0, largest, 1)
    return (pictures if pictures.shape[-1] == 3 else pictures[..., 0]).astype(np.float32)


def draw_filters(
    model: keras.Model,
    layer: str | None = None,
    units: Sequence[int] | None = None,
    *,
    channel: int | None = None,
    cell: int = 48,
    columns: int = 16,
) -> np.ndarray:
    """Draw a layer's filters on one sheet, with their numbers.

    Args:
        model, layer, channel: As for `filters`.
        units: Which filters; all by default.
        cell, columns: As for `labelled_sheet`.

    Returns:
        float32 `(height, width, 3)`, RGB in 0..1.

    Raises:
        ValueError: As `filters`, or if there is no such unit.
    """
    pictures = filters(model, layer, channel=channel)
    units = range(len(pictures)) if units is None else units
    for unit in units:
        if not 0 <= unit < len(pictures):
            raise ValueError(f"expected filters from 0 to {len(pictures) - 1}, received {unit!r}")
    height, width = pictures.shape[1:3]
    of = f", weights of input channel {channel}" if channel is not None else ""
    heading = f"{layer or first_convolution(model)}: {len(pictures)} filters of {height} x {width}{of}"
    return labelled_sheet({heading: [(str(unit), pictures[unit]) for unit in units]}, cell, columns)


def first_convolution(model: keras.Model) -> str:
    """Return the name of the 2-D convolution nearest to a model's input.

    Raises:
        ValueError: If there is none.
    """
    for node in reversed(consumers_first(graph_of(model).outputs, [])):
        if is_graph(node.operation):
            try:
                return f"{node.operation.name}/{first_convolution(node.operation)}"
            except ValueError:
                continue
        if isinstance(node.operation, keras.layers.Conv2D):
            return node.operation.name
    raise ValueError(f"expected a model with a 2-D convolution, received {model.name!r} without one")


def _kernel(model: keras.Model, layer: str | None) -> np.ndarray:
    name = first_convolution(model) if layer is None else getattr(layer, "name", layer)
    layer_output(model, name)  # says which names there are
    found = model
    for part in name.split("/"):
        found = found.get_layer(part)
    if not isinstance(found, keras.layers.Conv2D) or isinstance(found, keras.layers.Conv2DTranspose):
        raise ValueError(f"expected a 2-D convolution, received {name!r}, which is a {type(found).__name__}")
    return keras.ops.convert_to_numpy(found.kernel)
