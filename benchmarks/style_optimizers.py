"""Which optimiser reaches a given cost soonest, from the content and from noise.

    python benchmarks/style_optimizers.py [--size 192] [--gradients 120] [--start content|noise] [--json FILE]

The default recipe's cost over VGG16, one compiled gradient for all. Every optimiser gets the same number of gradients
a run, which is also the length of its schedule; J is that of the best picture so far. Seconds are the number of
gradients times the median second of a gradient, one for all, plus the optimiser's own median seconds between two: so a
busy moment of the machine decides nothing. Compiling is not counted, being the same for all. The table has the seconds
(and the gradients) in which an optimiser reached the J, times 1.01, that the best of them has after a quarter, a half
and all of the gradients: medians over the pairs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time

import numpy as np
from _interleaved import pictures

PAIRS = ("astronaut/vortices", "cat/woodcut-wave", "coffee/mosaic")
CANDIDATES = {
    "adam 0.01": {"optimizer": "adam", "learning_rate": 0.01},
    "adam 0.02": {"optimizer": "adam", "learning_rate": 0.02},
    "adam 0.05": {"optimizer": "adam", "learning_rate": 0.05},
    "adam 0.1": {"optimizer": "adam", "learning_rate": 0.1},
    "adam 0.02 cosine": {"optimizer": "adam", "learning_rate": 0.02, "schedule": "cosine"},
    "adam 0.05 cosine": {"optimizer": "adam", "learning_rate": 0.05, "schedule": "cosine"},
    "adam 0.1 cosine": {"optimizer": "adam", "learning_rate": 0.1, "schedule": "cosine"},
    "nadam 0.02": {"optimizer": "nadam", "learning_rate": 0.02},
    "rmsprop 0.01": {"optimizer": "rmsprop", "learning_rate": 0.01},
    "gradient descent": {"optimizer": "gradient-descent"},
    "lbfgs": {"optimizer": "lbfgs"},
}
SLACK = 1.01


class Watched:
    """An objective that remembers the costs, how long each gradient took and how long what came between."""

    def __init__(self, objective, gradients: int):
        self.objective, self.gradients = objective, gradients
        self.best: list[float] = []
        self.within: list[float] = []
        self.between: list[float] = []
        self.last = time.perf_counter()

    def costs(self, picture):
        """As `Objective.costs`; only gradient descent's search for its first rate asks for it, which is not counted."""
        return self.objective.costs(picture)

    def costs_and_gradient(self, picture):
        """As `Objective.costs_and_gradient`, until there were enough."""
        if len(self.best) == self.gradients:
            raise StopIteration
        began = time.perf_counter()
        costs, gradient = self.objective.costs_and_gradient(picture)
        cost = float(costs["cost"])
        self.between.append(began - self.last)
        self.last = time.perf_counter()
        self.within.append(self.last - began)
        self.best.append(min(cost, self.best[-1] if self.best else cost))
        return costs, gradient


def run(objective, start: np.ndarray, recipe, gradients: int) -> Watched:
    """Optimise a picture with that many gradients."""
    from keras_apps.style.lbfgs import LBFGS
    from keras_apps.style.step import StyleStep

    watched = Watched(objective, gradients)
    try:
        descent = LBFGS(watched, start) if recipe.optimizer == "lbfgs" else StyleStep(watched, start, recipe, gradients)
        for _ in descent.steps(gradients):
            pass
    except StopIteration:
        pass
    return watched


def gradients_to(best: list[float], cost: float) -> float:
    """Gradients to a cost; infinity where it was not reached."""
    return next((float(k) for k, J in enumerate(best) if cost >= J), float("inf"))


def table(runs: dict[str, list[Watched]], gradients: int) -> dict[str, dict[str, float]]:
    """For each optimiser its seconds and gradients to three costs, and its last cost over the lowest; medians."""
    pace = statistics.median(second for of_pairs in runs.values() for w in of_pairs for second in w.within)
    pairs = range(len(next(iter(runs.values()))))
    rows = {}
    for name, of_pairs in runs.items():
        own = statistics.median(second for w in of_pairs for second in w.between[1:])
        rows[name] = {"seconds a step": pace + own}
        for share in (0.25, 0.5, 1.0):
            last = round(share * gradients) - 1
            targets = [SLACK * min(others[i].best[: last + 1][-1] for others in runs.values()) for i in pairs]
            needed = statistics.median(gradients_to(of_pairs[i].best, targets[i]) for i in pairs)
            rows[name][f"gradients to {share:g}"] = needed
            rows[name][f"seconds to {share:g}"] = needed * (pace + own)
        lowest = [min(others[i].best[-1] for others in runs.values()) for i in pairs]
        rows[name]["J / lowest"] = statistics.median(of_pairs[i].best[-1] / lowest[i] for i in pairs)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=192)
    parser.add_argument("--gradients", type=int, default=120, help="a run")
    parser.add_argument("--pairs", nargs="*", default=PAIRS, help="CONTENT/STYLE, of the bundled pictures")
    parser.add_argument("--start", choices=("content", "noise"), default="content")
    parser.add_argument("--only", nargs="*", help="names of optimisers, as the table has them")
    parser.add_argument("--json", help="file for the curves")
    options = parser.parse_args()
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as keras-apps sets it
    import tensorflow as tf

    from keras_apps import backbones
    from keras_apps.style.network.winograd import fast_model
    from keras_apps.style.objective import Objective
    from keras_apps.style.recipes.recipe import Recipe

    names = options.only or list(CANDIDATES)
    recipe = Recipe(backbone="vgg16")
    model = backbones.load("vgg16", recipe.layers)
    runs: dict[str, list[Watched]] = {name: [] for name in names}
    for pair in options.pairs:
        content, painting = pictures(*pair.split("/"), options.size)
        start = content
        if options.start == "noise":
            start = np.random.default_rng(0).uniform(0, 1, content.shape).astype(np.float32)
        objective = Objective(fast_model(model), content, [painting], recipe)
        objective.costs_and_gradient(tf.constant(start))  # compiles
        for name in names:
            watched = run(objective, start, Recipe(backbone="vgg16", **CANDIDATES[name]), options.gradients)
            runs[name].append(watched)
            print(f"{pair} from {options.start}: {name:18} J {watched.best[-1]:.4f}", flush=True)
    rows = table(runs, options.gradients)
    settings = f"{options.size} pixels from {options.start}, {options.gradients} gradients"
    print(f"{settings}, medians of {len(options.pairs)} pairs")
    headings = list(next(iter(rows.values())))
    print(f"{'':18}" + "".join(f"{heading:>18}" for heading in headings))
    for name, row in rows.items():
        print(f"{name:18}" + "".join(f"{row[heading]:18.3f}" for heading in headings))
    if options.json:
        curves = {name: [w.best for w in of_pairs] for name, of_pairs in runs.items()}
        with open(options.json, "w") as file:
            json.dump({"size": options.size, "start": options.start, "best_costs": curves, "table": rows}, file)


if __name__ == "__main__":
    main()
