"""A 2-D network with its weights -> the same network in 1-D or 3-D."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import keras

from keras_apps._checks import check_choice, check_whole
from keras_apps.dimensions.arithmetic import check_rank
from keras_apps.dimensions.conversion.converter import LayerConverter
from keras_apps.dimensions.conversion.plan import HOWS, Plan
from keras_apps.dimensions.conversion.rules import check_layers, graph_of, is_graph, is_operation, rule_of, unchanged

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
    return frozenset(id(layer) for layer in _on_main_path(graph_of(model))[:SPARED])


def _on_main_path(graph: keras.Model) -> list:
    """Return the shortening max-poolings that no branch passes by, in order."""
    found = []
    for layer in graph.operations:
        if is_graph(layer):
            inner = _on_main_path(graph_of(layer))
            found += inner if inner and not _passed_by(graph, layer) else []
        elif type(layer) is keras.layers.MaxPooling2D and max(layer.strides) > 1 and not _passed_by(graph, layer):
            found.append(layer)
    return found


def _passed_by(graph: keras.Model, layer: keras.Layer) -> bool:
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


def convert(
    model: keras.Model,
    rank: int,
    how: str | None = None,
    *,
    length: int | None = None,
    input_shape: Sequence[int | None] | Mapping[str, Sequence[int | None]] | None = None,
    depth: int | Mapping[str, int] | None = None,
    time_stride: str | Mapping[str, int] = "paper",
    borders: str = "zeros",
    over: str = "width",
    name: str | None = None,
) -> keras.Model:
    """Make a 2-D network 1-D or 3-D, with its weights: for films and volumes, or for signals.

    What the new network promises is exact, up to float32's rounding:

    - `"inflate"` (3-D): on a film that repeats one picture, each step answers as the 2-D network does on the picture:
      all steps with `borders="repeat"`; with `borders="zeros"` those that see nothing of the zeros which 'same'
      padding adds before the first and after the last step. Global poolings and Flatten mix all steps.
    - `"center"` (3-D): the same; and with `time_stride="keep"` each step answers as the 2-D network does on that step
      of any film whatever.
    - `"sum"` (1-D): on a picture that is constant along the axis that goes, the 2-D network answers, all along it,
      as the 1-D network does on one line. Where the 2-D network pads that axis with zeros, its own answer bends near
      the border, and the two are equal at those places alone that see nothing of the padding.
    - `"center"` (1-D): on pictures one pixel wide the 'same'-padded 2-D network answers as the 1-D one.

    Args:
        model: A functional or Sequential model on `(n, height, width, channels)`, with branches and nested models.
        rank: 1 or 3.
        how: `"inflate"` (default) or `"center"` for 3-D; `"sum"` (default) or `"center"` for 1-D.
        length: Steps along the new axis (3-D; by default any number, where the network allows) or along the one that
            stays (1-D; by default the picture's).
        input_shape: The whole new input shape instead, without batch axis: `(steps, height, width, channels)` or
            `(length, channels)`, or one for each input by name.
        depth: How deep kernels become; by default as the smaller of their sides, so that a 3x3 becomes a 3x3x3. One
            number for all that are larger than 1, or `{layer: depth}`.
        time_stride: How strides and poolings treat the steps: `"paper"`, as their rows, but that the first two
            max-poolings keep every step, as I3D's (those that no branch passes by; none in networks that grow their
            maps again); `"own"`, as their rows; `"keep"` every step; or `{layer: stride}`, the others as their rows.
        borders: `"zeros"` around a film, as the paper; or `"repeat"`, its first and last step.
        over: `"width"` or `"height"`: the picture's axis that goes (1-D).
        name: Of the new model; by default the old one's with `_1d` or `_3d`.

    Returns:
        A functional `keras.Model`, which can be saved as `.keras`. Its layers have the old ones' names. Layers used
        in several places are shared as before.

    Raises:
        TypeError: If the model is no Keras model, or a size no whole number.
        ValueError: If the rank, a choice or a shape is not one of the above, an option is the other rank's, no input
            is a picture, or a layer cannot be converted; all such layers are named, each with the reason.

    Example:
        >>> picture = keras.Input((32, 32, 3))
        >>> model = keras.Model(picture, keras.layers.Conv2D(8, 3, name="conv")(picture))
        >>> convert(model, 3).output_shape, convert(model, 3).get_layer("conv").kernel_size
        ((None, None, 30, 30, 8), (3, 3, 3))
        >>> convert(model, 1).output_shape, convert(model, 1).get_layer("conv").kernel_size
        ((None, 30, 8), (3,))

    Reference:
        Carreira and Zisserman, "Quo Vadis, Action Recognition? A New Model and the Kinetics Dataset", CVPR 2017.
    """
    if check_rank(rank) == 2:
        raise ValueError("expected a rank of 1 or 3, received 2, which the network has")
    _check_options(
        rank, depth=depth is None, time_stride=time_stride == "paper", borders=borders == "zeros", over=over == "width"
    )
    graph = _graph(model)
    pictures = [x for x in graph.inputs if len(x.shape) == 4]
    if not pictures:
        received = ", ".join(str(x.shape) for x in graph.inputs)
        raise ValueError(f"expected a network of pictures (n, height, width, channels), received inputs {received}")
    plan = Plan(rank, HOWS[rank][0] if how is None else how, depth, time_stride, borders, over)
    check_layers(graph, plan)
    plan = replace(plan, spared=spared_poolings(graph))
    shapes = _shapes_by_name(input_shape, pictures)
    for option in (depth, time_stride):
        for layer_name in option if isinstance(option, Mapping) else ():
            check_choice("layer", layer_name, [layer.name for layer in model._flatten_layers(include_self=False)])

    def new_input(x: keras.KerasTensor) -> Any:
        shape = _input_shape(x, plan, length, shapes.get(x.name)) if len(x.shape) == 4 else x.shape[1:]
        return keras.Input(shape, dtype=x.dtype, name=x.name)

    inputs = keras.tree.map_structure(new_input, graph.input)
    converted = _run(graph, inputs, LayerConverter(plan))
    result = keras.Model(converted.input, converted.output, name=name or f"{model.name}_{rank}d")
    if not model.trainable:
        result.trainable = False
    return result


def _check_options(rank: int, **unset: bool) -> None:
    """Raise if an option is given that has no effect at this rank."""
    for option, is_default in unset.items():
        if not is_default and (option == "over") != (rank == 1):
            raise ValueError(f"expected {option} for rank {1 if option == 'over' else 3} alone, received it for {rank}")


def _graph(model: keras.Model) -> keras.Model:
    if not isinstance(model, keras.Model):
        raise TypeError(f"expected a Keras model, received {type(model).__name__}")
    if not is_graph(model):
        inner = " (its .tower may be one)" if hasattr(model, "tower") else ""
        raise ValueError(
            f"expected a functional or Sequential model, received a {type(model).__name__}, into which Keras cannot "
            f"see{inner}"
        )
    if not model.built or not model.inputs:
        raise ValueError(
            f"expected a built network, received {model.name!r}; begin it with keras.Input or call it once"
        )
    return graph_of(model)


def _shapes_by_name(
    input_shape: Sequence[int | None] | Mapping[str, Sequence[int | None]] | None, pictures: list[keras.KerasTensor]
) -> dict[str, Sequence[int | None]]:
    if input_shape is None:
        return {}
    if isinstance(input_shape, Mapping):
        for name in input_shape:
            check_choice("input", name, [x.name for x in pictures])
        return dict(input_shape)
    if isinstance(input_shape, str) or not hasattr(input_shape, "__len__"):
        raise TypeError(f"expected input_shape (spatial sizes..., channels), received {input_shape!r}")
    if len(pictures) > 1:
        raise ValueError(f"expected input_shape by name for {len(pictures)} inputs, received {tuple(input_shape)}")
    return {pictures[0].name: input_shape}


def _input_shape(x: keras.KerasTensor, plan: Plan, length: Any, given: Any) -> tuple[int | None, ...]:
    height, width, channels = x.shape[1:]
    if given is None:
        if length is not None:
            check_whole("length", length)
        if plan.rank == 3:
            return (length, height, width, channels)
        return ((height, width)[1 - plan.gone] if length is None else length, channels)
    shape = tuple(None if size is None else check_whole("each size of input_shape", size) for size in given)
    if len(shape) != plan.rank + 1 or shape[-1] != channels:
        expected = f"{plan.rank} spatial sizes and then {channels} channels"
        raise ValueError(f"expected {expected} as input_shape of {x.name!r}, received {shape}")
    if length is not None and length != shape[0]:
        raise ValueError(f"give length or input_shape, not both: received {length} and {shape}")
    return shape


class LayerError(ValueError):
    """A layer cannot be converted; the message names it."""


def _run(graph: keras.Model, inputs: Any, converter: LayerConverter) -> keras.Model:
    """Call every layer's counterpart in the order of the graph."""

    def call(layer: keras.Layer, *arguments: Any, **options: Any) -> Any:
        try:
            return _called(layer, arguments, options, converter)
        except (ValueError, TypeError, NotImplementedError) as error:
            if isinstance(error, LayerError):
                raise
            raise LayerError(
                f"expected layers that have a {converter.plan.rank}-D counterpart, received {layer.name!r} "
                f"({type(layer).__name__}): {_reason(error)}"
            ) from error

    return keras.models.clone_model(graph, inputs, clone_function=lambda layer: layer, call_function=call)


