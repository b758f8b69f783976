"""Faces and their names -> boxes and labels on the picture."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from keras_apps._fonts import font_file
from keras_apps.faces.detection import FaceCrop
from keras_apps.faces.gallery.decisions import Box, Identification
from keras_apps.images import Picture, load_image, to_uint8

Font: TypeAlias = "ImageFont.FreeTypeFont"

NOT_RECOGNISED, TOO_POOR = "not recognised", "too poor to tell"
NAMED, UNNAMED, FOUND = (0, 110, 60), (190, 60, 0), (30, 80, 160)
"""Colours of a face with a name, without one, and of one that nobody was asked about."""
INK = (255, 255, 255)
SMALLEST_TEXT, LARGEST_TEXT = 12, 96
LONGEST_NAME = 40
"""Characters of a name; what is longer is cut, with an ellipsis."""
FURTHER_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "wqy-zenhei.ttc",
    "wqy-microhei.ttc",
    "DroidSansFallbackFull.ttf",
    "msyh.ttc",
    "YuGothM.ttc",
    "malgun.ttf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "AppleSDGothicNeo.ttc",
    "Arial Unicode.ttf",
    "ARIALUNI.TTF",
)
"""Fonts for names that DejaVu Sans lacks letters for; Pillow looks for them where each system keeps its fonts."""


def draw(
    picture: Picture,
    faces: Sequence[Identification | FaceCrop],
    *,
    font: str | os.PathLike | None = None,
) -> np.ndarray:
    """Draw a box around each face, and its name beside it.

    Named faces are green, faces that were not recognised, or are too poor to tell, orange, and faces that nobody was
    asked about (`FaceCrop`) blue. Lines and letters grow with the picture and with the face. A label stands above its
    box, or else below, inside or beside it: where it fits into the picture and covers least of the faces and of other
    labels.

    Args:
        picture: As `images.load_image` takes; the one in which the faces were found.
        faces: Answers of `Gallery.identify`, or faces of `find_faces`, or both. An answer without a box (for an
            aligned chip) is about the whole picture.
        font: A font file, .ttf, .otf or .ttc. By default DejaVu Sans, which has Latin, Greek and Cyrillic letters; for
            names with others, Chinese ones for instance, the first usual font of the system that has them. A letter
            that no font has is written as its number, as in `\\u5f20`.

    Returns:
        uint8 `(h, w, 3)`, RGB.

    Raises:
        ValueError: If the picture cannot be read, or the font file is not a font.
        FileNotFoundError: If the picture or the font file does not exist.
        TypeError: If something among `faces` is neither an `Identification` nor a `FaceCrop`.

    Example:
        >>> from keras_apps import faces
        >>> found = faces.find_faces("bundled:astronaut")
        >>> draw("bundled:astronaut", found).shape
        (512, 512, 3)
    """
    for face in faces:
        if not isinstance(face, (Identification, FaceCrop)):
            raise TypeError(f"expected answers of identify or faces of find_faces, received {type(face).__name__}")
    if font is not None:
        _check_font(font)
    labelled = [(face.box, label(face), _color(face)) for face in faces]
    return draw_boxes(to_uint8(load_image(picture)), labelled, None if font is None else os.fspath(font))


def label(face: Identification | FaceCrop) -> str:
    """Return the words beside a face: its name, "not recognised", "too poor to tell", or nothing."""
    if isinstance(face, FaceCrop):
        return ""
    if face.poor:
        return TOO_POOR
    return NOT_RECOGNISED if face.name is None else face.name


def _color(face: Identification | FaceCrop) -> tuple[int, int, int]:
    if isinstance(face, FaceCrop):
        return FOUND
    return UNNAMED if face.name is None else NAMED


def draw_boxes(
    pixels: np.ndarray, labelled: Sequence[tuple[Box | None, str, tuple[int, int, int]]], font: str | None = None
) -> np.ndarray:
    """Draw boxes with labels.

    Args:
        pixels: uint8 `(h, w, 3)`, RGB; not changed.
        labelled: `(box, text, colour)` of each face, the box `None` for the whole picture.
        font: As for `draw`.

    Returns:
        uint8 `(h, w, 3)`.
    """
    image = Image.fromarray(pixels)
    canvas = ImageDraw.Draw(image)
    width, height = image.size
    boxes = [_inside(box or (0, 0, width, height), width, height) for box, _, _ in labelled]
    for box, (_, _, color) in zip(boxes, labelled, strict=True):
        canvas.rectangle(box, outline=color, width=_line(box, width, height))
    occupied: list[Box] = []
    for number, (box, (_, text, color)) in enumerate(zip(boxes, labelled, strict=True)):
        if not text:
            continue
        words, letters, size = _fitting(_shortened(text), _text_size(box, width, height), width, font)
        pad = max(1, round(letters.size / 6))
        place = _place(box, size, (width, height), boxes[:number] + boxes[number + 1 :], occupied)
        occupied.append(place)
        canvas.rectangle(place, fill=color)
        canvas.text((place[0] + pad, place[1] + pad), words, fill=INK, font=letters, anchor="la")
    return np.asarray(image)


def _inside(box: Box, width: int, height: int) -> Box:
    """Cut a box off at the picture's edges, so that its lines can be seen."""
    left, top = (min(max(0, value), most - 1) for value, most in zip(box[:2], (width, height), strict=True))
    right, bottom = (
        min(max(least, value), most - 1)
        for value, least, most in zip(box[2:], (left, top), (width, height), strict=True)
    )
    return (left, top, right, bottom)


