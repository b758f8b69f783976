"""A tower -> trained so that pictures of one person are nearer than pictures of two, by the triplet loss."""

from __future__ import annotations

import warnings

import keras
import tensorflow as tf

from keras_apps.faces.training.losses import (
    TripletBatch,
    batch_triplet_loss,
    checked_margin,
    checked_reduction,
    given_triplet_loss,
)
from keras_apps.faces.training.mining import checked_strategy
from keras_apps.faces.training.siamese import SiameseModel


class CollapseWarning(UserWarning):
    """All encodings are nearly alike; training will not get out of it by itself."""


def collapse_degree(d_an, margin: float):
    """Compute how far a batch has collapsed: 1 - d(A,N) / margin, at least 0.

    A triplet's loss can be 0 only where d(A,N) is at least the margin. At 1 every distance is 0 and every triplet's
    loss is the margin itself, whatever the network sees; its gradient vanishes as well.

    Args:
        d_an: Mean squared distance of anchor and negative, >= 0.
        margin: Float >= 0; without a margin nothing tells a collapse, and the answer is 0.

    Returns:
        In [0, 1].

    Example:
        >>> float(collapse_degree(0.05, margin=0.2)), float(collapse_degree(1.3, margin=0.2))
        (0.75, 0.0)
    """
    if margin == 0:
        return tf.zeros_like(d_an)
    return tf.maximum(1 - d_an / margin, 0)


