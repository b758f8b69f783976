"""Labelled embeddings, or pair probabilities, batch by batch -> EER, TAR at a FAR, share of active triplets."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from keras_apps._checks import check_number, check_whole
from keras_apps.faces.training.losses import (
    as_floats,
    batch_triplet_loss,
    checked_batch,
    checked_distance,
    checked_margin,
    numbered,
)
from keras_apps.faces.training.mining import pairwise_squared_euclidean

_LOWEST, _HIGHEST = -20.0, 20.0  # log2 of the squared distances that have a bin of their own


@keras.saving.register_keras_serializable("keras_apps")
class ActiveTriplets(keras.metrics.Mean):
    """The share of a batch's triplets whose loss is above 0, over all batches; lower is better.

    All triplets of a batch count, whatever the loss mines, so epochs can be compared. 0 if there is no triplet.

    Args:
        margin: Float >= 0, in the units of the distance.
        distance: `"squared_euclidean"` or `"euclidean"`.
        name: The metric's name.
        dtype: The precision of the state.

    Args (`update_state`):
        y_true: Numbers or names `(n,)` or `(n, 1)`, equal where two rows show one person.
        y_pred: Embeddings, floats `(n, d)`.

    Example:
        One person at 0 and 1 on a line, another at 1.5: max(1 - 2.25 + 0.5, 0) = 0 and 1 - 0.25 + 0.5 > 0.

        >>> metric = ActiveTriplets(margin=0.5)
        >>> metric.update_state([0, 0, 1], [[0.0], [1.0], [1.5]])
        >>> float(metric.result())
        0.5
    """

    _direction = "down"

    def __init__(
        self,
        margin: float = 0.2,
        distance: str = "squared_euclidean",
        name: str = "active_triplets",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.margin, self.distance = checked_margin(margin), checked_distance(distance)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labelled embeddings."""
        _check_unweighted(self, sample_weight)
        batch = batch_triplet_loss(y_pred, y_true, self.margin, "all", distance=self.distance)
        super().update_state(batch.active, sample_weight=batch.valid)

    def get_config(self) -> dict[str, Any]:
        return {"margin": self.margin, "distance": self.distance, "name": self.name, "dtype": self.dtype}


