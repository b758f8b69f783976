"""Compare triplet mining and loss with pytorch-metric-learning: the same results? Seconds, interleaved.

    pip install torch pytorch-metric-learning
    python benchmarks/triplets.py [--batches 64 256 1024] [--rounds 30] [--json]

Both sides on the CPU with two threads and the same embeddings: K = 4 pictures a person, 128 numbers of unit length.
Results are compared in float64. In float32 each side rounds its distances in its own way, and a triplet whose two
distances differ by less than that falls on either side of a bound; how many do is printed too. A timing is mining +
loss + gradient, as in a training step; ours is compiled by XLA, as Keras does by default, and by TensorFlow's graph.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import numpy as np
import tensorflow as tf
import torch
from pytorch_metric_learning import distances, losses, miners, reducers
from pytorch_metric_learning.utils import loss_and_miner_utils

from keras_apps.faces.training.losses import batch_triplet_loss, mine_triplets

MARGIN, THREADS = 0.2, 2
THEIR_NAMES = {"all": None, "hard": "hard", "semi-hard": "semihard"}


def embeddings_and_labels(batch: int, dtype: str) -> tuple[np.ndarray, np.ndarray]:
    """People as directions with some scatter, so that easy, semi-hard and hard triplets all occur."""
    rng = np.random.default_rng(batch)
    labels = np.repeat(np.arange(batch // 4), 4).astype(np.int32)
    embeddings = rng.normal(size=(batch // 4, 128))[labels] + 2.5 * rng.normal(size=(batch, 128))
    return (embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)).astype(dtype), labels


def their_step(strategy: str):
    """Mining, loss and gradient of pytorch-metric-learning."""
    distance = distances.LpDistance(normalize_embeddings=False, power=2)
    loss = losses.TripletMarginLoss(MARGIN, distance=distance, reducer=reducers.MeanReducer())
    name = THEIR_NAMES[strategy]
    miner = miners.TripletMarginMiner(MARGIN, name, distance=distance) if name else None

    def step(embeddings: torch.Tensor, labels: torch.Tensor):
        embeddings = embeddings.detach().requires_grad_()
        mined = miner(embeddings, labels) if miner else loss_and_miner_utils.get_all_triplets_indices(labels)
        value = loss(embeddings, labels, mined)
        value.backward()
        return mined, value.item(), embeddings.grad.numpy()

    return step


def our_step(strategy: str, xla: bool):
    """Mining, loss and gradient as `TripletModel` does them."""

    @tf.function(jit_compile=xla)
    def step(embeddings: tf.Tensor, labels: tf.Tensor):
        with tf.GradientTape() as tape:
            tape.watch(embeddings)
            loss = batch_triplet_loss(embeddings, labels, MARGIN, strategy).loss
        return loss, tape.gradient(loss, embeddings)

    return step


def agreement(batch: int, strategy: str, dtype: str) -> dict:
    """Compare indices, loss and gradient; differences relative to the loss and to the largest gradient."""
    embeddings, labels = embeddings_and_labels(batch, dtype)
    mined, their_loss, their_gradient = their_step(strategy)(torch.tensor(embeddings), torch.tensor(labels))
    loss, gradient = our_step(strategy, xla=False)(tf.constant(embeddings), tf.constant(labels))
    theirs = np.stack([indices.numpy() for indices in mined])
    theirs = theirs[:, np.lexsort(theirs[::-1])]
    ours = np.stack(mine_triplets(embeddings, labels, strategy, MARGIN))
    codes = [a * batch**2 + p * batch + n for a, p, n in (ours.astype(np.int64), theirs.astype(np.int64))]
    return {
        "triplets": ours.shape[1],
        "triplets that differ": int(np.setxor1d(*codes).size),
        "loss, relative difference": abs(float(loss) / their_loss - 1),
        "gradient, relative difference": float(
            np.abs(gradient.numpy() - their_gradient).max() / np.abs(their_gradient).max()
        ),
    }


def seconds(batch: int, strategy: str, rounds: int) -> dict:
    """Time both sides in turn, in float32: medians, and the median of the rounds' ratios."""
    embeddings, labels = embeddings_and_labels(batch, "float32")
    e, y = tf.constant(embeddings), tf.constant(labels)
    te, ty = torch.tensor(embeddings), torch.tensor(labels)
    theirs, graph, xla = their_step(strategy), our_step(strategy, False), our_step(strategy, True)
    sides = {
        "pytorch-metric-learning": lambda: theirs(te, ty),
        "ours, XLA": lambda: xla(e, y)[1].numpy(),
        "ours, graph": lambda: graph(e, y)[1].numpy(),
    }
    times: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds + 1):
        for name, side in sides.items():
            began = time.perf_counter()
            side()
            if number:  # the first compiles
                times[name].append(time.perf_counter() - began)
    report = {f"{name}, ms": 1000 * statistics.median(values) for name, values in times.items()}
    for name in ("ours, XLA", "ours, graph"):
        pairs = zip(times["pytorch-metric-learning"], times[name], strict=True)
        report[f"theirs / {name}"] = statistics.median(a / b for a, b in pairs)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, nargs="+", default=[64, 256, 1024])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    tf.config.threading.set_inter_op_parallelism_threads(THREADS)
    report = {}
    for batch in options.batches:
        for strategy in THEIR_NAMES:
            report[f"{batch} {strategy}"] = {
                "float64": agreement(batch, strategy, "float64"),
                "float32": agreement(batch, strategy, "float32"),
                "seconds": seconds(batch, strategy, options.rounds),
            }
            if not options.json:
                for part, values in report[f"{batch} {strategy}"].items():
                    print(f"{batch} {strategy}, {part}: " + "; ".join(f"{k} {v:.3g}" for k, v in values.items()))
    if options.json:
        print(json.dumps(report))


if __name__ == "__main__":
    main()
