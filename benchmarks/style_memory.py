"""Measure peak memory and seconds a step of style transfer against picture size and number of style layers.

    python benchmarks/style_memory.py [--sizes 256 384 512 768 1024] [--tiled 2048] [--tile 512]
                                      [--layers 1 2 3 4 5] [--steps 3] [--figure docs/style_cost.png] [--json]

Each figure comes from a process of its own: VGG16, the default recipe's layers and weights with the fast convolutions,
Adam. Memory is the process's largest resident set, Python and TensorFlow included; seconds are the median of the steps
after the first, which compiles. Tiled, a step takes two passes and is measured once, after the first. The figure shows
processor seconds, the sum over the cores, which other programs on the machine do not lengthen much.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

FIGURE = "docs/style_cost.png"


def measure(size: int, layers: int, tile: int | None, steps: int) -> dict[str, float]:
    """Take steps in this process and tell its peak memory in GB (10^9 bytes) and the median seconds of a step."""
    import resource

    import numpy as np

    from keras_apps import backbones
    from keras_apps.images import load_image, resize
    from keras_apps.style.network.winograd import fast_model
    from keras_apps.style.objective import Objective
    from keras_apps.style.recipes.recipe import FIVE_LAYERS, Recipe
    from keras_apps.style.step import StyleStep
    from keras_apps.style.tiling.objective import TiledObjective

    recipe = Recipe(
        backbone="vgg16",
        size=size,
        optimizer="adam",
        style_layers=dict.fromkeys(list(FIVE_LAYERS)[:layers], 1 / layers),
    )
    content, painting = (resize(load_image(f"bundled:{name}"), (size, size)) for name in ("astronaut", "hopper"))
    model = backbones.load("vgg16", recipe.layers)
    if tile is None:
        objective = Objective(fast_model(model), content, [painting], recipe)
    else:
        objective = TiledObjective(model, content, [painting], recipe, tile, network=fast_model(model))
    step = StyleStep(objective, np.clip(content, 0, 1), recipe)
    seconds, processor = [], []
    for _ in range(1 + (steps if tile is None else 1)):
        began, worked = time.perf_counter(), time.process_time()
        step()
        seconds.append(time.perf_counter() - began)
        processor.append(time.process_time() - worked)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    middle = {"seconds": statistics.median(seconds[1:]), "processor_seconds": statistics.median(processor[1:])}
    return {"gigabytes": peak / 1e9, **middle, "first": seconds[0]}


def measure_apart(size: int, layers: int, tile: int | None, steps: int) -> dict:
    """Measure in a fresh process."""
    command = [sys.executable, __file__, "--measure", str(size), str(layers), str(tile or 0), str(steps)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"measuring {size} pixels with {layers} layers failed: {done.stderr.strip()[-400:]}")
    return {"size": size, "layers": layers, "tile": tile, **json.loads(done.stdout.splitlines()[-1])}


def draw(rows: list[dict], path: str) -> None:
    """Draw both quantities against picture size, and against the number of style layers, into one figure."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    by_size = [row for row in rows if row["layers"] == 5 and row["tile"] is None and row["sweep"] == "size"]
    tiled = [row for row in rows if row["tile"] is not None]
    by_layers = [row for row in rows if row["sweep"] == "layers"]
    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), constrained_layout=True)
    panels = ((axes[0], by_size, "size"), (axes[1], by_layers, "layers"))
    for axis, chosen, key in panels:
        for quantity, color, panel in (
            ("gigabytes", "tab:blue", axis),
            ("processor_seconds", "tab:orange", axis.twinx()),
        ):
            unit = "peak memory (GB)" if quantity == "gigabytes" else "processor seconds a step"
            panel.plot([row[key] for row in chosen], [row[quantity] for row in chosen], "o-", color=color)
            highest = max(row[quantity] for row in chosen)
            if key == "size" and tiled:
                panel.plot([row[key] for row in tiled], [row[quantity] for row in tiled], "s", color=color)
                highest = max(highest, *(row[quantity] for row in tiled))
            panel.set_ylim(0, 1.12 * highest)
            panel.set_ylabel(unit, color=color)
            panel.tick_params(axis="y", labelcolor=color)
    axes[0].set_xlabel("side of the square picture (pixels); squares: tiled")
    axes[0].set_xticks(sorted({row["size"] for row in [*by_size, *tiled]}))
    axes[0].tick_params(axis="x", rotation=45)
    axes[0].set_title("five style layers")
    if by_layers:
        axes[1].set_xlabel("style layers (block1_conv1 to block5_conv1, in order)")
        axes[1].set_xticks([row["layers"] for row in by_layers])
        axes[1].set_title(f"{by_layers[0]['size']} x {by_layers[0]['size']} pixels")
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[256, 384, 512, 768, 1024], help="untiled")
    parser.add_argument("--tiled", type=int, nargs="*", default=[2048], help="sizes computed in tiles")
    parser.add_argument("--tile", type=int, default=512, help="side of a tile")
    parser.add_argument("--layers", type=int, nargs="*", default=[1, 2, 3, 4, 5])
    parser.add_argument("--layers-size", type=int, default=384, help="size at which layers are counted")
    parser.add_argument("--steps", type=int, default=3, help="timed steps of an untiled measurement")
    parser.add_argument("--figure", default=FIGURE, help="'' draws none")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", nargs=4, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        size, layers, tile, steps = options.measure
        print(json.dumps(measure(size, layers, tile or None, steps)))
        return
    plan = [("size", size, 5, None) for size in options.sizes]
    plan += [("layers", options.layers_size, layers, None) for layers in options.layers]
    plan += [("tiled", size, 5, options.tile) for size in options.tiled]
    rows = []
    for sweep, size, layers, tile in plan:
        rows.append({"sweep": sweep, **measure_apart(size, layers, tile, options.steps)})
        if not options.json:
            row, how = rows[-1], f", tiles of {tile}" if tile else ""
            taken = f"{row['seconds']:6.2f} s, {row['processor_seconds']:6.2f} processor s a step"
            taken += f" (first {row['first']:.0f} s)"
            print(f"{size:5} x {size:4}, {layers} layers{how:14} {row['gigabytes']:5.2f} GB {taken}", flush=True)
    if options.json:
        print(json.dumps(rows))
    if options.figure and len(options.sizes) > 1:
        draw(rows, options.figure)


if __name__ == "__main__":
    main()
