"""The first G: noise, the content, the style, a blend, or a picture that is given."""

from __future__ import annotations

import numpy as np

from keras_apps.images import resize
from keras_apps.style.recipe import Recipe


def first_picture(content: np.ndarray, style: np.ndarray, given: np.ndarray | None, recipe: Recipe) -> np.ndarray:
    """Make the picture that the optimisation begins with.

    Args:
        content: Floats `(h, w, 3)` in 0..1.
        style: Floats `(h', w', 3)` in 0..1, the first style picture.
        given: Floats of any size, for `start="picture"`.
        recipe: Says which start, and the noise's seed and share.

    Returns:
        float32 `(h, w, 3)` in 0..1, of the content's size.

    Raises:
        ValueError: If the recipe starts with a picture and none is given, or the other way round.
    """
    if (recipe.start == "picture") != (given is not None):
        received = "none" if given is None else f"one with start {recipe.start!r}"
        raise ValueError(f"expected a start_picture exactly with start 'picture', received {received}")
    if recipe.start == "content":
        return content
    if recipe.start in ("style", "picture"):
        return resize(style if given is None else given, content.shape[:2])
    noise = np.random.default_rng(recipe.seed).uniform(0, 1, content.shape).astype(np.float32)
    if recipe.start == "noise":
        return noise
    return (1 - recipe.noise_share) * content + recipe.noise_share * noise
