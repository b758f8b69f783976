"""Make tests/data/dlib_reference.npz: aligned chips of the bundled people, and dlib's own encodings of them.

    pip install dlib face_recognition_models==0.3.0 setuptools
    python benchmarks/make_dlib_reference.py

The chips are cut by `keras_apps`; dlib's network encodes just these pixels (`compute_face_descriptor` on a 150 x 150
chip neither detects nor aligns). The tests compare the Keras tower with these vectors, so they need no dlib.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

PEOPLE = ("obama", "obama2", "obama3", "biden", "astronaut", "hopper")
DEFAULT = Path(__file__).resolve().parent.parent / "tests" / "data" / "dlib_reference.npz"


def dlib_model(path: str | None = None):
    """Return dlib's network with the weights that `resnet128` was converted from."""
    import dlib

    if path is None:
        import face_recognition_models

        path = face_recognition_models.face_recognition_model_location()
    return dlib.face_recognition_model_v1(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", help="dlib_face_recognition_resnet_model_v1.dat, instead of the package's")
    parser.add_argument("--out", type=Path, default=DEFAULT)
    options = parser.parse_args()
    import dlib

    from keras_apps import faces

    model = dlib_model(options.source)
    chips = np.stack([faces.find_faces(f"bundled:{name}")[0].image for name in PEOPLE])
    encodings = np.array([model.compute_face_descriptor(np.ascontiguousarray(c)) for c in chips], np.float32)
    np.savez_compressed(options.out, chips=chips, encodings=encodings, made_with=f"dlib {dlib.__version__}")
    print(f"{options.out.name}: {len(chips)} chips, encodings by dlib {dlib.__version__}")


if __name__ == "__main__":
    main()
