"""Repaint a photograph: pictures and a recipe -> the generated picture and how its cost fell."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import keras
import numpy as np

from keras_apps.images import Picture, load_image, resize, scaled
from keras_apps.style import checkpoint as checkpoints
from keras_apps.style.colors import finish, prepare
from keras_apps.style.lbfgs import LBFGS, resumable
from keras_apps.style.network.network import check_size, deepest_layer, load_network, runners, smallest_side
from keras_apps.style.objective import Objective
from keras_apps.style.recipes.recipe import Recipe
from keras_apps.style.regions import layer_regions, layer_sizes, read_masks
from keras_apps.style.step import StyleStep
from keras_apps.style.tiling.objective import TiledObjective
from keras_apps.style.tiling.resources import bytes_per_pixel, check_memory

if TYPE_CHECKING:
    import keras


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
        if given is None:
            raise ValueError("expected a start_picture with start 'picture', received none")
        raise ValueError(f"expected start 'picture' with a start_picture, received start {recipe.start!r}")
    if recipe.start == "content":
        return content
    if recipe.start in ("style", "picture"):
        return resize(style if given is None else given, content.shape[:2])
    noise = np.random.default_rng(recipe.seed).uniform(0, 1, content.shape).astype(np.float32)
    if recipe.start == "noise":
        return noise
    return (1 - recipe.noise_share) * content + recipe.noise_share * noise


@dataclass(frozen=True)
class Inputs:
    """The pictures of a transfer, its recipe and the sizes to paint.

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
        """Return a painted picture with the colours that the recipe's `color` asks for."""
        return finish(picture, resize(self.content, picture.shape[:2]), self.recipe.color)

    def start(self, content: np.ndarray, style: np.ndarray) -> np.ndarray:
        """Return the first G for a content picture that is as large as it."""
        return first_picture(content, style, self.given, self.recipe)

    def digest(self) -> str:
        """Return a SHA-256 of all of them."""
        others = [picture for picture in (self.masks, self.given) if picture is not None]
        return checkpoints.digest([self.content, *self.styles, *others])


def read_inputs(
    content: Picture,
    style: Picture | Sequence[Picture],
    masks: Sequence[Picture] | None,
    start_picture: Picture | None,
    recipe: Recipe,
) -> Inputs:
    """Read the pictures and check that they suit the recipe.

    Raises:
        ValueError: If a picture is too small for the network, the number of shares or masks is not that of the styles,
            or a start picture is missing or not used.
        FileNotFoundError: If a picture does not exist.
    """
    C = load_image(content)
    styles = read_styles(style)
    if not styles:
        raise ValueError("expected at least one style picture, received none")
    if recipe.style_shares is not None and len(recipe.style_shares) != len(styles):
        raise ValueError(
            f"expected {len(styles)} style_shares, one per style picture, received {len(recipe.style_shares)}"
        )
    style_masks = None if masks is None else read_masks(masks, len(styles), C.shape[:2])
    given = None if start_picture is None else load_image(start_picture)
    first_picture(np.zeros((1, 1, 3), np.float32), styles[0], given, recipe)  # raises before anything is loaded
    for what, picture in [("content", C), *(("style", picture) for picture in styles)]:
        _check_size(what, picture, recipe)
    stages = [(size, steps) for size, steps in recipe.stages if _fits(C, size, recipe)]
    left_out = sum(steps for _, steps in recipe.stages) - sum(steps for _, steps in stages)
    stages[0] = (stages[0][0], stages[0][1] + left_out)
    return Inputs(C, styles, style_masks, given, recipe, stages)


def read_styles(style: Picture | Sequence[Picture]) -> list[np.ndarray]:
    """Read one style picture or several, as floats `(h, w, 3)` in 0..1."""
    pictures: Sequence[Picture] = style if isinstance(style, (list, tuple)) else [cast(Picture, style)]
    return [load_image(picture) for picture in pictures]


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


