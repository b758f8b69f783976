"""Measure 1:K recognition with "not recognised" on LFW people on whom nothing was chosen.

    python benchmarks/lfw_encodings.py --data DIR --out lfw.npz
    python benchmarks/open_set.py --data DIR --encodings lfw.npz [--draws 20] [--json]

The people are those of LFW who are not in View 1's DevTrain. For each draw some are enrolled, one other picture of each
enrolled person who has one is a known probe, and one picture of everybody else is an unknown probe. Two tables:

1. DIR at FPIR 1 % and 0.1 % (tau chosen on these probes: what the tower can do), 250 and 1,000 people.
2. The FPIR that a gallery has, with the bundled threshold, where 1 % and 3 % are wanted, and its DIR: what a user gets.
   Each for 10, 100 and 1,000 people (fewer where not enough have so many pictures), 1, 3 and 5 pictures.

Reference: Grother, Ngan and Hanaoka, NISTIR 8271, 2019; Huang et al., "Labeled Faces in the Wild", 2007.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from calibrate_towers import development_keys
from rich.console import Console
from rich.table import Table

from keras_apps import faces
from keras_apps.faces.gallery.decisions import ByDistance
from keras_apps.faces.gallery.search import Index
from keras_apps.faces.towers.names import PHOTOGRAPH_TOWERS


def draws(people: np.ndarray, count: int, pictures: int, rng: np.random.Generator, number: int) -> Iterator[tuple]:
    """Yield `(enrolled rows (count, pictures), known probes, their person, unknown probes)` for each draw."""
    names, codes = np.unique(people, return_inverse=True)
    rows = [np.flatnonzero(codes == code) for code in range(len(names))]
    enough = np.array([code for code, own in enumerate(rows) if len(own) >= pictures])
    also_probed = np.array([code for code in enough if len(rows[code]) > pictures])
    for _ in range(number):
        chosen = rng.permutation(also_probed)[:count]
        others = np.setdiff1d(enough, chosen)
        chosen = np.concatenate([chosen, rng.permutation(others)[: count - len(chosen)]])
        order = [rng.permutation(rows[code]) for code in chosen]
        enrolled = np.stack([own[:pictures] for own in order])
        known = [(own[pictures], place) for place, own in enumerate(order) if len(own) > pictures]
        unknown = [rng.choice(rows[code]) for code in np.setdiff1d(np.arange(len(names)), chosen)]
        yield enrolled, np.array([row for row, _ in known]), np.array([place for _, place in known]), np.array(unknown)


def nearest(encodings: np.ndarray, enrolled: np.ndarray, probes: np.ndarray, template: str) -> tuple:
    """Return the nearest person of each probe and the distance, as a gallery computes them."""
    people, pictures = enrolled.shape
    names = [str(number) for number in range(people)]
    owners = np.repeat(np.arange(people), pictures)
    index = Index(names, owners, encodings[enrolled.ravel()], template)
    measure = ByDistance(faces.Threshold(1.0, "squared_euclidean", "", 1.0, 1.0, 0.1))
    found = [answer[0] for answer in index.nearest(encodings[probes], measure, 1)]
    return np.array([person for person, _ in found]), np.array([distance for _, distance in found])


def measure(encodings: np.ndarray, people: np.ndarray, count: int, pictures: int, template: str, number: int) -> dict:
    """Return the pooled answers of several draws: known probes' rank 1 and distance, unknown probes' distance."""
    right, known_distance, unknown_distance = [], [], []
    rng = np.random.default_rng((count, pictures))
    actual = count
    for enrolled, known, owner, unknown in draws(people, count, pictures, rng, number):
        actual = len(enrolled)
        person, distance = nearest(encodings, enrolled, known, template)
        right.append(person == owner)
        known_distance.append(distance)
        unknown_distance.append(nearest(encodings, enrolled, unknown, template)[1])
    return {
        "people": actual,
        "right": np.concatenate(right),
        "known": np.concatenate(known_distance),
        "unknown": np.concatenate(unknown_distance),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--encodings", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    stored = np.load(options.encodings)
    chosen_on = {name for name, _ in development_keys(options.data)}
    outside = np.array([name not in chosen_on for name in stored["people"]])
    people, results = stored["people"][outside], []
    capable = Table("tower", "people", "pictures", "template", "rank 1", "DIR at FPIR 1 %", "DIR at 0.1 %")
    gallery = Table("tower", "people", "pictures", "template", "wanted FPIR", "measured", "ratio", "DIR")
    for tower in (name for name in PHOTOGRAPH_TOWERS if name in stored.files):
        encodings, threshold = stored[tower][outside], faces.Threshold.bundled(tower)
        for count, pictures, template in ((250, 1, "nearest"), (250, 3, "mean"), (1000, 1, "nearest")):
            found = measure(encodings, people, count, pictures, template, options.draws)
            rates = []
            for fpir in (0.01, 0.001):
                tau = np.sort(found["unknown"])[max(0, int(fpir * len(found["unknown"])) - 1)]
                rates.append(float(np.mean(found["right"] & (found["known"] <= tau))))
            rank1 = float(np.mean(found["right"]))
            results.append({"tower": tower, "people": count, "pictures": pictures, "rank1": rank1, "dir": rates})
            capable.add_row(
                tower, str(count), str(pictures), template, f"{rank1:.1%}", f"{rates[0]:.1%}", f"{rates[1]:.1%}"
            )
        for template, pictures in (("nearest", 1), ("nearest", 3), ("nearest", 5), ("mean", 3), ("mean", 5)):
            for count in (10, 100, 1000):
                found = measure(encodings, people, count, pictures, template, options.draws * (5 if count < 100 else 1))
                for wanted in (0.01, 0.03):
                    tau = threshold.tau_for(wanted, {pictures: found["people"]}, template)
                    share = float(np.mean(found["unknown"] <= tau))
                    rate = float(np.mean(found["right"] & (found["known"] <= tau)))
                    row = {"tower": tower, "people": found["people"], "pictures": pictures, "template": template}
                    results.append(row | {"wanted": wanted, "measured": share, "tau": tau, "dir": rate})
                    gallery.add_row(
                        tower,
                        str(found["people"]),
                        str(pictures),
                        template,
                        f"{wanted:.1%}",
                        f"{share:.2%}",
                        f"{share / wanted:.2f}",
                        f"{rate:.1%}",
                    )
    if options.json:
        print(json.dumps(results))
        return
    console = Console()
    console.print(f"{len(np.unique(people))} people of LFW who are not in DevTrain, {options.draws} draws")
    console.print(capable)
    console.print(gallery)


if __name__ == "__main__":
    main()
