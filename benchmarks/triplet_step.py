"""Time a training step of `TripletModel` around the `small` tower: batches of 32 people x 4 pictures of 64 x 64.

    python benchmarks/triplet_step.py [--steps 20] [--json]

To compare two checkouts, run the script alternately with `PYTHONPATH` set to one and to the other; it uses only names
that both have.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import keras
import numpy as np

from keras_apps import faces


class Clock(keras.callbacks.Callback):
    """Takes the time of each step."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []

    def on_train_batch_begin(self, batch, logs=None):
        self.began = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.seconds.append(time.perf_counter() - self.began)


def main() -> None:
    """Train for some steps and print the median of all after the first three, which compile and warm up."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    keras.utils.set_random_seed(0)
    model = faces.TripletModel(faces.build_tower("small"))
    model.compile(keras.optimizers.AdamW(1e-3), jit_compile=False)
    pictures = np.random.default_rng(0).integers(0, 256, (128, 64, 64, 3)).astype("float32")
    clock = Clock()
    x, y = np.tile(pictures, (options.steps, 1, 1, 1)), np.tile(np.repeat(np.arange(32), 4), options.steps)
    model.fit(x, y, batch_size=128, shuffle=False, verbose=0, callbacks=[clock])
    seconds = statistics.median(clock.seconds[3:])
    print(json.dumps({"seconds": seconds}) if options.json else f"{seconds:.3f} s a step")


if __name__ == "__main__":
    main()
