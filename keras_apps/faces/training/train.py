"""People and a tower -> the tower trained, the best of its epochs kept. What `keras-apps faces train` does."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from keras_apps._files import written_aside
from keras_apps.faces.judging.pairs import HeldOut
from keras_apps.faces.people.augment import augmentation
from keras_apps.faces.people.batches import labelled_batches, pair_batches
from keras_apps.faces.people.people import People
from keras_apps.faces.people.sampling import PairSampler, PeopleSampler
from keras_apps.faces.training.plan import TrainingPlan
from keras_apps.faces.training.resume import TrainingHistory, check_out, head_path, training_folder
from keras_apps.faces.training.siamese import checked_tower
from keras_apps.faces.training.triplet_model import TripletModel
from keras_apps.faces.training.verification_model import VerificationModel

Report = Callable[[str, dict[str, Any]], None]


def train(
    people: People,
    held_out: People,
    tower: keras.Model,
    out: str | os.PathLike,
    plan: TrainingPlan,
    *,
    resume: bool = False,
    report: Report | None = None,
) -> TrainingHistory:
    """Train a tower, and keep it as it was after its best epoch.

    After each epoch the EER on pairs of held-out people is measured. Where it is the lowest so far, the tower is
    written to `out`; with the verification loss the `VerificationModel` too, beside it, at `head_path(out)`, where
    an earlier training's is removed. The training's own folder,
    `training_folder(out)`, holds the history and all that is needed to go on after an interruption: the epochs that
    follow are those that would have followed.

    Args:
        people: Whom to train on.
        held_out: Whom to judge on; nobody may be in both.
        tower: A built Keras model from square pictures, RGB in 0..255, to encodings `(n, d)`; it is trained in place.
        out: A path that ends in .keras.
        plan: What to do.
        resume: Go on with the training in `training_folder(out)`, which began with the same tower and plan.
        report: Called with `"step"` and what the model reports after each batch, and with `"epoch"` and the epoch's
            entry of the history.

    Returns:
        The history, epoch 0 being the tower as it came.

    Raises:
        TypeError: If the tower is not a Keras model.
        ValueError: If somebody is in both parts, the tower is not built or its input not square, there are not so
            many people as the plan wants in a batch, `out` has another ending, training was begun with other choices
            or people, or it diverged.
        FileNotFoundError: If there is nothing to resume, or no folder for `out`.

    Example:
        >>> import tempfile
        >>> from keras_apps.faces.people.synthetic.crowd import synthetic_people
        >>> train_on, held = People.from_arrays(*synthetic_people(8, 3, size=16)).split(0.25)
        >>> tower = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(8)])
        >>> plan = TrainingPlan(epochs=1, people=2, pictures=2, augment=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     history = train(train_on, held, tower, f"{folder}/mine.keras", plan)
        >>> [epoch["step"] for epoch in history.epochs]
        [0, 3]
    """
    check_out(out)
    size, sampler = _checked(people, held_out, tower, plan)
    numbers = {"training": people.summary(), "held out": held_out.summary()}
    who = {"training": people.digest(), "held out": held_out.digest()}
    history = TrainingHistory(plan.as_dict(), people=numbers, who=who)
    if resume:
        history = TrainingHistory.load(training_folder(out))
        plan.check_continues(history.plan)
        if history.people != numbers:
            raise ValueError(f"expected {history.people['training']}, as this training began, received {numbers}")
        if history.who and history.who != who:
            raise ValueError(
                "expected the people that this training began with, received as many, but with other names or pictures"
            )
        history.plan = plan.as_dict()
    per_epoch = plan.steps_per_epoch or sampler.steps_per_epoch
    totals = [count for count in (plan.steps, (plan.epochs or 0) * per_epoch) if count]
    total = min(totals, default=None)

    model = _model(tower, plan)
    epoch_end = _EpochEnd(
        model, history, Path(out), HeldOut(held_out, size, crop=plan.crop, seed=plan.seed), total, report
    )
    epoch_end.begin(resume)
    if epoch_end.done() < 1:
        augment = augmentation(plan.augment, plan.seed) if plan.augment else None
        if plan.loss == "triplet":
            batches = labelled_batches(
                people,
                size,
                people_per_batch=plan.people,
                pictures_per_person=plan.pictures,
                singles=plan.singles,
                seed=plan.seed,
                crop=plan.crop,
                augment=augment,
                start=history.step,
            )
        else:
            batches = pair_batches(
                people,
                size,
                batch_size=plan.pairs,
                seed=plan.seed,
                crop=plan.crop,
                augment=augment,
                start=history.step,
            )
        done = len(history.epochs) - 1
        left = 1_000_000 if total is None else math.ceil((total - history.step) / per_epoch)  # the last may be short
        model.fit(
            batches,
            steps_per_epoch=per_epoch,
            initial_epoch=done,
            epochs=done + left,
            callbacks=[epoch_end],
            verbose=0,
            shuffle=False,
        )
    return history


def _checked(
    people: People, held_out: People, tower: keras.Model, plan: TrainingPlan
) -> tuple[int, PeopleSampler | PairSampler]:
    both = sorted(set(people.names) & set(held_out.names))
    if both:
        raise ValueError(f"expected nobody both in training and held out, received {', '.join(both[:3])} in both")
    if hasattr(checked_tower(tower), "tower"):
        raise ValueError(f"expected a tower, received a {type(tower).__name__}, whose `tower` is one")
    shape = tower.input_shape[1:]
    if len(shape) != 3 or shape[0] is None or shape[0] != shape[1] or shape[2] != 3:
        raise ValueError(f"expected a tower for square RGB pictures of one size, received input {tower.input_shape}")
    if plan.loss == "triplet":
        return shape[0], PeopleSampler(people.labels, plan.people, plan.pictures, plan.singles, plan.seed)
    return shape[0], PairSampler(people.labels, plan.pairs, plan.seed)


def _model(tower: keras.Model, plan: TrainingPlan) -> keras.Model:
    if plan.loss == "triplet":
        model = TripletModel(tower, margin=plan.margin, mining=plan.mining, seed=plan.seed)
    else:
        model = VerificationModel(tower, comparison=plan.comparison)
    optimizer = keras.optimizers.AdamW(plan.learning_rate, weight_decay=plan.weight_decay)
    model.compile(optimizer, jit_compile=plan.jit)
    model.optimizer.build(model.trainable_variables)
    return model


class _EpochEnd(keras.callbacks.Callback):
    """Set the learning rate, stop in time, judge each epoch, and write the best tower and the state."""

    def __init__(
        self,
        model: keras.Model,
        history: TrainingHistory,
        out: Path,
        judge: HeldOut,
        total: int | None,
        report: Report | None,
    ) -> None:
        super().__init__()
        self.history, self.out, self.judge, self.total, self.report = history, out, judge, total, report
        self.trained, self.plan, self.step = model, TrainingPlan(**history.plan), history.step
        self.began = time.monotonic() - history.seconds

    def begin(self, resume: bool) -> None:
        """Restore the state, or judge the tower as it came."""
        folder = training_folder(self.out)
        if resume:
            self.history.restore(folder, self.trained)
        else:
            folder.mkdir(exist_ok=True)
            head_path(self.out).unlink(missing_ok=True)
            self._keep({})
        self.began = time.monotonic() - self.history.seconds

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        self.rate = self.plan.learning_rate_at(self.step, self.total, self.done())
        self.trained.optimizer.learning_rate.assign(self.rate)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.step += 1
        if self.report:
            self.report("step", {"step": self.step, "steps": self.total, "done": self.done(), **(logs or {})})
        if self.done() >= 1:
            self.trained.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self._keep({name: float(value) for name, value in (logs or {}).items()} | {"learning_rate": self.rate})

    def done(self) -> float:
        """Return the share of the training that is over; 1 or more is the end."""
        by_steps = self.step / self.total if self.total else 0.0
        return max(by_steps, (time.monotonic() - self.began) / (60 * self.plan.minutes) if self.plan.minutes else 0.0)

    def _keep(self, logs: dict[str, float]) -> None:
        judged = {"epoch": len(self.history.epochs), "step": self.step, "eer": self.judge.eer(self.trained)}
        entry = judged | {"seconds": round(time.monotonic() - self.began, 1)} | logs
        self.history.epochs.append(entry)
        if self.history.best is entry:
            with written_aside(self.out) as aside:
                self.trained.tower.save(aside)
            if self.plan.loss == "verification":
                with written_aside(head_path(self.out)) as aside:
                    self.trained.save(aside)
        self.history.save(training_folder(self.out), self.trained)
        if self.report:
            self.report("epoch", entry)
