"""`keras-apps visualize patches`: checks, progress, the sheet, and what is said in the end."""

from __future__ import annotations

import itertools
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from keras_apps import backbones, images
from keras_apps._checks import check_choice
from keras_apps.cli import console
from keras_apps.cli import visualize_options as options
from keras_apps.visualize.patches.streams import listed

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

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
    console.load_tensorflow()
    network, scale = options.load_network(model, list(chosen), white)
    result, drives = _search(network, chosen, found, drive, scale, how)
    from keras_apps.visualize.patches.drawing import draw_patches

    images.save_image(draw_patches(result, drives, **sheet), out)
    _report(result, out, model, time.perf_counter() - began, as_json)


def _search(network: keras.Model, chosen: dict, pictures: list[str], drive: str, scale: float, how: dict) -> tuple:
    from keras_apps.visualize.patches.driving import driving
    from keras_apps.visualize.patches.patches import top_patches

    def preprocess(batch: tf.Tensor) -> Any:
        return batch * scale

    with console.progress_bar() as bar:
        task = bar.add_task("looking at pictures", total=len(pictures))

        def told(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        result = top_patches(network, chosen, pictures, preprocess=preprocess, progress=told, **how)
        if drive == "none":
            return result, None
        task = bar.add_task("what drives the units", total=None)
        return result, driving(network, result, drive, preprocess=preprocess, progress=told)


def _report(result: Any, out: str, model: str, seconds: float, as_json: bool) -> None:
    if as_json:
        layers = {}
        for layer, units in result.patches.items():
            field = asdict(result.fields[layer])
            del field["phases"]
            rows = {unit: [_row(patch) for patch in patches] for unit, patches in units.items()}
            layers[layer] = {"receptive_field": field, "units": rows}
        report = {"out": out, "model": model, "pictures": result.count, "skipped": result.skipped, "seconds": seconds}
        console.print_json(report | {"layers": layers})
        return
    for name, reason in itertools.islice(result.skipped.items(), SAID):
        console.say(f"left out: {name} ({reason})")
    if len(result.skipped) > SAID:
        console.say(f"left out: {len(result.skipped) - SAID} more")
    left_out = f", {len(result.skipped)} left out" if result.skipped else ""
    units, of_layers = _counted(sum(map(len, result.patches.values())), "unit"), _counted(len(result.patches), "layer")
    pictures = _counted(result.count, "picture")
    print(f"{out}: {units} of {of_layers} of {model}, from {pictures}{left_out}, in {seconds:.0f} s")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _row(patch: Any) -> dict:
    return {"picture": patch.name, "unit": patch.unit, "value": patch.value, "box": patch.box}


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
    console.load_tensorflow()
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
    _report_maximum(results, out, model, time.perf_counter() - began, as_json, face is not None)


def _chosen(model: str, layers: Any, units: Any, whole: bool, face: str | None) -> dict:
    """Return `{layer: units}`, checked as far as it can be without the network."""
    if face is not None:
        if model in options.BACKBONES:
            raise ValueError(f"expected --face with a face tower, for instance --model sface128, received {model}")
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


def _position(text: str | None) -> Any:
    if text is None or text == "center":
        return text
    try:
        row, column = (int(number) for number in text.split(","))
    except ValueError:
        raise ValueError(f"expected --position as ROW,COLUMN or center, received {text!r}") from None
    return row, column


def _encoding(network: keras.Model, face: str) -> Any:
    from keras_apps import faces  # the command line alone knows of both folders

    return faces.encode(network, [face])[0]


def _ascended(network: keras.Model, chosen: dict, whole: bool, how: dict) -> list:
    from keras_apps.visualize.graph import layer_output
    from keras_apps.visualize.maximization.ascent import maximize

    wanted = {}
    for layer, units in chosen.items():
        channels = layer_output(network, layer).shape[-1]
        wanted[layer] = None if whole else list(range(min(FIRST, channels))) if units is None else units
    results = []
    with console.progress_bar() as bar:
        for layer, units in wanted.items():
            task = bar.add_task(f"climbing, {layer}", total=how["steps"])

            def told(done: int, total: int | None, task: Any = task) -> None:
                bar.update(task, completed=done, total=total)

            results.append(maximize(network, layer, units, progress=told, **how))
            if results[-1].interrupted:
                break
    return results


def _labelled(result: Any, face: str | None) -> list:
    if face is not None:
        words = [f"squared distance {-b:.3g} to {-a:.3g}" for b, a in zip(result.before, result.after, strict=True)]
    else:
        names = [f"unit {unit}" for unit in result.units] if result.units else ["layer"] * len(result.images)
        rows = zip(names, result.before, result.after, strict=True)
        words = [f"{name}: {before:.3g} to {after:.3g}" for name, before, after in rows]
    return list(zip(words, result.images, strict=True))


def _report_maximum(results: list, out: str, model: str, seconds: float, as_json: bool, is_face: bool) -> None:
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
        console.print_json(report)
        return
    ended = f"interrupted after {len(results[-1].history)} steps, " if interrupted else ""
    pictures = f"{count} picture{'' if count == 1 else 's'}"
    layers = f"{len(results)} layer{'' if len(results) == 1 else 's'}"
    print(f"{out}: {pictures} of {layers} of {model}, {ended}in {seconds:.0f} s")


def draw_sheet_of_filters(
    out: str, model: str, layer: str | None, units: list[int] | None, sheet: dict, as_json: bool
) -> None:
    """Draw a convolution's filters and write the sheet; arguments as the options, `sheet` those of `draw_filters`."""
    images.check_output(out)
    options.check_model(model)
    if model in options.BACKBONES and layer is not None:
        backbones.check_layers(model, [layer])
    console.load_tensorflow()
    first = backbones.layer_names(model)[0] if model in options.BACKBONES else None
    network, _ = options.load_network(model, [name for name in (layer or first,) if name is not None])
    from keras_apps.visualize import kernels

    name = layer or kernels.first_convolution(network)
    drawn = kernels.draw_filters(network, name, units or None, **sheet)
    images.save_image(drawn, out)
    count = len(units) if units else len(kernels.filters(network, name, channel=sheet["channel"]))
    if as_json:
        console.print_json({"out": out, "model": model, "layer": name, "filters": count})
    else:
        print(f"{out}: {count} filter{'' if count == 1 else 's'} of {name} of {model}")


def draw_sheet_of_maps(
    picture: str,
    out: str,
    model: str,
    layers: list[str] | None,
    units: list[int] | None,
    size: int | None,
    white: float | None,
    sheet: dict,
    as_json: bool,
) -> None:
    """Draw the activation maps of a picture and write the sheet; arguments as the options."""
    images.check_output(out)
    options.check_model(model, white)
    chosen = options.chosen_layers(model, layers, units)
    if model in options.BACKBONES:
        backbones.check_layers(model, chosen)
    pixels = images.load_image(picture)
    console.load_tensorflow()
    network, scale = options.load_network(model, list(chosen), white)
    from keras_apps.visualize.maps import activation_maps, draw_maps

    found = activation_maps(network, pixels, list(chosen), size=size, value_range=(0.0, scale))
    images.save_image(draw_maps(found, chosen, **sheet), out)
    if as_json:
        rows = {
            layer: {"shape": list(values.shape), "peaks": values.max(axis=(0, 1)).tolist()}
            for layer, values in found.items()
        }
        console.print_json({"out": out, "model": model, "picture": images.shown(picture), "layers": rows})
    else:
        print(f"{out}: {len(found)} layer{'' if len(found) == 1 else 's'} of {model} on {images.shown(picture)}")


def draw_map_of_occlusion(
    probe: str, enrolled: str, out: str, model: str, how: dict, aligned: bool, as_json: bool
) -> None:
    """Draw which part of a face decides a verification; arguments as the options, `how` those of `occlusion_map`."""
    images.check_output(out)
    if not model.endswith(".keras"):
        check_choice("face tower", model, (*options.TOWERS, "*.keras"))
    options.check_model(model)
    for picture in (probe, enrolled):
        images.load_image(picture)
    console.load_tensorflow()
    tower, scale = options.load_network(model)
    crop, encoding, tau = _verification(tower, probe, enrolled, aligned)
    from keras_apps.visualize.occlusion import distance_to, draw_occlusion, occlusion_map

    with console.progress_bar() as bar:
        task = bar.add_task("covering parts", total=None)

        def told(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        found = occlusion_map(distance_to(tower, encoding, white=scale), crop, progress=told, **how)
    against = "" if tau is None else f", accepted up to {tau:.3g}"
    title = f"squared distance {found.whole:.3g}{against}"
    images.save_image(draw_occlusion(crop, found, score="squared distance", title=title), out)
    row, column = (int(n) for n in divmod(int(found.changes.argmax()), found.changes.shape[1]))
    top, left = found.tops[row], found.lefts[column]
    if as_json:
        report = {"out": out, "model": model, "distance": found.whole, "tau": tau, "patch": found.patch}
        report |= {"tops": found.tops, "lefts": found.lefts, "changes": found.changes.tolist()}
        console.print_json(report | {"decides": {"top": top, "left": left, "change": float(found.changes.max())}})
    else:
        change = f"{found.changes.max():+.3g} when rows {top}..{top + found.patch[0] - 1}, columns"
        print(f"{out}: {title}; {change} {left}..{left + found.patch[1] - 1} are covered")


def _verification(tower: keras.Model, probe: str, enrolled: str, aligned: bool) -> tuple:
    """Return the probe's crop, float in 0..1, the enrolled encoding, and the tower's bundled tau or `None`."""
    from keras_apps import faces  # the command line alone knows of both folders
    from keras_apps.faces.detection import some_faces
    from keras_apps.faces.encoding import resize_chip
    from keras_apps.faces.judging.calibration import Threshold

    encoding = faces.encode(tower, [enrolled], aligned=aligned)[0]
    if aligned:
        crop = images.load_image(probe)
        wanted = tuple(tower.input_shape[1:3])
        if None not in wanted and crop.shape[:2] != wanted:
            raise ValueError(
                f"expected an aligned crop of {wanted}, received {images.describe(probe)} of {crop.shape[:2]}"
            )
    else:
        crop = images.load_image(resize_chip(some_faces(probe, tower)[0].image, tower))
    threshold = Threshold.bundled_for(faces.fingerprint(tower))
    return crop, encoding, None if threshold is None else threshold.tau
