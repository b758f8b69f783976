"""`keras-apps style CONTENT STYLE -o OUT`."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from keras_apps import _console
from keras_apps._console import AsJson
from keras_apps.style.recipe import Recipe

DEFAULT = Recipe(backbone="vgg16")
Option = typer.Option


def style(
    content: Annotated[
        str,
        typer.Argument(metavar="CONTENT", help="The photograph; 'bundled:astronaut' and others come with the package."),
    ],
    painting: Annotated[str, typer.Argument(metavar="STYLE", help="The painting, for instance 'bundled:vortices'.")],
    out: Annotated[str, Option("--out", "-o", help="The picture to write: .png, .jpg, .webp, .tif or .bmp.")],
    size: Annotated[int, Option(help="Longer side in pixels, 32 to 2048.")] = DEFAULT.size,
    steps: Annotated[int, Option(help="Gradient steps.")] = DEFAULT.steps,
    content_weight: Annotated[float, Option(help="The course's alpha.")] = DEFAULT.content_weight,
    style_weight: Annotated[float, Option(help="The course's beta.")] = DEFAULT.style_weight,
    variation_weight: Annotated[float, Option(help="Weight of the total variation.")] = DEFAULT.variation_weight,
    backbone: Annotated[str, Option(help="vgg16, vgg19, alexnet, or auto: vgg19 where Keras's cache has it.")] = "auto",
    content_layer: Annotated[
        str | None, Option(help="Where content is compared; block4_conv2, or AlexNet's conv4.")
    ] = None,
    style_layer: Annotated[
        list[str] | None, Option(help="LAYER or LAYER=LAMBDA, repeated; instead of each block's first, 0.2.")
    ] = None,
    normalization: Annotated[str, Option(help="scale-free or course.")] = DEFAULT.normalization,
    start: Annotated[str, Option(help="content, noise or style.")] = DEFAULT.start,
    optimizer: Annotated[str, Option(help="adam or gradient-descent.")] = DEFAULT.optimizer,
    learning_rate: Annotated[float | None, Option(help="0.02 for adam; for gradient-descent found by trial.")] = None,
    seed: Annotated[int, Option(help="For the noise.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Paint the content of one picture in the style of another. Ctrl-C keeps the picture so far."""
    from keras_apps import images

    images.check_output(out)
    recipe = Recipe(
        backbone=backbone,
        content_layer=content_layer,
        style_layers=_layers(style_layer),
        content_weight=content_weight,
        style_weight=style_weight,
        variation_weight=variation_weight,
        normalization=normalization,
        steps=steps,
        size=size,
        start=start,
        optimizer=optimizer,
        learning_rate=learning_rate,
        seed=seed,
    )
    pictures = [images.load_image(content), images.load_image(painting)]
    _console.load_tensorflow()
    result = transfer_with_bar(*pictures, recipe)
    if result.interrupted and not result.history:
        raise KeyboardInterrupt
    _save(result.image, out)
    if as_json:
        report = {"out": out, "backbone": result.backbone, "recipe": recipe.as_dict(), "seconds": result.seconds}
        _console.print_json(report | {"interrupted": result.interrupted, "history": result.history})
        return
    done = f"interrupted after {len(result.history)} of {steps} steps" if result.interrupted else f"{steps} steps"
    costs = [row["cost"] for row in result.history]
    fell = f", cost {costs[0]:.4g} -> {costs[-1]:.4g}" if costs else ""
    print(f"{out}: {done} with {result.backbone} in {result.seconds:.0f} s{fell}")


def transfer_with_bar(content, painting, recipe: Recipe):
    """Run `style.transfer` with a bar of steps, cost and seconds left on standard error."""
    from keras_apps.style.loop import transfer

    with _console.progress_bar("cost {task.fields[cost]}", "{task.fields[left]}") as bar:
        task = bar.add_task("painting", total=recipe.steps, cost="-", left="compiling")

        def show(p) -> None:
            left = "" if math.isnan(p.seconds_left) else f"{p.seconds_left:.0f} s left"
            bar.update(task, completed=p.step, cost=f"{p.cost:.4g}", left=left)

        return transfer(content, painting, recipe, progress=show)


def _save(image, out: str) -> None:
    """Save the picture, or, where that fails after all, save it elsewhere and say where."""
    from keras_apps import images

    try:
        images.save_image(image, out)
    except OSError as error:
        elsewhere = Path(tempfile.mkdtemp(prefix="keras-apps-")) / Path(out).name
        images.save_image(image, elsewhere)
        raise OSError(f"{error}; the picture was saved as '{elsewhere}'") from None


def _layers(texts: list[str] | None) -> dict[str, float] | None:
    layers = {}
    for text in texts or []:
        name, _, weight = text.partition("=")
        try:
            layers[name] = float(weight) if weight else 1.0
        except ValueError:
            raise ValueError(f"expected --style-layer as LAYER or LAYER=LAMBDA, received {text!r}") from None
    return layers or None
