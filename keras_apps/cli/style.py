"""`keras-apps style CONTENT STYLE ... -o OUT`."""

from __future__ import annotations

import dataclasses
import os
from typing import Annotated, Any

import typer

from keras_apps.cli import console
from keras_apps.cli.console import AsJson
from keras_apps.style.recipes.recipe import Recipe

Argument, Option = typer.Argument, typer.Option

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
Shares = Annotated[list[float] | None, Option("--share", help="Weight of each STYLE, in their order; they sum to 1.")]
Normalized = Annotated[str | None, Option(help="scale-free, course, assignment, keras.io or tensorflow. [scale-free]")]
CoarseToFine = Annotated[
    bool | None, Option("--coarse-to-fine/--no-coarse-to-fine", help="Paint smaller sizes first. [from 512 pixels]")
]
Start = Annotated[str | None, Option(help="content, noise, style or blend (of noise and content). [content]")]
NoiseShare = Annotated[float | None, Option(help="Share of noise in a blend, 0 to 1. [0.25]")]
Optimizer = Annotated[str | None, Option(help="lbfgs, gradient-descent, or one of Keras: adam, rmsprop ... [lbfgs]")]
OptimizerOptions = Annotated[
    list[str] | None, Option("--optimizer-option", help="NAME=NUMBER for a Keras optimiser, repeated.")
]
LearningRate = Annotated[float | None, Option(help="Step size. [0.02 for adam; found by trial for gradient-descent]")]
Schedule = Annotated[str | None, Option(help="constant, cosine or exponential. [constant]")]
DecayRate = Annotated[float | None, Option(help="Factor of the exponential schedule. [0.96]")]
DecaySteps = Annotated[int | None, Option(help="Steps over which --decay-rate applies once. [100]")]
Settled = Annotated[float | None, Option(help="Stop once 20 steps lower the cost by less than this share. [0: never]")]
Color = Annotated[str | None, Option(help="style, luminance (keep the photograph's colours) or matched. [style]")]
Seed = Annotated[int | None, Option(help="Seed of the noise. [0]")]
Preset = Annotated[
    str | None,
    Option(help="Begin with the settings of course, gatys2016, keras.io or tensorflow; options change them."),
]
RecipeFile = Annotated[
    str | None, Option("--recipe", help="Begin with the recipe in a .json file, or in a .png that this command wrote.")
]


