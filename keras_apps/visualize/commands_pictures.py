"""`keras-apps visualize filters | maps | occlusion`: checks, drawing, and what is said in the end."""

from __future__ import annotations

from keras_apps import _console, backbones, images
from keras_apps._choices import check_choice
from keras_apps.visualize import commands_options as options


def draw_sheet_of_filters(
    out: str, model: str, layer: str | None, units: list[int] | None, sheet: dict, as_json: bool
) -> None:
    """Draw a convolution's filters and write the sheet; arguments as the options, `sheet` those of `draw_filters`."""
    images.check_output(out)
    options.check_model(model)
    if model in options.BACKBONES and layer is not None:
        backbones.check_layers(model, [layer])
    _console.load_tensorflow()
    first = backbones.layer_names(model)[0] if model in options.BACKBONES else None
    network, _ = options.load_network(model, [layer or first])
    from keras_apps.visualize import kernels

    name = layer or kernels.first_convolution(network)
    drawn = kernels.draw_filters(network, name, units or None, **sheet)
    images.save_image(drawn, out)
    count = len(units) if units else len(kernels.filters(network, name, channel=sheet["channel"]))
    if as_json:
        _console.print_json({"out": out, "model": model, "layer": name, "filters": count})
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
    _console.load_tensorflow()
    network, scale = options.load_network(model, list(chosen), white)
    from keras_apps.visualize.maps import activation_maps, draw_maps

    found = activation_maps(network, pixels, list(chosen), size=size, value_range=(0.0, scale))
    images.save_image(draw_maps(found, chosen, **sheet), out)
    if as_json:
        rows = {
            layer: {"shape": list(values.shape), "peaks": values.max(axis=(0, 1)).tolist()}
            for layer, values in found.items()
        }
        _console.print_json({"out": out, "model": model, "picture": picture, "layers": rows})
    else:
        print(f"{out}: {len(found)} layer{'' if len(found) == 1 else 's'} of {model} on {picture}")


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
    _console.load_tensorflow()
    tower, scale = options.load_network(model)
    crop, encoding, tau = _verification(tower, probe, enrolled, aligned)
    from keras_apps.visualize.occlusion import distance_to, occlusion_map
    from keras_apps.visualize.occlusion_drawing import draw_occlusion

    with _console.progress_bar() as bar:
        task = bar.add_task("covering parts", total=None)

        def told(done, total) -> None:
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
        _console.print_json(report | {"decides": {"top": top, "left": left, "change": float(found.changes.max())}})
    else:
        change = f"{found.changes.max():+.3g} when rows {top}..{top + found.patch[0] - 1}, columns"
        print(f"{out}: {title}; {change} {left}..{left + found.patch[1] - 1} are covered")


def _verification(tower, probe: str, enrolled: str, aligned: bool) -> tuple:
    """Return the probe's crop, float in 0..1, the enrolled encoding, and the tower's bundled tau or `None`."""
    from keras_apps import faces  # the command line alone knows of both folders
    from keras_apps.faces.calibration import Threshold
    from keras_apps.faces.detect import some_faces
    from keras_apps.faces.encoding import fitted

    encoding = faces.encode(tower, [enrolled], aligned=aligned)[0]
    if aligned:
        crop = images.load_image(probe)
        wanted = tuple(tower.input_shape[1:3])
        if None not in wanted and crop.shape[:2] != wanted:
            raise ValueError(f"expected an aligned crop of {wanted}, received '{probe}' of {crop.shape[:2]}")
    else:
        crop = images.load_image(fitted(some_faces(probe)[0].image, tower))
    threshold = Threshold.bundled_for(faces.fingerprint(tower))
    return crop, encoding, None if threshold is None else threshold.tau
