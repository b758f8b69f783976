"""Distances of known pairs -> how often a threshold errs: FAR, FRR, the ROC curve, its area, the EER."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, eq=False)
class Roc:
    """The rates at every threshold that decides differently.

    Attributes:
        tau: Thresholds, ascending: minus infinity (nothing is accepted), then each distance that occurs.
        far: Accepted share of impostor comparisons at each tau, rising from 0 to 1.
        frr: Rejected share of genuine comparisons at each tau, falling from 1 to 0.
    """

    tau: np.ndarray
    far: np.ndarray
    frr: np.ndarray

    @property
    def tar(self) -> np.ndarray:
        """Accepted share of genuine comparisons at each tau, 1 - FRR."""
        return 1 - self.frr


def split_kinds(distances: ArrayLike, same: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Check known comparisons, and sort the distances of each kind.

    Args:
        distances: Floats >= 0, `(n,)`.
        same: Booleans or 0 and 1, `(n,)`. Needs both kinds.

    Returns:
        `(genuine, impostor)`, float64, each ascending.

    Raises:
        ValueError: If shapes differ, a distance is negative or not finite, a label is neither 0 nor 1, or one kind
            is missing.

    Example:
        >>> [kind.tolist() for kind in split_kinds([0.9, 0.2, 0.5], [0, 1, 0])]
        [[0.2], [0.5, 0.9]]
    """
    distances, same = checked(distances, same)
    return np.sort(distances[same]), np.sort(distances[~same])


