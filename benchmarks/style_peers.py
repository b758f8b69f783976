"""Time to cost against two well-known programs: keras.io's example and TensorFlow's tutorial on style transfer.

    python benchmarks/style_peers.py keras.io|tensorflow [--size 128] [--steps N] [--optimizer lbfgs] [--json]

Each program (`_style_programs.py`) runs as its page writes it, with the bundled VGG16 on both sides. Its cost J is that
of `Recipe(normalization=...)`; first both values of J at the start are printed. Seconds count from the call, with the
network's loading and all compiling. The table gives, for numbers of their steps, their J and seconds and the seconds in
which `style.transfer` has a picture of that J; the last row is their own end when --steps is their page's (the
default: 4000 and 1000). What is watched is not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import time

from _interleaved import pictures

PAGES_STEPS = {"keras.io": 4000, "tensorflow": 1000}


class Clock:
    """Seconds since the start, without those that were spent watching."""

    def __init__(self):
        self.began, self.paused = time.perf_counter(), 0.0

    def seconds(self) -> float:
        """Seconds so far."""
        return time.perf_counter() - self.began - self.paused

    def untimed(self, function):
        """Call a function with the clock stopped."""
        began = time.perf_counter()
        value = function()
        self.paused += time.perf_counter() - began
        return value


def recipe_of(program: str, size: int, steps: int, **changes):
    """The recipe whose cost is that program's, over the bundled VGG16."""
    from _style_programs import CONTENT_LAYER, SCALE

    from keras_apps.style.recipe import Recipe

    content, style, variation = {"keras.io": (2.5e-8, 1e-6, 1e-6), "tensorflow": (1e4, 1e-2, 30)}[program]
    weights = {
        "content_weight": content * SCALE**2,  # of squared activations
        "style_weight": style * SCALE**4,
        "variation_weight": variation,
    }
    cost = {"backbone": "vgg16", "content_layers": CONTENT_LAYER, "normalization": program} | weights
    return Recipe(**cost, size=size, steps=steps, **changes)


def theirs(program: str, content, painting, steps: int, cost) -> list[dict[str, float]]:
    """Their steps, seconds and our value of J every 100 steps; first and last also their own value, `own`."""
    import _style_programs

    rows, clock = [], Clock()

    def watch(step, picture, loss):
        rows.append({"steps": step, "seconds": clock.seconds(), "cost": clock.untimed(lambda: cost(picture))})
        if step in (0, steps):
            rows[-1]["own"] = clock.untimed(loss)

    run = {"keras.io": _style_programs.keras_io, "tensorflow": _style_programs.tensorflow}[program]
    run(content, painting, steps, watch)
    return rows


def ours(content, painting, recipe, target: float) -> tuple[list[dict[str, float]], object]:
    """Steps, seconds and J of `style.transfer`, until J is at most `target`, and its result."""
    from keras_apps.style.loop import transfer

    rows, clock = [], Clock()

    def watch(told):
        rows.append({"steps": told.step - 1, "seconds": clock.seconds(), "cost": told.cost})
        if told.cost <= target:
            raise KeyboardInterrupt  # which `transfer` takes as the end, and returns the best picture so far

    result = transfer(content, painting, recipe, progress=watch)
    return rows, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", choices=sorted(PAGES_STEPS))
    parser.add_argument("--size", type=int, default=128, help="side in pixels; the pages have 400 rows and 512")
    parser.add_argument("--steps", type=int, help="theirs")
    parser.add_argument("--optimizer", default="lbfgs", help="ours")
    parser.add_argument("--learning-rate", type=float, help="ours")
    parser.add_argument("--our-steps", type=int, default=1000, help="at most")
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
    recipe = recipe_of(program, options.size, options.our_steps, **changes)
    objective = Objective(backbones.load("vgg16", recipe.layers), content, [painting], recipe)
    seen = {}

    def cost(picture) -> float:
        seen["theirs"] = picture
        return float(objective.costs(tf.constant(picture, tf.float32))["cost"])

    their_rows = theirs(program, content, painting, steps, cost)
    our_rows, result = ours(content, painting, recipe, their_rows[-1]["cost"])
    achieved = cost(result.image)
    table = []
    differences = [abs(row["own"] / row["cost"] - 1) for row in (their_rows[0], their_rows[-1])]
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

        for name, picture in (("theirs", seen["theirs"]), ("ours", result.image)):
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
