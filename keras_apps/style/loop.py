"""Repaint a photograph: two pictures and a recipe -> the generated picture and how its cost fell."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keras_apps import backbones
from keras_apps.images import Picture, load_image, resize
from keras_apps.style.memory import check_memory
from keras_apps.style.recipe import Recipe
from keras_apps.style.step import StyleStep
from keras_apps.style.winograd import fast_model

WORTH_COMPILING = 2_000_000
"""Steps times pixels from which the fast convolutions save more seconds than they take to compile."""


@dataclass(frozen=True)
class Progress:
    """What a progress callback is told after a step.

    Attributes:
        step: Steps done, 1 to `steps`.
        steps: Steps in all.
        cost: The total cost of the picture before this step.
        seconds: Since the first step began; that one compiles and is longer.
        seconds_left: An estimate from the steps after the first; not a number before there are any.
        image: Returns the picture so far, float32 `(h, w, 3)` in 0..1.
    """

    step: int
    steps: int
    cost: float
    seconds: float
    seconds_left: float
    image: Callable[[], np.ndarray]


@dataclass(frozen=True)
class StyleResult:
    """A generated picture.

    Attributes:
        image: float32 `(h, w, 3)`, RGB in 0..1.
        history: For each step `step`, `cost`, its terms `content`, `style`, `variation`, the course's `J_content` and
            `J_style`, and `seconds`; the costs are those of the picture before the step.
        recipe: The recipe.
        backbone: The network that was used, `"vgg16"`, `"vgg19"` or `"alexnet"`.
        learning_rate: The rate that was used.
        seconds: Wall-clock seconds in all.
        interrupted: Whether Ctrl-C ended it before all steps were done.
    """

    image: np.ndarray
    history: list[dict[str, float]]
    recipe: Recipe
    backbone: str
    learning_rate: float
    seconds: float
    interrupted: bool = False


def transfer(
    content: Picture,
    style: Picture,
    recipe: Recipe | None = None,
    *,
    progress: Callable[[Progress], None] | None = None,
    compiled: bool = True,
) -> StyleResult:
    """Paint the content of one picture in the style of another.

    Args:
        content: A picture, as `images.load_image` takes; the result has its proportions.
        style: A picture, as `images.load_image` takes.
        recipe: Layers, weights, steps, size, start and seed; `Recipe()` by default.
        progress: Called after every step.
        compiled: Compile the step with XLA and, where there are enough steps to repay the longer compilation, convolve
            the wide layers with fewer multiplications (`winograd`). Without it the first step starts sooner.

    Returns:
        A `StyleResult`. Ctrl-C ends the loop and returns the picture so far.

    Raises:
        ValueError: If a picture is smaller than the network needs, or the cost is no longer finite.
        MemoryError: If there is not enough memory for this size.
        FileNotFoundError: If a picture does not exist.

    Reference:
        Gatys et al., "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016.
    """
    began = time.perf_counter()
    recipe = recipe or Recipe()
    backbone = recipe.resolved_backbone
    C = _prepare(content, "content", backbone, recipe)
    S = _prepare(style, "style", backbone, recipe)
    check_memory(*C.shape[:2])
    model = backbones.load(backbone, recipe.layers)
    if compiled and recipe.steps * C.shape[0] * C.shape[1] >= WORTH_COMPILING:
        model = fast_model(model)
    step = StyleStep(model, C, S, _start(C, S, recipe), recipe, compiled)
    history, interrupted = [], False
    try:
        for row in _run(step, recipe.steps, progress):
            history.append(row)
    except KeyboardInterrupt:
        interrupted = True
    image = step.picture.numpy()
    if not np.all(np.isfinite(image)):
        raise ValueError(_not_finite(len(history), step))
    return StyleResult(image, history, recipe, backbone, step.learning_rate, time.perf_counter() - began, interrupted)


def _run(step: StyleStep, steps: int, progress):
    began = time.perf_counter()
    compiled_after = math.nan
    for number in range(1, steps + 1):
        costs = {name: float(value) for name, value in step().items()}
        if not math.isfinite(costs["cost"]):
            raise ValueError(_not_finite(number, step))
        seconds = time.perf_counter() - began
        if number == 1:
            compiled_after = seconds
        yield {"step": number, **costs, "seconds": seconds}
        if progress:
            pace = (seconds - compiled_after) / (number - 1) if number > 1 else math.nan
            progress(Progress(number, steps, costs["cost"], seconds, pace * (steps - number), step.picture.numpy))


def _not_finite(number: int, step: StyleStep) -> str:
    return f"no longer finite at step {number}; expected a smaller learning_rate than {step.learning_rate:g}"


def _prepare(picture: Picture, what: str, backbone: str, recipe: Recipe) -> np.ndarray:
    image = load_image(picture)
    least = backbones.minimum_size(backbone, recipe.layers)
    resized = resize(image, recipe.size) if min(image.shape[:2]) >= least else image
    if min(resized.shape[:2]) < least:
        deepest = max(recipe.layers, key=backbones.layer_names(backbone).index)
        raise ValueError(
            f"expected a {what} picture of at least {least} x {least} pixels at size {recipe.size}, which {backbone}'s "
            f"{deepest} needs, received {resized.shape[1]} x {resized.shape[0]}"
        )
    return resized


def _start(C: np.ndarray, S: np.ndarray, recipe: Recipe) -> np.ndarray:
    if recipe.start == "content":
        return C
    if recipe.start == "style":
        return resize(S, C.shape[:2])
    return np.random.default_rng(recipe.seed).uniform(0, 1, C.shape).astype(np.float32)
