"""Painting the frames of a film one after the other: each starts from the last painted one."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf
from scipy import ndimage

from keras_apps.images import resize
from keras_apps.style.colors import as_grey, finish
from keras_apps.style.film.motion import Steadiness, steady_map
from keras_apps.style.network.network import load_network, runners
from keras_apps.style.objective import Objective
from keras_apps.style.recipes.recipe import Recipe
from keras_apps.style.run import Progress, read_inputs, transfer
from keras_apps.style.step import StyleStep

if TYPE_CHECKING:
    import keras

HELD = 0.1
"""Share of the learning rate at which pixels move where the content stands still. Adam's first steps are as long as the
rate wherever there is any gradient: that would flicker before the temporal cost has called them back."""
EDGE = 0.7
"""Standard deviation, in pixels, over which changes are averaged to say where the last frame is not started from: less
than where it is not held to, so that around a thing that moves the painting changes, but does not begin anew."""
TINT = 6.0
"""Standard deviation, in pixels, over which a painting's colours are averaged where the content changed."""


@dataclass(frozen=True)
class FilmProgress(Progress):
    """What a film's progress callback receives after each step; `step`, `steps` and `cost` are those of the frame.

    Attributes:
        frame: Frames begun, from 1.
        frames: Frames in all; 0 where that is not known.
    """

    frame: int = 0
    frames: int = 0


class HeldStep(StyleStep):
    """Steps that move less where the content stands still.

    Attributes:
        pace: Variable `(h, w, 1)` in 0..1, by which each pixel's move is multiplied.
    """

    def __init__(self, objective: Objective, start: np.ndarray, recipe: Recipe, steps: int):
        super().__init__(objective, start, recipe, steps)
        self.pace = tf.Variable(tf.ones((*start.shape[:2], 1)), trainable=False)

    def _change(self, gradient: tf.Tensor) -> None:
        before = tf.identity(self.picture)
        super()._change(gradient)
        self.picture.assign(before + self.pace * (self.picture - before))