def checked(distances: ArrayLike, same: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return known comparisons as float64 and boolean arrays `(n,)`, or raise as `split_kinds` says."""
    distances, labels = np.asarray(distances, np.float64), np.asarray(same)
    if distances.ndim != 1 or distances.shape != labels.shape:
        raise ValueError(
            f"expected distances and same of one shape (n,), received {distances.shape} and {labels.shape}"
        )
    if not np.all(np.isfinite(distances)) or (distances.size and distances.min() < 0):
        wrong = distances[~(np.isfinite(distances) & (distances >= 0))]
        raise ValueError(
            f"expected finite distances of at least 0, received {wrong[0]} (one of {wrong.size} such values)"
        )
    same = labels.astype(bool)
    if not np.array_equal(same, labels):
        raise ValueError(f"expected booleans, or 0 and 1, for same, received {labels[same != labels][0]!r}")
    if same.all() or not same.any():
        raise ValueError(f"expected genuine and impostor pairs, received {same.sum()} and {(~same).sum()}")
    return distances, same


def far_frr(distances: ArrayLike, same: ArrayLike, tau: float) -> tuple[float, float]:
    """Compute the false accept and false reject rates at one threshold.

    A comparison is accepted when its distance is at most `tau`. FAR is the accepted share of impostor
    comparisons, FRR the rejected share of genuine ones.

    Args:
        distances: Floats >= 0, shape `(n,)`, all from one distance function.
        same: Booleans, shape `(n,)`; true where both pictures show one person. Needs both kinds.
        tau: Float >= 0, in the units of `distances`.

    Returns:
        `(far, frr)`, floats in [0, 1].

    Raises:
        ValueError: If shapes differ, a distance or tau is negative or not finite, or one kind is missing.

    Example:
        >>> far_frr([0.2, 0.9, 0.5, 1.4, 1.1, 0.8], [1, 1, 0, 0, 0, 0], tau=0.6)
        (0.25, 0.5)

    Reference:
        Schroff et al., "FaceNet", CVPR 2015, section 4.
    """
    if not 0 <= tau < np.inf:
        raise ValueError(f"expected a finite tau of at least 0, received {tau}")
    distances, same = checked(distances, same)
    accepted = distances <= tau
    return float(np.mean(accepted[~same])), float(np.mean(~accepted[same]))


def roc(distances: ArrayLike, same: ArrayLike) -> Roc:
    """Compute FAR and FRR at every threshold, comparisons of one distance entering together.

    Args:
        distances: Floats >= 0, `(n,)`, all from one distance function.
        same: Booleans `(n,)`, true where both pictures show one person. Needs both kinds.

    Returns:
        A `Roc` with one point more than there are different distances.

    Raises:
        ValueError: As `far_frr`.

    Example:
        >>> curve = roc([0.2, 0.5, 0.5, 0.9], [1, 1, 0, 0])
        >>> curve.tau.tolist(), curve.far.tolist(), curve.frr.tolist()
        ([-inf, 0.2, 0.5, 0.9], [0.0, 0.0, 0.5, 1.0], [1.0, 0.5, 0.0, 0.0])
    """
    return roc_of(*split_kinds(distances, same))


def roc_of(genuine: np.ndarray, impostor: np.ndarray) -> Roc:
    """Compute the curve of `roc` from the sorted distances of both kinds."""
    tau, accepted_genuine, accepted_impostor = counts_of(genuine, impostor)
    return Roc(np.concatenate([[-np.inf], tau]), accepted_impostor / impostor.size, 1 - accepted_genuine / genuine.size)


def counts_of(genuine: np.ndarray, impostor: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the different distances `(u,)`, and how many of each kind are accepted at none and at each `(u + 1,)`."""
    tau = np.unique(np.concatenate([genuine, impostor]))
    accepted_genuine, accepted_impostor = (
        np.concatenate([[0], np.searchsorted(kind, tau, side="right")]) for kind in (genuine, impostor)
    )
    return tau, accepted_genuine, accepted_impostor


def equal_error_rate(curve: Roc) -> tuple[float, float]:
    """Find where FAR equals FRR.

    The rates are steps. Where no step has FAR = FRR, the EER is read off the straight line between the last step
    with FAR < FRR and the next, as on a drawn ROC curve; `tau` is interpolated alike.

    Args:
        curve: What `roc` returned.

    Returns:
        `(eer, tau)`: a float in [0, 1], and a float in the units of the distances.

    Example:
        >>> equal_error_rate(roc([0.1, 0.4, 0.3, 0.9], [1, 1, 0, 0]))
        (0.5, 0.3)
    """
    k = int(np.argmax(curve.far >= curve.frr))  # never 0, where FAR = 0 and FRR = 1
    eer, part = crossing(curve.far[k - 1], curve.frr[k - 1], curve.far[k], curve.frr[k])
    before = curve.tau[k - 1] if k > 1 else curve.tau[k]
    return float(eer), float(before + part * (curve.tau[k] - before))


def crossing(
    far_before: np.ndarray, frr_before: np.ndarray, far_after: np.ndarray, frr_after: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return where FAR = FRR on the straight line between two thresholds, and at which part of the way."""
    gap = frr_before - far_before
    part = gap / (gap + far_after - frr_after)
    return far_before + part * (far_after - far_before), part


def area_under_roc(genuine: np.ndarray, impostor: np.ndarray) -> float:
    """Return the probability that a genuine comparison is nearer than an impostor one; a tie counts one half.

    Args:
        genuine: Sorted distances `(m,)`.
        impostor: Sorted distances `(n,)`.

    Returns:
        A float in [0, 1], the area under the ROC curve.

    Example:
        >>> area_under_roc(np.array([0.1, 0.5]), np.array([0.5, 0.9]))
        0.875

    Reference:
        Hanley and McNeil, "The meaning and use of the area under a ROC curve", Radiology 143, 1982.
    """
    return float(np.mean(nearer_share(genuine, impostor)))


def nearer_share(genuine: np.ndarray, impostor: np.ndarray) -> np.ndarray:
    """Return for each genuine distance the share of impostor distances above it, ties counting one half."""
    below, upto = (np.searchsorted(impostor, genuine, side=side) for side in ("left", "right"))
    return 1 - (below + upto) / (2 * impostor.size)
