"""How long the doctor of a gallery takes, and how much memory: `python benchmarks/doctor.py [--people 10000]`.

Random directions stand for people, three pictures each; one picture is misfiled.
"""

import argparse
import resource
import time

import numpy as np

from keras_apps.faces.gallery.doctor import examine
from keras_apps.faces.gallery.store import Rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--pictures", type=int, default=3)
    parser.add_argument("--tau", type=float, default=0.9)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    owners = np.repeat(np.arange(options.people), options.pictures)
    centres = rng.normal(size=(options.people, 128)).astype(np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    encodings = centres[owners] + 0.04 * rng.normal(size=(len(owners), 128)).astype(np.float32)
    encodings[0] = encodings[-1] + 0.01
    names = [f"person {number}" for number in range(options.people)]
    before, start = _megabytes(), time.perf_counter()
    report = examine("x.db", names, Rows(owners, np.zeros_like(owners), encodings), options.tau, "squared_euclidean")
    seconds = time.perf_counter() - start
    print(f"{len(owners)} encodings of {options.people} people: {seconds:.1f} s, {_megabytes() - before:.0f} MB more")
    print(f"found: {', '.join(finding.kind for finding in report.findings[:5])}")


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
