"""Compare the verification unit's three differences, with the tower trained jointly and frozen: the course asks which.

    python benchmarks/verification_head.py [--tower FILE.keras] [--head-steps 300] [--json]

On synthetic people. The tower was trained with triplets. First the logistic unit alone learns on the frozen tower
(Adam, 1e-2); then both go on together (1e-4), over the same pairs once more: the tower wants a far smaller rate than
the unit, and with one rate from the start the unit's b stays behind. Judged on people that no training saw: accuracy
at P = 0.5 and area under the ROC curve, beside the plain squared distance of the starting tower with the threshold that
is best on the training pairs.
"""

from __future__ import annotations

import argparse
import json
import time

import keras
import numpy as np
import tensorflow as tf
from _small_tower import PICTURES, SIZE, encode, people

from keras_apps.faces.distances import squared_euclidean
from keras_apps.faces.towers.registry import load_tower
from keras_apps.faces.training.comparison import COMPARISONS
from keras_apps.faces.training.verification_model import VerificationModel


def pairs(rng: np.random.Generator, count: int, people: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Indices (person, picture) of both sides and whether they agree; every other pair is genuine."""
    same = np.arange(count) % 2 == 0
    first = rng.integers(people, size=count)
    second = np.where(same, first, (first + rng.integers(1, people, size=count)) % people)
    picture = rng.integers(PICTURES, size=count)
    other = (picture + rng.integers(1, PICTURES, size=count)) % PICTURES
    return np.stack([first, picture]), np.stack([second, other]), same


def area(scores: np.ndarray, same: np.ndarray) -> float:
    """Share of (genuine, impostor) couples in which the genuine pair scores higher; ties count half."""
    genuine, impostor = scores[same], np.sort(scores[~same])
    below = np.searchsorted(impostor, genuine, "left") + np.searchsorted(impostor, genuine, "right")
    return float(np.mean(below) / (2 * len(impostor)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tower", default="synthetic64", help="a bundled tower or a file, for 64 x 64 pictures")
    parser.add_argument("--head-steps", type=int, default=300)
    parser.add_argument("--train-people", type=int, default=300)
    parser.add_argument("--test-people", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=4000, help="to be judged on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    known, unseen = people(0, options.train_people, options.seed), people(10_000, options.test_people, options.seed)
    tower = load_tower(options.tower)
    start = tower.get_weights()
    first, second, same = pairs(rng, options.pairs, options.test_people)
    train_first, train_second, train_same = pairs(rng, 64 * options.head_steps, options.train_people)

    def stream():
        for i in range(0, len(train_same), 64):
            sides = [known[tuple(side[:, i : i + 64])].astype(np.float32) for side in (train_first, train_second)]
            yield tuple(sides), train_same[i : i + 64]

    pictures = tf.TensorSpec((None, SIZE, SIZE, 3))
    batches = tf.data.Dataset.from_generator(
        stream, output_signature=((pictures, pictures), tf.TensorSpec((None,), tf.bool))
    )
    encodings, train_encodings = encode(tower, unseen), encode(tower, known)
    distance = squared_euclidean(encodings[tuple(first)], encodings[tuple(second)])
    train_distance = squared_euclidean(train_encodings[tuple(train_first)], train_encodings[tuple(train_second)])
    taus = np.quantile(train_distance, np.linspace(0, 1, 201))
    tau = taus[np.argmax([np.mean((train_distance <= t) == train_same) for t in taus])]

    def judged(model: VerificationModel, learning_rate: float) -> dict[str, float]:
        """Train on all batches, and judge on the unseen people."""
        model.compile(keras.optimizers.Adam(learning_rate))
        began = time.perf_counter()
        model.fit(batches, verbose=0)
        took = time.perf_counter() - began
        found = encode(tower, unseen)
        scores = model.score(found[tuple(first)], found[tuple(second)])
        return {"accuracy": float(np.mean((scores >= 0.5) == same)), "AUC": area(scores, same), "seconds": took}

    report = {"distance alone": {"accuracy": float(np.mean((distance <= tau) == same)), "AUC": area(-distance, same)}}
    for kind in COMPARISONS:
        tower.set_weights(start)
        frozen = VerificationModel(tower, kind, train_tower=False)
        report[f"{kind}, frozen"] = judged(frozen, 1e-2)
        joint = VerificationModel(tower, kind, train_tower=True)
        joint.set_weights(frozen.get_weights())
        report[f"{kind}, then joint"] = judged(joint, 1e-4)
    if options.json:
        print(json.dumps(report))
        return
    for name, row in report.items():
        print(f"{name:20} " + "  ".join(f"{key} {value:.4g}" for key, value in row.items()))


if __name__ == "__main__":
    main()
