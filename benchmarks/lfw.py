"""Measure face verification on LFW View 1: detection, alignment and the bundled tower, end to end.

    python benchmarks/lfw.py --data DIR [--tower sface128] [--encodings lfw.npz] [--variants] [--weights] [--json]

`--encodings` takes the file of `lfw_encodings.py` in place of encoding; with it `--weights` compares how the two towers
of `sface128+resnet128` may be weighted, on DevTrain. `--variants` compares other ways to cut the chips of `resnet128`.

DIR holds lfw-deepfunneled.tar (or the folder lfw-deepfunneled/), pairsDevTrain.txt and pairsDevTest.txt. The threshold
tau is chosen on DevTrain's pairs, the accuracy is DevTest's. In LFW the named person is the one nearest the centre of
the picture, so of several faces that one is taken. Where no face is found, the fixed crop of the centre is encoded.

Reference: Huang et al., "Labeled Faces in the Wild", 2007; the pictures are the deep-funneled ones of 2012.
"""

from __future__ import annotations

import argparse
import json
import math
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from keras_apps import faces, images
from keras_apps.faces.alignment import STANDARD, ChipLayout, similarity, warp
from keras_apps.faces.detection import find_faces_in
from keras_apps.faces.distances import all_squared_euclidean
from keras_apps.faces.people.pairs import picture_path, read_pairs
from keras_apps.faces.towers.joined import RESNET_WEIGHT
from keras_apps.faces.towers.names import DEFAULT_TOWER, JOINED, PHOTOGRAPH_TOWERS
from keras_apps.faces.towers.registry import layout_of

Key = tuple[str, int]  # a picture: the person's name and the picture's number

FOLDER = "lfw-deepfunneled"
FIXED_CROP = (70, 78, 183, 191)  # left, top, right, bottom: where the chips of DevTrain lie in the median
TOGETHER = 16
FARS = (1e-3, 1e-2)


def read_keys(path: Path) -> list[tuple[Key, Key]]:
    """Read a View 1 list: the genuine pairs, then as many impostor pairs."""
    pairs = read_pairs(path)
    return list(zip(pairs.first, pairs.second, strict=True))


def keys_of(pairs: Sequence[tuple[Key, Key]]) -> list[Key]:
    """Return the pictures of pairs, each once, in order of first use."""
    return list(dict.fromkeys(key for pair in pairs for key in pair))


def member(key: Key) -> str:
    """Return a picture's path in the archive."""
    return f"{FOLDER}/{picture_path(key)}"


@contextmanager
def unpacked(data: Path, keys: Sequence[Key]) -> Iterator[Path]:
    """Yield the folder in which `member(key)` is a file, for the block's duration when a tar must be unpacked."""
    if (data / FOLDER).is_dir():
        yield data
        return
    wanted = {member(key) for key in keys}
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(data / f"{FOLDER}.tar") as tar:
            tar.extractall(folder, (m for m in tar if m.name.removeprefix("./") in wanted), filter="data")
        yield Path(folder)


def find(
    folder: Path, keys: Sequence[Key], quiet: bool = False, layout: ChipLayout = STANDARD
) -> dict[Key, list[faces.FaceCrop]]:
    """Find the faces of all pictures, and cut their chips."""
    found = {}
    for start in track(range(0, len(keys), TOGETHER), "finding faces", console=_console(quiet), disable=quiet):
        batch = keys[start : start + TOGETHER]
        found.update(zip(batch, find_faces_in([folder / member(key) for key in batch], layout=layout), strict=True))
    return found


def central(found: Sequence[faces.FaceCrop], picture: np.ndarray) -> faces.FaceCrop:
    """Return the face whose box is nearest the picture's centre."""
    height, width = picture.shape[:2]
    return min(found, key=lambda f: math.hypot(f.box[0] + f.box[2] - width, f.box[1] + f.box[3] - height))


def fixed_crop(picture: np.ndarray, size: int = 150) -> np.ndarray:
    """Cut out the chip of a 250-pixel deep-funneled picture without looking for a face."""
    left, top, right, bottom = FIXED_CROP
    return images.resize(picture[top:bottom, left:right], (size, size))


def encode(
    folder, keys, found, chip: Callable | None = None, mirror=False, quiet=False, name="resnet128"
) -> dict[Key, np.ndarray]:
    """Encode one face of every picture: as a rule the central one's chip, or `chip(picture, faces)`."""
    chip = chip or (lambda picture, some: central(some, picture).image)
    tower, out = faces.load_tower(name), {}
    size = layout_of(tower).size
    for start in track(range(0, len(keys), 64), "encoding", console=_console(quiet), disable=quiet):
        batch = keys[start : start + 64]
        pictures = [images.load_image(folder / member(key)) for key in batch]
        chips = [chip(p, found[k]) if found[k] else fixed_crop(p, size) for k, p in zip(batch, pictures, strict=True)]
        encodings = faces.encode(tower, chips, aligned=True)
        if mirror:
            encodings = (encodings + faces.encode(tower, [c[:, ::-1] for c in chips], aligned=True)) / 2
        out.update(zip(batch, encodings, strict=True))
    return out


