"""Pictures as they come -> an animated GIF of how a painting grew."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from keras_apps._files import check_destination, written_aside
from keras_apps.images import Picture, load_image, resize, scaled, to_uint8
from keras_apps.style.run import Progress

MOST_FRAMES = 120
"""Frames that a recorder keeps; with more to come it forgets every second one and takes half as many."""
LONGEST_SIDE = 512
"""Longer side of what a recorder keeps, in pixels, where no size is asked for."""
HELD = 2000
"""Milliseconds for which the last frame stands."""
COLORS = 256
"""Colours that a GIF can hold; all frames share one palette."""
SAMPLE = 96
"""Longer side, in pixels, of the copies of the frames from which the palette is chosen."""


class GifRecorder:
    """A progress callback for `transfer` that records the picture as it is painted.

    The first step, every `every`-th and the last are recorded. At most 120 frames are kept, as uint8: when there are
    more, every second one is forgotten and `every` doubles.

    Args:
        path: The .gif file that `save` writes.
        every: Steps between two frames, >= 1.
        size: Longer side in pixels; by default the finished picture's, and at most 512.
        frames_per_second: > 0 and up to 50; GIF counts in hundredths of a second.

    Attributes:
        every: As now in use.
        frames: uint8 arrays `(h, w, 3)`; those of coarser sizes are smaller.

    Raises:
        ValueError: If an argument is not in its range or the file does not end in .gif.
        OSError: If the folder does not exist or cannot be written to.

    Example:
        >>> from keras_apps import style
        >>> film = GifRecorder("growing.gif")
        >>> result = style.transfer(photo, painting, progress=film)  # doctest: +SKIP
        >>> film.save(result.image)  # doctest: +SKIP
    """

    def __init__(self, path: str | os.PathLike, every: int = 5, size: int | None = None, frames_per_second: float = 12):
        check_gif(path, frames_per_second)
        if every < 1:
            raise ValueError(f"expected every of at least 1, received {every}")
        if size is not None and size < 1:
            raise ValueError(f"expected a size of at least 1, received {size}")
        self.path, self.every, self.size, self.frames_per_second = path, int(every), size, frames_per_second
        self.frames: list[np.ndarray] = []
        self._last: Progress | None = None
        self._recorded = False

    def __call__(self, progress: Progress) -> None:
        """Record the picture if it is its turn."""
        self._last = progress
        self._recorded = progress.step in (1, progress.steps) or progress.step % self.every == 0
        if not self._recorded:
            return
        if len(self.frames) >= MOST_FRAMES:
            self.frames = self.frames[::2]
            self.every *= 2
        self.frames.append(self._kept(progress.image()))

    def save(self, last: Picture | None = None) -> None:
        """Write the GIF; the last frame stands for two seconds.

        Args:
            last: The finished picture, to end with; by default the picture after the last step that was told.

        Raises:
            ValueError: If nothing was recorded.
            OSError: If the file cannot be written.
        """
        frames = list(self.frames)
        if last is not None:
            frames.append(self._kept(load_image(last)))
        elif self._last is not None and not self._recorded:  # the run ended before its last step
            frames.append(self._kept(self._last.image()))
        save_gif(frames, self.path, self.frames_per_second)

    def _kept(self, picture: np.ndarray) -> np.ndarray:
        longest = min(max(picture.shape[:2]), LONGEST_SIDE) if self.size is None else self.size
        return to_uint8(resize(picture, longest))


def save_gif(
    frames: Sequence[Picture], path: str | os.PathLike, frames_per_second: float = 12, held: int = HELD
) -> None:
    """Write pictures as an animated GIF that runs for ever.

    All frames share the 256 colours that suit them together, so that still parts stand still.

    Args:
        frames: Pictures, as `images.load_image` takes; all are made as large as the last.
        path: Ends in .gif. An existing file is replaced only by a whole one.
        frames_per_second: > 0 and up to 50.
        held: Milliseconds for which the last frame stands.

    Raises:
        ValueError: If there are no frames, or the path or an argument is not one of the above.
        OSError: If the file cannot be written.
    """
    check_gif(path, frames_per_second)
    if not len(frames):
        raise ValueError("expected at least one frame, received none")
    last = load_image(frames[-1])  # once: an open file cannot be read again
    sized = (resize(load_image(frame), last.shape[:2]) for frame in frames[:-1])
    pictures = [Image.fromarray(to_uint8(frame)) for frame in itertools.chain(sized, [last])]
    palette = _palette(pictures)
    indexed = [picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for picture in pictures]
    durations = [round(100 / frames_per_second) * 10] * (len(frames) - 1) + [held]
    with written_aside(path) as aside:
        indexed[0].save(
            aside, format="GIF", save_all=True, append_images=indexed[1:], duration=durations, loop=0, optimize=False
        )


def check_gif(path: str | os.PathLike, frames_per_second: float = 12) -> None:
    """Raise what writing a GIF there would raise, before any work is done.

    Raises:
        ValueError: If the path does not end in .gif, or the pace is not above 0 and up to 50.
        OSError: If the folder does not exist or cannot be written to.
    """
    if Path(path).suffix.lower() != ".gif":
        raise ValueError(f"expected a file ending in .gif, received '{os.fspath(path)}'")
    if not 0 < frames_per_second <= 50:
        raise ValueError(f"expected frames_per_second above 0 and up to 50, received {frames_per_second}")
    check_destination(path)


def _palette(pictures: list[Image.Image]) -> Image.Image:
    """Choose the colours that all frames share from small copies of them, half of the sample from the last."""
    small = scaled(np.asarray(pictures[-1]), SAMPLE)[::-1]
    copies = [np.asarray(picture.resize(small)) for picture in pictures]
    sample = np.concatenate(copies + [copies[-1]] * len(copies))
    return Image.fromarray(sample).quantize(COLORS, method=Image.Quantize.MEDIANCUT)
