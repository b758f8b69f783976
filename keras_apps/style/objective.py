"""J(G) and its gradient with respect to the pixels, for one size of picture."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from keras_apps.style.costs import NORMALIZATION, MeanGram, content_cost, gram_matrix, style_cost, total_cost
from keras_apps.style.recipes.recipe import Recipe

Activations = Mapping[str, tf.Tensor]


class Objective:
    """The total cost of a picture, and its gradient.

    The targets, content activations and style Gram matrices, are computed once, here.

    Args:
        network: From pictures `(1, h, w, 3)` in 0..1 to `{layer: activations}`.
        content: Floats `(h, w, 3)` in 0..1; all is computed in their type.
        styles: Style pictures, each floats `(h', w', 3)` in 0..1.
        recipe: Says layers, weights and normalisation.
        regions: `{style layer: floats (styles, h_l, w_l)}`, how much of a style picture each position is to have; for
            every style they sum to 1. Without, every style is compared with the whole picture.
        temporal_weight: Weight of the mean squared difference to `previous`, where `steady` is 1.
        compiled: Compile with XLA.

    Attributes:
        a_C: `{content layer: variable (h_l, w_l, c)}`.
        grams: `{style layer: variable (styles, c, c)}`, the style pictures' mean Gram matrices.
        previous: Variable `(h, w, 3)`, a picture to stay near, with a `temporal_weight`.
        steady: Variable `(h, w, 1)` in 0..1, where to stay near it.
    """

    def __init__(
        self,
        network: Callable[[tf.Tensor], Activations],
        content: np.ndarray,
        styles: Sequence[np.ndarray],
        recipe: Recipe,
        regions: Mapping[str, np.ndarray] | None = None,
        temporal_weight: float = 0.0,
        compiled: bool = True,
    ):
        self.network, self.recipe, self.temporal_weight = network, recipe, temporal_weight
        self.normalization = NORMALIZATION[recipe.normalization]
        self.dtype = tf.as_dtype(content.dtype)
        self.shares = tf.constant(recipe.style_shares or [1 / len(styles)] * len(styles), self.dtype)
        self.pixels = content.shape[0] * content.shape[1]
        self.a_C = {layer: tf.Variable(a, trainable=False) for layer, a in self._content_activations(content).items()}
        self.grams = self._style_grams(styles)
        self.regions = {layer: tf.constant(region, self.dtype) for layer, region in (regions or {}).items()}
        if temporal_weight:
            self.previous = tf.Variable(tf.zeros(content.shape, self.dtype), trainable=False)
            self.steady = tf.Variable(tf.zeros((*content.shape[:2], 1), self.dtype), trainable=False)
        step = functools.partial(self._costs_and_gradient)  # or TensorFlow would count all objectives' tracings
        self.costs_and_gradient = tf.function(step, jit_compile=compiled, autograph=False)

    def _content_activations(self, content: np.ndarray) -> dict[str, tf.Tensor]:
        found = self.network(tf.constant(content)[None])
        return {layer: found[layer][0] for layer in self.recipe.resolved_content_layers}

    def _style_grams(self, styles: Sequence[np.ndarray]) -> dict[str, tf.Variable]:
        grams: dict[str, list] = {layer: [] for layer in self.recipe.resolved_style_layers}
        for picture in styles:
            found = self.network(tf.constant(picture)[None])
            for layer, of_layer in grams.items():
                of_layer.append(mean_gram(found[layer][0]))
        return {layer: tf.Variable(tf.concat(of_layer, axis=0), trainable=False) for layer, of_layer in grams.items()}

    def retarget(self, content: np.ndarray) -> None:
        """Take another content picture of the same size, without compiling anything anew."""
        for layer, a_C in self._content_activations(content).items():
            self.a_C[layer].assign(a_C)

    def costs(self, picture: tf.Tensor) -> dict[str, tf.Tensor]:
        """Compute the costs of a picture.

        Args:
            picture: Floats `(h, w, 3)` in 0..1.

        Returns:
            Scalars: `cost`, the total that is minimised, and its terms `content`, `style`, `variation`, `temporal`
            before their weights; `J_content` and `J_style`, the course's costs, whatever the normalisation.
        """
        a_G = {layer: a[0] for layer, a in self.network(picture[None]).items()}
        contents = {layer: content_cost(a_C, a_G[layer]) for layer, a_C in self.a_C.items()}
        grams = {layer: mean_gram(a_G[layer], self.regions.get(layer)) for layer in self.grams}
        positions = {layer: a_G[layer].shape[0] * a_G[layer].shape[1] for layer in self.grams}
        return self.combine(picture, contents, grams, positions)

    def combine(
        self,
        picture: tf.Tensor,
        contents: Mapping[str, tf.Tensor],
        grams: Mapping[str, tf.Tensor],
        positions: Mapping[str, int],
    ) -> dict[str, tf.Tensor]:
        """Combine the layers' costs into J(G) = alpha J_content + beta J_style, as `costs` returns them.

        Args:
            picture: Floats `(h, w, 3)`, G.
            contents: `{content layer: its content_cost}`, scalars.
            grams: `{style layer: floats (regions, c, c)}`, G's mean Gram matrices.
            positions: `{style layer: h_l w_l}` of G.
        """
        recipe, normal = self.recipe, self.normalization
        S = {layer: MeanGram(G_S) for layer, G_S in self.grams.items()}
        G = {layer: MeanGram(G_G) for layer, G_G in grams.items()}
        layer_weights = recipe.resolved_style_layers
        J_content = tf.add_n([w * contents[k] for k, w in recipe.resolved_content_layers.items()])
        J_style = tf.reduce_sum(self.shares * style_cost(S, G, layer_weights))

        # the same costs, each layer's multiplied with the recipe's normalisation
        content = tf.add_n(
            [w * normal.content(self.a_C[k]) * contents[k] for k, w in recipe.resolved_content_layers.items()]
        )
        normalized = {k: w * normal.style(self.grams[k], positions[k], self.pixels) for k, w in layer_weights.items()}
        style = tf.reduce_sum(self.shares * style_cost(S, G, normalized))

        cost = total_cost(content, style, recipe.content_weight, recipe.style_weight)
        costs = {"content": content, "style": style, "variation": tf.zeros((), self.dtype)}
        costs["temporal"] = tf.zeros((), self.dtype)
        if recipe.variation_weight:
            costs["variation"] = normal.variation(picture)
            cost += recipe.variation_weight * costs["variation"]
        if self.temporal_weight:
            costs["temporal"] = tf.reduce_mean(self.steady * tf.square(picture - self.previous))
            cost += self.temporal_weight * costs["temporal"]
        return {"cost": cost, **costs, "J_content": J_content, "J_style": J_style}

    def _costs_and_gradient(self, picture: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(picture)
            costs = self.costs(picture)
        gradient = tape.gradient(costs["cost"], picture)
        if gradient is None:
            layers = ", ".join(self.recipe.layers)
            raise ValueError(
                f"expected a network through which gradients reach the picture, received one that stops them "
                f"before {layers}"
            )
        return costs, gradient


def mean_gram(a: tf.Tensor, regions: tf.Tensor | None = None) -> tf.Tensor:
    """Compute Gram matrices divided by the number of positions, or weighted by regions.

    Args:
        a: Floats `(h, w, c)`.
        regions: Floats `(regions, h, w)`, each region's weights summing to 1; one region of equal weights without.

    Returns:
        Floats `(regions, c, c)`: sum over positions of weight a_k a_k'.

    Example:
        >>> mean_gram(tf.constant([[[1.0], [3.0]]])).numpy().tolist()
        [[[5.0]]]
        >>> mean_gram(tf.constant([[[1.0], [3.0]]]), tf.constant([[[1.0, 0.0]], [[0.5, 0.5]]])).numpy().tolist()
        [[[1.0]], [[5.0]]]
    """
    if regions is None:
        return _mean_gram(a)[None]
    rows = tf.reshape(a, (-1, a.shape[-1]))
    weights = tf.reshape(regions, (regions.shape[0], -1, 1))
    return tf.matmul(weights * rows, tf.broadcast_to(rows, (regions.shape[0], *rows.shape)), transpose_a=True)


@tf.autograph.experimental.do_not_convert  # which would drop the gradient
@tf.custom_gradient
def _mean_gram(a: tf.Tensor) -> tf.Tensor:
    """The whole picture's mean Gram matrix; its gradient is one product of matrices, where that of the tape is two."""
    rows = tf.reshape(a, (-1, a.shape[-1]))
    positions = tf.cast(tf.shape(rows)[0], a.dtype)

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return tf.reshape(tf.matmul(rows, (upstream + tf.transpose(upstream)) / positions), tf.shape(a))

    return gram_matrix(a) / positions, gradient
