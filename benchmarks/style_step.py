"""Compare a style-transfer step with the machine's float32 matrix product, interleaved in one run, and part it.

    python benchmarks/style_step.py [--size 256] [--rounds 7] [--all] [--onednn 1|0] [--json]

Both sides are measured in GFLOP/s: the step by the multiplications and additions that its convolutions (forward, and
back to the pixels; no gradient of weights is taken) and Gram matrices have when computed the direct way, the product as
2 n^3. `share` is the median over rounds of their ratio. The step as `style.transfer` takes it needs fewer
multiplications in its wide layers (`keras_apps/style/network/winograd.py`), so its share can be more than 1; `direct`
is the same step without that. `network` is the network forward and back from fixed gradients of its layers; what the
step takes longer (Gram matrices, costs, optimiser, clipping, costs handed to Python) is `rest`, a share of the step.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics

import numpy as np
from _interleaved import interleave, median_ratio, pictures


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


def network_alone(network, recipe, picture: np.ndarray, start: float = 1e-3):
    """The network forward and back to the pixels from fixed gradients `start` at its layers, compiled."""
    import tensorflow as tf

    picture = tf.Variable(picture)

    @tf.function(jit_compile=True)
    def forward_and_back():
        with tf.GradientTape() as tape:
            found = network(picture[None])
        layers = [found[layer] for layer in recipe.layers]
        return tape.gradient(layers, picture, [tf.fill(a.shape, start) for a in layers])

    return lambda: forward_and_back().numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--matrix", type=int, default=3072, help="n of the n x n product")
    parser.add_argument("--all", action="store_true", help="also time the direct step, with and without XLA")
    parser.add_argument("--onednn", choices=("0", "1"), default="1", help="TensorFlow's, as keras-apps sets it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = options.onednn  # read when TensorFlow is imported
    import tensorflow as tf

    from keras_apps import backbones, style
    from keras_apps.style.network.winograd import fast_model

    recipe = style.Recipe(backbone="vgg16", optimizer="adam")
    content, painting = pictures("astronaut", "vortices", options.size)
    model = backbones.load("vgg16", recipe.layers)
    fast = fast_model(model)
    flops = step_flops(model, list(recipe.resolved_style_layers), options.size, options.size)
    values = np.random.default_rng(0).standard_normal((options.matrix, options.matrix)).astype(np.float32)
    matrix = tf.constant(values)

    def step_of(network, compiled: bool):
        return style.StyleStep(
            style.Objective(network, content, [painting], recipe, compiled=compiled), content, recipe
        )

    product_flops = 2 * options.matrix**3
    sides = {
        "product": lambda: tf.linalg.matmul(matrix, matrix).numpy(),
        "step": step_of(fast, True),
        "network": network_alone(fast, recipe, content),
    }
    if options.all:
        sides |= {"direct": step_of(model, True), "direct without XLA": step_of(model, False)}
    seconds = interleave(sides, options.rounds)
    report = {"size": options.size, "rounds": options.rounds, "onednn": options.onednn, "step_gflop": flops / 1e9}
    for name in sides:
        report[name] = {"seconds": statistics.median(seconds[name])}
        if name != "network":
            operations = product_flops if name == "product" else flops
            report[name]["gflops_per_second"] = operations / report[name]["seconds"] / 1e9
            report[name]["share"] = operations / product_flops * median_ratio(seconds["product"], seconds[name])
    report["rest"] = 1 - median_ratio(seconds["network"], seconds["step"])
    if options.json:
        print(json.dumps(report))
        return
    print(f"a step at {options.size} pixels is {flops / 1e9:.1f} GFLOP; medians of {options.rounds} interleaved rounds")
    for name in sides:
        row, rate = report[name], ""
        if "share" in row:
            rate = f"{row['gflops_per_second']:7.1f} GFLOP/s  share {row['share']:.2f}"
        print(f"{name:18} {row['seconds']:7.3f} s  {rate}".rstrip())
    print(f"{'rest':18} {report['rest']:7.1%} of a step")


if __name__ == "__main__":
    main()
