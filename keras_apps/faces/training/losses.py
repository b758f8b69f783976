"""Embeddings and labels -> triplets (anchor, positive, negative) -> the triplet loss."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_apps._checks import check_choice, check_number, check_whole
from keras_apps.faces.distances import DISTANCES
from keras_apps.faces.training.mining import (
    STRATEGIES,
    candidates,
    checked_strategy,
    label_groups,
    pairwise_distances,
    pairwise_squared_euclidean,
    safe_root,
)


def triplet_loss(
    anchor: Any, positive: Any, negative: Any, margin: float = 0.2, distance: str = "squared_euclidean"
) -> tf.Tensor:
    """Compute the course's L(A, P, N) = max(d(A, P) - d(A, N) + margin, 0), row by row.

    d is the squared Euclidean distance, as in FaceNet. Differentiable in all three.

    Args:
        anchor: Floats `(n, d)`, arrays or tensors; half precision is computed in float32.
        positive: Floats `(n, d)`, other pictures of the anchors' people.
        negative: Floats `(n, d)`, pictures of other people.
        margin: Float >= 0, the course's alpha, in the units of the distance.
        distance: `"squared_euclidean"`, or `"euclidean"`, its root.

    Returns:
        Tensor of floats >= 0, `(n,)`.

    Raises:
        TypeError: If the margin is not a number.
        ValueError: If shapes differ, the margin is negative or not finite, or the distance is unknown.

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
    d_ap, d_an = row_distances(anchor, positive, distance), row_distances(anchor, negative, distance)
    return tf.maximum(d_ap - d_an + margin, 0)


def row_distances(first: tf.Tensor, second: tf.Tensor, distance: str = "squared_euclidean") -> tf.Tensor:
    """Compute the distance of two tensors `(n, d)`, row by row: floats >= 0, `(n,)`."""
    squared = tf.reduce_sum(tf.square(first - second), axis=-1)
    return safe_root(squared) if checked_distance(distance) == "euclidean" else squared


