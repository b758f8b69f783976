"""Time finding faces, beside MTCNN, and a picture from file to decision; all on one core.

    python benchmarks/detection.py [--rounds 9]

MTCNN (pip install mtcnn) is compared if it is installed, with its networks compiled to graphs, in interleaved rounds;
the median of the pairs' ratios is printed. The gallery has 1,000 people of random encodings and one real one. The
picture of 12 megapixels is an enlarged bundled one, saved as JPEG.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np

from keras_apps import faces, images

SIZES = (256, 512, 1024)


def mtcnn() -> Callable[[np.ndarray], object] | None:
    """Return MTCNN's detection of one picture, float `(h, w, 3)` in 0..1; `None` if it is not installed."""
    try:
        from mtcnn import MTCNN
    except ImportError:
        return None
    import tensorflow as tf

    detector = MTCNN()
    for stage in detector.stages:
        stage._model = tf.function(stage.model, input_signature=[tf.TensorSpec((None, None, None, 3))])
    return lambda picture: detector.detect_faces([picture * np.float32(255)], box_format="xyxy", output_type="numpy")


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    other = mtcnn()
    for size in SIZES:
        picture = images.resize(images.load_image("bundled:astronaut"), size)
        both: list[Callable] = [faces.find_faces, *([other] if other else [])]
        for call in both:
            call(picture)
        times = [[seconds(partial(call, picture)) for call in both] for _ in range(rounds)]
        line = f"{size} pixels: find_faces {1e3 * statistics.median(row[0] for row in times):.1f} ms"
        if other:
            ratio = statistics.median(row[0] / row[1] for row in times)
            line += f", MTCNN {1e3 * statistics.median(row[1] for row in times):.1f} ms, ratio {ratio:.2f}"
        print(line, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "512.jpg"), Path(folder, "large.jpg")
        images.save_image(images.resize(images.load_image("bundled:astronaut"), 512), small)
        images.save_image(images.resize(images.load_image("bundled:astronaut"), (3464, 3464)), large)
        with faces.Gallery(Path(folder, "team.db")) as gallery:
            strangers = np.random.default_rng(0).standard_normal((1000, 128))
            strangers /= np.linalg.norm(strangers, axis=1, keepdims=True)
            gallery.enrol_encodings([f"person {number}" for number in range(1000)], strangers)
            gallery.enrol("Eileen", small)
            assert gallery.identify(small)[0].name == "Eileen"
            decided = statistics.median(seconds(lambda: gallery.identify(small)) for _ in range(rounds))
        print(f"a JPEG of 512 pixels to a decision among {1001} people: {1e3 * decided:.1f} ms")
        faces.find_faces(large)
        found = statistics.median(seconds(lambda: faces.find_faces(large)) for _ in range(rounds))
        loaded = statistics.median(seconds(lambda: images.load_image(large)) for _ in range(rounds))
        print(f"a JPEG of 12 megapixels: {1e3 * found:.0f} ms, of which reading it {1e3 * loaded:.0f} ms")


if __name__ == "__main__":
    main()
