"""One picture from the command line: checks, progress, files, and what is said in the end."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from keras_apps import _console, images
from keras_apps._files import check_destination
from keras_apps.style import recipe_files
from keras_apps.style.estimates import estimate
from keras_apps.style.gif import GifRecorder
from keras_apps.style.plots import check_plot, save_history_plot
from keras_apps.style.recipe import Recipe
from keras_apps.style.recipe_files import KEYWORD, describe_picture, recipe_text


def paint(
    content: str,
    paintings: list[str],
    out: str,
    recipe: Recipe,
    arguments: dict,
    bits: int,
    film: str | None = None,
    plot: str | None = None,
    save_recipe: str | None = None,
    as_json: bool = False,
) -> None:
    """Paint one picture and write it, with its recipe, and what else was asked for."""
    images.check_output(out, bits)
    if save_recipe is not None and Path(save_recipe).suffix.lower() != ".json":
        raise ValueError(f"expected --save-recipe to end in .json, received {save_recipe!r}")
    for file in (save_recipe, arguments["checkpoint"]):
        if file is not None:
            check_destination(file)
    if plot is not None:
        check_plot(plot)
    recorder = None if film is None else GifRecorder(film)
    pictures = {"content": [content], "style": paintings, "mask": arguments["masks"] or []}
    pictures["start"] = [arguments["start_picture"]] if arguments["start_picture"] is not None else []
    described = {role: [describe_picture(name) for name in names] for role, names in pictures.items() if names}
    _console.say(f"{estimate(content, recipe, arguments['tile'])} for {recipe.steps} steps at {recipe.size} pixels")
    _console.load_tensorflow()
    result = transfer_with_bar(content, paintings, recipe, also=recorder, **arguments)
    if result.interrupted and not result.history:
        raise KeyboardInterrupt
    text = {KEYWORD: recipe_text(result.recipe, described)} if Path(out).suffix.lower() == ".png" else None
    _save(result.image, out, bits, text)
    if recorder is not None:
        recorder.save(result.image)
    if plot is not None and result.history:
        save_history_plot(result, plot)
    if save_recipe is not None:
        recipe_files.save_recipe(result.recipe, save_recipe, described)
    _report(result, out, as_json)
    if result.stopped.startswith("not finite"):
        raise ValueError(f"expected a finite cost, received one {result.stopped}; '{out}' is the best before it")


def _report(result, out: str, as_json: bool) -> None:
    if as_json:
        report = {"out": out, "backbone": result.backbone, "recipe": result.recipe.as_dict()}
        report |= {"seconds": result.seconds, "stopped": result.stopped, "interrupted": result.interrupted}
        _console.print_json(report | {"history": result.history})
        return
    done, steps = len(result.history), result.recipe.steps
    words = {"interrupted": f"interrupted after {done} of {steps} steps", "settled": f"settled after {done} steps"}
    costs = [row["cost"] for row in result.history]
    fell = f", cost {costs[0]:.4g} -> {costs[-1]:.4g}" if costs else ""
    said = words.get(result.stopped, f"{done} steps")
    print(f"{out}: {said} with {result.backbone} in {result.seconds:.0f} s{fell}")


def transfer_with_bar(content, painting, recipe: Recipe, also: Callable | None = None, **arguments):
    """Run `style.transfer` with a bar of steps, cost and seconds left on standard error.

    Args:
        content: As `transfer` takes it.
        painting: As `transfer` takes it.
        recipe: The recipe.
        also: A further progress callback.
        arguments: Further ones of `transfer`.
    """
    from keras_apps.style.loop import transfer

    with _console.progress_bar("{task.fields[size]}", "cost {task.fields[cost]}", "{task.fields[left]}") as bar:
        task = bar.add_task("painting", total=recipe.steps, size="", cost="-", left="compiling")

        def show(p) -> None:
            left = "" if math.isnan(p.seconds_left) else f"{p.seconds_left:.0f} s left"
            bar.update(task, completed=p.step, total=p.steps, size=f"{p.size} px", cost=f"{p.cost:.4g}", left=left)
            if also is not None:
                also(p)

        return transfer(content, painting, recipe, progress=show, **arguments)


def refuse(what: str, options: dict) -> None:
    """Raise for the first option that is given and does not go with what is asked for."""
    for name, value in options.items():
        if value is not None and value is not False:
            raise ValueError(f"expected no --{name.replace('_', '-')} with {what}, received {value!r}")


def _save(image: np.ndarray, out: str, bits: int, text: dict[str, str] | None) -> None:
    """Save the picture, or, where that fails after all, save it elsewhere and say where."""
    try:
        images.save_image(image, out, bits=bits, text=text)
    except OSError as error:
        elsewhere = Path(tempfile.mkdtemp(prefix="keras-apps-")) / Path(out).name
        images.save_image(image, elsewhere, bits=bits, text=text)
        raise OSError(f"{error}; the picture was saved as '{elsewhere}'") from None
