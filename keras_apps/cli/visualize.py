"""`keras-apps visualize`: patches, maximize, filters, maps and occlusion."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from keras_apps.cli import console
from keras_apps.cli import visualize_options as options
from keras_apps.cli.console import AsJson
from keras_apps.faces.towers.names import DEFAULT_TOWER

Argument, Option = typer.Argument, typer.Option

Out = Annotated[str, Option("--out", "-o", help="The picture's file: .png, .jpg, .webp, .tif or .bmp.")]
Picture = Annotated[str, Argument(metavar="PICTURE", help="A file, or bundled:NAME.")]
Cell = Annotated[int, Option(help="Side of a picture on the sheet, in pixels.")]
Columns = Annotated[int, Option(help="Pictures side by side on the sheet.")]

app = console.application(
    "See what a network has learnt: patches and pictures that excite its units, its filters and maps."
)


@app.callback()
def visualize() -> None:
    """See what a network has learnt: patches and pictures that excite its units, its filters and maps."""


@app.command()
def patches(
    pictures: Annotated[
        list[str], Argument(metavar="PICTURES...", help="Pictures, or folders of them with the folders within.")
    ],
    out: Annotated[str, Option("--out", "-o", help="The sheet: .png, .jpg, .webp, .tif or .bmp.")],
    model: options.Model = "alexnet",
    layer: options.Layers = None,
    unit: options.Units = None,
    count: Annotated[int, Option("--count", "-k", help="Patches of each unit.")] = 9,
    size: options.Size = None,
    inside: Annotated[
        bool, Option("--inside", help="Only units that see nothing beyond the border of the picture.")
    ] = False,
    drive: Annotated[
        str, Option(help="What in a patch drives its unit: guided, deconvnet, gradient, or none (patches alone).")
    ] = "guided",
    white: options.White = None,
    cell: Annotated[int, Option(help="Side of a patch on the sheet, in pixels.")] = 56,
    columns: Annotated[int, Option(help="Units side by side on the sheet.")] = 3,
    batch: Annotated[int, Option(help="Pictures that go through the network at once.")] = 32,
    skip_unreadable: Annotated[
        bool, Option("--skip-unreadable", help="Leave out pictures that cannot be read.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Draw the patches that excite units most, and what in each drives its unit."""
    from keras_apps.cli.visualize_run import draw_sheet_of_patches

    how: dict[str, Any] = {"k": count, "size": size, "inside": inside, "batch_size": batch}
    how["on_error"] = "skip" if skip_unreadable else "raise"
    sheet = {"cell": cell, "columns": columns}
    draw_sheet_of_patches(pictures, out, model, layer, unit, white, drive, how, sheet, as_json)


