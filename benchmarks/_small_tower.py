"""What the benchmarks on synthetic people share: people, and a tower that was trained on others."""

from __future__ import annotations

import keras
import numpy as np

from keras_apps.faces.people.synthetic.crowd import synthetic_people

SIZE, PICTURES = 64, 8


def people(first: int, count: int, seed: int) -> np.ndarray:
    """Pictures uint8 `(count, PICTURES, SIZE, SIZE, 3)` of people `first`, `first + 1`, ...."""
    pictures, _ = synthetic_people(count, PICTURES, size=SIZE, seed=seed, first_person=first)
    return pictures.reshape(count, PICTURES, *pictures.shape[1:])


def encode(tower: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """Encodings `(..., d)` of pictures `(..., SIZE, SIZE, 3)`."""
    flat = pictures.reshape(-1, *pictures.shape[-3:]).astype(np.float32)
    return tower.predict(flat, verbose=0, batch_size=128).reshape(*pictures.shape[:-3], -1)
