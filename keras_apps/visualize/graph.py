"""A Keras model -> its layers by name, and the operations between its input and one of them."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from typing import Any

import keras

from keras_apps import images
from keras_apps._checks import check_choice, is_whole

LISTED = 40
"""Layers that an error lists; of a model with more it names those that look like what was asked for."""


def graph_of(model: keras.Model) -> keras.Model:
    """Return a model whose graph can be followed: functional, or sequential and built.

    Raises:
        TypeError: If it is no Keras model.
        ValueError: If it has no graph (subclassed, not built), or several inputs.
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"expected a keras.Model, received {type(model).__name__}")
    if not is_graph(model):
        kind = "a Sequential that is not built" if isinstance(model, keras.Sequential) else type(model).__name__
        raise ValueError(f"expected a functional model, or a Sequential that starts with an Input, received {kind}")
    if len(model.inputs) != 1:
        raise ValueError(f"expected a model with one input, received one with {len(model.inputs)}")
    return model


def is_graph(layer: keras.Layer) -> bool:
    """Return whether a layer is itself a network with a graph."""
    return isinstance(layer, keras.Model) and bool(getattr(layer, "outputs", None))


def layer_output(model: keras.Model, layer: str | keras.layers.Layer) -> keras.KerasTensor:
    """Return the tensor that a layer of a model gives.

    Args:
        model: A functional or sequential model with one input.
        layer: The layer or its name; `"inner/conv1"` is the layer `conv1` of the model `inner` within `model`.

    Returns:
        The `keras.KerasTensor`, part of the model's graph.

    Raises:
        TypeError, ValueError: If the model has no graph, or has no such layer or uses it more than once.
    """
    model = graph_of(model)
    outer, _, inner = getattr(layer, "name", layer).partition("/") if _named(layer) else (layer, "", "")
    nodes: dict[str, list] = {}
    for node in consumers_first(model.outputs, []):
        nodes.setdefault(node.operation.name, []).append(node)
    if outer not in nodes:
        _refuse(model, layer)
    if len(nodes[outer]) > 1:
        raise ValueError(
            f"expected a layer that is used once, received {outer!r}, which is used {len(nodes[outer])} times"
        )
    node = nodes[outer][0]
    if inner:
        if not is_graph(node.operation):
            raise ValueError(f"expected a model before '/', received {layer!r}, where {outer!r} is a layer")
        within = keras.Model(node.operation.inputs[0], layer_output(node.operation, inner))
        return within(node.input_tensors[0])
    if len(node.output_tensors) != 1:
        raise ValueError(f"expected a layer with one output, received {outer!r} with {len(node.output_tensors)}")
    return node.output_tensors[0]


def _named(layer: keras.Layer) -> bool:
    return isinstance(getattr(layer, "name", layer), str)


def _refuse(model: keras.Model, layer: keras.Layer) -> None:
    """Raise for a layer that a model does not have; of many layers only those with a similar name are listed."""
    name, known = getattr(layer, "name", layer), _layer_names(model)
    if len(known) > LISTED:
        near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.5)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else f", the last is {known[-1]!r}"
        raise ValueError(f"expected one of the {len(known)} layers of {model.name!r}, received {name!r}{hint}")
    check_choice("layer", name, known)


def _layer_names(model: keras.Model) -> list[str]:
    """Return a model's layers in the order of the data; those of a model within it after that, by `"inner/layer"`."""
    names = []
    for node in reversed(consumers_first(model.outputs, [])):
        names.append(node.operation.name)
        if is_graph(node.operation):
            names += [f"{node.operation.name}/{name}" for name in _layer_names(node.operation)]
    return list(dict.fromkeys(names))


def consumers_first(outputs: Sequence, inputs: Sequence) -> list:
    """Return the nodes from which `outputs` are computed, each before the nodes that it takes its input from.

    Args:
        outputs: Tensors of a graph.
        inputs: Tensors at which to stop.
    """
    stop = {id(tensor) for tensor in inputs}
    producers_first, seen = [], set()
    stack = [(node, False) for node in _producers(outputs, stop)]
    while stack:
        node, done = stack.pop()
        if done:
            producers_first.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack += [(parent, False) for parent in _producers(node.input_tensors, stop)]
    return producers_first[::-1]