def mine_triplets(
    embeddings: Any, labels: Any, strategy: str = "semi-hard", margin: float = 0.2, seed: int | None = None
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
        raise ValueError("expected finite embeddings, received NaN or infinity")
    seed = int(np.random.default_rng().integers(2**31)) if seed is None else seed
    distances, people = pairwise_squared_euclidean(embeddings), label_groups(labels)
    found = [np.zeros((3, 0), np.int64)]
    for number in tf.range(1, people.rounds + 1):
        chosen = rule(candidates(distances, people, number, margin, tf.cast(seed, tf.int32))).numpy()
        anchors, negatives = np.nonzero(chosen)
        found.append(np.stack([anchors, people.partner(number).numpy()[anchors], negatives]))
    triplets = np.concatenate(found, axis=1)
    anchors, positives, negatives = triplets[:, np.lexsort(triplets[::-1])]
    return anchors, positives, negatives


def checked_margin(margin: float) -> float:
    """Return the margin as a `float`.

    Raises:
        TypeError: If it is not a number.
        ValueError: If it is negative or not finite.
    """
    return check_number("a margin", margin, 0)


def checked_distance(distance: str) -> str:
    """Return the distance's name.

    Raises:
        ValueError: If there is no distance of that name.
    """
    check_choice("distance", distance, DISTANCES)
    return distance


def checked_batch(embeddings: Any, labels: Any) -> tuple[tf.Tensor, tf.Tensor]:
    """Return embeddings `(n, d)` as floats, at least float32, and labels `(n,)` as numbers.

    Names become numbers by a 64-bit hash.

    Raises:
        ValueError: If a shape is wrong, or the labels are neither numbers nor names. NaN among the labels is found
            only outside `tf.function`.
    """
    embeddings, labels = as_floats(embeddings), numbered(labels)
    if not (labels.dtype.is_integer or labels.dtype.is_floating):
        raise ValueError(f"expected numbers or names as labels, one per picture, received {labels.dtype.name}")
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


def numbered(labels: Any) -> tf.Tensor:
    """Return labels as a tensor of numbers: equal names become equal integers, booleans 0 and 1.

    Example:
        >>> ada, bob, again = numbered(["ada", "bob", "ada"]).numpy()
        >>> bool(ada == again), bool(ada == bob)
        (True, False)
    """
    labels = tf.convert_to_tensor(labels)
    if labels.dtype == tf.string:
        return tf.strings.to_hash_bucket_fast(labels, 2**63 - 1)
    return tf.cast(labels, tf.int32) if labels.dtype == tf.bool else labels


def _has_nan(labels: Any) -> bool:
    if tf.is_tensor(labels) and (not labels.dtype.is_floating or not hasattr(labels, "numpy")):
        return False
    labels = np.asarray(labels)
    return labels.dtype.kind == "f" and bool(np.isnan(labels).any())


def as_floats(values: Any) -> tf.Tensor:
    """Return a tensor of float32, or of float64 where it was that."""
    values = tf.convert_to_tensor(values)
    return values if values.dtype == tf.float64 else tf.cast(values, tf.float32)


REDUCTIONS = ("mean", "sum")


class TripletBatch(NamedTuple):
    """The triplet loss of one batch, and how its triplets stand.

    Attributes:
        loss: The mean or sum of L over the chosen triplets; 0 when there are none. Differentiable.
        chosen: How many triplets were chosen.
        valid: How many triplets the batch holds.
        active: Share of the valid triplets with a loss above 0, in [0, 1].
        d_ap: Mean distance of anchor and positive, over the batch's pairs of one person.
        d_an: Mean distance of anchor and negative, over the batch's pairs of two people.
        mean_of_all: The mean of L over all valid triplets, whatever was chosen; NaN if a distance is. Not
            differentiable.
    """

    loss: tf.Tensor
    chosen: tf.Tensor
    valid: tf.Tensor
    active: tf.Tensor
    d_ap: tf.Tensor
    d_an: tf.Tensor
    mean_of_all: tf.Tensor


def batch_triplet_loss(
    embeddings: Any,
    labels: Any,
    margin: float = 0.2,
    strategy: str = "semi-hard",
    reduction: str = "mean",
    seed: Any = 0,
    distance: str = "squared_euclidean",
) -> TripletBatch:
    """Mine a labelled batch and compute its triplet loss, from one matrix product of distances.

    The triplets are walked through in rounds: each anchor with its first positive and all negatives, then with its
    second, and so on. A round is `(n, n)`, so nothing of size `(n, n, n)` is ever made; with K pictures of each
    person there are K - 1 rounds. The sum of L over the active triplets is linear in the distances: each counts
    as often as its pair is an active triplet's (anchor, positive), less as often as it is one's (anchor, negative).
    These counts are the whole gradient, so the rounds need not be kept for it.

    Args:
        embeddings: Floats `(n, d)`; half precision is computed in float32.
        labels: Numbers or names `(n,)` or `(n, 1)`, equal where two rows show one person.
        margin: Float >= 0, in the units of the distance.
        strategy: Which triplets count: `"all"`, `"hard"`, `"semi-hard"`, `"random"` (see `mine_triplets`),
            `"semi-hard-nearest"` or `"batch-hard"`.
        reduction: `"mean"` or `"sum"` over the chosen triplets.
        seed: Integer from 0 to 2**31 - 1, for `"random"`.
        distance: `"squared_euclidean"` or `"euclidean"`.

    Returns:
        A `TripletBatch` of scalar tensors.

    Raises:
        TypeError: If the margin is not a number.
        ValueError: If shapes, labels, margin, strategy, reduction or distance are not as above.

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
    distances = pairwise_distances(embeddings, checked_distance(distance))
    fixed, people = tf.stop_gradient(distances), label_groups(labels)
    dtype, columns = fixed.dtype, tf.range(tf.size(labels))

    def one_round(number: Any, loss: Any, of_all: Any, chosen: Any, active: Any, counts: Any) -> tuple[Any, ...]:
        c = candidates(fixed, people, number, margin, seed)
        violation = c.d_ap - c.d_an + margin
        violated, taken = c.valid & (violation > 0), rule(c)
        pushed = tf.cast(taken & violated, dtype)
        pulled = tf.where(people.partner(number)[:, None] == columns, tf.reduce_sum(pushed, axis=1)[:, None], 0)
        return (
            number + 1,
            loss + tf.reduce_sum(pushed * violation, axis=1),
            of_all + tf.reduce_sum(tf.where(c.valid & ~(violation <= 0), violation, 0), axis=1),
            chosen + tf.reduce_sum(tf.cast(taken, dtype), axis=1),
            active + tf.reduce_sum(tf.cast(violated, dtype), axis=1),
            counts + pulled - pushed,
        )

    zeros = tf.reduce_sum(tf.zeros_like(fixed), axis=1)
    start = (tf.constant(1), zeros, zeros, zeros, zeros, tf.zeros_like(fixed))
    _, loss, of_all, chosen, active, counts = tf.while_loop(
        lambda number, *_: number <= people.rounds, one_round, start
    )

    @tf.custom_gradient
    def total(distances: tf.Tensor) -> tuple[tf.Tensor, Any]:
        return tf.reduce_sum(loss), lambda upstream: upstream * counts

    genuine = tf.cast(people.same, dtype) - tf.eye(tf.size(labels), dtype=dtype)
    impostor = tf.cast(~people.same, dtype)
    pairs, strangers = tf.reduce_sum(genuine, axis=1), tf.reduce_sum(impostor, axis=1)
    valid, chosen = tf.reduce_sum(pairs * strangers), tf.reduce_sum(chosen)
    return TripletBatch(
        loss=_reduced(total(distances), chosen, reduction),
        mean_of_all=_share(tf.reduce_sum(of_all), valid),
        chosen=chosen,
        valid=valid,
        active=_share(tf.reduce_sum(active), valid),
        d_ap=_share(tf.reduce_sum(tf.reduce_sum(genuine * fixed, axis=1)), tf.reduce_sum(pairs)),
        d_an=_share(tf.reduce_sum(tf.reduce_sum(impostor * fixed, axis=1)), tf.reduce_sum(strangers)),
    )


def given_triplet_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 0.2,
    reduction: str = "mean",
    distance: str = "squared_euclidean",
) -> TripletBatch:
    """Compute the triplet loss of given triplets, all of them chosen.

    Args:
        anchor, positive, negative: Floats `(n, d)`; row i of each makes one triplet.
        margin: Float >= 0, in the units of the distance.
        reduction: `"mean"` or `"sum"`.
        distance: `"squared_euclidean"` or `"euclidean"`.

    Returns:
        A `TripletBatch` of scalar tensors.

    Raises:
        TypeError: If the margin is not a number.
        ValueError: If shapes differ, or margin, reduction or distance are not as above.

    Example:
        >>> float(given_triplet_loss([[0.0]], [[1.0]], [[1.5]], margin=2.0).loss)  # 1 - 2.25 + 2
        0.75
    """
    losses = triplet_loss(anchor, positive, negative, margin, distance)
    anchor, positive, negative = (as_floats(x) for x in (anchor, positive, negative))
    d_ap, d_an = row_distances(anchor, positive, distance), row_distances(anchor, negative, distance)
    count = tf.cast(tf.size(losses), losses.dtype)
    active = tf.reduce_sum(tf.cast(losses > 0, losses.dtype))
    return TripletBatch(
        loss=_reduced(tf.reduce_sum(losses), count, reduction),
        mean_of_all=tf.stop_gradient(_share(tf.reduce_sum(losses), count)),
        chosen=count,
        valid=count,
        active=_share(active, count),
        d_ap=_share(tf.reduce_sum(d_ap), count),
        d_an=_share(tf.reduce_sum(d_an), count),
    )


@keras.saving.register_keras_serializable("keras_apps")
class TripletLoss(keras.losses.Loss):
    """The triplet loss on labelled embeddings, for `model.compile(loss=faces.TripletLoss())` of any Keras model.

    The model's output is the embedding; the labels say who is in each picture. Triplets are mined within the batch.
    `TripletModel` uses the same loss, and reports more.

    If the mining chose no triplet although some violate the margin (all embeddings alike, or training diverged), the
    value is the mean of L over all triplets of the batch. It has no gradient then, but it is not 0: a loss of 0
    means that every triplet satisfies the margin, or that the batch holds no triplet. In a batch with no two pictures
    of one person, or with one person only, the loss is 0. Keras averages batches by their pictures, `TripletModel` by
    their triplets.

    Args:
        margin: Float >= 0, in the units of the distance.
        mining: Which triplets of the batch count; see `mine_triplets`.
        distance: `"squared_euclidean"`, as in FaceNet, or `"euclidean"`.
        reduction: `"mean"` or `"sum"` over the chosen triplets.
        seed: Integer from 0 to 2**31 - 1, for `mining="random"`.
        name: The loss's name.
        dtype: Not used: half precision is computed in float32. Part of every Keras loss's config.

    Args (call):
        y_true: Numbers or names `(n,)` or `(n, 1)`, equal where two rows show one person.
        y_pred: Embeddings, floats `(n, d)`.

    Returns:
        A scalar, float32.

    Raises:
        TypeError: If an argument has a wrong type.
        ValueError: If an argument or a shape is not as above, or sample weights are given: a triplet has three
            pictures, and no weight of its own.

    Example:
        One person at 0 and 1 on a line, another at 1.5: max(1 - 2.25 + 0.5, 0) and 1 - 0.25 + 0.5, their mean 0.625.

        >>> loss = TripletLoss(margin=0.5, mining="all")
        >>> float(loss(["ada", "ada", "bob"], [[0.0], [1.0], [1.5]]))
        0.625

    Reference:
        Schroff et al., "FaceNet", CVPR 2015, section 3.
    """

    def __init__(
        self,
        margin: float = 0.2,
        mining: str = "semi-hard",
        distance: str = "squared_euclidean",
        reduction: str = "mean",
        seed: int = 0,
        name: str = "triplet_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=checked_reduction(reduction), dtype=dtype)
        self.margin = checked_margin(margin)
        self.mining = checked_strategy(mining)
        self.distance = checked_distance(distance)
        self.seed = check_whole("a seed", seed, 0, 2**31 - 1)
        self._draws = keras.random.SeedGenerator(self.seed) if mining == "random" else None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tf.Tensor:
        if sample_weight is not None:
            raise ValueError("expected no sample or class weights, received some: a triplet has no weight of its own")
        return per_replica(self.call(y_true, y_pred), self.reduction)

    def call(self, y_true: Any, y_pred: Any) -> tf.Tensor:
        """Compute the loss of a labelled batch, a scalar."""
        return reported_loss(self.of_batch(y_true, y_pred))

    def of_batch(self, labels: Any, embeddings: Any, seed: Any = None) -> TripletBatch:
        """Mine a labelled batch and compute its loss.

        Args:
            labels: As `y_true`.
            embeddings: As `y_pred`.
            seed: Integer from 0 to 2**31 - 1, for `mining="random"`; the next of the loss's own draws when None.
        """
        if seed is None:
            seed = tf.cast(self._draws.next()[1] % 2**31, tf.int32) if self._draws else self.seed
        return batch_triplet_loss(
            embeddings, labels, self.margin, self.mining, self.reduction, seed, distance=self.distance
        )

    def of_triplets(self, anchor: Any, positive: Any, negative: Any) -> TripletBatch:
        """Compute the loss of given triplets of embeddings, three arrays `(n, d)`; all of them count."""
        return given_triplet_loss(anchor, positive, negative, self.margin, self.reduction, self.distance)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "margin": self.margin,
            "mining": self.mining,
            "distance": self.distance,
            "seed": self.seed,
        }


def reported_loss(batch: TripletBatch) -> tf.Tensor:
    """Return a batch's loss, or the mean of L over all its triplets where the mining chose none."""
    return batch.loss + tf.stop_gradient(
        tf.where(batch.chosen > 0, tf.zeros_like(batch.mean_of_all), batch.mean_of_all)
    )


def per_replica(loss: tf.Tensor, reduction: str) -> tf.Tensor:
    """Divide a mean by the number of replicas, whose gradients the optimiser adds up; leave a sum as it is."""
    return loss / tf.distribute.get_strategy().num_replicas_in_sync if reduction == "mean" else loss


def checked_reduction(reduction: str) -> str:
    """Return the reduction's name.

    Raises:
        ValueError: If there is no reduction of that name.
    """
    check_choice("reduction", reduction, REDUCTIONS)
    return reduction


def _reduced(total: tf.Tensor, count: tf.Tensor, reduction: str) -> tf.Tensor:
    return _share(total, count) if checked_reduction(reduction) == "mean" else total


def _share(total: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    return total / tf.maximum(count, 1)
