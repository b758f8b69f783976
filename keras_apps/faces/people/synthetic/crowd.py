"""Seed -> labelled pictures of people who do not exist."""

from __future__ import annotations

import operator
import os

import numpy as np

from keras_apps.faces.people.synthetic.drawing import draw, draw_with

SMALLEST, LARGEST = 16, 1024
# Another process is worth its start when each has this many pixels to draw: 500 pictures of 64 x 64, some seconds.
SHARE = 500 * 64 * 64


def synthetic_people(
    people: int,
    pictures: int,
    size: int = 64,
    seed: int = 0,
    first_person: int = 0,
    processes: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw labelled pictures of people who do not exist, to train and test with no one's photograph.

    A person has a head, eyes, brows, nose, mouth, ears, hair, beard, skin and moles of their own. A picture varies
    pose, expression, light, glasses, cap, clothes, background, crop, lens, blur and noise. Person i of a seed, and
    picture k of a person, are the same however many are asked for; so people outside the training set are had by a
    `first_person` beyond it. At another size a picture shows the same scene, but for its grain.

    Args:
        people: How many people, >= 1.
        pictures: How many pictures of each, >= 1.
        size: Pixels a side, 16 to 1024.
        seed: Integer >= 0; another seed gives other people.
        first_person: Number of the first person, >= 0.
        processes: How many processes draw at once, >= 1; by default one a core when there is much to draw. The
            pictures do not depend on it.

    Returns:
        `(images, labels)`: uint8 RGB `(people * pictures, size, size, 3)`, a person's pictures together, and int32
        `(people * pictures,)`, each person's number: `first_person` to `first_person + people - 1`.

    Raises:
        TypeError: If an argument is not an integer.
        ValueError: If an argument is out of its range.

    Example:
        >>> images, labels = synthetic_people(people=2, pictures=3, size=32)
        >>> images.shape, labels.tolist()
        ((6, 32, 32, 3), [0, 0, 0, 1, 1, 1])
    """
    people = _integer("people", people, 1)
    pictures = _integer("pictures", pictures, 1)
    size = _integer("size", size, SMALLEST, LARGEST)
    seed = _integer("seed", seed, 0)
    first_person = _integer("first_person", first_person, 0)
    _integer("first_person + people", first_person + people, 1, np.iinfo(np.int32).max)
    if processes is None:
        processes = min(os.cpu_count() or 1, max(1, people * pictures * size * size // SHARE))
    processes = min(_integer("processes", processes, 1), people)
    images = np.empty((people, pictures, size, size, 3), np.uint8)
    if processes == 1:
        draw(images, seed, first_person)
    else:
        draw_with(processes, images, seed, first_person)
    labels = np.repeat(np.arange(first_person, first_person + people, dtype=np.int32), pictures)
    return images.reshape(-1, size, size, 3), labels


def _integer(name: str, value: int, least: int, most: int | None = None) -> int:
    """Return an argument as an int, or say which integers it may be."""
    span = f"an integer of at least {least}" if most is None else f"an integer from {least} to {most}"
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"expected {span} for {name}, received {value!r}")
    try:
        value = operator.index(value)
    except TypeError:
        raise TypeError(f"expected {span} for {name}, received {value!r}") from None
    if value < least or (most is not None and value > most):
        raise ValueError(f"expected {span} for {name}, received {value}")
    return value
