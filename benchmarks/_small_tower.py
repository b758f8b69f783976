"""What the benchmarks on synthetic people share: people, and a tower that was trained on others."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_apps.faces.synthetic import synthetic_people
from keras_apps.faces.tower import build_tower
from keras_apps.faces.triplet_model import TripletModel

SIZE, PICTURES = 64, 8


def people(first: int, count: int, seed: int) -> np.ndarray:
    """Pictures uint8 `(count, PICTURES, SIZE, SIZE, 3)` of people `first`, `first + 1`, ...."""
    pictures, _ = synthetic_people(count, PICTURES, size=SIZE, seed=seed, first_person=first)
    return pictures.reshape(count, PICTURES, *pictures.shape[1:])


def trained_tower(pictures: np.ndarray, steps: int, seed: int, saved: Path | None = None) -> keras.Model:
    """Load the saved tower, or train the small one for so many steps on 32 people x 4 pictures a batch."""
    if saved is not None:
        return keras.saving.load_model(saved, compile=False)
    keras.utils.set_random_seed(seed)
    rng, tower = np.random.default_rng(seed), build_tower("small", size=SIZE)

    def batches():
        for _ in range(steps):
            who = rng.choice(len(pictures), min(32, len(pictures)), replace=False)
            which = rng.permuted(np.tile(np.arange(PICTURES), (len(who), 1)), axis=1)[:, :4]
            batch = pictures[who[:, None], which].reshape(-1, SIZE, SIZE, 3)
            yield batch.astype(np.float32), np.repeat(np.arange(len(who)), 4).astype(np.int32)

    spec = (tf.TensorSpec((None, SIZE, SIZE, 3)), tf.TensorSpec((None,), tf.int32))
    model = TripletModel(tower)
    model.compile(keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(2e-3, steps)))
    model.fit(tf.data.Dataset.from_generator(batches, output_signature=spec), verbose=0)
    return tower


def encode(tower: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """Encodings `(..., d)` of pictures `(..., SIZE, SIZE, 3)`."""
    flat = pictures.reshape(-1, *pictures.shape[-3:]).astype(np.float32)
    return tower.predict(flat, verbose=0, batch_size=128).reshape(*pictures.shape[:-3], -1)
