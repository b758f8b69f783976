"""A Keras model -> its layers by name, and the operations between its input and one of them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import keras

from keras_apps._choices import check_choice

LISTED = 40
"""Layers that an error lists; of a model with more it names those that look like what was asked for."""


def graph_of(model: keras.Model):
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


def is_graph(layer) -> bool:
    """Return whether a layer is itself a network with a graph."""
    return isinstance(layer, keras.Model) and bool(getattr(layer, "outputs", None))


def layer_output(model: keras.Model, layer: str | keras.layers.Layer):
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
    nodes = {}
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


def _named(layer) -> bool:
    return isinstance(getattr(layer, "name", layer), str)


def _refuse(model: keras.Model, layer) -> None:
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
    tensors = {id(tensor): tensor for tensor in [*inputs, *tensors]}
    if all(tuple(tensor.shape) == tuple(shape) for tensor, shape in zip(inputs, shapes, strict=True)):
        return {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    given = [keras.KerasTensor(shape, x.dtype) for x, shape in zip(inputs, shapes, strict=True)]
    found = keras.Model(list(inputs), list(tensors.values())).compute_output_spec(given)
    return dict(zip(tensors, (tuple(tensor.shape) for tensor in found), strict=True))