def pair_distances(encodings: dict[Key, np.ndarray], pairs) -> tuple[np.ndarray, np.ndarray]:
    """Return the squared distance of each pair, and whether it shows one person."""
    first, second = (np.stack([encodings[pair[side]] for pair in pairs]) for side in (0, 1))
    return faces.squared_euclidean(first, second), np.array([a[0] == b[0] for a, b in pairs])


def all_distances(encodings: dict[Key, np.ndarray], keys: Sequence[Key]) -> tuple[np.ndarray, np.ndarray]:
    """Return the squared distances of all pairs among pictures, and whether each shows one person."""
    stacked = np.stack([encodings[key] for key in keys])
    names = np.array([key[0] for key in keys])
    i, j = np.triu_indices(len(keys), 1)
    return all_squared_euclidean(stacked, stacked)[i, j], names[i] == names[j]


def best_tau(distances: np.ndarray, same: np.ndarray) -> float:
    """Return the threshold with the fewest errors; of several the middle one.

    Example:
        >>> round(best_tau(np.array([0.1, 0.2, 0.6, 0.9]), np.array([True, True, False, False])), 6)
        0.4
    """
    order = np.argsort(distances)
    d = distances[order]
    right = np.cumsum(np.where(same[order], 1, -1))[:-1]
    best = np.flatnonzero(right == right.max())
    middle = best[len(best) // 2]
    return float((d[middle] + d[middle + 1]) / 2)


def cross_validated(distances: np.ndarray, same: np.ndarray, folds: int = 10, repeats: int = 5) -> float:
    """Return the mean accuracy on folds whose tau was chosen on the other folds, over several random partings."""
    rights = []
    for seed in range(repeats):
        fold = np.random.default_rng(seed).permutation(len(distances)) % folds
        for held in (fold == k for k in range(folds)):
            rights.append(np.mean((distances[held] <= best_tau(distances[~held], same[~held])) == same[held]))
    return float(np.mean(rights))


def true_accept_rate(distances: np.ndarray, same: np.ndarray, far: float) -> float:
    """Return the accepted share of genuine pairs where the share `far` of the impostor pairs is accepted."""
    impostor = np.sort(distances[~same])
    return float(np.mean(distances[same] <= impostor[max(1, math.floor(far * len(impostor) + 1e-9)) - 1]))


def wilson(right: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share.

    Example:
        >>> tuple(round(v, 4) for v in wilson(990, 1000))
        (0.9817, 0.9946)
    """
    share, slack = right / n, z * math.sqrt(right * (n - right) / n**3 + (z / n) ** 2 / 4)
    return tuple((share + z * z / 2 / n + sign * slack) / (1 + z * z / n) for sign in (-1, 1))


def measure(encodings: dict[Key, np.ndarray], train, test) -> dict:
    """Choose tau on DevTrain, and measure."""
    distances, same = pair_distances(encodings, train)
    tau = best_tau(distances, same)
    report = {"tau": tau, "devtrain_accuracy_cross_validated": cross_validated(distances, same)}
    distances, same = pair_distances(encodings, test)
    right = int(np.sum((distances <= tau) == same))
    report |= {"devtest_accuracy": right / len(test), "interval": wilson(right, len(test)), "devtest_pairs": len(test)}
    for name, pairs in (("devtrain", train), ("devtest", test)):
        distances, same = all_distances(encodings, keys_of(pairs))
        report[name] = {"genuine": int(same.sum()), "impostor": int((~same).sum())}
        report[name] |= {f"tar_at_far_{far:g}": true_accept_rate(distances, same, far) for far in FARS}
    return report


def stored_encodings(path: Path, tower: str, keys: Sequence[Key]) -> dict[Key, np.ndarray]:
    """Return the encodings of some pictures from the file of `lfw_encodings.py`."""
    stored = np.load(path)
    places = {(str(n), int(k)): i for i, (n, k) in enumerate(zip(stored["people"], stored["numbers"], strict=True))}
    encodings = stored[tower]
    return {key: encodings[places[key]] for key in keys}


def weights(encodings: dict[Key, np.ndarray], train) -> Table:
    """Compare weights of `resnet128` in the joined tower, on DevTrain only."""
    table = Table(
        "weight of resnet128", "errors in DevTrain's pairs", "TAR at FAR 1e-3, all pairs of DevTrain's pictures"
    )
    for weight in (0.5, 1, 1.5, 2, 3, 4):
        factors = np.repeat([1, (weight / RESNET_WEIGHT) ** 0.5], 128)
        weighted = {key: encoding * factors for key, encoding in encodings.items()}
        distances, same = pair_distances(weighted, train)
        errors = int(np.sum((distances <= best_tau(distances, same)) != same))
        rate = true_accept_rate(*all_distances(weighted, keys_of(train)), 1e-3)
        table.add_row(f"{weight:g}", f"{errors} of {len(train)}", f"{rate:.2%}")
    return table


def variants(folder, keys, found, train, test, console: Console) -> Table:
    """Measure other ways to cut and encode the same faces; scaled by 1 / 1.05 a face is as large as dlib's."""

    def cut(names: Sequence[str], scale: float = 1.0) -> Callable:  # by some landmarks, face made larger
        target = (np.array([STANDARD.landmarks[name] for name in names]) - 75) * scale + 75

        def chip(picture, some):
            points = central(some, picture).landmarks
            return warp(images.to_uint8(picture), similarity(target, np.array([points[name] for name in names])))

        return chip

    everything = tuple(STANDARD.landmarks)
    tried = {
        "as it is": {},
        "mean of chip and mirror image": {"mirror": True},
        "largest face": {"chip": lambda picture, some: some[0].image},
        "fixed crop, no detection": {"chip": lambda picture, some: fixed_crop(picture)},
        "eyes": {"chip": cut(everything[:2])},
        "eyes and nose": {"chip": cut(everything[:3])},
        "eyes and mouth": {"chip": cut(everything[:2] + everything[3:])},
    }
    tried |= {f"template scaled by {s / 1.05:.2f}": {"chip": cut(everything, s / 1.05)} for s in (0.95, 1.0, 1.10)}
    table = Table("variant", "DevTrain, cross-validated", "DevTrain TAR at FAR 1e-3", "DevTest", "DevTest TAR")
    for name, options in tried.items():
        console.print(name)
        row = measure(encode(folder, keys, found, **options), train, test)
        shares = [row["devtrain_accuracy_cross_validated"], row["devtrain"]["tar_at_far_0.001"]]
        shares += [row["devtest_accuracy"], row["devtest"]["tar_at_far_0.001"]]
        table.add_row(name, *(f"{100 * share:.2f} %" for share in shares))
    return table


def _console(quiet: bool) -> Console:
    return Console(stderr=True, quiet=quiet)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--tower", default=DEFAULT_TOWER, choices=PHOTOGRAPH_TOWERS)
    parser.add_argument("--encodings", type=Path, help="the file of lfw_encodings.py")
    parser.add_argument("--weights", action="store_true", help="print a table of weights of the joined tower instead")
    parser.add_argument("--variants", action="store_true", help="print a table of other ways instead")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    train, test = (read_keys(options.data / f"pairs{name}.txt") for name in ("DevTrain", "DevTest"))
    keys = keys_of(train + test)
    began = time.perf_counter()
    if options.weights:
        if options.encodings is None:
            parser.error("--weights needs --encodings")
        Console(width=120).print(weights(stored_encodings(options.encodings, JOINED, keys_of(train)), train))
        return
    if options.encodings:
        report = measure(stored_encodings(options.encodings, options.tower, keys), train, test)
        report |= {"pictures": len(keys), "no_face": []}
    else:
        layout = STANDARD if options.variants else layout_of(faces.load_tower(options.tower))
        with unpacked(options.data, keys) as folder:
            found = find(folder, keys, options.json, layout)
            if options.variants:
                Console(width=120).print(variants(folder, keys, found, train, test, _console(False)))
                return
            report = measure(encode(folder, keys, found, quiet=options.json, name=options.tower), train, test)
        report |= {"pictures": len(keys), "no_face": sorted(Path(member(k)).stem for k in keys if not found[k])}
    report["seconds"] = time.perf_counter() - began
    if options.json:
        print(json.dumps(report))
        return
    low, high = report["interval"]
    accuracy = report["devtest_accuracy"]
    print(f"DevTest accuracy {accuracy:.2%} of {len(test)} pairs, 95 % interval {low:.2%} to {high:.2%}")
    print(f"tau {report['tau']:.4f} (squared Euclidean), chosen on DevTrain's {len(train)} pairs")
    for name in ("devtest", "devtrain"):
        row = report[name]
        rates = ", ".join(f"{row[f'tar_at_far_{far:g}']:.2%} at FAR {far:g}" for far in FARS)
        print(f"TAR {rates}: all pairs of {name}'s pictures, {row['genuine']} genuine, {row['impostor']} impostor")
    missed = report["no_face"]
    if not options.encodings:
        print(f"no face in {len(missed)} of {len(keys)} pictures, fixed crop taken instead: {', '.join(missed) or '-'}")
    print(f"{report['seconds']:.0f} s")


if __name__ == "__main__":
    main()
