"""Gradient steps on the pixels of a picture: plain gradient descent, Adam and other optimisers of Keras."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf

from keras_apps.style.objective import Objective
from keras_apps.style.recipes.recipe import Recipe

FIRST_MOVE = 0.1
"""How far plain gradient descent's first step moves the pixels (root mean square) where no rate is given."""


class StyleStep:
    """Steps of G := G - learning_rate dJ/dG, or a Keras optimiser's, on a `tf.Variable` picture.

    Args:
        objective: Gives J(G) and its gradient.
        start: Floats `(h, w, 3)` in 0..1, the first G.
        recipe: Names optimiser, rate and schedule.
        steps: Number of steps planned, for the cosine schedule; the recipe's by default.

    Attributes:
        picture: `tf.Variable` `(h, w, 3)`, G; values stay in 0..1.
        learning_rate: The rate in use.
    """

    def __init__(self, objective: Objective, start: np.ndarray, recipe: Recipe, steps: int | None = None):
        self.objective = objective
        self.picture = tf.Variable(start, dtype=tf.float32, name="generated")
        self.adaptive = recipe.optimizer == "gradient-descent" and recipe.learning_rate is None
        self.last_cost = float("inf")
        rate = self._rate_of_first_move() if self.adaptive else recipe.resolved_learning_rate
        self.optimizer = keras_optimizer(recipe, rate, steps or recipe.steps)
        self.optimizer.build([self.picture])
        self._apply = tf.function(functools.partial(self._change), autograph=False)

    def steps(self, count: int) -> Iterator[dict[str, float]]:
        """Take steps; after each, yield the costs that the picture had before it."""
        for _ in range(count):
            yield self()

    def __call__(self) -> dict[str, float]:
        """Take one step and return the costs of the picture before it, as `Objective.costs` does.

        A picture whose costs are not finite stays as it is.
        """
        costs, gradient = self.objective.costs_and_gradient(self.picture)
        costs = {name: float(value) for name, value in costs.items()}
        if all(map(np.isfinite, costs.values())):
            self._apply(gradient)
            if self.adaptive:
                self._adapt_rate(costs["cost"])
        return costs

    def _change(self, gradient: tf.Tensor) -> None:
        self.optimizer.apply([gradient], [self.picture])
        self.picture.assign(tf.clip_by_value(self.picture, 0.0, 1.0))

    resumable = True
    """Whether the run can be resumed after each step."""

    @property
    def learning_rate(self) -> float:
        return float(self.optimizer.learning_rate)

    def _adapt_rate(self, cost: float) -> None:
        """Let plain gradient descent's rate grow a little while the cost falls, and halve it when the cost rose."""
        self.optimizer.learning_rate = self.learning_rate * (1.1 if cost < self.last_cost else 0.5)
        self.last_cost = cost

    def _rate_of_first_move(self) -> float:
        """Find a rate for plain gradient descent: that of `FIRST_MOVE`, halved until the step lowers the cost enough.

        Enough is half of rate * |gradient|^2 (Armijo's condition), which a rate that suits the curvature reaches.
        """
        costs, gradient = self.objective.costs_and_gradient(self.picture)
        squares = float(tf.reduce_sum(tf.square(gradient)))
        rate = FIRST_MOVE / max((squares / gradient.shape.num_elements()) ** 0.5, 1e-30)
        for _ in range(40):
            moved = self.objective.costs(self.picture - rate * gradient)["cost"]
            if float(costs["cost"] - moved) >= rate * squares / 2:
                break
            rate /= 2
        return rate

    def state(self) -> dict[str, np.ndarray]:
        """Return what the next steps depend on besides the picture, to be saved."""
        variables = {f"optimizer/{i}": v.numpy() for i, v in enumerate(self.optimizer.variables)}
        return variables | {"last_cost": np.float64(self.last_cost)}

    def restore(self, picture: np.ndarray, state: dict[str, np.ndarray]) -> None:
        """Continue from a picture and a `state`, as if there had been no interruption."""
        self.picture.assign(picture)
        for i, variable in enumerate(self.optimizer.variables):
            variable.assign(state[f"optimizer/{i}"])
        self.last_cost = float(state["last_cost"])


def keras_optimizer(recipe: Recipe, learning_rate: float | None, steps: int) -> keras.optimizers.Optimizer:
    """Make the recipe's Keras optimiser.

    Args:
        recipe: Its `optimizer`, `optimizer_options` and schedule are used; plain gradient descent is Keras's SGD.
        learning_rate: > 0, or `None` for Keras's own default.
        steps: Number of steps, for the cosine schedule.

    Raises:
        ValueError: If the optimiser is L-BFGS, or does not take an option.
    """
    if recipe.optimizer == "lbfgs":
        raise ValueError(
            "expected a Keras optimiser or 'gradient-descent' for StyleStep, received 'lbfgs'; use LBFGS for it"
        )
    name = "sgd" if recipe.optimizer == "gradient-descent" else recipe.optimizer
    options = ({"epsilon": 1e-8} if name == "adam" else {}) | dict(recipe.optimizer_options or {})
    optimizer_class = type(keras.optimizers.get(name))
    if learning_rate is None:
        learning_rate = float(optimizer_class().learning_rate)
    schedules = keras.optimizers.schedules
    if recipe.schedule == "cosine":
        learning_rate = schedules.CosineDecay(learning_rate, steps)
    elif recipe.schedule == "exponential":
        learning_rate = schedules.ExponentialDecay(learning_rate, recipe.decay_steps, recipe.decay_rate)
    try:
        return optimizer_class(learning_rate=learning_rate, **options)
    except (TypeError, ValueError) as error:
        raise ValueError(f"expected optimizer_options that Keras's {name} takes, received {options}: {error}") from None
