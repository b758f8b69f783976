"""Notice early when training collapses: all encodings alike, the loss stuck at the margin."""

from __future__ import annotations

import warnings

import keras
import tensorflow as tf


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
