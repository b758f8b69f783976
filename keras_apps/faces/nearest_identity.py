"""Probes and a gallery of many encodings a person -> each probe's nearest person, and the rank of the right one."""

from __future__ import annotations

import numpy as np

BLOCK = 16384  # gallery encodings in one matrix product
TOGETHER = 256  # probes at most


def nearest_identities(
    gallery: np.ndarray, codes: np.ndarray, probes: np.ndarray, own_codes: np.ndarray, memory_mb: int = 256
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compare probes with every person's nearest encoding.

    For a few probes at a time the distance to every person is kept, one float each; the gallery passes by in blocks,
    each one matrix product. The encodings' mean is taken off first, which changes no distance and keeps
    |p|^2 - 2 p.g + |g|^2 from losing digits.

    Args:
        gallery: Floats `(m, d)`, float32 or float64.
        codes: Integers `(m,)`, the person of each gallery encoding, 0 to k - 1, all of them in use.
        probes: Floats `(n, d)`.
        own_codes: Integers `(n,)`, each probe's person, or -1 for people outside the gallery.
        memory_mb: Bound on the working memory, in MB; one probe and one block are always taken.

    Returns:
        `(nearest, own, rank)`: the squared distance to the nearest person `(n,)`, to the probe's own person `(n,)`
        (infinite for -1), and the own person's rank `(n,)`, 1 + the number of other people no farther (0 for -1).

    Example:
        >>> gallery, codes = np.array([[0.0], [5.0], [1.0]]), np.array([0, 0, 1])
        >>> nearest, own, rank = nearest_identities(gallery, codes, np.array([[0.75], [4.0]]), np.array([0, -1]))
        >>> nearest.tolist(), own.tolist(), rank.tolist()
        ([0.0625, 1.0], [0.5625, inf], [2, 0])
    """
    order = None if np.all(codes[1:] >= codes[:-1]) else np.argsort(codes, kind="stable")
    codes = codes if order is None else codes[order]
    people = int(codes[-1]) + 1
    dtype = np.result_type(gallery, probes)
    mean = gallery.mean(axis=0, dtype=np.float64).astype(dtype)
    probes = (probes - mean).astype(dtype, copy=False)
    single = people == len(codes)
    starts = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]]))
    together = int(min(TOGETHER, len(probes), max(1, memory_mb * 2**20 // (dtype.itemsize * (people + 3 * BLOCK)))))
    nearest, own = np.empty(len(probes)), np.full(len(probes), np.inf)
    rank = np.zeros(len(probes), np.int64)
    for begin in range(0, len(probes), together):
        some = probes[begin : begin + together]
        distances = np.full((len(some), people), np.inf, dtype)  # less |p|^2, which a row has in common
        for first in range(0, len(codes), BLOCK):
            last = min(first + BLOCK, len(codes))
            block = (gallery[first:last] if order is None else gallery[order[first:last]]) - mean
            squares = (-2 * some) @ block.T
            squares += np.einsum("ij,ij->i", block, block)
            if not single:
                inside = starts[np.searchsorted(starts, first, "right") : np.searchsorted(starts, last)] - first
                squares = np.minimum.reduceat(squares, np.concatenate([[0], inside]), axis=1)
            seen = distances[:, codes[first] : codes[last - 1] + 1]
            np.minimum(seen, squares, out=seen)
        mine = own_codes[begin : begin + together]
        rows = np.flatnonzero(mine >= 0)
        square = np.einsum("ij,ij->i", some, some)
        nearest[begin : begin + together] = np.maximum(distances.min(axis=1) + square, 0)
        own[begin + rows] = np.maximum(distances[rows, mine[rows]] + square[rows], 0)
        for row in rows:
            rank[begin + row] = np.count_nonzero(distances[row] <= distances[row, mine[row]])
    return nearest, own, rank
