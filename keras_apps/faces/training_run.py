"""One training at the command line: the tower it starts from, its progress, its figures and what it reports."""

from __future__ import annotations

import json
import os
from pathlib import Path

import keras

from keras_apps import _console
from keras_apps._files import written_aside
from keras_apps.faces.evaluation import evaluate_pairs
from keras_apps.faces.held_out import HeldOut
from keras_apps.faces.people import People
from keras_apps.faces.plots import plot_roc, save_figure
from keras_apps.faces.plots_distances import plot_distances
from keras_apps.faces.plots_training import plot_training
from keras_apps.faces.rates import roc
from keras_apps.faces.tower import build_tower, fingerprint, load_tower, tower_of
from keras_apps.faces.training import train
from keras_apps.faces.training_plan import TrainingPlan
from keras_apps.faces.training_state import TrainingHistory, head_path, training_folder


def starting_tower(name: str, size: int | None, seed: int, mixed_precision: bool = False) -> keras.Model:
    """Build or load the tower that a training starts from.

    Args:
        name: `"small"` or `"inception"`, with random weights of the seed; `"resnet128"` or a .keras file, trained; of
            a `VerificationModel` or another model around a tower, its tower.
        size: Of a tower with random weights, in pixels.
        seed: Sets Keras's random numbers for this process.
        mixed_precision: Compute in bfloat16, keep the weights in float32; sets Keras's policy for this process.

    Raises:
        ValueError: If there is no such tower, or a file's own precision is to be changed.
    """
    if mixed_precision:
        if Path(name).suffix == ".keras":
            raise ValueError("expected a tower by name for --mixed-precision, received a file, which has its own")
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    keras.utils.set_random_seed(seed)
    tower = build_tower(name, size) if name in ("small", "inception") else tower_of(load_tower(name))
    tower.trainable = True
    return tower


def run_training(
    people: People,
    held_out: People,
    tower: keras.Model,
    out: str | os.PathLike,
    plan: TrainingPlan,
    *,
    resume: bool = False,
) -> dict:
    """Train with progress on standard error, then draw the figures and judge the tower that was kept.

    An interruption draws what there is, says how to go on, and is passed on.

    Args:
        people, held_out, tower, out, plan, resume: As for `train`.

    Returns:
        What the command reports: `"tower"`, `"fingerprint"`, `"epochs"`, `"steps"`, `"seconds"`, `"best"`,
        `"people"`, `"held_out"` (the report on held-out pairs), `"folder"`.
    """
    try:
        with _console.progress_bar("{task.fields[words]}") as bar:
            task = bar.add_task("training", total=1000, words="")
            history = train(people, held_out, tower, out, plan, resume=resume, report=_reporter(bar, task))
    except KeyboardInterrupt:
        _say_interrupted(out)
        raise
    folder = training_folder(out)
    judge = HeldOut(held_out, tower.input_shape[1], crop=plan.crop, seed=plan.seed)
    best = load_tower(head_path(out) if plan.loss == "verification" else out)
    distances = judge.distances(best)
    report = evaluate_pairs(distances, judge.same, seed=plan.seed)
    _draw(folder, history, distances, judge.same, report.eer_tau, plan)
    result = {
        "tower": os.fspath(out),
        "fingerprint": fingerprint(tower_of(best)),
        "epochs": len(history.epochs) - 1,
        "steps": history.step,
        "seconds": history.seconds,
        "best": history.best,
        "people": history.people,
        "held_out": report.as_dict(),
        "folder": str(folder),
    }
    with written_aside(folder / "report.json") as aside:
        aside.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def _reporter(bar, task):
    def report(kind: str, values: dict) -> None:
        if kind == "step":
            words = f"loss {values['loss']:.4f}" + (f", active {values['active']:.2f}" if "active" in values else "")
            bar.update(task, completed=int(1000 * min(1.0, values["done"])), words=words)
            return
        loss = f", loss {values['loss']:.4f}" if "loss" in values else ", as it came"
        _console.say(
            f"epoch {values['epoch']}{loss}, EER held out {100 * values['eer']:.2f} %, {values['seconds']:.0f} s"
        )

    return report


def _say_interrupted(out) -> None:
    try:
        history = TrainingHistory.load(training_folder(out))
    except (ValueError, OSError):
        _console.say("interrupted before anything was saved")
        return
    save_figure(_curve(history), training_folder(out) / "training.png")
    best = history.best
    _console.say(
        f"interrupted; {os.fspath(out)} holds epoch {best['epoch']}, EER {100 * best['eer']:.2f} %; "
        "the same command with --resume goes on"
    )


def _curve(history: TrainingHistory):
    wanted = ("loss", "active", "accuracy", "d_ap", "d_an")
    curves = {"EER held out": [epoch["eer"] for epoch in history.epochs]}
    for name in wanted:
        values = [epoch[name] for epoch in history.epochs if name in epoch]
        if values:
            curves[name] = values
    return plot_training(curves, [epoch["seconds"] / 60 for epoch in history.epochs], "minutes")


def _draw(folder: Path, history: TrainingHistory, distances, same, tau: float, plan: TrainingPlan) -> None:
    distance = "squared_euclidean" if plan.loss == "triplet" else "1 - P(same person)"
    figures = {
        "training": _curve(history),
        "roc": plot_roc(roc(distances, same)),
        "distances": plot_distances(distances, same, tau, distance=distance),
    }
    for name, figure in figures.items():
        save_figure(figure, folder / f"{name}.png")
