"""Measure what poor pictures do to verification on LFW, and what the gate of `faces.Quality` does about it.

    python benchmarks/quality.py --data DIR [--pairs pairsDevTest.txt] [--people N] [--tower NAME] [--json]

DIR holds lfw-deepfunneled.tar (or the folder) and the pairs. Of each person with a genuine pair two pictures are made
worse: shrunk until a face of 110 pixels is w60 ... w16 pixels wide, blurred (b2, b4, b6: the standard deviation in
pixels of the 250-pixel picture), or darkened (d0.2, d0.1). For all pairs of people the false accept rate at the tower's
tau is given, poor against poor and poor against clear picture, and for each person the share of genuine probes that are
accepted against the clear picture: of all that are found; of those that the gate answers. "Of attempts" counts what the
gate refuses as not accepted, as ISO/IEC 19795-1 defines a false accept rate. The limits were chosen on DevTrain's
people. It ends with the share of all pictures of the pairs that the gate refuses as they are, and how often
the face that dominates a picture is the named person's (the one nearest the centre).
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from lfw import FIXED_CROP, Key, central, find, keys_of, member, read_keys, unpacked
from PIL import Image, ImageEnhance, ImageFilter
from rich.console import Console
from rich.table import Table

from keras_apps import faces
from keras_apps.faces.detection import DOMINATES, find_faces_in
from keras_apps.faces.distances import all_squared_euclidean
from keras_apps.faces.towers.names import DEFAULT_TOWER
from keras_apps.faces.towers.registry import layout_of

DEGRADATIONS = ("plain", "w60", "w40", "w30", "w24", "w20", "w16", "b2", "b4", "b6", "d0.2", "d0.1")
GREY = 110
FACE = 110
"""Usual width in pixels of the named person's face in LFW."""


def degrade(picture: Image.Image, how: str) -> Image.Image:
    """Make a picture worse; `how` is one of `DEGRADATIONS`, or for instance d4 (light), c0.1 (contrast), l0.5 (cut)."""
    kind, amount = how[0], how[1:]
    if kind == "w":
        size = (round(side * int(amount) / FACE) for side in picture.size)
        return picture.resize(tuple(size), Image.Resampling.LANCZOS)
    if kind == "b":
        return picture.filter(ImageFilter.GaussianBlur(float(amount)))
    if kind == "d":
        return ImageEnhance.Brightness(picture).enhance(float(amount))
    if kind == "c":
        return Image.blend(Image.new("RGB", picture.size, (GREY,) * 3), picture, float(amount))
    if kind == "l":  # the left share of the usual face is outside
        left, _, right, _ = FIXED_CROP
        return picture.crop((round(left + float(amount) * (right - left)), 0, *picture.size))
    return picture


def faces_of(folder: Path, keys: list[Key], how: str, tower) -> list[faces.FaceCrop | None]:
    """Return the central face of each picture, made worse."""
    found: list[faces.FaceCrop | None] = []
    for start in range(0, len(keys), 64):
        batch = keys[start : start + 64]
        pictures = [np.asarray(degrade(Image.open(folder / member(key)).convert("RGB"), how)) for key in batch]
        some = find_faces_in(pictures, layout=layout_of(tower))
        found += [central(f, p) if f else None for f, p in zip(some, pictures, strict=True)]
    return found


def encodings_of(tower, found: list[faces.FaceCrop | None]) -> np.ndarray:
    """Encode chips; a row of NaN where no face was found."""
    places = [i for i, face in enumerate(found) if face is not None]
    some = faces.encode(tower, [found[i].image for i in places], aligned=True)
    out = np.full((len(found), some.shape[1]), np.nan, np.float32)
    out[places] = some
    return out


def rates(first: np.ndarray, second: np.ndarray, clear: np.ndarray, tau: float) -> dict:
    """Return the error rates at tau among people.

    Args:
        first, second: Two poor pictures of each person, `(n, d)`; NaN where there is none.
        clear: The clear picture of each person, `(n, d)`.
        tau: In squared Euclidean distance.
    """
    others = ~np.eye(len(first), dtype=bool)
    poor, mixed = all_squared_euclidean(first, first)[np.triu(others)], all_squared_euclidean(first, clear)[others]
    genuine = faces.squared_euclidean(second, clear)
    poor, mixed, genuine = (values[np.isfinite(values)] for values in (poor, mixed, genuine))
    return {
        "far_poor": float(np.mean(poor <= tau)) if len(poor) else None,
        "pairs_poor": len(poor),
        "far_clear": float(np.mean(mixed <= tau)) if len(mixed) else None,
        "genuine_accepted": float(np.mean(genuine <= tau)) if len(genuine) else None,
        "genuine": len(genuine),
    }


