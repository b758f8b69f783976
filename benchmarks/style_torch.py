"""Compare a style-transfer step with PyTorch's, interleaved in one process: same weights, pictures, layers and cost.

    python benchmarks/style_torch.py [--size 256] [--rounds 9] [--onednn 1|0] [--compile] [--json]

Needs PyTorch, which nothing else here does. Both sides take a step of Adam (0.02) on the pixels with the default
recipe's cost over VGG16 (five style layers, block4_conv2) and clip them to 0..1. PyTorch's network is written as its
users write it: `conv2d`, in-place ReLU, `max_pool2d`, frozen weights; it runs with tensors in both orders of memory,
and through `torch.compile` with --compile, and the fastest of them is what the ratio is taken with. First the costs
and gradients of both are compared with PyTorch's autograd in float64; a float32 value that falls on the other side of
a ReLU or of a maximum moves a gradient by up to some 1e-3, on either side.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics

import numpy as np
from _interleaved import interleave, median_ratio, pictures

RATE = 0.02


def torch_cost(model, content, painting, recipe, channels_last: bool, dtype=None):
    """The same network and cost in PyTorch: from a tensor `(1, 3, h, w)` to the total cost."""
    import torch
    import torch.nn.functional as F

    dtype = dtype or torch.float32
    order = torch.channels_last if channels_last else torch.contiguous_format
    statistics_of_imagenet = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    mean, deviation = (torch.tensor(v, dtype=dtype).view(1, 3, 1, 1) for v in statistics_of_imagenet)
    chain = []
    for layer in model.layers[2:]:
        if layer.name.endswith("pool"):
            chain.append((layer.name, None, None))
            continue
        kernel, bias = (torch.from_numpy(v.numpy()).to(dtype) for v in (layer.kernel, layer.bias))
        chain.append((layer.name, kernel.permute(3, 2, 0, 1).contiguous(memory_format=order), bias))
    wanted = set(recipe.layers)

    def network(x):
        x, found = (x - mean) / deviation, {}
        for name, kernel, bias in chain:
            x = F.max_pool2d(x, 2) if kernel is None else F.relu_(F.conv2d(x, kernel, bias, padding=1))
            if name in wanted:
                found[name] = x
        return found

    def gram(a):
        rows = a[0].flatten(1)
        return rows @ rows.T / rows.shape[1]

    def as_tensor(picture):
        return torch.from_numpy(picture).to(dtype).permute(2, 0, 1)[None].contiguous(memory_format=order)

    free = recipe.normalization == "scale-free"
    with torch.no_grad():
        a_C = {k: a.clone() for k, a in network(as_tensor(content)).items() if k in recipe.resolved_content_layers}
        grams = {k: gram(a) for k, a in network(as_tensor(painting)).items() if k in recipe.resolved_style_layers}

    def cost(x):
        a_G = network(x)
        J_content = sum((a_C[k] - a_G[k]).square().sum() / (a_C[k].square().sum() if free else 2) for k in a_C)
        J_style = 0
        for k, weight in recipe.resolved_style_layers.items():
            below = grams[k].square().sum() if free else 4 * len(grams[k]) ** 2
            J_style += weight * (grams[k] - gram(a_G[k])).square().sum() / below
        return recipe.content_weight * J_content + recipe.style_weight * J_style

    return cost, as_tensor


def torch_step(cost, picture):
    """A step of Adam on a copy of `picture` with PyTorch; returns the cost before it."""
    import torch

    G = picture.clone().requires_grad_()
    optimizer = torch.optim.Adam([G], lr=RATE, eps=1e-8)

    def step() -> float:
        optimizer.zero_grad()
        J = cost(G)
        J.backward()
        optimizer.step()
        with torch.no_grad():
            G.clamp_(0, 1)
        return J.item()

    return step


def keras_step(objective, picture):
    """A step of Adam on a copy of `picture` as `style.transfer` takes it; returns the cost before it."""
    import keras
    import tensorflow as tf

    G = tf.Variable(picture)
    optimizer = keras.optimizers.Adam(RATE, epsilon=1e-8)
    optimizer.build([G])

    @tf.function(jit_compile=True)
    def whole():
        costs, gradient = objective.costs_and_gradient(G)
        optimizer.apply_gradients([(gradient, G)])
        G.assign(tf.clip_by_value(G, 0.0, 1.0))
        return costs["cost"]

    return lambda: float(whole())


def agreement(model, content, painting, start, normalization: str) -> dict[str, dict[str, float]]:
    """How far costs and gradients are from PyTorch's autograd in float64: ours, and PyTorch's in float32."""
    import tensorflow as tf
    import torch

    from keras_apps.style.network.winograd import fast_model
    from keras_apps.style.objective import Objective
    from keras_apps.style.recipes.recipe import Recipe

    style_weight = 10 if normalization == "scale-free" else 1e6
    recipe = Recipe(backbone="vgg16", normalization=normalization, style_weight=style_weight)

    def theirs(dtype) -> tuple[float, np.ndarray]:
        cost, as_tensor = torch_cost(model, content, painting, recipe, channels_last=False, dtype=dtype)
        x = as_tensor(start).requires_grad_()
        J = cost(x)
        J.backward()
        return J.item(), x.grad[0].permute(1, 2, 0).numpy()

    costs, gradient = Objective(fast_model(model), content, [painting], recipe).costs_and_gradient(tf.constant(start))
    J, truth = theirs(torch.float64)
    found = {"ours": (float(costs["cost"]), gradient.numpy()), "torch": theirs(torch.float32)}
    return {
        name: {"cost": abs(cost / J - 1), "gradient": float(np.linalg.norm(g - truth) / np.linalg.norm(truth))}
        for name, (cost, g) in found.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="PyTorch's")
    parser.add_argument("--onednn", choices=("0", "1"), default="1", help="TensorFlow's, as keras-apps sets it")
    parser.add_argument("--compile", action="store_true", help="also through torch.compile")
    parser.add_argument("--check", type=int, default=128, help="pixels of the corner that gradients are compared on")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = options.onednn  # read when TensorFlow is imported
    import torch

    from keras_apps import backbones
    from keras_apps.style.network.winograd import fast_model
    from keras_apps.style.objective import Objective
    from keras_apps.style.recipes.recipe import Recipe

    torch.set_num_threads(options.threads)
    recipe = Recipe(backbone="vgg16", optimizer="adam")
    content, painting = pictures("astronaut", "vortices", options.size)
    start = np.clip(content + 0.1 * np.random.default_rng(0).standard_normal(content.shape), 0, 1).astype(np.float32)
    model = backbones.load("vgg16", recipe.layers)
    report = {"size": options.size, "rounds": options.rounds, "onednn": options.onednn, "difference": {}}
    small = [p[: options.check, : options.check] for p in (content, painting, start)]
    for normalization in ("scale-free", "course"):
        report["difference"][normalization] = agreement(model, *small, normalization)

    sides = {"ours": keras_step(Objective(fast_model(model), content, [painting], recipe), start)}
    for name, channels_last in (("torch", False), ("torch channels_last", True)):
        cost, as_tensor = torch_cost(model, content, painting, recipe, channels_last)
        sides[name] = torch_step(cost, as_tensor(start))
        if options.compile:
            sides[f"{name} compiled"] = torch_step(torch.compile(cost), as_tensor(start))
    seconds = interleave(sides, options.rounds)
    report["seconds"] = {name: statistics.median(values) for name, values in seconds.items()}
    theirs = [name for name in sides if name != "ours"]
    report["fastest"] = min(theirs, key=report["seconds"].get)
    report["ratio"] = median_ratio(seconds["ours"], seconds[report["fastest"]])
    if options.json:
        print(json.dumps(report))
        return
    for normalization, rows in report["difference"].items():
        for name, row in rows.items():
            distances = f"cost {row['cost']:.1e}, gradient {row['gradient']:.1e}"
            print(f"{normalization}, {name}: relative distance from PyTorch in float64: {distances}")
    print(f"a step at {options.size} pixels, medians of {options.rounds} interleaved rounds")
    for name, value in report["seconds"].items():
        print(f"{name:28} {value:7.3f} s")
    print(f"ours / {report['fastest']}: {report['ratio']:.2f}")


if __name__ == "__main__":
    main()
