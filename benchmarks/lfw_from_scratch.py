"""Train the small tower from scratch on LFW's people outside DevTest, with triplets only, and judge it on DevTest.

    python benchmarks/lfw_from_scratch.py --data DIR --work FOLDER [--seeds 0 1 2] [--minutes 25] [--head] [--json]

DIR holds lfw-deepfunneled.tar (or the folder lfw-deepfunneled/), pairsDevTrain.txt and pairsDevTest.txt. FOLDER keeps
the aligned chips and the trainings; an interrupted run, started again, goes on. Nobody of DevTest is trained on. Of the
others one in twenty is held out: on their pairs the best epoch and the threshold tau are chosen. DevTest is looked at
after each epoch for the curve, and decides nothing. Beside it, with tau chosen the same way: raw pixels, PCA of the
training people's pixels, and the tower before its training. `--head` then trains a verification head on each tower,
frozen and jointly. Averaging each encoding with its mirror image's is shown for comparison.

The figure docs/lfw_from_scratch.png shows DevTest accuracy against minutes; the minutes are training and the judging of
each epoch, but not the alignment, which is timed on its own.

Reference: Schroff et al., "FaceNet", CVPR 2015; Huang et al., "Labeled Faces in the Wild", 2007, View 1.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # TensorFlow leaves it off on some processors; twice as fast

import argparse
import json
import tarfile
import time
from pathlib import Path

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

from keras_apps import faces
from keras_apps.faces.judging.pairs import HeldOut, pairs_of_file
from keras_apps.faces.judging.plots import new_figure, save_figure
from keras_apps.faces.judging.verification import best_tau
from keras_apps.faces.people.reading import SquarePictures
from keras_apps.faces.training.plan import TrainingPlan
from keras_apps.faces.training.resume import training_folder

PICTURES = "lfw-deepfunneled"
CHIP = 96
SIZE, CROP = 64, 0.9
RECIPE = {
    "loss": "triplet",
    "mining": "semi-hard",
    "margin": 0.2,
    "people": 32,
    "pictures": 4,
    "augment": 1.2,
    "weight_decay": 0.05,
    "crop": CROP,
    "steps_per_epoch": 150,
}
COMPONENTS = 128

console = Console(stderr=True)


def chips_of(data: Path, work: Path) -> tuple[faces.People, float]:
    """Return everybody's aligned chips, and the seconds that aligning them took in this run."""
    if not (data / PICTURES).is_dir() and not (work / PICTURES).is_dir():
        with tarfile.open(data / f"{PICTURES}.tar") as tar:
            tar.extractall(work, filter="data")
    root = data / PICTURES if (data / PICTURES).is_dir() else work / PICTURES
    people, began = faces.People.from_folder(root), time.perf_counter()
    with console.status("aligning faces") as status:
        faces.align_people(
            people,
            work / "chips",
            size=CHIP,
            without_face="centre",
            progress=lambda done, total: status.update(f"aligning faces: {done} of {total}"),
        )
    return faces.People.from_folder(work / "chips"), time.perf_counter() - began


class Judge:
    """DevTest's pairs, and the held-out people's, on which tau is chosen."""

    def __init__(self, chips: Path, data: Path, held_out: faces.People, size: int = SIZE, crop: float = CROP):
        found = pairs_of_file(chips, data / "pairsDevTest.txt")
        self.same = found.same
        self.test = HeldOut.of_pairs(found.people, found.first, found.second, found.same, size, crop=crop)
        self.choose = HeldOut(held_out, size, crop=crop, most=4000)

    def __call__(self, model) -> dict:
        """Judge a tower or a `VerificationModel`."""
        tau = best_tau(self.choose.distances(model), self.choose.same)
        distances = self.test.distances(model)
        report = faces.evaluate_pairs(distances, self.same)
        return {
            "accuracy": float(np.mean((distances <= tau) == self.same)),
            "ten_folds": report.accuracy,
            "auc": report.auc,
            "eer": report.eer,
        }


