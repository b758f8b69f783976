"""Pictures with a few words each -> one sheet, row by row under headings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PAPER, INK, FAINT = (255, 255, 255), (34, 34, 34), (110, 110, 110)
GAP = 8
"""Pixels between two pictures."""
Labelled = tuple[str, np.ndarray]


def labelled_sheet(blocks: Mapping[str, Sequence[Labelled]], cell: int = 96, columns: int = 9) -> np.ndarray:
    """Lay labelled pictures out in rows, each block of them under its heading.

    Args:
        blocks: `{heading: [(label, picture), ...]}`; pictures float `(h, w, 3)` or `(h, w)` in 0..1, enlarged or shrunk
            so that the longer side is `cell`.
        cell: In pixels.
        columns: Pictures side by side.

    Returns:
        float32 `(height, width, 3)`, RGB in 0..1.

    Raises:
        ValueError: If a size is too small, or there is no picture.

    Example:
        >>> labelled_sheet({"two": [("a", np.zeros((8, 8))), ("b", np.ones((8, 8, 3)))]}, cell=32).shape[2]
        3
    """
    if cell < 8 or columns < 1:
        raise ValueError(f"expected a cell of at least 8 pixels and 1 column, received {cell} and {columns}")
    if not any(len(block) for block in blocks.values()):
        raise ValueError("expected at least one picture, received none")
    font, small = (ImageFont.truetype(str(_font()), size) for size in (max(12, cell // 7), max(9, cell // 10)))
    line, small_line = sum(font.getmetrics()), sum(small.getmetrics())
    texts = [label for block in blocks.values() for label, _ in block]
    wide = max(cell, math.ceil(max(small.getlength(text) for text in texts)))
    columns = min(columns, max(len(block) for block in blocks.values()))
    step = small_line + cell + GAP
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
    image = Image.fromarray(np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)).convert("RGB")
    factor = cell / max(image.size)
    kind = Image.NEAREST if factor >= 2 else Image.LANCZOS
    return image.resize([max(1, round(side * factor)) for side in image.size], kind)


def _font() -> Path:
    """Return DejaVu Sans, which travels with matplotlib."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
