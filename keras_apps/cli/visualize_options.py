"""The options of `keras-apps visualize` that name a network, its layers and units."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keras_apps import backbones
from keras_apps._checks import check_choice

if TYPE_CHECKING:
    import keras

Option = typer.Option

Model = Annotated[
    str, Option(help="alexnet, vgg16, vgg19, the face towers sface128, resnet128 and synthetic64, or a .keras file.")
]
Layers = Annotated[
    list[str] | None,
    Option("--layer", help="LAYER or LAYER=UNIT,UNIT,..., repeated. [AlexNet's five convolutions; one of each block]"),
]
Units = Annotated[list[int] | None, Option("--unit", help="A channel of each layer, repeated. [the first nine]")]
Size = Annotated[int | None, Option(help="Height and width that pictures are resized to. [the network's, or 224]")]
White = Annotated[float | None, Option(help="What white is for the network of a .keras file: 1 or 255. [255]")]

TOWERS = {
    "sface128": ("conv1_prelu", *(f"block{n}_pointwise_prelu" for n in (3, 5, 7, 13))),
    "resnet128": ("conv1", *(f"stage{n}_block{last}_relu" for n, last in ((1, 3), (2, 4), (3, 3), (4, 3)))),
    "synthetic64": ("conv1_relu", *(f"block{n}_relu2" for n in range(1, 6))),
}
"""Face towers, and the layers that are shown where none are named."""
BACKBONES = {
    "alexnet": tuple(f"conv{n}" for n in range(1, 6)),
    "vgg16": ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3"),
    "vgg19": ("block1_conv2", "block2_conv2", "block3_conv4", "block4_conv4", "block5_conv4"),
}


def check_model(name: str, white: float | None = None) -> None:
    """Raise where `--model` is no network's name and no .keras file, before anything is loaded.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If the name is unknown, or `--white` does not go with it.
    """
    if name.endswith(".keras"):
        if not Path(name).is_file():
            raise FileNotFoundError(f"expected a .keras file, received '{name}', which does not exist")
    else:
        check_choice("model", name, (*BACKBONES, *TOWERS, "*.keras"))
        if white is not None:
            raise ValueError(f"expected no --white with {name}, which knows its own, received {white:g}")
    if white is not None and not 0 < white < float("inf"):
        raise ValueError(f"expected --white above 0, received {white:g}")


def load_network(name: str, layers: list[str] | None = None, white: float | None = None) -> tuple[keras.Model, float]:
    """Load a network by its name or file.

    Args:
        name: As `--model`.
        layers: Layers that are asked for; of a backbone nothing past the deepest is built.
        white: As `--white`.

    Returns:
        The model, and what white is for it: 1 or 255.

    Raises:
        FileNotFoundError: If a file does not exist.
        ValueError: If there is no such network or layer, or the file is no Keras model.
    """
    check_model(name, white)
    if name in BACKBONES:
        return backbones.load(name, layers), 1.0
    from keras_apps.faces.towers.registry import load_tower, tower_of  # the command line alone knows of both folders

    return tower_of(load_tower(name)), 255.0 if white is None else white


def chosen_layers(model: str, layers: list[str] | None, units: list[int] | None) -> dict[str, list[int] | None]:
    """Read `--layer` and `--unit`: `{layer: units}`, `None` for the first nine.

    Raises:
        ValueError: If units are no numbers, a layer is given twice, or a .keras file is given without a layer.

    Example:
        >>> chosen_layers("alexnet", ["conv1=3,5", "conv2"], [7])
        {'conv1': [3, 5], 'conv2': [7]}
    """
    if not layers:
        known = BACKBONES.get(model) or TOWERS.get(model)
        if known is None:
            raise ValueError("expected --layer with a .keras file, received none")
        return dict.fromkeys(known, units)
    found = {}
    for text in layers:
        name, given, numbers = text.partition("=")
        if name in found:
            raise ValueError(f"expected each --layer once, received {name!r} twice")
        try:
            found[name] = [int(number) for number in numbers.split(",")] if given else units
        except ValueError:
            raise ValueError(f"expected --layer as LAYER or LAYER=UNIT,UNIT,..., received {text!r}") from None
    return found
