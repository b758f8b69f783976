"""Training that was interrupted -> the same history as without the interruption."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_apps._checks import check_whole
from keras_apps._files import check_destination, written_aside

HISTORY = "history.json"


def fit_resumable(
    model: keras.Model,
    batches: Callable[[int], tf.data.Dataset],
    steps_per_epoch: int,
    epochs: int,
    folder: str | os.PathLike,
    **options: Any,
) -> dict[str, list[float]]:
    """Train as `fit` does, and continue where an earlier call stopped.

    After each epoch the folder holds all that the next one depends on: weights, the optimiser's state, the random
    state of layers such as dropout, and the history so far. Called again with the same arguments after an
    interruption, it continues after the last whole epoch, and weights and history become what they would have been.
    Keras's `BackupAndRestore` restores weights and optimiser only: its continued run would see the first epochs' data
    order and random numbers again.

    Args:
        model: A compiled model, built as it was the first time.
        batches: Gives the stream of batches from a step on, the same whenever it is asked for the same step. For
            instance `lambda start: labelled_batches(people, 64, seed=1, start=start)`, or, for any data set,
            `lambda start: examples.shuffle(1000, seed=1).repeat().batch(32).skip(start)`.
        steps_per_epoch: How many batches make an epoch.
        epochs: How many epochs in all, those before an interruption included.
        folder: Where the state is kept; made when missing. An interrupted call can lose the epoch it was in, no more.
        options: For `model.fit`, such as `callbacks` and `validation_data`. What callbacks remember, such as
            `EarlyStopping`'s best value, begins anew.

    Returns:
        The history, `{name: one value an epoch}`, of all epochs.

    Raises:
        TypeError: If a number is not a whole number.
        ValueError: If a number is not positive, or the folder belongs to another model.

    Example:
        >>> import tempfile
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse", jit_compile=False)
        >>> ones = tf.data.Dataset.from_tensors((tf.ones((4, 1)), tf.ones((4, 1))))
        >>> folder = tempfile.mkdtemp()
        >>> first = fit_resumable(model, lambda start: ones.repeat(), 5, 2, folder, verbose=0)
        >>> both = fit_resumable(model, lambda start: ones.repeat(), 5, 3, folder, verbose=0)
        >>> len(both["loss"]), both["loss"][:2] == first["loss"]
        (3, True)
    """
    check_whole("steps_per_epoch", steps_per_epoch)
    check_whole("epochs", epochs)
    state = SavedState(folder)
    state.folder.mkdir(parents=True, exist_ok=True)
    history: dict[str, list[float]] = {}
    done = 0
    if state.path.is_file():
        record = state.read()
        done, history = record["epoch"], record["history"]
        state.restore(done, model)
    if done >= epochs:
        return history

    def save(epoch: int, logs: dict[str, float]) -> None:
        for name, value in logs.items():
            history.setdefault(name, []).append(float(value))
        state.save(epoch + 1, model, {"epoch": epoch + 1, "history": history})

    saving = keras.callbacks.LambdaCallback(on_epoch_end=save)
    options["callbacks"] = [*(options.get("callbacks") or []), saving]
    options.setdefault("shuffle", False)  # a stream has an order of its own
    stream = batches(done * steps_per_epoch)
    model.fit(stream, steps_per_epoch=steps_per_epoch, initial_epoch=done, epochs=epochs, **options)
    return history


class SavedState:
    """A folder with all that the next epoch of a training depends on, and a record of the epochs so far.

    The variables (weights, the random state of layers such as dropout, the optimiser's state) are written first,
    under their epoch's number; the record, which names the epoch, makes them valid. An interruption at any moment
    leaves the earlier state whole. `fit_resumable` and `train` both save by it.

    Args:
        folder: Where the files are.
    """

    def __init__(self, folder: str | os.PathLike) -> None:
        self.folder = Path(folder)
        self.path = self.folder / HISTORY

    def save(self, epoch: int, model: keras.Model, record: dict[str, Any]) -> None:
        """Write the model's and its optimizer's variables after an epoch, then the record, as JSON."""
        variables = self._variables_path(epoch)
        arrays: dict[str, Any] = {name: np.asarray(variable) for name, variable in _variables(model).items()}
        with written_aside(variables) as aside:
            np.savez(aside, **arrays)
        with written_aside(self.path) as aside:
            aside.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        for old in self.folder.glob("state-*.npz"):
            if old != variables:
                old.unlink(missing_ok=True)

    def read(self) -> dict[str, Any]:
        """Read the record.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If the file is not a JSON object.
        """
        if not self.path.is_file():
            raise FileNotFoundError(f"expected a training to resume, received '{self.folder}' without {HISTORY}")
        try:
            record = json.loads(self.path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"expected a training's history, received '{self.path}': {error}") from None
        if not isinstance(record, dict):
            raise ValueError(f"expected a training's history, received '{self.path}', which is not a JSON object")
        return record

    def restore(self, epoch: int, model: keras.Model) -> None:
        """Assign the variables that were saved after an epoch.

        Raises:
            FileNotFoundError: If they are missing.
            ValueError: If they belong to another model, or the file is damaged.
        """
        path = self._variables_path(epoch)
        if not path.is_file():
            raise FileNotFoundError(f"expected the variables of epoch {epoch}, received no '{path}'")
        try:
            with np.load(path, allow_pickle=False) as arrays:
                saved = {name: arrays[name] for name in arrays.files}
        except Exception as error:  # zipfile and NumPy raise many kinds on damaged files
            raise ValueError(f"expected a training's variables, received '{path}': {error}") from None
        variables = _variables(model)
        if {name: value.shape for name, value in saved.items()} != {n: tuple(v.shape) for n, v in variables.items()}:
            raise ValueError(f"expected the tower or model that '{path}' was written for, received another")
        for name, variable in variables.items():
            variable.assign(saved[name])

    def _variables_path(self, epoch: int) -> Path:
        return self.folder / f"state-{epoch:05d}.npz"


def _variables(model: keras.Model) -> dict[str, keras.Variable]:
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    groups = {"model": model.variables, "optimizer": model.optimizer.variables}
    return {f"{group}-{i}": variable for group, some in groups.items() for i, variable in enumerate(some)}


@dataclass
class TrainingHistory:
    """What a training did, epoch by epoch.

    Attributes:
        plan: The `TrainingPlan`, as a dictionary.
        epochs: A dictionary for each, `"epoch"` 0 being the tower as it came: `"step"`, `"seconds"`, `"eer"` on the
            held-out people, in [0, 1], and, from 1 on, what the model reports (`"loss"`, ...) and `"learning_rate"`.
        people: How many people and pictures there were, in words, for training and held out.
        who: A digest of their names and how many pictures each has, for both.
    """

    plan: dict[str, Any]
    epochs: list[dict[str, Any]] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    who: dict[str, str] = field(default_factory=dict)

    @property
    def best(self) -> dict[str, Any]:
        """The epoch with the lowest EER, the first of equals: the tower that was saved."""
        return min(self.epochs, key=lambda epoch: epoch["eer"])

    @property
    def step(self) -> int:
        """How many steps were taken."""
        return self.epochs[-1]["step"] if self.epochs else 0

    @property
    def seconds(self) -> float:
        """How long training and evaluation took, interruptions left out."""
        return self.epochs[-1]["seconds"] if self.epochs else 0.0

    @classmethod
    def load(cls, folder: str | os.PathLike) -> TrainingHistory:
        """Read the history from a training's folder.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If the file is not a training's history.
        """
        try:
            return cls(**SavedState(folder).read())
        except TypeError as error:
            raise ValueError(f"expected a training's history, received '{Path(folder, HISTORY)}': {error}") from None

    def save(self, folder: str | os.PathLike, model: keras.Model) -> None:
        """Write the history, and the variables that go with its last epoch, to a folder that exists."""
        SavedState(folder).save(self.epochs[-1]["epoch"], model, vars(self))

    def restore(self, folder: str | os.PathLike, model: keras.Model) -> None:
        """Assign the variables that were saved with the last epoch.

        Raises:
            FileNotFoundError: If they are missing.
            ValueError: If they belong to another tower, or the file is damaged.
        """
        SavedState(folder).restore(self.epochs[-1]["epoch"], model)


def training_folder(out: str | os.PathLike) -> Path:
    """Return where a training keeps its history, its state and its figures: `mine.keras` has `mine.training`."""
    return Path(out).with_suffix(".training")


def head_path(out: str | os.PathLike) -> Path:
    """Return where the verification loss keeps tower and head together: `mine.verification.keras`."""
    return Path(out).with_suffix(".verification.keras")


def check_out(out: str | os.PathLike) -> None:
    """Raise what writing the tower would raise, before any work is done."""
    if Path(out).suffix != ".keras":
        raise ValueError(f"expected a file ending in .keras to write, received '{os.fspath(out)}'")
    check_destination(out)
