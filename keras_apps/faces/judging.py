"""A tower's distances on known pairs -> report and figures in a folder, or a threshold with its reliability."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np

from keras_apps._files import written_aside
from keras_apps.faces.calibration import Threshold, calibrate, check_far
from keras_apps.faces.evaluation import evaluate_pairs
from keras_apps.faces.judged_pairs import JudgedPairs
from keras_apps.faces.plots import plot_det, plot_roc, save_figure
from keras_apps.faces.plots_distances import plot_distances, plot_reliability
from keras_apps.faces.plots_pairs import plot_worst_pairs
from keras_apps.faces.probability_check import reliability
from keras_apps.faces.rates import far_frr, roc
from keras_apps.faces.tower import fingerprint

PROBABILITY = "1 - P(same person)"


def check_before(judged: JudgedPairs, model, threshold: Threshold | None = None, far: float | None = None) -> None:
    """Raise what judging or calibrating would raise, before faces are found and encoded, which may take hours.

    Args:
        judged: The pairs.
        model: A tower or a `VerificationModel`.
        threshold: To be reported, as `judge_pairs` takes.
        far: To be calibrated for, as `calibrate_pairs` takes.

    Raises:
        ValueError: If the pairs are of one kind, the threshold is of another tower, or a `VerificationModel` is to
            have one, or there are too few impostor pairs for `far`.
    """
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
    model,
    distances: np.ndarray,
    out: str | os.PathLike,
    threshold: Threshold | None = None,
    seed: int = 0,
) -> dict:
    """Evaluate a tower's distances, and write `report.json` and the figures into a folder.

    Args:
        judged: The pairs.
        model: The tower, or a `VerificationModel`, that gave the distances.
        distances: Floats >= 0 `(n,)`: squared Euclidean, or 1 - P(same) of a `VerificationModel`.
        out: A folder, made when missing.
        threshold: How often it errs is reported too.
        seed: Of folds and bootstrap.

    Returns:
        `"report"`, as JSON holds it, and `"text"`, for people.

    Raises:
        ValueError: As `check_before`.
    """
    check_before(judged, model, threshold)
    report = evaluate_pairs(distances, judged.same, judged.folds, seed=seed)
    tower = fingerprint(getattr(model, "tower", model))
    name = PROBABILITY if hasattr(model, "score") else "squared_euclidean"
    plain = {"pairs": judged.source, "tower": tower, "distance": name} | report.as_dict()
    text, tau = str(report), report.eer_tau
    if threshold:
        tau = threshold.tau**2 if threshold.distance == "euclidean" else threshold.tau
        far, frr = far_frr(distances, judged.same, tau)
        plain["threshold"] = {"tau": threshold.tau, "distance": threshold.distance, "far": far, "frr": frr}
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
        aside.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    figures = ", ".join(f"{title}.png" for title in figures)
    return {"report": plain | {"folder": str(folder)}, "text": f"{text}\n{figures} and report.json in {folder}"}


def calibrate_pairs(
    judged: JudgedPairs, model, distances: np.ndarray, out: str | os.PathLike, far: float, distance: str, seed: int = 0
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
        distance: In which distance tau is to be, `"squared_euclidean"` or `"euclidean"`.
        seed: Of the halves.

    Returns:
        `"report"`, as JSON holds it, and `"text"`, for people.

    Raises:
        ValueError: As `calibrate` and `check_before`.
    """
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
    plain = {
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
    return {"report": plain, "text": text}


def _halves(same: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw half of each kind, and return it with the rest; of fewer than 20 pairs of a kind, all twice."""
    random, one = np.random.default_rng((seed, 7)), np.zeros(len(same), bool)
    for kind in (np.flatnonzero(same), np.flatnonzero(~same)):
        if len(kind) < 20:
            return np.ones(len(same), bool), np.ones(len(same), bool)
        one[random.permutation(kind)[: len(kind) // 2]] = True
    return one, ~one
