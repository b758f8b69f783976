"""`keras-apps visualize`: patches; the other commands are mounted from `commands_units`."""

from __future__ import annotations

from typing import Annotated

import typer

from keras_apps import _console
from keras_apps._console import AsJson
from keras_apps.visualize import commands_options as options
from keras_apps.visualize import commands_units

Argument, Option = typer.Argument, typer.Option

app = _console.application(
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
    from keras_apps.visualize.commands_patches import draw_sheet_of_patches

    how = {"k": count, "size": size, "inside": inside, "batch_size": batch}
    how["on_error"] = "skip" if skip_unreadable else "raise"
    sheet = {"cell": cell, "columns": columns}
    draw_sheet_of_patches(pictures, out, model, layer, unit, white, drive, how, sheet, as_json)


for command in (commands_units.maximize, commands_units.filters, commands_units.maps, commands_units.occlusion):
    app.command()(command)
