"""Training that was interrupted -> the same history as without the interruption."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_apps._files import check_destination, written_aside


def fit_resumable(
    model: keras.Model,
    batches: Callable[[int], tf.data.Dataset],
    steps_per_epoch: int,
    epochs: int,
    folder: str | os.PathLike,
    **options,
) -> dict[str, list[float]]:
    """Train as `fit` does, and continue where an earlier call stopped.

    After each epoch the folder holds all that the next one depends on: weights, the optimiser's state, the random
    state of layers such as dropout, and the history so far. Called again with the same arguments after an
    interruption, it takes up after the last whole epoch, and weights and history become what they would have been.
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
    if steps_per_epoch < 1 or epochs < 1:
        raise ValueError(f"expected at least one step and epoch, received {steps_per_epoch} and {epochs}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    history, done = _restore(model, folder)
    if done >= epochs:
        return history
    keeper = _Keeper(folder, history)
    options["callbacks"] = [*(options.get("callbacks") or []), keeper]
    options.setdefault("shuffle", False)  # a stream has an order of its own
    stream = batches(done * steps_per_epoch)
    model.fit(stream, steps_per_epoch=steps_per_epoch, initial_epoch=done, epochs=epochs, **options)
    return keeper.history


class _Keeper(keras.callbacks.Callback):
    """Write the state after each epoch: the weights first, then the small file that makes them count."""

    def __init__(self, folder: Path, history: dict[str, list[float]]):
        super().__init__()
        self.folder, self.history = folder, history

    def on_epoch_end(self, epoch, logs=None):
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        weights = self.folder / f"epoch{epoch + 1:05d}.weights.h5"
        self.model.save_weights(weights, overwrite=True)
        state = {
            "epochs": epoch + 1,
            "weights": weights.name,
            "random": [seed.numpy().tolist() for seed in _random_states(self.model)],
            "history": self.history,
        }
        with written_aside(self.folder / "state.json") as aside:
            aside.write_text(json.dumps(state), encoding="utf-8")
        for old in self.folder.glob("epoch*.weights.h5"):
            if old != weights:
                old.unlink()


def _restore(model: keras.Model, folder: Path) -> tuple[dict[str, list[float]], int]:
    path = folder / "state.json"
    if not path.is_file():
        return {}, 0
    state = json.loads(path.read_text(encoding="utf-8"))
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    seeds = _random_states(model)
    if len(seeds) != len(state["random"]):
        raise ValueError(f"expected a model with {len(state['random'])} random layers, received {len(seeds)}")
    try:
        model.load_weights(folder / state["weights"])
    except ValueError as error:
        raise ValueError(f"expected the model that '{folder}' was written for, received another: {error}") from None
    for seed, value in zip(seeds, state["random"], strict=True):
        seed.assign(value)
    return state["history"], state["epochs"]


def _random_states(model: keras.Model) -> list[keras.Variable]:
    return [variable for variable in model.variables if variable.name == "seed_generator_state"]


HISTORY = "history.json"


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

    plan: dict
    epochs: list[dict] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    who: dict[str, str] = field(default_factory=dict)

    @property
    def best(self) -> dict:
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
            ValueError: If the file holds something else.
        """
        path = Path(folder, HISTORY)
        if not path.is_file():
            raise FileNotFoundError(f"expected a training to go on with, received '{folder}' without {HISTORY}")
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as error:
            raise ValueError(f"expected a training's history, received '{path}': {error}") from None

    def save(self, folder: str | os.PathLike, variables: dict[str, list]) -> None:
        """Write the history, and the variables that go with its last epoch.

        The variables are written first, under their epoch's number; the history, which names the epoch, makes them
        valid. An interruption at any moment leaves the earlier state whole.

        Args:
            folder: The training's folder, which exists.
            variables: Arrays by group, for instance `{"model": [...], "optimizer": [...]}`.
        """
        state = self._state(folder)
        arrays = {f"{group}-{i}": np.asarray(v) for group, some in variables.items() for i, v in enumerate(some)}
        with written_aside(state) as aside:
            np.savez(aside, **arrays)
        with written_aside(Path(folder, HISTORY)) as aside:
            aside.write_text(json.dumps(vars(self), indent=1) + "\n", encoding="utf-8")
        for old in Path(folder).glob("state-*.npz"):
            if old != state:
                old.unlink(missing_ok=True)

    def restore(self, folder: str | os.PathLike, variables: dict[str, list]) -> None:
        """Assign the variables that were saved with the last epoch.

        Raises:
            FileNotFoundError: If they are not there.
            ValueError: If they are of another tower, or the file is damaged.
        """
        state = self._state(folder)
        if not state.is_file():
            raise FileNotFoundError(
                f"expected the variables of epoch {self.epochs[-1]['epoch']}, received no '{state}'"
            )
        wanted = {f"{group}-{i}": v for group, some in variables.items() for i, v in enumerate(some)}
        try:
            with np.load(state, allow_pickle=False) as arrays:
                saved = {name: arrays[name] for name in arrays.files}
        except Exception as error:  # zipfile and NumPy raise many kinds on damaged files
            raise ValueError(f"expected a training's variables, received '{state}': {error}") from None
        shapes = {name: tuple(v.shape) for name, v in wanted.items()}
        if {name: v.shape for name, v in saved.items()} != shapes:
            raise ValueError(f"expected the tower that this training began with, received another than '{state}' holds")
        for name, variable in wanted.items():
            variable.assign(saved[name])

    def _state(self, folder: str | os.PathLike) -> Path:
        return Path(folder, f"state-{self.epochs[-1]['epoch']:05d}.npz")


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
