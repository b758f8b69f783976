"""A folder of frames -> stylised frames, each painted on from the last so that still parts stand still."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keras_apps._checks import check_number, check_whole
from keras_apps.images import Picture
from keras_apps.style.film.folder import Film
from keras_apps.style.film.painter import FilmProgress, FramePainter
from keras_apps.style.recipes.recipe import Recipe
from keras_apps.style.run import read_styles

if TYPE_CHECKING:
    import keras

NEXT_SHARE = 0.4
"""Steps of each frame after the first, as a share of the recipe's, by default."""


@dataclass(frozen=True)
class PaintedFrame:
    """A frame of a stylised film.

    Attributes:
        name: Of the content's file, or the frame's number from `"00001"`.
        image: float32 `(h, w, 3)`, RGB in 0..1.
        path: The file it was written to, or `None`.
        seconds: How long painting took; 0 for a frame of an earlier run.
        steps: How many steps it took; 0 for a frame of an earlier run.
        done_before: Whether an earlier run painted it.
    """

    name: str
    image: np.ndarray
    path: str | None
    seconds: float
    steps: int
    done_before: bool


def stylize_frames(
    frames: str | os.PathLike | Iterable[Picture],
    style: Picture | Sequence[Picture],
    recipe: Recipe | None = None,
    *,
    temporal_weight: float = 10_000.0,
    next_steps: int | None = None,
    out: str | os.PathLike | None = None,
    resume: bool = True,
    network: keras.Model | None = None,
    progress: Callable[[FilmProgress], None] | None = None,
    compiled: bool = True,
) -> Iterator[PaintedFrame]:
    """Paint the frames of a film in the style of a picture, one after the other as they are asked for.

    The first frame is a whole `transfer`. Each next one takes fewer steps and starts from the last painted frame, and,
    where the content changed, from the new content in the painting's colours. Meanwhile a cost keeps it near the last
    painted frame where the content stands still (`motion.Steadiness`). Nothing is compiled anew from the third frame
    on. Motion is not followed: a film that moves as a whole, as with a moving camera, flickers as frame by frame.

    Args:
        frames: A folder of pictures, taken in natural order (`f2` before `f10`), or pictures; all of one size.
        style: A picture, or several, as in `transfer`.
        recipe: The recipe, `Recipe()` by default. Frames after the first take fewer steps, and Adam in place of L-BFGS.
        temporal_weight: Weight of the mean squared difference to the last frame where the content stands still, >= 0.
        next_steps: Steps of each frame after the first, >= 1; by default two fifths of the recipe's.
        out: A folder to write the frames to, under their own names; it is created if it does not exist. No file is ever
            incomplete, so an interrupted run can be resumed.
        resume: Keep the frames that are in `out` already, if the same recipe and pictures made them; they are marked
            `done_before`. Otherwise they are painted again.
        network: As in `transfer`.
        progress: Called after every step.
        compiled: As in `transfer`.

    Returns:
        An iterator over `PaintedFrame`; nothing is painted or written before it is asked for.

    Raises:
        ValueError: If there are no frames, one has another size than the first, `out` is the frames' folder or holds
            another film, or a cost is not finite.
        FileNotFoundError: If the folder does not exist.
        KeyboardInterrupt: On Ctrl-C, with all files in `out` whole.

    Example:
        >>> for frame in stylize_frames("shots/", "bundled:vortices", out="painted/"):  # doctest: +SKIP
        ...     print(frame.name, f"{frame.seconds:.0f} s")

    Reference:
        Ruder et al., "Artistic Style Transfer for Videos", GCPR 2016: their temporal cost, here without optical flow.
    """
    recipe = recipe or Recipe()
    check_number("temporal_weight", temporal_weight, least=0)
    next_steps = max(1, round(NEXT_SHARE * recipe.steps)) if next_steps is None else next_steps
    check_whole("next_steps", next_steps)
    if recipe.start == "picture":
        raise ValueError("expected a start other than 'picture' for a film, received 'picture'")
    styles = read_styles(style)
    about = {"recipe": recipe.as_dict(), "temporal_weight": temporal_weight, "next_steps": next_steps}
    film = Film(frames, out, resume, about, styles)
    painter = FramePainter(recipe, styles, temporal_weight, next_steps, network, compiled, film.count, progress)
    return _paint(film, painter)


def _paint(film: Film, painter: FramePainter) -> Iterator[PaintedFrame]:
    for name, content in film:
        done = film.done(name)
        if done is not None:
            painter.skip(content, done)
            yield PaintedFrame(name, done, film.path(name), 0.0, 0, True)
            continue
        began = time.perf_counter()
        image, steps = painter.paint(content)
        image = painter.last = film.write(name, image)
        yield PaintedFrame(name, image, film.path(name), time.perf_counter() - began, steps, False)