@keras.saving.register_keras_serializable("keras_apps")
class Latest(keras.metrics.Metric):
    """A metric that shows its latest value, not the epoch's mean; under several replicas their mean.

    Example:
        >>> latest = Latest(name="collapse")
        >>> latest.update_state(0.25); latest.update_state(0.75)
        >>> float(latest.result())
        0.75
    """

    def __init__(self, name: str = "latest", dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.value = self.add_variable((), initializer="zeros", name="value")
        self.replicas = self.add_variable((), initializer="zeros", name="replicas")

    def update_state(self, value, sample_weight=None):
        self.value.assign(value)
        self.replicas.assign(1.0)

    def result(self):
        return self.value / tf.maximum(self.replicas, 1.0)


class CollapseWatch(keras.callbacks.Callback):
    """Warn once when `collapse` stays near 1 for several steps. `TripletModel.fit` brings its own.

    Args:
        patience: Steps in a row before the warning. A network with random weights may encode faces nearly alike at
            first and leave that state within a few steps.
        level: The share from which a step counts.
    """

    def __init__(self, patience: int = 10, level: float = 0.99):
        super().__init__()
        self.patience, self.level = patience, level
        self._steps, self._warned = 0, False

    def on_train_batch_end(self, batch, logs=None):
        collapsed = (logs or {}).get("collapse", 0) > self.level
        self._steps = self._steps + 1 if collapsed else 0
        if self._steps >= self.patience and not self._warned:
            self._warned = True
            warnings.warn(
                f"training collapsed: for {self._steps} steps all encodings were nearly alike, mean d(A,N) under "
                f"{1 - self.level:.0%} of the margin, where every triplet's loss is the margin. Start again with a "
                "lower learning rate; begin with mining='all' or 'semi-hard' instead of 'hard' or 'batch-hard'; let "
                "the tower end in unit length; take larger batches, of more people.",
                CollapseWarning,
                stacklevel=2,
            )


@keras.saving.register_keras_serializable("keras_apps")
class TripletModel(SiameseModel):
    """Train a tower with the triplet loss, on labelled batches or on given triplets.

    `model(pictures)` and `predict` give the tower's encodings; the tower itself is what training is for.

    `fit` takes batches of `(pictures, labels)`, best P people with K pictures each, and mines them online; or
    batches of `((anchor, positive, negative),)`, three arrays of pictures. Each step reports:

    - `loss`: mean or sum over the chosen triplets, as `reduction` says;
    - `active`: share of all valid triplets whose loss is above 0;
    - `d_ap`, `d_an`: mean squared distances of pairs of one person and of two;
    - `collapse`: 1 when all encodings are alike (see `collapse_degree`); when it stays there for ten steps,
      `fit` warns once with a `CollapseWarning` that says what to do.

    Under `tf.distribute.MirroredStrategy` each replica mines its own part of the batch, so a part should hold
    several pictures of a person; the replicas' losses are averaged, or added for `reduction="sum"`.

    Args:
        tower: A Keras model from pictures to encodings `(n, d)`.
        margin: Float >= 0, the course's alpha, in squared distance.
        mining: Which triplets of a labelled batch count; see `mine_triplets`.
        reduction: `"mean"` or `"sum"` over the chosen triplets.
        seed: Integer from 0 to 2**31 - 1, for `mining="random"`.

    Raises:
        ValueError: If an argument is not as above; in `fit`, if labels are missing or a shape is wrong.

    Example:
        >>> import numpy as np
        >>> tower = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, use_bias=False)])
        >>> model = TripletModel(tower, margin=0.2, mining="all")
        >>> model.compile(keras.optimizers.SGD(0.1), jit_compile=False)
        >>> x, y = np.array([[0, 0.0], [0, 1], [0.5, 0], [0.5, 1]]), np.array([0, 0, 1, 1])
        >>> history = model.fit(x, y, batch_size=4, epochs=20, verbose=0).history
        >>> history["loss"][-1] < history["loss"][0]
        True

    Reference:
        Schroff et al., "FaceNet", CVPR 2015.
    """

    def __init__(
        self, tower, margin: float = 0.2, mining: str = "semi-hard", reduction: str = "mean", seed: int = 0, **kwargs
    ):
        super().__init__(tower, **kwargs)
        if not 0 <= seed < 2**31:
            raise ValueError(f"expected a seed from 0 to {2**31 - 1}, received {seed!r}")
        self.margin = checked_margin(margin)
        self.mining = checked_strategy(mining)
        self.reduction = checked_reduction(reduction)
        self.seed = int(seed)
        self._loss = keras.metrics.Mean(name="loss")
        self._shares = [keras.metrics.Mean(name=name) for name in ("active", "d_ap", "d_an")]
        self._collapse = Latest(name="collapse")
        self.built = True

    def call(self, pictures, training=None):
        return self.tower(pictures, training=training)

    def train_step(self, data):
        with tf.GradientTape() as tape:
            batch = self.triplets(data, training=True)
            objective = self.objective(batch.loss, averaged=self.reduction == "mean")
        weights = self.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(objective, weights), weights, strict=True))
        return self._report(batch)

    def test_step(self, data):
        return self._report(self.triplets(data, training=False))

    def triplets(self, data, training: bool) -> TripletBatch:
        """Encode a batch, mine it if it is labelled, and compute its triplet loss."""
        pictures, labels = self.unpacked(data)
        if isinstance(pictures, (tuple, list)):
            encodings = self.encode_together(pictures, 3, training)
            return given_triplet_loss(*encodings, self.margin, self.reduction)
        if labels is None:
            raise ValueError("expected (pictures, labels) or ((anchor, positive, negative),), received no labels")
        encodings = self(pictures, training=training)
        seed = self.step_seed(self.seed) if training else self.seed
        return batch_triplet_loss(encodings, labels, self.margin, self.mining, self.reduction, seed)

    def fit(self, x=None, y=None, batch_size=None, epochs=1, verbose="auto", callbacks=None, **kwargs):
        """Train, as `keras.Model.fit` does, and warn of a collapse; wrong labels are refused."""
        watch = CollapseWatch()
        if isinstance(callbacks, keras.callbacks.CallbackList):
            callbacks.append(watch)
        else:
            callbacks = [*(callbacks if isinstance(callbacks, (list, tuple)) else filter(None, [callbacks])), watch]
        options = {"batch_size": batch_size, "epochs": epochs, "verbose": verbose, "callbacks": callbacks}
        return super().fit(x, y, **options, **kwargs)

    @property
    def metrics(self):
        return [self._loss, *self._shares, self._collapse]

    def _report(self, batch: TripletBatch) -> dict:
        self._loss.update_state(batch.loss)
        for metric, value in zip(self._shares, (batch.active, batch.d_ap, batch.d_an), strict=True):
            metric.update_state(value, sample_weight=batch.valid)
        self._collapse.update_state(tf.where(batch.valid > 0, collapse_degree(batch.d_an, self.margin), 0))
        return self.get_metrics_result()

    def get_config(self):
        return {
            **super().get_config(),
            "margin": self.margin,
            "mining": self.mining,
            "reduction": self.reduction,
            "seed": self.seed,
        }
