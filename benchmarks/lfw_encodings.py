"""Encode all 13,233 pictures of LFW with the bundled towers, once, for the other scripts.

    python benchmarks/lfw_encodings.py --data DIR --out lfw.npz [--towers sface128 resnet128 sface128+resnet128]

DIR is as for `lfw.py`. The file holds `people` and `numbers` (which picture), `found` (whether a face was found),
boxes, landmarks and confidence of the face nearest the centre, and the encodings of each tower under its name. Where
no face is found, the fixed crop of the centre is encoded.
"""

from __future__ import annotations

import argparse
import tarfile
import tempfile
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from lfw import FOLDER, TOGETHER, central, fixed_crop
from rich.progress import track

from keras_apps import faces, images
from keras_apps.faces.alignment import align
from keras_apps.faces.detection import find_faces_in
from keras_apps.faces.towers.names import PHOTOGRAPH_TOWERS
from keras_apps.faces.towers.registry import layout_of


@contextmanager
def all_pictures(data: Path):
    """Yield the paths of all pictures of LFW, sorted, for the block's duration when a tar must be unpacked."""
    with tempfile.TemporaryDirectory() as scratch:
        root = data
        if not (data / FOLDER).is_dir():
            root = Path(scratch)
            with tarfile.open(data / f"{FOLDER}.tar") as tar:
                tar.extractall(root, filter="data")
        yield sorted((root / FOLDER).glob("*/*.jpg"))


def encode_all(paths: Sequence[Path], towers: Sequence[str]) -> dict[str, np.ndarray]:
    """Return what the module's docstring lists."""
    loaded = {name: faces.load_tower(name) for name in towers}
    encodings: dict[str, list] = {name: [] for name in towers}
    boxes, landmarks, confidence = [], [], []
    for start in track(range(0, len(paths), TOGETHER), "encoding LFW"):
        pictures = [images.load_image(path) for path in paths[start : start + TOGETHER]]
        chosen = [central(some, p) if some else None for p, some in zip(pictures, find_faces_in(pictures), strict=True)]
        for name, tower in loaded.items():
            layout = layout_of(tower)
            chips = [
                align(picture, face.landmarks, layout) if face else images.to_uint8(fixed_crop(picture, layout.size))
                for picture, face in zip(pictures, chosen, strict=True)
            ]
            encodings[name].append(faces.encode(tower, chips, aligned=True))
        for face in chosen:
            boxes.append(face.box if face else [np.nan] * 4)
            landmarks.append(list(face.landmarks.values()) if face else [[np.nan] * 2] * 5)
            confidence.append(face.confidence if face else 0.0)
    return {
        "people": np.array([path.parent.name for path in paths]),
        "numbers": np.array([int(path.stem[-4:]) for path in paths]),
        "found": np.array(confidence) > 0,
        "boxes": np.array(boxes, np.float32),
        "landmarks": np.array(landmarks, np.float32),
        "confidence": np.array(confidence, np.float32),
    } | {name: np.concatenate(parts) for name, parts in encodings.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--towers", nargs="+", default=PHOTOGRAPH_TOWERS)
    options = parser.parse_args()
    with all_pictures(options.data) as paths:
        np.savez(options.out, **encode_all(paths, options.towers))


if __name__ == "__main__":
    main()
