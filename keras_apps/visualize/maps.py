"""Network + one picture -> what each layer makes of it: its activation maps, and a sheet of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import numpy as np

from keras_apps import images
from keras_apps.visualize.graph import graph_of, layer_output, picture_size
from keras_apps.visualize.labelling import labelled_sheet
from keras_apps.visualize.patches.streams import fitted


def activation_maps(
    model: keras.Model,
    picture: images.Picture,
    layers: str | Sequence[str],
    *,
    size: int | tuple[int, int] | None = None,
    value_range: tuple[float, float] = (0.0, 1.0),
) -> dict[str, np.ndarray]:
    """Return the activations of some layers for one picture.

    Args:
        model: A functional or sequential model with one input, RGB pictures.
        picture: As `images.load_image` takes it; resized to cover the size, and its centre taken.
        layers: A layer's name, or several.
        size: Height and width; the model's own by default, or 224.
        value_range: What black and white are for the model: (0, 1) for `backbones`, (0, 255) for the face towers.

    Returns:
        `{layer: float32 (h, w, c)}`, or `(c,)` of a layer without spatial axes.

    Raises:
        ValueError: If there is no such layer, or the size is too small.

    Example:
        >>> model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.AveragePooling2D(2, name="mean")])
        >>> activation_maps(model, np.ones((4, 4, 3)), "mean")["mean"][0, 0].tolist()
        [1.0, 1.0, 1.0]
    """
    names = [layers] if isinstance(layers, str) else [getattr(layer, "name", layer) for layer in layers]
    if not names:
        raise ValueError("expected at least one layer, received none")
    source = graph_of(model).inputs[0]
    if len(source.shape) != 4 or source.shape[-1] != 3:
        raise ValueError(f"expected a model of RGB pictures, received one for inputs of shape {source.shape}")
    outputs = [layer_output(model, name) for name in names]
    pixels = fitted(picture, picture_size(source, outputs, names, size)).astype(np.float32) / 255
    low, high = value_range
    found = keras.Model(source, outputs).predict_on_batch((low + (high - low) * pixels)[None])
    found = found if isinstance(found, (list, tuple)) else [found]
    return {name: np.asarray(one[0], np.float32) for name, one in zip(names, found, strict=True)}


def draw_maps(
    maps: Mapping[str, np.ndarray],
    units: Sequence[int] | Mapping[str, Sequence[int] | None] | None = None,
    *,
    count: int = 9,
    cell: int = 96,
    columns: int = 9,
) -> np.ndarray:
    """Draw activation maps on one sheet: black is 0 or below, white the map's largest value, which is written over it.

    Args:
        maps: What `activation_maps` returned.
        units: Channels, of all layers or `{layer: channels}`; those with the largest activations by default.
        count: How many, where no `units` are given.
        cell, columns: As for `labelled_sheet`.

    Returns:
        float32 `(height, width, 3)`, RGB in 0..1.

    Raises:
        ValueError: If there is no such unit, or a layer has no spatial axes.
    """
    blocks = {}
    for layer, values in maps.items():
        if values.ndim != 3:
            raise ValueError(f"expected layers with two spatial axes, received {layer!r} of shape {values.shape}")
        peaks = values.max(axis=(0, 1))
        given = units.get(layer) if isinstance(units, Mapping) else units
        chosen = np.argsort(-peaks, kind="stable")[:count] if given is None else given
        for unit in chosen:
            if not 0 <= unit < len(peaks):
                raise ValueError(f"expected units of {layer!r} from 0 to {len(peaks) - 1}, received {unit}")
        heading = f"{layer}: {values.shape[0]} x {values.shape[1]} units, {len(peaks)} channels"
        blocks[heading] = [(f"{n}: to {peaks[n]:.3g}", _shown(values[..., n], peaks[n])) for n in chosen]
    return labelled_sheet(blocks, cell, columns)


def _shown(values: np.ndarray, peak: float) -> np.ndarray:
    return np.clip(values / peak, 0, 1) if peak > 0 else np.zeros_like(values)
