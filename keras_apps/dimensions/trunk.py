"""Which max-poolings of a network may keep every step of a film: those that no branch passes by."""

from __future__ import annotations

import keras

from keras_apps.dimensions.rules import graph_of, is_graph

SPARED = 2  # max-poolings that I3D spares
_GROWING = ("UpSampling2D", "Conv2DTranspose")


def spared_poolings(model: keras.Model) -> frozenset[int]:
    """Return the ids of the first two max-poolings, as I3D spares them, if they may be spared.

    A pooling that a branch passes by (a shortcut, another half of an Inception block) must shorten the film as that
    branch does, or the two could not be joined. In networks that grow their maps again none is spared.

    Args:
        model: A functional or Sequential model.

    Reference:
        Carreira and Zisserman, "Quo Vadis, Action Recognition?", CVPR 2017, section 2.4.1.
    """
    if any(type(layer).__name__ in _GROWING for layer in model._flatten_layers()):
        return frozenset()
    return frozenset(id(layer) for layer in _on_the_trunk(graph_of(model))[:SPARED])


def _on_the_trunk(graph: keras.Model) -> list:
    """Return the shortening max-poolings that no branch passes by, in order."""
    found = []
    for layer in graph.operations:
        if is_graph(layer):
            inner = _on_the_trunk(graph_of(layer))
            found += inner if inner and not _passed_by(graph, layer) else []
        elif type(layer) is keras.layers.MaxPooling2D and max(layer.strides) > 1 and not _passed_by(graph, layer):
            found.append(layer)
    return found


def _passed_by(graph: keras.Model, layer) -> bool:
    """Tell whether something after a layer joins what went through it with a map that did not."""
    try:
        after = {id(x) for x in keras.tree.flatten(layer.output)}
        for operation in graph.operations:
            inputs = keras.tree.flatten(operation.input)
            through = [id(x) in after for x in inputs]
            if any(through):
                if any(len(x.shape) == 4 and not t for x, t in zip(inputs, through, strict=True)):
                    return True
                after |= {id(x) for x in keras.tree.flatten(operation.output)}
    except (AttributeError, ValueError):  # a layer that is used more than once
        return True
    return False