def _reason(error: Exception) -> str:
    """The first line that tells something; Keras begins some of its errors with where they arose."""
    lines = [re.sub("\x1b\\[[0-9;]*m", "", line).strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith("Exception encountered")]
    return told[0] if told else type(error).__name__


def _called(layer: keras.Layer, arguments: Any, options: Any, converter: LayerConverter) -> Any:
    if is_operation(layer):
        return type(layer).from_config(layer.get_config())(*arguments, **options)
    if len(arguments) != 1:
        raise ValueError(f"it is called with {len(arguments)} inputs, not with a list of them")
    converter.options = {key: value for key, value in options.items() if key == "training" and value is not None}
    if isinstance(layer, keras.Model):
        return _nested(layer, arguments[0], converter)
    return (rule_of(layer) or unchanged)(converter, layer, arguments[0])


def _nested(model: keras.Model, x: keras.KerasTensor, converter: LayerConverter) -> Any:
    options = converter.options
    nested = converter.models.get(id(model))
    if nested is None:
        graph = graph_of(model)
        inputs = keras.tree.map_structure(lambda t: keras.Input(t.shape[1:], dtype=t.dtype), x)
        converter.carry(x, inputs)
        converted = _run(graph, inputs, converter)
        nested = keras.Model(converted.input, converted.output, name=model.name)
        if not model.trainable:
            nested.trainable = False
        converter.models[id(model)] = nested
    output = nested(x, **options)
    converter.carry(nested.output, output)
    return output
