"""A video's file, or a folder of its frames -> frames, and how many there are a second."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from keras_apps import images
from keras_apps.dimensions.extras import existing, load_extra
from keras_apps.dimensions.geometry import check_whole

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Video:
    """A film.

    Attributes:
        frames: uint8 `(frames, height, width, 3)`, RGB.
        rate: Frames a second (Hz); None where the file does not tell.
    """

    frames: np.ndarray
    rate: float | None


def read_video(path: str | os.PathLike, most: int | None = None) -> Video:
    """Read the frames of a video file, or of a folder of pictures.

    Files (MP4, AVI, MKV, GIF, whatever FFmpeg reads) need `pip install keras_apps[video]`. A folder needs nothing: its
    pictures come in the order of the numbers in their names, `frame2.png` before `frame10.png`.

    Args:
        path: The file or folder.
        most: Stop after so many frames; a film is held in memory as a whole.

    Returns:
        A `Video`.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ImportError: If the library is missing.
        TypeError, ValueError: If `most` is no whole number of at least 1, the file cannot be read or has no frames, or
            the pictures of a folder differ in size.
    """
    path = existing(path)
    if most is not None:
        check_whole("most", most)
    return _folder(path, most) if path.is_dir() else _file(path, most)


def _file(path: Path, most: int | None) -> Video:
    av = load_extra("av", "video")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ValueError("it has no pictures")
            rate = container.streams.video[0].average_rate
            frames = [f.to_ndarray(format="rgb24") for f in islice(container.decode(video=0), most)]
    except (av.FFmpegError, ValueError) as error:
        raise ValueError(f"expected a video, received '{path}': {error}") from None
    return Video(_stacked(frames, path), float(rate) if rate else None)


def _folder(path: Path, most: int | None) -> Video:
    files = sorted((f for f in path.iterdir() if f.suffix.lower() in PICTURES), key=_by_number)
    return Video(_stacked(list(_pictures(files[:most])), path), None)


def _pictures(files: list[Path]) -> Iterator[np.ndarray]:
    for file in files:
        try:
            yield images.to_uint8(images.load_image(str(file)))
        except (ValueError, OSError) as error:
            raise ValueError(f"expected a picture, received '{file}': {error}") from None


def _by_number(file: Path) -> list:
    """Return a file's name in pieces, its digits as numbers."""
    return [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in re.split(r"(\d+)", file.name) if p]


def _stacked(frames: list[np.ndarray], path: Path) -> np.ndarray:
    if not frames:
        raise ValueError(f"expected frames in '{path}', received none")
    sizes = {frame.shape for frame in frames}
    if len(sizes) > 1:
        raise ValueError(f"expected frames of one size in '{path}', received {sorted(sizes)}")
    return np.stack(frames)
