"""L-BFGS on the pixels, SciPy's, within 0..1: what Gatys et al. used."""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

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

    def __init__(self, objective: Objective, start: np.ndarray, options: Mapping[str, float] | None = None):
        self.objective, options = objective, options or {}
        self.memory = int(options.get("memory", MEMORY))
        self.restart = int(options["restart"]) if "restart" in options else None
        self.picture = tf.Variable(start, dtype=tf.float32, name="generated")
        self.evaluations = self.done = 0

    def steps(self, count: int) -> Iterator[dict[str, float]]:
        """Take steps; after each, yield the costs that the picture had before it. Ends early if no step lowers J."""
        until = self.done + count
        while self.done < until:
            began = self.done
            ends = until if self.restart is None else min(until, (self.done // self.restart + 1) * self.restart)
            costs = yield from self._round(ends - self.done)
            if self.done == began:
                if self.done == 0:  # the start is the best there is
                    self.done = 1
                    yield costs
                return

    @property
    def resumable(self) -> bool:
        """Whether the run can be resumed from here."""
        return self.restart is not None and self.done % self.restart == 0

    def _round(self, iterations: int) -> Generator[dict[str, float], None, dict[str, float]]:
        """Take some steps without forgetting the curvature, and return the costs of the picture after them.

        SciPy's loop calls back for J and its gradient, and after each iteration. `calls_of` turns these calls into
        requests that are answered here.
        """
        shape = self.picture.shape
        start: Any = self.picture.numpy().ravel().astype(np.float64)
        options: Any = {"maxiter": iterations, "maxfun": 20 * iterations, "maxcor": self.memory, "ftol": 0, "gtol": 0}

        def search(ask: Callable[[tuple[str, np.ndarray]], Any]) -> None:
            def evaluate(pixels: np.ndarray) -> tuple[float, np.ndarray]:
                return ask(("evaluate", pixels))

            def iteration_done(pixels: np.ndarray) -> None:
                ask(("iteration done", pixels))

            minimize(  # type: ignore[call-overload, unused-ignore]  # scipy-stubs, if installed, know no such callback
                evaluate,
                start,
                jac=True,
                method="L-BFGS-B",
                bounds=[(0.0, 1.0)] * start.size,
                callback=iteration_done,
                options=options,
            )

        before: dict[str, float] = {}  # the costs of the picture before the iteration that is under way
        latest: dict[str, float] = {}
        requests, answer = calls_of(search), None
        with contextlib.closing(requests), contextlib.suppress(StopIteration):
            while True:
                request, pixels = requests.send(answer)
                if request == "evaluate":
                    costs, gradient = self.objective.costs_and_gradient(tf.constant(pixels.reshape(shape), tf.float32))
                    self.evaluations += 1
                    latest = {name: float(value) for name, value in costs.items()}
                    if not np.isfinite(latest["cost"]):
                        yield latest
                    before = before or latest
                    answer = latest["cost"], gradient.numpy().ravel().astype(np.float64)
                else:
                    costs, before, answer = before, latest, None
                    self.picture.assign(pixels.reshape(shape).astype(np.float32))
                    self.done += 1
                    yield costs
        return before

    def state(self) -> dict[str, np.ndarray]:
        """Return what the next steps depend on besides the picture, where the curvature has just been forgotten."""
        return {"done": np.asarray(self.done), "evaluations": np.asarray(self.evaluations)}

    def restore(self, picture: np.ndarray, state: dict[str, np.ndarray]) -> None:
        """Continue from a picture and a `state`."""
        self.picture.assign(picture)
        self.done, self.evaluations = int(state["done"]), int(state["evaluations"])


def calls_of(run: Callable[[Callable[[Any], Any]], None]) -> Generator[Any, Any, None]:
    """Turn a function that calls back into a generator of its calls, so that a plain loop can answer them.

    The function runs in a thread of its own, which does nothing but wait while a call is answered. Closing the
    generator ends it.

    Args:
        run: Called with `ask`; each `ask(request)` is yielded, and returns what is sent back.

    Example:
        >>> found = []
        >>> calls = calls_of(lambda ask: found.append(ask("2 + 3") * ask("1 + 1")))
        >>> next(calls), calls.send(5)
        ('2 + 3', '1 + 1')
        >>> with contextlib.suppress(StopIteration):
        ...     calls.send(2)
        >>> found
        [10]
    """
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()
    ended, closed = object(), object()

    class Closed(Exception):
        pass

    def ask(request: Any) -> Any:
        requests.put(request)
        answer = answers.get()
        if answer is closed:
            raise Closed
        return answer

    def work() -> None:
        try:
            run(ask)
            requests.put(ended)
        except Closed:
            pass
        except BaseException as error:  # raised again where the calls are answered
            requests.put((ended, error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            request = requests.get()
            if request is ended:
                return
            if isinstance(request, tuple) and request[0] is ended:
                raise request[1]
            answers.put((yield request))
    finally:
        answers.put(closed)
        thread.join()
