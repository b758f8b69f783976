"""Encodings of unknown faces -> which of them show one person."""

from __future__ import annotations

import numpy as np

from keras_apps._checks import check_number
from keras_apps.faces.gallery.store import checked_encodings
from keras_apps.faces.judging.calibration import Threshold

FPIR = 0.03
"""The share of faces that may have somebody else within tau, where the threshold tells how tau follows from it."""
MOST_FACES = 40_000


def group_faces(encodings: np.ndarray, threshold: Threshold | float) -> np.ndarray:
    """Sort faces into people: average linkage, cut at tau.

    Every face begins as a group of its own. The two groups whose faces are nearest on average become one, until no two
    groups are within tau.

    Time and memory grow with the square of the number of faces: about 8 n^2 bytes, 0.8 GB for 10,000 faces, 3.2 GB for
    20,000.

    Args:
        encodings: Finite floats `(n, d)`, made by one tower; n is at most 40,000.
        threshold: The tower's. The more faces, the smaller is its tau, where it tells how (`Threshold.tau_for`). Or tau
            itself, a number above 0, for squared Euclidean distances.

    Returns:
        int64 `(n,)`: the number of each face's group, from 0 for the largest one. Groups of equal size are in order of
        their first face.

    Raises:
        ValueError: If the encodings are not finite floats `(n, d)`, there are more than 40,000, or tau is not above 0.
        TypeError: If `threshold` is neither a `Threshold` nor a number.

    Example:
        >>> group_faces(np.array([[0.0, 1.0], [5.0, 5.0], [0.0, 1.1], [0.1, 1.0]]), 0.5).tolist()
        [0, 1, 0, 0]

    Reference:
        Sokal and Michener, "A statistical method for evaluating systematic relationships", 1958 (average linkage).
    """
    encodings = np.asarray(checked_encodings(encodings), np.float64)
    count = len(encodings)
    if count > MOST_FACES:
        raise ValueError(f"expected at most {MOST_FACES:,} faces, received {count:,}; group a part of them at a time")
    if isinstance(threshold, Threshold):
        tau, metric = threshold.tau_for(FPIR, {1: max(1, count)}), threshold.distance
    else:
        tau, metric = check_number("threshold", threshold, above=0), "squared_euclidean"
    if count < 2:
        return np.zeros(count, np.int64)
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    distances = pdist(encodings, "sqeuclidean" if metric == "squared_euclidean" else "euclidean")
    found = fcluster(linkage(distances, "average"), tau, "distance")
    _, first, inverse, sizes = np.unique(found, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    numbers = np.empty(len(order), np.int64)
    numbers[order] = np.arange(len(order))
    return numbers[inverse]
