"""One tower applied to several inputs: what the models that train a tower share."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

BEFORE_SHUFFLE = 6
"""How many arguments stand before `shuffle` and after the labels in `keras.Model.fit`."""


class SiameseModel(keras.Model):
    """A model around a tower. Subclasses say what is trained, and with which loss.

    Args:
        tower: A Keras model from pictures to encodings `(n, d)`.
        dtype: Precision policy; by default the tower's, so that a tower in mixed float16 gets its loss scaled.

    Raises:
        TypeError: If the tower is not a Keras model.
        ValueError: If the tower is not built.
    """

    LABELS = "numbers"
    """What `fit` takes as labels, in words."""

    def __init__(self, tower: keras.Model, dtype=None, **kwargs):
        super().__init__(dtype=dtype or _policy(checked_tower(tower)), **kwargs)
        self.tower = tower

    def fit(self, x=None, y=None, *args, **options):
        """Train, as `keras.Model.fit` does; wrong labels are refused."""
        if isinstance(x, tf.data.Dataset) and len(args) <= BEFORE_SHUFFLE:
            options.setdefault("shuffle", False)  # Keras warns that it cannot shuffle a stream, though nobody asked
        return super().fit(*self._checked(x, y), *args, **options)

    def evaluate(self, x=None, y=None, *args, **options):
        """Judge, as `keras.Model.evaluate` does; wrong labels are refused."""
        return super().evaluate(*self._checked(x, y), *args, **options)

    def right(self, labels):
        """Say which labels are as `LABELS` says: booleans, for an array or tensor of numbers."""
        return labels == labels  # NaN is not

    def checked_labels(self, labels) -> tf.Tensor:
        """Return a batch's labels as `(n,)`.

        Raises:
            ValueError: If they are of another shape or no numbers.
            tf.errors.InvalidArgumentError: If they are not as `LABELS` says. XLA leaves this check out.
        """
        labels = tf.convert_to_tensor(labels)
        labels = tf.cast(labels, tf.int32) if labels.dtype == tf.bool else labels
        if not (labels.dtype.is_integer or labels.dtype.is_floating):
            raise ValueError(f"expected {self.LABELS} as labels, received {labels.dtype.name}")
        _check_one_each(labels)
        wrong = f"expected {self.LABELS} as labels, received others"
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(self.right(labels)), [wrong, labels])]):
            return tf.reshape(labels, [-1])

    def _checked(self, x, y):
        """Check the labels of an array now, and those of a `tf.data` stream as it runs: XLA would not."""
        if isinstance(x, tf.data.Dataset):
            return x.map(self._checked_batch), y
        if y is not None:
            labels = np.asarray(y)
            if labels.dtype.kind not in "biuf":
                raise ValueError(f"expected {self.LABELS} as labels, received {labels.dtype}")
            _check_one_each(labels)
            wrong = labels[~np.asarray(self.right(labels))]
            if len(wrong):
                raise ValueError(f"expected {self.LABELS} as labels, received {wrong[0]}")
        return x, y

    def _checked_batch(self, *batch):
        return (batch[0], self.checked_labels(batch[1])) if len(batch) == 2 else batch

    def unpacked(self, data):
        """Return `(x, y)` of a batch.

        Raises:
            ValueError: If there are sample weights, as in a batch `(a, p, n)` that lacks its outer tuple.
        """
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        if weights is not None:
            raise ValueError(
                "expected (x, y) or ((anchor, positive, negative),), received three: sample weights are not used here"
            )
        return x, y

    def encode_together(self, inputs, count: int, training: bool) -> list[tf.Tensor]:
        """Apply the tower to several inputs at once: one pass, with the same weights and batch statistics for all.

        Raises:
            ValueError: If there are not `count` inputs of one shape.
        """
        if len(inputs) != count:
            raise ValueError(f"expected {count} arrays of pictures, received {len(inputs)}")
        inputs = [tf.convert_to_tensor(x) for x in inputs]
        if not all(inputs[0].shape.is_compatible_with(x.shape) for x in inputs):
            shapes = ", ".join(str(tuple(x.shape)) for x in inputs)
            raise ValueError(f"expected {count} arrays of as many pictures of one size, received shapes {shapes}")
        as_many = [tf.debugging.assert_equal(tf.shape(x)[0], tf.shape(inputs[0])[0]) for x in inputs[1:]]
        with tf.control_dependencies(as_many):
            encodings = self.tower(tf.concat(inputs, axis=0), training=training)
        return tf.split(encodings, count)

    def objective(self, loss: tf.Tensor, averaged: bool = True) -> tf.Tensor:
        """Turn a loss into what the gradient is taken of.

        The layers' own losses join it; averages are divided by the replicas, whose gradients the optimiser adds up;
        and in mixed float16 it is scaled, so that small gradients survive.
        """
        loss = tf.add_n([loss, *(tf.cast(own, loss.dtype) for own in self.losses)])
        loss = loss / tf.distribute.get_strategy().num_replicas_in_sync if averaged else loss
        return self.optimizer.scale_loss(loss)

    def step_seed(self, seed: int) -> tf.Tensor:
        """Return a seed for this step and replica; it is the same again when training resumes."""
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return seed + 7919 * tf.cast(self.optimizer.iterations, tf.int32) + 104729 * tf.cast(replica, tf.int32)

    def get_config(self):
        return {**super().get_config(), "tower": keras.saving.serialize_keras_object(self.tower)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        tower = keras.saving.deserialize_keras_object(config["tower"], custom_objects=custom_objects)
        return cls(**{**config, "tower": tower})


class HeadedModel(SiameseModel):
    """A tower with a trainable head on it, which reports loss and accuracy. The tower may stay as it is.

    Args:
        tower: A Keras model from pictures to encodings `(n, d)`.
        head: A layer, already built.
        train_tower: Whether training changes the tower too, or the head alone. A tower that is not trained runs in
            inference mode; its own `trainable` is left as it is.
    """

    def __init__(self, tower: keras.Model, head: keras.layers.Layer, train_tower: bool = True, **kwargs):
        super().__init__(tower, **kwargs)
        self.head, self.train_tower = head, bool(train_tower)
        self._loss, self._accuracy = keras.metrics.Mean(name="loss"), keras.metrics.Mean(name="accuracy")
        self.built = True

    @property
    def trainable_variables(self):
        return super().trainable_variables if self.train_tower else self.head.trainable_variables

    @property
    def trainable_weights(self):
        return super().trainable_weights if self.train_tower else self.head.trainable_weights

    @property
    def metrics(self):
        return [self._loss, self._accuracy]

    def report(self, losses: tf.Tensor, right: tf.Tensor) -> dict:
        """Add a batch's losses and right answers, `(n,)` each, to the metrics and return these."""
        self._loss.update_state(losses)
        self._accuracy.update_state(right)
        return self.get_metrics_result()

    def get_config(self):
        return {**super().get_config(), "train_tower": self.train_tower}


def checked_tower(tower) -> keras.Model:
    """Return the tower.

    Raises:
        TypeError: If it is not a Keras model.
        ValueError: If it is not built.
    """
    if not isinstance(tower, keras.Model):
        raise TypeError(f"expected a Keras model as the tower, received {type(tower).__name__}")
    if not tower.built:
        raise ValueError(f"expected a tower that knows its input, received {tower.name!r}, which is not built")
    return tower


def _check_one_each(labels) -> None:
    if tf.TensorShape(labels.shape).rank not in (1, None) and labels.shape[1:] != (1,):
        raise ValueError(f"expected labels (n,), one number each, received shape {tuple(labels.shape)}")


def _policy(tower: keras.Model):
    """The tower's own policy, or that of its first half precision layer."""
    policies = [tower.dtype_policy, *(layer.dtype_policy for layer in tower._flatten_layers())]
    return next((p for p in policies if p.compute_dtype != p.variable_dtype), policies[0])
