"""A batch of embeddings and labels -> the triplet loss over the mined triplets, without a list of triplets."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from keras_apps._choices import check_choice
from keras_apps.faces.mining import STRATEGIES, candidates, checked_strategy, pairwise_squared_euclidean, people_of
from keras_apps.faces.triplets import as_floats, checked_batch, checked_margin, triplet_loss

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
