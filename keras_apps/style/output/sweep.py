"""One recipe with a value or two of it varied -> pictures side by side, labelled."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_apps import backbones
from keras_apps._checks import check_choice
from keras_apps._fonts import font_file
from keras_apps.images import Picture, is_one_picture, load_image, name_of, resize, scaled, to_uint8
from keras_apps.style.recipes.recipe import Recipe
from keras_apps.style.run import Progress, StyleResult, read_styles, transfer

if TYPE_CHECKING:
    import keras

PAPER, INK, MISSING = (255, 255, 255), (34, 34, 34), (190, 190, 190)
GAP = 6
"""Pixels between two pictures."""


def draw_sheet(
    pictures: Sequence[np.ndarray | None],
    headings: Mapping[str, Sequence[str]],
    content: np.ndarray,
    styles: Sequence[np.ndarray],
    cell: int = 256,
    thumbnails: Sequence[np.ndarray] | None = None,
) -> np.ndarray:
    """Lay pictures out with headings above and to the left, and content and style in the corner.

    Args:
        pictures: Floats `(h, w, 3)` in 0..1, row by row; all of the content's proportions; `None` is drawn grey.
        headings: `{axis: texts}`: of the columns alone, or of the rows and then of the columns. The axis named
            `"style"` has `thumbnails`.
        content: Floats `(h, w, 3)`, for the corner.
        styles: Style pictures, for the corner.
        cell: Longer side of a picture on the sheet, in pixels.
        thumbnails: The pictures of the axis `"style"`, drawn at their headings.

    Returns:
        float32 `(height, width, 3)`, RGB in 0..1.
    """
    axes = list(headings)
    columns = list(headings[axes[-1]])
    rows = [""] if len(axes) == 1 else list(headings[axes[0]])
    height, width = scaled(content, cell)
    small = max(cell // 3, 24)
    font = ImageFont.truetype(str(font_file()), max(11, cell // 18))
    named = [("content", content)]
    named += [("style" if len(styles) == 1 else f"style {i}", style) for i, style in enumerate(styles, 1)]
    corner = _row([_label([name], font, _thumbnail(picture, small)) for name, picture in named])
    pictured = [_thumbnail(picture, small) for picture in thumbnails or []]
    of_columns = pictured if pictured and axes[-1] == "style" else [None] * len(columns)
    of_rows = pictured if pictured and axes[0] == "style" and len(axes) == 2 else [None] * len(rows)
    tops = [_label(_wrapped(text, width, font), font, image) for text, image in zip(columns, of_columns, strict=True)]
    wide = max(small, cell // 2)
    sides = [_label(_wrapped(text, wide, font), font, image) for text, image in zip(rows, of_rows, strict=True)]

    left = GAP if len(axes) == 1 else max(label.width for label in sides) + 2 * GAP
    head = corner.height + 2 * GAP + max(label.height for label in tops) + GAP
    right = max(left + len(columns) * (width + GAP), corner.width + 2 * GAP)
    tall = max(height, *(label.height for label in sides))
    sheet = Image.new("RGB", (right, head + len(rows) * (tall + GAP)), PAPER)
    sheet.paste(corner, (GAP, GAP))
    for c, label in enumerate(tops):
        sheet.paste(label, (left + c * (width + GAP) + (width - label.width) // 2, head - GAP - label.height))
    for r, label in enumerate(sides):
        top = head + r * (tall + GAP)
        sheet.paste(label, (GAP, top + (tall - label.height) // 2))
        for c in range(len(columns)):
            place = (left + c * (width + GAP), top + (tall - height) // 2)
            sheet.paste(_cell(pictures[r * len(columns) + c], height, width), place)
    return np.asarray(sheet, np.float32) / 255


def _cell(picture: np.ndarray | None, height: int, width: int) -> Image.Image:
    if picture is None:
        return Image.new("RGB", (width, height), MISSING)
    return Image.fromarray(to_uint8(resize(picture, (height, width))))


def _thumbnail(picture: np.ndarray, size: int) -> Image.Image:
    return Image.fromarray(to_uint8(resize(picture, size)))


def _label(lines: list[str], font: ImageFont.FreeTypeFont, image: Image.Image | None = None) -> Image.Image:
    """Draw lines of text, centred, under a picture if there is one."""
    line, above = sum(font.getmetrics()), 0 if image is None else image.height + 2
    width = max([0 if image is None else image.width, *(ceil(font.getlength(text)) for text in lines)])
    label = Image.new("RGB", (max(width, 1), max(above + line * len(lines), 1)), PAPER)
    if image is not None:
        label.paste(image, ((width - image.width) // 2, 0))
    for i, text in enumerate(lines):
        ImageDraw.Draw(label).text((width / 2, above + i * line), text, INK, font, anchor="ma")
    return label


def _row(images: list[Image.Image]) -> Image.Image:
    """Put pictures side by side, standing on one line."""
    height = max(image.height for image in images)
    row = Image.new("RGB", (sum(image.width + GAP for image in images) - GAP, height), PAPER)
    x = 0
    for image in images:
        row.paste(image, (x, height - image.height))
        x += image.width + GAP
    return row


def _wrapped(text: str, width: int, font: ImageFont.FreeTypeFont) -> list[str]:
    """Break a text into lines that are not wider than `width` pixels, at spaces and, where needed, within words."""
    lines, current = [], ""
    for word in text.split(" "):
        longer = f"{current} {word}" if current else word
        if font.getlength(longer) <= width:
            current = longer
            continue
        if current:
            lines.append(current)
        while font.getlength(word) > width and len(word) > 1:
            fits = next(n for n in range(len(word) - 1, 0, -1) if n == 1 or font.getlength(word[:n]) <= width)
            lines.append(word[:fits])
            word = word[fits:]
        current = word
    return [*lines, current] if text else []


MOST_PICTURES = 100
"""The most pictures of a sweep; more are probably a mistake."""
LAYERS = ("content_layers", "style_layers")


@dataclass(frozen=True)
class Sweep:
    """The pictures of a sweep.

    Attributes:
        results: A `StyleResult` of each picture that was finished, row by row.
        image: The sheet, float32 `(h, w, 3)`, RGB in 0..1: rows for the first axis and columns for the second, or
            columns for the only one; pictures that Ctrl-C prevented are grey.
        recipes: The recipes of all pictures, row by row.
        interrupted: Whether Ctrl-C ended it.
    """

    results: list[StyleResult]
    image: np.ndarray
    recipes: list[Recipe]
    interrupted: bool


def sweep(
    content: Picture,
    style: Picture | Sequence[Picture],
    recipe: Recipe | None,
    axes: Mapping[str, Sequence],
    *,
    cell: int = 256,
    progress: Callable[[Progress], None] | None = None,
    **transfer_arguments: Any,
) -> Sweep:
    """Paint a picture with several values of one or two fields of a recipe, and lay the results out on a sheet.

    Args:
        content: As in `transfer`.
        style: As in `transfer`; a sweep over `"style"` puts its own pictures in its place.
        recipe: What all pictures share; `Recipe()` by default.
        axes: `{field: values}`, one or two: fields of a recipe, or `"style"` with pictures. A value of `style_layers`
            or `content_layers` may also be a layer's name, for that layer alone, or `"first..last"`, for the recipe's
            layers from one to the other; they share the sum of the recipe's lambdas.
        cell: Longer side of a picture on the sheet, in pixels.
        progress: Called after every step with the steps of all pictures counted together.
        transfer_arguments: Further arguments of `transfer`, for instance `masks`.

    Returns:
        A `Sweep`. Ctrl-C ends it, and gives the sheet of what is finished.

    Raises:
        ValueError: If there are no or more than two axes, no values, more than 100 pictures, an unknown field or layer,
            or a value out of its range. All this is checked before anything is painted.
        FileNotFoundError: If a picture does not exist.
        KeyboardInterrupt: On Ctrl-C before the first picture is finished.

    Example:
        >>> tried = sweep("bundled:astronaut", "bundled:vortices", Recipe(steps=60),
        ...               {"style_weight": [1, 10, 100], "pooling": ["max", "average"]})  # doctest: +SKIP
    """
    recipe = recipe or Recipe()
    values = check_axes(axes)
    if cell < 16:
        raise ValueError(f"expected a cell of at least 16 pixels, received {cell}")
    if "style" in values:
        values["style"] = [(load_image(picture), _name(picture, i)) for i, picture in enumerate(values["style"], 1)]
    shared_styles = [] if "style" in values else read_styles(style)
    C = load_image(content)
    cases = [dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())]
    recipes = [_varied(recipe, case, transfer_arguments.get("network")) for case in cases]
    styles = [[case["style"][0]] if "style" in case else shared_styles for case in cases]
    results = _paint(C, styles, recipes, progress, transfer_arguments)
    headings = {field: [_heading(field, value) for value in chosen] for field, chosen in values.items()}
    thumbnails = [picture for picture, _ in values["style"]] if "style" in values else None
    pictures = [result.image for result in results] + [None] * (len(cases) - len(results))
    image = draw_sheet(pictures, headings, C, shared_styles, cell, thumbnails)
    return Sweep(results, image, recipes, len(results) < len(cases))


def check_axes(axes: Mapping[str, Sequence]) -> dict[str, list]:
    """Return the axes with their values as lists.

    Raises:
        ValueError: If there are no or more than two, one has no values, a field does not exist, or there are more than
            100 pictures.
        TypeError: If they are not `{field: values}`.
    """
    if not isinstance(axes, Mapping):
        raise TypeError(f"expected axes as {{field: values}}, received {type(axes).__name__}")
    if not 1 <= len(axes) <= 2:
        raise ValueError(f"expected one or two axes to sweep over, received {len(axes)}")
    fields = [field.name for field in dataclasses.fields(Recipe)]
    for name, values in axes.items():
        check_choice("axis", name, ["style", *fields])
        if isinstance(values, Mapping) or is_one_picture(values) or not hasattr(values, "__iter__"):
            raise TypeError(f"expected a list of values for {name}, received {values!r:.100}")
    found = {name: list(values) for name, values in axes.items()}
    for name, values in found.items():
        if not values:
            raise ValueError(f"expected at least one value for {name}, received none")
    count = math.prod(map(len, found.values()))
    if count > MOST_PICTURES:
        raise ValueError(f"expected a sweep of at most {MOST_PICTURES} pictures, received one of {count}")
    return found


def layers_from(text: str, lambdas: Mapping[str, float], order: Sequence[str]) -> dict[str, float]:
    """Turn `"layer"` or `"first..last"` into layers with their weights, which have the sum of `lambdas`.

    Args:
        text: A layer, or two with two dots between: those of `lambdas` that lie in that range, both ends included.
        lambdas: `{layer: weight}`.
        order: All layers of the network, in the order of the data.

    Raises:
        ValueError: If a layer does not exist, or the range is empty.

    Example:
        >>> layers_from("b..c", {"a": 0.25, "b": 0.25, "c": 0.5}, ["a", "b", "x", "c"])
        {'b': 0.3333333333333333, 'c': 0.6666666666666666}
        >>> layers_from("x", {"a": 0.5, "b": 0.5}, ["a", "b", "x", "c"])
        {'x': 1.0}
    """
    first, _, last = text.partition("..")
    for layer in (first, last or first):
        check_choice("layer", layer, order)
    total = sum(lambdas.values())
    if not last:
        return {first: total}
    begin, end = order.index(first), order.index(last)
    inside = {k: w for k, w in lambdas.items() if begin <= order.index(k) <= end}
    if not sum(inside.values()):
        raise ValueError(f"expected a range that contains at least one of {', '.join(lambdas)}, received {text!r}")
    return {layer: total * weight / sum(inside.values()) for layer, weight in inside.items()}


def _varied(recipe: Recipe, case: dict, network: keras.Model | None) -> Recipe:
    changes = {field: value for field, value in case.items() if field != "style"}
    if "backbone" in changes:
        recipe = dataclasses.replace(recipe, backbone=changes.pop("backbone"))
    for field in LAYERS:
        if isinstance(changes.get(field), str):
            if recipe.backbone == "own" and network is not None:
                order = [layer.name for layer in network.layers]
            else:
                order = backbones.layer_names(recipe.resolved_backbone)
            changes[field] = layers_from(changes[field], getattr(recipe, f"resolved_{field}"), order)
    return dataclasses.replace(recipe, **changes)


def _paint(
    content: np.ndarray,
    styles: Sequence[Sequence[np.ndarray]],
    recipes: list[Recipe],
    progress: Callable[[Progress], None] | None,
    arguments: Mapping[str, Any],
) -> list[StyleResult]:
    results: list[StyleResult] = []
    try:
        for i, recipe in enumerate(recipes):
            seconds = sum(result.seconds for result in results)
            report = None if progress is None else _overall(progress, recipes, i, seconds)
            result = transfer(content, styles[i], recipe, progress=report, **arguments)
            if result.interrupted:
                raise KeyboardInterrupt
            results.append(result)
    except KeyboardInterrupt:
        if not results:
            raise
    return results


def _overall(
    progress: Callable[[Progress], None], recipes: list[Recipe], i: int, seconds: float
) -> Callable[[Progress], None]:
    """Return a callback for the i-th picture that passes the steps of all pictures to `progress`.

    Args:
        progress: The sweep's own callback.
        recipes: The recipes of all pictures.
        i: Which of them is being painted.
        seconds: That the pictures before it took.
    """
    work = [sum(steps * size**2 for size, steps in recipe.stages) for recipe in recipes]
    before, total = sum(recipe.steps for recipe in recipes[:i]), sum(recipe.steps for recipe in recipes)

    def report(p: Progress) -> None:
        done = sum(work[:i]) + p.step / p.steps * work[i]
        spent = seconds + p.seconds
        progress(Progress(before + p.step, total, p.size, p.cost, spent, spent * (sum(work) / done - 1), p.image))

    return report


def _name(picture: Picture, number: int) -> str:
    name = name_of(picture)
    return str(number) if name is None else os.path.splitext(name)[0].removeprefix("bundled:")


def _heading(field: str, value: Any) -> str:
    if field == "style":
        return f"style = {value[1]}"
    if isinstance(value, Mapping):
        value = ", ".join(f"{layer} {weight:g}" for layer, weight in value.items())
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{field} = {text.replace('..', ' to ')}"
