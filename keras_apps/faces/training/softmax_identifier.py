"""The baseline that the course argues against: one softmax over K known people and "unknown"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_apps.faces.towers.registry import encoding_length
from keras_apps.faces.training.siamese import HeadedModel, checked_tower

UNKNOWN = "unknown"


@keras.saving.register_keras_serializable("keras_apps")
class SoftmaxIdentifier(HeadedModel):
    """Identify by a (K+1)-way softmax over the tower's encodings; the last class is "unknown".

    `fit` takes `(pictures, labels)` with labels 0..K, K for strangers, or with the names and "unknown"; `predict` gives
    probabilities `(n, K+1)`. The metrics of `compile` get `(labels, probabilities)`. Other labels are refused (by XLA
    only those of arrays and `tf.data` streams; from elsewhere they give a loss of NaN).
    When a person joins, the network needs another output and training again: `with_person`. A gallery of encodings
    needs neither, which is the course's case for one-shot learning; `benchmarks/one_shot.py` measures both.

    Args:
        tower: A Keras model from pictures to encodings `(n, d)`.
        people: The K names, without "unknown".
        train_tower: Whether training changes the tower too, or the softmax alone.
        head_dtype: The softmax layer's precision policy; `quantize` changes it.

    Raises:
        ValueError: If there are no names, one comes twice, or one is "unknown".

    Example:
        >>> tower = keras.Sequential([keras.Input((2,)), keras.layers.Identity()])
        >>> model = SoftmaxIdentifier(tower, ["ada", "bob"])
        >>> model.predict(np.zeros((1, 2)), verbose=0).shape
        (1, 3)
        >>> model.with_person("eve").people
        ('ada', 'bob', 'eve')

    Reference:
        Koch et al., "Siamese Neural Networks for One-shot Image Recognition", 2015.
    """

    def __init__(
        self,
        tower: keras.Model,
        people: Sequence[str],
        train_tower: bool = True,
        head_dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        people = tuple(people)
        checked_tower(tower)
        if not people or len(set(people)) < len(people) or UNKNOWN in people:
            raise ValueError(f"expected at least one name, each once and none {UNKNOWN!r}, received {people}")
        head_dtype = keras.saving.deserialize_keras_object(head_dtype) if isinstance(head_dtype, dict) else head_dtype
        head = keras.layers.Dense(len(people) + 1, dtype=head_dtype, name="head")
        head.build((None, encoding_length(tower)))
        super().__init__(tower, head, train_tower, **kwargs)
        self.people = people
        self.LABELS = f"whole numbers from 0 to {len(people)}"

    def call(self, pictures: Any, training: bool | None = None) -> tf.Tensor:
        return tf.nn.softmax(self.logits(pictures, training=bool(training)))

    def logits(self, pictures: Any, training: bool) -> tf.Tensor:
        """Compute the input of the softmax: floats `(n, K+1)`."""
        return self.head(self.tower(pictures, training=self.trains_tower(training)))

    def train_step(self, data: Any) -> dict[str, Any]:
        pictures, labels, sample_weight = self.labelled(data)
        with tf.GradientTape() as tape:
            logits = self.logits(pictures, training=True)
            loss = self.compute_loss(pictures, labels, logits, sample_weight)
            scaled_loss = self.optimizer.scale_loss(loss)
        weights = self.trainable_variables
        self.optimizer.apply(tape.gradient(scaled_loss, weights), weights)
        return self.compute_metrics(pictures, labels, tf.nn.softmax(logits), sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        pictures, labels, sample_weight = self.labelled(data)
        logits = self.logits(pictures, training=False)
        self.compute_loss(pictures, labels, logits, sample_weight, training=False)
        return self.compute_metrics(pictures, labels, tf.nn.softmax(logits), sample_weight)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> tf.Tensor:
        """Compute the mean cross-entropy and the layers' own losses, and add the batch to the metrics.

        Args:
            x: Not used.
            y: Integers from 0 to K, `(n,)`.
            y_pred: The input of the softmax, floats `(n, K+1)`.
            sample_weight: Floats >= 0, `(n,)`, or None.
            training: Not used.
        """
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(y, y_pred)
        return self.average_loss(losses, tf.argmax(y_pred, axis=-1, output_type=tf.int32) == y, sample_weight)

    def labelled(self, data: Any) -> tuple[Any, tf.Tensor, Any]:
        """Return `(pictures, labels, sample_weight)` with labels as integers `(n,)`."""
        pictures, labels, sample_weight = self.unpacked(data)
        if labels is None:
            raise ValueError("expected (pictures, labels), received no labels")
        return pictures, tf.cast(self.checked_labels(labels), tf.int32), sample_weight

    def valid_labels(self, labels: Any) -> Any:
        """Return which labels are a person's, or K."""
        return (labels >= 0) & (labels <= len(self.people)) & (labels % 1 == 0)

    def numbers_for(self, names: list[str]) -> np.ndarray:
        """Return each person's place in `people`, and K for "unknown".

        Raises:
            ValueError: If a name is not one of these.
        """
        places = {name: place for place, name in enumerate((*self.people, UNKNOWN))}
        wrong = next((name for name in names if name not in places), None)
        if wrong is not None:
            raise ValueError(f"expected as labels the names of the model's people or {UNKNOWN!r}, received {wrong!r}")
        return np.asarray([places[name] for name in names], np.int32)

    def numbers_for_tensor(self, names: tf.Tensor) -> tf.Tensor:
        """Return the same for a batch of names; names that the model does not know become -1."""
        matches = tf.reshape(names, [-1, 1]) == tf.constant([*self.people, UNKNOWN])
        places = tf.argmax(matches, axis=1, output_type=tf.int32)
        return tf.where(tf.reduce_any(matches, axis=1), places, -1)

    def identify(self, pictures: Any) -> list[str | None]:
        """Name the person in each picture, None where the answer is "unknown"."""
        if not len(pictures):
            return []
        winners = np.argmax(self.predict(pictures, verbose=0), axis=-1)
        return [(*self.people, None)[winner] for winner in winners]

    def with_person(self, name: str) -> SoftmaxIdentifier:
        """Return a model with one more output, around the same tower; it must be trained before it knows the person.

        The other outputs keep their weights, and "unknown" stays last, so its label becomes K + 1.

        Raises:
            ValueError: If the name is known already, or is "unknown".
        """
        larger = SoftmaxIdentifier(self.tower, (*self.people, name), self.train_tower)
        known = len(self.people)
        for old, new in zip(self.head.get_weights(), larger.head.weights, strict=True):
            values = new.numpy()
            values[..., :known], values[..., -1] = old[..., :known], old[..., -1]
            new.assign(values)
        return larger

    def get_config(self) -> dict[str, Any]:
        policy = keras.saving.serialize_keras_object(self.head.dtype_policy)
        return {**super().get_config(), "people": list(self.people), "head_dtype": policy}
