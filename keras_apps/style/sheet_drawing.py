"""Pictures and what was varied -> one labelled sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_apps._fonts import font_file
from keras_apps.images import resize, scaled, to_uint8

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
    pictured = [None if thumbnails is None else _thumbnail(picture, small) for picture in thumbnails or columns]
    of_columns = pictured if axes[-1] == "style" else [None] * len(columns)
    of_rows = pictured if axes[0] == "style" and len(axes) == 2 else [None] * len(rows)
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
