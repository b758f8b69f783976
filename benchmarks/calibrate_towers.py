"""Choose the bundled thresholds of the photograph towers, on LFW people that DevTest does not show.

    python benchmarks/lfw_encodings.py --data DIR --out lfw.npz
    python benchmarks/calibrate_towers.py --data DIR --encodings lfw.npz [--far 0.001] [--out FOLDER]

DIR holds pairsDevTrain.txt and pairsDevTest.txt. tau of verification is chosen on all pairs among DevTrain's pictures;
how near strangers come, for identification, is measured on all LFW pictures of DevTrain's people. The thresholds are
written to `weights/NAME.threshold.json`; `open_set.py` checks them on other people.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from lfw import Key, all_distances, keys_of, read_keys, stored_encodings

from keras_apps import faces, weights
from keras_apps.faces.towers.names import PHOTOGRAPH_TOWERS


def development_keys(data: Path) -> list[Key]:
    """Return DevTrain's pictures; nobody in them is in DevTest."""
    keys = keys_of(read_keys(data / "pairsDevTrain.txt"))
    both = {name for name, _ in keys} & {name for name, _ in keys_of(read_keys(data / "pairsDevTest.txt"))}
    if both:
        raise SystemExit(f"expected DevTrain and DevTest to share no people, received {len(both)} in both")
    return keys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--encodings", type=Path, required=True)
    parser.add_argument("--far", type=float, default=1e-3)
    parser.add_argument("--out", type=Path, default=weights.folder())
    options = parser.parse_args()
    keys = development_keys(options.data)
    stored = np.load(options.encodings)
    for name in PHOTOGRAPH_TOWERS:
        if name not in stored.files:
            continue
        encodings = stored[name]
        distances, same = all_distances(stored_encodings(options.encodings, name, keys), keys)
        own = np.isin(stored["people"], [name for name, _ in keys])
        threshold = faces.calibrate(
            distances,
            same,
            options.far,
            model=faces.fingerprint(faces.load_tower(name)),
            encodings=encodings[own],
            ids=stored["people"][own],
        )
        tar = np.mean(distances[same] <= threshold.tau)
        words = (
            f"LFW View 1 DevTrain: all {same.sum()} genuine and {(~same).sum()} impostor pairs among {len(keys)} "
            f"pictures of {len({n for n, _ in keys})} people, none of them in DevTest; {tar:.2%} of the genuine pairs "
            "are accepted at tau"
        )
        threshold = replace(threshold, calibrated_on=words)
        threshold.save(options.out / f"{name}.threshold.json")
        print(name, replace(threshold, identification=()))
        for tail in threshold.identification:
            print("   ", tail)


if __name__ == "__main__":
    main()
