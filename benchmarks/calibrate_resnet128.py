"""Choose the bundled threshold of `resnet128`, on LFW people that DevTest does not show.

    python benchmarks/calibrate_resnet128.py --data DIR [--far 0.001] [--out FILE]

DIR is as for `lfw.py`. All pairs among DevTrain's pictures are compared; the threshold is written to
`weights/resnet128.threshold.json`.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from lfw import all_distances, encode, find, keys_of, read_keys, unpacked

from keras_apps import faces, weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--far", type=float, default=1e-3)
    parser.add_argument("--out", type=Path, default=weights.folder() / "resnet128.threshold.json")
    options = parser.parse_args()
    keys = keys_of(read_keys(options.data / "pairsDevTrain.txt"))
    people = {name for name, _ in keys}
    others = {name for name, _ in keys_of(read_keys(options.data / "pairsDevTest.txt"))}
    if people & others:
        raise SystemExit(f"expected DevTrain and DevTest to share no people, received {len(people & others)} in both")
    with unpacked(options.data, keys) as folder:
        distances, same = all_distances(encode(folder, keys, find(folder, keys)), keys)
    threshold = faces.calibrate(distances, same, options.far, model=faces.fingerprint(faces.load_tower()))
    tar = np.mean(distances[same] <= threshold.tau)
    words = (
        f"LFW View 1 DevTrain: all {same.sum()} genuine and {(~same).sum()} impostor pairs among {len(keys)} pictures "
        f"of {len(people)} people, none of them in DevTest; {tar:.2%} of the genuine pairs are accepted at tau"
    )
    threshold = replace(threshold, calibrated_on=words)
    threshold.save(options.out)
    print(threshold)


if __name__ == "__main__":
    main()
