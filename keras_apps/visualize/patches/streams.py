"""Pictures from anywhere -> arrays of one size, in order; a few threads read ahead, never more than a few pictures."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from keras_apps import images
from keras_apps.images import PICTURE_ENDINGS

READERS = min(4, os.cpu_count() or 1)
"""Threads that read pictures; Pillow decodes and resizes outside Python's lock."""
AHEAD = 32
"""Pictures that are read, or being read, before they are asked for."""


@dataclass(frozen=True)
class Named:
    """A picture that has been read, or what kept it from being read.

    Attributes:
        name: Its path, or its number where it has none.
        pixels: uint8 `(height, width, 3)`, or float32 of another shape; `None` if it could not be read.
        error: Why not.
    """

    name: str
    pixels: np.ndarray | None
    error: Exception | None = None


def listed(pictures: Any) -> tuple[Iterable, int | None]:
    """Return the pictures one by one, and how many there are where that is known.

    Args:
        pictures: A folder (with those below it), a picture file (its path, its bytes, or open), a list of pictures, an
            array `(n, size..., channels)`, a `tf.data.Dataset` or another iterable, of pictures or of batches.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ValueError: If the folder holds no picture.
        TypeError: If it is none of these.
    """
    if isinstance(pictures, (str, os.PathLike)) and not images.is_data_address(pictures):
        path = images.resolve(pictures)
        if not path.exists():
            raise FileNotFoundError(f"expected a picture or a folder, received '{pictures}', which does not exist")
        found = _below(path) if path.is_dir() else [os.fspath(pictures)]
        if not found:
            raise ValueError(f"expected pictures in the folder '{pictures}', received none")
        return found, len(found)
    if images.is_one_picture(pictures) and not isinstance(pictures, Image.Image):
        return [pictures], 1
    if isinstance(pictures, np.ndarray) and pictures.ndim < 2:
        raise ValueError(f"expected an array (n, height, width, 3), received shape {pictures.shape}")
    if isinstance(pictures, Image.Image) or not hasattr(pictures, "__iter__"):
        raise TypeError(
            f"expected a folder, a list, an array or a dataset of pictures, received {type(pictures).__name__}"
        )
    is_dataset = hasattr(pictures, "element_spec")  # its length counts batches, and may not be known
    return pictures, len(pictures) if hasattr(pictures, "__len__") and not is_dataset else None


def _below(folder: Path) -> list[str]:
    found = [p for p in folder.rglob("*") if p.suffix.lower() in PICTURE_ENDINGS and not p.name.startswith(".")]
    return sorted(str(path) for path in found if path.is_file())


def read_all(pictures: Iterable, read: Callable[[Any], np.ndarray], rank: int) -> Iterator[Named]:
    """Yield pictures in their order, each read by `read`.

    Args:
        pictures: What `listed` returned.
        read: What makes a picture's array; errors that it raises are yielded.
        rank: Axes of one picture's array, channels counted; an array with one more is a batch.
    """
    waiting: deque = deque()
    with ThreadPoolExecutor(READERS) as pool:
        for number, picture in enumerate(_single(pictures, rank)):
            is_path = isinstance(picture, (str, os.PathLike)) and not images.is_data_address(picture)
            name = os.fspath(picture) if is_path else str(number)
            waiting.append(pool.submit(_read, read, picture, name))
            if len(waiting) >= AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _single(pictures: Iterable, rank: int) -> Iterator:
    """Take batches apart, and of pairs, as datasets for training have them, the picture."""
    for item in pictures:
        picture = item[0] if isinstance(item, (tuple, list)) and item else item
        if not isinstance(picture, Image.Image) and hasattr(picture, "__array__"):
            picture = np.asarray(picture)
            if picture.ndim == 0 and isinstance(picture.item(), bytes):  # a dataset of files
                picture = os.fsdecode(picture.item())
            elif picture.ndim == rank + 1:
                yield from picture
                continue
        yield picture


def _read(read: Callable, picture: np.ndarray, name: str) -> Named:
    try:
        return Named(name, read(picture))
    except (ValueError, TypeError, OSError) as error:
        return Named(name, None, error)


def fitted(picture: images.Picture, size: Sequence[int]) -> np.ndarray:
    """Read a picture, resize it so that it just covers a size, and take its centre.

    Resized with Pillow's bilinear filter, as the pictures were on which AlexNet and VGG16 were trained; it is also the
    fastest that does not alias.

    Args:
        picture: As `images.load_image` takes it.
        size: Height and width of the result, in pixels.

    Returns:
        uint8 `(height, width, 3)`, RGB.

    Raises:
        ValueError, TypeError, FileNotFoundError: As `images.load_image`.

    Example:
        >>> fitted(np.zeros((10, 20, 3), np.uint8), (5, 6)).shape
        (5, 6, 3)
    """
    if isinstance(picture, np.ndarray) and picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3:
        pixels = picture
    else:
        pixels = (images.load_image(picture) * 255 + np.float32(0.5)).astype(np.uint8)
    if pixels.shape[:2] == tuple(size):
        return pixels
    height, width = pixels.shape[:2]
    factor = max(size[0] / height, size[1] / width)
    used = (min(width, size[1] / factor), min(height, size[0] / factor))  # width and height of the part that stays
    left, top = (width - used[0]) / 2, (height - used[1]) / 2
    box = (left, top, left + used[0], top + used[1])
    return np.asarray(Image.fromarray(pixels).resize((size[1], size[0]), Image.Resampling.BILINEAR, box=box))
