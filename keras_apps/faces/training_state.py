"""A training's history and variables <-> a folder, so that it can be taken up again after an interruption."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from keras_apps._files import check_destination, written_aside

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
