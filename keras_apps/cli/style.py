"""`keras-apps style CONTENT STYLE ... -o OUT`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keras_apps import _console
from keras_apps._console import AsJson
from keras_apps.style import commands_recipe as options

Argument, Option = typer.Argument, typer.Option


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
    size: options.Size = None,
    steps: options.Steps = None,
    content_weight: options.ContentWeight = None,
    style_weight: options.StyleWeight = None,
    variation_weight: options.VariationWeight = None,
    share: options.Shares = None,
    mask: Annotated[
        list[str] | None, Option(help="A picture of CONTENT's size for each STYLE, white where it is to be.")
    ] = None,
    color: options.Color = None,
    start: options.Start = None,
    start_picture: Annotated[str | None, Option(help="Start with this picture.")] = None,
    noise_share: options.NoiseShare = None,
    seed: options.Seed = None,
    preset: options.Preset = None,
    recipe: options.RecipeFile = None,
    backbone: options.Backbone = None,
    pooling: options.Pooling = None,
    content_layer: options.ContentLayers = None,
    style_layer: options.StyleLayers = None,
    normalization: options.Normalized = None,
    optimizer: options.Optimizer = None,
    optimizer_option: options.OptimizerOptions = None,
    learning_rate: options.LearningRate = None,
    schedule: options.Schedule = None,
    decay_rate: options.DecayRate = None,
    decay_steps: options.DecaySteps = None,
    settled: options.Settled = None,
    coarse_to_fine: options.CoarseToFine = None,
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
    chosen = options.recipe_from(
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
            "content_layers": options.pairs("--content-layer", content_layer, 1.0),
            "style_layers": options.pairs("--style-layer", style_layer, 1.0),
            "normalization": normalization,
            "optimizer": optimizer,
            "optimizer_options": options.pairs("--optimizer-option", optimizer_option),
            "learning_rate": learning_rate,
            "schedule": schedule,
            "decay_rate": decay_rate,
            "decay_steps": decay_steps,
            "settled": settled,
            "coarse_to_fine": coarse_to_fine,
        },
    )
    from keras_apps.style import commands_paint

    frames = Path(content).is_dir()
    more = {"masks": mask, "start_picture": start_picture, "tile": tile}
    kept = {"checkpoint": checkpoint, "resume": resume}
    files = {"film": film, "plot": plot, "save_recipe": save_recipe}
    if sweep or frames:
        extra = kept | files | ({"sweep": sweep} | more if frames else {"temporal_weight": temporal_weight})
        commands_paint.refuse(
            "a folder of frames" if frames else "--sweep", extra | {"bits": bits if bits != 8 else None}
        )
        if frames:
            _paint_frames(content, paintings, out, chosen, temporal_weight, as_json)
        else:
            _paint_sweep(content, paintings, out, chosen, sweep, more, as_json)
        return
    commands_paint.refuse("a single picture", {"temporal_weight": temporal_weight})
    commands_paint.paint(
        content, paintings, out, chosen, more | kept, bits, recipe_file=recipe, as_json=as_json, **files
    )


def _paint_frames(content: str, paintings: list[str], out: str, recipe, temporal_weight, as_json: bool) -> None:
    from keras_apps.style.commands_film import paint_frames, told_of_frames

    _console.load_tensorflow()
    report = paint_frames(content, paintings, recipe, out, temporal_weight=temporal_weight)
    if as_json:
        _console.print_json({"out": out, "recipe": recipe.as_dict(), **report})
    else:
        print(told_of_frames(report, out))


def _paint_sweep(content: str, paintings: list[str], out: str, recipe, sweep, more: dict, as_json: bool) -> None:
    from keras_apps.style.commands_film import paint_sweep, parse_sweep

    axes = parse_sweep(sweep)
    _console.load_tensorflow()
    found = paint_sweep(content, paintings, recipe, axes, out, **more)
    costs = [min(row["cost"] for row in result.history) for result in found.results]
    seconds = sum(result.seconds for result in found.results)
    if as_json:
        recipes = [result.recipe.as_dict() for result in found.results]
        report = {"out": out, "interrupted": found.interrupted, "recipes": recipes, "costs": costs, "seconds": seconds}
        _console.print_json(report)
    else:
        ended = "interrupted, " if found.interrupted else ""
        print(f"{out}: {ended}{len(found.results)} of {len(found.recipes)} pictures in {seconds:.0f} s")
