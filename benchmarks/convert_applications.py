"""Convert well-known networks to 3-D and compare a film that stands still with its picture, at every step.

    python benchmarks/convert_applications.py [--only ResNet50 ...] [--json]

`keras.applications`' networks get random weights (moving averages and offsets too, so that nothing is right by being
0 or 1) and no softmax at their end; VGG16 and AlexNet have their own. Borders repeat the first and last step. Told is
the largest difference at any step of any output, over the 2-D network's largest value there; `another picture` is the
same measure between two pictures, which shows that the network looks at what it is given.
"""

from __future__ import annotations

import argparse
import json
import os

import numpy as np

APPLICATIONS = {  # size of the pictures
    "MobileNet": 32,
    "MobileNetV2": 32,
    "ResNet50": 32,
    "EfficientNetB0": 32,
    "DenseNet121": 32,
    "InceptionV3": 75,
    "Xception": 71,
}
BACKBONES = {"vgg16": 32, "alexnet": 67}
STEPS = 32
SIDES = ("inflate", "center", "another picture")


def randomized(name: str, size: int):
    """One of keras.applications with random weights."""
    import keras

    network = getattr(keras.applications, name)(
        input_shape=(size, size, 3), weights=None, classes=10, classifier_activation=None
    )
    draw = np.random.default_rng(0)
    for variable in network.weights:
        shape = variable.shape
        if "gamma" in variable.path or "variance" in variable.path:
            variable.assign(draw.uniform(0.5, 1.5, shape))
        elif variable.path.endswith("kernel"):
            seen = np.prod(shape[:2] if shape[-1] == 1 else shape[:-1])  # of a depthwise kernel, one channel
            variable.assign(draw.standard_normal(shape) * (2 / seen) ** 0.5)
        elif variable.dtype == "float32":
            variable.assign(0.1 * draw.standard_normal(shape))
    return network


def difference(network, size: int, most: float, how: str, steps: int) -> float:
    """The largest relative difference between a converted network's steps and the network, or another picture's."""
    from keras_apps import dimensions

    picture, other = np.random.default_rng(1).uniform(0, most, (2, 1, size, size, 3)).astype(np.float32)
    expected = network(picture)
    if how == "another picture":
        return worst_difference(network(other), expected)
    film_network = dimensions.convert(network, 3, how, length=steps, borders="repeat")
    answers = film_network(np.repeat(picture[:, None], steps, axis=1))
    return worst_difference(answers, expected)


def worst_difference(answers, expected) -> float:
    """The largest difference of any output, over the largest value that is expected there."""
    if not isinstance(expected, dict):
        expected, answers = {"": expected}, {"": answers}
    worst = 0.0
    for name, values in expected.items():
        values, got = np.asarray(values), np.asarray(answers[name])
        if got.ndim == 5:
            values = np.repeat(values[:, None], got.shape[1], axis=1)
        worst = max(worst, float(np.abs(got - values).max() / np.abs(values).max()))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", help="names of networks")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # read when TensorFlow is imported
    from keras_apps import backbones

    report = {}
    for name, size in {**BACKBONES, **APPLICATIONS}.items():
        if options.only and name not in options.only:
            continue
        network = backbones.load(name) if name in BACKBONES else randomized(name, size)
        most = 255 if name == "EfficientNetB0" else 1  # it scales its pictures itself
        steps = size if name == "alexnet" else STEPS
        report[name] = {how: difference(network, size, most, how, steps) for how in SIDES}
        if not options.json:
            told = "  ".join(f"{how} {value:.1e}" for how, value in report[name].items())
            print(f"{name:16} {size:3} px, {steps} steps:  {told}", flush=True)
    if options.json:
        print(json.dumps(report))


if __name__ == "__main__":
    main()
