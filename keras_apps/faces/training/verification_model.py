"""Two pictures -> one tower, twice -> a logistic unit on what the encodings differ in -> P(same person)."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scipy.special import expit

from keras_apps._checks import check_number
from keras_apps.faces.towers.registry import encoding_length, fingerprint
from keras_apps.faces.training.comparison import COMPARISONS, LogisticComparison
from keras_apps.faces.training.siamese import HeadedModel, checked_tower

_ROWS = 1024  # of 128 numbers: half a megabyte, which stays in the cache between the operations


@keras.saving.register_keras_serializable("keras_apps")
class VerificationModel(HeadedModel):
    """Face verification as binary classification: y = sigmoid(sum_k w_k c_k + b).

    `fit` takes `((pictures1, pictures2), same)`; `predict((pictures1, pictures2))` gives P(same person); `score` and
    `verify` do it from precomputed encodings. Each step reports `loss`, the binary cross-entropy, and `accuracy`
    at `tau_probability`. Labels other than 0 and 1 are refused (by XLA only those of arrays and `tf.data` streams).
    The metrics of `compile` get `(same, P(same))`, for instance `keras.metrics.AUC()` or `faces.EqualErrorRate()`;
    `class_weight` and `sample_weight` weigh the pairs.

    Args:
        tower: A Keras model from pictures to encodings `(n, d)`.
        comparison: c_k, `"absolute"`: |f_k - g_k|; `"squared"`: (f_k - g_k)^2; `"chi-square"`:
            (f_k - g_k)^2 / (|f_k| + |g_k|), see `chi_square_difference`.
        train_tower: Whether training changes the tower too, or the logistic unit alone. A frozen tower runs in
            inference mode; `tower.trainable` is left as it is.
        shared_weight: One weight w for all k, instead of one for each.
        tau_probability: A pair is accepted when P(same) is at least this, in [0, 1].

    Raises:
        ValueError: If an argument is not as above; in `fit`, if there are not two arrays and labels.

    Example:
        >>> tower = keras.Sequential([keras.Input((2,)), keras.layers.Identity()])
        >>> model = VerificationModel(tower, "absolute", train_tower=False)
        >>> model.head.set_weights_and_bias([-4.0, 0.0], 2.0)
        >>> model.score([0.0, 0.0], [[0.0, 9.0], [0.5, 0.0], [1.0, 0.0]]).round(3)  # z = 2, 0, -2
        array([0.881, 0.5  , 0.119], dtype=float32)

    Reference:
        Taigman et al., "DeepFace", CVPR 2014, section 4.
    """

    LABELS = "0 or 1"
    INPUTS = 2

    def __init__(
        self,
        tower: keras.Model,
        comparison: str = "absolute",
        train_tower: bool = True,
        shared_weight: bool = False,
        tau_probability: float = 0.5,
        **kwargs: Any,
    ) -> None:
        self.tau_probability = check_number("tau_probability", tau_probability, 0, 1)
        head = LogisticComparison(comparison, shared_weight, name="head")
        head.build([(None, encoding_length(checked_tower(tower)))] * 2)
        super().__init__(tower, head, train_tower, **kwargs)

    def call(self, inputs: Any, training: bool | None = None) -> tf.Tensor:
        return tf.sigmoid(self.logits(inputs, training=bool(training)))

    def logits(self, pictures: Any, training: bool) -> tf.Tensor:
        """Compute z, whose sigmoid is P(same), of two arrays of pictures: floats `(n,)`."""
        return self.head(self.encode_together(pictures, 2, self.trains_tower(training)))

    def train_step(self, data: Any) -> dict[str, Any]:
        pictures, same, sample_weight = self.labelled(data)
        with tf.GradientTape() as tape:
            logits = self.logits(pictures, training=True)
            loss = self.compute_loss(pictures, same, logits, sample_weight)
            scaled_loss = self.optimizer.scale_loss(loss)
        weights = self.trainable_variables
        self.optimizer.apply(tape.gradient(scaled_loss, weights), weights)
        return self.compute_metrics(pictures, same, tf.sigmoid(logits), sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        pictures, same, sample_weight = self.labelled(data)
        logits = self.logits(pictures, training=False)
        self.compute_loss(pictures, same, logits, sample_weight, training=False)
        return self.compute_metrics(pictures, same, tf.sigmoid(logits), sample_weight)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> tf.Tensor:
        """Compute the mean cross-entropy and the layers' own losses, and add the batch to the metrics.

        Args:
            x: Not used.
            y: Floats 0 or 1, `(n,)`; 1 where both pictures show one person.
            y_pred: z, floats `(n,)`, not its sigmoid.
            sample_weight: Floats >= 0, `(n,)`, or None.
            training: Not used.
        """
        accepted = tf.sigmoid(y_pred) >= self.tau_probability
        return self.average_loss(cross_entropy(y, y_pred), accepted == (y > 0.5), sample_weight)

    def labelled(self, data: Any) -> tuple[Any, tf.Tensor, Any]:
        """Return `((pictures1, pictures2), same, sample_weight)` with `same` as floats `(n,)`."""
        pictures, same, sample_weight = self.unpacked(data)
        if same is None or not isinstance(pictures, (tuple, list)) or len(pictures) != 2:
            raise ValueError("expected ((pictures1, pictures2), same), received a batch of another form")
        return pictures, tf.cast(self.checked_labels(same), tf.float32), sample_weight

    def valid_labels(self, labels: Any) -> Any:
        """Return which labels are 0 or 1."""
        return (labels == 0) | (labels == 1)

    def score(self, first: Any, second: Any) -> np.ndarray:
        """Compute P(same) of precomputed encodings, in NumPy, without the network.

        Args:
            first: Floats `(d,)` or `(n, d)`.
            second: Floats `(d,)` or `(n, d)`; one encoding is compared with each of the other's.

        Returns:
            Floats in [0, 1], `(n,)`, or a scalar for two single encodings.

        Raises:
            ValueError: If a shape is wrong.
        """
        first, second = np.asarray(first, np.float32), np.asarray(second, np.float32)
        length = encoding_length(self.tower)
        shapes = f"received shapes {first.shape} and {second.shape}"
        if not all(x.ndim in (1, 2) and x.shape[-1] == length for x in (first, second)):
            raise ValueError(f"expected encodings of length {length}, {shapes}")
        try:
            shape = np.broadcast_shapes(first.shape, second.shape)
        except ValueError:
            raise ValueError(f"expected one encoding, or as many rows on both sides, {shapes}") from None
        weights, bias = self.head.weights_and_bias()
        weights = np.broadcast_to(weights, (length,)).astype(np.float32)
        compare, logits = COMPARISONS[self.head.kind], np.empty(shape[0] if len(shape) == 2 else 1, np.float32)
        for begin in range(0, logits.size, _ROWS):
            rows = [x[begin : begin + _ROWS] if x.ndim == 2 and len(x) > 1 else x for x in (first, second)]
            logits[begin : begin + _ROWS] = compare(*rows) @ weights
        probability = expit(logits + np.float32(bias))
        return probability if len(shape) == 2 else probability[0]

    def verify(self, first: Any, second: Any) -> np.ndarray:
        """Decide on precomputed encodings: true where `score` is at least `tau_probability`."""
        return self.score(first, second) >= self.tau_probability

    @property
    def fingerprint(self) -> str:
        """The tower's fingerprint: encodings must come from this tower, as it is now."""
        return fingerprint(self.tower)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "comparison": self.head.kind,
            "shared_weight": self.head.shared_weight,
            "tau_probability": self.tau_probability,
        }


def cross_entropy(same: Any, logits: Any) -> tf.Tensor:
    """Compute -log P of the right answer, from z: floats >= 0, `(n,)`.

    Args:
        same: Floats 0 or 1, `(n,)`.
        logits: Floats `(n,)`.

    Example:
        >>> cross_entropy(tf.constant([1.0]), tf.constant([0.0])).numpy()  # log 2
        array([0.6931472], dtype=float32)
    """
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=same, logits=logits)
