"""An anchor, its positive and the batch's distances -> the negatives to learn from: one rule per strategy."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from keras_apps._checks import check_choice


class LabelGroups(NamedTuple):
    """Which rows of a batch share a label, so that every anchor's positives can be visited, one a round.

    Attributes:
        same: Booleans `(n, n)`; true where two rows show one person (the diagonal too).
        size: Integers `(n,)`, how many rows the row's person has.
        first: Integers `(n,)`, where the row's person begins when rows are put in the order of their labels.
        rank: Integers `(n,)`, which of the person's rows this one is, from 0.
        order: Integers `(n,)`, the rows in the order of their labels.
    """

    same: tf.Tensor
    size: tf.Tensor
    first: tf.Tensor
    rank: tf.Tensor
    order: tf.Tensor

    @property
    def rounds(self) -> tf.Tensor:
        """How many positives the anchor with the most has; 0 in an empty batch."""
        return tf.reduce_max(tf.concat([self.size, [1]], axis=0), axis=0) - 1

    def partner(self, number: tf.Tensor) -> tf.Tensor:
        """Each anchor's positive of round `number` = 1, 2, ..., size - 1: integers `(n,)`.

        Within a person the rows stand in a ring; the partner is `number` places further. So each ordered
        (anchor, positive) pair comes up once. Past `size - 1` the answer means nothing.
        """
        return tf.gather(self.order, self.first + (self.rank + number) % self.size)


class Candidates(NamedTuple):
    """One positive for each anchor, with every row as its possible negative.

    Attributes:
        d_ap: Floats `(n, 1)`, squared distances of anchor and positive.
        d_an: Floats `(n, n)`, squared distances of anchor and every row.
        valid: Booleans `(n, n)`; true where the row is another person and the anchor has a positive this round.
        margin: Float >= 0.
        farthest: Booleans `(n, 1)`; true where the positive is the anchor's farthest.
        seed: Integers `(2,)`, for the random rule; another one every round.
    """

    d_ap: tf.Tensor
    d_an: tf.Tensor
    valid: tf.Tensor
    margin: float
    farthest: tf.Tensor
    seed: tf.Tensor


def choose_all(c: Candidates) -> tf.Tensor:
    """Take every negative, easy ones too."""
    return c.valid


def choose_hard(c: Candidates) -> tf.Tensor:
    """Take the negatives that are no farther than the positive: d(a,n) <= d(a,p)."""
    return c.valid & (c.d_an <= c.d_ap)


def choose_semi_hard(c: Candidates) -> tf.Tensor:
    """Take the negatives that are farther than the positive, but within the margin."""
    return c.valid & (c.d_ap < c.d_an) & (c.d_an < c.d_ap + c.margin)


def choose_random(c: Candidates) -> tf.Tensor:
    """Take one negative for each pair, each as likely as the others. XLA draws others than eager TensorFlow does."""
    draw = tf.random.stateless_uniform(tf.shape(c.d_an), c.seed, alg="philox")
    return c.valid & _smallest(tf.where(c.valid, draw, 2.0))


def choose_semi_hard_nearest(c: Candidates) -> tf.Tensor:
    """Take one negative for each pair: the nearest that is farther than the positive; if none is, the farthest.

    FaceNet's choice within the batch, as TensorFlow Addons made it.
    """
    beyond = c.valid & (c.d_an > c.d_ap)
    nearest = _smallest(tf.where(beyond, c.d_an, c.d_an.dtype.max))
    farthest = _smallest(tf.where(c.valid, -c.d_an, c.d_an.dtype.max))
    return c.valid & tf.where(tf.reduce_any(beyond, axis=1, keepdims=True), nearest, farthest)


def choose_batch_hard(c: Candidates) -> tf.Tensor:
    """Take one triplet for each anchor: its farthest positive and its nearest negative."""
    return c.valid & c.farthest & _smallest(tf.where(c.valid, c.d_an, c.d_an.dtype.max))


STRATEGIES: dict[str, Callable[[Candidates], tf.Tensor]] = {
    "all": choose_all,
    "hard": choose_hard,
    "semi-hard": choose_semi_hard,
    "random": choose_random,
    "semi-hard-nearest": choose_semi_hard_nearest,
    "batch-hard": choose_batch_hard,
}


def checked_strategy(strategy: str) -> str:
    """Return the strategy's name.

    Raises:
        ValueError: If there is no strategy of that name; the error suggests similar names.
    """
    check_choice("strategy", strategy, STRATEGIES)
    return strategy


def pairwise_squared_euclidean(embeddings: tf.Tensor) -> tf.Tensor:
    """Compute the squared distance of every two embeddings of a batch with one matrix product.

    |a - b|^2 = |a|^2 - 2 a.b + |b|^2, measured from the first embedding: distances do not change by it, and encodings
    that are nearly alike do not drown in rounding. What rounding still leaves under zero is cut off.

    Args:
        embeddings: Floats `(n, d)`.

    Returns:
        Floats >= 0, `(n, n)`.

    Example:
        >>> pairwise_squared_euclidean(tf.constant([[0.0, 0.0], [3.0, 4.0]])).numpy().tolist()
        [[0.0, 25.0], [25.0, 0.0]]
    """
    embeddings -= tf.stop_gradient(embeddings[:1])
    squares = tf.reduce_sum(tf.square(embeddings), axis=1)
    products = tf.matmul(embeddings, embeddings, transpose_b=True)
    return tf.maximum(squares[:, None] - 2 * products + squares[None], 0)


def pairwise_distances(embeddings: tf.Tensor, distance: str = "squared_euclidean") -> tf.Tensor:
    """Compute the distance of every two embeddings of a batch, by the distance's name.

    Args:
        embeddings: Floats `(n, d)`.
        distance: `"squared_euclidean"` or `"euclidean"`.

    Returns:
        Floats >= 0, `(n, n)`.

    Example:
        >>> pairwise_distances(tf.constant([[0.0, 0.0], [3.0, 4.0]]), "euclidean").numpy().tolist()
        [[0.0, 5.0], [5.0, 0.0]]
    """
    squared = pairwise_squared_euclidean(embeddings)
    return safe_root(squared) if distance == "euclidean" else squared


def safe_root(squared: tf.Tensor) -> tf.Tensor:
    """Compute the square root; its gradient is 0, not infinite, where the value is 0."""
    positive = squared > 0
    return tf.where(positive, tf.sqrt(tf.where(positive, squared, 1)), 0)


def label_groups(labels: tf.Tensor) -> LabelGroups:
    """Arrange a batch by person. Labels: integers `(n,)`."""
    same = labels[:, None] == labels[None]
    before = tf.range(tf.size(labels))[:, None] > tf.range(tf.size(labels))[None]
    size = _count(same)
    first = _count(labels[None] < labels[:, None])
    rank = _count(same & before)
    return LabelGroups(same, size, first, rank, tf.math.invert_permutation(first + rank))


def candidates(
    distances: tf.Tensor, people: LabelGroups, number: tf.Tensor, margin: float, seed: tf.Tensor
) -> Candidates:
    """Gather round `number`'s triplets: each anchor, its partner, and every row of another person."""
    partner, exists = people.partner(number), (number < people.size)[:, None]
    d_ap = tf.gather(distances, partner, axis=1, batch_dims=1)[:, None]
    farthest = tf.argmax(tf.where(people.same, distances, -1), axis=1, output_type=tf.int32)
    return Candidates(
        d_ap, distances, ~people.same & exists, margin, (partner == farthest)[:, None], tf.stack([seed, number])
    )


def _count(booleans: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(booleans, tf.int32), axis=1)


def _smallest(values: tf.Tensor) -> tf.Tensor:
    """Mark the smallest value of each row, the first of equal ones."""
    place = tf.argmin(values, axis=1, output_type=tf.int32)
    return place[:, None] == tf.range(tf.shape(values)[1])[None]
