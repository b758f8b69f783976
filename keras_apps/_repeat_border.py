"""The layer that repeats a film's first and last step, so that its border looks like its inside."""

from __future__ import annotations

import keras
from keras import ops


@keras.saving.register_keras_serializable("keras_apps")
class RepeatBorder(keras.layers.Layer):
    """Repeat the first and the last step along the first spatial axis.

    Args:
        before: How often the first step is repeated, >= 0.
        after: How often the last.

    Args (call):
        inputs: Floats `(n, steps, ...)`.

    Returns:
        Floats `(n, before + steps + after, ...)`.

    Example:
        >>> import numpy as np
        >>> RepeatBorder(1, 2)(np.array([[[3.0], [5.0]]]))[0, :, 0].numpy().tolist()
        [3.0, 3.0, 5.0, 5.0, 5.0]
    """

    def __init__(self, before: int, after: int, **kwargs):
        super().__init__(**kwargs)
        self.before, self.after = int(before), int(after)

    def call(self, inputs):
        first = ops.repeat(inputs[:, :1], self.before, axis=1)
        last = ops.repeat(inputs[:, -1:], self.after, axis=1)
        return ops.concatenate([first, inputs, last], axis=1)

    def compute_output_shape(self, input_shape):
        batch, steps, *others = input_shape
        return (batch, None if steps is None else steps + self.before + self.after, *others)

    def get_config(self):
        return {**super().get_config(), "before": self.before, "after": self.after}
