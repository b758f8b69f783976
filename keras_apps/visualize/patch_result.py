"""Patches, and the best of them so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keras_apps.visualize.fields import Box, ReceptiveField

GREY = 128
"""What is drawn beyond the border of a picture."""


@dataclass(frozen=True, eq=False)
class Patch:
    """What one unit saw in one picture.

    Attributes:
        picture: Number of the picture, in the order in which they were read, from 0; those left out do not count.
        name: Its path, or its number where it has none.
        unit: Position of the unit on the layer's map, one index for each axis; where there are several with the same
            activation, the first.
        value: The unit's activation.
        box: `(start, stop)` along each axis of the picture as the network saw it, resized; may go beyond its border.
        image: uint8 `(height, width, 3)`, the box's pixels, grey (128) beyond the border.
    """

    picture: int
    name: str
    unit: tuple[int, ...]
    value: float
    box: Box
    image: np.ndarray


@dataclass(frozen=True, eq=False)
class TopPatches:
    """The patches that excite units most; `found[layer][unit]` is a list of `Patch`, best first.

    Attributes:
        patches: `{layer: {unit: [Patch, ...]}}`.
        fields: `{layer: ReceptiveField}`, for the size that the pictures were resized to.
        count: Pictures that were looked at.
        skipped: `{name: reason}` of those that could not be read.
    """

    patches: dict[str, dict[int, list[Patch]]]
    fields: dict[str, ReceptiveField]
    count: int
    skipped: dict[str, str]

    def __getitem__(self, layer: str) -> dict[int, list[Patch]]:
        """Return the patches of a layer, by unit."""
        return self.patches[layer]


class Best:
    """The k best patches of each of some units; those of equal value stay in the order in which they came.

    Args:
        units: Channels.
        k: Patches of each.
    """

    def __init__(self, units: Sequence[int], k: int):
        self.k = k
        self.least = np.full(len(units), -np.inf)
        """What a patch must exceed to be kept, float64 `(len(units),)`."""
        self.patches: dict[int, list[Patch]] = {unit: [] for unit in units}
        self._lists = list(self.patches.values())

    def add(self, column: int, patch: Patch) -> None:
        """Add a patch of the unit in that column; it must exceed `least` there."""
        kept = self._lists[column]
        place = sum(other.value >= patch.value for other in kept)
        kept.insert(place, patch)
        del kept[self.k :]
        if len(kept) == self.k:
            self.least[column] = kept[-1].value


def cut(pixels: np.ndarray, box: Box) -> np.ndarray:
    """Return a copy of a box of a picture; what lies beyond the border is grey, or 0 where values are floats.

    Example:
        >>> cut(np.full((2, 2, 1), 7, np.uint8), ((-1, 1), (1, 3)))[..., 0].tolist()
        [[128, 128], [7, 128]]
    """
    shape = tuple(stop - start for start, stop in box)
    out = np.full((*shape, pixels.shape[-1]), GREY if pixels.dtype == np.uint8 else 0, pixels.dtype)
    inside = [(max(start, 0), min(stop, n)) for (start, stop), n in zip(box, pixels.shape, strict=False)]
    if all(start < stop for start, stop in inside):
        to = tuple(slice(a - start, b - start) for (a, b), (start, _) in zip(inside, box, strict=True))
        out[to] = pixels[tuple(slice(a, b) for a, b in inside)]
    return out
