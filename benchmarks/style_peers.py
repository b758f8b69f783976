"""Time to cost against two well-known programs: keras.io's example and TensorFlow's tutorial on style transfer.

    python benchmarks/style_peers.py keras.io|tensorflow [--size 128] [--steps N] [--optimizer lbfgs] [--json]

Each program (`_style_programs.py`) runs as its page writes it, with the bundled VGG16 on both sides. Its cost J is that
of `Recipe(normalization=...)`; first both values of J are compared. Then both run at once, some of their steps after
each of ours, so that a busy moment of the machine slows both; each side's seconds count from its call, with the
network's loading and all compiling, and without what the other side or a look at J takes. The table gives, for numbers
of their steps, their J and seconds and the seconds in which `style.transfer` has a picture of that J; the last row is
their own end when --steps is their page's (the default: 4000 and 1000).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time

from _interleaved import pictures

PAGES_STEPS = {"keras.io": 4000, "tensorflow": 1000}


def recipe_of(program: str, size: int, steps: int, **changes):
    """The recipe whose cost is that program's, over the bundled VGG16."""
    from _style_programs import CONTENT_LAYER, SCALE

    from keras_apps.style.recipes.recipe import Recipe

    content, style, variation = {"keras.io": (2.5e-8, 1e-6, 1e-6), "tensorflow": (1e4, 1e-2, 30)}[program]
    weights = {
        "content_weight": content * SCALE**2,  # of squared activations
        "style_weight": style * SCALE**4,
        "variation_weight": variation,
    }
    cost = {"backbone": "vgg16", "content_layers": CONTENT_LAYER, "normalization": program} | weights
    return Recipe(**cost, size=size, steps=steps, **changes)


class Theirs:
    """A program that is under way.

    Attributes:
        rows: Their steps, seconds and our value of J, every 50 steps; first and last also their own value, `own`.
        picture: The last one looked at, floats `(h, w, 3)`.
    """

    def __init__(self, program: str, content, painting, steps: int, cost):
        import _style_programs

        run = {"keras.io": _style_programs.keras_io, "tensorflow": _style_programs.tensorflow}[program]
        self.run, self.steps, self.cost = run(content, painting, steps), steps, cost
        self.rows: list[dict[str, float]] = []
        self.seconds, self.done = 0.0, -1

    @property
    def ended(self) -> bool:
        """Whether all steps are done."""
        return self.done >= self.steps

    def advance(self, steps: int) -> None:
        """Take steps, or those that are left."""
        for _ in range(min(steps, self.steps - self.done)):
            began = time.perf_counter()
            picture, loss = next(self.run)
            last = self.done + 1 in (0, self.steps)
            if last or self.done % 50 == 49:
                self.picture = picture()
            self.seconds += time.perf_counter() - began
            self.done += 1
            if last or self.done % 50 == 0:
                self.rows.append({"steps": self.done, "seconds": self.seconds, "cost": self.cost(self.picture)})
                print(self.rows[-1], file=sys.stderr, flush=True)
            if last:
                self.rows[-1]["own"] = loss()


def ours(
    content, painting, recipe, theirs: Theirs, together: int, minutes: float
) -> tuple[list[dict[str, float]], object]:
    """Steps, seconds and J of `style.transfer`, to their J at their end or the end of time; its result."""
    from keras_apps.style.run import transfer

    rows, paused, began = [], 0.0, time.perf_counter()

    def watch(told):
        nonlocal paused
        now = time.perf_counter()
        rows.append({"steps": told.step - 1, "seconds": now - began - paused, "cost": told.cost})
        theirs.advance(together)
        paused += time.perf_counter() - now
        over = time.perf_counter() - began > 60 * minutes
        if over or theirs.ended and told.cost <= theirs.rows[-1]["cost"]:
            raise KeyboardInterrupt  # which `transfer` takes as the end, and returns the best picture so far

    result = transfer(content, painting, recipe, progress=watch)
    if time.perf_counter() - began < 60 * minutes:
        theirs.advance(theirs.steps)
    return rows, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", choices=sorted(PAGES_STEPS))
    parser.add_argument("--size", type=int, default=128, help="side in pixels; the pages have 400 rows and 512")
    parser.add_argument("--steps", type=int, help="theirs")
    parser.add_argument("--optimizer", default="lbfgs", help="ours")
    parser.add_argument("--learning-rate", type=float, help="ours")
    parser.add_argument("--memory", type=int, default=30, help="of our L-BFGS")
    parser.add_argument("--our-steps", type=int, default=1000, help="at most")
    parser.add_argument("--together", type=int, default=20, help="their steps after each of ours")
    parser.add_argument("--minutes", type=float, default=60, help="of both; then the table ends where they are")
    parser.add_argument("--content", default="astronaut")
    parser.add_argument("--style", default="vortices")
    parser.add_argument("--save", help="folder for both pictures")
    parser.add_argument("--onednn", choices=("0", "1"), default="1", help="of both sides")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = options.onednn  # read when TensorFlow is imported
    import tensorflow as tf

    from keras_apps import backbones
    from keras_apps.style.objective import Objective

    program, steps = options.program, options.steps or PAGES_STEPS[options.program]
    content, painting = pictures(options.content, options.style, options.size)
    changes = {"optimizer": options.optimizer, "learning_rate": options.learning_rate}
    if options.optimizer == "lbfgs":
        changes["optimizer_options"] = {"memory": options.memory}
    recipe = recipe_of(program, options.size, options.our_steps, **changes)
    objective = Objective(backbones.load("vgg16", recipe.layers), content, [painting], recipe)

    def cost(picture) -> float:
        return float(objective.costs(tf.constant(picture, tf.float32))["cost"])

    program_run = Theirs(program, content, painting, steps, cost)
    program_run.advance(1)
    our_rows, result = ours(content, painting, recipe, program_run, options.together, options.minutes)
    their_rows = program_run.rows
    achieved = cost(result.image)
    table = []
    differences = [abs(row["own"] / row["cost"] - 1) for row in their_rows if "own" in row]
    for row in their_rows[1:]:
        reached = next((ours for ours in our_rows if ours["cost"] <= row["cost"]), None)
        table.append({"steps": row["steps"], "cost": row["cost"], "theirs": row["seconds"]})
        if reached:
            table[-1] |= {"ours": reached["seconds"], "our_steps": reached["steps"]}
            table[-1]["ratio"] = reached["seconds"] / row["seconds"]
    report = {"program": program, "size": options.size, "start_cost": their_rows[0]["cost"], "our_end_cost": achieved}
    report |= {"difference": max(differences), "optimizer": options.optimizer, "table": table}
    if options.save:
        from keras_apps.images import save_image

        for name, picture in (("theirs", program_run.picture), ("ours", result.image)):
            save_image(picture.clip(0, 1), os.path.join(options.save, f"{program}-{options.size}-{name}.png"))
    if options.json:
        print(json.dumps(report))
        return
    print(f"{program} at {options.size} pixels: J of the content picture {report['start_cost']:.6g}", end=", ")
    print(f"largest relative difference of their value of J to ours {report['difference']:.1e}")
    for row in table:
        found = (
            f"ours {row['ours']:.1f} s ({row['our_steps']} steps), {row['ratio']:.3f}"
            if "ours" in row
            else "not reached"
        )
        print(f"{row['steps']:5} steps: J {row['cost']:.6g} in {row['theirs']:.1f} s; {found}")


if __name__ == "__main__":
    main()
