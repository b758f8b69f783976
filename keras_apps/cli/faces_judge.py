"""`keras-apps faces evaluate` and `calibrate`: a folder of people -> how good a tower is, and its threshold."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from keras_apps._files import written_aside
from keras_apps.cli import console
from keras_apps.cli.console import AsJson
from keras_apps.cli.faces_options import (
    Aligned,
    Chips,
    Crop,
    Folder,
    Seed,
    SkipUnreadable,
    Tower,
    align,
    check_cropping,
    check_seed,
    check_tower,
    progress,
    read_people,
    side,
)
from keras_apps.faces.towers.names import DEFAULT_TOWER

if TYPE_CHECKING:
    from keras_apps.faces.judging.calibration import Threshold
    from keras_apps.faces.judging.pairs import JudgedPairs

PROBABILITY = "1 - P(same person)"


def check_before(judged: JudgedPairs, model: Any, threshold: Threshold | None = None, far: float | None = None) -> None:
    """Check the inputs before faces are found and encoded, which may take hours.

    Args:
        judged: The pairs.
        model: A tower or a `VerificationModel`.
        threshold: As for `judge_pairs`.
        far: As for `calibrate_pairs`.

    Raises:
        ValueError: If all pairs are of one kind, the threshold belongs to another tower or is given for a
            `VerificationModel`, or there are too few impostor pairs for `far`.
    """
    from keras_apps.faces.judging.calibration import check_far
    from keras_apps.faces.towers.registry import fingerprint

    genuine = int(judged.same.sum())
    impostors = len(judged.same) - genuine
    if not genuine or not impostors:
        raise ValueError(f"expected genuine and impostor pairs, received {genuine} and {impostors}")
    if hasattr(model, "score") and (threshold or far):
        what = "a tower to calibrate" if far else "no threshold"
        raise ValueError(f"expected {what}, received a VerificationModel, which gives probabilities itself")
    if threshold and threshold.model != (tower := fingerprint(model)):
        raise ValueError(f"expected a threshold of tower {tower}, received one of {threshold.model or 'no tower'}")
    if far:
        check_far(far, impostors)


def judge_pairs(
    judged: JudgedPairs,
    model: Any,
    distances: np.ndarray,
    out: str | os.PathLike,
    threshold: Threshold | None = None,
    seed: int = 0,
    groups: Mapping[str, str] | None = None,
) -> dict:
    """Evaluate a tower's distances, and write `report.json` and the figures into a folder.

    Args:
        judged: The pairs.
        model: The tower, or a `VerificationModel`, that gave the distances.
        distances: Floats >= 0 `(n,)`: squared Euclidean, or 1 - P(same) of a `VerificationModel`.
        out: A folder; created if it does not exist.
        threshold: A threshold whose FAR and FRR are reported too.
        seed: Seed of the folds and the bootstrap.
        groups: Each person's group, by which the rates are reported too.

    Returns:
        `"report"`, as JSON holds it, and `"text"`, for people.

    Raises:
        ValueError: As `check_before`.
    """
    from keras_apps.faces.judging.plots import plot_det, plot_distances, plot_roc, plot_worst_pairs, save_figure
    from keras_apps.faces.judging.rates import far_frr, roc
    from keras_apps.faces.judging.verification import evaluate_pairs
    from keras_apps.faces.towers.registry import fingerprint

    check_before(judged, model, threshold)
    columns = None if groups is None else judged.groups(groups)
    report = evaluate_pairs(distances, judged.same, judged.folds, seed=seed, groups=columns)
    tower = fingerprint(getattr(model, "tower", model))
    name = PROBABILITY if hasattr(model, "score") else "squared_euclidean"
    report_json = {"pairs": judged.source, "tower": tower, "distance": name} | report.as_dict()
    text, tau = str(report), report.eer_tau
    if threshold:
        tau = threshold.tau**2 if threshold.distance == "euclidean" else threshold.tau
        far, frr = far_frr(distances, judged.same, tau)
        report_json["threshold"] = {"tau": threshold.tau, "distance": threshold.distance, "far": far, "frr": frr}
        text += f"\n{'threshold':<20}tau {threshold.tau:.4g}: FAR {100 * far:.3f} %, FRR {100 * frr:.2f} %"
    folder = Path(out)
    folder.mkdir(exist_ok=True)
    curve, files = roc(distances, judged.same), judged.people.pictures
    first, second = ([files[i] for i in side] for side in (judged.first, judged.second))
    figures = {
        "roc": plot_roc(curve),
        "det": plot_det(curve),
        "distances": plot_distances(distances, judged.same, tau, distance=name),
        "worst_pairs": plot_worst_pairs(first, second, distances, judged.same, tau, names=judged.names()),
    }
    for title, figure in figures.items():
        save_figure(figure, folder / f"{title}.png")
    with written_aside(folder / "report.json") as aside:
        aside.write_text(json.dumps(report_json, indent=1) + "\n", encoding="utf-8")
    drawn = ", ".join(f"{title}.png" for title in figures)
    return {"report": report_json | {"folder": str(folder)}, "text": f"{text}\n{drawn} and report.json in {folder}"}


def calibrate_pairs(
    judged: JudgedPairs,
    model: Any,
    distances: np.ndarray,
    out: str | os.PathLike,
    far: float,
    distance: str,
    seed: int = 0,
) -> dict:
    """Calibrate a tower's threshold, write it, and beside it the figure of its reliability.

    Reliability is measured on pairs that its probabilities were not fitted to: they are fitted on one half, and
    compared with the other, where there are 20 of each kind or more. The threshold that is written uses all.

    Args:
        judged: The pairs.
        model: The tower that gave the distances.
        distances: Squared Euclidean, floats `(n,)`.
        out: Ends in .json; the figure's name ends in .png instead.
        far: The wanted false accept rate, in (0, 1).
        distance: The distance of tau, `"squared_euclidean"` or `"euclidean"`.
        seed: Of the halves.

    Returns:
        `"report"`, as JSON holds it, and `"text"`, for people.

    Raises:
        ValueError: As `calibrate` and `check_before`.
    """
    from keras_apps.faces.judging.calibration import calibrate, reliability
    from keras_apps.faces.judging.plots import plot_reliability, save_figure
    from keras_apps.faces.towers.registry import fingerprint

    check_before(judged, model, far=far)
    measured = np.sqrt(distances) if distance == "euclidean" else distances
    threshold = calibrate(measured, judged.same, far, distance=distance, model=fingerprint(model))
    one, other = _halves(judged.same, seed)
    least = 1 / (~judged.same[one]).sum()  # this half may have too few impostors for the wanted rate; P needs none
    fitted = calibrate(measured[one], judged.same[one], max(far, least))
    found = reliability(fitted, measured[other], judged.same[other])
    threshold.save(out)
    figure = Path(out).with_suffix(".png")
    save_figure(plot_reliability(found), figure)
    report_json = {
        "threshold": asdict(threshold),
        "file": os.fspath(out),
        "reliability": found.as_dict(),
        "figure": str(figure),
        "pairs": judged.source,
    }
    text = (
        f"{out}: tau {threshold.tau:.4f} ({distance}) for FAR {far:g}, from {threshold.calibrated_on}\n"
        f"P(same | distance) is one half at {threshold.midpoint:.4f}; its mean error is {100 * found.error:.2f} %, "
        f"drawn in {figure}"
    )
    return {"report": report_json, "text": text}


def _halves(same: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw half of each kind, and return it with the rest; of fewer than 20 pairs of a kind, all twice."""
    random, one = np.random.default_rng((seed, 7)), np.zeros(len(same), bool)
    for kind in (np.flatnonzero(same), np.flatnonzero(~same)):
        if len(kind) < 20:
            return np.ones(len(same), bool), np.ones(len(same), bool)
        one[random.permutation(kind)[: len(kind) // 2]] = True
    return one, ~one


PairsFile = Annotated[
    str | None,
    typer.Option("--pairs", help="LFW's pair file of View 1 or 2, or lines 'path path 1'; else pairs are drawn."),
]
Most = Annotated[int, typer.Option(help="Without --pairs: most pairs of each kind that are drawn.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `keras-apps faces`."""
    app.command()(evaluate)
    app.command("calibrate")(calibrate_tower)


def evaluate(
    folder: Folder,
    pairs: PairsFile = None,
    tower: Tower = DEFAULT_TOWER,
    threshold: Annotated[str | None, typer.Option(help="A threshold file; its FAR and FRR are reported too.")] = None,
    groups: Annotated[
        str | None,
        typer.Option(help="CSV file with a first line 'person,group': each person's group, to report rates by group."),
    ] = None,
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
    from keras_apps.faces.judging.calibration import Threshold
    from keras_apps.faces.judging.groups import read_groups

    check_cropping(aligned, crop, chips)
    chosen = Threshold.load(threshold) if threshold else None
    group_of = read_groups(groups) if groups else None
    check_folder(out)
    source = (folder, pairs, tower, most, aligned, crop, chips, skip_unreadable, seed)
    with _judged(*source, threshold=chosen, groups=group_of) as (judged, loaded, found):
        result = judge_pairs(judged, loaded, found, out, chosen, seed, group_of)
        if as_json:
            console.print_json(result["report"])
        else:
            print(result["text"])


def calibrate_tower(
    folder: Folder,
    out: Annotated[str, typer.Option("-o", "--out", help="The threshold's file, for instance mine.threshold.json.")],
    pairs: PairsFile = None,
    far: Annotated[float, typer.Option(help="The wanted false accept rate.")] = 1e-3,
    tower: Tower = DEFAULT_TOWER,
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
        result = calibrate_pairs(judged, loaded, found, out, far, distance, seed)
        if as_json:
            console.print_json(result["report"])
        else:
            print(result["text"])


def check_folder(path: str) -> None:
    """Check that a folder can be created or written to.

    Raises:
        FileNotFoundError: If its parent folder does not exist.
        ValueError: If it is a file.
    """
    from keras_apps._files import check_destination

    if Path(path).exists() and not Path(path).is_dir():
        raise ValueError(f"expected a folder to write to, received the file '{path}'")
    check_destination(Path(path) / "report.json" if Path(path).is_dir() else path)


@contextmanager
def _judged(
    folder: str,
    pairs: str | None,
    tower: str,
    most: int,
    aligned: bool,
    crop: float,
    chips: str | None,
    skip_unreadable: bool,
    seed: int,
    *,
    threshold: Threshold | None = None,
    far: float | None = None,
    groups: Mapping[str, str] | None = None,
) -> Iterator[tuple[JudgedPairs, Any, np.ndarray]]:
    """Yield the pairs with the pictures themselves, the tower, and the pairs' distances."""
    from keras_apps.faces.judging.pairs import pairs_among, pairs_of_file

    if most < 1:
        raise ValueError(f"expected --most of at least 1, received {most}")
    check_seed(seed)
    check_tower(tower)
    judged = pairs_of_file(folder, pairs) if pairs else pairs_among(read_people(folder, skip_unreadable), most, seed)
    console.say(judged.source)
    if groups is not None:
        judged.groups(groups)  # before the work, which may take hours
    console.load_tensorflow()
    from keras_apps.faces.towers.registry import load_tower, tower_of

    loaded = load_tower(tower)
    if not hasattr(loaded, "score"):  # a VerificationModel gives the distances itself
        loaded = tower_of(loaded)
    size = side(loaded)
    check_before(judged, loaded, threshold, far)
    with tempfile.TemporaryDirectory() as temporary:
        seen = judged
        if not aligned:
            from keras_apps.faces.people.chips import chip_paths

            where = chips or temporary
            align(judged.people, where, "centre", loaded)
            seen = judged.at(chip_paths(judged.people, where))
        with progress("encoding") as report:
            distances = seen.distances(loaded, size, crop, report)
        yield seen, loaded, distances
