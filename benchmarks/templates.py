"""Measure what several pictures a person gain, with each template: LFW people, open set, the bundled tower.

    python benchmarks/templates.py --data DIR [--people 300] [--unknown 600] [--draws 5] [--cache FILE.npz] [--json]

DIR is as for lfw.py. People with six or more pictures are enrolled with 1 to 5 of them, drawn at random; up to two
others of each are the known probes, one picture of each of other people the unknown ones. Rank 1 is the share of known
probes whose nearest person is right; DIR at FPIR 1 % is the share that is right and within the tau at which 1 % of the
unknown probes get a name. Beside them stand DIR and FPIR at the bundled tau, which single comparisons calibrated.
Means over several draws of the enrolled pictures. --cache keeps the encodings, so that a second run takes seconds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import lfw
import numpy as np

from keras_apps import faces
from keras_apps.faces.gallery.gallery import Matcher

TEMPLATES = ("nearest", "best-of-2", "best-of-3", "mean")
ENROLLED = (1, 2, 3, 4, 5)
PROBES = 2
FPIR = 0.01


def chosen(folder: Path, people: int, unknown: int) -> tuple[list[list[lfw.Key]], list[lfw.Key]]:
    """Return the pictures of each known person, and one picture of each unknown one."""
    rng = np.random.default_rng(0)
    counts = {person.name: len(list(person.glob("*.jpg"))) for person in sorted((folder / lfw.FOLDER).iterdir())}
    many = [name for name, count in counts.items() if count > max(ENROLLED)]
    few = [name for name, count in counts.items() if count <= max(ENROLLED)]
    known = [many[i] for i in sorted(rng.permutation(len(many))[:people])]
    taken = [rng.permutation(counts[name])[: max(ENROLLED) + PROBES] + 1 for name in known]
    pictures = [[(name, int(number)) for number in numbers] for name, numbers in zip(known, taken, strict=True)]
    return pictures, [(few[i], 1) for i in sorted(rng.permutation(len(few))[:unknown])]


def encoded(folder: Path, keys: Sequence[lfw.Key], cache: Path | None, quiet: bool) -> dict[lfw.Key, np.ndarray]:
    """Encode pictures, or take their encodings from the cache where it has them all."""
    labels = [f"{name} {number}" for name, number in keys]
    if cache and cache.exists():
        kept = np.load(cache, allow_pickle=False)
        known = dict(zip(kept["labels"].tolist(), kept["encodings"], strict=True))
        if all(label in known for label in labels):
            return {key: known[label] for key, label in zip(keys, labels, strict=True)}
    found = lfw.encode(folder, keys, lfw.find(folder, keys, quiet), quiet=quiet)
    if cache:
        np.savez(cache, labels=np.array(labels), encodings=np.stack([found[key] for key in keys]))
    return found


def measure(enrolled: list[list[lfw.Key]], known: list[lfw.Key], unknown: list[lfw.Key], encodings, template: str):
    """Return rank 1, DIR at FPIR 1 %, and DIR and FPIR at the bundled tau, of one gallery."""
    names = [key[0] for pictures in enrolled for key in pictures]
    stacked = np.stack([encodings[key] for pictures in enrolled for key in pictures])
    with tempfile.TemporaryDirectory() as folder:
        gallery = Matcher(Path(folder) / "people.db", faces.Threshold.bundled().model, template=template)
        gallery.enrol_encodings(names, stacked)
        answers, others = (
            [a.candidates[0] for a in gallery.identify_encodings(np.stack([encodings[k] for k in keys]), top=1)]
            for keys in (known, unknown)
        )
        bundled = gallery.threshold.tau
        gallery.close()
    right = np.array([answer.name == key[0] for answer, key in zip(answers, known, strict=True)])
    distances, strangers = (np.array([a.distance for a in some]) for some in (answers, others))
    tau = np.sort(strangers)[max(1, int(FPIR * len(strangers) + 1e-9)) - 1]
    at_bundled = np.mean(right & (distances <= bundled)), np.mean(strangers <= bundled)
    return np.mean(right), np.mean(right & (distances <= tau)), *at_bundled, tau


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--unknown", type=int, default=600)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.data / lfw.FOLDER).is_dir():
        parser.error(f"expected the unpacked folder {lfw.FOLDER}/ in --data")
    began = time.perf_counter()
    pictures, unknown = chosen(options.data, options.people, options.unknown)
    keys = [key for own in pictures for key in own] + unknown
    encodings = encoded(options.data, keys, options.cache, options.json)
    rows = []
    for count in ENROLLED:
        for template in TEMPLATES[: 1 if count == 1 else None]:
            drawn = []
            for draw in range(options.draws):
                rng = np.random.default_rng(draw)
                orders = [rng.permutation(len(own)) for own in pictures]
                enrolled = [[own[i] for i in order[:count]] for own, order in zip(pictures, orders, strict=True)]
                probes = [own[i] for own, order in zip(pictures, orders, strict=True) for i in order[max(ENROLLED) :]]
                drawn.append(measure(enrolled, probes, unknown, encodings, template))
            names = ("rank_1", "dir_at_fpir_1", "dir_at_bundled_tau", "fpir_at_bundled_tau", "tau_at_fpir_1")
            means = dict(zip(names, np.mean(drawn, axis=0).tolist(), strict=True))
            rows.append({"pictures": count, "template": template if count > 1 else "any"} | means)
    known = sum(max(0, len(own) - max(ENROLLED)) for own in pictures)
    told = {"people": len(pictures), "known": known, "unknown": len(unknown), "seconds": time.perf_counter() - began}
    if options.json:
        print(json.dumps(told | {"rows": rows}))
        return
    print(f"{told['people']} people, {known} known and {len(unknown)} unknown probes, {told['seconds']:.0f} s")
    print("pictures  template   rank 1  DIR at FPIR 1 %   at the bundled tau: DIR    FPIR   tau at FPIR 1 %")
    for row in rows:
        print(
            f"{row['pictures']:8}  {row['template']:9} {row['rank_1']:7.2%} {row['dir_at_fpir_1']:16.2%}"
            f" {row['dir_at_bundled_tau']:24.2%} {row['fpir_at_bundled_tau']:7.2%} {row['tau_at_fpir_1']:17.4f}"
        )


if __name__ == "__main__":
    main()
