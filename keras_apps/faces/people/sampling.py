"""A step's number -> which pictures make its batch. Pure functions of seed and step: training can be taken up again."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import ArrayLike

from keras_apps._checks import is_whole


class _Sampler:
    """What the samplers share: people in rounds without repetition, and each person's pictures likewise."""

    def __init__(self, labels: ArrayLike, seed: int):
        labels = np.asarray(labels)
        if not is_whole(seed) or seed < 0:
            raise ValueError(f"expected an integer of at least 0 as seed, received {seed!r}")
        self.seed = int(seed)
        self._order = np.argsort(labels, kind="stable")
        self._counts = np.bincount(labels)
        self._first = np.cumsum(self._counts) - self._counts
        self._all = np.flatnonzero(self._counts)
        self.several = np.flatnonzero(self._counts >= 2)
        self.one = np.flatnonzero(self._counts == 1)
        if len(self._all) < 2 or not len(self.several):
            raise ValueError(
                f"expected two people or more and somebody with two pictures, received {len(self._all)} people, "
                f"{len(self.several)} with two pictures"
            )
        self._shuffled = functools.lru_cache(maxsize=4)(self._shuffle)

    def _random(self, *key: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, *(int(k) for k in key)))

    def _shuffle(self, purpose: int, round_number: int, count: int) -> np.ndarray:
        return self._random(purpose, round_number).permutation(count)

    def _endless(self, purpose: int, start: int, number: int, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return `number` members of an endless row of shuffles of `among`, from place `start`, and their rounds."""
        rounds, places = np.divmod(start + np.arange(number), len(among))
        chosen = [self._shuffled(purpose, int(r), len(among))[p] for r, p in zip(rounds, places, strict=True)]
        return among[np.array(chosen, int)], rounds

    def _batch_of(self, among: np.ndarray, number: int, purpose: int, step: int) -> np.ndarray:
        """Return the step's `number` different members of `among`; none comes twice in a round."""
        round_number, place = divmod(step, len(among) // number)
        return among[self._shuffled(purpose, round_number, len(among))[place * number : (place + 1) * number]]

    def _pictures(self, person: int, visit: int, number: int) -> np.ndarray:
        """Return `number` of a person's pictures; successive visits go through all before one comes again."""
        count = self._counts[person]
        cycle, place = divmod(int(visit), max(1, count // number))
        shuffled = self._random(2, person, cycle).permutation(count)
        chosen = shuffled[place * number : (place + 1) * number] if count >= number else np.resize(shuffled, number)
        return self._order[self._first[person] + chosen]

    def _others(self, random: np.random.Generator, people: np.ndarray) -> np.ndarray:
        """Return a picture of somebody else for each of `people`; everybody else is equally likely."""
        places = np.searchsorted(self._all, people)
        others = self._all[(places + random.integers(1, len(self._all), len(people))) % len(self._all)]
        return self._order[self._first[others] + random.integers(0, self._counts[others])]


class PeopleSampler(_Sampler):
    """P people with K pictures of each: the batches in which triplets are mined.

    Within an epoch nobody comes twice. A person with fewer than K pictures fills K by repetition; people with one
    picture come only as `singles`, which serve as negatives.

    Args:
        labels: Integers >= 0 `(n,)`, each picture's person.
        people_per_batch: P, from 2 to the number of people with two pictures or more.
        pictures_per_person: K, at least 2.
        singles: Pictures of further people in each batch, of those who have just one.
        seed: Chooses the order.

    Raises:
        ValueError: If there are not so many people, or a number is too small.

    Example:
        >>> sampler = PeopleSampler([0, 0, 1, 1, 2], people_per_batch=2, pictures_per_person=2, singles=1)
        >>> sorted(sampler(0).tolist())
        [0, 1, 2, 3, 4]
    """

    def __init__(
        self, labels: ArrayLike, people_per_batch: int, pictures_per_person: int, singles: int = 0, seed: int = 0
    ):
        super().__init__(labels, seed)
        if not 2 <= people_per_batch <= len(self.several):
            raise ValueError(
                f"expected from 2 to {len(self.several)} people a batch, as many as have two pictures, "
                f"received {people_per_batch}"
            )
        if pictures_per_person < 2:
            raise ValueError(f"expected at least 2 pictures of each person, received {pictures_per_person}")
        if not 0 <= singles <= len(self.one):
            raise ValueError(f"expected from 0 to {len(self.one)} people with one picture, received {singles}")
        self.people, self.pictures, self.singles = people_per_batch, pictures_per_person, singles
        self.batch_size = people_per_batch * pictures_per_person + singles
        self.steps_per_epoch = len(self.several) // people_per_batch

    def __call__(self, step: int) -> np.ndarray:
        """Return the step's pictures, ints `(P * K + singles,)`, a person's together."""
        epoch = int(step) // self.steps_per_epoch
        people = self._batch_of(self.several, self.people, 1, int(step))
        chosen = [self._pictures(person, epoch, self.pictures) for person in people]
        if self.singles:
            chosen.append(self._order[self._first[self._batch_of(self.one, self.singles, 3, int(step))]])
        return np.concatenate(chosen)


class TripletSampler(_Sampler):
    """Explicit triplets: anchor and positive of one person, negative of anybody else.

    Args:
        labels: Integers >= 0 `(n,)`, each picture's person.
        batch_size: Triplets a batch.
        seed: Chooses the order.

    Raises:
        ValueError: If there are fewer than two people, nobody has two pictures, or `batch_size` is under 1.

    Example:
        >>> TripletSampler([0, 0, 1], batch_size=4)(0)[2].tolist()
        [2, 2, 2, 2]
    """

    def __init__(self, labels: ArrayLike, batch_size: int, seed: int = 0):
        super().__init__(labels, seed)
        if batch_size < 1:
            raise ValueError(f"expected a batch of at least 1 triplet, received {batch_size}")
        self.batch_size = batch_size
        self.steps_per_epoch = max(1, len(self.several) // batch_size)

    def __call__(self, step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the step's pictures `(anchor, positive, negative)`, ints `(n,)` each."""
        people, rounds = self._endless(1, int(step) * self.batch_size, self.batch_size, self.several)
        both = np.stack([self._pictures(person, visit, 2) for person, visit in zip(people, rounds, strict=True)])
        return both[:, 0], both[:, 1], self._others(self._random(4, step), people)


class PairSampler(_Sampler):
    """Genuine and impostor pairs, as many of each.

    Args:
        labels: Integers >= 0 `(n,)`, each picture's person.
        batch_size: Pairs a batch, an even number.
        seed: Chooses the order.

    Raises:
        ValueError: If there are fewer than two people, nobody has two pictures, or `batch_size` is odd or under 2.

    Example:
        >>> first, second, same = PairSampler([0, 0, 1, 1], batch_size=4)(0)
        >>> same.tolist(), [int(a) // 2 == int(b) // 2 for a, b in zip(first, second)]
        ([1, 1, 0, 0], [True, True, False, False])
    """

    def __init__(self, labels: ArrayLike, batch_size: int, seed: int = 0):
        super().__init__(labels, seed)
        if batch_size < 2 or batch_size % 2:
            raise ValueError(f"expected an even number of pairs of at least 2 a batch, received {batch_size}")
        self.batch_size = batch_size
        self.steps_per_epoch = max(1, 2 * len(self.several) // batch_size)

    def __call__(self, step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the step's pictures and labels `(first, second, same)`, ints `(n,)` each; genuine pairs first."""
        half = self.batch_size // 2
        people, rounds = self._endless(1, int(step) * half, half, self.several)
        genuine = np.stack([self._pictures(person, visit, 2) for person, visit in zip(people, rounds, strict=True)])
        random = self._random(5, step)
        someone = random.choice(self._all, half)
        picture = self._order[self._first[someone] + random.integers(0, self._counts[someone])]
        first = np.concatenate([genuine[:, 0], picture])
        second = np.concatenate([genuine[:, 1], self._others(random, someone)])
        return first, second, np.repeat([1, 0], half)