@app.command()
def maximize(
    out: Out,
    model: options.Model = "alexnet",
    layer: options.Layers = None,
    unit: Annotated[list[int] | None, Option("--unit", help="A channel of each layer. [the first four]")] = None,
    whole: Annotated[bool, Option("--whole", help='Excite whole layers, not units ("deep dream").')] = False,
    face: Annotated[
        str | None, Option(help="A picture of a person: what a face tower takes for the same. With --model sface128.")
    ] = None,
    position: Annotated[
        str | None, Option(help="ROW,COLUMN on the layer's map, or center: one unit, not all of its channel.")
    ] = None,
    start: Annotated[str | None, Option(help="A picture to begin with, in place of grey.")] = None,
    size: Annotated[int | None, Option(help="Side in pixels. [the network's, or the start's, or 128]")] = None,
    steps: Annotated[int, Option(help="Of gradient ascent.")] = 128,
    rate: Annotated[float, Option(help="Adam's learning rate.")] = 0.05,
    diverse: Annotated[int, Option(help="Pictures of each unit, unlike each other.")] = 1,
    variation: Annotated[float, Option(help="Weight of the total variation, which smooths.")] = 0.0,
    pixels: Annotated[bool, Option("--pixels", help="Move pixels, not frequencies.")] = False,
    plain_colors: Annotated[bool, Option("--plain-colors", help="Move red, green and blue as they are.")] = False,
    still: Annotated[bool, Option("--still", help="Do not shift, turn and enlarge the picture.")] = False,
    seed: Annotated[int, Option(help="Same seed, same pictures.")] = 0,
    white: options.White = None,
    cell: Annotated[
        int | None, Option(help="Side of a picture on the sheet, in pixels. [the picture's own, from 128 to 512]")
    ] = None,
    columns: Columns = 8,
    as_json: AsJson = False,
) -> None:
    """Make the pictures that excite units, layers or a face's encoding most."""
    from keras_apps.cli.visualize_run import draw_maximized

    how: dict[str, Any] = {
        "size": size,
        "steps": steps,
        "learning_rate": rate,
        "diverse": diverse,
        "variation_weight": variation,
    }
    how |= {"parameterization": "pixels" if pixels else "fourier", "decorrelate": not plain_colors, "start": start}
    how |= {"seed": seed} | ({"views": ()} if still else {})
    sheet = {"cell": cell, "columns": columns}
    draw_maximized(out, model, layer, unit, whole, face, position, white, how, sheet, as_json)


@app.command()
def filters(
    out: Out,
    model: options.Model = "alexnet",
    layer: Annotated[str | None, Option(help="A 2-D convolution. [the first]")] = None,
    unit: Annotated[list[int] | None, Option("--unit", help="A filter, repeated. [all]")] = None,
    channel: Annotated[int | None, Option(help="The input channel that is drawn, of layers past the first.")] = None,
    cell: Cell = 48,
    columns: Columns = 16,
    as_json: AsJson = False,
) -> None:
    """Draw the filters of a convolution, as a rule the first: edges, spots, colours."""
    from keras_apps.cli.visualize_run import draw_sheet_of_filters

    sheet = {"channel": channel, "cell": cell, "columns": columns}
    draw_sheet_of_filters(out, model, layer, unit, sheet, as_json)


@app.command()
def maps(
    picture: Picture,
    out: Out,
    model: options.Model = "alexnet",
    layer: options.Layers = None,
    unit: Annotated[list[int] | None, Option("--unit", help="A channel. [the nine that are excited most]")] = None,
    size: options.Size = None,
    white: options.White = None,
    cell: Cell = 96,
    columns: Columns = 9,
    as_json: AsJson = False,
) -> None:
    """Draw what each layer makes of one picture: its activation maps.

    The network sees the picture as it is; for a face tower give an aligned crop.
    """
    from keras_apps.cli.visualize_run import draw_sheet_of_maps

    draw_sheet_of_maps(picture, out, model, layer, unit, size, white, {"cell": cell, "columns": columns}, as_json)


@app.command()
def occlusion(
    probe: Annotated[str, Argument(metavar="PROBE", help="The picture that is verified.")],
    enrolled: Annotated[str, Argument(metavar="ENROLLED", help="The picture of the person who is claimed.")],
    out: Out,
    model: Annotated[
        str, Option(help="sface128, resnet128, synthetic64 or a .keras file of a face tower.")
    ] = DEFAULT_TOWER,
    patch: Annotated[int | None, Option(help="Side of the grey patch in pixels. [a fifth of the crop]")] = None,
    stride: Annotated[int | None, Option(help="Pixels from one patch to the next. [a quarter of the patch]")] = None,
    aligned: Annotated[bool, Option("--aligned", help="The pictures are aligned crops; look for no face.")] = False,
    as_json: AsJson = False,
) -> None:
    """Draw which part of a face decides a verification: the distance's change when a patch covers it."""
    from keras_apps.cli.visualize_run import draw_map_of_occlusion

    draw_map_of_occlusion(probe, enrolled, out, model, {"patch": patch, "stride": stride}, aligned, as_json)
