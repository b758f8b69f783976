"""Embeddings and labels -> triplets (anchor, positive, negative) -> the triplet loss."""

from __future__ import annotations

import math
from numbers import Real
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from keras_apps._checks import check_choice
from keras_apps.faces.training.mining import (
    STRATEGIES,
    candidates,
    checked_strategy,
    pairwise_squared_euclidean,
    people_of,
)


def triplet_loss(anchor, positive, negative, margin: float = 0.2):
    """Compute the course's L(A, P, N) = max(d(A, P) - d(A, N) + margin, 0), row by row.

    d is the squared Euclidean distance. Differentiable in all three.

    Args:
        anchor: Floats `(n, d)`, arrays or tensors; half precision is computed in float32.
        positive: Floats `(n, d)`, other pictures of the anchors' people.
        negative: Floats `(n, d)`, pictures of other people.
        margin: Float >= 0, the course's alpha, in squared distance.

    Returns:
        Tensor of floats >= 0, `(n,)`.

    Raises:
        ValueError: If shapes differ, or the margin is negative or not finite.

    Example:
        >>> triplet_loss([[0.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]], margin=0.2).numpy()  # 1 - 1 + 0.2
        array([0.2], dtype=float32)

    Reference:
        Schroff et al., "FaceNet", CVPR 2015, section 3.1, where L is the sum of these over the triplets.
    """
    margin = checked_margin(margin)
    anchor, positive, negative = (as_floats(x) for x in (anchor, positive, negative))
    if not all(anchor.shape.is_compatible_with(x.shape) for x in (positive, negative)):
        raise ValueError(
            "expected anchor, positive and negative of one shape, received shapes "
            f"{tuple(anchor.shape)}, {tuple(positive.shape)} and {tuple(negative.shape)}"
        )
    d_ap = tf.reduce_sum(tf.square(anchor - positive), axis=-1)
    d_an = tf.reduce_sum(tf.square(anchor - negative), axis=-1)
    return tf.maximum(d_ap - d_an + margin, 0)


def mine_triplets(
    embeddings, labels, strategy: str = "semi-hard", margin: float = 0.2, seed: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """List the triplets of one kind in a batch.

    | Strategy | Triplets |
    |---|---|
    | `"all"` | every one: anchor and positive are two rows of one person, the negative is another person's |
    | `"hard"` | d(a,n) <= d(a,p) |
    | `"semi-hard"` | d(a,p) < d(a,n) < d(a,p) + margin |
    | `"random"` | one random negative for each (anchor, positive) |
    | `"semi-hard-nearest"` | for each (anchor, positive) the nearest with d(a,n) > d(a,p), or else the farthest |
    | `"batch-hard"` | one for each anchor: its farthest positive and nearest negative |

    The list can be long: 512 rows with 4 of each person hold 780,288 triplets. Training does not need it; see
    `batch_triplet_loss`.

    Args:
        embeddings: Finite floats `(n, d)`, array or tensor.
        labels: `(n,)`, integers or names, equal where two rows show one person.
        strategy: One of the table's.
        margin: Float >= 0, in squared distance.
        seed: Integer, for `"random"`; another draw every time when None.

    Returns:
        `(anchors, positives, negatives)`, integer arrays `(m,)`, sorted by anchor, then positive, then negative.
        Empty where there is none, as with one person or all different people.

    Raises:
        ValueError: If shapes, strategy or margin are not as above, or a value is not finite.

    Example:
        One person at 0 and 1 on a line, another at 1.5: d(a,p) = 1, d(a,n) = 2.25 from 0 and 0.25 from 1.

        >>> [indices.tolist() for indices in mine_triplets([[0.0], [1.0], [1.5]], ["ada", "ada", "bob"], "hard")]
        [[1], [0], [2]]

    Reference:
        Schroff et al., "FaceNet", CVPR 2015, section 3.2; Hermans et al., "In Defense of the Triplet Loss", 2017.
    """
    if np.ndim(labels) == 1 and not _has_nan(labels):
        labels = np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int32)
    embeddings, labels = checked_batch(embeddings, labels)
    margin, rule = checked_margin(margin), STRATEGIES[checked_strategy(strategy)]
    if not np.isfinite(embeddings.numpy()).all():
        raise ValueError("expected finite embeddings, received others")
    seed = np.random.default_rng().integers(2**31) if seed is None else seed
    distances, people = pairwise_squared_euclidean(embeddings), people_of(labels)
    found = [np.zeros((3, 0), np.int64)]
    for number in tf.range(1, people.rounds + 1):
        chosen = rule(candidates(distances, people, number, margin, tf.cast(seed, tf.int32))).numpy()
        anchors, negatives = np.nonzero(chosen)
        found.append(np.stack([anchors, people.partner(number).numpy()[anchors], negatives]))
    triplets = np.concatenate(found, axis=1)
    anchors, positives, negatives = triplets[:, np.lexsort(triplets[::-1])]
    return anchors, positives, negatives


