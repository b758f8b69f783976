"""Tell people apart by their heartbeat: train a 1-D tower with the triplet loss, judge it on people it never saw.

    python benchmarks/heartbeat.py [--people 300] [--unseen 60] [--steps 300] [--plot docs/heartbeats.png] [--json]

Synthetic electrocardiograms (`dimensions.synthetic_heartbeats`). All pairs of the unseen people's recordings are
judged by `faces.evaluate_pairs`; then each unseen person is enrolled with one recording, and the others are looked up
(one-shot identification). Beside the tower stand two distances without any learning: of the signals as they are, and
of their average beats, cut out around the R waves.
"""

from __future__ import annotations

import argparse
import json
import os
import time

import numpy as np

from keras_apps import dimensions, faces

RATE = 128.0  # Hz
RECORDINGS = 8  # of each person


def train(people: int, steps: int, seed: int = 0):
    """Make the recordings, and return a tower trained on P x K batches: 16 people, 4 recordings of each."""
    import keras
    import tensorflow as tf

    from keras_apps.faces.people.sampling import PeopleSampler

    keras.utils.set_random_seed(seed)
    signals, labels = dimensions.synthetic_heartbeats(people, RECORDINGS, rate=RATE)
    tower = dimensions.build_tower(
        1, signals.shape[1:], encoding=64, filters=16, stem=9, kernel=7, blocks=[(32, 2), (64, 2)], readout="average"
    )
    sampler = PeopleSampler(labels, min(16, people), 4, seed=seed)
    batches = ((signals[chosen], labels[chosen]) for chosen in map(sampler, range(steps)))
    kinds = (tf.TensorSpec((None, *signals.shape[1:]), tf.float32), tf.TensorSpec((None,), tf.int64))
    dataset = tf.data.Dataset.from_generator(lambda: batches, output_signature=kinds)
    model = faces.TripletModel(tower, margin=0.2, mining="semi-hard")
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps)), jit_compile=False)
    model.fit(dataset, epochs=1, steps_per_epoch=steps, verbose=0)
    return tower


def average_beat(signal: np.ndarray, rate: float = RATE) -> np.ndarray:
    """Return a recording's mean beat, of height 1, from 0.25 s before the R waves to 0.45 s after them."""
    from scipy.signal import find_peaks

    before, after = round(0.25 * rate), round(0.45 * rate)
    peaks, _ = find_peaks(signal, height=0.6 * signal.max(), distance=round(0.4 * rate))
    beats = [signal[p - before : p + after] for p in peaks if p >= before and p + after <= len(signal)]
    beat = np.mean(beats, axis=0) if beats else np.zeros(before + after)
    beat = beat - np.median(beat)
    return beat / max(np.linalg.norm(beat), 1e-9)


def judge(encodings: np.ndarray, labels: np.ndarray) -> dict:
    """Judge all pairs, and find each recording's person among one enrolled recording of each."""
    first, second = np.triu_indices(len(labels), 1)
    distances = faces.euclidean(encodings[first], encodings[second])
    same = labels[first] == labels[second]
    _, enrolled = np.unique(labels, return_index=True)
    probes = np.setdiff1d(np.arange(len(labels)), enrolled)
    to_all = np.linalg.norm(encodings[probes][:, None] - encodings[enrolled][None], axis=-1)
    found = labels[enrolled][to_all.argmin(axis=1)] == labels[probes]
    report = faces.evaluate_pairs(distances, same, replicates=100)
    return {"report": report, "distances": distances, "same": same, "found": float(found.mean())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--unseen", type=int, default=60)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--plot", help="a .png to draw")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # read when TensorFlow is imported
    unseen, labels = dimensions.synthetic_heartbeats(options.unseen, RECORDINGS, first=options.people, rate=RATE)
    start = time.perf_counter(), time.process_time()
    tower = train(options.people, options.steps)
    seconds, work = time.perf_counter() - start[0], time.process_time() - start[1]
    plain = unseen[..., 0] - unseen.mean(axis=1)
    judged = {
        "tower": judge(faces.encode(tower, unseen), labels),
        "signals as they are": judge(plain / np.linalg.norm(plain, axis=1, keepdims=True), labels),
        "average beats": judge(np.stack([average_beat(signal) for signal in unseen[..., 0]]), labels),
    }
    rows = {k: {"eer": v["report"].eer, "auc": v["report"].auc, "found": v["found"]} for k, v in judged.items()}
    if options.plot:
        plot(judged, options.plot)
    if options.json:
        print(json.dumps({"seconds": seconds, "processor_seconds": work, "parameters": tower.count_params(), **rows}))
        return
    print(
        f"{options.people} people, {options.steps} steps: {seconds:.0f} s, {work:.0f} s of processor; "
        f"{tower.count_params():,} weights"
    )
    print(f"{options.unseen} unseen people, {RECORDINGS} recordings each")
    for name, row in rows.items():
        print(f"{name:<20} EER {100 * row['eer']:5.2f} %   AUC {row['auc']:.5f}   found {100 * row['found']:5.1f} %")


def plot(judged: dict, path: str) -> None:
    """Draw a few people's recordings, and the distances of both kinds of pairs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.6), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1.5, 1])
    signals, labels = dimensions.synthetic_heartbeats(3, 2, rate=RATE)
    axes = left.subplots(3, 2, sharex=True, sharey=True)
    times = np.arange(signals.shape[1]) / RATE
    for ax, signal, label in zip(axes.flat, signals, labels, strict=True):
        ax.plot(times, signal[:, 0], color=("#0072b2", "#d55e00", "#009e73")[label], linewidth=0.9)
        ax.grid(True, color="#dddddd", linewidth=0.6)
        ax.spines[["top", "right"]].set_visible(False)
    for row, ax in enumerate(axes[:, 0]):
        ax.set_ylabel(f"person {row + 1}\n(mV)")
    for ax in axes[-1]:
        ax.set_xlabel("time (s)")
    axes[0, 0].set_title("one recording", fontsize=10)
    axes[0, 1].set_title("another", fontsize=10)
    for ax, (name, one) in zip(right.subplots(3, 1), judged.items(), strict=True):
        edges = np.linspace(0, one["distances"].max(), 60)
        for kind, color, label in ((True, "#0072b2", "one person"), (False, "#d55e00", "two people")):
            chosen = one["distances"][one["same"] == kind]
            ax.hist(chosen, edges, density=True, color=color, alpha=0.6, label=label)
        ax.set_title(f"{name}: EER {100 * one['report'].eer:.1f} %", fontsize=10)
        ax.set_yticks([])
        ax.set_ylabel("density")
        ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlabel("Euclidean distance of two recordings, unseen people")
    ax.legend(frameon=False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
