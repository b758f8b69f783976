"""Time one convolution in 1-D, 2-D and 3-D against the number of multiplications that the arithmetic counts.

    python benchmarks/rank_cost.py [--rounds 5] [--plot docs/rank_cost.png] [--json]

The course's second layer, 16 channels to 32 filters of 5, 5x5 and 5x5x5, 'same', forward, compiled by tf.function. The
inputs of the three ranks have as many cells (4,096 to 262,144), so that only the filters differ: per cell 2,560, 12,800
and 64,000 multiplications. The sides are interleaved; medians are told. `predicted` is the multiplications over the
rank's own median rate: if it equals the seconds at all sizes, the arithmetic tells the cost.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics

import numpy as np
from _interleaved import interleave

from keras_apps import dimensions

SIZES = {1: (4096, 16384, 65536, 262144), 2: (64, 128, 256, 512), 3: (16, 25, 40, 64)}
CHANNELS, FILTERS, KERNEL = 16, 32, 5
COLORS = {1: "#0072b2", 2: "#d55e00", 3: "#009e73"}


def side(rank: int, size: int):
    """The layer on one input of that size, ready to be timed."""
    import keras
    import tensorflow as tf

    layer = (keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)[rank - 1](FILTERS, KERNEL, padding="same")
    values = np.random.default_rng(0).standard_normal((1, *[size] * rank, CHANNELS))
    inputs = tf.constant(values, tf.float32)
    layer.build(inputs.shape)
    compiled = tf.function(layer, autograph=False)
    return lambda: compiled(inputs).numpy()


def measure(rounds: int) -> list[dict]:
    """Return a row for each rank and size."""
    places = [(rank, size) for rank, sizes in SIZES.items() for size in sizes]
    seconds = interleave({place: side(*place) for place in places}, rounds)
    rows = []
    for rank, size in places:
        shape = (size,) * rank + (CHANNELS,)
        products = dimensions.multiplications(shape, FILTERS, KERNEL, padding="same")
        rows.append(
            {
                "rank": rank,
                "size": size,
                "parameters": dimensions.parameters(shape, FILTERS, KERNEL),
                "multiplications": products,
                "seconds": statistics.median(seconds[rank, size]),
            }
        )
    for rank in SIZES:
        own = [row for row in rows if row["rank"] == rank]
        rate = statistics.median(row["multiplications"] / row["seconds"] for row in own)
        for row in own:
            row["predicted"] = row["multiplications"] / rate
    return rows


def plot(rows: list[dict], path: str) -> None:
    """Draw seconds against size beside what the arithmetic foretells, and the rate reached."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for rank in SIZES:
        own = [row for row in rows if row["rank"] == rank]
        sizes, label = [row["size"] for row in own], f"{rank}-D"
        left.plot(sizes, [1e3 * row["predicted"] for row in own], color=COLORS[rank], linewidth=1.2)
        left.plot(sizes, [1e3 * row["seconds"] for row in own], "o", color=COLORS[rank], label=label)
        cells = [row["size"] ** rank for row in own]
        rates = [row["multiplications"] / row["seconds"] / 1e9 for row in own]
        right.plot(cells, rates, "o-", color=COLORS[rank], label=label)
    left.set(xscale="log", yscale="log", xlabel="size along each axis (cells)", ylabel="time of one convolution (ms)")
    left.set_title("measured (dots); multiplications over the rank's rate (lines)", fontsize=9)
    right.set(xscale="log", ylim=(0, None), xlabel="cells of the input", ylabel="billion multiplications a second")
    for ax in (left, right):
        ax.grid(True, color="#dddddd", linewidth=0.6)
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plot", help="a .png to draw")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # read when TensorFlow is imported
    rows = measure(options.rounds)
    if options.plot:
        plot(rows, options.plot)
    if options.json:
        print(json.dumps(rows))
        return
    print(f"{CHANNELS} channels to {FILTERS} filters of {KERNEL}, {KERNEL}x{KERNEL} and {KERNEL}x{KERNEL}x{KERNEL}")
    print("rank   size   parameters   multiplications   measured   predicted   10^9/s")
    for row in rows:
        rate = row["multiplications"] / row["seconds"] / 1e9
        print(
            f"{row['rank']:4} {row['size']:6} {row['parameters']:12,} {row['multiplications']:17,} "
            f"{1e3 * row['seconds']:8.2f} ms {1e3 * row['predicted']:8.2f} ms {rate:8.1f}"
        )


if __name__ == "__main__":
    main()