def checked_margin(margin: float) -> float:
    """Return the margin, a finite number of at least 0.

    Raises:
        ValueError: If it is another.
    """
    if isinstance(margin, bool) or not isinstance(margin, Real) or not 0 <= margin < math.inf:
        raise ValueError(f"expected a margin of at least 0, received {margin!r}")
    return float(margin)


def checked_batch(embeddings, labels) -> tuple[tf.Tensor, tf.Tensor]:
    """Return embeddings `(n, d)` as floats, at least float32, and labels `(n,)`, numbers.

    Raises:
        ValueError: If the shapes are others, or the labels no numbers; NaN is found only outside `tf.function`.
    """
    embeddings, labels = as_floats(embeddings), tf.convert_to_tensor(labels)
    if labels.dtype == tf.bool:
        labels = tf.cast(labels, tf.int32)
    if not (labels.dtype.is_integer or labels.dtype.is_floating):
        raise ValueError(f"expected numbers as labels, one for each person, received {labels.dtype.name}")
    if _has_nan(labels):
        raise ValueError("expected a number as each label, received NaN")
    if labels.shape.rank == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if (
        embeddings.shape.rank != 2
        or labels.shape.rank != 1
        or not labels.shape.is_compatible_with(embeddings.shape[:1])
    ):
        raise ValueError(
            f"expected embeddings (n, d) and labels (n,), received shapes {embeddings.shape} and {labels.shape}"
        )
    return embeddings, labels


def _has_nan(labels) -> bool:
    if tf.is_tensor(labels) and (not labels.dtype.is_floating or not hasattr(labels, "numpy")):
        return False
    labels = np.asarray(labels)
    return labels.dtype.kind == "f" and bool(np.isnan(labels).any())


def as_floats(values) -> tf.Tensor:
    """Return a tensor of float32, or of float64 where it was that."""
    values = tf.convert_to_tensor(values)
    return values if values.dtype == tf.float64 else tf.cast(values, tf.float32)


REDUCTIONS = ("mean", "sum")


class TripletBatch(NamedTuple):
    """What one batch has to say.

    Attributes:
        loss: The mean or sum of L over the chosen triplets; 0 when there are none. Differentiable.
        chosen: How many triplets were chosen.
        valid: How many triplets the batch holds.
        active: Share of the valid triplets with a loss above 0, in [0, 1].
        d_ap: Mean squared distance of anchor and positive, over the batch's pairs of one person.
        d_an: Mean squared distance of anchor and negative, over the batch's pairs of two people.
    """

    loss: tf.Tensor
    chosen: tf.Tensor
    valid: tf.Tensor
    active: tf.Tensor
    d_ap: tf.Tensor
    d_an: tf.Tensor


