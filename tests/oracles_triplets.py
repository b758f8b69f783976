"""Triplets by the definition: three loops, one triplet at a time."""

import numpy as np


def squared(a, b) -> float:
    return float(np.sum((np.asarray(a, np.float64) - np.asarray(b, np.float64)) ** 2))


def belongs(strategy: str, d_ap: float, d_an: float, margin: float) -> bool:
    return {"all": True, "hard": d_an <= d_ap, "semi-hard": d_ap < d_an < d_ap + margin}[strategy]


def triplets(embeddings, labels, strategy: str, margin: float) -> list[tuple[int, int, int]]:
    """Every triplet of a class, or the one that "semi-hard-nearest" and "batch-hard" choose, in order."""
    n, found = len(labels), []
    d = [[squared(a, b) for b in embeddings] for a in embeddings]
    for a in range(n):
        positives = [p for p in range(n) if p != a and labels[p] == labels[a]]
        negatives = [k for k in range(n) if labels[k] != labels[a]]
        for p in positives:
            if strategy == "semi-hard-nearest":
                beyond = [k for k in negatives if d[a][k] > d[a][p]]
                chosen = [min(beyond, key=lambda k: d[a][k]) if beyond else max(negatives, key=lambda k: d[a][k])]
            elif strategy == "batch-hard":
                chosen = [min(negatives, key=lambda k: d[a][k])] if p == max(positives, key=lambda q: d[a][q]) else []
            else:
                chosen = [k for k in negatives if belongs(strategy, d[a][p], d[a][k], margin)]
            found += [(a, p, k) for k in chosen]
    return found


def loss(embeddings, indices, margin: float, reduction: str) -> float:
    losses = [
        max(squared(embeddings[a], embeddings[p]) - squared(embeddings[a], embeddings[n]) + margin, 0.0)
        for a, p, n in indices
    ]
    return (sum(losses) / max(len(losses), 1)) if reduction == "mean" else sum(losses)


def gradient(embeddings, indices, margin: float, reduction: str) -> np.ndarray:
    """dL/dA = 2(N - P), dL/dP = 2(P - A), dL/dN = 2(A - N), for the triplets whose loss is above 0."""
    e, total = np.asarray(embeddings, np.float64), np.zeros(np.shape(embeddings))
    for a, p, n in indices:
        if squared(e[a], e[p]) - squared(e[a], e[n]) + margin > 0:
            total[a] += 2 * (e[n] - e[p])
            total[p] += 2 * (e[p] - e[a])
            total[n] += 2 * (e[a] - e[n])
    return total / max(len(indices), 1) if reduction == "mean" else total
