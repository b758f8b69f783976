"""Measure galleries of many people: opening, identification, batches of probes, memory, size of the file.

    python benchmarks/gallery.py [--people 100000 1000000] [--length 128] [--probes 50] [--json]

Encodings are random points of the unit sphere, one a person. Each gallery is made in a temporary folder, by the public
interface, and opened in a process of its own; opening means from nothing to the first answer, with the file in the
system's cache. The loop beside it is the course's: one distance after another. FAISS is asked too where it is installed
(`pip install faiss-cpu`), on the same encodings in the same run, each probe once by either side in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

TOGETHER = 100_000
BATCH = 64
LOOPED = 10_000


def unit(rng: np.random.Generator, count: int, length: int) -> np.ndarray:
    """Draw points of the unit sphere, float32 `(count, length)`."""
    points = rng.standard_normal((count, length), np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def make(path: Path, people: int, length: int) -> float:
    """Enrol people and return the seconds it took."""
    from keras_apps import faces

    rng, seconds = np.random.default_rng(0), 0.0
    with faces.Gallery(path) as gallery:
        for start in range(0, people, TOGETHER):
            names = [f"person {i:07d}" for i in range(start, min(start + TOGETHER, people))]
            encodings = unit(rng, len(names), length)
            began = time.perf_counter()
            gallery.enrol_encodings(names, encodings)
            seconds += time.perf_counter() - began
    return seconds


def measure(path: Path, length: int, probes: int) -> dict:
    """Open a gallery in this process and ask it."""
    from keras_apps import faces

    drawn = unit(np.random.default_rng(1), max(BATCH, probes), length)
    before = memory()
    began = time.perf_counter()
    gallery = faces.Gallery(path)
    gallery.identify_encodings(drawn[:1])
    opening = time.perf_counter() - began
    report = {"people": len(gallery), "opening_s": opening, "memory_mb": memory() - before, "peak_mb": peak()}
    encodings = gallery._index().encodings
    flat = faiss_index(encodings)
    ours, theirs, same = [], [], 0
    for probe in drawn[:probes]:
        began = time.perf_counter()
        (answer,) = gallery.identify_encodings(probe)
        ours.append(time.perf_counter() - began)
        if flat:
            began = time.perf_counter()
            distances, _ = flat.search(probe[None], 5)
            theirs.append(time.perf_counter() - began)
            same += bool(np.allclose(distances[0], [c.distance for c in answer.candidates], atol=1e-4))
    began = time.perf_counter()
    gallery.identify_encodings(drawn[:BATCH])
    batch = time.perf_counter() - began
    began = time.perf_counter()
    for row in encodings[:LOOPED]:
        float(np.sum((drawn[0] - row) ** 2))
    loop = (time.perf_counter() - began) * len(encodings) / min(LOOPED, len(encodings))
    report |= {"identify_ms": 1000 * statistics.median(ours), "identify_worst_ms": 1000 * max(ours)}
    report |= {"batch_ms_a_probe": 1000 * batch / BATCH, "loop_ms": 1000 * loop}
    if flat:
        report |= {"faiss_flat_ms": 1000 * statistics.median(theirs), "same_distances": f"{same} of {probes}"}
    return report


def faiss_index(encodings: np.ndarray):
    """Return FAISS's exact index of the encodings, or `None` where it is not installed."""
    try:
        import faiss
    except ImportError:
        return None
    index = faiss.IndexFlatL2(encodings.shape[1])
    index.add(encodings)
    return index


def memory() -> float:
    """Return the megabytes that this process has in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def peak() -> float:
    """Return the most megabytes that this process ever had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--probes", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.length, options.probes)))
        return
    reports = []
    for people in options.people:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "gallery.db"
            enrolment = make(path, people, options.length)
            command = [sys.executable, __file__, "--measure", path, "--length", options.length]
            command += ["--probes", options.probes]
            told = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout
            reports.append(json.loads(told) | {"enrolment_s": enrolment, "file_mb": path.stat().st_size / 1e6})
    if options.json:
        print(json.dumps(reports))
        return
    for report in reports:
        print(f"{report['people']:,} people")
        for name, value in report.items():
            print(f"  {name:18} {value if isinstance(value, (str, int)) else format(value, '.2f')}")


if __name__ == "__main__":
    main()
