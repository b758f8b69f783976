"""`keras-apps faces evaluate` and `calibrate`: a folder of people -> how good a tower is, and its threshold."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from keras_apps import _console
from keras_apps._console import AsJson
from keras_apps.faces.commands_people import (
    Aligned,
    Chips,
    Crop,
    Folder,
    Seed,
    SkipUnreadable,
    align,
    check_cropping,
    check_seed,
    check_tower,
    progress,
    read_people,
    side,
)

PairsFile = Annotated[
    str | None,
    typer.Option("--pairs", help="LFW's pair file of View 1 or 2, or lines 'path path 1'; else pairs are drawn."),
]
Tower = Annotated[str, typer.Option(help="'resnet128', 'synthetic64', or a .keras, .onnx or .tflite file.")]
Most = Annotated[int, typer.Option(help="Without --pairs: most pairs of each kind that are drawn.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `keras-apps faces`."""
    app.command()(evaluate)
    app.command("calibrate")(calibrate_tower)


def evaluate(
    folder: Folder,
    pairs: PairsFile = None,
    tower: Tower = "resnet128",
    threshold: Annotated[str | None, typer.Option(help="A threshold file, to see how often it errs.")] = None,
    out: Annotated[str, typer.Option("-o", "--out", help="Folder for figures and report.")] = "keras-apps-evaluation",
    most: Most = 10_000,
    aligned: Aligned = False,
    crop: Crop = 1.0,
    chips: Chips = None,
    skip_unreadable: SkipUnreadable = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Measure face verification: accuracy, AUC, EER and TAR at FAR, each with its interval; draw ROC, DET and more."""
    from keras_apps.faces.calibration import Threshold

    check_cropping(aligned, crop, chips)
    chosen = Threshold.load(threshold) if threshold else None
    check_folder(out)
    source = (folder, pairs, tower, most, aligned, crop, chips, skip_unreadable, seed)
    with _judged(*source, threshold=chosen) as (judged, loaded, found):
        from keras_apps.faces.judging import judge_pairs

        result = judge_pairs(judged, loaded, found, out, chosen, seed)
        if as_json:
            _console.print_json(result["report"])
        else:
            print(result["text"])


def calibrate_tower(
    folder: Folder,
    out: Annotated[str, typer.Option("-o", "--out", help="The threshold's file, for instance mine.threshold.json.")],
    pairs: PairsFile = None,
    far: Annotated[float, typer.Option(help="The wanted false accept rate.")] = 1e-3,
    tower: Tower = "resnet128",
    distance: Annotated[str, typer.Option(help="'squared_euclidean' or 'euclidean'.")] = "squared_euclidean",
    most: Most = 100_000,
    aligned: Aligned = False,
    crop: Crop = 1.0,
    chips: Chips = None,
    skip_unreadable: SkipUnreadable = False,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Choose tau for a wanted false accept rate, and fit P(same | distance); draw how reliable that is."""
    from keras_apps._files import check_destination
    from keras_apps.faces.distances import DISTANCES

    check_cropping(aligned, crop, chips)
    check_destination(out)
    if Path(out).suffix != ".json":
        raise ValueError(f"expected a file ending in .json to write, received {out!r}")
    if distance not in DISTANCES:
        raise ValueError(f"expected --distance {' or '.join(DISTANCES)}, received {distance!r}")
    if not 0 < far < 1:
        raise ValueError(f"expected --far between 0 and 1, received {far:g}")
    source = (folder, pairs, tower, most, aligned, crop, chips, skip_unreadable, seed)
    with _judged(*source, far=far) as (judged, loaded, found):
        from keras_apps.faces.judging import calibrate_pairs

        result = calibrate_pairs(judged, loaded, found, out, far, distance, seed)
        if as_json:
            _console.print_json(result["report"])
        else:
            print(result["text"])


def check_folder(path: str) -> None:
    """Raise where a folder could not be made or written to.

    Raises:
        FileNotFoundError: If there is no folder for it.
        ValueError: If it is a file.
    """
    from keras_apps._files import check_destination

    if Path(path).exists() and not Path(path).is_dir():
        raise ValueError(f"expected a folder to write to, received the file '{path}'")
    check_destination(Path(path) / "report.json" if Path(path).is_dir() else path)


@contextmanager
def _judged(folder, pairs, tower, most, aligned, crop, chips, skip_unreadable, seed, **wanted) -> Iterator[tuple]:
    """Yield the pairs with the pictures themselves, the tower, and the pairs' distances."""
    from keras_apps.faces.judged_pairs import pairs_among, pairs_of_file

    if most < 1:
        raise ValueError(f"expected --most of at least 1, received {most}")
    check_seed(seed)
    check_tower(tower)
    judged = pairs_of_file(folder, pairs) if pairs else pairs_among(read_people(folder, skip_unreadable), most, seed)
    _console.say(judged.source)
    _console.load_tensorflow()
    from keras_apps.faces.judging import check_before
    from keras_apps.faces.tower import load_tower, tower_of

    loaded = load_tower(tower)
    if not hasattr(loaded, "score"):  # a VerificationModel gives the distances itself
        loaded = tower_of(loaded)
    size = side(loaded)
    check_before(judged, loaded, **wanted)
    with tempfile.TemporaryDirectory() as temporary:
        seen = judged
        if not aligned:
            from keras_apps.faces.aligned_folder import chip_paths

            where = chips or temporary
            align(judged.people, where, "centre")
            seen = judged.at(chip_paths(judged.people, where))
        with progress("encoding") as report:
            distances = seen.distances(loaded, size, crop, report)
        yield seen, loaded, distances
