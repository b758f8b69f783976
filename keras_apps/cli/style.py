"""`keras-apps style CONTENT STYLE ... -o OUT`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

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


def style(
    content: Annotated[
        str,
        Argument(
            metavar="CONTENT", help="The photograph, or a folder of a film's frames; 'bundled:astronaut' comes along."
        ),
    ],
    paintings: Annotated[
        list[str], Argument(metavar="STYLE...", help="The painting, for instance 'bundled:vortices', or several.")
    ],
    out: Annotated[str, Option("--out", "-o", help="The picture: .png, .jpg, .webp, .tif, .bmp; or frames' folder.")],
    size: Size = None,
    steps: Steps = None,
    content_weight: ContentWeight = None,
    style_weight: StyleWeight = None,
    variation_weight: VariationWeight = None,
    share: Shares = None,
    mask: Annotated[
        list[str] | None, Option(help="A picture of CONTENT's size for each STYLE, white where it is to be.")
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
    tile: Annotated[int | None, Option(help="Compute in squares of this side: for pictures beyond memory.")] = None,
    checkpoint: Annotated[
        str | None, Option(help="Keep the run here: every 20 steps and on Ctrl-C; lbfgs: every 40.")
    ] = None,
    resume: Annotated[bool, Option("--resume", help="Go on from --checkpoint.")] = False,
    bits: Annotated[int, Option(help="8, or 16 for a .png, per colour.")] = 8,
    save_recipe: Annotated[str | None, Option(help="Write the recipe to this .json; a .png always holds it.")] = None,
    film: Annotated[str | None, Option(help="Write how the picture comes about to this .gif.")] = None,
    plot: Annotated[str | None, Option(help="Write a plot of the costs to this .png, .svg or .pdf.")] = None,
    sweep: Annotated[
        list[str] | None, Option(help="FIELD=VALUE,VALUE,...: OUT becomes a sheet of pictures; given twice, a table.")
    ] = None,
    temporal_weight: Annotated[float | None, Option(help="Of frames: how much each stays like the last.")] = None,
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

    frames = Path(content).is_dir()
    more = {"masks": mask, "start_picture": start_picture, "tile": tile}
    kept = {"checkpoint": checkpoint, "resume": resume}
    files = {"film": film, "plot": plot, "save_recipe": save_recipe}
    if sweep or frames:
        extra = kept | files | ({"sweep": sweep} | more if frames else {"temporal_weight": temporal_weight})
        style_run.refuse("a folder of frames" if frames else "--sweep", extra | {"bits": bits if bits != 8 else None})
        if frames:
            _paint_frames(content, paintings, out, chosen, temporal_weight, as_json)
        else:
            _paint_sweep(content, paintings, out, chosen, sweep, more, as_json)
        return
    style_run.refuse("a single picture", {"temporal_weight": temporal_weight})
    style_run.paint(content, paintings, out, chosen, more | kept, bits, recipe_file=recipe, as_json=as_json, **files)


def _paint_frames(content: str, paintings: list[str], out: str, recipe, temporal_weight, as_json: bool) -> None:
    from keras_apps.cli.style_run import paint_frames, told_of_frames

    console.load_tensorflow()
    report = paint_frames(content, paintings, recipe, out, temporal_weight=temporal_weight)
    if as_json:
        console.print_json({"out": out, "recipe": recipe.as_dict(), **report})
    else:
        print(told_of_frames(report, out))


def _paint_sweep(content: str, paintings: list[str], out: str, recipe, sweep, more: dict, as_json: bool) -> None:
    from keras_apps.cli.style_run import paint_sweep, parse_sweep

    axes = parse_sweep(sweep)
    console.load_tensorflow()
    found = paint_sweep(content, paintings, recipe, axes, out, **more)
    costs = [min(row["cost"] for row in result.history) for result in found.results]
    seconds = sum(result.seconds for result in found.results)
    if as_json:
        recipes = [result.recipe.as_dict() for result in found.results]
        report = {"out": out, "interrupted": found.interrupted, "recipes": recipes, "costs": costs, "seconds": seconds}
        console.print_json(report)
    else:
        ended = "interrupted, " if found.interrupted else ""
        print(f"{out}: {ended}{len(found.results)} of {len(found.recipes)} pictures in {seconds:.0f} s")


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
        from keras_apps.style.recipes.presets import preset as preset_recipe

        return preset_recipe(preset, **changes)
    if file is not None:
        from keras_apps.style.recipes.files import load_recipe

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
