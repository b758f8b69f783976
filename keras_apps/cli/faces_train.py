"""`keras-apps faces train`: a folder of people -> a tower of your own."""

from __future__ import annotations

import re
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
    check_tower,
    read_people,
)

UNTRAINED = {"small": 16, "inception": 32}  # the smallest --size
EPOCHS, FROM_SCRATCH, FINE_TUNING = 30, 2e-3, 1e-4
PEOPLE, PICTURES = 32, 4


def register(app: typer.Typer) -> None:
    """Add the command to `keras-apps faces`."""
    app.command()(train)


def train(
    folder: Folder,
    out: Annotated[str, typer.Option("-o", "--out", help="The tower's file, ending in .keras.")],
    tower: Annotated[
        str,
        typer.Option(
            help="'small' or 'inception' from scratch; 'resnet128', 'synthetic64' or a .keras file to fine-tune."
        ),
    ] = "small",
    size: Annotated[int | None, typer.Option(help="Pixels a side, for a tower from scratch.")] = None,
    loss: Annotated[str, typer.Option(help="'triplet', or 'verification' on pairs.")] = "triplet",
    mining: Annotated[str, typer.Option(help="'semi-hard', 'hard', 'all' or 'random' triplets.")] = "semi-hard",
    margin: Annotated[float, typer.Option(help="Of the triplet loss.")] = 0.2,
    comparison: Annotated[
        str, typer.Option(help="Of the verification loss: 'absolute', 'squared' or 'chi-square'.")
    ] = "absolute",
    epochs: Annotated[int | None, typer.Option(help="How often everybody comes; 30 if nothing else ends it.")] = None,
    minutes: Annotated[float | None, typer.Option(help="End after so long.")] = None,
    steps: Annotated[int | None, typer.Option(help="End after so many batches.")] = None,
    epoch_steps: Annotated[int | None, typer.Option(help="Batches between two evaluations.")] = None,
    batch: Annotated[str | None, typer.Option(help="People x pictures of each, 32x4 where there are so many.")] = None,
    singles: Annotated[int, typer.Option(help="Pictures of people with just one, in each batch.")] = 0,
    learning_rate: Annotated[
        float | None, typer.Option(help="The highest; by default 2e-3 from scratch, 1e-4 to fine-tune.")
    ] = None,
    weight_decay: Annotated[float, typer.Option(help="Of AdamW.")] = 1e-4,
    augment: Annotated[float, typer.Option(help="Strength of the augmentation, from 0 to 3.")] = 1.0,
    held_out: Annotated[float, typer.Option(help="Share of the people kept for judging.")] = 0.1,
    without: Annotated[str | None, typer.Option(help="Leave out everybody named in this file of pairs.")] = None,
    aligned: Aligned = False,
    crop: Crop = 1.0,
    chips: Chips = None,
    skip_unreadable: SkipUnreadable = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after an interruption.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier training.")] = False,
    seed: Seed = 0,
    jit: Annotated[bool, typer.Option("--jit", help="Compile the step with XLA.")] = False,
    mixed_precision: Annotated[bool, typer.Option("--mixed-precision", help="Compute in bfloat16.")] = False,
    as_json: AsJson = False,
) -> None:
    """Train a face tower on a folder of people; the best epoch on people held out is kept.

    Beside OUT.keras stands the folder OUT.training with the history, figures and what --resume needs.
    """
    from keras_apps.faces.training_plan import TrainingPlan
    from keras_apps.faces.training_state import HISTORY, TrainingHistory, check_out, head_path, training_folder

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
    wanted = _batch(batch) if batch else None
    choices = {
        "loss": loss, "mining": mining, "margin": margin, "comparison": comparison, "singles": singles,
        "epochs": EPOCHS if epochs is None and minutes is None and steps is None else epochs,
        "steps": steps, "minutes": minutes, "steps_per_epoch": epoch_steps, "weight_decay": weight_decay,
        "learning_rate": (FROM_SCRATCH if scratch else FINE_TUNING) if learning_rate is None else learning_rate,
        "augment": augment, "crop": crop, "seed": seed, "jit": jit,
    }  # fmt: skip
    if wanted:
        choices["people"], choices["pictures"] = wanted
    TrainingPlan(**choices)  # says what is wrong before anything is read
    names = _names_of(without) if without else set()
    people = read_people(folder, skip_unreadable)
    if names:
        left_out = len(names & set(people.names))
        people = people.without(names)
        _console.say(f"{left_out} people named in {without} are left out")
    if not aligned:
        from keras_apps.faces.aligned_folder import aligned_only

        files.mkdir(exist_ok=True)
        where = chips or files / "chips"
        align(people, where, "skip")
        people = aligned_only(people, where)
    parts = people.split(held_out, seed)
    if not wanted:
        choices["people"], choices["pictures"] = min(PEOPLE, int((parts[0].counts >= 2).sum())), PICTURES
    _console.say(f"training on {parts[0].summary()}\nheld out: {parts[1].summary()}")

    _console.load_tensorflow()
    from keras_apps.faces.training_run import run_training, starting_tower

    started = starting_tower(tower, size, seed, mixed_precision)
    result = run_training(*parts, started, out, TrainingPlan(**choices), resume=resume)
    if as_json:
        _console.print_json(result)
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
    from keras_apps.faces.pairs import picture_path, read_pairs

    return {Path(picture_path(picture)).parent.name for picture in read_pairs(path).pictures()}