def baselines(judge: Judge, people: faces.People) -> dict[str, dict]:
    """Judge raw pixels, their principal components, and a tower with random weights."""
    pixels = keras.Sequential([keras.Input((SIZE, SIZE, 3)), keras.layers.Flatten(), keras.layers.UnitNormalization()])
    sample = SquarePictures(people.pictures, SIZE, crop=CROP)(np.arange(0, len(people.pictures), 3))
    flat = sample.reshape(len(sample), -1).astype(np.float32)
    mean = flat.mean(axis=0)
    _, scale, axes = np.linalg.svd(flat - mean, full_matrices=False)
    kernel = axes[:COMPONENTS].T / scale[:COMPONENTS] * np.sqrt(len(flat))
    project = keras.layers.Dense(COMPONENTS)
    pca = keras.Sequential([keras.Input((SIZE, SIZE, 3)), keras.layers.Flatten(), project])
    project.set_weights([kernel, -mean @ kernel])
    pca.add(keras.layers.UnitNormalization())
    keras.utils.set_random_seed(0)
    towers = {
        "raw pixels": pixels,
        "PCA, 128 whitened components": pca,
        "random tower": faces.build_tower("small", SIZE),
    }
    return {name: judge(tower) for name, tower in towers.items()}


def train(judge: Judge, people, held_out, out: Path, plan: TrainingPlan) -> tuple[list[dict], dict]:
    """Train one seed; return the curve on DevTest and the result of the epoch that was kept."""
    keras.utils.set_random_seed(plan.seed)
    tower = faces.build_tower("small", SIZE)
    curve_file = training_folder(out) / "devtest.json"
    curve = json.loads(curve_file.read_text()) if curve_file.is_file() else []

    def report(kind: str, values: dict) -> None:
        if kind == "epoch":
            judged = judge(tower)
            curve[:] = [point for point in curve if point["epoch"] < values["epoch"]]
            curve.append(
                {"epoch": values["epoch"], "minutes": values["seconds"] / 60, "held_out_eer": values["eer"], **judged}
            )
            curve_file.write_text(json.dumps(curve))
            words = f"seed {plan.seed}, epoch {values['epoch']}, {values['seconds'] / 60:.1f} min, "
            words += f"loss {values.get('loss', float('nan')):.4f}, active {values.get('active', float('nan')):.3f}, "
            console.print(words + f"EER held out {values['eer']:.4f}, DevTest {judged['accuracy']:.4f}")

    faces.train(people, held_out, tower, out, plan, resume=training_folder(out).is_dir(), report=report)
    return curve, judge(faces.load_tower(out))


def mirrored(tower: keras.Model) -> keras.Model:
    """Return the tower that averages the encodings of a picture and of its mirror image, at twice the time."""
    pictures = keras.Input(tower.input_shape[1:])
    both = tower(pictures) + tower(keras.ops.flip(pictures, axis=2))
    return keras.Model(pictures, keras.layers.UnitNormalization()(both))


class _Until(keras.callbacks.Callback):
    """Ends a training after some seconds."""

    def __init__(self, seconds: float):
        super().__init__()
        self.until = time.monotonic() + seconds

    def on_train_batch_end(self, batch, logs=None):
        self.model.stop_training = time.monotonic() > self.until


def heads(judge: Judge, people, held_out, out: Path, minutes: float, seed: int) -> dict[str, dict]:
    """Train a verification head on a trained tower: on the frozen tower, and both together."""
    results = {}
    for words, joint in (("frozen", False), ("joint", True)):
        keras.utils.set_random_seed(seed)
        model = faces.VerificationModel(faces.load_tower(out), comparison="squared", train_tower=joint)
        model.compile(keras.optimizers.AdamW(2e-4 if joint else 1e-2), jit_compile=False)
        batches = faces.pair_batches(people, SIZE, batch_size=64, seed=seed, augment=faces.augmentation(1.0), crop=CROP)
        model.fit(batches, steps_per_epoch=100_000, epochs=1, callbacks=[_Until(60 * minutes)], verbose=0)
        results[words] = judge(model)
        console.print(f"seed {seed}, head {words}: DevTest {results[words]['accuracy']:.4f}")
    return results


