"""Train the bundled `liveness128`: people of LFW's DevTrain against attacks made by code from their pictures.

    python weights/train_liveness.py --data DIR [--work FOLDER] [--epochs 14] [--without KIND] [--keep] [--json]

DIR holds lfw-deepfunneled.tar (or the folder lfw-deepfunneled/) and pairsDevTrain.txt. The live pictures are those of
DevTrain's pairs, each seen three times by another camera (`live_views`); beside them stands one attack of each kind
made from each picture. One person in eight is kept apart, to choose the threshold at BPCER 5 %. The people of DevTest
are not used: `benchmarks/liveness.py` measures on them.

FOLDER keeps the squares around the faces, the attacks and the state after each epoch; the same command continues from
there. `--keep` writes liveness128.npz and the manifest's entry; `--without` leaves a kind of attack out.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # TensorFlow leaves it off on some processors; twice as fast

import argparse
import json
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from convert import HERE, MANIFEST, pack, summary

import keras_apps
from keras_apps import faces
from keras_apps._files import written_aside
from keras_apps.faces.detection import find_faces_in
from keras_apps.faces.liveness.attacks import KINDS, live_views
from keras_apps.faces.liveness.model import CROP
from keras_apps.faces.liveness.squares import SIZE
from keras_apps.faces.people.pairs import picture_path, read_pairs

NAME, SEED, BPCER = "liveness128", 2026, 0.05
LFW = "lfw-deepfunneled"
SQUARE = 192  # pixels a side of the squares that attacks are made from: as fine as LFW's pictures are
LIVE_VIEWS = 3
BATCH, STEPS = 64, 100  # of a batch half is live; steps of an epoch
RATE, DECAY = 2e-3, 1e-4


@dataclass(frozen=True)
class Squares:
    """The squares around the faces of a list of pairs: uint8 `(n, 192, 192, 3)`, and each picture's person `(n,)`."""

    pictures: np.ndarray
    names: np.ndarray

    def of(self, chosen: np.ndarray) -> Squares:
        """Return the chosen ones, booleans `(n,)` or indices."""
        return Squares(self.pictures[chosen], self.names[chosen])

    def held_out(self) -> np.ndarray:
        """Return which pictures show one of the people kept apart, one in eight: booleans `(n,)`."""
        people = np.unique(self.names)
        apart = np.random.default_rng(SEED).permutation(people)[: len(people) // 8]
        return np.isin(self.names, apart)


def say(*words: object) -> None:
    """Print progress to standard error."""
    print(*words, file=sys.stderr, flush=True)


def squares_of(data: Path, pairs: str, cache: Path) -> Squares:
    """Find the face nearest the centre of each picture of a list of pairs, and cut out the square around it."""
    if not cache.is_file():
        keys, pictures, names = read_pairs(data / pairs).pictures(), [], []
        with tempfile.TemporaryDirectory() as unpacked:
            root = data / LFW
            if not root.is_dir():
                wanted, root = {f"{LFW}/{picture_path(key)}" for key in keys}, Path(unpacked) / LFW
                with tarfile.open(data / f"{LFW}.tar") as tar:
                    tar.extractall(unpacked, (m for m in tar if m.name.removeprefix("./") in wanted), filter="data")
            for start in range(0, len(keys), 64):
                some = keys[start : start + 64]
                for key, found in zip(some, find_faces_in([root / picture_path(key) for key in some]), strict=True):
                    if found:
                        face = min(found, key=lambda f: abs(f.box[0] + f.box[2] - 250) + abs(f.box[1] + f.box[3] - 250))
                        pictures.append(faces.around_face(root / picture_path(key), face, SQUARE))
                        names.append(key[0])
        say(f"{pairs}: faces found in {len(names)} of {len(keys)} pictures")
        with written_aside(cache) as aside, open(aside, "wb") as stream:
            np.savez(stream, pictures=np.stack(pictures), names=np.array(names))
    with np.load(cache) as arrays:
        return Squares(arrays["pictures"], arrays["names"])


def made(squares: Squares, kind: str, seed: int, cache: Path) -> np.ndarray:
    """Return the attacks of a kind, or views of a camera for `"live"`, uint8 `(n, 144, 144, 3)`."""
    if not cache.is_file():
        began = time.perf_counter()
        if kind == "live":
            pictures = live_views(squares.pictures, seed, size=SIZE)
        else:
            pictures = faces.presentation_attacks(squares.pictures, kind, seed, size=SIZE)
        with written_aside(cache) as aside, open(aside, "wb") as stream:
            np.save(stream, pictures)
        say(f"{kind}: {len(pictures)} pictures in {time.perf_counter() - began:.0f} s")
    return np.load(cache)


def batches(live: np.ndarray, attacks: Sequence[np.ndarray], seed: int, start: int) -> tf.data.Dataset:
    """Stream `(crops, live)` from a step on: half live, the other half of all kinds of attack alike.

    A crop is taken by chance from the square, mirrored or not, and a little brighter or darker.
    """

    def stream() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        step = start
        while True:
            rng = np.random.default_rng((seed, step))
            crops, labels = np.empty((BATCH, CROP, CROP, 3), np.float32), np.zeros(BATCH, np.float32)
            labels[::2] = 1
            for place in range(BATCH):
                pool = attacks[(place // 2) % len(attacks)] if place % 2 else live
                left, top = rng.integers(0, SIZE - CROP + 1, 2)
                crop = pool[rng.integers(len(pool))][top : top + CROP, left : left + CROP]
                crop = crop[:, ::-1] if rng.random() < 0.5 else crop
                light, contrast = rng.uniform(-12, 12), rng.uniform(0.85, 1.15)
                crops[place] = np.clip((crop - np.float32(128)) * contrast + np.float32(128 + light), 0, 255)
            yield crops, labels
            step += 1

    shapes = (tf.TensorSpec((BATCH, CROP, CROP, 3), tf.float32), tf.TensorSpec((BATCH,), tf.float32))
    return tf.data.Dataset.from_generator(stream, output_signature=shapes).prefetch(4)


def trained(train_on: Squares, kinds: Sequence[str], epochs: int, work: Path, name: str) -> faces.LivenessModel:
    """Train a model on the people against these kinds of attack, or continue where an earlier call stopped."""
    views = [made(train_on, "live", SEED + view, work / f"live-{view}.npy") for view in range(LIVE_VIEWS)]
    attacks = [made(train_on, kind, SEED, work / f"{kind}.npy") for kind in kinds]
    live = np.concatenate(views)
    keras.utils.set_random_seed(SEED)
    model = faces.LivenessModel()
    schedule = keras.optimizers.schedules.CosineDecay(RATE, epochs * STEPS)
    model.compile(keras.optimizers.AdamW(schedule, weight_decay=DECAY))
    began = time.process_time()

    def report(epoch: int, logs: dict[str, float]) -> None:
        words = ", ".join(f"{key} {value:.3f}" for key, value in logs.items())
        say(f"{name}: epoch {epoch + 1} of {epochs}, {words}, {(time.process_time() - began) / 60:.1f} CPU minutes")

    faces.fit_resumable(
        model,
        lambda start: batches(live, attacks, SEED, start),
        STEPS,
        epochs,
        work / name,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=report)],
        verbose=0,
    )
    return model


def threshold(model: faces.LivenessModel, apart: Squares, bpcer: float = BPCER) -> float:
    """Return the greatest P(live) at which at most this share of the live pictures, seen by a camera, is refused."""
    scores = np.sort(model.score(live_views(apart.pictures, SEED + 100, size=SIZE), cut=True))
    return float(scores[int(bpcer * len(scores))])


def keep(model: faces.LivenessModel, tau: float, epochs: int, pictures: int) -> None:
    """Write the weights and the manifest's entry."""
    layers = [*model.tower.layers, model.head]
    arrays = {f"{layer.name}/{v.name}": np.asarray(v) for layer in layers for v in layer.weights}
    packed = pack(arrays, "float16")
    (HERE / f"{NAME}.npz").write_bytes(packed)
    manifest = json.loads(MANIFEST.read_text())
    manifest["files"][NAME] = summary(NAME, packed, arrays, "float16") | {
        "tau_probability": round(tau, 6),
        "source": {"package": "keras_apps", "version": keras_apps.__version__, "epochs": epochs, "seed": SEED},
        "author": f"The keras_apps developers; trained on {pictures} pictures of LFW and attacks made by code",
        "licence": "Apache-2.0",
        "input": "RGB 0..255, crops of the square around a face, (n, 128, 128, 3); the scale is inside the model",
        "command": f"python weights/train_liveness.py --data DIR --epochs {epochs} --keep",
    }
    MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="folder of the training, which is continued if it exists")
    parser.add_argument("--epochs", type=int, default=14, help=f"of {STEPS} steps")
    parser.add_argument("--without", choices=KINDS)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.keep and options.without:
        parser.error("expected --keep or --without, received both: the bundled weights know all kinds")
    work = options.work or Path(tempfile.mkdtemp())
    work.mkdir(parents=True, exist_ok=True)
    squares = squares_of(options.data, "pairsDevTrain.txt", work / "squares-train.npz")
    apart = squares.held_out()
    kinds = [kind for kind in KINDS if kind != options.without]
    name = f"without-{options.without}" if options.without else "all"
    model = trained(squares.of(~apart), kinds, options.epochs, work, name)
    tau = threshold(model, squares.of(apart))
    model.tau_probability = tau
    model.save(work / f"{name}.keras")
    if options.keep:
        keep(model, tau, options.epochs, int(np.sum(~apart)))
    result = {"kinds": kinds, "epochs": options.epochs, "pictures": int(np.sum(~apart)), "tau_probability": tau}
    print(json.dumps(result) if options.json else f"{work / name}.keras: tau {tau:.4f} at BPCER {BPCER:.0%}")


if __name__ == "__main__":
    main()
