"""Classify volumes and films with a 3-D tower, and their single slices and frames with the 2-D tower of one definition.

    python benchmarks/volumes.py [--task films|scans] [--train 480] [--epochs 4] [--plot docs/volumes.png] [--json]

`films` (`dimensions.moving_shapes`): which of four ways does a shape move? No frame tells, so that the 2-D network can
do no better than chance, 25 %. `scans` (`dimensions.synthetic_scans`): is there a lesion, a ball, among vessels, which
are tubes with the same cross-section? The 2-D network sees one slice at a time; its mean over a scan's slices is told
too. All figures are of films and scans that no network was trained on.
"""

from __future__ import annotations

import argparse
import json
import os
import time

import numpy as np

from keras_apps import dimensions

UNSEEN = 400
EPOCHS = {"films": 4, "scans": 10}
SEEDS = {"train": 1, "unseen": 2}
CUTS = {1: 12, 0: 12}  # heights at which the plotted scans are cut along depth
SIZE = (12, 24, 24)  # of the scans, in voxels
# Patches of 2 x 2 x 2 and then no strides: on a CPU TensorFlow's gradient of a strided Conv3D is slow, and the more so
# the larger the kernel.
STEM, BLOCKS = 2, ((16, 1), (32, 1))


def data(task: str, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return volumes `(n, depth, height, width, 1)` of numbers around 0 to 1, and labels."""
    if task == "films":
        return dimensions.moving_shapes(count, seed=seed)
    volumes, labels = dimensions.synthetic_scans(count, SIZE, seed=seed)
    return np.clip(volumes, -160, 240) / 200, labels  # a window that shows soft tissue


def classifier(shape: tuple[int, ...], classes: int):
    """Return the small residual tower of the shape's rank, with a softmax on its encoding."""
    import keras

    tower = dimensions.build_tower(
        len(shape) - 1, shape, encoding=32, filters=8, stem=STEM, blocks=BLOCKS, readout="average", unit_length=False
    )
    return keras.Sequential([tower, keras.layers.Dense(classes, activation="softmax")])


def train(samples: np.ndarray, labels: np.ndarray, epochs: int, batch_size: int = 32, seed: int = 0):
    """Return a classifier fitted with Keras's own `fit`, and the seconds that passed and that the processor worked."""
    import keras

    keras.utils.set_random_seed(seed)
    model = classifier(samples.shape[1:], int(labels.max()) + 1)
    steps = epochs * -(-len(samples) // batch_size)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(5e-3, steps)),
        "sparse_categorical_crossentropy",
        jit_compile=False,
    )
    start = time.perf_counter(), time.process_time()
    model.fit(samples, labels, batch_size=batch_size, epochs=epochs, verbose=0)
    return model, (time.perf_counter() - start[0], time.process_time() - start[1])


def flat(volumes: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return every slice as a picture, with its volume's label."""
    return volumes.reshape(-1, *volumes.shape[2:]), np.repeat(labels, volumes.shape[1])


def compare(task: str, count: int, epochs: int, unseen: int = UNSEEN) -> dict:
    """Train both networks, equally many gradient steps, and judge them on unseen samples."""
    volumes, labels = data(task, count, SEEDS["train"])
    new, truth = data(task, unseen, SEEDS["unseen"])
    model, seconds = train(volumes, labels, epochs)
    right = (model.predict(new, verbose=0).argmax(axis=1) == truth).mean()
    pictures, repeated = flat(volumes, labels)
    thin, thin_seconds = train(pictures, repeated, epochs, batch_size=32 * volumes.shape[1])
    slices, slice_truth = flat(new, truth)
    chances = thin.predict(slices, batch_size=512, verbose=0)
    mean = chances.reshape(*new.shape[:2], -1).mean(axis=1)
    return {
        "seconds": seconds,
        "seconds_2d": thin_seconds,
        "parameters": model.count_params(),
        "accuracy": float(right),
        "accuracy_2d": float((chances.argmax(axis=1) == slice_truth).mean()),
        "accuracy_2d_mean": float((mean.argmax(axis=1) == truth).mean()),
        "commonest": float(np.bincount(truth).max() / len(truth)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=("films", "scans"))
    parser.add_argument("--train", type=int, default=480)
    parser.add_argument("--epochs", type=int, help="4 for films, 10 for scans")
    parser.add_argument("--plot", help="a .png to draw; nothing is trained")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # read when TensorFlow is imported
    if options.plot:
        plot(options.plot)
        return
    tasks = [options.task] if options.task else ["films", "scans"]
    rows = {task: compare(task, options.train, options.epochs or EPOCHS[task]) for task in tasks}
    if options.json:
        print(json.dumps(rows))
        return
    print(f"{options.train} to train on, {UNSEEN} unseen")
    for task, row in rows.items():
        percent = {name: f"{100 * row[name]:.1f} %" for name in row if name.startswith("acc") or name == "commonest"}
        print(f"{task}: always the commonest answer {percent['commonest']}")
        print(f"  3-D            {percent['accuracy']:>8}   {took(row['seconds'])}; {row['parameters']:,} weights")
        print(f"  2-D, one slice {percent['accuracy_2d']:>8}   {took(row['seconds_2d'])}")
        print(f"  2-D, mean      {percent['accuracy_2d_mean']:>8}")


def took(seconds: tuple[float, float]) -> str:
    return f"{seconds[0]:5.0f} s, {seconds[1]:.0f} s of processor"


def plot(path: str) -> None:
    """Draw slices of two scans, along depth and across it, and the frames of films that differ in their order alone."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 8.2), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.15, 1])
    volumes, labels = dimensions.synthetic_scans(24, SIZE, seed=4)
    axes = top.subplots(2, 6)
    window = {"cmap": "gray", "vmin": -160, "vmax": 240}
    for row, label in enumerate((1, 0)):
        volume = volumes[np.flatnonzero(labels == label)[0], ..., 0]
        for ax, depth in zip(axes[row, :5], range(1, 11, 2), strict=True):
            shown = ax.imshow(volume[depth], **window)
            ax.set_title(f"slice {depth}", fontsize=9)
        axes[row, 5].imshow(volume[:, CUTS[label]], aspect="auto", **window)
        axes[row, 5].set_title(f"cut at height {CUTS[label]}", fontsize=9)
        axes[row, 5].set_ylabel("depth (voxels)", fontsize=8)
        axes[row, 0].set_ylabel(f"{'a lesion' if label else 'no lesion'}\nheight (voxels)", fontsize=9)
    for ax in axes.flat:
        ax.tick_params(labelsize=7)
    for ax in axes[1]:
        ax.set_xlabel("width (voxels)", fontsize=8)
    top.colorbar(shown, ax=axes, label="Hounsfield units", shrink=0.7)
    films, labels = dimensions.moving_shapes(24, seed=3)
    axes = bottom.subplots(2, 8)
    for row, (label, name) in enumerate(list(enumerate(dimensions.DIRECTIONS))[1:3]):
        film = films[np.flatnonzero(labels == label)[0], ..., 0]
        for number, (ax, frame) in enumerate(zip(axes[row], film, strict=True)):
            ax.imshow(frame, cmap="gray", vmin=-0.2, vmax=1.1)
            ax.set_title(f"frame {number + 1}", fontsize=9)
            ax.tick_params(labelsize=7)
        axes[row, 0].set_ylabel(f"moves {name}\nrow (pixels)", fontsize=9)
    for ax in axes[1]:
        ax.set_xlabel("column (pixels)", fontsize=8)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
