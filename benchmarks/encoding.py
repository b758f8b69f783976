"""Compare the Keras tower with dlib's own wheel on the same chips: agreement, and crops a second, interleaved.

    pip install dlib face_recognition_models==0.3.0 setuptools
    python benchmarks/encoding.py [--source FILE] [--crops 64] [--rounds 5] [--json]

Detection is measured too: seconds a picture, alone and in a batch of pictures of one size.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import time
from pathlib import Path

import keras
import numpy as np
from make_dlib_reference import dlib_model

ROOT = Path(__file__).resolve().parent.parent


def float32_tower(source: Path) -> keras.Model:
    """Build the tower with weights that were not rounded to float16."""
    from keras_apps import weights
    from keras_apps.faces.towers.registry import build_tower

    specification = importlib.util.spec_from_file_location("convert", ROOT / "weights" / "convert.py")
    converter = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(converter)
    tower = build_tower()
    weights.assign(tower, converter.convert("resnet128", source.read_bytes()))
    return tower


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--source", type=Path, help="another dlib_face_recognition_resnet_model_v1.dat than the package's"
    )
    parser.add_argument("--crops", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    from keras_apps import faces, images
    from keras_apps.faces import detection

    source = options.source
    if source is None:
        import face_recognition_models

        source = Path(face_recognition_models.face_recognition_model_location())
    dlib_tower = dlib_model(str(source))
    keras_tower = faces.load_tower()
    with np.load(ROOT / "tests" / "data" / "dlib_reference.npz") as reference:
        chips, expected = reference["chips"], reference["encodings"]
    report = {
        "float16 file, largest difference": float(
            np.abs(faces.encode(keras_tower, list(chips), aligned=True) - expected).max()
        ),
        "float32, largest difference": float(
            np.abs(faces.encode(float32_tower(source), list(chips), aligned=True) - expected).max()
        ),
    }
    crops = [chips[i % len(chips)] for i in range(options.crops)]
    few = crops[:8]

    def keras_side() -> float:
        began = time.perf_counter()
        faces.encode(keras_tower, crops, aligned=True)
        return len(crops) / (time.perf_counter() - began)

    def dlib_side() -> float:
        began = time.perf_counter()
        for chip in few:
            dlib_tower.compute_face_descriptor(chip)
        return len(few) / (time.perf_counter() - began)

    keras_side(), dlib_side()
    rounds = [(keras_side(), dlib_side()) for _ in range(options.rounds)]
    report["keras, crops a second"] = statistics.median(k for k, _ in rounds)
    report["dlib, crops a second"] = statistics.median(d for _, d in rounds)
    report["median ratio"] = statistics.median(k / d for k, d in rounds)
    picture = images.resize(images.load_image("bundled:astronaut"), 256)
    for count in (1, 16):
        batch = [picture] * count
        detection.find_faces_in(batch)
        seconds = []
        for _ in range(options.rounds):
            began = time.perf_counter()
            detection.find_faces_in(batch)
            seconds.append((time.perf_counter() - began) / count)
        report[f"detection, 256 x 256, {count} at once, seconds a picture"] = statistics.median(seconds)
    if options.json:
        print(json.dumps(report))
        return
    for name, value in report.items():
        print(f"{name}: {value:.4g}")


if __name__ == "__main__":
    main()