def batch_triplet_loss(
    embeddings, labels, margin: float = 0.2, strategy: str = "semi-hard", reduction: str = "mean", seed=0
) -> TripletBatch:
    """Mine a labelled batch and compute its triplet loss, from one matrix product of distances.

    The triplets are walked through in rounds: each anchor with its first positive and all negatives, then with its
    second, and so on. A round is `(n, n)`, so nothing of size `(n, n, n)` is ever made; with K pictures of each
    person there are K - 1 rounds. The sum of L over the active triplets is linear in the distances: each counts
    as often as its pair is an active triplet's (anchor, positive), less as often as it is one's (anchor, negative).
    These counts are the whole gradient, so the rounds need not be kept for it.

    Args:
        embeddings: Floats `(n, d)`; half precision is computed in float32.
        labels: Integers or other numbers `(n,)` or `(n, 1)`, equal where two rows show one person.
        margin: Float >= 0, in squared distance.
        strategy: Which triplets count: `"all"`, `"hard"`, `"semi-hard"`, `"random"` (see `mine_triplets`),
            `"semi-hard-nearest"` or `"batch-hard"`.
        reduction: `"mean"` or `"sum"` over the chosen triplets.
        seed: Integer from 0 to 2**31 - 1, for `"random"`.

    Returns:
        A `TripletBatch` of scalar tensors.

    Raises:
        ValueError: If shapes, labels, margin, strategy or reduction are not as above.

    Example:
        One person at 0 and 1, another at 1.5 on a line: d(a,p) = 1 and d(a,n) = 2.25 or 0.25, margin 0.5.

        >>> batch = batch_triplet_loss([[0.0], [1.0], [1.5]], [0, 0, 1], margin=0.5, strategy="all")
        >>> float(batch.loss), float(batch.active)  # max(1 - 2.25 + 0.5, 0) and 1 - 0.25 + 0.5
        (0.625, 0.5)

    Reference:
        Schroff et al., "FaceNet", CVPR 2015, section 3; Hermans et al., "In Defense of the Triplet Loss", 2017.
    """
    embeddings, labels = checked_batch(embeddings, labels)
    margin, rule = checked_margin(margin), STRATEGIES[checked_strategy(strategy)]
    distances = pairwise_squared_euclidean(embeddings)
    fixed, people = tf.stop_gradient(distances), people_of(labels)
    dtype, columns = fixed.dtype, tf.range(tf.size(labels))

    def one_round(number, loss, chosen, active, counts):
        c = candidates(fixed, people, number, margin, seed)
        violation = c.d_ap - c.d_an + margin
        violated, taken = c.valid & (violation > 0), rule(c)
        pushed = tf.cast(taken & violated, dtype)
        pulled = tf.where(people.partner(number)[:, None] == columns, tf.reduce_sum(pushed, axis=1)[:, None], 0)
        return (
            number + 1,
            loss + tf.reduce_sum(pushed * violation, axis=1),
            chosen + tf.reduce_sum(tf.cast(taken, dtype), axis=1),
            active + tf.reduce_sum(tf.cast(violated, dtype), axis=1),
            counts + pulled - pushed,
        )

    zeros = tf.reduce_sum(tf.zeros_like(fixed), axis=1)
    start = (tf.constant(1), zeros, zeros, zeros, tf.zeros_like(fixed))
    _, loss, chosen, active, counts = tf.while_loop(lambda number, *_: number <= people.rounds, one_round, start)

    @tf.custom_gradient
    def total(distances):
        return tf.reduce_sum(loss), lambda upstream: upstream * counts

    genuine = tf.cast(people.same, dtype) - tf.eye(tf.size(labels), dtype=dtype)
    impostor = tf.cast(~people.same, dtype)
    pairs, strangers = tf.reduce_sum(genuine, axis=1), tf.reduce_sum(impostor, axis=1)
    valid, chosen = tf.reduce_sum(pairs * strangers), tf.reduce_sum(chosen)
    return TripletBatch(
        loss=_reduced(total(distances), chosen, reduction),
        chosen=chosen,
        valid=valid,
        active=_share(tf.reduce_sum(active), valid),
        d_ap=_share(tf.reduce_sum(tf.reduce_sum(genuine * fixed, axis=1)), tf.reduce_sum(pairs)),
        d_an=_share(tf.reduce_sum(tf.reduce_sum(impostor * fixed, axis=1)), tf.reduce_sum(strangers)),
    )


def given_triplet_loss(anchor, positive, negative, margin: float = 0.2, reduction: str = "mean") -> TripletBatch:
    """Compute the triplet loss of given triplets, all of them chosen.

    Args:
        anchor, positive, negative: Floats `(n, d)`; row i of each makes one triplet.
        margin: Float >= 0, in squared distance.
        reduction: `"mean"` or `"sum"`.

    Returns:
        A `TripletBatch` of scalar tensors.

    Raises:
        ValueError: If shapes differ, or margin or reduction are not as above.

    Example:
        >>> float(given_triplet_loss([[0.0]], [[1.0]], [[1.5]], margin=2.0).loss)  # 1 - 2.25 + 2
        0.75
    """
    losses = triplet_loss(anchor, positive, negative, margin)
    anchor, positive, negative = (as_floats(x) for x in (anchor, positive, negative))
    d_ap = tf.reduce_sum(tf.square(anchor - positive), axis=-1)
    d_an = tf.reduce_sum(tf.square(anchor - negative), axis=-1)
    count = tf.cast(tf.size(losses), losses.dtype)
    active = tf.reduce_sum(tf.cast(losses > 0, losses.dtype))
    return TripletBatch(
        loss=_reduced(tf.reduce_sum(losses), count, reduction),
        chosen=count,
        valid=count,
        active=_share(active, count),
        d_ap=_share(tf.reduce_sum(d_ap), count),
        d_an=_share(tf.reduce_sum(d_an), count),
    )


def checked_reduction(reduction: str) -> str:
    """Return the reduction's name.

    Raises:
        ValueError: If there is none of that name.
    """
    check_choice("reduction", reduction, REDUCTIONS)
    return reduction


def _reduced(total: tf.Tensor, count: tf.Tensor, reduction: str) -> tf.Tensor:
    return _share(total, count) if checked_reduction(reduction) == "mean" else total


def _share(total: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    return total / tf.maximum(count, 1)
