"""`keras-apps visualize patches`: checks, progress, the sheet, and what is said in the end."""

from __future__ import annotations

import itertools
import time
from dataclasses import asdict

from keras_apps import _console, backbones, images
from keras_apps._choices import check_choice
from keras_apps.visualize import commands_options as options
from keras_apps.visualize.streams import listed

SAID = 5
"""Pictures left out that are named."""
DRIVES = ("guided", "deconvnet", "gradient", "none")


def draw_sheet_of_patches(
    pictures: list[str],
    out: str,
    model: str,
    layers: list[str] | None,
    units: list[int] | None,
    white: float | None,
    drive: str,
    how: dict,
    sheet: dict,
    as_json: bool,
) -> None:
    """Find the patches, draw them and write the sheet.

    Args:
        pictures: Files and folders.
        out: The sheet's file.
        model, layers, units, white: As the options.
        drive: One of `DRIVES`.
        how: Further arguments of `top_patches`.
        sheet: Further arguments of `draw_patches`.
        as_json: Whether to print JSON.
    """
    images.check_output(out)
    options.check_model(model, white)
    check_choice("drive", drive, DRIVES)
    chosen = options.chosen_layers(model, layers, units)
    if model in options.BACKBONES:
        backbones.check_layers(model, chosen)
    if sheet["cell"] < 8 or sheet["columns"] < 1:
        raise ValueError("expected --cell of at least 8 and --columns of at least 1, received less")
    found = list(itertools.chain.from_iterable(listed(picture)[0] for picture in pictures))
    began = time.perf_counter()
    _console.load_tensorflow()
    network, scale = options.load_network(model, list(chosen), white)
    result, drives = _search(network, chosen, found, drive, scale, how)
    from keras_apps.visualize.patch_drawing import draw_patches

    images.save_image(draw_patches(result, drives, **sheet), out)
    _report(result, out, model, time.perf_counter() - began, as_json)


def _search(network, chosen: dict, pictures: list[str], drive: str, scale: float, how: dict) -> tuple:
    from keras_apps.visualize.driving_pixels import driving
    from keras_apps.visualize.patches import top_patches

    def preprocess(batch):
        return batch * scale

    with _console.progress_bar() as bar:
        task = bar.add_task("looking at pictures", total=len(pictures))

        def told(done, total) -> None:
            bar.update(task, completed=done, total=total)

        result = top_patches(network, chosen, pictures, preprocess=preprocess, progress=told, **how)
        if drive == "none":
            return result, None
        task = bar.add_task("what drives the units", total=None)
        return result, driving(network, result, drive, preprocess=preprocess, progress=told)


def _report(result, out: str, model: str, seconds: float, as_json: bool) -> None:
    if as_json:
        layers = {}
        for layer, units in result.patches.items():
            field = asdict(result.fields[layer])
            del field["phases"]
            rows = {unit: [_row(patch) for patch in patches] for unit, patches in units.items()}
            layers[layer] = {"receptive_field": field, "units": rows}
        report = {"out": out, "model": model, "pictures": result.count, "skipped": result.skipped, "seconds": seconds}
        _console.print_json(report | {"layers": layers})
        return
    for name, reason in itertools.islice(result.skipped.items(), SAID):
        _console.say(f"left out: {name} ({reason})")
    if len(result.skipped) > SAID:
        _console.say(f"left out: {len(result.skipped) - SAID} more")
    left_out = f", {len(result.skipped)} left out" if result.skipped else ""
    units, layers = _counted(sum(map(len, result.patches.values())), "unit"), _counted(len(result.patches), "layer")
    pictures = _counted(result.count, "picture")
    print(f"{out}: {units} of {layers} of {model}, from {pictures}{left_out}, in {seconds:.0f} s")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _row(patch) -> dict:
    return {"picture": patch.name, "unit": patch.unit, "value": patch.value, "box": patch.box}