class FramePainter:
    """Paints one frame after the other, and remembers what the next one needs.

    Args:
        recipe: The recipe.
        styles: Style pictures, each floats `(h', w', 3)` in 0..1.
        temporal_weight: Weight of the mean squared difference to the last frame where the content stands still.
        next_steps: Steps of each frame after the first.
        network: As in `transfer`.
        compiled: As in `transfer`.
        count: Number of frames; 0 if it is not known.
        progress: Called after every step.

    Attributes:
        last: The last painted frame; to be set before the next one is painted.
    """

    def __init__(
        self,
        recipe: Recipe,
        styles: list[np.ndarray],
        temporal_weight: float,
        next_steps: int,
        network: keras.Model | None,
        compiled: bool,
        count: int,
        progress: Callable[[FilmProgress], None] | None,
    ):
        self.recipe, self.styles, self.temporal_weight, self.next_steps = recipe, styles, temporal_weight, next_steps
        self.network, self.compiled, self.count, self.progress = network, compiled, count, progress
        self.frame, self.paced, self.paced_seconds, self.first_second = 0, 0, 0.0, 0.0
        self.last: np.ndarray | None = None
        self.descent: HeldStep | None = None

    def skip(self, content: np.ndarray, done: np.ndarray) -> None:
        """Register a frame that an earlier run has painted."""
        self._look_at(content)
        self.last = done

    def paint(self, content: np.ndarray) -> tuple[np.ndarray, int]:
        """Return the painted frame and its number of steps."""
        self._look_at(content)
        return self._first(content) if self.last is None else self._next(self.last)

    def _look_at(self, content: np.ndarray) -> None:
        self.frame += 1
        if self.frame == 1:
            self.inputs = read_inputs(content, self.styles, None, None, self.recipe)
            self.size = self.inputs.stages[-1][0]
            self.steadiness = Steadiness()
        self.content = resize(content, self.size)
        self.change, self.steady = self.steadiness.update(self.content)

    def _first(self, content: np.ndarray) -> tuple[np.ndarray, int]:
        def report(p: Progress) -> None:
            values = {f.name: getattr(p, f.name) for f in dataclasses.fields(Progress)}
            assert self.progress is not None
            self.progress(FilmProgress(**values | {"seconds_left": math.nan}, frame=1, frames=self.count))

        progress = None if self.progress is None else report
        result = transfer(
            content, self.styles, self.recipe, network=self.network, compiled=self.compiled, progress=progress
        )
        if result.interrupted:
            raise KeyboardInterrupt
        return result.image, len(result.history)

    def _next(self, last_frame: np.ndarray) -> tuple[np.ndarray, int]:
        if self.descent is None:
            self.descent = self._compile()
        descent = self.descent
        C, last, change = (self._grey(picture) for picture in (self.content, last_frame, self.change))
        self.objective.retarget(C)
        if self.temporal_weight:
            self.objective.previous.assign(last)
            self.objective.steady.assign(self.steady)
            descent.pace.assign(1 - (1 - HELD) * self.steady)
        descent.restore(self._start(C, last, change), self.first_state)
        self.done, self.began = 0, time.perf_counter()
        for costs in descent.steps(self.next_steps):
            self._after_step(costs, descent.picture.numpy)
        return finish(descent.picture.numpy(), self.content, self.recipe.color), self.done

    def _start(self, C: np.ndarray, last: np.ndarray, change: np.ndarray) -> np.ndarray:
        """Return the last painted frame, and where the content changed that in the painting's colours.

        The painting's colours there are its difference to the content it was painted from, blurred: its brush strokes
        belong to what is gone, and would stay as a ghost.
        """
        tint = ndimage.gaussian_filter(last - (C - change), (TINT, TINT, 0))
        kept = steady_map(self.change, blur=EDGE, reach=0)
        return np.clip(kept * last + (1 - kept) * (C + tint), 0, 1)

    def _grey(self, picture: np.ndarray) -> np.ndarray:
        return as_grey(picture) if self.recipe.color == "luminance" else picture

    def _compile(self) -> HeldStep:
        """Compile the steps of all frames after the first; the first frame's styles are kept, matched to it or not."""
        model = load_network(self.recipe, self.network)
        C, styles, _ = self.inputs.at(self.size, model)
        frames = max(1, self.count - 1)
        net = runners(model, self.recipe, self.compiled)(C.shape[0] * C.shape[1], frames * self.next_steps)
        weight = self.temporal_weight
        self.objective = Objective(net, C, styles, self.recipe, temporal_weight=weight, compiled=self.compiled)
        recipe = self.recipe
        if recipe.optimizer == "lbfgs":  # it has no learning rate to lower where nothing moves
            recipe = dataclasses.replace(recipe, optimizer="adam", optimizer_options=None)
        if recipe.schedule == "constant" and recipe.optimizer != "gradient-descent":
            recipe = dataclasses.replace(recipe, schedule="cosine")
        descent = HeldStep(self.objective, C, recipe, self.next_steps)
        self.first_state = descent.state()
        return descent

    def _after_step(self, costs: dict[str, float], picture: Callable[[], np.ndarray]) -> None:
        self.done += 1
        if not math.isfinite(costs["cost"]):
            raise ValueError(
                f"expected a finite cost, received {costs['cost']} at step {self.done} of frame {self.frame}"
            )
        if self.progress is None:
            return
        seconds = time.perf_counter() - self.began
        if self.done > 1:
            self.paced, self.paced_seconds = self.done - 1, seconds - self.first_second
        else:
            self.first_second = seconds
        pace = self.paced_seconds / self.paced if self.paced else math.nan
        left = pace * (self.next_steps * (self.count - self.frame + 1) - self.done) if self.count else math.nan
        step = (self.done, self.next_steps, self.size, costs["cost"], seconds, left, picture)
        self.progress(FilmProgress(*step, frame=self.frame, frames=self.count))
