"""Time the synthetic people, and measure how well pixels alone tell them apart: seconds and equal error rates.

    python benchmarks/synthetic_people.py [--people 1000] [--pictures 10] [--size 64] [--processes N] [--json]

The equal error rates are over all pairs of the first 2,000 pictures: squared distance of raw pixels, and of pixels
after each picture's mean and contrast are taken out.
"""

from __future__ import annotations

import argparse
import json
import os
import time

import numpy as np

from keras_apps.faces.distances import all_squared_euclidean
from keras_apps.faces.people.synthetic.crowd import synthetic_people

COMPARED = 2000


def equal_error_rate(pictures: np.ndarray, labels: np.ndarray) -> float:
    """Return the rate at which as many pairs of one person are refused as pairs of two are accepted."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float32)
    first, second = np.triu_indices(len(flat), 1)
    same = (labels[first] == labels[second])[np.argsort(all_squared_euclidean(flat, flat)[first, second])]
    far, frr = np.cumsum(~same) / np.sum(~same), 1 - np.cumsum(same) / np.sum(same)
    nearest = np.argmin(np.abs(far - frr))
    return float((far[nearest] + frr[nearest]) / 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--pictures", type=int, default=10)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, help="by default one a core")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began = time.perf_counter()
    images, labels = synthetic_people(
        options.people, options.pictures, options.size, seed=options.seed, processes=options.processes
    )
    seconds = time.perf_counter() - began
    few, names = images[:COMPARED].astype(np.float32), labels[:COMPARED]
    plain = few - few.mean(axis=(1, 2, 3), keepdims=True)
    plain /= plain.std(axis=(1, 2, 3), keepdims=True)
    report = {
        "pictures": len(images),
        "size": options.size,
        "cores": os.cpu_count(),
        "seconds": seconds,
        "milliseconds a picture": 1000 * seconds / len(images),
        "EER of raw pixels": equal_error_rate(few, names),
        "EER of normalised pixels": equal_error_rate(plain, names),
    }
    if options.json:
        print(json.dumps(report))
        return
    for name, value in report.items():
        print(f"{name}: {value:.4g}")


if __name__ == "__main__":
    main()
