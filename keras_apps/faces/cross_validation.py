"""Folds of pairs -> an accuracy whose threshold never saw the pairs it is measured on."""

from __future__ import annotations

import numpy as np

from keras_apps.faces.rates import checked


def best_tau(distances, same) -> float:
    """Return the threshold with the fewest wrong decisions; of several equally good ones the middle one.

    It lies half way between two neighbouring distances.

    Args:
        distances: Floats >= 0, `(n,)`.
        same: Booleans `(n,)`. Needs both kinds.

    Returns:
        A float >= 0, in the units of `distances`.

    Raises:
        ValueError: If shapes differ, a distance is negative or not finite, or one kind is missing.

    Example:
        >>> round(best_tau([0.1, 0.2, 0.6, 0.9], [1, 1, 0, 0]), 6)
        0.4
    """
    distances, same = checked(distances, same)
    order = np.argsort(distances, kind="stable")
    return _best_of_sorted(distances[order], same[order])


def _best_of_sorted(distances: np.ndarray, same: np.ndarray) -> float:
    gains = np.concatenate([[0], np.cumsum(np.where(same, 1, -1))])  # of accepting the nearest 0, 1, 2, ...
    apart = np.concatenate([[distances[0] > 0], distances[1:] > distances[:-1], [True]])  # ties enter together
    counts = np.flatnonzero(apart)
    best = counts[gains[counts] == gains[counts].max()]
    count = best[len(best) // 2]
    if count == distances.size:
        return float(distances[-1])
    below = distances[count - 1] if count else 0.0
    middle = below + (distances[count] - below) / 2
    return float(middle if middle < distances[count] else below)


def balanced_folds(same, folds: int, seed: int) -> np.ndarray:
    """Part pairs into folds at random, each with its share of genuine and of impostor pairs.

    Args:
        same: Booleans `(n,)`.
        folds: How many.
        seed: The same seed gives the same folds.

    Returns:
        Integers `(n,)` in [0, folds).

    Example:
        >>> np.bincount(balanced_folds([True] * 4 + [False] * 8, folds=4, seed=0)).tolist()
        [3, 3, 3, 3]
    """
    same, fold, rng = np.asarray(same, bool), np.empty(len(same), np.int64), np.random.default_rng(seed)
    for kind in (same, ~same):
        fold[kind] = rng.permutation(np.count_nonzero(kind)) % folds
    return fold


def accuracy_of_folds(distances, same, folds) -> tuple[np.ndarray, np.ndarray]:
    """Measure each fold's accuracy with the threshold that was best on all the other folds.

    Args:
        distances: Floats >= 0, `(n,)`.
        same: Booleans `(n,)`.
        folds: Labels `(n,)`, the fold of each pair; two folds or more.

    Returns:
        `(accuracies, taus)`, floats `(k,)` each, in the order of the sorted labels.

    Raises:
        ValueError: If shapes differ, there is one fold only, or all folds but one lack a kind of pair.

    Example:
        >>> accuracies, taus = accuracy_of_folds([0.1, 0.9, 0.2, 0.4], [1, 0, 1, 0], [0, 0, 1, 1])
        >>> accuracies.tolist(), [round(tau, 6) for tau in taus.tolist()]
        ([1.0, 0.5], [0.3, 0.5])

    Reference:
        Huang et al., "Labeled Faces in the Wild", 2007, section 4.
    """
    distances, same = checked(distances, same)
    folds = np.asarray(folds)
    if folds.shape != same.shape:
        raise ValueError(f"expected a fold for each of {same.size} pairs, received shape {folds.shape}")
    names, folds = np.unique(folds, return_inverse=True)
    if names.size < 2:
        raise ValueError(f"expected two folds or more, received {names.size}")
    order = np.argsort(distances, kind="stable")  # once: a part of a sorted array is sorted
    distances, same, folds = distances[order], same[order], folds[order]
    accuracies, taus = np.empty(names.size), np.empty(names.size)
    for k in range(names.size):
        held = folds == k
        genuine, n = np.count_nonzero(same[~held]), np.count_nonzero(~held)
        if not 0 < genuine < n:
            raise ValueError(f"expected both kinds outside fold {names[k]}, received {genuine} genuine of {n} pairs")
        taus[k] = _best_of_sorted(distances[~held], same[~held])
        accuracies[k] = np.mean((distances[held] <= taus[k]) == same[held])
    return accuracies, taus
