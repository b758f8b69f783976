"""Paths or arrays -> square uint8 pictures of one size; read once, then kept in memory or in a file."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from keras_apps import images
from keras_apps._files import check_destination

READERS = min(8, os.cpu_count() or 1)
"""Threads that read pictures; Pillow decodes outside Python's lock."""

MEMORY = 4_000_000_000
"""Most bytes of pictures that are kept in memory; beyond, they go to a file."""

_DRAFT = (32, 32)


def unreadable(paths: Sequence[Path], progress: Callable[[int, int], None] | None = None) -> dict[Path, str]:
    """Find the files that are no whole pictures.

    Every file is read to its end, JPEGs at an eighth of their size, which is enough to notice damage.

    Args:
        paths: Files.
        progress: Called with the number of files looked at and of all.

    Returns:
        `{path: reason}` of the damaged ones, in the order of `paths`.
    """
    bad = {}
    with ThreadPoolExecutor(READERS) as pool:
        for done, (path, reason) in enumerate(zip(paths, pool.map(_damage, paths), strict=True), start=1):
            if reason:
                bad[path] = reason
            if progress and (done % 100 == 0 or done == len(paths)):
                progress(done, len(paths))
    return bad


def _damage(path: Path) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with images.open_picture(path) as image:
                if image.width * image.height <= images.MAX_PIXELS:
                    image.draft("RGB", _DRAFT)
                    image.load()
                    return None
        return f"larger than {images.MAX_PIXELS:,} pixels"
    except Exception as error:  # whatever Pillow's readers raise on damaged files
        return str(error) or type(error).__name__


def square(picture: images.Picture, size: int, crop: float = 1.0) -> np.ndarray:
    """Read a picture as `images.load_image` does, cut out its centre square and resize it.

    Args:
        picture: A path, `PIL.Image` or array.
        size: Height and width of the result, in pixels.
        crop: The square's side as a share of the picture's shorter side, in (0, 1]. LFW's faces fill about 0.47.

    Returns:
        uint8 `(size, size, 3)`, RGB.

    Raises:
        ValueError, TypeError, FileNotFoundError: As `images.load_image`.

    Example:
        >>> square(np.full((10, 20, 3), 7, np.uint8), 4).max()
        np.uint8(7)
    """
    if isinstance(picture, np.ndarray) and picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3:
        pixels = picture
    else:
        pixels = images.to_uint8(images.load_image(picture))
    height, width = pixels.shape[:2]
    side = max(1, round(crop * min(height, width)))
    top, left = (height - side) // 2, (width - side) // 2
    pixels = pixels[top : top + side, left : left + side]
    if side == size:
        return pixels
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize((size, size), Image.Resampling.LANCZOS))


class SquarePictures:
    """Pictures by index as square uint8 arrays, each read and resized once.

    Training draws the same picture in every epoch; reading and shrinking it again would cost more than the tower's
    own work. What is kept is small: 13,233 pictures at 64 pixels take 163 MB.

    Args:
        pictures: Paths or arrays, as `People.pictures`.
        size: Height and width, in pixels.
        crop: As for `square`.
        cache: `"memory"`, the path of a file to make, `None` to keep nothing, or `"auto"`: memory for up to 4 GB,
            else nothing is kept.

    Raises:
        ValueError: If `size`, `crop` or `cache` is out of range.
    """

    def __init__(self, pictures: Sequence, size: int, *, crop: float = 1.0, cache: str | os.PathLike | None = "auto"):
        if not isinstance(size, (int, np.integer)) or size < 1:
            raise ValueError(f"expected a size of at least 1 pixel, received {size!r}")
        if not 0 < crop <= 1:
            raise ValueError(f"expected a crop between 0 and 1, received {crop!r}")
        self.pictures, self.size, self.crop = pictures, int(size), float(crop)
        shape = (len(pictures), size, size, 3)
        if cache == "auto":
            cache = "memory" if int(np.prod(shape)) <= MEMORY else None
        self._kept = None
        if cache == "memory":
            self._kept = np.empty(shape, np.uint8)  # pages are taken as they are written
        elif cache is not None:
            check_destination(cache)
            self._kept = np.memmap(cache, np.uint8, "w+", shape=shape)
        self._read = np.zeros(len(pictures), bool)
        self._pool = ThreadPoolExecutor(READERS)

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.pictures)

    def __call__(self, indices: ArrayLike) -> np.ndarray:
        """Return pictures.

        Args:
            indices: Integers `(n,)`.

        Returns:
            uint8 `(n, size, size, 3)`.

        Raises:
            ValueError: If one of them cannot be read.
        """
        indices = np.asarray(indices, int)
        if self._kept is None:
            fresh = list(self._pool.map(self._square, indices))
            return np.stack(fresh) if fresh else np.zeros((0, self.size, self.size, 3), np.uint8)
        wanted = np.unique(indices)
        wanted = wanted[~self._read[wanted]]
        for index, pixels in zip(wanted, self._pool.map(self._square, wanted), strict=True):
            self._kept[index] = pixels
            self._read[index] = True
        return np.asarray(self._kept[indices])

    def _square(self, index: int) -> np.ndarray:
        return square(self.pictures[index], self.size, self.crop)
