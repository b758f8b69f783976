"""Repaint a photograph: pictures and a recipe -> the generated picture and how its cost fell."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_apps.images import Picture, resize, scaled
from keras_apps.style import checkpoint as checkpoints
from keras_apps.style.inputs import Inputs, read_inputs
from keras_apps.style.lbfgs import LBFGS, resumable
from keras_apps.style.memory import bytes_per_pixel, check_memory
from keras_apps.style.networks import load_network, runners
from keras_apps.style.objective import Objective
from keras_apps.style.recipe import Recipe
from keras_apps.style.result import Progress, StyleResult
from keras_apps.style.step import StyleStep
from keras_apps.style.tiling import TiledObjective

if TYPE_CHECKING:
    import keras

SETTLING = 20
"""Steps over which the fall of the cost is judged."""
CHECKPOINT_EVERY = 20
"""Steps between two checkpoints."""


def transfer(
    content: Picture,
    style: Picture | Sequence[Picture],
    recipe: Recipe | None = None,
    *,
    masks: Sequence[Picture] | None = None,
    start_picture: Picture | None = None,
    network: keras.Model | None = None,
    tile: int | None = None,
    checkpoint: str | os.PathLike | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
    compiled: bool = True,
) -> StyleResult:
    """Paint the content of one picture in the style of another, or of several.

    Args:
        content: A picture, as `images.load_image` takes; the result has its proportions.
        style: A picture, or a list of them, of which `recipe.style_shares` says how much each counts.
        recipe: Layers, weights, optimiser, steps, sizes, start and seed; `Recipe()` by default.
        masks: One a style picture, each of the content's size in pixels: white where that style is to be.
        start_picture: The first G, with `recipe.start="picture"`; of any size.
        network: A Keras model of your own, with `recipe.backbone="own"`; see `networks.load_network`.
        tile: Side of the squares, in pixels, in which pictures larger than memory are computed; same picture, slower.
        checkpoint: A file in which the run is kept, every 20 steps and after Ctrl-C. L-BFGS can be resumed only where
            it has forgotten its curvature: every `restart` steps, which the result's recipe then says
            (`lbfgs.resumable`), and so its picture is not the one without a checkpoint.
        resume: Go on from `checkpoint`; the picture is the one that the run would have given without interruption.
        progress: Called after every step.
        compiled: Compile the step with XLA and, where there are enough steps to repay the longer compilation, convolve
            the wide layers with fewer multiplications (`winograd`). Without it the first step starts sooner.

    Returns:
        A `StyleResult`. Ctrl-C ends the loop and returns the best picture so far; so does a cost that is no longer
        finite, unless there is no step before.

    Raises:
        ValueError: If a picture is smaller than the network needs, masks do not fit, the checkpoint is another run's,
            or the very first cost is not finite.
        MemoryError: If there is not enough memory for this size.
        FileNotFoundError: If a picture, or a checkpoint to resume from, does not exist.

    Reference:
        Gatys et al., "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016.
    """
    recipe = recipe or Recipe()
    recipe = recipe if checkpoint is None else resumable(recipe)
    inputs = read_inputs(content, style, masks, start_picture, recipe)
    check_memory(*scaled(inputs.content, inputs.stages[-1][0]), tile, bytes_per_pixel(recipe))
    model = load_network(recipe, network)
    runner = runners(model, recipe, compiled)
    run = Run(recipe, inputs, checkpoint, resume, progress)
    picture, rate = None, math.nan
    for stage, (size, steps) in enumerate(inputs.stages):
        if stage < run.first_stage or run.stopped not in ("steps", "settled"):
            continue
        C, styles, regions = inputs.at(size, model)
        network_at = runner(C.shape[0] * C.shape[1], steps)
        if tile is None or tile >= max(C.shape[:2]):
            objective = Objective(network_at, C, styles, recipe, regions, compiled=compiled)
        else:
            objective = TiledObjective(model, C, styles, recipe, tile, regions, 0.0, compiled, network_at)
        start = inputs.start(C, styles[0]) if picture is None else resize(picture, C.shape[:2])
        if recipe.optimizer == "lbfgs":
            descent = LBFGS(objective, start, recipe.optimizer_options)
        else:
            descent = StyleStep(objective, start, recipe, steps)
        picture = run.paint(descent, stage)
        rate = descent.learning_rate
    return StyleResult(
        inputs.finished(picture), run.history, recipe, recipe.resolved_backbone, rate, run.seconds, run.stopped
    )


class Run:
    """The course of one transfer through its sizes: history, best picture, checkpoints, and why it stopped.

    Args:
        recipe: The recipe.
        inputs: The pictures.
        checkpoint: Where to keep the run, or `None`.
        resume: Whether to begin with what is kept there.
        progress: Told after every step.

    Attributes:
        history: A row a step.
        first_stage: The stage to begin with.
        stopped: As `StyleResult` has it.
        seconds: So far, those before a resumed interruption included.
    """

    def __init__(self, recipe: Recipe, inputs: Inputs, checkpoint, resume: bool, progress):
        self.recipe, self.stages, self.file, self.progress = recipe, inputs.stages, checkpoint, progress
        self.finished = inputs.finished
        self.history: list[dict[str, float]] = []
        self.stopped, self.first_stage, self.resumed = "steps", 0, None
        if resume and checkpoint is None:
            raise ValueError("expected a checkpoint to resume from, received none")
        self.pictures = inputs.digest() if checkpoint is not None else ""
        if resume:
            self.resumed = checkpoints.load(checkpoint, recipe, self.pictures)
            self.history, self.first_stage = list(self.resumed.history), self.resumed.stage
        self.began = time.perf_counter() - (self.history[-1]["seconds"] if self.history else 0)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def paint(self, descent: StyleStep | LBFGS, stage: int) -> np.ndarray:
        """Paint one size, and return the last picture, or the best one where the cost has risen since.

        The start is not taken for the best: some programs' costs rise before they fall below the content picture's.
        """
        self.descent, self.stage, self.done, self.kept = descent, stage, 0, 0
        self.best, self.best_cost = descent.picture.numpy(), math.inf
        if self.resumed:
            kept, self.resumed = self.resumed, None
            descent.restore(kept.picture, kept.state)
            self.best, self.best_cost, self.done, self.kept = kept.best, kept.best_cost, kept.steps, kept.steps
        self.before = descent.picture.numpy()
        self.rows = [row for row in self.history if row["stage"] == stage]
        self.first_second = math.nan
        try:
            self.stopped = "steps"
            descent.run(self.stages[stage][1] - self.done, self._after_step)
            if self.done < self.stages[stage][1]:  # L-BFGS found no step that lowers the cost
                self.stopped = "settled"
        except _Ended as ended:
            self.stopped = str(ended)
        except KeyboardInterrupt:
            self.stopped = "interrupted"
            self._keep()
        risen = self.rows and self.rows[-1]["cost"] > self.best_cost and self.best_cost < self.rows[0]["cost"]
        return self.best if risen or self.stopped.startswith("not finite") else descent.picture.numpy()

    def _after_step(self, costs: dict[str, float]) -> None:
        step = len(self.history) + 1
        wrong = [name for name, value in costs.items() if not math.isfinite(value)]
        if wrong:
            told = f"not finite: {' and '.join(self._wrong_terms(costs) or wrong)} at step {step}"
            if not self.rows:
                rate = self.descent.learning_rate
                smaller = "smaller weights" if math.isnan(rate) else f"a smaller learning_rate than {rate:g}"
                raise ValueError(f"expected a finite cost, received one that is {told}; {smaller} may help")
            raise _Ended(told)
        if costs["cost"] < self.best_cost:
            self.best, self.best_cost = self.before, costs["cost"]
        self.before = self.descent.picture.numpy()
        size = self.stages[self.stage][0]
        row = {"step": step, "stage": self.stage, "size": size, **costs, "seconds": self.seconds}
        self.history.append(row)
        self.rows.append(row)
        self.done += 1
        if self.done - self.kept >= CHECKPOINT_EVERY:
            self._keep()
        if self.progress:
            self.progress(self._told(row))
        if len(self.rows) > SETTLING and self.recipe.settled:
            earlier = self.rows[-1 - SETTLING]["cost"]
            if earlier - costs["cost"] < self.recipe.settled * earlier:
                raise _Ended("settled")

    def _wrong_terms(self, costs: dict[str, float]) -> list[str]:
        """Return the terms that are not finite, or that overflow once they are weighted."""
        terms = ("content", "style", "variation", "temporal")
        weights = {name: getattr(self.recipe, f"{name}_weight", 1.0) for name in terms}
        # what float32 cannot hold is what the graph could not add up
        return [name for name in terms if not abs(weights[name] * costs[name]) < 3.4e38]

    def _told(self, row: dict[str, float]) -> Progress:
        if math.isnan(self.first_second):
            self.first_second, self.first_step = row["seconds"], self.done
        timed = self.done - self.first_step
        pace = (row["seconds"] - self.first_second) / timed if timed else math.nan
        size, steps = self.stages[self.stage]
        left = steps - self.done + sum(n * (s / size) ** 2 for s, n in self.stages[self.stage + 1 :])
        total = sum(n for _, n in self.stages)
        return Progress(row["step"], total, size, row["cost"], row["seconds"], pace * left, self._picture)

    def _picture(self) -> np.ndarray:
        return self.finished(self.descent.picture.numpy())

    def _keep(self) -> None:
        if self.file is None or not self.rows or not self.descent.resumable:
            return
        self.kept = self.done
        state, picture = self.descent.state(), self.descent.picture.numpy()
        kept = (self.stage, self.done, picture, self.best, self.best_cost, state, self.history)
        checkpoints.save(self.file, checkpoints.Checkpoint(*kept), self.recipe, self.pictures)


class _Ended(Exception):
    """The loop is to end before all steps are done."""
