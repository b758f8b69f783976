"""Time `visualize.top_patches` with AlexNet's five convolutions, and see whether its memory stays flat.

    python benchmarks/top_patches.py [--pictures FOLDER] [--count 10000] [--units 9] [--batch 32] [--json]

Without a folder, JPEG files of 250 x 250 pixels are cut from the package's pictures first, untimed. What happens once
in a process happens on one batch before the clock starts. Memory is the process's largest so far (resident), noted at
each tenth; `network alone` is the same on at most 40 batches of pictures that are ready.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

LAYERS = tuple(f"conv{n}" for n in range(1, 6))
SIDE = 250
PHOTOGRAPHS = ("astronaut", "cat", "coffee", "hopper", "rocket")
PAINTINGS = ("mosaic", "pointillism", "stained-glass", "vortices", "woodcut-wave")


def make_pictures(folder: Path, count: int) -> None:
    """Write JPEG files, each a random square of a bundled picture."""
    from keras_apps import images

    rng = np.random.default_rng(0)
    sources = [Image.open(images.resolve(f"bundled:{name}")).convert("RGB") for name in PHOTOGRAPHS + PAINTINGS]
    for number in range(count):
        source = sources[number % len(sources)]
        side = int(rng.integers(min(SIDE, *source.size), min(source.size) + 1))
        left, top = (int(rng.integers(n - side + 1)) for n in source.size)
        crop = source.resize((SIDE, SIDE), Image.BILINEAR, box=(left, top, left + side, top + side))
        crop.save(folder / f"{number:06}.jpg", quality=90)


def megabytes() -> float:
    """Return the largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="a folder, with the folders in it")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--units", type=int, default=9)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--onednn", choices=("0", "1"), default="1", help="TensorFlow's, as keras-apps sets it")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = options.onednn  # read when TensorFlow is imported
    from keras_apps import backbones, visualize
    from keras_apps.visualize.patches.streams import listed

    with tempfile.TemporaryDirectory() as made:
        if options.pictures is None:
            make_pictures(Path(made), options.count)
        files = list(listed(options.pictures or made)[0])[: options.count]
        model = backbones.load("alexnet", LAYERS)
        wanted = dict.fromkeys(LAYERS, range(options.units))
        memory, tenths = [], max(1, len(files) // 10)

        def note(done: int, total: int | None) -> None:
            if done // tenths > len(memory):
                memory.append(megabytes())

        visualize.top_patches(model, wanted, files[: options.batch], batch_size=options.batch)  # what starts once
        began = time.perf_counter()
        found = visualize.top_patches(model, wanted, files, batch_size=options.batch, progress=note)
        seconds = time.perf_counter() - began
        ready = np.zeros((options.batch, 224, 224, 3), np.uint8)
        batches = min(40, max(1, len(files) // options.batch))
        began = time.perf_counter()
        visualize.top_patches(model, wanted, (ready for _ in range(batches)), batch_size=options.batch)
        alone = time.perf_counter() - began
    report = {
        "pictures": found.count,
        "seconds": seconds,
        "pictures a second": found.count / seconds,
        "pictures a second, network alone": batches * options.batch / alone,
        "memory at each tenth, MB": [round(value) for value in memory],
    }
    if options.json:
        print(json.dumps(report))
        return
    for name, value in report.items():
        print(f"{name}: {value:.4g}" if isinstance(value, float) else f"{name}: {value}")


if __name__ == "__main__":
    main()
