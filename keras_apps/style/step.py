"""The heart of style transfer: one gradient step on the pixels of a picture, compiled once."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from keras_apps.style.costs import content_cost, gram_matrix, total_cost, variation_cost
from keras_apps.style.recipe import Recipe

FIRST_MOVE = 0.1
"""How far plain gradient descent's first step moves the pixels (root mean square) where no rate is given."""


class StyleStep:
    """One step of G := G - learning_rate dJ/dG, on a `tf.Variable` picture.

    The targets of content and style are computed once, here; a call computes the activations of G, the costs,
    their gradient with respect to the pixels, and changes G in place. Values stay in 0..1.

    Args:
        model: From pictures `(1, h, w, 3)` in 0..1 to `{layer: activations}`.
        content: Floats `(h, w, 3)` in 0..1.
        style: Floats `(h', w', 3)` in 0..1.
        start: Floats `(h, w, 3)` in 0..1, the first G.
        recipe: Says layers, weights, normalisation and optimiser.
        compiled: Compile the step with XLA.

    Attributes:
        picture: `tf.Variable` `(h, w, 3)`, G.
        learning_rate: The rate in use.
    """

    def __init__(self, model: Callable, content, style, start, recipe: Recipe, compiled: bool = True):
        self.model, self.recipe = model, recipe
        self.picture = tf.Variable(start, dtype=tf.float32, name="generated")
        a_S = model(tf.constant(style)[None])
        self.a_C = model(tf.constant(content)[None])[recipe.resolved_content_layer][0]
        self.style_grams = {layer: _mean_gram(a_S[layer][0]) for layer in recipe.resolved_style_layers}
        self.last_cost = float("inf")
        self.learning_rate = recipe.resolved_learning_rate or self._rate_of_first_move()
        self.optimizer = _optimizer(recipe.optimizer, self.learning_rate)
        self.optimizer.build([self.picture])
        self.step = tf.function(self._step, jit_compile=compiled)

    def __call__(self) -> dict[str, tf.Tensor]:
        """Take one step and return the costs of the picture before it, as `costs` does."""
        costs = self.step()
        if self.recipe.resolved_learning_rate is None:
            self._adapt_rate(float(costs["cost"]))
        return costs

    def _adapt_rate(self, cost: float) -> None:
        """Let plain gradient descent's rate grow a little while the cost falls, and halve it when the cost rose."""
        self.learning_rate *= 1.1 if cost < self.last_cost else 0.5
        self.last_cost = cost
        self.optimizer.learning_rate = self.learning_rate

    def _step(self) -> dict[str, tf.Tensor]:
        costs, gradient = self._costs_and_gradient()
        self.optimizer.apply_gradients([(gradient, self.picture)])
        self.picture.assign(tf.clip_by_value(self.picture, 0.0, 1.0))
        return costs

    def _costs_and_gradient(self) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        with tf.GradientTape() as tape:
            costs = self.costs(self.picture)
        return costs, tape.gradient(costs["cost"], self.picture)

    def _rate_of_first_move(self) -> float:
        """Find a rate for plain gradient descent: that of `FIRST_MOVE`, halved until the step lowers the cost enough.

        Enough is half of rate * |gradient|^2 (Armijo's condition), which a rate that suits the curvature reaches.
        """
        costs, gradient = self._costs_and_gradient()
        squares = float(tf.reduce_sum(tf.square(gradient)))
        rate = FIRST_MOVE / max((squares / gradient.shape.num_elements()) ** 0.5, 1e-30)
        for _ in range(40):
            moved = self.costs(self.picture - rate * gradient)["cost"]
            if float(costs["cost"] - moved) >= rate * squares / 2:
                break
            rate /= 2
        return rate

    def costs(self, picture: tf.Tensor) -> dict[str, tf.Tensor]:
        """Compute the costs of a picture.

        Args:
            picture: Floats `(h, w, 3)` in 0..1.

        Returns:
            Scalars: `cost`, the total that is minimised, and its terms `content`, `style`, `variation` before
            their weights; `J_content` and `J_style`, the course's costs, whatever the normalisation.
        """
        recipe = self.recipe
        a_G = self.model(picture[None])
        J_content = content_cost(self.a_C, a_G[recipe.resolved_content_layer][0])
        J_style, scale_free_style = self._style_costs(a_G)
        content, style = J_content, J_style
        if recipe.normalization == "scale-free":
            content, style = 2 * J_content / _size(self.a_C), scale_free_style
        cost = total_cost(content, style, recipe.content_weight, recipe.style_weight)
        variation = tf.zeros(())
        if recipe.variation_weight:
            variation = variation_cost(picture) / tf.cast(tf.size(picture), tf.float32)
            cost += recipe.variation_weight * variation
        return {
            "cost": cost,
            "content": content,
            "style": style,
            "variation": variation,
            "J_content": J_content,
            "J_style": J_style,
        }

    def _style_costs(self, a_G: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        course, scale_free = [], []
        for layer, weight in self.recipe.resolved_style_layers.items():
            G_S, G_G = self.style_grams[layer], _mean_gram(a_G[layer][0])
            difference = tf.reduce_sum(tf.square(G_S - G_G))
            course.append(weight * difference / (4 * G_S.shape[-1] ** 2))
            scale_free.append(weight * difference / _size(G_S))
        return tf.add_n(course), tf.add_n(scale_free)


def _mean_gram(a: tf.Tensor) -> tf.Tensor:
    return gram_matrix(a) / tf.cast(tf.shape(a)[0] * tf.shape(a)[1], a.dtype)


def _size(target: tf.Tensor) -> tf.Tensor:
    """|target|^2, or a little where a flat picture leaves nothing to divide by."""
    return tf.reduce_sum(tf.square(target)) + 1e-12


def _optimizer(name: str, learning_rate: float) -> keras.optimizers.Optimizer:
    if name == "gradient-descent":
        return keras.optimizers.SGD(learning_rate)
    return keras.optimizers.Adam(learning_rate, epsilon=1e-8)