def draw(curves: dict[int, list[dict]], limits: dict[str, float]):
    """Draw accuracy against minutes."""
    figure, axes = new_figure()
    axes = axes[0, 0]
    for seed, curve in curves.items():
        axes.plot([p["minutes"] for p in curve], [100 * p["accuracy"] for p in curve], label=f"seed {seed}")
    for name, value in limits.items():
        axes.axhline(100 * value, color="grey", linewidth=0.8, linestyle=":")
        place = {"xy": (1, 100 * value), "xycoords": ("axes fraction", "data"), "ha": "right", "va": "bottom"}
        axes.annotate(name, **place, xytext=(0, 2), textcoords="offset points", fontsize=8, color="grey")
    axes.set_xlabel("minutes of training, two cores")
    axes.set_ylabel("accuracy on LFW DevTest, %")
    axes.legend(frameon=False, loc="upper left")
    return figure


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="other choices of the TrainingPlan")
    parser.add_argument("--head", action="store_true")
    parser.add_argument("--no-figure", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)

    everybody, aligning = chips_of(options.data, options.work)
    tested = pairs_of_file(options.work / "chips", options.data / "pairsDevTest.txt")
    people, held_out = everybody.without(tested.people.names).split(0.05, seed=0)
    console.print(f"aligned in {aligning:.0f} s; training on {people.summary()}; held out {held_out.summary()}")
    judge = Judge(options.work / "chips", options.data, held_out)
    results = {
        "aligning_seconds": aligning,
        "baselines": baselines(judge, people),
        "curves": {},
        "kept": {},
        "mirrored": {},
        "heads": {},
    }
    choices = RECIPE | {name: json.loads(value) for name, value in (entry.split("=", 1) for entry in options.set)}
    for seed in options.seeds:
        out = options.work / f"seed{seed}.keras"
        plan = TrainingPlan(minutes=options.minutes, seed=seed, **choices)
        results["curves"][seed], results["kept"][seed] = train(judge, people, held_out, out, plan)
        results["mirrored"][seed] = judge(mirrored(faces.load_tower(out)))
        if options.head:
            results["heads"][seed] = heads(judge, people, held_out, out, 3, seed)
    accuracies = [kept["accuracy"] for kept in results["kept"].values()]
    results["mean"], results["minutes"] = float(np.mean(accuracies)), options.minutes
    (options.work / "results.json").write_text(json.dumps(results, indent=1))
    if not options.no_figure:
        limits = {name: found["accuracy"] for name, found in results["baselines"].items()}
        save_figure(draw(results["curves"], limits), Path("docs/lfw_from_scratch.png"))
    if options.json:
        print(json.dumps(results))
        return
    table = Table("encoding", "DevTest accuracy", "AUC", "EER")
    rows = dict(results["baselines"]) | {f"small tower, seed {seed}": kept for seed, kept in results["kept"].items()}
    rows |= {f"seed {seed}, with the mirror image": found for seed, found in results["mirrored"].items()}
    for seed, some in results["heads"].items():
        rows |= {f"seed {seed}, head {words}": found for words, found in some.items()}
    for name, found in rows.items():
        table.add_row(name, f"{100 * found['accuracy']:.1f} %", f"{found['auc']:.4f}", f"{100 * found['eer']:.1f} %")
    Console().print(table)
    print(f"mean of {len(accuracies)} seeds after {options.minutes:g} minutes: {100 * np.mean(accuracies):.2f} %")


if __name__ == "__main__":
    main()
