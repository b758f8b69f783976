"""Patches, and what drives them -> one labelled sheet, as the figure of Zeiler and Fergus."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_apps._checks import is_whole
from keras_apps._fonts import font_file
from keras_apps.visualize.patches.patches import Patch, TopPatches

PAPER, INK, FAINT = (255, 255, 255), (34, 34, 34), (110, 110, 110)
GAP = 12
"""Pixels between two units."""
SEAM = 2
"""Pixels between two patches."""
STRONGEST = 99
"""Percentile of a patch's driving values that is drawn at full contrast."""


def draw_patches(
    found: TopPatches,
    drives: Mapping[str, Mapping[int, Sequence[np.ndarray]]] | None = None,
    *,
    cell: int = 56,
    columns: int = 3,
    names: Mapping[int, str] | None = None,
) -> np.ndarray:
    """Lay the patches of each unit out in a square, layer by layer, and beside them what in each drives the unit.

    Args:
        found: What `top_patches` returned, for pictures.
        drives: What `driving` returned; 0 is drawn grey, what raises the unit brighter, what lowers it darker, each
            patch at its own contrast.
        cell: Side of a patch on the sheet, in pixels; small patches are enlarged, large ones shrunk.
        columns: Units side by side.
        names: What is written over a unit, `{unit: text}`, in place of its number.

    Returns:
        float32 `(height, width, 3)`, RGB in 0..1. Over each layer stands how many pixels a unit sees, and over each
        unit its activation in its best and its last patch.

    Raises:
        ValueError: If the patches are not of pictures, a size is too small, or `drives` lacks a unit.

    Reference:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, figure 2.
    """
    if not (is_whole(cell) and cell >= 8 and is_whole(columns) and columns >= 1):
        raise ValueError(
            f"expected a cell of at least 8 whole pixels and at least 1 column, received {cell!r} and {columns!r}"
        )
    flat = [patch for units in found.patches.values() for patches in units.values() for patch in patches]
    if any(patch.image.ndim != 3 or patch.image.shape[2] != 3 for patch in flat):
        raise ValueError("expected patches of RGB pictures, received arrays of another kind")
    most = max(len(patches) for units in found.patches.values() for patches in units.values())
    side = math.isqrt(max(most, 1) - 1) + 1
    font, small = (ImageFont.truetype(str(font_file()), size) for size in (max(13, cell // 3), max(10, cell // 5)))
    blocks = []
    for layer, units in found.patches.items():
        drawn = []
        for unit, patches in units.items():
            driven = None if drives is None else drives.get(layer, {}).get(unit)
            if drives is not None and driven is None:
                raise ValueError(
                    f"expected what drives unit {unit} of '{layer}', as `driving` returns it, received none"
                )
            drawn.append(_unit(patches, driven, (names or {}).get(unit, f"unit {unit}"), side, cell, small))
        blocks.append((_heading(found, layer), drawn))
    wide = max(image.width for _, drawn in blocks for image in drawn)
    columns = min(columns, max(len(drawn) for _, drawn in blocks))
    line = sum(font.getmetrics())
    rows = [math.ceil(len(drawn) / columns) for _, drawn in blocks]
    tall = max(image.height for _, drawn in blocks for image in drawn)
    height = GAP + sum(line + GAP // 2 + n * (tall + GAP) + GAP for n in rows)
    width = max(GAP + columns * (wide + GAP), *(math.ceil(font.getlength(text)) + 2 * GAP for text, _ in blocks), 0)
    sheet = Image.new("RGB", (width, height), PAPER)
    y = GAP
    for (text, drawn), count in zip(blocks, rows, strict=True):
        ImageDraw.Draw(sheet).text((GAP, y), text, INK, font)
        y += line + GAP // 2
        for number, image in enumerate(drawn):
            sheet.paste(image, (GAP + number % columns * (wide + GAP), y + number // columns * (tall + GAP)))
        y += count * (tall + GAP) + GAP
    return np.asarray(sheet, np.float32) / 255


def _heading(found: TopPatches, layer: str) -> str:
    field = found.fields[layer]
    seen = " x ".join(f"{size}" for size in field.size)
    if not any(field.stride):
        return f"{layer}: a unit sees {seen} pixels, all of the picture"
    apart = " x ".join(f"{stride:g}" for stride in field.stride)
    return f"{layer}: a unit sees {seen} pixels; neighbours are {apart} pixels apart"


def _unit(patches: Sequence[Patch], driven: Any, name: str, side: int, cell: int, font: Any) -> Image.Image:
    """Draw the patches of one unit, what drives them to the left, and the label above."""
    squares = [_square([patch.image for patch in patches], side, cell)]
    if driven is not None:
        squares.insert(0, _square([_shown(values) for values in driven], side, cell))
    line, width = sum(font.getmetrics()), squares[0].width
    image = Image.new("RGB", (len(squares) * (width + SEAM) - SEAM, line + 2 + squares[0].height), PAPER)
    values = f"{patches[0].value:.3g} to {patches[-1].value:.3g}" if patches else "no patch"
    label = f"{name}: activation {values}"
    if not patches or font.getlength(label) > image.width:
        label = f"{name}: {values}"
    ImageDraw.Draw(image).text((0, 0), label, FAINT, font)
    for number, square in enumerate(squares):
        image.paste(square, (number * (width + SEAM), line + 2))
    return image


def _square(images: Sequence[np.ndarray], side: int, cell: int) -> Image.Image:
    full = side * (cell + SEAM) - SEAM
    square = Image.new("RGB", (full, full), PAPER)
    for number, pixels in enumerate(images):
        kind = Image.Resampling.NEAREST if max(pixels.shape[:2]) * 2 <= cell else Image.Resampling.LANCZOS
        patch = Image.fromarray(pixels)
        factor = cell / max(patch.size)
        patch = patch.resize([max(1, round(n * factor)) for n in patch.size], kind)
        x, y = number % side * (cell + SEAM), number // side * (cell + SEAM)
        square.paste(patch, (x + (cell - patch.width) // 2, y + (cell - patch.height) // 2))
    return square


def _shown(values: np.ndarray) -> np.ndarray:
    """Return driving values as a picture: 0 grey, the strongest at full contrast."""
    strongest = np.percentile(np.abs(values), STRONGEST) or np.abs(values).max() or 1.0
    return np.rint(np.clip(127.5 + 127.5 * values / strongest, 0, 255)).astype(np.uint8)
