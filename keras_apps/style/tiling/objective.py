"""J(G) and its gradient tile by tile, for pictures larger than memory: the same numbers, in two passes.

J depends on the picture through sums over positions: Gram matrices, and content costs. The first pass adds up each
tile's part of them. From the sums follow J and its derivatives with respect to them, and the second pass carries these
derivatives back through every tile to its pixels, where the tiles' margins overlap and are added up.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_apps._checks import check_whole
from keras_apps.style.costs import content_cost
from keras_apps.style.objective import Activations, Objective, mean_gram
from keras_apps.style.recipes.recipe import Recipe
from keras_apps.style.tiling.tiles import Side, Span, sides

Arrays = Mapping[str, np.ndarray]


class Tile(NamedTuple):
    """A rectangle of a picture with its margins.

    Attributes:
        rows: Its rows.
        columns: Its columns.
        size: Height and width of the whole picture.
    """

    rows: Span
    columns: Span
    size: tuple[int, int]

    @property
    def window(self) -> tuple[slice, slice]:
        """The tile with its margins, as slices of the picture."""
        return slice(self.rows.start, self.rows.stop), slice(self.columns.start, self.columns.stop)


class TiledObjective(Objective):
    """An `Objective` that never holds the activations of more than one tile; its costs and gradient are the same.

    Of whole size are only the picture, its gradient, the content targets and the regions. A step takes the time of one
    and a half steps over the tiles with their margins.

    Args:
        model: The network as a Keras model, a chain of layers; its geometry is read from it.
        content: Floats `(h, w, 3)` in 0..1.
        styles: Style pictures, each floats `(h', w', 3)` in 0..1.
        recipe: Says layers, weights and normalisation.
        tile: Side of the squares that tiles own, in pixels, >= 1; it is rounded up to a multiple of the network's
            stride, 16 for VGG's five blocks. The margins come on top, about 64 pixels on each side there.
        regions: As `Objective` takes them.
        temporal_weight: As `Objective` takes it.
        compiled: Compile with XLA; at most four shapes of tile a picture are compiled.
        network: What computes the activations, for instance `winograd.fast_model(model)`; the model by default.

    Raises:
        ValueError: If `tile` is below 1 or a layer cannot be computed in tiles; its name is given.
        TypeError: If `tile` is not an integer.
    """

    def __init__(
        self,
        model: keras.Model,
        content: np.ndarray,
        styles: Sequence[np.ndarray],
        recipe: Recipe,
        tile: int,
        regions: Arrays | None = None,
        temporal_weight: float = 0.0,
        compiled: bool = True,
        network: Callable[[tf.Tensor], Activations] | None = None,
    ):
        self.tile = check_whole("tile", tile)
        self.sides = sides(model, recipe.layers)
        self.channels = {layer: model.get_layer(layer).output.shape[-1] for layer in recipe.resolved_content_layers}
        self.counts = {layer: len(styles) for layer in regions or {}}
        self._sums = tf.function(functools.partial(self._sums_of_tile), jit_compile=compiled, autograph=False)
        self._pixels = tf.function(functools.partial(self._gradient_of_tile), jit_compile=compiled, autograph=False)
        self._total = tf.function(functools.partial(self._costs_of_sums), jit_compile=compiled, autograph=False)
        super().__init__(network or model, content, styles, recipe, regions, temporal_weight, compiled)
        self.shares_of_positions = self._shares(content.shape[:2], regions)
        self.costs_and_gradient = self._costs_and_gradient_by_tiles

    def tiles(self, height: int, width: int) -> list[Tile]:
        """Return the tiles of a picture of this size in pixels."""
        cut = [side.spans(n, _multiple(self.tile, side)) for side, n in zip(self.sides, (height, width), strict=True)]
        return [Tile(rows, columns, (height, width)) for rows, columns in itertools.product(*cut)]

    def costs(self, picture: tf.Tensor) -> dict[str, tf.Tensor]:
        """Compute the costs of a picture, as `Objective.costs` does."""
        picture = tf.convert_to_tensor(picture)
        return self._total(picture, *self._first_pass(picture))[0]

    def _costs_and_gradient_by_tiles(self, picture: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        picture = tf.convert_to_tensor(picture)
        costs, of_pixels, of_contents, of_grams = self._total(picture, *self._first_pass(picture))
        gradient = of_pixels.numpy()
        for tile, arguments in self._each(picture):
            gradient[tile.window] += self._pixels(*arguments, of_contents, of_grams).numpy()
        return costs, tf.constant(gradient)

    def _first_pass(self, picture: tf.Tensor) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        of_tiles = (self._sums(*arguments)[:2] for _, arguments in self._each(picture))
        content_costs, grams = functools.reduce(lambda a, b: tf.nest.map_structure(tf.add, a, b), of_tiles)
        return content_costs, grams

    def _each(self, picture: tf.Tensor) -> Iterator[tuple[Tile, tuple[Any, ...]]]:
        """Yield each tile with what the two passes need of it: pixels, targets, owned positions and their shares."""
        for tile in self.tiles(*picture.shape[:2]):
            targets = {layer: a_C[self._units(layer, tile)] for layer, a_C in self.a_C.items()}
            yield tile, self._arguments(picture, tile, targets, self.shares_of_positions)

    def _arguments(self, picture: tf.Tensor, tile: Tile, targets: Activations, shares: Arrays) -> tuple[Any, ...]:
        owned = {layer: self._owned(layer, tile, np.ones((1, 1, 1))) for layer in targets}
        weights = {layer: self._owned(layer, tile, share) for layer, share in shares.items()}
        return picture[tile.window], targets, owned, weights

    def _units(self, layer: str, tile: Tile) -> tuple[slice, slice]:
        """All units of a tile and its margins, as slices of the whole picture's."""
        firsts = [span.start // side.view(layer).stride for side, span in zip(self.sides, tile[:2], strict=True)]
        counts = [side.units(layer, span.stop - span.start) for side, span in zip(self.sides, tile[:2], strict=True)]
        return slice(firsts[0], firsts[0] + counts[0]), slice(firsts[1], firsts[1] + counts[1])

    def _owned(self, layer: str, tile: Tile, values: np.ndarray) -> tf.Tensor:
        """Cut `(n, h_l, w_l)` or `(n, 1, 1)` values of a layer's positions to a tile, with 0 in its margins."""
        spans = zip(self.sides, (tile.rows, tile.columns), tile.size, strict=True)
        (here, there), (across, over) = (side.within(layer, span, n) for side, span, n in spans)
        found = np.zeros(
            (len(values), *(s.stop - s.start for s in self._units(layer, tile))), self.dtype.as_numpy_dtype
        )
        found[:, here, across] = values if values.shape[1:] == (1, 1) else values[:, there, over]
        return tf.constant(found, self.dtype)

    def _shares(self, size: tuple[int, int], regions: Arrays | None) -> dict[str, np.ndarray]:
        """Return what each position counts for in the mean Gram matrices, `(regions, h_l, w_l)` or `(1, 1, 1)`."""
        even = {layer: np.full((1, 1, 1), 1 / n) for layer, n in self._positions(size).items()}
        return {layer: np.asarray((regions or {}).get(layer, share)) for layer, share in even.items()}

    def _positions(self, size: tuple[int, int]) -> dict[str, int]:
        rows, columns = self.sides
        return {
            layer: rows.units(layer, size[0]) * columns.units(layer, size[1])
            for layer in self.recipe.resolved_style_layers
        }

    def _content_activations(self, content: np.ndarray) -> dict[str, np.ndarray]:
        size = content.shape[:2]
        whole: dict[str, np.ndarray] = {}
        for tile in self.tiles(*size):
            found = self._look(content, tile)[2]
            for layer, a in found.items():
                spans = zip(self.sides, (tile.rows, tile.columns), size, strict=True)
                (here, there), (across, over) = (side.within(layer, span, n) for side, span, n in spans)
                units = [side.units(layer, n) for side, n in zip(self.sides, size, strict=True)]
                whole.setdefault(layer, np.zeros((*units, a.shape[-1]), content.dtype))
                whole[layer][there, over] = a[here, across]
        return whole

    def _style_grams(self, styles: Sequence[np.ndarray]) -> dict[str, tf.Variable]:
        sums = []
        for picture in styles:
            found = [self._look(picture, tile)[1] for tile in self.tiles(*picture.shape[:2])]
            sums.append(tf.nest.map_structure(lambda *grams: tf.add_n(grams)[0], *found))
        layers = self.recipe.resolved_style_layers
        return {layer: tf.Variable(tf.stack([one[layer] for one in sums]), trainable=False) for layer in layers}

    def _look(self, picture: np.ndarray, tile: Tile) -> tuple[dict[str, tf.Tensor], ...]:
        """Run the first pass on a picture that is not compared with any, for its Gram matrices and activations.

        Shapes are those of the first pass of a step, so that nothing is compiled twice.
        """
        targets = {}
        for layer, channels in self.channels.items():
            units = [s.stop - s.start for s in self._units(layer, tile)]
            targets[layer] = tf.zeros((*units, channels), self.dtype)
        shares = {k: np.repeat(share, self.counts.get(k, 1), 0) for k, share in self._shares(tile.size, None).items()}
        return self._sums(*self._arguments(tf.constant(picture, self.dtype), tile, targets, shares))

    def _sums_of_tile(
        self, pixels: tf.Tensor, targets: Activations, owned: Activations, weights: Activations
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        a = {layer: found[0] for layer, found in self.network(pixels[None]).items()}
        inside = {layer: mask[0, :, :, None] for layer, mask in owned.items()}  # 1 at the tile's own positions, else 0
        contents = {
            layer: content_cost(inside[layer] * a_C, inside[layer] * a[layer]) for layer, a_C in targets.items()
        }
        grams = {layer: mean_gram(a[layer], share) for layer, share in weights.items()}
        return contents, grams, {layer: a[layer] for layer in targets}

    def _costs_of_sums(self, picture: tf.Tensor, contents: Activations, grams: Activations) -> tuple[Any, ...]:
        with tf.GradientTape() as tape:
            tape.watch((picture, contents, grams))
            costs = self.combine(picture, contents, grams, self._positions(picture.shape[:2]))
        sources = (picture, contents, grams)
        return costs, *tape.gradient(costs["cost"], sources, unconnected_gradients="zero")

    def _gradient_of_tile(
        self,
        pixels: tf.Tensor,
        targets: Activations,
        owned: Activations,
        weights: Activations,
        of_contents: Activations,
        of_grams: Activations,
    ) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(pixels)
            contents, grams, _ = self._sums_of_tile(pixels, targets, owned, weights)
        return tape.gradient((contents, grams), pixels, output_gradients=(of_contents, of_grams))


def _multiple(tile: int, side: Side) -> int:
    return -(-tile // side.stride) * side.stride
