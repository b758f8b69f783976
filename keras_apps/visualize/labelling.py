"""Pictures with a few words each -> one sheet, row by row under headings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_apps import images
from keras_apps._checks import is_whole
from keras_apps._fonts import font_file

PAPER, INK, FAINT = (255, 255, 255), (34, 34, 34), (110, 110, 110)
GAP = 8
"""Pixels between two pictures."""
Labelled = tuple[str, np.ndarray]


def labelled_sheet(blocks: Mapping[str, Sequence[Labelled]], cell: int = 96, columns: int = 9) -> np.ndarray:
    """Lay labelled pictures out in rows, each block of them under its heading.

    Args:
        blocks: `{heading: [(label, picture), ...]}`; pictures float `(h, w, 3)`, `(h, w, 1)` or `(h, w)` in 0..1,
            enlarged or shrunk so that the longer side is `cell`.
        cell: In pixels.
        columns: Pictures side by side.

    Returns:
        float32 `(height, width, 3)`, RGB in 0..1.

    Raises:
        ValueError: If a size is too small, the sheet would be larger than `images.MAX_PIXELS`, there is no picture, or
            one has other channels.

    Example:
        >>> labelled_sheet({"two": [("a", np.zeros((8, 8))), ("b", np.ones((8, 8, 3)))]}, cell=32).shape[2]
        3
    """
    if not (is_whole(cell) and cell >= 8 and is_whole(columns) and columns >= 1):
        raise ValueError(
            f"expected a cell of at least 8 whole pixels and at least 1 column, received {cell!r} and {columns!r}"
        )
    shapes = [np.shape(picture) for block in blocks.values() for _, picture in block]
    if not shapes:
        raise ValueError("expected at least one picture, received none")
    for shape in shapes:
        if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3)):
            raise ValueError(f"expected pictures (h, w, 3), (h, w, 1) or (h, w), received shape {shape}")
    if len(shapes) * cell**2 > images.MAX_PIXELS:
        raise ValueError(
            f"expected a sheet of at most {images.MAX_PIXELS:,} pixels, received {len(shapes)} cells of {cell} x {cell}"
        )
    font, small = (
        ImageFont.truetype(str(font_file()), size)
        for size in (_between(12, cell // 7, 28), _between(9, cell // 10, 18))
    )
    line, small_line = sum(font.getmetrics()), sum(small.getmetrics())
    blocks = {" ".join(k.split()): [(" ".join(t.split()), p) for t, p in block] for k, block in blocks.items()}
    texts = [label for block in blocks.values() for label, _ in block]
    wide = max(cell, math.ceil(max(small.getlength(text) for text in texts)))
    columns = min(columns, max(len(block) for block in blocks.values()))
    tall = max(_size(shape, cell)[1] for shape in shapes)
    step = small_line + tall + GAP
    height = GAP + sum(line + GAP + math.ceil(len(block) / columns) * step for block in blocks.values())
    headings = max(math.ceil(font.getlength(text)) for text in blocks)
    sheet = Image.new("RGB", (max(columns * (wide + GAP), headings + GAP) + GAP, height), PAPER)
    pen, top = ImageDraw.Draw(sheet), GAP
    for heading, block in blocks.items():
        pen.text((GAP, top), heading, INK, font)
        top += line + GAP // 2
        for number, (label, picture) in enumerate(block):
            x, y = GAP + number % columns * (wide + GAP), top + number // columns * step
            pen.text((x, y), label, FAINT, small)
            sheet.paste(_fitted(picture, cell), (x, y + small_line))
        top += math.ceil(len(block) / columns) * step + GAP // 2
    return np.asarray(sheet, np.float32) / 255


def _fitted(picture: np.ndarray, cell: int) -> Image.Image:
    picture = picture[..., 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture
    image = Image.fromarray(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)).convert("RGB")
    kind = Image.Resampling.NEAREST if cell >= 2 * max(image.size) else Image.Resampling.LANCZOS
    return image.resize(_size(picture.shape, cell), kind)


def _size(shape: Sequence[int], cell: int) -> tuple[int, int]:
    """Return width and height on the sheet, in pixels, of a picture of that shape."""
    height, width = (max(1, round(side * cell / max(shape[:2]))) for side in shape[:2])
    return width, height


def _between(least: int, number: int, most: int) -> int:
    return max(least, min(number, most))
