"""`keras-apps visualize maximize`: checks, progress, the sheet, and what is said in the end."""

from __future__ import annotations

import time

from keras_apps import _console, backbones, images
from keras_apps.visualize import commands_options as options

FIRST = 4
"""Units of a layer where none are named."""
LARGEST_CELL = 2048
USUAL_CELLS = 128, 512
"""Least and largest side of a picture on the sheet, in pixels, where none is named."""


def draw_maximized(
    out: str,
    model: str,
    layers: list[str] | None,
    units: list[int] | None,
    whole: bool,
    face: str | None,
    position: str | None,
    white: float | None,
    how: dict,
    sheet: dict,
    as_json: bool,
) -> None:
    """Make the pictures and write the sheet.

    Args:
        out: The sheet's file.
        model, layers, units, white: As the options.
        whole: Whether whole layers are excited.
        face: A picture of a person, or `None`.
        position: `"center"`, `"ROW,COLUMN"` or `None`.
        how: Further arguments of `maximize`.
        sheet: Further arguments of `labelled_sheet`.
        as_json: Whether to print JSON.
    """
    images.check_output(out)
    options.check_model(model, white)
    place = _position(position)
    if how["start"] is not None:
        how = how | {"start": images.load_image(how["start"])}
    if not 8 <= (sheet["cell"] or 8) <= LARGEST_CELL or sheet["columns"] < 1:
        raise ValueError(
            f"expected --cell from 8 to {LARGEST_CELL} and --columns of at least 1, "
            f"received {sheet['cell']} and {sheet['columns']}"
        )
    chosen = _chosen(model, layers, units, whole, face)
    began = time.perf_counter()
    _console.load_tensorflow()
    network, scale = options.load_network(model, list(chosen) if model in options.BACKBONES else None, white)
    channels = network.inputs[0].shape[-1]
    if channels not in (1, 3):
        raise ValueError(f"expected a model of RGB or grey pictures, received one of {channels} channels")
    how = how | {"position": place, "value_range": (0.0, scale)}
    if face is not None:
        chosen, how = {network.layers[-1].name: _encoding(network, face)}, how | {"measure": "distance"}
    results = _ascended(network, chosen, whole, how)
    from keras_apps.visualize.labelling import labelled_sheet

    blocks = {f"{result.layer} of {model}": _labelled(result, face) for result in results}
    side = max(max(result.images.shape[1:3]) for result in results)
    cell = sheet["cell"] or min(max(side, USUAL_CELLS[0]), USUAL_CELLS[1])
    images.save_image(labelled_sheet(blocks, cell=cell, columns=sheet["columns"]), out)
    _report(results, out, model, time.perf_counter() - began, as_json, face is not None)


def _chosen(model: str, layers, units, whole: bool, face: str | None) -> dict:
    """Return `{layer: units}`, checked as far as it can be without the network."""
    if face is not None:
        if model in options.BACKBONES:
            raise ValueError(f"expected --face with a face tower, for instance --model resnet128, received {model}")
        if layers or units or whole:
            raise ValueError("expected --face without --layer, --unit and --whole, received both")
        images.load_image(face)
        return {}
    chosen = options.chosen_layers(model, layers, units)
    if whole and any(chosen.values()):
        raise ValueError("expected --whole without units, received both")
    if model in options.BACKBONES:
        backbones.check_layers(model, chosen)
    return chosen


def _position(text: str | None):
    if text is None or text == "center":
        return text
    try:
        row, column = (int(number) for number in text.split(","))
    except ValueError:
        raise ValueError(f"expected --position as ROW,COLUMN or center, received {text!r}") from None
    return row, column


def _encoding(network, face: str):
    from keras_apps import faces  # the command line alone knows of both folders

    return faces.encode(network, [face])[0]


def _ascended(network, chosen: dict, whole: bool, how: dict) -> list:
    from keras_apps.visualize.ascent import maximize
    from keras_apps.visualize.graph import layer_output

    wanted = {}
    for layer, units in chosen.items():
        channels = layer_output(network, layer).shape[-1]
        wanted[layer] = None if whole else list(range(min(FIRST, channels))) if units is None else units
    results = []
    with _console.progress_bar() as bar:
        for layer, units in wanted.items():
            task = bar.add_task(f"climbing, {layer}", total=how["steps"])

            def told(done, total, task=task) -> None:
                bar.update(task, completed=done, total=total)

            results.append(maximize(network, layer, units, progress=told, **how))
            if results[-1].interrupted:
                break
    return results


def _labelled(result, face: str | None) -> list:
    if face is not None:
        words = [f"squared distance {-b:.3g} to {-a:.3g}" for b, a in zip(result.before, result.after, strict=True)]
    else:
        names = [f"unit {unit}" for unit in result.units] if result.units else ["layer"] * len(result.images)
        rows = zip(names, result.before, result.after, strict=True)
        words = [f"{name}: {before:.3g} to {after:.3g}" for name, before, after in rows]
    return list(zip(words, result.images, strict=True))


def _report(results: list, out: str, model: str, seconds: float, as_json: bool, is_face: bool) -> None:
    interrupted, count = results[-1].interrupted, sum(len(result.images) for result in results)
    if as_json:
        rows = {
            result.layer: {
                "units": result.units,
                "measure": "squared distance" if is_face else "activation",
                "before": (-result.before if is_face else result.before).tolist(),
                "after": (-result.after if is_face else result.after).tolist(),
                "steps": len(result.history),
            }
            for result in results
        }
        report = {"out": out, "model": model, "layers": rows, "seconds": seconds, "interrupted": interrupted}
        _console.print_json(report)
        return
    ended = f"interrupted after {len(results[-1].history)} steps, " if interrupted else ""
    pictures = f"{count} picture{'' if count == 1 else 's'}"
    layers = f"{len(results)} layer{'' if len(results) == 1 else 's'}"
    print(f"{out}: {pictures} of {layers} of {model}, {ended}in {seconds:.0f} s")
