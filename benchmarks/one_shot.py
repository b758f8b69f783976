"""A person joins with ONE picture: enrolment in a gallery against a (K+1)-way softmax that is trained again.

    python benchmarks/one_shot.py [--tower FILE.keras] [--people 20] [--newcomers 5] [--json]

On synthetic people, none of whom the tower was trained on. K people are known by 4 pictures each; K others train the
softmax's "unknown". Newcomers join one at a time, each with one picture. Measured before the first and after the last
of them: the share of right answers about the known, about the newcomers, and about strangers ("not recognised"), and
the seconds that a newcomer takes. Three ways: nearest encoding within tau; softmax with its last layer trained again;
softmax with the whole network trained again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import keras
import numpy as np
from _small_tower import encode, people

from keras_apps.faces.distances import all_squared_euclidean
from keras_apps.faces.judging.calibration import calibrate
from keras_apps.faces.towers.registry import load_tower
from keras_apps.faces.training.softmax_identifier import SoftmaxIdentifier

KNOWN_PICTURES = 4


def nearest(gallery: np.ndarray, owners: np.ndarray, probes: np.ndarray, tau: float) -> np.ndarray:
    """Each probe's person, -1 where the nearest is farther than tau."""
    distances = all_squared_euclidean(probes, gallery)
    best = distances.argmin(axis=1)
    return np.where(distances[np.arange(len(probes)), best] <= tau, owners[best], -1)


def tau_of(encodings: np.ndarray, far: float) -> float:
    """Choose tau on people that neither side meets."""
    count, pictures, length = encodings.shape
    flat, owner = encodings.reshape(-1, length), np.repeat(np.arange(count), pictures)
    first, second = np.triu_indices(len(flat), 1)
    return calibrate(all_squared_euclidean(flat, flat)[first, second], owner[first] == owner[second], far).tau


def shares(answers: np.ndarray, truth: np.ndarray, known: int) -> dict[str, float]:
    """Right answers about each kind; a stranger's truth is -1."""
    kinds = {"known": (truth >= 0) & (truth < known), "newcomers": truth >= known, "strangers": truth < 0}
    return {name: float(np.mean(answers[of] == truth[of])) for name, of in kinds.items() if of.any()}


class Softmax:
    """A softmax identifier on pictures, or on encodings where the tower stays as it is."""

    def __init__(self, tower: keras.Model, count: int, epochs: int, whole: bool):
        self.epochs, self.whole = epochs, whole
        if whole:
            tower = keras.models.clone_model(tower)
        else:
            tower = keras.Sequential([keras.Input(tower.output_shape[1:]), keras.layers.Identity()])
        self.model = SoftmaxIdentifier(tower, [f"person {i}" for i in range(count)], train_tower=whole)

    def train(self, x: np.ndarray, y: np.ndarray) -> None:
        """Train on persons 0, 1, ... and -1 for strangers."""
        self.model.compile(keras.optimizers.Adam(1e-3 if self.whole else 1e-2))
        labels = np.where(y < 0, len(self.model.people), y)
        epochs = self.epochs if self.whole else 10 * self.epochs
        self.model.fit(x.astype(np.float32), labels, epochs=epochs, batch_size=64, verbose=0)

    def answers(self, x: np.ndarray) -> np.ndarray:
        """Each picture's person, -1 for "unknown"."""
        best = self.model.predict(x.astype(np.float32), verbose=0).argmax(axis=1)
        return np.where(best == len(self.model.people), -1, best)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tower", default="synthetic64", help="a bundled tower or a file, for 64 x 64 pictures")
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--newcomers", type=int, default=5)
    parser.add_argument(
        "--epochs", type=int, default=30, help="of the softmax; its last layer alone takes ten times as many"
    )
    parser.add_argument("--far", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    count, joining = options.people, options.newcomers
    tower = load_tower(options.tower)
    pictures = people(10_000, 4 * count + joining, options.seed)
    encodings = encode(tower, pictures)
    parts = np.split(np.arange(len(pictures)), [count + joining, 2 * count + joining, 3 * count + joining])
    insiders, met, strangers, judges = parts
    tau = tau_of(encodings[judges], options.far)

    def training(data: np.ndarray, joined: int) -> tuple[np.ndarray, np.ndarray]:
        known, new = data[:count, :KNOWN_PICTURES], data[count : count + joined, :1]
        x = np.concatenate([part.reshape(-1, *data.shape[2:]) for part in (known, new, data[met])])
        owners = [
            np.repeat(np.arange(count), KNOWN_PICTURES),
            count + np.arange(joined),
            np.full(data[met].shape[:2], -1),
        ]
        return x, np.concatenate([owner.ravel() for owner in owners])

    def probes(data: np.ndarray, joined: int) -> tuple[np.ndarray, np.ndarray]:
        asked = np.concatenate([data[: count + joined, KNOWN_PICTURES:], data[strangers][:, KNOWN_PICTURES:]])
        truth = np.concatenate([np.arange(count + joined), np.full(len(strangers), -1)])
        return asked.reshape(-1, *data.shape[2:]), np.repeat(truth, data.shape[1] - KNOWN_PICTURES)

    assert len(insiders) == count + joining
    report = {"tau, squared Euclidean": tau}
    rows: dict[str, dict] = {}
    for joined in (0, joining):
        x, y = training(encodings, joined)
        asked, truth = probes(encodings, joined)
        answers = nearest(x[y >= 0], y[y >= 0], asked, tau)
        rows.setdefault("gallery", {})["after" if joined else "before"] = shares(answers, truth, count)
    seconds = []
    for newcomer in pictures[count : count + joining, :1]:
        began = time.perf_counter()
        encode(tower, newcomer)
        seconds.append(time.perf_counter() - began)
    rows["gallery"]["seconds a newcomer"] = statistics.median(seconds)
    for name, whole in (("softmax, last layer", False), ("softmax, whole network", True)):
        data, seconds = pictures if whole else encodings, []
        softmax = Softmax(tower, count, options.epochs, whole)
        if whole:
            softmax.model.tower.set_weights(tower.get_weights())
        softmax.train(*training(data, 0))
        asked, truth = probes(data, 0)
        rows[name] = {"before": shares(softmax.answers(asked), truth, count)}
        for joined in range(1, joining + 1):
            began = time.perf_counter()
            softmax.model = softmax.model.with_person(f"newcomer {joined}")
            softmax.train(*training(data, joined))
            seconds.append(time.perf_counter() - began)
        asked, truth = probes(data, joining)
        rows[name]["after"] = shares(softmax.answers(asked), truth, count)
        rows[name]["seconds a newcomer"] = statistics.median(seconds)
    report.update(rows)
    if options.json:
        print(json.dumps(report))
        return
    print(f"tau {tau:.3f}; K = {count}, then {joining} newcomers with one picture each")
    for name, row in rows.items():
        print(f"{name}: {row['seconds a newcomer']:.3f} s a newcomer")
        for when in ("before", "after"):
            print(f"  {when}: " + ", ".join(f"{kind} {share:.1%}" for kind, share in row[when].items()))


if __name__ == "__main__":
    main()
