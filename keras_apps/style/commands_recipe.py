"""The options of `keras-apps style` that say what the recipe is."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from keras_apps.style.recipe import Recipe

Option = typer.Option

Size = Annotated[int | None, Option(help="Longer side in pixels, 32 to 8192. [256]")]
Steps = Annotated[int | None, Option(help="Steps in all. [60]")]
ContentWeight = Annotated[float | None, Option(help="The course's alpha. [1]")]
StyleWeight = Annotated[float | None, Option(help="The course's beta. [10]")]
VariationWeight = Annotated[float | None, Option(help="Weight of the total variation. [0]")]
Backbone = Annotated[str | None, Option(help="vgg16, vgg19, alexnet; auto: vgg19 where Keras's cache has it. [auto]")]
Pooling = Annotated[str | None, Option(help="max or average. [max]")]
ContentLayers = Annotated[
    list[str] | None,
    Option("--content-layer", help="LAYER or LAYER=WEIGHT, repeated. [block4_conv2, or AlexNet's conv4]"),
]
StyleLayers = Annotated[
    list[str] | None,
    Option("--style-layer", help="LAYER or LAYER=LAMBDA, repeated. [the first convolution of each block, 0.2]"),
]
Shares = Annotated[list[float] | None, Option("--share", help="How much of each STYLE, in their order; sums to 1.")]
Normalized = Annotated[str | None, Option(help="scale-free, course, assignment, keras.io or tensorflow. [scale-free]")]
CoarseToFine = Annotated[
    bool | None, Option("--coarse-to-fine/--no-coarse-to-fine", help="Paint smaller sizes first. [from 512 pixels]")
]
Start = Annotated[str | None, Option(help="content, noise, style or blend (of noise and content). [content]")]
NoiseShare = Annotated[float | None, Option(help="Of a blend, 0 to 1. [0.25]")]
Optimizer = Annotated[str | None, Option(help="lbfgs, gradient-descent, or one of Keras: adam, rmsprop ... [lbfgs]")]
OptimizerOptions = Annotated[
    list[str] | None, Option("--optimizer-option", help="NAME=NUMBER for a Keras optimiser, repeated.")
]
LearningRate = Annotated[float | None, Option(help="0.02 for adam; found by trial for gradient-descent.")]
Schedule = Annotated[str | None, Option(help="constant, cosine or exponential. [constant]")]
DecayRate = Annotated[float | None, Option(help="Of the exponential schedule. [0.96]")]
DecaySteps = Annotated[int | None, Option(help="Of the exponential schedule. [100]")]
Settled = Annotated[float | None, Option(help="Stop once 20 steps lower the cost by less than this share. [0: never]")]
Color = Annotated[str | None, Option(help="style, luminance (keep the photograph's colours) or matched. [style]")]
Seed = Annotated[int | None, Option(help="For the noise. [0]")]
Preset = Annotated[str | None, Option(help="Begin with course, gatys2016, keras.io or tensorflow; options change it.")]
RecipeFile = Annotated[
    str | None, Option("--recipe", help="Begin with the recipe of a .json file, or of a .png that was painted here.")
]


def recipe_from(preset: str | None, file: str | None, changes: dict) -> Recipe:
    """Make a recipe from a preset or a file, and what the options say.

    Args:
        preset: A preset's name, or `None`.
        file: A recipe file or painted PNG, or `None`.
        changes: Recipe fields; `None` leaves what the preset, the file or the default says.

    Raises:
        ValueError: If both a preset and a file are given, or a value is not in its range.
        FileNotFoundError: If there is no such file.
    """
    if preset is not None and file is not None:
        raise ValueError("expected --preset or --recipe, received both")
    changes = {name: value for name, value in changes.items() if value is not None}
    if preset is not None:
        from keras_apps.style.presets import preset as preset_recipe

        return preset_recipe(preset, **changes)
    if file is not None:
        from keras_apps.style.recipe_files import load_recipe

        return dataclasses.replace(load_recipe(file), **changes)
    return Recipe(**changes)


def pairs(option: str, texts: list[str] | None, default: float | None = None) -> dict[str, float] | None:
    """Read NAME=NUMBER, repeated; a NAME alone gets the default where there is one."""
    found = {}
    for text in texts or []:
        name, _, number = text.partition("=")
        try:
            found[name] = default if not number and default is not None else float(number)
        except ValueError:
            wanted = "NAME=NUMBER" if default is None else "LAYER or LAYER=NUMBER"
            raise ValueError(f"expected {option} as {wanted}, received {text!r}") from None
    return found or None
