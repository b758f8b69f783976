"""One tower applied to several inputs: what the models that train a tower have in common."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_apps.faces.towers.registry import input_shape_of


class TrainingWarning(UserWarning):
    """Training goes on, but learns nothing or has failed; the message says what to do."""


class TrainingWatch(keras.callbacks.Callback):
    """Stop at pictures that are not finite, and warn when training has diverged. `fit` and `evaluate` add it."""

    def __init__(self) -> None:
        super().__init__()
        self._epoch = 0
        self._warned: set[str] = set()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.check_batch(f"batch {batch + 1} of epoch {self._epoch + 1}", logs)

    def on_test_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.check_batch(f"batch {batch + 1} of the validation data", logs)

    def check_batch(self, which: str, logs: dict | None) -> None:
        """Raise if the batch held NaN or infinity; warn if the network gave them."""
        model = self.model
        assert isinstance(model, SiameseModel)
        if model.pop_non_finite():
            raise ValueError(
                f"expected finite pictures, received NaN or infinity in {which} (both counted from 1). They were "
                "replaced by 0 in that step, so the weights are still finite. Repair the pictures or leave them out."
            )
        if any(not math.isfinite(float((logs or {}).get(name, 0))) for name in model.FINITE):
            self.warn(
                "diverged",
                f"training diverged: in {which} the network's output is NaN or infinity although the pictures are "
                "finite. Go back to an earlier checkpoint; lower the learning rate, or clip the gradients "
                "(clipnorm=1.0 in the optimizer).",
            )

    def warn(self, kind: str, message: str, category: type[TrainingWarning] = TrainingWarning) -> None:
        """Warn once of each kind."""
        if kind not in self._warned:
            self._warned.add(kind)
            warnings.warn(message, category, stacklevel=2)


class NonFinite(keras.metrics.Metric):
    """Count the batches that held NaN or infinity. It is not reported; `TrainingWatch` reads it."""

    def __init__(self, name: str = "non_finite", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.batches = self.add_variable((), initializer="zeros", name="batches")

    def update_state(self, finite: tf.Tensor) -> None:
        """Count one batch unless `finite`, a boolean, is true."""
        self.batches.assign_add(1 - tf.cast(finite, self.batches.dtype))

    def result(self) -> tf.Tensor:
        return tf.convert_to_tensor(self.batches)


class SiameseModel(keras.Model):
    """A model around a tower. Subclasses define what is trained, and with which loss.

    Args:
        tower: A Keras model from pictures to encodings `(n, d)`.
        dtype: Precision policy; by default the tower's, so that a tower in mixed float16 gets its loss scaled.

    Raises:
        TypeError: If the tower is not a Keras model.
        ValueError: If the tower is not built.
    """

    LABELS = "numbers"
    """The labels that `fit` takes, in words."""
    FINITE: Sequence[str] = ("loss",)
    """The reported values that are finite unless training has diverged."""
    INPUTS = 1
    """How many arrays of pictures `call` takes."""

    def __init__(self, tower: keras.Model, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(dtype=dtype or _policy(checked_tower(tower)), **kwargs)
        self.tower = tower
        self._non_finite = NonFinite()

    # What users call: as in keras.Model, with the data checked first.

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Configure training, as `keras.Model.compile` does.

        Raises:
            ValueError: If a loss or loss weights are given: the model has its own loss. If a metric has a name that
                the model reports already.
        """
        name = type(self).__name__
        if loss is not None or loss_weights is not None:
            raise ValueError(
                f"{name} has its own loss: expected no loss and no loss_weights, received loss={loss!r}, "
                f"loss_weights={loss_weights!r}. For another loss compile the tower itself: model.tower.compile(...)"
            )
        super().compile(
            optimizer=optimizer,
            metrics=self.checked_metrics(metrics),
            weighted_metrics=self.checked_metrics(weighted_metrics, weighted=True),
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
            auto_scale_loss=auto_scale_loss,
        )

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as the model was when it was saved. Keras requires this where `compile` is overridden."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> keras.callbacks.History:
        """Train, as `keras.Model.fit` does.

        Raises:
            ValueError: If labels or weights are wrong, nothing is trainable, or a picture is not finite; the message
                names the batch and the epoch.
        """
        self.check_trainable()
        self.check_weights(class_weight, sample_weight)
        x, y = self.prepared(x, y)
        if validation_data is not None:
            validation_data = self._prepared_validation(validation_data)
        return super().fit(
            x,
            y,
            batch_size=batch_size,
            epochs=epochs,
            verbose=verbose,
            callbacks=self._watched(callbacks),
            validation_split=validation_split,
            validation_data=validation_data,
            # Keras warns that it cannot shuffle a stream, though True is only its default
            shuffle=shuffle and not isinstance(x, tf.data.Dataset),
            class_weight=class_weight,
            sample_weight=sample_weight,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            validation_batch_size=validation_batch_size,
            validation_freq=validation_freq,
        )

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Evaluate, as `keras.Model.evaluate` does; the same data is refused as by `fit`."""
        self.check_weights(None, sample_weight)
        x, y = self.prepared(x, y)
        return super().evaluate(
            x,
            y,
            batch_size=batch_size,
            verbose=verbose,
            sample_weight=sample_weight,
            steps=steps,
            # `fit` evaluates with its own list of callbacks, which holds the watch already
            callbacks=callbacks if isinstance(callbacks, keras.callbacks.CallbackList) else self._watched(callbacks),
            return_dict=return_dict,
            **kwargs,
        )

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> np.ndarray:
        """Predict, as `keras.Model.predict` does; a list of single pictures is taken too."""
        return super().predict(self.stacked(x), *args, **kwargs)

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Train on one batch, as `keras.Model.train_on_batch` does."""
        self.check_trainable()
        self.check_weights(class_weight, sample_weight)
        logs = super().train_on_batch(*self.prepared(x, y), sample_weight, class_weight, return_dict)
        return self._finite_logs(logs)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Evaluate one batch, as `keras.Model.test_on_batch` does."""
        self.check_weights(None, sample_weight)
        return self._finite_logs(super().test_on_batch(*self.prepared(x, y), sample_weight, return_dict))

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The metrics that are reported: the model's own `loss` first, then the others, then those of `compile`."""
        every = [m for m in super().metrics if m is not self._non_finite]
        own = [m for m in every if m in self._metrics]
        return [*own, *(m for m in every if m not in own and m.name != "loss")]

    # What is trained

    def check_trainable(self) -> None:
        """Raise if no variable is trainable.

        Raises:
            ValueError: If none is.
        """
        if not self.trainable_variables:
            raise ValueError(
                f"{type(self).__name__} has nothing to train: expected a tower with trainable variables, received "
                f"{self.tower.name!r} with none. Set tower.trainable = True, then compile again."
            )

    def check_weights(self, class_weight: Any, sample_weight: Any) -> None:
        """Raise if the model cannot use such weights. By default they are used."""

    def checked_metrics(self, metrics: Any, weighted: bool = False) -> Any:
        """Return the metrics for `compile`.

        Raises:
            ValueError: If a metric's name is one that the model reports.
        """
        taken = {m.name for m in self._metrics if m is not self._non_finite}
        for metric in keras.tree.flatten(metrics):
            name = metric if isinstance(metric, str) else getattr(metric, "name", None)
            if name in taken:
                raise ValueError(
                    f"{type(self).__name__} already reports {name!r}: leave this metric out, or give it another name"
                )
        return metrics

    # Data

    def valid_labels(self, labels: Any) -> Any:
        """Return which labels are as `LABELS` says: booleans, for an array or tensor of numbers."""
        return labels == labels  # NaN is not

    def numbers_for(self, names: list[str]) -> np.ndarray:
        """Return the numbers that stand for an array of names.

        Raises:
            ValueError: If the model takes no names, or not these.
        """
        raise ValueError(f"expected {self.LABELS} as labels, received names, such as {names[0]!r}")

    def numbers_for_tensor(self, names: tf.Tensor) -> tf.Tensor:
        """Return the numbers that stand for a batch of names, a tensor of strings."""
        raise ValueError(f"expected {self.LABELS} as labels, received names (a tensor of strings)")

    def checked_labels(self, labels: Any) -> tf.Tensor:
        """Return a batch's labels as `(n,)`.

        Raises:
            ValueError: If their shape or type is wrong.
            tf.errors.InvalidArgumentError: If they are not as `LABELS` says. XLA leaves this check out.
        """
        labels = tf.convert_to_tensor(labels)
        if labels.dtype == tf.string:
            labels = self.numbers_for_tensor(labels)
        labels = tf.cast(labels, tf.int32) if labels.dtype == tf.bool else labels
        if not (labels.dtype.is_integer or labels.dtype.is_floating):
            raise ValueError(f"expected {self.LABELS} as labels, received {labels.dtype.name}")
        _check_one_each(labels)
        wrong = f"expected {self.LABELS} as labels, received other values"
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(self.valid_labels(labels)), [wrong, labels])]):
            return tf.reshape(labels, [-1])

    def prepared(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Check the labels, turn names into numbers, and stack lists of single pictures.

        The labels of arrays are checked now, those of a `tf.data` stream as it runs: XLA would leave the check out.
        """
        if isinstance(x, tf.data.Dataset):
            return x.map(self._prepared_batch), y
        return self.stacked(x), None if y is None else self._prepared_labels(y)

    def stacked(self, x: Any) -> Any:
        """Return lists of single pictures as arrays; a list or tuple of arrays as a tuple of arrays."""
        if not isinstance(x, (list, tuple)) or not x:
            return x
        rank = len(input_shape_of(self.tower)) - 1
        if all(np.ndim(part) == rank for part in x):
            shapes = {tuple(np.shape(part)) for part in x}
            if len(shapes) > 1:
                raise ValueError(f"expected pictures of one size, received shapes {sorted(shapes)[:4]}")
            return np.stack([np.asarray(part) for part in x])
        return tuple(self.stacked(part) for part in x)

    def unpacked(self, data: Any) -> tuple[Any, Any, Any]:
        """Return `(x, y, sample_weight)` of a batch, and note whether the pictures are finite.

        NaN and infinity are replaced by 0, so that they do not spoil the weights before `TrainingWatch` stops `fit`.
        """
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        if any(part.dtype.is_floating for part in keras.tree.flatten(x)):
            x = keras.tree.map_structure(tf.convert_to_tensor, x)
            finite = [tf.reduce_all(tf.math.is_finite(part)) for part in _floating(x)]
            self._non_finite.update_state(tf.reduce_all(finite))
            x = keras.tree.map_structure(
                lambda part: tf.where(tf.math.is_finite(part), part, 0) if part.dtype.is_floating else part, x
            )
        return x, y, sample_weight

    def pop_non_finite(self) -> bool:
        """Return whether a batch held NaN or infinity since the last call."""
        found = float(self._non_finite.result()) > 0
        if found:
            self._non_finite.reset_state()
        return found

    def encode_together(self, inputs: Any, count: int, training: bool) -> list[tf.Tensor]:
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

    def additional_losses(self) -> tf.Tensor:
        """Return the sum of the layers' own losses, such as weight regularisation: a scalar, float32."""
        return tf.add_n([tf.zeros(()), *(tf.reduce_sum(tf.cast(loss, tf.float32)) for loss in self.losses)])

    def _prepared_batch(self, *batch: Any) -> Any:
        if len(batch) < 2 or not isinstance(batch[1], tf.Tensor):
            return batch
        return (batch[0], self.checked_labels(batch[1]), *batch[2:])

    def _prepared_labels(self, y: Any) -> np.ndarray:
        labels = np.asarray(y)
        _check_one_each(labels)
        if labels.dtype.kind in "OUS":
            names = [name.decode() if isinstance(name, bytes) else name for name in labels.ravel().tolist()]
            if all(isinstance(name, str) for name in names):
                return self.numbers_for(names)
        if labels.dtype.kind not in "biuf":
            raise ValueError(f"expected {self.LABELS} as labels, received {labels.dtype}")
        wrong = labels[~np.asarray(self.valid_labels(labels))]
        if len(wrong):
            raise ValueError(f"expected {self.LABELS} as labels, received {wrong[0]}")
        return labels.astype(np.int32) if labels.dtype == bool else labels

    def _prepared_validation(self, data: Any) -> Any:
        if not isinstance(data, (list, tuple)):
            return self.prepared(data, None)[0]
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(tuple(data))
        self.check_weights(None, sample_weight)
        return keras.utils.pack_x_y_sample_weight(*self.prepared(x, y), sample_weight)

    def _watched(self, callbacks: Any) -> Any:
        watch = self.watch()
        if isinstance(callbacks, keras.callbacks.CallbackList):
            watch.set_model(self)
            callbacks.append(watch)
            return callbacks
        return [*(c for c in keras.tree.flatten(callbacks) if c is not None), watch]

    def watch(self) -> TrainingWatch:
        """Return the callback that checks a training."""
        return TrainingWatch()

    def _finite_logs(self, logs: Any) -> Any:
        if self.pop_non_finite():
            raise ValueError("expected finite pictures, received NaN or infinity in this batch")
        return logs

    # Files

    def save(
        self, filepath: str | os.PathLike, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
    ) -> None:
        """Save the model, its weights and the state of its training, as `keras.Model.save` does, to a .keras file.

        Raises:
            ValueError: If the path ends in .h5 or .hdf5.
        """
        if Path(filepath).suffix.lower() in (".h5", ".hdf5"):
            raise ValueError(
                f"expected a path that ends in .keras, received '{os.fspath(filepath)}': HDF5 cannot hold a model with "
                "a model inside. For the weights alone use save_weights('....weights.h5')"
            )
        super().save(filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def export(
        self,
        filepath: str | os.PathLike,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Write the model for inference, as `keras.Model.export` does; it need not have been called before."""
        signature = self.input_signature if input_signature is None else input_signature
        super().export(os.fspath(filepath), format=format, verbose=verbose, input_signature=signature, **kwargs)

    @property
    def input_signature(self) -> list[Any]:
        """What `call` takes: one `tf.TensorSpec`, or a tuple of them, in a list."""
        inputs = getattr(self.tower, "inputs", None)
        shape = (None, *input_shape_of(self.tower)[1:])
        dtype = inputs[0].dtype if inputs else keras.config.floatx()
        if self.INPUTS == 1:
            return [tf.TensorSpec(shape, dtype, name="pictures")]
        return [tuple(tf.TensorSpec(shape, dtype, name=f"pictures{i + 1}") for i in range(self.INPUTS))]

    @property
    def _default_save_signature(self) -> Any:
        """The function that `tf.saved_model.save` writes as `serving_default`."""

        @tf.function(input_signature=self.input_signature)
        def serving_default(inputs: Any) -> Any:
            return self(inputs)

        return serving_default

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "tower": keras.saving.serialize_keras_object(self.tower)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict | None = None) -> Any:
        tower = keras.saving.deserialize_keras_object(config["tower"], custom_objects=custom_objects)
        return cls(**{**config, "tower": tower})


class HeadedModel(SiameseModel):
    """A tower with a trainable head on it, which reports loss and accuracy. The tower may stay as it is.

    Args:
        tower: A Keras model from pictures to encodings `(n, d)`.
        head: A layer, already built.
        train_tower: Whether training changes the tower too, or the head alone. A tower that is not trained, or whose
            `trainable` is False, runs in inference mode; its `trainable` is left as it is.
    """

    def __init__(self, tower: keras.Model, head: keras.layers.Layer, train_tower: bool = True, **kwargs: Any) -> None:
        super().__init__(tower, **kwargs)
        self.head, self.train_tower = head, bool(train_tower)
        self._loss, self._accuracy = keras.metrics.Mean(name="loss"), keras.metrics.Mean(name="accuracy")
        self.built = True

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        return super().trainable_variables if self.train_tower else self.head.trainable_variables

    @property
    def trainable_weights(self) -> list[keras.Variable]:
        return super().trainable_weights if self.train_tower else self.head.trainable_weights

    def trains_tower(self, training: bool) -> bool:
        """Return whether the tower runs in training mode."""
        return bool(training) and self.train_tower and self.tower.trainable

    def checked_metrics(self, metrics: Any, weighted: bool = False) -> Any:
        """Return the metrics for `compile`; the model reports `"accuracy"` itself, so that word is taken out."""
        if isinstance(metrics, (list, tuple)) and not weighted:
            metrics = [metric for metric in metrics if metric not in ("accuracy", "acc")]
        return super().checked_metrics(metrics, weighted)

    def average_loss(self, losses: tf.Tensor, correct: tf.Tensor, sample_weight: Any) -> tf.Tensor:
        """Add a batch's losses and correct answers, `(n,)` each, to the metrics; return the loss for the gradient.

        As Keras does, a weighted loss is the sum of the weighted losses divided by n. The gradients of several
        replicas are added up, so the loss is divided by their number.
        """
        if sample_weight is not None:
            losses *= tf.reshape(tf.cast(sample_weight, losses.dtype), [-1])
        total = losses + self.additional_losses()
        self._loss.update_state(total)
        self._accuracy.update_state(correct)
        return tf.reduce_mean(total) / tf.distribute.get_strategy().num_replicas_in_sync

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "train_tower": self.train_tower}


def checked_tower(tower: Any) -> keras.Model:
    """Return the tower.

    Raises:
        TypeError: If it is not a Keras model.
        ValueError: If it is not built.
    """
    if not isinstance(tower, keras.Model):
        raise TypeError(f"expected a Keras model as the tower, received {type(tower).__name__}")
    if not tower.built:
        raise ValueError(
            f"expected a tower with a known input shape, received {tower.name!r}, which is not built: begin it with "
            "keras.Input, or call it once on a batch of pictures"
        )
    return tower


def _floating(x: Any) -> list[tf.Tensor]:
    return [part for part in keras.tree.flatten(x) if part.dtype.is_floating]


def _check_one_each(labels: Any) -> None:
    rank = tf.TensorShape(labels.shape).rank
    if rank == 0:
        raise ValueError("expected batches of pictures and labels, received one of each: use dataset.batch(32)")
    if rank not in (1, None) and labels.shape[1:] != (1,):
        raise ValueError(f"expected labels (n,), one per picture or pair, received shape {tuple(labels.shape)}")


def _policy(tower: keras.Model) -> Any:
    """The tower's own policy, or that of its first half precision layer."""
    policies = [tower.dtype_policy, *(layer.dtype_policy for layer in tower._flatten_layers())]
    return next((p for p in policies if p.compute_dtype != p.variable_dtype), policies[0])