def style(
    content: Annotated[
        str,
        Argument(
            metavar="CONTENT", help="The photograph, or a folder of a film's frames; 'bundled:astronaut' is included."
        ),
    ],
    paintings: Annotated[
        list[str], Argument(metavar="STYLE...", help="The painting, for instance 'bundled:vortices', or several.")
    ],
    out: Annotated[
        str, Option("--out", "-o", help="The file to write: .png, .jpg, .webp, .tif or .bmp; for frames, a folder.")
    ],
    size: Size = None,
    steps: Steps = None,
    content_weight: ContentWeight = None,
    style_weight: StyleWeight = None,
    variation_weight: VariationWeight = None,
    share: Shares = None,
    mask: Annotated[
        list[str] | None, Option(help="For each STYLE a picture of CONTENT's size, white where that style belongs.")
    ] = None,
    color: Color = None,
    start: Start = None,
    start_picture: Annotated[str | None, Option(help="Start with this picture.")] = None,
    noise_share: NoiseShare = None,
    seed: Seed = None,
    preset: Preset = None,
    recipe: RecipeFile = None,
    backbone: Backbone = None,
    pooling: Pooling = None,
    content_layer: ContentLayers = None,
    style_layer: StyleLayers = None,
    normalization: Normalized = None,
    optimizer: Optimizer = None,
    optimizer_option: OptimizerOptions = None,
    learning_rate: LearningRate = None,
    schedule: Schedule = None,
    decay_rate: DecayRate = None,
    decay_steps: DecaySteps = None,
    settled: Settled = None,
    coarse_to_fine: CoarseToFine = None,
    tile: Annotated[
        int | None, Option(help="Compute in squares of this side, in pixels: less memory, more time.")
    ] = None,
    checkpoint: Annotated[
        str | None,
        Option(help="Save the unfinished run to this file: every 20 steps and on Ctrl-C; for lbfgs every 40."),
    ] = None,
    resume: Annotated[bool, Option("--resume", help="Continue from --checkpoint.")] = False,
    bits: Annotated[int, Option(help="Bits per colour: 8, or 16 for a .png.")] = 8,
    save_recipe: Annotated[str | None, Option(help="Write the recipe to this .json; a .png always holds it.")] = None,
    film: Annotated[str | None, Option(help="Write the picture's progress to this .gif.")] = None,
    plot: Annotated[str | None, Option(help="Write a plot of the costs to this .png, .svg or .pdf.")] = None,
    sweep: Annotated[
        list[str] | None,
        Option(help="FIELD=VALUE,VALUE,...: paint one picture for each value, and write a sheet; twice: a table."),
    ] = None,
    temporal_weight: Annotated[
        float | None, Option(help="For frames: how strongly still parts stay like the last frame.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Paint the content of one picture in the style of another. Ctrl-C keeps the best picture so far."""
    chosen = recipe_from(
        preset,
        recipe,
        {
            "size": size,
            "steps": steps,
            "content_weight": content_weight,
            "style_weight": style_weight,
            "variation_weight": variation_weight,
            "style_shares": share,
            "color": color,
            "start": "picture" if start_picture is not None and start is None else start,
            "noise_share": noise_share,
            "seed": seed,
            "backbone": backbone,
            "pooling": pooling,
            "content_layers": pairs("--content-layer", content_layer, 1.0),
            "style_layers": pairs("--style-layer", style_layer, 1.0),
            "normalization": normalization,
            "optimizer": optimizer,
            "optimizer_options": pairs("--optimizer-option", optimizer_option),
            "learning_rate": learning_rate,
            "schedule": schedule,
            "decay_rate": decay_rate,
            "decay_steps": decay_steps,
            "settled": settled,
            "coarse_to_fine": coarse_to_fine,
        },
    )
    from keras_apps.cli import style_run

    frames = os.path.isdir(content)
    arguments = {"masks": mask, "start_picture": start_picture, "tile": tile}
    resuming = {"checkpoint": checkpoint, "resume": resume}
    files = {"film": film, "plot": plot, "save_recipe": save_recipe}
    if sweep or frames:
        refused = resuming | files | ({"sweep": sweep} | arguments if frames else {"temporal_weight": temporal_weight})
        style_run.refuse("a folder of frames" if frames else "--sweep", refused | {"bits": bits if bits != 8 else None})
        if frames:
            _paint_frames(content, paintings, out, chosen, temporal_weight, as_json)
        elif sweep:
            _paint_sweep(content, paintings, out, chosen, sweep, arguments, as_json)
        return
    style_run.refuse("a single picture", {"temporal_weight": temporal_weight})
    style_run.paint(
        content, paintings, out, chosen, arguments | resuming, bits, recipe_file=recipe, as_json=as_json, **files
    )


def _paint_frames(
    content: str, paintings: list[str], out: str, recipe: Recipe, temporal_weight: float | None, as_json: bool
) -> None:
    from keras_apps.cli.style_run import frames_summary, paint_frames

    console.load_tensorflow()
    report = paint_frames(content, paintings, recipe, out, temporal_weight=temporal_weight)
    if as_json:
        console.print_json({"out": out, "recipe": recipe.as_dict(), **report})
    else:
        print(frames_summary(report, out))


def _paint_sweep(
    content: str,
    paintings: list[str],
    out: str,
    recipe: Recipe,
    sweep: list[str],
    arguments: dict[str, Any],
    as_json: bool,
) -> None:
    from keras_apps.cli.style_run import paint_sweep, parse_sweep

    axes = parse_sweep(sweep)
    console.load_tensorflow()
    result = paint_sweep(content, paintings, recipe, axes, out, **arguments)
    costs = [min(row["cost"] for row in picture.history) for picture in result.results]
    seconds = sum(picture.seconds for picture in result.results)
    if as_json:
        recipes = [picture.recipe.as_dict() for picture in result.results]
        report = {"out": out, "interrupted": result.interrupted, "recipes": recipes, "costs": costs, "seconds": seconds}
        console.print_json(report)
    else:
        ended = "interrupted, " if result.interrupted else ""
        print(f"{out}: {ended}{len(result.results)} of {len(result.recipes)} pictures in {seconds:.0f} s")


def recipe_from(preset: str | None, file: str | None, changes: dict) -> Recipe:
    """Make a recipe from a preset or a file, and the options.

    Args:
        preset: A preset's name, or `None`.
        file: A recipe file or painted PNG, or `None`.
        changes: Fields of the recipe; `None` keeps the value of the preset, the file or the default.

    Raises:
        ValueError: If both a preset and a file are given, or a value is out of its range.
        FileNotFoundError: If the file does not exist.
    """
    if preset is not None and file is not None:
        raise ValueError("expected --preset or --recipe, received both")
    changes = {name: value for name, value in changes.items() if value is not None}
    if preset is not None:
        from keras_apps.style.recipes.presets import preset as preset_recipe

        return preset_recipe(preset, **changes)
    if file is not None:
        from keras_apps.style.recipes.files import load_recipe

        return dataclasses.replace(load_recipe(file), **changes)
    return Recipe(**changes)


def pairs(option: str, texts: list[str] | None, default: float | None = None) -> dict[str, float] | None:
    """Read NAME=NUMBER, repeated; a NAME alone gets the default where there is one."""
    numbers = {}
    for text in texts or []:
        name, _, number = text.partition("=")
        try:
            numbers[name] = default if not number and default is not None else float(number)
        except ValueError:
            form = "NAME=NUMBER" if default is None else "LAYER or LAYER=NUMBER"
            raise ValueError(f"expected {option} as {form}, received {text!r}") from None
    return numbers or None
