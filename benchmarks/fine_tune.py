"""Fine-tune `resnet128` with triplets on LFW's DevTrain people; DevTest accuracy before and after.

    python benchmarks/fine_tune.py --data DIR --work FOLDER [--steps 60] [--learning-rate 1e-6] [--json]

DIR as for lfw_from_scratch.py. FOLDER keeps the aligned chips and the training; an interrupted run goes on. Nobody of
DevTest is trained on; three in ten of DevTrain's people are held out, and choose tau and the epoch kept. Epoch 0
is the tower as it came: where training does not help the held-out people, that one is kept. As the held-out people are
few, accuracy with tau from DevTest's own ten folds stands beside it.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # TensorFlow leaves it off on some processors; twice as fast

import argparse
import json
import tarfile
from pathlib import Path

import keras
from lfw_from_scratch import PICTURES, Judge, console

from keras_apps import faces
from keras_apps.faces.alignment import CHIP
from keras_apps.faces.training.resume import training_folder

SEED = 0


def chips_of(data: Path, work: Path) -> tuple[faces.People, list[str]]:
    """Align the pictures of both pair files; return everybody, and the names of DevTest's people."""
    root = data / PICTURES
    if not root.is_dir():
        root = work / PICTURES
        if not root.is_dir():
            with tarfile.open(data / f"{PICTURES}.tar") as tar:
                tar.extractall(work, filter="data")
    named = {part: faces.read_pairs(data / f"pairs{part}.txt").pictures() for part in ("DevTrain", "DevTest")}
    tested = sorted({name for name, _ in named["DevTest"]})
    wanted = {faces.picture_path(picture) for pictures in named.values() for picture in pictures}
    people = faces.People.from_folder(root, check=False)
    kept = [i for i, path in enumerate(people.pictures) if f"{path.parent.name}/{path.name}" in wanted]
    some = faces.People([people.pictures[i] for i in kept], [people.labels[i] for i in kept], people.names)
    with console.status("aligning faces") as status:
        faces.align_people(
            some,
            work / "chips",
            without_face="centre",
            progress=lambda done, total: status.update(f"aligning faces: {done} of {total}"),
        )
    return faces.People.from_folder(work / "chips"), tested


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--learning-rate", type=float, default=1e-6)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    everybody, tested = chips_of(options.data, options.work)
    people, held_out = everybody.without(tested).split(0.3, seed=SEED)
    console.print(f"training on {people.summary()}; held out {held_out.summary()}")
    judge = Judge(options.work / "chips", options.data, held_out, CHIP, 1.0)
    tower, out = faces.load_tower("resnet128"), options.work / "fine.keras"
    plan = faces.TrainingPlan(
        steps=options.steps, steps_per_epoch=20, learning_rate=options.learning_rate, weight_decay=0.0, seed=SEED,
        people=8, pictures=4, augment=0.5,
    )  # fmt: skip
    before = judge(tower)

    def report(kind: str, values: dict) -> None:
        if kind == "epoch":
            words = f"epoch {values['epoch']}, {values['seconds'] / 60:.1f} min, loss {values.get('loss', 0):.4f}"
            console.print(f"{words}, EER held out {100 * values['eer']:.2f} %")

    keras.utils.set_random_seed(SEED)
    history = faces.train(people, held_out, tower, out, plan, resume=training_folder(out).is_dir(), report=report)
    last, kept = judge(tower), judge(faces.load_tower(out))
    result = {"before": before, "last": last, "kept": kept, "kept_epoch": history.best["epoch"], "steps": history.step}
    if options.json:
        print(json.dumps(result))
        return
    rows = {"as it came": before, "after the last step": last, f"kept, epoch {history.best['epoch']}": kept}
    for words, found in rows.items():
        accuracy, eer = 100 * found["accuracy"], 100 * found["eer"]
        folds = f"with ten folds' tau {100 * found['ten_folds']:.2f} %"
        print(f"{words:<22}DevTest accuracy {accuracy:.2f} %, {folds}, AUC {found['auc']:.5f}, EER {eer:.2f} %")


if __name__ == "__main__":
    main()
