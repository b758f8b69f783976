"""The picture in a notebook while it is painted."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

from PIL import Image

from keras_apps.images import resize, to_uint8
from keras_apps.style.run import Progress

LONGEST_SIDE = 512
"""Longer side of the preview, in pixels; larger pictures are shown smaller."""


class NotebookPreview:
    """A progress callback for `transfer` that shows the picture in Jupyter and keeps it up to date.

    Args:
        every: Steps between two updates, >= 1; the last step is always shown.

    Raises:
        ImportError: If IPython is not installed. Jupyter installs it.
        ValueError: If `every` is less than 1.

    Example:
        >>> from keras_apps import style
        >>> style.transfer(photo, painting, progress=NotebookPreview())  # doctest: +SKIP
    """

    def __init__(self, every: int = 10):
        if every < 1:
            raise ValueError(f"expected every of at least 1, received {every}")
        try:
            from IPython.display import HTML, display
        except ImportError:
            raise ImportError(
                "expected IPython for a preview in a notebook, received an installation without it; "
                "'pip install ipython', or leave the preview out"
            ) from None
        self.every = every
        self._html: Callable[[str], Any] = HTML
        self._display: Callable[..., Any] = display
        self._handle: Any = None

    def __call__(self, progress: Progress) -> None:
        """Show the picture if it is its turn: a new display at first, then the same one again."""
        if progress.step not in (1, progress.steps) and progress.step % self.every:
            return
        if progress.step == 1:
            self._handle = None
        page = self._html(_page(progress))
        if self._handle is None:
            self._handle = self._display(page, display_id=True)
        else:
            self._handle.update(page)


def _page(progress: Progress) -> str:
    picture = progress.image()
    if max(picture.shape[:2]) > LONGEST_SIDE:
        picture = resize(picture, LONGEST_SIDE)
    file = io.BytesIO()
    Image.fromarray(to_uint8(picture)).save(file, format="PNG")
    left = f", {progress.seconds_left:.0f} s left" if progress.seconds_left == progress.seconds_left else ""
    told = f"step {progress.step} of {progress.steps}, {progress.size} px, cost {progress.cost:.4g}{left}"
    data = base64.b64encode(file.getvalue()).decode("ascii")
    return f'<img src="data:image/png;base64,{data}" alt="the picture so far"><br>{told}'
