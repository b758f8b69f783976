"""People -> endless `tf.data` streams of batches: labelled P x K, pairs, triplets."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf

from keras_apps.faces.people.augment import changed_at
from keras_apps.faces.people.people import People
from keras_apps.faces.people.reading import SquarePictures
from keras_apps.faces.people.sampling import PairSampler, PeopleSampler, TripletSampler

READ_AHEAD = 2

Cache: TypeAlias = "str | os.PathLike | None"


def labelled_batches(
    people: People,
    size: int,
    *,
    people_per_batch: int = 32,
    pictures_per_person: int = 4,
    singles: int = 0,
    seed: int = 0,
    augment: keras.layers.Layer | None = None,
    crop: float = 1.0,
    cache: Cache = "auto",
    start: int = 0,
    steps: int | None = None,
) -> tf.data.Dataset:
    """Stream P x K batches, in which `TripletModel` mines its triplets.

    A batch is a pure function of `seed` and its step's number: a training that was interrupted at step s and goes on
    with `start=s` sees what it would have seen. An epoch, in which nobody comes twice, has
    `PeopleSampler.steps_per_epoch` steps. Pictures are read in parallel, while the tower works, and only once.

    Args:
        people: Whose pictures.
        size: Height and width of the pictures, in pixels.
        people_per_batch: P.
        pictures_per_person: K; people with fewer repeat theirs.
        singles: Pictures of people with just one in each batch, as negatives.
        seed: Seed of the order and of the augmentation.
        augment: Keras layers from RGB in 0..255 to the same, for instance `augmentation()`.
        crop: Side of the centre square that is taken, as a share of the shorter side, in (0, 1].
        cache: Where pictures are kept once read: `"auto"`, `"memory"`, the path of a file to make, or `None`.
        start: The first step's number.
        steps: How many batches; endless by default.

    Returns:
        `tf.data.Dataset` of `(float32 (P * K + singles, size, size, 3) RGB in 0..255, int32 labels)`; labels are
        indices of `people.names`.

    Raises:
        ValueError: As `PeopleSampler` and `SquarePictures`.
    """
    sampler = PeopleSampler(people.labels, people_per_batch, pictures_per_person, singles, seed)
    source = SquarePictures(people.pictures, size, crop=crop, cache=cache)

    def batch(step: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = sampler(step)
        return source(chosen), people.labels[chosen]

    stream = _stream(batch, (tf.uint8, tf.int32), start, steps)

    def arrange(step: tf.Tensor, images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = _shaped(images, sampler.batch_size, size), tf.ensure_shape(labels, (sampler.batch_size,))
        return _changed(augment, images, seed, step), labels

    return stream.map(arrange).prefetch(READ_AHEAD)


def pair_batches(
    people: People,
    size: int,
    *,
    batch_size: int = 64,
    seed: int = 0,
    augment: keras.layers.Layer | None = None,
    crop: float = 1.0,
    cache: Cache = "auto",
    start: int = 0,
    steps: int | None = None,
) -> tf.data.Dataset:
    """Stream genuine and impostor pairs, as many of each, for `VerificationModel`.

    Args:
        people, size, seed, augment, crop, cache, start, steps: As for `labelled_batches`.
        batch_size: Pairs a batch, an even number.

    Returns:
        `tf.data.Dataset` of `((first, second), same)`: float32 `(batch_size, size, size, 3)` twice, RGB in 0..255, and
        float32 `(batch_size,)`, 1 where both show one person.

    Raises:
        ValueError: As `PairSampler` and `SquarePictures`.
    """
    sampler = PairSampler(people.labels, batch_size, seed)
    source = SquarePictures(people.pictures, size, crop=crop, cache=cache)

    def batch(step: int) -> tuple[np.ndarray, np.ndarray]:
        first, second, same = sampler(step)
        return source(np.concatenate([first, second])), same.astype(np.float32)

    stream = _stream(batch, (tf.uint8, tf.float32), start, steps)

    def arrange(step: tf.Tensor, images: tf.Tensor, same: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor], tf.Tensor]:
        images = _changed(augment, _shaped(images, 2 * batch_size, size), seed, step)
        return (images[:batch_size], images[batch_size:]), tf.ensure_shape(same, (batch_size,))

    return stream.map(arrange).prefetch(READ_AHEAD)


def triplet_batches(
    people: People,
    size: int,
    *,
    batch_size: int = 64,
    seed: int = 0,
    augment: keras.layers.Layer | None = None,
    crop: float = 1.0,
    cache: Cache = "auto",
    start: int = 0,
    steps: int | None = None,
) -> tf.data.Dataset:
    """Stream explicit triplets, chosen without looking at the tower, as the course first draws them.

    Args:
        people, size, seed, augment, crop, cache, start, steps: As for `labelled_batches`.
        batch_size: Triplets a batch.

    Returns:
        `tf.data.Dataset` of `((anchor, positive, negative),)`, as `TripletModel.fit` takes them: float32
        `(batch_size, size, size, 3)` each, RGB in 0..255.

    Raises:
        ValueError: As `TripletSampler` and `SquarePictures`.
    """
    sampler = TripletSampler(people.labels, batch_size, seed)
    source = SquarePictures(people.pictures, size, crop=crop, cache=cache)

    def batch(step: int) -> tuple[np.ndarray]:
        return (source(np.concatenate(sampler(step))),)

    stream = _stream(batch, (tf.uint8,), start, steps)

    def arrange(step: tf.Tensor, images: tf.Tensor) -> tuple[tuple[tf.Tensor, ...]]:
        images = _changed(augment, _shaped(images, 3 * batch_size, size), seed, step)
        return (tuple(images[part * batch_size : (part + 1) * batch_size] for part in range(3)),)

    return stream.map(arrange).prefetch(READ_AHEAD)


def _stream(
    batch: Callable[[int], tuple[np.ndarray, ...]], dtypes: tuple[tf.DType, ...], start: int, steps: int | None
) -> tf.data.Dataset:
    if start < 0 or (steps is not None and steps < 1):
        raise ValueError(f"expected start of at least 0 and steps of at least 1, received {start} and {steps}")
    numbers = tf.data.Dataset.range(start, 2**62 if steps is None else start + steps)

    def read(step: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return step, *tf.numpy_function(batch, [step], dtypes, stateful=False)

    return numbers.map(read).prefetch(READ_AHEAD)


def _shaped(images: tf.Tensor, number: int, size: int) -> tf.Tensor:
    return tf.cast(tf.ensure_shape(images, (number, size, size, 3)), tf.float32)


def _changed(augment: keras.layers.Layer | None, images: tf.Tensor, seed: int, step: tf.Tensor) -> tf.Tensor:
    return images if augment is None else changed_at(augment, images, seed, step)
