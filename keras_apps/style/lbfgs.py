"""L-BFGS on the pixels, SciPy's, within 0..1: what Gatys et al. used."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf
from scipy.optimize import minimize

from keras_apps.style.objective import Objective
from keras_apps.style.recipes.recipe import Recipe

MEMORY = 10
"""Past changes from which the curvature is estimated, if the recipe does not say."""
RESTART = 40
"""Iterations after which a run with a checkpoint forgets the curvature, if the recipe does not say."""


def resumable(recipe: Recipe) -> Recipe:
    """Return a recipe whose run can be resumed: L-BFGS forgets its curvature, which SciPy cannot save, now and then.

    Example:
        >>> resumable(Recipe(optimizer="lbfgs")).optimizer_options
        {'restart': 40}
    """
    options = dict(recipe.optimizer_options or {})
    if recipe.optimizer != "lbfgs" or "restart" in options:
        return recipe
    return dataclasses.replace(recipe, optimizer_options={**options, "restart": RESTART})


class LBFGS:
    """Iterations of L-BFGS-B on a picture; each counts as a step and costs one evaluation, sometimes a few.

    Args:
        objective: Gives J(G) and its gradient.
        start: Floats `(h, w, 3)` in 0..1, the first G.
        options: `memory`, how many past changes the curvature is estimated from (each takes the room of four
            pictures), 10 by default; and `restart`, after how many iterations it is forgotten, never by default.

    Attributes:
        picture: `tf.Variable` `(h, w, 3)`, G.
        evaluations: How often J and its gradient were computed.

    Reference:
        Byrd et al., "A Limited Memory Algorithm for Bound Constrained Optimization", SIAM J. Sci. Comput. 1995.
    """

    learning_rate = float("nan")

    def __init__(self, objective: Objective, start: np.ndarray, options: Mapping[str, int] | None = None):
        self.objective, options = objective, options or {}
        self.memory, self.restart = int(options.get("memory", MEMORY)), options.get("restart")
        self.picture = tf.Variable(start, dtype=tf.float32, name="generated")
        self.evaluations = self.done = 0

    def run(self, steps: int, on_step: Callable[[dict[str, float]], None]) -> None:
        """Take steps, telling `on_step` the costs of the picture before each; ends sooner where no step lowers J."""
        until = self.done + steps
        while self.done < until:
            began = self.done
            ends = until if self.restart is None else min(until, (self.done // self.restart + 1) * self.restart)
            costs = self._round(ends - self.done, on_step)
            if self.done == began:
                if self.done == 0:  # the start is the best there is
                    self.done = 1
                    on_step(costs)
                break

    @property
    def resumable(self) -> bool:
        """Whether the run can be resumed from here."""
        return self.restart is not None and self.done % self.restart == 0

    def _round(self, iterations: int, on_step: Callable[[dict[str, float]], None]) -> dict[str, float]:
        """Take some steps, and return the costs of the picture after them."""
        shape = self.picture.shape
        before: list[dict[str, float]] = []  # the costs of the picture before the iteration that is under way
        latest: list[dict[str, float]] = []

        def cost_and_gradient(pixels: np.ndarray) -> tuple[float, np.ndarray]:
            costs, gradient = self.objective.costs_and_gradient(tf.constant(pixels.reshape(shape), tf.float32))
            self.evaluations += 1
            latest[:] = [{name: float(value) for name, value in costs.items()}]
            if not np.isfinite(latest[0]["cost"]):
                on_step(latest[0])
            if not before:
                before[:] = latest
            return latest[0]["cost"], gradient.numpy().ravel().astype(np.float64)

        def after_iteration(pixels: np.ndarray) -> None:
            costs, before[:] = before[0], latest
            self.picture.assign(pixels.reshape(shape).astype(np.float32))
            self.done += 1
            on_step(costs)

        options = {"maxiter": iterations, "maxfun": 20 * iterations, "maxcor": self.memory, "ftol": 0, "gtol": 0}
        bounds = [(0.0, 1.0)] * int(np.prod(shape))
        minimize(
            cost_and_gradient,
            self.picture.numpy().ravel().astype(np.float64),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            callback=after_iteration,
            options=options,
        )
        return before[0]

    def state(self) -> dict[str, np.ndarray]:
        """Return what the next steps depend on besides the picture, where the curvature has just been forgotten."""
        return {"done": np.int64(self.done), "evaluations": np.int64(self.evaluations)}

    def restore(self, picture: np.ndarray, state: dict[str, np.ndarray]) -> None:
        """Go on from a picture and a `state`."""
        self.picture.assign(picture)
        self.done, self.evaluations = int(state["done"]), int(state["evaluations"])