def _line(box: Box, width: int, height: int) -> int:
    """Return a line's width in pixels: at least 1, a 250th of the picture's longer side, a 20th of the box at most."""
    side = min(box[2] - box[0], box[3] - box[1])
    return max(1, min(round(max(width, height) / 250), round(side / 20)))


def _text_size(box: Box, width: int, height: int) -> int:
    """Return the letters' size in pixels: a sixth of the box's width, within what the picture lets one read."""
    least = max(SMALLEST_TEXT, round(max(width, height) / 60))
    return int(min(max((box[2] - box[0]) / 6, least), max(least, LARGEST_TEXT, max(width, height) / 30)))


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"


def _fitting(text: str, size: int, width: int, font: str | None) -> tuple[str, Font, tuple[int, int]]:
    """Return the text, its letters, and the label's width and height, made smaller until it fits into the picture."""
    while True:
        words, letters = _letters(text, size, font)
        pad = max(1, round(size / 6))
        left, _, right, _ = letters.getbbox(words, anchor="la")
        wide, high = int(right - min(0, left)) + 2 * pad, sum(letters.getmetrics()) + 2 * pad
        if wide <= width or size <= 8:
            return words, letters, (wide, high)
        size = max(8, min(size - 1, int(size * width / wide)))


def _place(
    box: Box, size: tuple[int, int], picture: tuple[int, int], others: Sequence[Box], labels: Sequence[Box]
) -> Box:
    """Return where a label covers least: above its box, below, inside at the bottom or the top, or at a side."""
    wide, high = size
    left, top, right, bottom = box
    corners = [
        (left, top - high),
        (right - wide, top - high),
        (left, bottom + 1),
        (right - wide, bottom + 1),
        (right + 1, top),
        (left - wide, top),
        (right + 1, bottom - high),
        (left - wide, bottom - high),
        (left, bottom - high),
        (left, top),
    ]
    best, least = None, float("inf")
    for x, y in corners:
        x = min(max(0, x), max(0, picture[0] - wide))
        y = min(max(0, y), max(0, picture[1] - high))
        place = (x, y, x + wide - 1, y + high - 1)
        covered = sum(2 * _common(place, other) for other in labels) + sum(_common(place, other) for other in others)
        covered += 0.5 * _common(place, box)
        if covered < least - 0.5:
            best, least = place, covered
    assert best is not None
    return best


def _common(first: Box, second: Box) -> float:
    """Return the area that two boxes share, in pixels."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(0.0, width) * max(0.0, height)


def _letters(text: str, size: int, font: str | None) -> tuple[str, Font]:
    """Return a font that has the text's letters, and the text, in which letters that no font has are numbers."""
    first = font or str(font_file())
    for name in (first, *FURTHER_FONTS):
        letters = _loaded(name, size)
        if letters is not None and all(_has(name, letter) for letter in text):
            return text, letters
    letters = _loaded(first, size)
    assert letters is not None
    return "".join(c if _has(first, c) else c.encode("ascii", "backslashreplace").decode() for c in text), letters


@functools.lru_cache(maxsize=64)
def _loaded(name: str, size: int) -> Font | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


@functools.lru_cache(maxsize=4096)
def _has(name: str, letter: str) -> bool:
    """Return whether a font has a letter: it looks unlike the one for characters that nobody has."""
    font = _loaded(name, 20)
    if font is None:
        return False
    nobody = font.getmask("\U0010fffe")
    drawn = font.getmask(letter)
    return (drawn.size, bytes(drawn)) != (nobody.size, bytes(nobody))


def _check_font(font: str | os.PathLike) -> None:
    if not os.path.isfile(font):
        raise FileNotFoundError(f"expected a font file, received '{os.fspath(font)}', which does not exist")
    if _loaded(os.fspath(font), SMALLEST_TEXT) is None:
        raise ValueError(f"expected a font file (.ttf, .otf or .ttc), received '{os.fspath(font)}'")
