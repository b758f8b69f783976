"""The baseline that the course argues against: one softmax over K known people and "unknown"."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_apps.faces.training.siamese import HeadedModel, checked_tower

UNKNOWN = "unknown"


@keras.saving.register_keras_serializable("keras_apps")
class SoftmaxIdentifier(HeadedModel):
    """Identify by a (K+1)-way softmax over the tower's encodings; the last class is "unknown".

    `fit` takes `(pictures, labels)` with labels 0..K, K for strangers; `predict` gives probabilities `(n, K+1)`. Other
    labels are refused (by XLA only those of arrays and `tf.data` streams; from elsewhere they give a loss of NaN).
    When a person joins, the network needs another output and training again: `with_person`. A gallery of encodings
    needs neither, which is the course's case for one-shot learning; `benchmarks/one_shot.py` measures both.

    Args:
        tower: A Keras model from pictures to encodings `(n, d)`.
        people: The K names, without "unknown".
        train_tower: Whether training changes the tower too, or the softmax alone.

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

    def __init__(self, tower, people: Sequence[str], train_tower: bool = True, **kwargs):
        people = tuple(people)
        checked_tower(tower)
        if not people or len(set(people)) < len(people) or UNKNOWN in people:
            raise ValueError(f"expected at least one name, each once and none {UNKNOWN!r}, received {people}")
        head = keras.layers.Dense(len(people) + 1, dtype="float32", name="head")
        head.build(tower.output_shape)
        super().__init__(tower, head, train_tower, **kwargs)
        self.people = people
        self.LABELS = f"whole numbers from 0 to {len(people)}"

    def call(self, pictures, training=None):
        return tf.nn.softmax(self.logits(pictures, training=bool(training)))

    def logits(self, pictures, training: bool):
        """Compute what the softmax is taken of: floats `(n, K+1)`."""
        return self.head(self.tower(pictures, training=training and self.train_tower))

    def train_step(self, data):
        pictures, labels = self.labelled(data)
        with tf.GradientTape() as tape:
            logits = self.logits(pictures, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
            objective = self.objective(tf.reduce_mean(losses))
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(objective, weights), weights, strict=True))
        return self.report(losses, tf.argmax(logits, axis=-1, output_type=tf.int32) == labels)

    def test_step(self, data):
        pictures, labels = self.labelled(data)
        logits = self.logits(pictures, training=False)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        return self.report(losses, tf.argmax(logits, axis=-1, output_type=tf.int32) == labels)

    def labelled(self, data):
        """Return `(pictures, labels)` with labels as integers `(n,)`."""
        pictures, labels = self.unpacked(data)
        if labels is None:
            raise ValueError("expected (pictures, labels), received no labels")
        return pictures, tf.cast(self.checked_labels(labels), tf.int32)

    def right(self, labels):
        """Say which labels are a person's, or K."""
        return (labels >= 0) & (labels <= len(self.people)) & (labels % 1 == 0)

    def identify(self, pictures) -> list[str | None]:
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

    def get_config(self):
        return {**super().get_config(), "people": list(self.people)}
