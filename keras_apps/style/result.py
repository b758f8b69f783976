"""What a style transfer tells while it runs, and what it gives in the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keras_apps.style.recipe import Recipe


@dataclass(frozen=True)
class Progress:
    """What a progress callback is told after a step.

    Attributes:
        step: Steps done, 1 to `steps`.
        steps: Steps in all.
        size: Longer side of the picture that is being painted, in pixels.
        cost: The total cost of the picture before this step.
        seconds: Since the first step began; the first of each size compiles and is longer.
        seconds_left: An estimate from the steps of this size after its first; not a number before there are any.
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
        learning_rate: The rate at the end; not a number for L-BFGS.
        seconds: Wall-clock seconds in all, those before a resumed interruption included.
        stopped: Why it ended: `"steps"` (all were done), `"settled"` (or L-BFGS found no lower cost), `"interrupted"`
            (Ctrl-C), or `"not finite: ..."` with the step and the terms whose cost was no number.
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
