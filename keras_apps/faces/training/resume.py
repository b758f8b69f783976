"""Training that was interrupted -> the same history as without the interruption."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf

from keras_apps._files import written_aside


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
