"""A film or a camera -> the faces in it, followed from frame to frame, each named once."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_apps._checks import check_whole
from keras_apps._extras import load_extra
from keras_apps.faces.detection import FaceCrop, find_faces
from keras_apps.faces.distances import squared_euclidean
from keras_apps.faces.encoding import encode, resize_chip
from keras_apps.faces.gallery.decisions import Box, Identification
from keras_apps.images import Picture

if TYPE_CHECKING:
    from keras_apps.faces.gallery.gallery import Gallery

LEAST = 5
"""Sightings after which a face is named."""
LOST_AFTER = 1.0
"""Seconds out of sight after which a track ends."""
SAME_PLACE = 0.3
"""From this intersection over union on, two boxes of neighbouring frames may be one face."""


@dataclass
class Track:
    """One face, followed through a film. It goes on being updated while the face is in view.

    Attributes:
        number: From 1, in order of first sight.
        first: When it was first seen, in seconds of the film.
        last: When it was last seen.
        frames: In how many frames it was seen.
        box: Where it was seen last, in pixels.
        answer: Who it is, decided once; `None` until then.
    """

    number: int
    first: float
    last: float
    frames: int
    box: Box
    answer: Identification | None = None


def identify_in_film(
    gallery: Gallery, frames: Iterable[tuple[float, Picture]], *, least: int = LEAST
) -> Iterator[Track]:
    """Follow the faces of a film and name each once.

    A face belongs to a track where its encoding is within the gallery's verification tau of the track's mean, or where
    it stands at the same place as one frame before and P(same) is at least one half. A track is named after `least`
    sightings, or when it ends, by the sighting that is nearest to the mean of all: an encoding of one picture, so that
    tau means what it means for a picture.

    Args:
        gallery: Decides by distance.
        frames: `(seconds, picture)` in order, for instance `read_frames("door.mp4")`.
        least: Sightings after which a face is named, >= 1.

    Returns:
        An iterator over tracks, each yielded once, as soon as it is named.

    Raises:
        ValueError, TypeError: If `least` is not a whole number of at least 1, or a frame is not a picture.
        GalleryError: If there is no threshold for this tower, or a verifier decides in its place.
    """
    check_whole("least", least)
    follower = _Follower(gallery, least)
    for seconds, picture in frames:
        yield from follower.look(float(seconds), picture)
    yield from follower.end(float("inf"))


class _Follower:
    def __init__(self, gallery: Gallery, least: int):
        self.gallery, self.least, self.count = gallery, least, 0
        self.threshold = gallery.threshold
        self.open: list[tuple[Track, list[np.ndarray]]] = []

    def look(self, seconds: float, picture: Picture) -> Iterator[Track]:
        yield from self.end(seconds)
        tower = self.gallery.tower
        found = find_faces(picture, tower=tower)
        chips = [resize_chip(face.image, tower) for face in found]
        encodings = list(encode(tower, chips, aligned=True)) if chips else []
        for face, encoding, at in self._matched(found, encodings):
            if at is None:
                self.count += 1
                self.open.append((Track(self.count, seconds, seconds, 1, face.box), [encoding]))
                at = len(self.open) - 1
            else:
                track, kept = self.open[at]
                track.last, track.box, track.frames = seconds, face.box, track.frames + 1
                kept.append(encoding)
                del kept[: -10 * self.least]
            if self.open[at][0].frames >= self.least:
                yield from self._name(*self.open[at])

    def end(self, seconds: float) -> Iterator[Track]:
        """Name the tracks that are out of sight and were not named before, and drop them."""
        ended = [pair for pair in self.open if seconds - pair[0].last > LOST_AFTER]
        self.open = [pair for pair in self.open if seconds - pair[0].last <= LOST_AFTER]
        for pair in ended:
            yield from self._name(*pair)

    def _matched(
        self, found: list[FaceCrop], encodings: list[np.ndarray]
    ) -> list[tuple[FaceCrop, np.ndarray, int | None]]:
        """Return each face with the place of its track; the nearest pairs first, each track at most once."""
        pairs: list[tuple[float, int, int]] = []
        for number, (face, encoding) in enumerate(zip(found, encodings, strict=True)):
            for at, (track, kept) in enumerate(self.open):
                squared = float(squared_euclidean(encoding, np.mean(kept, axis=0)))
                distance = squared**0.5 if self.threshold.distance == "euclidean" else squared
                limit = self.threshold.tau
                if overlap(face.box, track.box) >= SAME_PLACE:
                    limit = max(limit, self.threshold.midpoint)
                if distance <= limit:
                    pairs.append((distance, number, at))
        place: dict[int, int] = {}
        for _, number, at in sorted(pairs):
            if number not in place and at not in place.values():
                place[number] = at
        return [(face, encodings[n], place.get(n)) for n, face in enumerate(found)]

    def _name(self, track: Track, kept: list[np.ndarray]) -> Iterator[Track]:
        if track.answer is None:
            all_seen = np.stack(kept)
            best = all_seen[int(np.argmin(squared_euclidean(np.mean(all_seen, axis=0), all_seen)))]
            track.answer = replace(self.gallery.identify_encodings(best[None])[0], box=track.box)
            yield track


def overlap(first: Box, second: Box) -> float:
    """Return the intersection over union of two boxes.

    Example:
        >>> overlap((0, 0, 2, 2), (1, 0, 3, 2))
        0.3333333333333333
    """
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    common = max(0.0, width) * max(0.0, height)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return common / (areas - common) if common else 0.0


def read_frames(source: str | os.PathLike | int) -> Iterator[tuple[float, np.ndarray]]:
    """Read a film or a camera frame by frame. Needs `pip install keras_apps[video]`.

    Args:
        source: A video file, or a camera's number, 0 for the first one (Linux and macOS).

    Returns:
        An iterator over `(seconds, picture)`, pictures uint8 `(h, w, 3)`, RGB.

    Raises:
        FileNotFoundError: If there is no such file.
        ImportError: If the library is missing.
        ValueError: If the file is not a film, or there is no such camera.
    """
    if not isinstance(source, int) and not Path(source).is_file():
        raise FileNotFoundError(f"expected a film, received '{os.fspath(source)}', which is not a file")
    av = load_extra("av", "video")
    address, kind, what = str(source), None, f"film, received '{source}'"
    if isinstance(source, int):
        what = f"camera, received camera {source}"
        address, kind = (f"/dev/video{source}", "v4l2") if sys.platform == "linux" else (str(source), "avfoundation")
    try:
        with av.open(address, format=kind) as container:
            if not container.streams.video:
                raise ValueError("it has no pictures")
            for frame in container.decode(video=0):
                yield float(frame.time or 0.0), frame.to_ndarray(format="rgb24")
    except (av.FFmpegError, ValueError) as error:
        raise ValueError(f"expected a {what}: {error}") from None
