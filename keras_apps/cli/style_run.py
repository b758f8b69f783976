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
from keras_apps.style.memory import bytes_per_pixel, check_memory
from keras_apps.style.plots import check_plot, save_history_plot
from keras_apps.style.recipe import Recipe
from keras_apps.style.recipe_files import KEYWORD, describe_picture, recipe_text
from keras_apps.style.regions import read_masks

RISEN = "; it did not fall below its start, for which more steps or a smaller --learning-rate are needed"


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
    recipe_file: str | None = None,
    as_json: bool = False,
) -> None:
    """Paint one picture and write it, with its recipe, and what else was asked for."""
    _check_files({"out": out, "film": film, "plot": plot, "save_recipe": save_recipe} | arguments, content, paintings)
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
    _check_pictures(content, paintings, recipe, arguments)
    if recipe_file is not None:
        recorded = recipe_files.read_recipe_file(recipe_file).pictures
        for picture in recipe_files.differing_pictures(recorded, dict.fromkeys(recorded, []) | described):
            _console.say(f"'{recipe_file}' was painted from other pictures: {picture}")
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
    size = result.history[-1]["size"] if result.history else 0
    costs = [row["cost"] for row in result.history if row["size"] == size]
    fell = f", cost {costs[0]:.4g} -> {costs[-1]:.4g}" if costs else ""
    if costs and costs[-1] > min(costs):
        fell += f"; the picture is the best, {min(costs):.4g}" if min(costs) < costs[0] else RISEN
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


def _check_files(files: dict, content: str, paintings: list[str]) -> None:
    """Refuse files that would overwrite one another or the pictures that they are painted from."""
    taken = {Path(name).resolve(): "a picture it is painted from" for name in (content, *paintings)}
    for option in ("out", "film", "plot", "save_recipe", "checkpoint"):
        if files[option] is None:
            continue
        path = Path(files[option]).resolve()
        name = f"--{option.replace('_', '-')}"
        if path in taken:
            raise ValueError(f"expected {name} besides the other files, received {files[option]!r}, {taken[path]}")
        taken[path] = f"which is {name} too"


def _check_pictures(content: str, paintings: list[str], recipe: Recipe, arguments: dict) -> None:
    """Say what is wrong with the pictures before TensorFlow is loaded."""
    picture = images.load_image(content)
    if arguments["masks"]:
        read_masks(arguments["masks"], len(paintings), picture.shape[:2])
    if recipe.style_shares is not None and len(recipe.style_shares) != len(paintings):
        raise ValueError(f"expected --share {len(paintings)} times, one a STYLE, received {len(recipe.style_shares)}")
    if arguments["tile"] is not None and arguments["tile"] < 1:
        raise ValueError(f"expected --tile of at least 1 pixel, received {arguments['tile']}")
    if (recipe.start == "picture") != (arguments["start_picture"] is not None):
        raise ValueError("expected --start-picture exactly with --start picture")
    if arguments["resume"] and arguments["checkpoint"] is None:
        raise ValueError("expected --checkpoint with --resume, received none")
    if arguments["resume"] and not Path(arguments["checkpoint"]).exists():
        raise FileNotFoundError(f"expected a checkpoint to resume from, received {arguments['checkpoint']!r}")
    check_memory(*images.scaled(picture, recipe.size), arguments["tile"], bytes_per_pixel(recipe))


def _save(image: np.ndarray, out: str, bits: int, text: dict[str, str] | None) -> None:
    """Save the picture, or, where that fails after all, save it elsewhere and say where."""
    try:
        images.save_image(image, out, bits=bits, text=text)
    except OSError as error:
        elsewhere = Path(tempfile.mkdtemp(prefix="keras-apps-")) / Path(out).name
        images.save_image(image, elsewhere, bits=bits, text=text)
        raise OSError(f"{error}; the picture was saved as '{elsewhere}'") from None
