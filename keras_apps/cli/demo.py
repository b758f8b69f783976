"""`keras-apps demo`."""

from __future__ import annotations

from typing import Annotated

import typer

from keras_apps.cli import console
from keras_apps.cli.console import AsJson


def demo(
    out: Annotated[str, typer.Option(help="Folder for report.html and the pictures; made when missing.")] = (
        "keras-apps-demo"
    ),
    steps: Annotated[int, typer.Option(help="Gradient steps of the repainting.")] = 60,
    size: Annotated[int, typer.Option(help="Longer side of the repainted picture, in pixels.")] = 256,
    as_json: AsJson = False,
) -> None:
    """Recognise people and repaint a photograph, all bundled, and write report.html. Takes about two minutes."""
    from keras_apps.cli.style_run import transfer_with_bar
    from keras_apps.demo.run import DemoOptions, prepare, run

    options = DemoOptions(out, steps, size)
    prepare(options)
    console.load_tensorflow()
    summary = run(options, console.say, transfer_with_bar)
    if as_json:
        console.print_json(summary)
    else:
        print(summary["report"])