def measure(folder: Path, first: list[Key], second: list[Key], tower, tau: float, ways: Sequence[str]) -> list[dict]:
    """Measure each degradation, without the gate and with it."""
    rows, clear = [], None
    for how in ways:
        found = faces_of(folder, first + second, how, tower)
        encodings = encodings_of(tower, found)
        clear = encodings[: len(first)] if clear is None else clear
        good = np.array([face is not None and not face.quality.problems for face in found])
        gated = np.where(good[:, None], encodings, np.nan)
        pictures = sum(face is not None for face in found)
        everyone, answered = (rates(some[: len(first)], some[len(first) :], clear, tau) for some in (encodings, gated))
        accepted = (answered["far_poor"] or 0) * answered["pairs_poor"]
        rows.append(
            {
                "degradation": how,
                "pictures": len(found),
                "found": pictures,
                "refused": 1 - int(good.sum()) / max(1, pictures),
                "far_of_attempts": accepted / max(1, everyone["pairs_poor"]),
                "all": everyone,
                "answered": answered,
            }
        )
    return rows


def as_they_are(folder: Path, keys: list[Key], quiet: bool) -> dict:
    """Return the share of pictures that the gate refuses, why, and what becomes of pictures with several faces."""
    found = {key: some for key, some in find(folder, keys, quiet).items() if some}
    named = {key: central(some, np.empty((250, 250))) for key, some in found.items()}
    why = Counter(problem.split(":")[0] for face in named.values() for problem in face.quality.problems)
    several = [(some, named[key]) for key, some in found.items() if len(some) > 1]
    dominated = [(some, face) for some, face in several if _area(some[0]) >= DOMINATES * _area(some[1])]
    return {
        "pictures": len(found),
        "refused": sum(bool(face.quality.problems) for face in named.values()) / len(found),
        "why": dict(why),
        "refused_pictures": [member(key) for key, face in named.items() if face.quality.problems],
        "several": len(several),
        "dominated": len(dominated),
        "dominated_rightly": sum(some[0] is face for some, face in dominated),
    }


def _area(face: faces.FaceCrop) -> float:
    left, top, right, bottom = face.box
    return (right - left) * (bottom - top)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="holds the pictures and the pairs")
    parser.add_argument("--pairs", default="pairsDevTest.txt")
    parser.add_argument("--people", type=int, help="at most so many people; by default all with a genuine pair")
    parser.add_argument(
        "--degradations", nargs="+", metavar="HOW", help="only these, for instance d0.05 d4 c0.1 l0.5, beside plain"
    )
    parser.add_argument("--tower", default=DEFAULT_TOWER)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    pairs = read_keys(options.data / options.pairs)
    genuine = {a[0]: (a, b) for a, b in reversed(pairs) if a[0] == b[0]}
    chosen = [genuine[name] for name in sorted(genuine)][: options.people]
    first, second = [a for a, _ in chosen], [b for _, b in chosen]
    tower, tau = faces.load_tower(options.tower), faces.Threshold.bundled(options.tower).tau
    with unpacked(options.data, keys_of(pairs)) as folder:
        ways = ("plain", *options.degradations) if options.degradations else DEGRADATIONS
        rows = measure(folder, first, second, tower, tau, ways)
        plain = None if options.degradations else as_they_are(folder, keys_of(pairs), options.json)
    if options.json:
        print(json.dumps({"tower": options.tower, "tau": tau, "rows": rows, "as_they_are": plain}))
        return
    table = Table(title=f"{options.tower}, {len(first)} people, tau {tau:.4f}: all that is found; answered by the gate")
    for heading in ("", "found", "refused", "FAR poor-poor", "of attempts", "FAR poor-clear", "genuine accepted"):
        table.add_column(heading, justify="right")
    for row in rows:
        both = (row["all"], row["answered"])
        table.add_row(
            row["degradation"],
            f"{row['found']} of {row['pictures']}",
            f"{row['refused']:.1%}",
            "; ".join(_percent(side["far_poor"]) for side in both),
            _percent(row["far_of_attempts"]),
            *("; ".join(_percent(side[key]) for side in both) for key in ("far_clear", "genuine_accepted")),
        )
    console = Console(width=140)
    console.print(table)
    if plain is None:
        return
    console.print(f"as they are: {plain['refused']:.2%} of {plain['pictures']} refused, {plain['why']}")
    console.print(
        f"several faces: {plain['several']} pictures; one dominates in {plain['dominated']}, the named person's in "
        f"{plain['dominated_rightly']} of them"
    )


def _percent(share: float | None) -> str:
    return "none" if share is None else f"{share:.2%}"


if __name__ == "__main__":
    main()