@dataclass(frozen=True)
class Progress:
    """What a progress callback receives after each step.

    Attributes:
        step: Steps done, 1 to `steps`.
        steps: Steps in all.
        size: Longer side of the picture that is being painted, in pixels.
        cost: The total cost of the picture before this step.
        seconds: Since the first step began; the first of each size compiles and is longer.
        seconds_left: An estimate from the steps of this size after its first; NaN until there are any.
        image: Returns the picture so far, float32 `(h, w, 3)` in 0..1.
    """

    step: int
    steps: int
    size: int
    cost: float
    seconds: float
    seconds_left: float
    image: Callable[[], np.ndarray]


@dataclass(frozen=True)
class StyleResult:
    """A generated picture.

    Attributes:
        image: float32 `(h, w, 3)`, RGB in 0..1: the last picture, or the best one where the cost has risen since
            (and fell below the start's before).
        history: For each step `step`, `size`, `cost`, its terms `content`, `style`, `variation`, `temporal`, the
            course's `J_content` and `J_style`, and `seconds`; the costs are those of the picture before the step.
        recipe: The recipe.
        backbone: The network that was used, `"vgg16"`, `"vgg19"`, `"alexnet"` or `"own"`.
        learning_rate: The rate at the end; NaN for L-BFGS.
        seconds: Wall-clock seconds in all, those before a resumed interruption included.
        stopped: Why it ended: `"steps"` (all were done), `"settled"` (or L-BFGS found no lower cost), `"interrupted"`
            (Ctrl-C), or `"not finite: ..."` with the step and the terms whose cost was NaN or infinite.
    """

    image: np.ndarray
    history: list[dict[str, float]]
    recipe: Recipe
    backbone: str
    learning_rate: float
    seconds: float
    stopped: str = "steps"

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it before all steps were done."""
        return self.stopped == "interrupted"


SETTLING = 20
"""Steps over which the fall of the cost is judged."""
CHECKPOINT_EVERY = 20
"""Steps between two checkpoints."""


def transfer(
    content: Picture,
    style: Picture | Sequence[Picture],
    recipe: Recipe | None = None,
    *,
    masks: Sequence[Picture] | None = None,
    start_picture: Picture | None = None,
    network: keras.Model | None = None,
    tile: int | None = None,
    checkpoint: str | os.PathLike | None = None,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
    compiled: bool = True,
) -> StyleResult:
    """Paint the content of one picture in the style of another, or of several.

    Args:
        content: A picture, as `images.load_image` takes; the result has its proportions.
        style: A picture, or a list of them, of which `recipe.style_shares` says how much each counts.
        recipe: Layers, weights, optimiser, steps, sizes, start and seed; `Recipe()` by default.
        masks: One per style picture, each of the content's size in pixels: white where that style belongs.
        start_picture: The first G, with `recipe.start="picture"`; of any size.
        network: A Keras model of your own, with `recipe.backbone="own"`; see `network.network.load_network`.
        tile: Compute in squares of this side, in pixels: the same picture, slower, in less memory.
        checkpoint: A file to which the run is saved every 20 steps and after Ctrl-C. L-BFGS can be resumed only where
            it has forgotten its curvature, every `restart` steps (`lbfgs.resumable` sets it, and the result's recipe
            reports it). Its picture therefore differs from the one of a run without a checkpoint.
        resume: Continue from `checkpoint`. The picture equals the one of an uninterrupted run.
        progress: Called after every step.
        compiled: Compile the step with XLA and, where there are enough steps to repay the longer compilation, convolve
            the wide layers with fewer multiplications (`network.winograd`). Without it the first step starts sooner.

    Returns:
        A `StyleResult`. Ctrl-C ends the loop and returns the best picture so far; so does a cost that is no longer
        finite, unless there is no step before.

    Raises:
        ValueError: If a picture is smaller than the network needs, masks do not fit, the checkpoint belongs to another
            run, or the very first cost is not finite.
        MemoryError: If there is not enough memory for this size.
        FileNotFoundError: If a picture, or a checkpoint to resume from, does not exist.

    Reference:
        Gatys et al., "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016.
    """
    recipe = recipe or Recipe()
    recipe = recipe if checkpoint is None else resumable(recipe)
    inputs = read_inputs(content, style, masks, start_picture, recipe)
    check_memory(*scaled(inputs.content, inputs.stages[-1][0]), tile, bytes_per_pixel(recipe))
    model = load_network(recipe, network)
    runner = runners(model, recipe, compiled)
    run = Run(recipe, inputs, checkpoint, resume, progress)
    picture: np.ndarray | None = None
    descent: StyleStep | LBFGS
    rate = math.nan
    for stage, (size, steps) in enumerate(inputs.stages):
        if stage < run.first_stage or run.stopped not in ("steps", "settled"):
            continue
        C, styles, regions = inputs.at(size, model)
        network_at = runner(C.shape[0] * C.shape[1], steps)
        if tile is None or tile >= max(C.shape[:2]):
            objective = Objective(network_at, C, styles, recipe, regions, compiled=compiled)
        else:
            objective = TiledObjective(model, C, styles, recipe, tile, regions, 0.0, compiled, network_at)
        start = inputs.start(C, styles[0]) if picture is None else resize(picture, C.shape[:2])
        if recipe.optimizer == "lbfgs":
            descent = LBFGS(objective, start, recipe.optimizer_options)
        else:
            descent = StyleStep(objective, start, recipe, steps)
        picture = run.paint(descent, stage)
        rate = descent.learning_rate
    assert picture is not None  # there is at least one size
    return StyleResult(
        inputs.finished(picture), run.history, recipe, recipe.resolved_backbone, rate, run.seconds, run.stopped
    )


class Pace:
    """Seconds a step, from the steps after the first, which also compiles."""

    def __init__(self) -> None:
        self.first: tuple[int, float] | None = None

    def update(self, done: int, seconds: float) -> float:
        """Take note that `done` steps were done after `seconds`, and return the pace; NaN after one step."""
        if self.first is None:
            self.first = (done, seconds)
            return math.nan
        return (seconds - self.first[1]) / (done - self.first[0])


class Run:
    """One transfer through its sizes: history, best picture, checkpoints, and why it stopped.

    Args:
        recipe: The recipe.
        inputs: The pictures.
        checkpoint: The file to save the run to, or `None`.
        resume: Whether to continue from that file.
        progress: Called after every step.

    Attributes:
        history: A row a step.
        first_stage: The stage to begin with.
        stopped: As `StyleResult` has it.
        seconds: So far, those before a resumed interruption included.
    """

    def __init__(
        self,
        recipe: Recipe,
        inputs: Inputs,
        checkpoint: str | os.PathLike | None,
        resume: bool,
        progress: Callable[[Progress], None] | None,
    ):
        self.recipe, self.stages, self.file, self.progress = recipe, inputs.stages, checkpoint, progress
        self.finished = inputs.finished
        self.history: list[dict[str, float]] = []
        self.stopped, self.first_stage = "steps", 0
        self.resumed: checkpoints.Checkpoint | None = None
        if resume and checkpoint is None:
            raise ValueError("expected a checkpoint to resume from: set `checkpoint` with `resume=True`")
        self.pictures = inputs.digest() if checkpoint is not None else ""
        if resume and checkpoint is not None:
            self.resumed = checkpoints.load(checkpoint, recipe, self.pictures)
            self.history, self.first_stage = list(self.resumed.history), self.resumed.stage
        self.began = time.perf_counter() - (self.history[-1]["seconds"] if self.history else 0)

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self.began

    def paint(self, descent: StyleStep | LBFGS, stage: int) -> np.ndarray:
        """Paint one size, and return the last picture, or the best one where the cost has risen since.

        The start is not taken for the best: some programs' costs rise before they fall below the content picture's.
        """
        self.descent, self.stage, self.done, self.saved_at = descent, stage, 0, 0
        self.best, self.best_cost = descent.picture.numpy(), math.inf
        if self.resumed:
            saved, self.resumed = self.resumed, None
            descent.restore(saved.picture, saved.state)
            self.best, self.best_cost, self.done, self.saved_at = saved.best, saved.best_cost, saved.steps, saved.steps
        rows = [row for row in self.history if row["stage"] == stage]
        size, steps = self.stages[stage]
        before = descent.picture.numpy()
        self.pace = Pace()
        try:
            for costs in descent.steps(steps - self.done):
                if not all(map(math.isfinite, costs.values())):
                    self.stopped = self._not_finite(costs, is_first=not rows)
                    break
                if costs["cost"] < self.best_cost:
                    self.best, self.best_cost = before, costs["cost"]
                before = descent.picture.numpy()
                step = {"step": len(self.history) + 1, "stage": stage, "size": size}
                rows.append({**step, **costs, "seconds": self.seconds})
                self.history.append(rows[-1])
                self.done += 1
                if self.done - self.saved_at >= CHECKPOINT_EVERY:
                    self._save_checkpoint()
                if self.progress:
                    self.progress(self._progress(rows[-1]))
                if _has_settled(rows, self.recipe.settled):
                    self.stopped = "settled"
                    break
            else:
                self.stopped = "steps" if self.done == steps else "settled"  # L-BFGS found no step that lowers the cost
        except KeyboardInterrupt:
            self.stopped = "interrupted"
            self._save_checkpoint()
        risen = rows and rows[-1]["cost"] > self.best_cost and self.best_cost < rows[0]["cost"]
        return self.best if risen or self.stopped.startswith("not finite") else descent.picture.numpy()

    def _not_finite(self, costs: dict[str, float], is_first: bool) -> str:
        """Say which terms are not finite.

        Raises:
            ValueError: If there was no step before: then there is no picture to keep.
        """
        step = len(self.history) + 1
        names = self._wrong_terms(costs) or [name for name, value in costs.items() if not math.isfinite(value)]
        text = f"not finite: {' and '.join(names)} at step {step}"
        if is_first:
            rate = self.descent.learning_rate
            smaller = "smaller weights" if math.isnan(rate) else f"a smaller learning_rate than {rate:g}"
            raise ValueError(f"expected a finite cost, received one that is {text}; try {smaller}")
        return text

    def _wrong_terms(self, costs: dict[str, float]) -> list[str]:
        """Return the terms that are not finite, or that overflow once they are weighted."""
        terms = ("content", "style", "variation", "temporal")
        weights = {name: getattr(self.recipe, f"{name}_weight", 1.0) for name in terms}
        # a weighted term beyond float32's range makes the sum infinite
        return [name for name in terms if not abs(weights[name] * costs[name]) < 3.4e38]

    def _progress(self, row: dict[str, float]) -> Progress:
        size, steps = self.stages[self.stage]
        left = steps - self.done + sum(n * (s / size) ** 2 for s, n in self.stages[self.stage + 1 :])
        total = sum(n for _, n in self.stages)
        seconds_left = self.pace.update(self.done, row["seconds"]) * left
        return Progress(int(row["step"]), total, size, row["cost"], row["seconds"], seconds_left, self._picture)

    def _picture(self) -> np.ndarray:
        return self.finished(self.descent.picture.numpy())

    def _save_checkpoint(self) -> None:
        if self.file is None or not self.done or not self.descent.resumable:
            return
        self.saved_at = self.done
        state, picture = self.descent.state(), self.descent.picture.numpy()
        saved = checkpoints.Checkpoint(self.stage, self.done, picture, self.best, self.best_cost, state, self.history)
        checkpoints.save(self.file, saved, self.recipe, self.pictures)


def _has_settled(rows: list[dict[str, float]], least: float) -> bool:
    """Return whether the last `SETTLING` steps lowered the cost by less than a share `least` of it."""
    if not least or len(rows) <= SETTLING:
        return False
    earlier = rows[-1 - SETTLING]["cost"]
    return earlier - rows[-1]["cost"] < least * earlier
