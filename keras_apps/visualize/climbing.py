"""Steps of gradient ascent on the numbers of a canvas; units that are silent are woken."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from keras_apps.visualize import silent


class Climb:
    """Steps of gradient ascent on the numbers of a canvas.

    Args:
        network: The model up to the layer.
        picture: The canvas.
        wish: `(network, drawn, seeds)` -> what is to rise, and the activations `(n,)`.
        optimizer: A Keras optimizer.
        seed: Of the views.

    Attributes:
        numbers: `tf.Variable`, what is moved.
        reached: bool `(n,)`, which pictures a gradient has reached so far.
    """

    def __init__(self, network, picture, wish: Callable, optimizer, seed: int):
        self.numbers = tf.Variable(picture.start, name="canvas")
        self.network, self.picture, self.wish, self.seed = network, picture, wish, seed
        self.optimizer = optimizer
        optimizer.build([self.numbers])
        self._plain, self._awakened = self._compiled(network), None
        self.reached = np.zeros(len(picture.start), bool)

    def step(self, number: int) -> np.ndarray:
        """Take a step and return the activations before it, `(n,)`.

        A picture whose unit has no gradient in this view, even awakened, goes on as it was going.

        Raises:
            ValueError: If they are not finite.
        """
        seeds = tf.constant((self.seed, number), tf.int32)
        gradient, values = self._plain(seeds)
        reached = self._reached(gradient, values, number)
        if not reached.all():
            if self._awakened is None:
                self._awakened = self._compiled(silent.awakened(self.network))
            other = self._awakened(seeds)[0]
            plainly = np.reshape(reached, (-1, *(1,) * (len(gradient.shape) - 1)))
            gradient = tf.where(plainly, gradient, other)
            reached = reached | self._reached(other, values, number)
        self.reached |= reached
        self.optimizer.apply([-gradient], [self.numbers])
        return values.numpy()

    def _compiled(self, network):
        @tf.function(input_signature=[tf.TensorSpec((2,), tf.int32)])
        def gradient_and_values(seeds):
            with tf.GradientTape() as tape:
                total, values = self.wish(network, self.picture.draw(self.numbers), seeds)
            return tape.gradient(total, self.numbers, unconnected_gradients="zero"), values

        return gradient_and_values.get_concrete_function()  # called itself, it never warns of retracing

    @staticmethod
    def _reached(gradient, values, number: int) -> np.ndarray:
        """Return which pictures have a gradient, `(n,)`."""
        largest = tf.reduce_max(tf.abs(gradient), axis=list(range(1, len(gradient.shape)))).numpy()
        if not (np.isfinite(values.numpy()).all() and np.isfinite(largest).all()):
            raise ValueError(f"expected finite activations, received others at step {number}; a smaller rate may help")
        return largest > 0