def _producers(tensors: Sequence, stop: set[int]) -> list:
    histories = [tensor._keras_history for tensor in tensors if id(tensor) not in stop]
    return [history.operation._inbound_nodes[history.node_index] for history in histories]


def shapes_of(inputs: Sequence, tensors: Sequence, shapes: Sequence[tuple]) -> dict[int, tuple]:
    """Return `{id: shape}` of the tensors of a graph when its inputs have the given shapes."""
    by_id = {id(tensor): tensor for tensor in [*inputs, *tensors]}
    if all(tuple(tensor.shape) == tuple(shape) for tensor, shape in zip(inputs, shapes, strict=True)):
        return {key: tuple(tensor.shape) for key, tensor in by_id.items()}
    given = [keras.KerasTensor(shape, x.dtype) for x, shape in zip(inputs, shapes, strict=True)]
    found = keras.Model(list(inputs), list(by_id.values())).compute_output_spec(given)
    return dict(zip(by_id, (tuple(tensor.shape) for tensor in found), strict=True))


USUAL = 224
"""Pixels, for a network that takes pictures of any size: what AlexNet and VGG16 were trained on."""
LARGEST = 4096


def picture_size(
    source: keras.KerasTensor, outputs: Sequence, layers: Sequence[str], size: Any = None
) -> tuple[int, ...]:
    """Return the height and width at which pictures are shown to a network.

    Args:
        source: Its input tensor.
        outputs: Tensors of layers.
        layers: Their names.
        size: What the user asks for: an integer, one for each axis, or `None`.

    Raises:
        ValueError: If the network takes another size, a layer has no unit at this one, or it is larger than any
            picture that is read.
    """
    fixed = tuple(source.shape[1:-1])
    rank = len(fixed)
    if not 1 <= rank <= 3:
        raise ValueError(f"expected a model with 1 to 3 spatial axes, received one for inputs of shape {source.shape}")
    if size is None:
        sizes = tuple(USUAL if n is None else n for n in fixed)
    else:
        sizes = whole_sizes("a size", size, rank)
        if any(n is not None and n != given for n, given in zip(fixed, sizes, strict=True)):
            raise ValueError(f"expected the size {fixed} that the model has, received {sizes}")
    if rank == 2 and math.prod(sizes) > images.MAX_PIXELS:
        raise ValueError(f"expected a size of at most {images.MAX_PIXELS:,} pixels, received {sizes}")
    for output, layer in zip(outputs, layers, strict=True):
        if not _has_units(source, output, sizes):
            raise ValueError(f"expected pictures {_least(source, output)}large enough for {layer!r}, received {sizes}")
    return tuple(int(n) for n in sizes)


def whole_sizes(what: str, size: Any, rank: int) -> tuple[int, ...]:
    """Return one whole number for each axis; one alone counts for all.

    Args:
        what: What the numbers are, with its article.
        size: An integer, or one for each axis.
        rank: How many axes there are.

    Raises:
        ValueError: If it is anything else.

    Example:
        >>> whole_sizes("a size", 64, 2)
        (64, 64)
    """
    sizes = tuple(size) if hasattr(size, "__iter__") else (size,) * rank
    if len(sizes) != rank or any(not is_whole(n) or n < 1 for n in sizes):
        raise ValueError(f"expected {what} of {rank} whole numbers of at least 1, received {size!r}")
    return tuple(map(int, sizes))


def _has_units(source: keras.KerasTensor, output: keras.KerasTensor, sizes: tuple[int, ...]) -> bool:
    try:
        shape = shapes_of([source], [output], [(None, *sizes, source.shape[-1])])[id(output)]
    except ValueError:  # Keras's, of a window larger than what it slides over
        return False
    return all(n is None or n > 0 for n in shape[1:])


def _least(source: keras.KerasTensor, output: keras.KerasTensor) -> str:
    """Return the least size of which a layer has a unit, in words; found by halving."""
    rank = len(source.shape) - 2
    low, high = 0, LARGEST
    if any(n is not None for n in source.shape[1:-1]) or not _has_units(source, output, (high,) * rank):
        return ""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _has_units(source, output, (middle,) * rank) else (middle, high)
    return f"of at least {high} pixels, "