class PairRates(keras.metrics.Metric):
    """Count the distances of genuine and impostor pairs in a histogram. Subclasses read a rate off it.

    For embeddings `(n, d)` every two rows of a batch are a pair. Pairs of rows in two batches are not counted, so a
    batch should hold several pictures of a person. The bins are even on a logarithmic scale, from 2^-20 to 2^20 in
    squared Euclidean distance: with 8,192 bins two distances whose squares differ by 0.34 % or more are told apart.
    Smaller and larger distances go to the outermost bins. The rates do not depend on the scale of the distance, so
    they are the same for the Euclidean distance.

    For probabilities of pairs `(n,)` or `(n, 1)`, as `VerificationModel` gives, each row is a pair and 1 - P(same) its
    distance. The bins are even in the log-odds of P, from -20 to 20.

    Args:
        bins: How many bins.
        name: The metric's name.
        dtype: The precision of the result; counts are kept in float64.
    """

    def __init__(self, bins: int = 8192, name: str = "pair_rates", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.bins = check_whole("bins", bins, 2)
        self.genuine = self.add_variable((self.bins,), initializer="zeros", dtype="float64", name="genuine")
        self.impostor = self.add_variable((self.bins,), initializer="zeros", dtype="float64", name="impostor")
        self.non_finite = self.add_variable((), initializer="zeros", dtype="float64", name="non_finite")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: For embeddings numbers or names `(n,)`, equal where two rows show one person; for probabilities
                booleans or 0 and 1, true where the pair shows one person.
            y_pred: Embeddings, floats `(n, d)`, or P(same), floats in [0, 1], `(n,)` or `(n, 1)`.
            sample_weight: None; pairs have no weights.
        """
        _check_unweighted(self, sample_weight)
        values = as_floats(y_pred)
        if values.shape.rank == 2 and values.shape[1] != 1:
            values, same, counted = _pairs(y_true, values)
        else:
            values = tf.reshape(values, [-1])
            same = tf.reshape(tf.cast(numbered(y_true), values.dtype), [-1]) > 0.5
            values, counted = tf.math.log1p(-values) - tf.math.log(values), tf.ones_like(same)  # log-odds of another
            values = tf.where(tf.math.is_nan(values), values, tf.clip_by_value(values, _LOWEST, _HIGHEST))
        finite = tf.math.is_finite(values)
        part = (tf.where(finite, values, 0) - _LOWEST) / (_HIGHEST - _LOWEST)
        index = tf.cast(tf.clip_by_value(part * self.bins, 0.0, self.bins - 1.0), tf.int32)
        for state, kind in ((self.genuine, same), (self.impostor, ~same)):
            weights = tf.cast(counted & finite & kind, tf.float64)
            state.assign_add(tf.math.unsorted_segment_sum(weights, index, self.bins))
        self.non_finite.assign_add(tf.reduce_sum(tf.cast(counted & ~finite, tf.float64)))

    def rates(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Return FAR and FRR, floats `(bins + 1,)`: accepting nothing, then up to the end of each bin.

        NaN if one kind of pair is missing, or an embedding was not finite.
        """
        known = tf.where(self.non_finite > 0, tf.constant(float("nan"), tf.float64), 1.0)
        genuine, impostor = (tf.cumsum(v) for v in (self.genuine, self.impostor))
        nothing = tf.zeros((1,), tf.float64)
        far = tf.concat([nothing, impostor], axis=0) / impostor[-1] * known
        return far, 1 - tf.concat([nothing, genuine], axis=0) / genuine[-1] * known

    def get_config(self) -> dict[str, Any]:
        return {"bins": self.bins, "name": self.name, "dtype": self.dtype}


@keras.saving.register_keras_serializable("keras_apps")
class EqualErrorRate(PairRates):
    """The error rate at the threshold where FAR equals FRR, over the pairs of all batches; lower is better.

    It does not depend on mining, margin or scale: 0 is perfect, 0.5 is chance. Where no threshold has FAR = FRR, the
    rate is read off the straight line between the two nearest, as `faces.equal_error_rate` does. NaN without genuine
    or without impostor pairs. `PairRates` describes what is counted and how finely.

    Args:
        bins, name, dtype: As for `PairRates`.

    Example:
        Genuine pairs at 1 (0 and 1 of one person), impostors at 9 and 4 (squared).

        >>> metric = EqualErrorRate()
        >>> metric.update_state(["ada", "ada", "bob"], [[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]])
        >>> float(metric.result())
        0.0
        >>> metric.reset_state()
        >>> metric.update_state([1, 1, 0, 0], [0.9, 0.6, 0.7, 0.1])  # P(same): 0.6 is rejected, 0.7 accepted
        >>> float(metric.result())
        0.5
    """

    _direction = "down"

    def __init__(self, bins: int = 8192, name: str = "eer", dtype: Any = None) -> None:
        super().__init__(bins=bins, name=name, dtype=dtype)

    def result(self) -> tf.Tensor:
        far, frr = self.rates()
        after = tf.argmax(tf.cast(far >= frr, tf.int32), output_type=tf.int32)  # 0 only where the rates are NaN
        before = tf.maximum(after - 1, 0)
        gap = tf.gather(frr - far, before)
        part = gap / (gap + tf.gather(far - frr, after))
        eer = tf.gather(far, before) + part * (tf.gather(far, after) - tf.gather(far, before))
        return tf.cast(eer, self.dtype)


@keras.saving.register_keras_serializable("keras_apps")
class TARAtFAR(PairRates):
    """The share of genuine pairs accepted at the largest threshold whose FAR is at most `far`; higher is better.

    NaN without genuine or without impostor pairs. Below 1 / far impostor pairs the threshold accepts none of them.
    `PairRates` describes what is counted and how finely.

    Args:
        far: Float in [0, 1], the largest false accept rate.
        bins, name, dtype: As for `PairRates`.

    Example:
        Of the impostors one has P(same) = 0.7; no genuine pair above it is lost.

        >>> metric = TARAtFAR(far=0.1)
        >>> metric.update_state([1, 1, 0, 0], [0.9, 0.6, 0.7, 0.1])
        >>> float(metric.result())
        0.5
    """

    _direction = "up"

    def __init__(self, far: float = 1e-3, bins: int = 8192, name: str = "tar", dtype: Any = None) -> None:
        super().__init__(bins=bins, name=name, dtype=dtype)
        self.far = check_number("far", far, 0, 1)

    def result(self) -> tf.Tensor:
        far, frr = self.rates()
        allowed = tf.reduce_sum(tf.cast(far <= self.far, tf.int32)) - 1  # -1 only where the rates are NaN
        return tf.cast(tf.gather(1 - frr, tf.maximum(allowed, 0)), self.dtype)

    def get_config(self) -> dict[str, Any]:
        return {"far": self.far, **super().get_config()}


def _pairs(labels: Any, embeddings: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return log2 of every two rows' squared distance, whether they show one person, and which to count, `(n * n,)`."""
    embeddings, labels = checked_batch(embeddings, labels)
    squared = pairwise_squared_euclidean(embeddings)
    same = labels[:, None] == labels[None]
    rows = tf.range(tf.shape(embeddings)[0])
    logarithm = tf.math.log(tf.maximum(squared, 2.0**_LOWEST)) / tf.math.log(tf.cast(2.0, squared.dtype))
    logarithm = tf.where(tf.math.is_finite(squared), logarithm, float("nan"))
    return tuple(tf.reshape(x, [-1]) for x in (logarithm, same, rows[:, None] < rows[None]))


def _check_unweighted(metric: keras.metrics.Metric, sample_weight: Any) -> None:
    if sample_weight is not None:
        raise ValueError(
            f"{type(metric).__name__} takes no sample weights: pass it to compile in metrics, not in weighted_metrics"
        )
