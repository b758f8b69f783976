"""A folder of photographs by person -> a folder of aligned chips by person, made once and added to later."""

from __future__ import annotations

import hashlib
import math
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_apps import images
from keras_apps.faces.alignment import CHIP, STANDARD, ChipLayout
from keras_apps.faces.detection import MIN_CONFIDENCE, FaceCrop, find_faces_in
from keras_apps.faces.people.people import People
from keras_apps.faces.people.reading import square

TOGETHER = 16
_SOURCE, _CUT, _LAYOUT = "Source", "Cut", "Layout"  # what a chip's file says of itself
CENTRE = 0.46
"""Side of the centre square that stands in for a face that was not found, as a share of the picture's shorter side.

In LFW's 250-pixel pictures the chips of found faces are 113 pixels wide in the median, about the centre.
"""


@dataclass(frozen=True)
class Alignment:
    """What became of the pictures of a folder.

    Attributes:
        aligned: How many chips were cut now.
        kept: How many were there already.
        missing: The pictures in which no face was found.
    """

    aligned: int
    kept: int
    missing: tuple[str, ...]


def align_people(
    people: People,
    out: str | os.PathLike,
    *,
    size: int = CHIP,
    layout: ChipLayout = STANDARD,
    without_face: str = "skip",
    min_confidence: float = MIN_CONFIDENCE,
    progress: Callable[[int, int], None] | None = None,
) -> Alignment:
    """Cut the face nearest each picture's centre, aligned, into `out/person/picture.png`.

    A chip says, in its file, which picture it was cut from: path, size and time of change. Where that is still so it
    is kept, so an interrupted run goes on where it stopped; a chip of another picture is cut anew.

    Args:
        people: From a folder, `People.from_folder`.
        out: The folder to write to; it and the people's folders are made.
        size: Height and width of the chips, in pixels.
        layout: Where the landmarks lie in them; see `layout_of` in `faces.towers.registry`.
        without_face: `"skip"` pictures in which no face is found, or take their `"centre"`.
        min_confidence: Faces of which the detector is less sure are left out, in [0, 1].
        progress: Called with the number of pictures looked at and of all.

    Returns:
        What was aligned, what was there, what has no face.

    Raises:
        ValueError: If a picture cannot be read, the people come from arrays, `out` is their own folder or holds
            a picture in a chip's place, or `without_face` is neither.
        OSError: If a chip cannot be written.

    Reference:
        Huang et al., "Labeled Faces in the Wild", 2007: the person named is the one nearest the centre.
    """
    if without_face not in ("skip", "centre"):
        raise ValueError(f"expected without_face 'skip' or 'centre', received {without_face!r}")
    chips = chip_paths(people, out)
    if set(chips) & set(people.pictures):
        raise ValueError(f"expected another folder for the chips than the pictures', received '{os.fspath(out)}'")
    wanted = ("face",) if without_face == "skip" else ("face", "centre")
    waiting = [
        pair for pair in zip(people.pictures, chips, strict=True) if not _is_chip(pair[1], pair[0], wanted, layout)
    ]
    kept, missing = len(chips) - len(waiting), []
    centre = CENTRE * _eyes_apart(STANDARD) / _eyes_apart(layout)
    if progress:
        progress(kept, len(chips))
    for start in range(0, len(waiting), TOGETHER):
        batch = waiting[start : start + TOGETHER]
        found = find_faces_in([picture for picture, _ in batch], min_confidence=min_confidence, layout=layout)
        for (picture, chip), some in zip(batch, found, strict=True):
            if not some:
                missing.append(str(picture))
                if without_face == "skip":
                    chip.unlink(missing_ok=True)  # it was another picture's, or the centre
                    continue
            pixels = square(_central(some, picture).image, size) if some else square(picture, size, centre)
            chip.parent.mkdir(parents=True, exist_ok=True)
            about = {_SOURCE: _identity(picture), _CUT: "face" if some else "centre", _LAYOUT: _digits(layout)}
            images.save_image(pixels, chip, text=about)
        if progress:
            progress(kept + min(start + TOGETHER, len(waiting)), len(chips))
    return Alignment(len(waiting) - (len(missing) if without_face == "skip" else 0), kept, tuple(missing))


def chip_paths(people: People, out: str | os.PathLike) -> list[Path]:
    """Return where the chip of each picture stands: `1.png` for `1.jpg`, unless another picture's chip could be that.

    Then it is `1.jpg.png`. No two pictures share a chip.

    Raises:
        ValueError: If the people come from arrays.
    """
    if not all(isinstance(picture, Path) for picture in people.pictures):
        raise ValueError("expected people from a folder, received arrays")
    whole = [Path(out, people.names[i], p.name) for p, i in zip(people.pictures, people.labels, strict=True)]
    stems = [path.with_suffix("") for path in whole]
    taken = Counter(stems) + Counter(set(whole))
    bases = [path if taken[stem] > 1 else stem for path, stem in zip(whole, stems, strict=True)]
    return [base.with_name(f"{base.name}.png") for base in bases]


def _central(some: Sequence[FaceCrop], picture: Path) -> FaceCrop:
    if len(some) == 1:
        return some[0]
    height, width = images.load_image(picture).shape[:2]
    return min(some, key=lambda f: math.hypot(f.box[0] + f.box[2] - width, f.box[1] + f.box[3] - height))


def _identity(picture: Path) -> str:
    """Return hexadecimal digits that tell one file from another, and from itself after a change."""
    about = picture.stat()
    words = f"{picture.absolute()}\0{about.st_size}\0{about.st_mtime_ns}"
    return hashlib.sha256(os.fsencode(words)).hexdigest()


def _eyes_apart(layout: ChipLayout) -> float:
    """Return the distance of the eyes as a share of the chip's width."""
    left, right = (layout.landmarks[f"{side}_eye"] for side in ("left", "right"))
    return math.dist(left, right) / layout.size


def _digits(layout: ChipLayout) -> str:
    """Return hexadecimal digits that tell one layout from another."""
    return hashlib.sha256(repr(layout).encode()).hexdigest()[:16]


def _is_chip(chip: Path, picture: Path, wanted: Sequence[str], layout: ChipLayout) -> bool:
    """Whether `chip` was cut from `picture` as it is now, with this layout.

    Raises:
        ValueError: If it was not cut by `align_people` at all.
    """
    if not chip.is_file():
        return False
    text = images.read_text(chip)
    if _SOURCE not in text:
        raise ValueError(f"expected a folder for chips, received one that holds another picture, '{chip}'")
    layouts = (_digits(layout), None) if layout is STANDARD else (_digits(layout),)  # older chips do not say it
    return text[_SOURCE] == _identity(picture) and text.get(_CUT) in wanted and text.get(_LAYOUT) in layouts


def aligned_only(people: People, out: str | os.PathLike) -> People:
    """Return the people with their chips in place of their pictures.

    Args:
        people: Those that `align_people` was given.
        out: The folder that it wrote to.

    Returns:
        The people; pictures without a chip, and people without a picture, are left out.

    Raises:
        ValueError: If fewer than two people, or nobody with two pictures, are left.
    """
    chips = chip_paths(people, out)
    there = np.array([chip.is_file() for chip in chips], bool)
    kept = [chip for chip, is_there in zip(chips, there, strict=True) if is_there]
    left = People(kept, people.labels[there], people.names, people.skipped)
    return left.without([name for name, count in zip(left.names, left.counts, strict=True) if not count])
