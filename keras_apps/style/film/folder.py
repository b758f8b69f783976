"""The frames of a film on disk: read in natural order, written whole, and known again by a second run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Sized
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from keras_apps._files import written_aside
from keras_apps.images import Picture, load_image, save_image
from keras_apps.style.checkpoint import digest

READ = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
WRITTEN = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
ABOUT = "film.json"
"""The file in the folder of painted frames that records their recipe and style pictures."""


class Film:
    """Iterates over `(name, content)` of a film's frames, and keeps the painted ones in a folder.

    Args:
        frames: A folder of pictures, or pictures.
        out: The folder to write to, or `None`.
        resume: Whether frames that are in `out` count as done.
        about: What the frames are painted with, besides the style pictures.
        styles: The style pictures, floats.

    Attributes:
        count: Number of frames; 0 where that is not known.

    Raises:
        ValueError: If there are no frames, a frame of a folder has another size than the first, or `out` is the frames'
            folder or holds another film that shall be resumed.
        FileNotFoundError: If the folder, or the one in which `out` shall be, does not exist.
    """

    def __init__(
        self,
        frames: str | os.PathLike | Iterable[Picture],
        out: str | os.PathLike | None,
        resume: bool,
        about: dict,
        styles: list[np.ndarray],
    ):
        self.out = None if out is None else Path(out)
        self.resume, self.about = resume, json.loads(json.dumps(about)) | {"styles": digest(styles)}
        self.frames: Iterable[Picture]
        self.names: list[str] | None = None
        if isinstance(frames, (str, os.PathLike)):
            paths = list_frames(frames)
            self.frames, self.names = paths, [path.name for path in paths]
            if self.out is not None:
                self._check_names(self.out, Path(frames), self.names)
        else:
            self.frames = frames
        self.count = len(self.frames) if isinstance(self.frames, Sized) else 0
        if not self.count and isinstance(self.frames, Sized):
            raise ValueError("expected at least one frame, received none")
        if self.out is not None:
            self._check_out(self.out)

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        first = None
        for i, frame in enumerate(self.frames):
            name = self.names[i] if self.names else f"{i + 1:05d}"
            content = load_image(frame)
            first = content.shape if first is None else first
            if content.shape != first:
                raise _other_size(name, content.shape[1::-1], first[1::-1])
            yield name, content
        if first is None:
            raise ValueError("expected at least one frame, received none")

    def path(self, name: str) -> str | None:
        """Return the file that a frame is written to, or `None` where none is."""
        return None if self.out is None else str(_painted_path(self.out, name))

    def done(self, name: str) -> np.ndarray | None:
        """Return a painted frame that an earlier run has left, or `None`."""
        if self.out is None or not self.resume or not _painted_path(self.out, name).exists():
            return None
        return load_image(_painted_path(self.out, name))

    def write(self, name: str, image: np.ndarray) -> np.ndarray:
        """Write a painted frame, and return it as a later run would read it."""
        if self.out is None:
            return image
        if not self.out.is_dir():
            self.out.mkdir()
        if not (self.out / ABOUT).exists() or json.loads((self.out / ABOUT).read_text("utf-8")) != self.about:
            with written_aside(self.out / ABOUT) as aside:
                aside.write_text(json.dumps(self.about, indent=2), encoding="utf-8")
        save_image(image, _painted_path(self.out, name))
        return load_image(_painted_path(self.out, name))

    def _check_names(self, out: Path, folder: Path, names: list[str]) -> None:
        if out.exists() and out.resolve() == folder.resolve():
            raise ValueError(
                f"expected a folder for the painted frames besides that of the frames, received '{folder}' for both"
            )
        files = [_painted_path(out, name) for name in names]
        twice = next((name for i, name in enumerate(names) if files[i] in files[:i]), None)
        if twice:
            raise ValueError(f"expected frames of different names once .gif becomes .png, received '{twice}' twice")

    def _check_out(self, out: Path) -> None:
        if out.exists() and not out.is_dir():
            raise ValueError(f"expected a folder for the painted frames, received the file '{out}'")
        if not out.parent.is_dir():
            raise FileNotFoundError(f"expected an existing folder for '{out.name}', received '{out.parent}'")
        if not self.resume or not out.is_dir():
            return
        names = self.names or [path.stem for path in out.iterdir()]
        if not any(_painted_path(out, name).exists() for name in names):
            return
        try:
            written = json.loads((out / ABOUT).read_text("utf-8"))
            differing = sorted(key for key, value in self.about.items() if written.get(key) != value)
        except (OSError, ValueError, AttributeError):
            differing = [f"no readable {ABOUT}"]
        if differing:
            raise ValueError(
                f"expected an empty folder or one with frames of this very film, received '{out}' with another "
                f"one ({', '.join(differing)}); choose another folder, or do not resume"
            )


def _painted_path(out: Path, name: str) -> Path:
    return out / (name if name.lower().endswith(WRITTEN) else f"{name.removesuffix('.gif')}.png")


def list_frames(folder: str | os.PathLike) -> list[Path]:
    """Return the pictures of a folder in natural order, after a look at their sizes.

    Raises:
        FileNotFoundError: If the folder does not exist.
        ValueError: If it holds no picture, or one of another size than the first.
    """
    path = Path(folder)
    if not path.is_dir():
        raise FileNotFoundError(f"expected a folder of frames, received '{folder}', which is not a directory")
    found = [file for file in path.iterdir() if file.suffix.lower() in READ and file.is_file()]
    found = sorted((file for file in found if not file.name.startswith(".")), key=lambda file: natural_key(file.name))
    if not found:
        raise ValueError(f"expected pictures in the folder '{folder}', received none")
    first = _size(found[0])
    for file in found[1:]:
        size = _size(file)
        if size != first:
            raise _other_size(file.name, size, first)
    return found


def natural_key(name: str) -> tuple[list[int | str], str]:
    """Return a key that sorts names as people count: `f2` before `f10`.

    Example:
        >>> sorted(["f10.png", "f2.png", "f1.png"], key=natural_key)
        ['f1.png', 'f2.png', 'f10.png']
    """
    parts = re.split(r"(\d+)", name)
    return [int(part) if i % 2 else part.casefold() for i, part in enumerate(parts)], name


def _size(file: Path) -> tuple[int, int]:
    """Return width and height without reading the pixels."""
    try:
        with Image.open(file) as image:
            turned = image.getexif().get(0x0112, 1) >= 5
            return image.size[::-1] if turned else image.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError):
        return load_image(file).shape[1::-1]  # says what is wrong with it


def _other_size(name: str, size: tuple[int, int], first: tuple[int, int]) -> ValueError:
    return ValueError(
        f"expected frames of one size, {first[0]} x {first[1]} pixels as the first, received {name} of "
        f"{size[0]} x {size[1]}"
    )
