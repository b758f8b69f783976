"""Embeddings and labels -> triplets (anchor, positive, negative) -> the triplet loss."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np
import tensorflow as tf

from keras_apps.faces.mining import STRATEGIES, candidates, checked_strategy, pairwise_squared_euclidean, people_of


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
