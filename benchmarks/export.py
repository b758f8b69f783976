"""Export every tower and backbone: parity, sizes and latency; with LFW, the accuracy that int8 costs.

    pip install 'keras_apps[export]'
    python benchmarks/export.py [--models resnet128 ...] [--rounds 25] [--json]
    python benchmarks/export.py --data DIR (--work FOLDER | --chips FOLDER) [--calibration package|training] [--json]

Without --data each model is exported to every format, and each file is compared with Keras by its own runtime; times
are interleaved in one run. With --data, DIR as for lfw_from_scratch.py, `resnet128` is exported to LiteRT with int8
weights, whose ranges come from the package's pictures or from 256 of DevTrain's chips. --work is a folder in which the
aligned chips are kept, --chips a folder of chips that exist already. The accuracy is that on DevTest's 1,000 pairs,
with tau from DevTrain's 2,200 pairs: Keras, int8 with its own tau, and int8 with Keras's.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # TensorFlow leaves it off on some processors; twice as fast

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np

from keras_apps import export, faces
from keras_apps.faces.judging.pairs import pairs_of_file
from keras_apps.faces.people.reading import SquarePictures
from keras_apps.faces.towers.exported import ExportedTower

MODELS = ("resnet128", "synthetic64", "vgg16", "alexnet", "small", "inception")
TOWERS = ("small", "inception")
CALIBRATION = 256


def everything(models: list[str], rounds: int) -> dict:
    """Export models to every format; `small` and `inception` have random weights."""
    reports = {}
    for name in models:
        model = faces.build_tower(name) if name in TOWERS else name
        with tempfile.TemporaryDirectory() as folder:
            report = export.export(model, folder, list(export.FORMATS), rounds=rounds, overwrite=True)
        reports[name] = report
        print(f"\n{name}\n{report}", flush=True)
    return {name: report.as_dict() for name, report in reports.items()}


def distances(tower: keras.Model | ExportedTower, chips: Path, pairs: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return each pair's squared distance, and whether it shows one person."""
    in_file = pairs_of_file(chips, pairs)
    return in_file.distances(tower, tower.input_shape[1]), in_file.same


def chips_in(data: Path, work: Path | None, chips: Path | None) -> tuple[Path, faces.People]:
    """Return the folder of aligned chips, and the people who are not in DevTest."""
    if chips is None:
        from fine_tune import chips_of

        everybody, tested = chips_of(data, work)
        return work / "chips", everybody.without(tested)
    everybody = faces.People.from_folder(chips, check=False)
    return chips, everybody.without(
        sorted({name for name, _ in faces.read_pairs(data / "pairsDevTest.txt").pictures()})
    )


def int8_on_lfw(data: Path, chips: Path, training: faces.People, calibration: str) -> dict:
    """Return sizes and DevTest accuracies of Keras and int8."""
    ranges = None
    if calibration == "training":
        chosen = np.random.default_rng(0).permutation(len(training.pictures))[:CALIBRATION]
        ranges = list(SquarePictures([training.pictures[i] for i in chosen], 150)(np.arange(CALIBRATION)))
    keras_tower = faces.load_tower("resnet128")
    with tempfile.TemporaryDirectory() as folder:
        options = {"calibration": ranges, "aligned": True, "rounds": 0, "overwrite": True}
        row = export.export(keras_tower, folder, ["litert-int8"], **options)["litert-int8"]
        int8 = faces.load_tower(Path(folder, row.file))
        result = {"calibration": calibration, "megabytes": row.megabytes, "bundled pictures": asdict(row)}
        lists = {part: data / f"pairs{part}.txt" for part in ("DevTrain", "DevTest")}
        measured, taus = {}, {}
        for name, tower in {"keras": keras_tower, "int8": int8}.items():
            for part, pairs in lists.items():
                measured[name, part] = distances(tower, chips, pairs)
            taus[name] = faces.best_tau(*measured[name, "DevTrain"])
    for name, source, tau in (
        ("keras", "keras", "keras"),
        ("int8", "int8", "int8"),
        ("int8, Keras's tau", "int8", "keras"),
    ):
        squared, same = measured[source, "DevTest"]
        result[name] = {"tau": taus[tau], "devtest_accuracy": float(np.mean((squared <= taus[tau]) == same))}
        ten = faces.evaluate_pairs(squared, same)
        result[name] |= {"ten_folds": ten.accuracy, "eer": ten.eer}
    return result


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--chips", type=Path)
    parser.add_argument("--calibration", choices=("package", "training"), default="package")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.data is None:
        reports = everything(options.models, options.rounds)
        if options.json:
            print(json.dumps(reports))
        return
    if (options.work is None) == (options.chips is None):
        parser.error("--data needs --work, a folder for the aligned chips, or --chips, a folder of them")
    if options.work:
        options.work.mkdir(parents=True, exist_ok=True)
    chips, training = chips_in(options.data, options.work, options.chips)
    result = int8_on_lfw(options.data, chips, training, options.calibration)
    if options.json:
        print(json.dumps(result))
        return
    print(f"int8, ranges from the {options.calibration}'s pictures: {result['megabytes']:.2f} MB")
    for name in ("keras", "int8", "int8, Keras's tau"):
        row = result[name]
        print(
            f"{name:<20}DevTest accuracy {100 * row['devtest_accuracy']:.2f} % at tau {row['tau']:.4f}, "
            f"with ten folds' tau {100 * row['ten_folds']:.2f} %, EER {100 * row['eer']:.2f} %"
        )


if __name__ == "__main__":
    main()
