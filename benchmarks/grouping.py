"""Measure how well faces are sorted into people: the people of LFW's View 1 test, all their pictures together.

    python benchmarks/grouping.py --data DIR --encodings lfw.npz [--tower sface128] [--pairs pairsDevTest.txt] [--json]

DIR holds pairsDevTest.txt; `lfw_encodings.py` writes the encodings. BCubed precision is the mean, over faces, of the
share of a face's group that is the same person; recall, of the share of the person's pictures that is in the group.

Reference: Bagga and Baldwin, "Entity-based cross-document coreferencing using the vector space model", ACL 1998.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
from lfw import keys_of, read_keys

from keras_apps import faces
from keras_apps.faces.towers.names import DEFAULT_TOWER


def bcubed(labels: np.ndarray, people: np.ndarray) -> tuple[float, float]:
    """Return BCubed precision and recall."""
    together, same = labels[:, None] == labels, people[:, None] == people
    common = (together & same).sum(axis=1)
    return float(np.mean(common / together.sum(axis=1))), float(np.mean(common / same.sum(axis=1)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--encodings", type=Path, required=True)
    parser.add_argument("--tower", default=DEFAULT_TOWER)
    parser.add_argument("--pairs", default="pairsDevTest.txt")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    kept = np.load(options.encodings, allow_pickle=False)
    wanted = {name for name, _ in keys_of(read_keys(options.data / options.pairs))}
    chosen = np.isin(kept["people"], sorted(wanted))
    encodings, people = kept[options.tower][chosen], kept["people"][chosen]
    began = time.perf_counter()
    labels = faces.group_faces(encodings, faces.Threshold.bundled(options.tower))
    seconds = time.perf_counter() - began
    precision, recall = bcubed(labels, people)
    told = {
        "tower": options.tower,
        "faces": len(people),
        "people": len(set(people.tolist())),
        "groups": int(labels.max()) + 1,
        "precision": precision,
        "recall": recall,
        "f": 2 * precision * recall / (precision + recall),
        "seconds": seconds,
    }
    print(json.dumps(told) if options.json else "\n".join(f"{name:10} {value}" for name, value in told.items()))


if __name__ == "__main__":
    main()
