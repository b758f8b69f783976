"""`keras-apps faces train`: a folder of people -> a tower of your own."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    align,
    check_cropping,
    check_tower,
    read_people,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras
    from matplotlib.figure import Figure
    from rich.progress import Progress, TaskID

    from keras_apps.faces.people.people import People
    from keras_apps.faces.training.plan import TrainingPlan
    from keras_apps.faces.training.resume import TrainingHistory


def starting_tower(name: str, size: int | None, seed: int, mixed_precision: bool = False) -> keras.Model:
    """Build or load the tower that a training starts from.

    Args:
        name: `"small"` or `"inception"`, with random weights of the seed; a bundled one or a .keras file, trained; of
            a `VerificationModel` or another model around a tower, its tower.
        size: Of a tower with random weights, in pixels.
        seed: Sets Keras's random numbers for this process.
        mixed_precision: Compute in bfloat16, keep the weights in float32; sets Keras's policy for this process.

    Raises:
        ValueError: If there is no such tower, or a file's own precision is to be changed.
    """
    import keras

    from keras_apps.faces.towers.registry import build_tower, load_tower, tower_of

    if mixed_precision:
        if Path(name).suffix == ".keras":
            raise ValueError("expected a tower by name for --mixed-precision, received a file, which has its own")
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    keras.utils.set_random_seed(seed)
    tower = build_tower(name, size) if name in ("small", "inception") else tower_of(load_tower(name))
    if not isinstance(tower, keras.Model):
        raise ValueError(f"expected a tower that can be trained, a .keras file, received the exported model '{name}'")
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
) -> dict[str, Any]:
    """Train with progress on standard error, then draw the figures and judge the tower that was kept.

    An interruption draws what there is, says how to go on, and is passed on.

    Args:
        people, held_out, tower, out, plan, resume: As for `train`.

    Returns:
        What the command reports: `"tower"`, `"fingerprint"`, `"epochs"`, `"steps"`, `"seconds"`, `"best"`,
        `"people"`, `"held_out"` (the report on held-out pairs), `"folder"`.
    """
    from keras_apps.faces.judging.pairs import HeldOut
    from keras_apps.faces.judging.verification import evaluate_pairs
    from keras_apps.faces.towers.registry import fingerprint, load_tower, tower_of
    from keras_apps.faces.training.resume import head_path, training_folder
    from keras_apps.faces.training.train import train

    try:
        with console.progress_bar("{task.fields[words]}") as bar:
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


def _reporter(bar: Progress, task: TaskID) -> Callable[[str, dict[str, Any]], None]:
    def report(kind: str, values: dict[str, Any]) -> None:
        if kind == "step":
            words = f"loss {values['loss']:.4f}" + (f", active {values['active']:.2f}" if "active" in values else "")
            bar.update(task, completed=int(1000 * min(1.0, values["done"])), words=words)
            return
        loss = f", loss {values['loss']:.4f}" if "loss" in values else ", before training"
        console.say(
            f"epoch {values['epoch']}{loss}, EER held out {100 * values['eer']:.2f} %, {values['seconds']:.0f} s"
        )

    return report


def _say_interrupted(out: str | os.PathLike) -> None:
    from keras_apps.faces.judging.plots import save_figure
    from keras_apps.faces.training.resume import TrainingHistory, training_folder

    try:
        history = TrainingHistory.load(training_folder(out))
    except (ValueError, OSError):
        console.say("interrupted before anything was saved")
        return
    save_figure(_curve(history), training_folder(out) / "training.png")
    best = history.best
    console.say(
        f"interrupted; {os.fspath(out)} holds epoch {best['epoch']}, EER {100 * best['eer']:.2f} %; "
        "the same command with --resume goes on"
    )


def _curve(history: TrainingHistory) -> Figure:
    from keras_apps.faces.judging.plots import plot_training

    drawn = ("loss", "active", "accuracy", "d_ap", "d_an")
    curves = {"EER held out": [epoch["eer"] for epoch in history.epochs]}
    for name in drawn:
        values = [epoch[name] for epoch in history.epochs if name in epoch]
        if values:
            curves[name] = values
    return plot_training(curves, [epoch["seconds"] / 60 for epoch in history.epochs], "minutes")


def _draw(folder: Path, history: TrainingHistory, distances: Any, same: Any, tau: float, plan: TrainingPlan) -> None:
    from keras_apps.faces.judging.plots import plot_distances, plot_roc, save_figure
    from keras_apps.faces.judging.rates import roc

    distance = "squared_euclidean" if plan.loss == "triplet" else "1 - P(same person)"
    figures = {
        "training": _curve(history),
        "roc": plot_roc(roc(distances, same)),
        "distances": plot_distances(distances, same, tau, distance=distance),
    }
    for name, figure in figures.items():
        save_figure(figure, folder / f"{name}.png")


UNTRAINED = {"small": 16, "inception": 32}  # the smallest --size
EPOCHS, FROM_SCRATCH, FINE_TUNING = 30, 2e-3, 1e-4
PEOPLE, PICTURES = 32, 4


def register(app: typer.Typer) -> None:
    """Add the command to `keras-apps faces`."""
    app.command("train")(train_tower)


def train_tower(
    folder: Folder,
    out: Annotated[str, typer.Option("-o", "--out", help="The tower's file, ending in .keras.")],
    tower: Annotated[
        str,
        typer.Option(help="'small' or 'inception' from scratch; a bundled tower or a .keras file to fine-tune."),
    ] = "small",
    size: Annotated[int | None, typer.Option(help="Pixels a side, for a tower from scratch.")] = None,
    loss: Annotated[str, typer.Option(help="'triplet', or 'verification' on pairs.")] = "triplet",
    mining: Annotated[str, typer.Option(help="'semi-hard', 'hard', 'all' or 'random' triplets.")] = "semi-hard",
    margin: Annotated[float, typer.Option(help="Margin of the triplet loss.")] = 0.2,
    comparison: Annotated[
        str, typer.Option(help="Comparison of the verification loss: 'absolute', 'squared' or 'chi-square'.")
    ] = "absolute",
    epochs: Annotated[int | None, typer.Option(help="How often each person is used; 30 by default.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Stop after this many minutes.")] = None,
    steps: Annotated[int | None, typer.Option(help="Stop after this many batches.")] = None,
    epoch_steps: Annotated[int | None, typer.Option(help="Batches between two evaluations.")] = None,
    batch: Annotated[str | None, typer.Option(help="People x pictures of each; 32x4 by default.")] = None,
    singles: Annotated[int, typer.Option(help="In each batch, pictures of people who have only one.")] = 0,
    learning_rate: Annotated[
        float | None, typer.Option(help="The highest learning rate; by default 2e-3 from scratch, 1e-4 to fine-tune.")
    ] = None,
    weight_decay: Annotated[float, typer.Option(help="Weight decay of AdamW.")] = 1e-4,
    augment: Annotated[float, typer.Option(help="Strength of the augmentation, from 0 to 3.")] = 1.0,
    held_out: Annotated[float, typer.Option(help="Share of the people kept for judging.")] = 0.1,
    without: Annotated[str | None, typer.Option(help="Leave out everybody named in this file of pairs.")] = None,
    aligned: Aligned = False,
    crop: Crop = 1.0,
    chips: Chips = None,
    skip_unreadable: SkipUnreadable = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted training.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier training.")] = False,
    seed: Seed = 0,
    jit: Annotated[bool, typer.Option("--jit", help="Compile the step with XLA.")] = False,
    mixed_precision: Annotated[bool, typer.Option("--mixed-precision", help="Compute in bfloat16.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train a face tower on a folder of people; the best epoch on people held out is kept.

    Beside OUT.keras stands the folder OUT.training with the history, figures and what --resume needs.
    """
    from keras_apps.faces.training.plan import TrainingPlan
    from keras_apps.faces.training.resume import HISTORY, TrainingHistory, check_out, head_path, training_folder

    check_out(out)
    check_cropping(aligned, crop, chips)
    files = training_folder(out)
    if resume:
        TrainingHistory.load(files)
    elif not overwrite:
        for path in (Path(out), files / HISTORY, head_path(out)):
            if path.exists():
                raise ValueError(f"expected a new file, received '{path}', which exists; use --resume or --overwrite")
    scratch = tower in UNTRAINED
    if size is not None and not scratch:
        raise ValueError(f"expected --size for a tower from scratch, {' or '.join(UNTRAINED)}, received it for {tower}")
    if size is not None and size < UNTRAINED[tower]:
        raise ValueError(f"expected --size of at least {UNTRAINED[tower]} for {tower}, received {size}")
    if not scratch:
        check_tower(tower, UNTRAINED)
    size_of_batch = _batch(batch) if batch else None
    plan = TrainingPlan(  # raises before anything is read
        loss=loss,
        mining=mining,
        margin=margin,
        comparison=comparison,
        people=size_of_batch[0] if size_of_batch else PEOPLE,
        pictures=size_of_batch[1] if size_of_batch else PICTURES,
        singles=singles,
        epochs=EPOCHS if epochs is None and minutes is None and steps is None else epochs,
        steps=steps,
        minutes=minutes,
        steps_per_epoch=epoch_steps,
        learning_rate=(FROM_SCRATCH if scratch else FINE_TUNING) if learning_rate is None else learning_rate,
        weight_decay=weight_decay,
        augment=augment,
        crop=crop,
        seed=seed,
        jit=jit,
    )
    console.load_tensorflow()
    started = starting_tower(tower, size, seed, mixed_precision)
    names = _names_of(without) if without else set()
    people = read_people(folder, skip_unreadable)
    if names:
        left_out = len(names & set(people.names))
        people = people.without(names)
        console.say(f"{left_out} people named in {without} are left out")
    if not aligned:
        from keras_apps.faces.people.chips import aligned_only

        files.mkdir(exist_ok=True)
        where = chips or files / "chips"
        align(people, where, "skip", started)
        people = aligned_only(people, where)
    training, judging = people.split(held_out, seed)
    if not size_of_batch:
        plan = dataclasses.replace(plan, people=min(PEOPLE, int((training.counts >= 2).sum())))
    console.say(f"training on {training.summary()}\nheld out: {judging.summary()}")

    result = run_training(training, judging, started, out, plan, resume=resume)
    if as_json:
        console.print_json(result)
    else:
        best = result["best"]
        print(f"{out}: epoch {best['epoch']} of {result['epochs']}, EER {100 * best['eer']:.2f} % on people held out")
        print(f"history and figures in {result['folder']}")


def _batch(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"\s*(\d+)\s*[x×*,]\s*(\d+)\s*", text)
    if not match:
        raise ValueError(f"expected --batch as people x pictures, for instance 32x4, received {text!r}")
    return int(match[1]), int(match[2])


def _names_of(path: str) -> set[str]:
    from keras_apps.faces.people.pairs import picture_path, read_pairs

    return {Path(picture_path(picture)).parent.name for picture in read_pairs(path).pictures()}
