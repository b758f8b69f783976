"""The pictures of a transfer: read and checked once, and made as large as each stage wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from keras_apps.images import Picture, load_image, resize, scaled
from keras_apps.style import checkpoint
from keras_apps.style.colors import finish, prepare
from keras_apps.style.networks import check_size, deepest_layer, smallest_side
from keras_apps.style.recipe import Recipe
from keras_apps.style.regions import layer_regions, layer_sizes, read_masks
from keras_apps.style.starts import first_picture


@dataclass(frozen=True)
class Inputs:
    """What is to be painted.

    Attributes:
        content: float32 `(h, w, 3)` in 0..1, as it was given.
        styles: Style pictures, likewise.
        masks: float32 `(styles, h, w)`, or `None`.
        given: The start picture, or `None`.
        recipe: The recipe.
        stages: `(size, steps)` of each size that is painted.
    """

    content: np.ndarray
    styles: list[np.ndarray]
    masks: np.ndarray | None
    given: np.ndarray | None
    recipe: Recipe
    stages: list[tuple[int, int]]

    def at(self, size: int, model: keras.Model) -> tuple[np.ndarray, list[np.ndarray], Mapping[str, np.ndarray] | None]:
        """Return content, styles and the style layers' regions for a longer side of `size` pixels."""
        styles = [resize(style, size) if _fits(style, size, self.recipe) else style for style in self.styles]
        C, styles = prepare(resize(self.content, size), styles, self.recipe.color)
        for picture in (C, *styles):
            check_size(model, self.recipe, *picture.shape[:2])
        if self.masks is None:
            return C, styles, None
        sizes = layer_sizes(model, *C.shape[:2])
        return C, styles, layer_regions(self.masks, {k: sizes[k] for k in self.recipe.resolved_style_layers})

    def finished(self, picture: np.ndarray) -> np.ndarray:
        """Return a painted picture with the colours that the recipe wants it to have."""
        return finish(picture, resize(self.content, picture.shape[:2]), self.recipe.color)

    def start(self, content: np.ndarray, style: np.ndarray) -> np.ndarray:
        """Return the first G for a content picture that is as large as it."""
        return first_picture(content, style, self.given, self.recipe)

    def digest(self) -> str:
        """Return a SHA-256 of all of them."""
        others = [picture for picture in (self.masks, self.given) if picture is not None]
        return checkpoint.digest([self.content, *self.styles, *others])


def read_inputs(
    content: Picture,
    style: Picture | Sequence[Picture],
    masks: Sequence[Picture] | None,
    start_picture: Picture | None,
    recipe: Recipe,
) -> Inputs:
    """Read the pictures and check that they, the recipe and the machine go together.

    Raises:
        ValueError: If a picture is too small for the network, the shares or masks are not as many as the styles, or the
            start picture does not go with the recipe's start.
        FileNotFoundError: If a picture does not exist.
    """
    C = load_image(content)
    styles = [load_image(picture) for picture in (style if isinstance(style, (list, tuple)) else [style])]
    if not styles:
        raise ValueError("expected at least one style picture, received none")
    if recipe.style_shares is not None and len(recipe.style_shares) != len(styles):
        raise ValueError(
            f"expected {len(styles)} style_shares, one a style picture, received {len(recipe.style_shares)}"
        )
    found = None if masks is None else read_masks(masks, len(styles), C.shape[:2])
    given = None if start_picture is None else load_image(start_picture)
    first_picture(np.zeros((1, 1, 3), np.float32), styles[0], given, recipe)  # complains before anything is loaded
    for what, picture in [("content", C), *(("style", picture) for picture in styles)]:
        _check_size(what, picture, recipe)
    stages = [(size, steps) for size, steps in recipe.stages if _fits(C, size, recipe)]
    left_out = sum(steps for _, steps in recipe.stages) - sum(steps for _, steps in stages)
    stages[0] = (stages[0][0], stages[0][1] + left_out)
    return Inputs(C, styles, found, given, recipe, stages)


def _fits(picture: np.ndarray, size: int, recipe: Recipe) -> bool:
    least = smallest_side(recipe)
    return min(picture.shape[:2]) >= least and min(scaled(picture, size)) >= least


def _check_size(what: str, picture: np.ndarray, recipe: Recipe) -> None:
    if not _fits(picture, recipe.size, recipe):
        least = smallest_side(recipe)
        small = picture.shape if min(picture.shape[:2]) < least else scaled(picture, recipe.size)
        raise ValueError(
            f"expected a {what} picture of at least {least} x {least} pixels at size {recipe.size}, which "
            f"{deepest_layer(recipe)} needs, received {small[1]} x {small[0]}"
        )
