"""Compare a style-transfer step with the machine's float32 matrix product, interleaved in one run.

    python benchmarks/style_step.py [--size 256] [--rounds 7] [--json]

Both sides are measured in GFLOP/s: the step by the multiplications and additions that its convolutions (forward, and
back to the pixels; no gradient of weights is taken) and Gram matrices have when computed the direct way, the product as
2 n^3. `share` is the median over rounds of their ratio. The step as `style.transfer` takes it needs fewer
multiplications in its wide layers (`keras_apps/style/winograd.py`); `direct` is the same step without that.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import numpy as np


def step_flops(model, layers: list[str], height: int, width: int) -> float:
    """Count a step's floating-point operations: convolutions and Gram matrices, each forward and backward."""
    total = 0
    sizes = {}
    for layer in model.layers:
        if layer.name.endswith("pool"):
            height, width = height // 2, width // 2
        if hasattr(layer, "kernel"):
            total += 2 * 2 * np.prod(layer.kernel.shape) * height * width
            sizes[layer.name] = (height * width, layer.kernel.shape[-1])
    return float(total + sum(2 * 2 * n * c * c for n, c in (sizes[layer] for layer in layers)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--matrix", type=int, default=3072, help="n of the n x n product")
    parser.add_argument("--all", action="store_true", help="also time the direct step, with and without XLA")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    import tensorflow as tf

    from keras_apps import backbones, style
    from keras_apps.style.winograd import fast_model

    recipe = style.Recipe(backbone="vgg16", size=options.size)
    rng = np.random.default_rng(0)
    content, painting = rng.uniform(0, 1, (2, options.size, options.size, 3)).astype(np.float32)
    model = backbones.load("vgg16", recipe.layers)
    flops = step_flops(model, list(recipe.resolved_style_layers), options.size, options.size)
    matrix = tf.constant(rng.standard_normal((options.matrix, options.matrix)).astype(np.float32))

    def product() -> None:
        tf.linalg.matmul(matrix, matrix).numpy()

    def step_of(model, compiled: bool):
        step = style.StyleStep(model, content, painting, content, recipe, compiled=compiled)
        return lambda: step()["cost"].numpy()

    sides = {"product": (product, 2 * options.matrix**3), "step": (step_of(fast_model(model), True), flops)}
    if options.all:
        sides |= {"direct": (step_of(model, True), flops), "direct without XLA": (step_of(model, False), flops)}
    for run, _ in sides.values():
        run(), run()
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, (run, _) in sides.items():
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    report = {"size": options.size, "rounds": options.rounds, "step_gflop": flops / 1e9}
    for name, (_, operations) in sides.items():
        median = statistics.median(seconds[name])
        report[name] = {"seconds": median, "gflops_per_second": operations / median / 1e9}
        pairs = zip(seconds["product"], seconds[name], strict=True)
        report[name]["share"] = statistics.median(operations / s * p / (2 * options.matrix**3) for p, s in pairs)
    if options.json:
        print(json.dumps(report))
        return
    print(f"a step at {options.size} pixels is {flops / 1e9:.1f} GFLOP; medians of {options.rounds} interleaved rounds")
    for name in sides:
        row = report[name]
        print(f"{name:18} {row['seconds']:7.3f} s  {row['gflops_per_second']:7.1f} GFLOP/s  share {row['share']:.2f}")


if __name__ == "__main__":
    main()
