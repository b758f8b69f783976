"""Train the bundled `synthetic64`: the small tower on synthetic people, evaluated on others that it never saw.

    python weights/train_synthetic64.py [--minutes 10] [--work FOLDER] [--keep] [--json]

It trains with the triplet loss on 10,000 pictures of 1,000 synthetic people. 100 other people choose the best epoch,
and 200 others evaluate it at the end: 2,000 pictures and all their 1,999,000 pairs. The minutes include the evaluation
of each epoch, but not the drawing of the people. `--keep` writes synthetic64.npz, synthetic64.threshold.json and the
manifest's entry. As the clock ends the training, two runs give similar towers, but not the same bytes.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # TensorFlow leaves it off on some processors; twice as fast

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from convert import HERE, MANIFEST, pack, summary
from rich.console import Console

import keras_apps
from keras_apps import faces
from keras_apps.faces.distances import all_squared_euclidean
from keras_apps.faces.encoding import encode_chips
from keras_apps.faces.training.resume import training_folder

NAME, SIZE = "synthetic64", 64
PEOPLE, PICTURES = 1000, 10
SEED = 2026
HELD_OUT, UNSEEN = (100_000, 100), (200_000, 200)  # first person, people
PLAN = {"mining": "semi-hard", "margin": 0.2, "people": 32, "pictures": 4, "steps_per_epoch": 100, "augment": 0.5}
FAR = 1e-3

console = Console(stderr=True)


def people(first: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw people, numbered from `first`."""
    return faces.synthetic_people(number, PICTURES, size=SIZE, seed=SEED, first_person=first)


def all_pairs(tower: keras.Model, images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the squared distance of every pair of pictures, and whether it shows one person."""
    encodings = np.concatenate([encode_chips(tower, images[i : i + 250]) for i in range(0, len(images), 250)])
    i, j = np.triu_indices(len(labels), 1)
    return all_squared_euclidean(encodings, encodings)[i, j], labels[i] == labels[j]


def keep(tower: keras.Model, threshold: faces.Threshold, minutes: float) -> None:
    """Write the weights, the threshold and the manifest's entry."""
    arrays = {f"{layer.name}/{v.name}": np.asarray(v) for layer in tower.layers for v in layer.weights}
    packed = pack(arrays, "float16")
    (HERE / f"{NAME}.npz").write_bytes(packed)
    manifest = json.loads(MANIFEST.read_text())
    manifest["files"][NAME] = summary(NAME, packed, arrays, "float16") | {
        "source": {"package": "keras_apps", "version": keras_apps.__version__, "minutes": minutes, "seed": SEED},
        "author": "The keras_apps developers; trained on pictures made by code",
        "licence": "Apache-2.0",
        "input": "RGB 0..255, synthetic people, (n, 64, 64, 3); the mean and the scale are inside the model",
        "command": f"python weights/train_{NAME}.py --minutes {minutes:g} --keep",
    }
    MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n")
    stored = faces.load_tower(NAME)  # rounded to float16, as users will have it
    pairs = f"{PICTURES * UNSEEN[1]} pictures of {UNSEEN[1]} synthetic people who were in no training: all "
    pairs += threshold.calibrated_on
    replace(threshold, model=faces.fingerprint(stored), calibrated_on=pairs).save(HERE / f"{NAME}.threshold.json")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--work", type=Path, help="folder of the training, which is continued if it exists")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other settings of the TrainingPlan")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    work = options.work or Path(tempfile.mkdtemp())
    work.mkdir(parents=True, exist_ok=True)

    began = time.perf_counter()
    train_on = faces.People.from_arrays(*people(0, PEOPLE))
    drawing = time.perf_counter() - began
    held_out = faces.People.from_arrays(*people(*HELD_OUT))
    images, labels = people(*UNSEEN)

    choices = PLAN | {name: json.loads(value) for name, value in (entry.split("=", 1) for entry in options.set)}
    plan = faces.TrainingPlan(minutes=options.minutes, seed=SEED, **choices)
    keras.utils.set_random_seed(SEED)
    tower, out = faces.build_tower("small", SIZE), work / f"{NAME}.keras"

    def report(kind: str, values: dict) -> None:
        if kind == "epoch":
            loss, active = (values.get(name, np.nan) for name in ("loss", "active"))
            words = f"epoch {values['epoch']}, {values['seconds'] / 60:.1f} min, loss {loss:.4f}, active {active:.4f}"
            console.print(f"{words}, EER held out {100 * values['eer']:.2f} %")

    history = faces.train(train_on, held_out, tower, out, plan, resume=training_folder(out).is_dir(), report=report)
    best = faces.load_tower(out)
    distances, same = all_pairs(best, images, labels)
    evaluation = faces.evaluate_pairs(distances, same)
    pixels = images.reshape(len(images), -1).astype(np.float32) / 255
    i, j = np.triu_indices(len(labels), 1)
    raw = faces.equal_error_rate(faces.roc(all_squared_euclidean(pixels, pixels)[i, j], same))[0]
    if options.keep:
        keep(best, faces.calibrate(distances, same, FAR), options.minutes)
    result = {
        "drawing_seconds": drawing,
        "minutes": options.minutes,
        "steps": history.step,
        "best_epoch": history.best["epoch"],
        "pixel_eer": float(raw),
        "unseen": evaluation.as_dict(),
        "curve": [[epoch["seconds"] / 60, epoch["eer"]] for epoch in history.epochs],
    }
    (work / "results.json").write_text(json.dumps(result, indent=1))
    if options.json:
        print(json.dumps(result))
        return
    print(f"{len(train_on)} pictures drawn in {drawing:.0f} s; {history.step} steps in {options.minutes:g} minutes")
    print(f"unseen people, all pairs: EER of raw pixels {100 * raw:.1f} %")
    print(evaluation)


if __name__ == "__main__":
    main()
