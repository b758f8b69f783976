"""A checkpoint on disk: recipe, digest of the pictures, optimiser state and history of an unfinished transfer."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_apps._files import written_aside
from keras_apps.style.recipes.recipe import Recipe

FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """What a run needs to continue as if it had not stopped.

    Attributes:
        stage: Which of the recipe's sizes is being painted, from 0.
        steps: Steps done in that stage.
        picture: float32 `(h, w, 3)`, G.
        best: float32 `(h, w, 3)`, the picture of that stage with the lowest cost so far.
        best_cost: Its cost.
        state: The optimiser's.
        history: The rows so far, of all stages.
    """

    stage: int
    steps: int
    picture: np.ndarray
    best: np.ndarray
    best_cost: float
    state: dict[str, np.ndarray]
    history: list[dict[str, float]]


def digest(pictures: Iterable[np.ndarray]) -> str:
    """Return a SHA-256 over pictures and their shapes, as hexadecimal digits."""
    sha = hashlib.sha256()
    for picture in pictures:
        array = np.ascontiguousarray(picture, np.float32)
        sha.update(repr(array.shape).encode())
        sha.update(array.tobytes())
    return sha.hexdigest()


def save(path: str | os.PathLike, checkpoint: Checkpoint, recipe: Recipe, pictures: str) -> None:
    """Write a checkpoint. If writing fails, an older one stays as it was.

    Args:
        path: File to write, usually `.npz`.
        checkpoint: The run's state.
        recipe: The run's recipe.
        pictures: `digest` of content, style and start pictures and of masks.

    Raises:
        OSError: If the file cannot be written.
    """
    about = {"format": FORMAT, "recipe": recipe.as_dict(), "pictures": pictures, "history": checkpoint.history}
    about |= {"stage": checkpoint.stage, "steps": checkpoint.steps, "best_cost": checkpoint.best_cost}
    arrays: dict[str, Any] = {f"state/{name}": value for name, value in checkpoint.state.items()}
    with written_aside(path) as aside, open(aside, "wb") as file:
        np.savez(file, about=json.dumps(about), picture=checkpoint.picture, best=checkpoint.best, **arrays)


def load(path: str | os.PathLike, recipe: Recipe, pictures: str) -> Checkpoint:
    """Read a checkpoint of the same run: the same recipe and the same pictures.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not a checkpoint, or one of another recipe or other pictures.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"expected a checkpoint to resume from, received '{path}', which does not exist")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            about = json.loads(str(arrays["about"]))
            state = {name.removeprefix("state/"): arrays[name] for name in arrays.files if name.startswith("state/")}
            picture, best = arrays["picture"], arrays["best"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"expected a checkpoint of a style transfer, received '{path}': {error}") from None
    if about.get("format") != FORMAT:
        raise ValueError(f"expected a checkpoint of format {FORMAT}, received '{path}' of {about.get('format')}")
    other = [name for name, value in _as_json_reads(recipe).items() if about["recipe"].get(name) != value]
    if other:
        differences = ", ".join(f"{name} {about['recipe'].get(name)!r}" for name in other)
        raise ValueError(f"expected a checkpoint of this recipe, received '{path}', whose recipe has {differences}")
    if about["pictures"] != pictures:
        raise ValueError(
            f"expected a checkpoint of these pictures, received '{path}', which was made with other pictures"
        )
    numbers = {name: about[name] for name in ("stage", "steps", "best_cost", "history")}
    return Checkpoint(picture=picture, best=best, state=state, **numbers)


def _as_json_reads(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as it comes back from JSON, for instance with lists in place of tuples."""
    return json.loads(json.dumps(recipe.as_dict()))
