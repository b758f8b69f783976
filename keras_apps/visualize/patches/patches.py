"""Pictures + units -> for each unit the patches that excite it most, found in one pass."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_apps._checks import check_choice, is_whole
from keras_apps.visualize.graph import graph_of, layer_output, picture_size
from keras_apps.visualize.patches.streams import Named, fitted, listed, read_all
from keras_apps.visualize.receptive_fields.fields import Box, ReceptiveField, receptive_field

GREY = 128
"""What is drawn beyond the border of a picture."""


@dataclass(frozen=True, eq=False)
class Patch:
    """What one unit saw in one picture.

    Attributes:
        picture: Number of the picture, in the order in which they were read, from 0; those left out do not count.
        name: Its path, or its number where it has none.
        unit: Position of the unit on the layer's map, one index for each axis; where there are several with the same
            activation, the first.
        value: The unit's activation.
        box: `(start, stop)` along each axis of the picture as the network saw it, resized; may go beyond its border.
        image: uint8 `(height, width, 3)`, the box's pixels, grey (128) beyond the border.
    """

    picture: int
    name: str
    unit: tuple[int, ...]
    value: float
    box: Box
    image: np.ndarray


@dataclass(frozen=True, eq=False)
class TopPatches:
    """The patches that excite units most; `found[layer][unit]` is a list of `Patch`, best first.

    Attributes:
        patches: `{layer: {unit: [Patch, ...]}}`.
        fields: `{layer: ReceptiveField}`, for the size that the pictures were resized to.
        count: Pictures that were looked at.
        skipped: `{name: reason}` of those that could not be read.
    """

    patches: dict[str, dict[int, list[Patch]]]
    fields: dict[str, ReceptiveField]
    count: int
    skipped: dict[str, str]

    def __getitem__(self, layer: str) -> dict[int, list[Patch]]:
        """Return the patches of a layer, by unit."""
        return self.patches[layer]


class Best:
    """The k best patches of each of some units; those of equal value stay in the order in which they came.

    Args:
        units: Channels.
        k: Patches of each.
    """

    def __init__(self, units: Sequence[int], k: int) -> None:
        self.k = k
        self.least = np.full(len(units), -np.inf)
        """What a patch must exceed to be kept, float64 `(len(units),)`."""
        self.patches: dict[int, list[Patch]] = {unit: [] for unit in units}
        self._lists = list(self.patches.values())

    def add(self, column: int, patch: Patch) -> None:
        """Add a patch of the unit in that column; it must exceed `least` there."""
        kept = self._lists[column]
        place = sum(other.value >= patch.value for other in kept)
        kept.insert(place, patch)
        del kept[self.k :]
        if len(kept) == self.k:
            self.least[column] = kept[-1].value


def cut(pixels: np.ndarray, box: Box) -> np.ndarray:
    """Return a copy of a box of a picture; what lies beyond the border is grey, or 0 where values are floats.

    Example:
        >>> cut(np.full((2, 2, 1), 7, np.uint8), ((-1, 1), (1, 3)))[..., 0].tolist()
        [[128, 128], [7, 128]]
    """
    shape = tuple(stop - start for start, stop in box)
    out = np.full((*shape, pixels.shape[-1]), GREY if pixels.dtype == np.uint8 else 0, pixels.dtype)
    inside = [(max(start, 0), min(stop, n)) for (start, stop), n in zip(box, pixels.shape, strict=False)]
    if all(start < stop for start, stop in inside):
        to = tuple(slice(a - start, b - start) for (a, b), (start, _) in zip(inside, box, strict=True))
        out[to] = pixels[tuple(slice(a, b) for a, b in inside)]
    return out


FIRST = 9
"""Units of a layer that are looked at where none are named."""


def top_patches(
    model: keras.Model,
    layer: str | Sequence[str] | Mapping[str, Sequence[int] | None],
    pictures: str | os.PathLike | Iterable,
    k: int = 9,
    *,
    units: Sequence[int] | None = None,
    size: int | tuple[int, int] | None = None,
    preprocess: Callable | None = None,
    batch_size: int = 32,
    inside: bool = False,
    on_error: str = "raise",
    progress: Callable[[int, int | None], None] | None = None,
    rules: Mapping | None = None,
) -> TopPatches:
    """Find the patches of many pictures that excite the units of one or several layers most.

    "Pick a unit in layer 1, find the nine image patches that maximise the unit's activation; repeat for other units
    and layers." Of each picture a unit has one patch, where it is excited most: the unit's receptive field there. The
    pictures are read once, a few at a time, for all layers and units together; only the patches that are among the
    best so far are kept.

    Args:
        model: A functional or sequential model with one input. Those of `backbones.load` take pictures as they are.
        layer: A layer's name, several, or `{layer: units}`; `"inner/conv1"` is a layer of a model within the model.
        pictures: A folder (with the folders in it), a list of pictures, an array `(n, h, w, 3)`, a `tf.data.Dataset`
            or another iterable, of pictures or of batches; a picture is what `images.load_image` takes.
        k: Patches of each unit, >= 1; fewer where there are fewer pictures.
        units: Channels of the layers, where `layer` does not name them; the first nine by default.
        size: Height and width, in pixels, to which each picture is resized (its centre, where the proportions
            differ); the model's own by default, or 224.
        preprocess: For models that do not take RGB in 0..1: a function of a batch, float32 `(n, h, w, 3)` in 0..1, of
            TensorFlow operations; `lambda x: 255 * x` for the face towers.
        batch_size: Pictures that go through the network at once.
        inside: Whether to look only at units that see nothing beyond the border of the picture.
        on_error: `"raise"`, or `"skip"` to leave out pictures that cannot be read; `.skipped` names them.
        progress: Called with the number of pictures done and of all, or `None` where that is not known.
        rules: For layers of your own, as in `receptive_field`.

    Returns:
        A `TopPatches`; `found["conv2"][5][0].image` is the best patch of unit 5. Patches of equal activation stand
        in the order of their pictures.

    Raises:
        FileNotFoundError: If a file or folder does not exist.
        TypeError: If `pictures` or a picture is of another type.
        ValueError: If there is no such layer or unit, no picture, one that cannot be read, the size is too small, or
            an activation is NaN, as those of networks whose training diverged.

    Example:
        >>> bright = keras.layers.Conv2D(2, 3, kernel_initializer="ones", name="bright")
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), bright])
        >>> pictures = np.zeros((2, 8, 8, 3), np.uint8)
        >>> pictures[1, 4:7, 5:8] = 255
        >>> best = top_patches(model, "bright", pictures, k=1)["bright"][0][0]
        >>> best.picture, best.box, best.value, best.image.shape
        (1, ((4, 7), (5, 8)), 27.0, (3, 3, 3))

    Reference:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014; Ng, "What are deep
        ConvNets learning?", deeplearning.ai course 4, week 4.

    Models of other ranks, or other channels, take arrays of the input's shape in its own units; patches are then
    float32, and what lies beyond the border is 0.
    """
    check_choice("on_error", on_error, ("raise", "skip"))
    for name, value in (("k", k), ("batch_size", batch_size)):
        if not is_whole(value) or value < 1:
            raise ValueError(f"expected a whole number of at least 1 for {name}, received {value!r}")
    if preprocess is not None and not callable(preprocess):
        raise TypeError(f"expected a function of a batch as preprocess, received {preprocess!r}")
    source = graph_of(model).inputs[0]
    wanted = _wanted(model, layer, units)
    outputs = [layer_output(model, name) for name in wanted]
    sizes = picture_size(source, outputs, list(wanted), size)
    fields = {name: receptive_field(model, name, input_size=sizes, rules=rules) for name in wanted}
    is_picture = len(sizes) == 2 and source.shape[-1] == 3
    best = {name: Best(chosen, k) for name, chosen in wanted.items()}
    ranges = {name: _range(field, inside) for name, field in fields.items()}
    peaks = _peaks(keras.Model(model.inputs[0], outputs), wanted, ranges, (*sizes, source.shape[-1]), preprocess)
    if is_picture and isinstance(pictures, np.ndarray) and pictures.ndim == 3 and pictures.shape[2] in (1, 3, 4):
        raise ValueError(f"expected an array (n, height, width, 3), received shape {pictures.shape} of one picture")
    items, total = listed(pictures)

    def read(picture: Any) -> np.ndarray:
        return fitted(picture, sizes) if is_picture else _as_array(picture, (*sizes, source.shape[-1]))

    count, skipped = 0, {}
    for batch in _batches(read_all(items, read, len(sizes) + 1), batch_size):
        good = [one for one in batch if one.error is None]
        for one in batch:
            if one.error is not None:
                if on_error == "raise" or isinstance(one.error, TypeError):
                    raise one.error
                skipped[one.name] = str(one.error)
        if good:
            found = peaks(np.stack([one.pixels for one in good if one.pixels is not None]))
            for name, (values, places) in zip(wanted, found, strict=True):
                _keep(best[name], fields[name], ranges[name], values.numpy(), places.numpy(), good, count)
        count += len(good)
        if progress:
            progress(count + len(skipped), total)
    if not count:
        reason = f"; '{next(iter(skipped))}': {next(iter(skipped.values()))}" if skipped else ""
        raise ValueError(f"expected at least one picture that can be read, received none{reason}")
    return TopPatches({name: best[name].patches for name in wanted}, fields, count, skipped)


def _wanted(
    model: keras.Model,
    layer: str | keras.Layer | Sequence[str] | Mapping[str, Sequence[int] | None],
    units: int | Sequence[int] | None,
) -> dict[str, list[int]]:
    """Return `{layer: units}`, checked."""
    if isinstance(layer, Mapping):
        if units is not None:
            raise ValueError("give the units in the mapping of layers or as units, not both")
        chosen = dict(layer)
    else:
        names = [layer] if isinstance(layer, str) or not isinstance(layer, Sequence) else layer
        chosen = dict.fromkeys(names, units)
    if not chosen:
        raise ValueError("expected at least one layer, received none")
    chosen = {getattr(name, "name", name): given for name, given in chosen.items()}
    return {name: _checked_units(name, given, layer_output(model, name).shape[-1]) for name, given in chosen.items()}


def _checked_units(layer: str, units: int | Sequence[int] | None, channels: int) -> list[int]:
    if units is None:
        return list(range(min(FIRST, channels)))
    units = [units] if isinstance(units, (int, np.integer)) else list(units)
    for unit in units:
        if not is_whole(unit) or not 0 <= unit < channels:
            raise ValueError(f"expected units of {layer!r} from 0 to {channels - 1}, received {unit!r}")
    if not units or len(set(units)) < len(units):
        raise ValueError(f"expected units of {layer!r}, each once, received {units}")
    return [int(unit) for unit in units]


def _range(field: ReceptiveField, inside: bool) -> tuple[tuple[int, int], ...]:
    """Return `(start, stop)` of the units that are looked at, along each axis of a layer."""
    units = [n for n in field.units if n is not None]  # all are known: the field was computed with input_size
    sizes = [n for n in field.input_size if n is not None]
    if not inside or not units:
        return tuple((0, n) for n in units)
    ranges = []
    for axis, n in enumerate(units):
        boxes = [field.box(*(i if a == axis else 0 for a in range(len(units))))[axis] for i in range(n)]
        good = [i for i, (start, stop) in enumerate(boxes) if start >= 0 and stop <= sizes[axis]]
        if not good:
            raise ValueError(
                f"expected pictures of at least {field.size[axis]} pixels, since units of {field.layer!r} see so many, "
                f"or inside=False, received {sizes[axis]}"
            )
        ranges.append((good[0], good[-1] + 1))
    return tuple(ranges)


def _peaks(
    network: keras.Model, wanted: Mapping, ranges: Mapping, shape: tuple, preprocess: Callable[..., Any] | None
) -> Callable:
    """Return a compiled function: batch -> for each layer the largest activation of each unit, and where it is.

    Nothing but these leaves the network, so that memory does not grow with the layers' maps.
    """
    is_picture = shape[-1] == 3 and len(shape) == 3

    @tf.function(input_signature=[tf.TensorSpec((None, *shape), tf.uint8 if is_picture else tf.float32)])
    def peaks(batch: tf.Tensor) -> Any:
        x = tf.cast(batch, tf.float32) / 255.0 if is_picture else batch
        x = x if preprocess is None else preprocess(x)
        found = []
        for activations, name in zip(tf.nest.flatten(network(x, training=False)), wanted, strict=True):
            looked_at = (slice(None), *(slice(*one) for one in ranges[name]))
            activations = tf.cast(activations[looked_at], tf.float32)
            count = tf.shape(activations)
            flat = tf.gather(tf.reshape(activations, (count[0], -1, count[-1])), wanted[name], axis=-1)
            highest = tf.where(tf.reduce_any(tf.math.is_nan(flat), axis=1), np.nan, tf.reduce_max(flat, axis=1))
            found.append((highest, tf.argmax(flat, axis=1)))
        return found

    traced = peaks.get_concrete_function()  # called itself, it never warns of retracing
    return lambda batch: traced(tf.constant(batch))


def _keep(
    best: Best,
    field: ReceptiveField,
    ranges: tuple[tuple[int, int], ...],
    values: np.ndarray,
    places: np.ndarray,
    pictures: Sequence[Named],
    first: int,
) -> None:
    """Add the patches that are among the best so far.

    Raises:
        ValueError: If an activation is NaN.
    """
    if np.isnan(values).any():
        row, column = np.argwhere(np.isnan(values))[0]
        raise ValueError(
            f"expected activations that are numbers, received NaN from unit {list(best.patches)[column]} of "
            f"{field.layer!r} for the picture '{pictures[row].name}'"
        )
    for row, column in zip(*np.nonzero(values > best.least), strict=True):
        value = float(values[row, column])
        if not value > best.least[column]:
            continue  # others of this batch came before
        place = np.unravel_index(places[row, column], [stop - start for start, stop in ranges]) if ranges else ()
        unit = tuple(int(i) + start for i, (start, _) in zip(place, ranges, strict=True))
        box = field.box(*unit)
        image = cut(pictures[row].pixels, box)
        best.add(column, Patch(first + int(row), pictures[row].name, unit, value, box, image))


def _batches(pictures: Iterable[Named], size: int) -> Iterator[list[Named]]:
    pictures = iter(pictures)
    while batch := list(itertools.islice(pictures, size)):
        yield batch


def _as_array(array: Any, shape: tuple) -> np.ndarray:
    if not hasattr(array, "__array__"):
        raise TypeError(f"expected arrays of shape {shape}, as the model takes them, received {type(array).__name__}")
    array = np.asarray(array, np.float32)
    if array.shape != shape:
        raise ValueError(f"expected arrays of shape {shape}, as the model takes them, received {array.shape}")
    if not math.isfinite(float(array.sum())):
        raise ValueError("expected finite values, received an array with NaN or infinity")
    return array
