"""What `keras-apps style` does with a folder of frames and with sweeps."""

from __future__ import annotations

import math
import os
from dataclasses import fields
from typing import TYPE_CHECKING

from keras_apps import _console
from keras_apps._choices import check_choice
from keras_apps.style.recipe import Recipe

if TYPE_CHECKING:
    from keras_apps.style.sheet import Sweep

KINDS = {"int": int, "float": float, "float | None": float, "bool": bool, "str": str}
NAMED = ("content_layers", "style_layers", "style")
YES_NO = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}


def parse_sweep(texts: list[str]) -> dict[str, list]:
    """Read `--sweep` options.

    Args:
        texts: Each `FIELD=V1,V2,...`: a field of a recipe, with dashes or underscores, or `style` with pictures.

    Returns:
        `{field: values}`, as `sheet.sweep` takes.

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


def _value(field: str, text: str, kind: type):
    if kind is bool:
        check_choice(f"value of {field}", text.lower(), YES_NO)
        return YES_NO[text.lower()]
    try:
        return kind(text)
    except ValueError:
        what = "integers" if kind is int else "numbers"
        raise ValueError(f"expected {what} for --sweep {field}, received {text!r}") from None


def paint_sweep(content, style, recipe: Recipe, axes: dict[str, list], out: str, **transfer_arguments) -> Sweep:
    """Run `sheet.sweep` with one bar on standard error, and save the sheet.

    Args:
        content: As `sheet.sweep` takes, and so are `style`, `recipe` and `axes`.
        out: The picture to write.

    Raises:
        ValueError: As `sheet.sweep`; before anything is painted.
        OSError: If `out` cannot be written; before anything is painted.
    """
    from keras_apps.images import check_output, save_image
    from keras_apps.style.sheet import sweep

    check_output(out)
    with _console.progress_bar("cost {task.fields[cost]}", "{task.fields[left]}") as bar:
        task = bar.add_task("painting", total=None, cost="-", left="compiling")

        def show(p) -> None:
            bar.update(task, total=p.steps, completed=p.step, cost=f"{p.cost:.4g}", left=_left(p.seconds_left))

        found = sweep(content, style, recipe, axes, progress=show, **transfer_arguments)
    save_image(found.image, out)
    return found


def paint_frames(
    frames: str,
    style,
    recipe: Recipe,
    out: str,
    *,
    temporal_weight: float | None = None,
    resume: bool = True,
    **arguments,
) -> dict:
    """Run `film.stylize_frames` with one bar on standard error.

    Args:
        frames: The folder of frames.
        style: As `transfer` takes.
        recipe: The recipe.
        out: The folder to write to.
        temporal_weight: As `film.stylize_frames`, and so are `resume` and the further arguments.

    Returns:
        `frames` (how many there are), `painted`, `found` (there already) and `seconds`.

    Raises:
        ValueError: As `film.stylize_frames`, and on Ctrl-C `KeyboardInterrupt`; what `out` holds then is whole.
    """
    from keras_apps.style.film import stylize_frames

    weight = {} if temporal_weight is None else {"temporal_weight": temporal_weight}
    report = {"frames": 0, "painted": 0, "found": 0, "seconds": 0.0}
    with _console.progress_bar("{task.fields[told]}", "{task.fields[left]}") as bar:
        task = bar.add_task("frames", total=None, told="", left="compiling")

        def show(p) -> None:
            told = f"step {p.step}/{p.steps}, cost {p.cost:.4g}"
            bar.update(task, total=p.frames or None, completed=p.frame - 1, told=told, left=_left(p.seconds_left))

        for frame in stylize_frames(
            frames, style, recipe, out=out, resume=resume, progress=show, **weight, **arguments
        ):
            report["frames"] += 1
            report["found" if frame.done_before else "painted"] += 1
            report["seconds"] += frame.seconds
            bar.update(task, completed=report["frames"])
    return report


def told_of_frames(report: dict, out: str) -> str:
    """Return one line on what `paint_frames` did.

    Example:
        >>> told_of_frames({"frames": 5, "painted": 3, "found": 2, "seconds": 61.2}, "painted")
        'painted: 5 frames, 3 painted in 61 s, 2 were there already'
    """
    already = f", {report['found']} were there already" if report["found"] else ""
    return f"{out}: {report['frames']} frames, {report['painted']} painted in {report['seconds']:.0f} s{already}"


def is_folder(content: str) -> bool:
    """Say whether CONTENT is a folder of frames."""
    return os.path.isdir(content)


def _left(seconds: float) -> str:
    return "" if math.isnan(seconds) else f"{seconds:.0f} s left"
