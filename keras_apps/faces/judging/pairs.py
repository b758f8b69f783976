"""People whom training does not see -> pairs of their pictures, and how well a tower tells them apart."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from keras_apps.faces.distances import squared_euclidean
from keras_apps.faces.people import People
from keras_apps.faces.rates import equal_error_rate, roc_of, split_kinds
from keras_apps.faces.reading import SquarePictures

TOGETHER = 64


def some_pairs(labels, most: int = 10_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw pairs among pictures: all the genuine ones, or `most` of them, and `most` impostors, each pair once.

    Args:
        labels: Integers `(n,)`, each picture's person.
        most: Most pairs of each kind.
        seed: Of the draw.

    Returns:
        `(first, second, same)`: ints `(m,)`, ints `(m,)` and booleans `(m,)`, genuine pairs first.

    Raises:
        ValueError: If there are no genuine or no impostor pairs.

    Example:
        >>> first, second, same = some_pairs([0, 0, 1])
        >>> first.tolist(), second.tolist(), same.tolist()
        ([0, 0, 1], [1, 2, 2], [True, False, False])
    """
    labels = np.asarray(labels)
    random = np.random.default_rng((seed, 6))
    order = np.argsort(labels, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    genuine = _few(np.concatenate([_all_pairs(np.sort(group)) for group in groups]), most, random)
    if len(labels) <= 2000:
        pairs = _all_pairs(np.arange(len(labels)))
    else:  # all pairs would fill the memory; of pairs drawn by chance few are genuine or come twice
        drawn = np.sort(random.integers(0, len(labels), (4 * most, 2)), axis=1)
        pairs = np.unique(drawn[drawn[:, 0] < drawn[:, 1]], axis=0)
    impostor = _few(pairs[labels[pairs[:, 0]] != labels[pairs[:, 1]]], most, random)
    if not len(genuine) or not len(impostor):
        raise ValueError(f"expected genuine and impostor pairs, received {len(genuine)} and {len(impostor)}")
    pairs = np.concatenate([genuine, impostor])
    return pairs[:, 0], pairs[:, 1], np.arange(len(pairs)) < len(genuine)


def _all_pairs(group: np.ndarray) -> np.ndarray:
    return group[np.stack(np.triu_indices(len(group), 1), axis=1)]


def _few(pairs: np.ndarray, most: int, random: np.random.Generator) -> np.ndarray:
    return pairs if len(pairs) <= most else pairs[np.sort(random.choice(len(pairs), most, replace=False))]


class HeldOut:
    """The pairs on which a training is judged after each epoch; the same ones each time.

    Args:
        people: Whom training does not see.
        size: The tower's height and width, in pixels.
        crop: As training crops.
        most: Most pairs of each kind.
        seed: Of the draw.
    """

    def __init__(self, people: People, size: int, *, crop: float = 1.0, most: int = 10_000, seed: int = 0):
        self._take(people, *some_pairs(people.labels, most, seed), size, crop)

    @classmethod
    def of_pairs(cls, people: People, first, second, same, size: int, *, crop: float = 1.0) -> HeldOut:
        """Take given pairs: ints `(m,)` twice, indices of `people.pictures`, and booleans `(m,)`."""
        judge = cls.__new__(cls)
        judge._take(people, first, second, same, size, crop)
        return judge

    def _take(self, people: People, first, second, same, size: int, crop: float) -> None:
        self.same = np.asarray(same, bool)
        self.used, places = np.unique(np.concatenate([first, second]), return_inverse=True)
        self._first, self._second = np.split(places, 2)
        self._source = SquarePictures([people.pictures[i] for i in self.used], size, crop=crop)

    def encode(self, tower, progress: Callable[[int, int], None] | None = None) -> np.ndarray:
        """Return the encodings of all pictures that are in a pair, float32 `(n, d)`."""
        parts = []
        for start in range(0, len(self.used), TOGETHER):
            chosen = np.arange(start, min(start + TOGETHER, len(self.used)))
            images = self._source(chosen).astype(np.float32)
            if len(chosen) < TOGETHER < len(self.used):  # one shape, so that the tower is traced once
                images = np.pad(images, ((0, TOGETHER - len(chosen)), (0, 0), (0, 0), (0, 0)))
            parts.append(np.asarray(tower.predict_on_batch(images), np.float32)[: len(chosen)])
            if progress:
                progress(start + len(chosen), len(self.used))
        return np.concatenate(parts)

    def distances(self, model, progress: Callable[[int, int], None] | None = None) -> np.ndarray:
        """Return each pair's distance: squared Euclidean, or 1 - P(same) where the model has a `score`.

        Args:
            model: A tower, or a model with a `tower`.
            progress: Called with the number of pictures encoded and of all.

        Returns:
            Floats >= 0 `(m,)`, in the order of `same`.

        Raises:
            ValueError: If an encoding is not finite.
        """
        encodings = self.encode(getattr(model, "tower", model), progress)
        if not np.all(np.isfinite(encodings)):
            raise ValueError("expected finite encodings, received others: training diverged; lower the learning rate")
        first, second = encodings[self._first], encodings[self._second]
        if hasattr(model, "score"):
            return 1 - np.asarray(model.score(first, second), np.float64)
        return squared_euclidean(first, second)

    def eer(self, model) -> float:
        """Return the equal error rate of a tower or model, in [0, 1]."""
        return float(equal_error_rate(roc_of(*split_kinds(self.distances(model), self.same)))[0])
