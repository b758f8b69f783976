"""The work of `keras-apps style`: checks, progress bars, files to write and the report at the end."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_apps import images
from keras_apps._checks import check_choice
from keras_apps._files import check_destination
from keras_apps.cli import console
from keras_apps.style.output.gif import GifRecorder
from keras_apps.style.output.plots import check_plot, save_history_plot
from keras_apps.style.recipes import files
from keras_apps.style.recipes.files import KEYWORD, describe_picture, recipe_text
from keras_apps.style.recipes.recipe import Recipe
from keras_apps.style.regions import read_masks
from keras_apps.style.tiling.resources import bytes_per_pixel, check_memory, estimate

if TYPE_CHECKING:
    from keras_apps.images import Picture
    from keras_apps.style.film.painter import FilmProgress
    from keras_apps.style.output.sweep import Sweep
    from keras_apps.style.run import Progress, StyleResult

RISEN = "; the cost did not fall below its start: use more steps or a smaller --learning-rate"


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
    """Paint one picture, and write it with its recipe and the other files that the options ask for."""
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
    pictures: dict[str, list[str]] = {"content": [content], "style": paintings, "mask": arguments["masks"] or []}
    pictures["start"] = [arguments["start_picture"]] if arguments["start_picture"] is not None else []
    described = {role: [describe_picture(name) for name in names] for role, names in pictures.items() if names}
    _check_pictures(content, paintings, recipe, arguments)
    if recipe_file is not None:
        recorded = files.read_recipe_file(recipe_file).pictures
        given: dict[str, list[dict[str, object]]] = {
            role: described.get(role, []) for role in {**recorded, **described}
        }
        for picture in files.differing_pictures(recorded, given):
            console.say(f"'{recipe_file}' was painted from a different picture: {picture}")
    console.say(f"{estimate(content, recipe, arguments['tile'])} for {recipe.steps} steps at {recipe.size} pixels")
    console.load_tensorflow()
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
        files.save_recipe(result.recipe, save_recipe, described)
    _report(result, out, as_json)
    if result.stopped.startswith("not finite"):
        raise ValueError(
            f"expected a finite cost, received one {result.stopped}; '{out}' is the best picture before it"
        )


def _report(result: StyleResult, out: str, as_json: bool) -> None:
    if as_json:
        report: dict[str, Any] = {"out": out, "backbone": result.backbone, "recipe": result.recipe.as_dict()}
        report |= {"seconds": result.seconds, "stopped": result.stopped, "interrupted": result.interrupted}
        console.print_json(report | {"history": result.history})
        return
    done, steps = len(result.history), result.recipe.steps
    endings = {"interrupted": f"interrupted after {done} of {steps} steps", "settled": f"settled after {done} steps"}
    size = result.history[-1]["size"] if result.history else 0
    costs = [row["cost"] for row in result.history if row["size"] == size]
    fell = f", cost {costs[0]:.4g} -> {costs[-1]:.4g}" if costs else ""
    if costs and costs[-1] > min(costs):
        fell += f"; the picture is the best, {min(costs):.4g}" if min(costs) < costs[0] else RISEN
    ending = endings.get(result.stopped, f"{done} steps")
    print(f"{out}: {ending} with {result.backbone} in {result.seconds:.0f} s{fell}")


def transfer_with_bar(
    content: Picture,
    painting: Picture | Sequence[Picture],
    recipe: Recipe,
    also: Callable[[Progress], None] | None = None,
    **arguments: Any,
) -> StyleResult:
    """Run `style.transfer` with a bar of steps, cost and seconds left on standard error.

    Args:
        content: As `transfer` takes it.
        painting: As `transfer` takes it.
        recipe: The recipe.
        also: A further progress callback.
        arguments: Further arguments of `transfer`.
    """
    from keras_apps.style.run import transfer

    with console.progress_bar("{task.fields[size]}", "cost {task.fields[cost]}", "{task.fields[left]}") as bar:
        task = bar.add_task("painting", total=recipe.steps, size="", cost="-", left="compiling")

        def show(p: Progress) -> None:
            size, cost, left = f"{p.size} px", f"{p.cost:.4g}", _left(p.seconds_left)
            bar.update(task, completed=p.step, total=p.steps, size=size, cost=cost, left=left)
            if also is not None:
                also(p)

        return transfer(content, painting, recipe, progress=show, **arguments)


def refuse(what: str, options: dict) -> None:
    """Raise for the first option that is given but does not apply."""
    for name, value in options.items():
        if value is not None and value is not False:
            raise ValueError(f"expected no --{name.replace('_', '-')} with {what}, received {value!r}")


def _check_files(files: dict, content: str, paintings: list[str]) -> None:
    """Refuse files that would overwrite one another or the pictures that they are painted from."""
    taken = {Path(name).resolve(): "which is one of the pictures to paint from" for name in (content, *paintings)}
    for option in ("out", "film", "plot", "save_recipe", "checkpoint"):
        if files[option] is None:
            continue
        path = Path(files[option]).resolve()
        name = f"--{option.replace('_', '-')}"
        if path in taken:
            raise ValueError(f"expected a file of its own for {name}, received {files[option]!r}, {taken[path]}")
        taken[path] = f"which is {name} too"


def _check_pictures(content: str, paintings: list[str], recipe: Recipe, arguments: dict) -> None:
    """Check the pictures before TensorFlow is loaded."""
    picture = images.load_image(content)
    if arguments["masks"]:
        read_masks(arguments["masks"], len(paintings), picture.shape[:2])
    if recipe.style_shares is not None and len(recipe.style_shares) != len(paintings):
        raise ValueError(f"expected --share {len(paintings)} times, one per STYLE, received {len(recipe.style_shares)}")
    if arguments["tile"] is not None and arguments["tile"] < 1:
        raise ValueError(f"expected --tile of at least 1 pixel, received {arguments['tile']}")
    if (recipe.start == "picture") != (arguments["start_picture"] is not None):
        raise ValueError("expected --start-picture and --start picture together, received only one of them")
    if arguments["resume"] and arguments["checkpoint"] is None:
        raise ValueError("expected --checkpoint with --resume, received none")
    if arguments["resume"] and not Path(arguments["checkpoint"]).exists():
        raise FileNotFoundError(f"expected a checkpoint to resume from, received {arguments['checkpoint']!r}")
    check_memory(*images.scaled(picture, recipe.size), arguments["tile"], bytes_per_pixel(recipe))


def _save(image: np.ndarray, out: str, bits: int, text: dict[str, str] | None) -> None:
    """Save the picture. If that fails, save it to a temporary folder and raise an error that names it."""
    try:
        images.save_image(image, out, bits=bits, text=text)
    except OSError as error:
        elsewhere = Path(tempfile.mkdtemp(prefix="keras-apps-")) / Path(out).name
        images.save_image(image, elsewhere, bits=bits, text=text)
        raise OSError(f"{error}; the picture was saved as '{elsewhere}'") from None


KINDS = {"int": int, "float": float, "float | None": float, "bool": bool, "str": str}
NAMED = ("content_layers", "style_layers", "style")
YES_NO = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}


def parse_sweep(texts: list[str]) -> dict[str, list]:
    """Read `--sweep` options.

    Args:
        texts: Each `FIELD=V1,V2,...`: a field of a recipe, with dashes or underscores, or `style` with pictures.

    Returns:
        `{field: values}`, as `style.sweep` takes.

    Raises:
        ValueError: If a text is not of that form, a field does not exist or cannot be swept over from the command line,
            or a value is not of its kind.

    Example:
        >>> parse_sweep(["style-weight=1,10", "style_layers=block1_conv1,block1_conv1..block3_conv1"])
        {'style_weight': [1.0, 10.0], 'style_layers': ['block1_conv1', 'block1_conv1..block3_conv1']}
    """
    kinds = {f.name: KINDS[f.type] for f in fields(Recipe) if f.type in KINDS} | dict.fromkeys(NAMED, str)
    axes: dict[str, list] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        field = name.strip().replace("-", "_")
        if not equals or not all(value.strip() for value in values.split(",")):
            raise ValueError(f"expected --sweep as FIELD=V1,V2,..., received {text!r}")
        check_choice("field to sweep over", field, kinds)
        if field in axes:
            raise ValueError(f"expected --sweep with different fields, received {field!r} twice")
        axes[field] = [_value(field, value.strip(), kinds[field]) for value in values.split(",")]
    return axes


def _value(field: str, text: str, kind: type) -> Any:
    if kind is bool:
        check_choice(f"value of {field}", text.lower(), YES_NO)
        return YES_NO[text.lower()]
    try:
        return kind(text)
    except ValueError:
        what = "whole numbers" if kind is int else "numbers"
        raise ValueError(f"expected {what} for --sweep {field}, received {text!r}") from None


def paint_sweep(
    content: Picture,
    style: Picture | Sequence[Picture],
    recipe: Recipe,
    axes: dict[str, list],
    out: str,
    **transfer_arguments: Any,
) -> Sweep:
    """Run `style.sweep` with one bar on standard error, and save the sheet.

    Args:
        content: As `style.sweep` takes it.
        style: As `style.sweep` takes it.
        recipe: As `style.sweep` takes it.
        axes: As `style.sweep` takes them.
        out: The picture to write.
        transfer_arguments: Further arguments of `transfer`.

    Raises:
        ValueError: As `style.sweep`; before anything is painted.
        OSError: If `out` cannot be written; before anything is painted.
    """
    from keras_apps.images import check_output, save_image
    from keras_apps.style.output.sweep import sweep

    check_output(out)
    with console.progress_bar("cost {task.fields[cost]}", "{task.fields[left]}") as bar:
        task = bar.add_task("painting", total=None, cost="-", left="compiling")

        def show(p: Progress) -> None:
            bar.update(task, total=p.steps, completed=p.step, cost=f"{p.cost:.4g}", left=_left(p.seconds_left))

        result = sweep(content, style, recipe, axes, progress=show, **transfer_arguments)
    save_image(result.image, out)
    return result


def paint_frames(
    frames: str,
    style: Picture | Sequence[Picture],
    recipe: Recipe,
    out: str,
    *,
    temporal_weight: float | None = None,
    resume: bool = True,
    **arguments: Any,
) -> dict[str, float]:
    """Run `style.stylize_frames` with one bar on standard error.

    Args:
        frames: The folder of frames.
        style: As `transfer` takes.
        recipe: The recipe.
        out: The folder to write to.
        temporal_weight: As `style.stylize_frames` takes it.
        resume: As `style.stylize_frames` takes it.
        arguments: Further arguments of `style.stylize_frames`.

    Returns:
        Numbers of frames: `frames` in all, `painted` now, and `found` from an earlier run; and `seconds`.

    Raises:
        ValueError: As `style.stylize_frames`.
        KeyboardInterrupt: On Ctrl-C; no file in `out` is incomplete then.
    """
    from keras_apps.style.film.film import stylize_frames

    if temporal_weight is not None:
        arguments["temporal_weight"] = temporal_weight
    report: dict[str, float] = {"frames": 0, "painted": 0, "found": 0, "seconds": 0.0}
    with console.progress_bar("{task.fields[status]}", "{task.fields[left]}") as bar:
        task = bar.add_task("frames", total=None, status="", left="compiling")

        def show(p: FilmProgress) -> None:
            status = f"step {p.step}/{p.steps}, cost {p.cost:.4g}"
            bar.update(task, total=p.frames or None, completed=p.frame - 1, status=status, left=_left(p.seconds_left))

        for frame in stylize_frames(frames, style, recipe, out=out, resume=resume, progress=show, **arguments):
            report["frames"] += 1
            report["found" if frame.done_before else "painted"] += 1
            report["seconds"] += frame.seconds
            bar.update(task, completed=report["frames"])
    return report


def frames_summary(report: dict[str, float], out: str) -> str:
    """Return one line on what `paint_frames` did.

    Example:
        >>> frames_summary({"frames": 5, "painted": 3, "found": 2, "seconds": 61.2}, "painted")
        'painted: 5 frames, 3 painted in 61 s, 2 found from an earlier run'
    """
    already = f", {report['found']} found from an earlier run" if report["found"] else ""
    return f"{out}: {report['frames']} frames, {report['painted']} painted in {report['seconds']:.0f} s{already}"


def _left(seconds: float) -> str:
    return "" if math.isnan(seconds) else f"{seconds:.0f} s left"
