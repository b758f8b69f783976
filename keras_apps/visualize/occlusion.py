"""A score of pictures + one picture -> which part of it decides: the score's change when a grey patch covers a part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_apps import images
from keras_apps._checks import is_whole

Score = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Occlusion:
    """How a score changes when parts of a picture are covered.

    Attributes:
        map: float32 `(h, w)`, for each pixel the mean change over the patches that covered it.
        changes: float32 `(rows, columns)`, score with the patch there less score of the whole picture.
        tops, lefts: Where the patches began, in pixels, `(rows,)` and `(columns,)`.
        patch: Height and width of the patch, in pixels.
        whole: The score of the picture with nothing covered.
    """

    map: np.ndarray
    changes: np.ndarray
    tops: tuple[int, ...]
    lefts: tuple[int, ...]
    patch: tuple[int, int]
    whole: float


def occlusion_map(
    score: Score,
    picture: images.Picture,
    *,
    patch: int | tuple[int, int] | None = None,
    stride: int | None = None,
    cover: float = 0.5,
    batch_size: int = 32,
    progress: Callable[[int, int], None] | None = None,
) -> Occlusion:
    """Slide a grey patch over a picture and return how a score changes.

    Args:
        score: A function of a batch, float32 `(n, h, w, 3)` in 0..1, that returns n numbers: the probability of a
            class, or the distance of a face from the enrolled one (`distance_to`).
        picture: As `images.load_image` takes it; not resized.
        patch: Height and width of the patch in pixels; a fifth of the shorter side by default.
        stride: Pixels from one patch to the next, at most the patch's side; a quarter of that by default. The last
            patches end at the border: every pixel is covered.
        cover: The patch's grey, 0..1.
        batch_size: Pictures that are scored together.
        progress: Called with the number of patches done and of all.

    Returns:
        An `Occlusion`; where its map is high the covered part kept the score low: for a distance, the parts that make
        the verification.

    Raises:
        ValueError: If the patch is larger than the picture, a number is out of range, or the score does not return one
            finite number for each picture.

    Example:
        >>> picture = np.zeros((4, 4, 3))
        >>> picture[1, 2] = 1
        >>> found = occlusion_map(lambda batch: batch[:, 1, 2, 0], picture, patch=1, stride=1, cover=0)
        >>> float(found.map[1, 2]), float(np.abs(found.map).sum())
        (-1.0, 1.0)

    Reference:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2.
    """
    pixels = images.load_image(picture)
    height, width = pixels.shape[:2]
    patch = max(1, min(height, width) // 5) if patch is None else patch
    sides = tuple(patch) if isinstance(patch, (tuple, list)) else (patch, patch)
    if len(sides) != 2:
        raise ValueError(f"expected a patch as one size or (height, width), received {patch!r}")
    tall, wide = sides
    stride = max(1, min(tall, wide) // 4) if stride is None else stride
    for name, value in (("patch", tall), ("patch", wide), ("stride", stride), ("batch_size", batch_size)):
        if not is_whole(value) or value < 1:
            raise ValueError(f"expected a whole number of at least 1 for {name}, received {value!r}")
    if tall > height or wide > width:
        raise ValueError(f"expected a patch within the picture of {height} x {width}, received {tall} x {wide}")
    if stride > min(tall, wide):
        raise ValueError(f"expected a stride of at most {min(tall, wide)}, the patch's side, received {stride}")
    if not 0 <= cover <= 1:
        raise ValueError(f"expected a cover in 0..1, received {cover!r}")
    tops, lefts = _places(height, tall, stride), _places(width, wide, stride)
    places = [(top, left) for top in tops for left in lefts]
    whole = float(_scored(score, pixels[None])[0])
    changes = []
    for first in range(0, len(places), batch_size):
        part = places[first : first + batch_size]
        batch = np.repeat(pixels[None], len(part), axis=0)
        for row, (top, left) in enumerate(part):
            batch[row, top : top + tall, left : left + wide] = cover
        changes += list(_scored(score, batch) - whole)
        if progress:
            progress(len(changes), len(places))
    total, count = np.zeros((height, width)), np.zeros((height, width))
    for (top, left), change in zip(places, changes, strict=True):
        total[top : top + tall, left : left + wide] += change
        count[top : top + tall, left : left + wide] += 1
    grid = np.reshape(changes, (len(tops), len(lefts))).astype(np.float32)
    return Occlusion((total / count).astype(np.float32), grid, tops, lefts, (int(tall), int(wide)), whole)


def distance_to(tower: keras.Model, enrolled: np.ndarray, *, white: float = 255.0) -> Score:
    """Return the score that a verification decides by: the squared distance of a crop's encoding from the enrolled one.

    Args:
        tower: A model from pictures to encodings `(n, d)`; `faces.load_tower` returns one.
        enrolled: `(d,)`, the enrolled encoding.
        white: What white is for the tower: 255 for the face towers.

    Raises:
        ValueError: If the encoding has another length.

    Example:
        >>> mean = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.GlobalAveragePooling2D()])
        >>> distance_to(mean, np.zeros(3), white=2)(np.ones((1, 2, 2, 3))).tolist()  # 3 x 2^2
        [12.0]
    """
    enrolled = np.asarray(enrolled, np.float32)
    if enrolled.shape != tuple(tower.output_shape[1:]):
        raise ValueError(f"expected an encoding of shape {tower.output_shape[1:]}, received {enrolled.shape}")

    def score(batch: np.ndarray) -> np.ndarray:
        encodings = np.asarray(tower.predict_on_batch(np.asarray(batch, np.float32) * np.float32(white)), np.float32)
        return np.square(encodings - enrolled).sum(axis=-1)

    return score


def _places(length: int, patch: int, stride: int) -> tuple[int, ...]:
    """Return where patches begin along an axis; the last ends at the border."""
    return tuple(sorted({*range(0, length - patch + 1, stride), length - patch}))


def _scored(score: Score, batch: np.ndarray) -> np.ndarray:
    values = np.asarray(score(batch), np.float64)
    if values.shape != (len(batch),) or not np.isfinite(values).all():
        raise ValueError(f"expected {len(batch)} finite scores, received shape {values.shape}, or some not finite")
    return values


def draw_occlusion(
    picture: images.Picture, found: Occlusion, *, score: str = "score", title: str = "", side: float = 3.0
) -> np.ndarray:
    """Draw which part of a picture decides: red where covering it raises the score, blue where it lowers it.

    Args:
        picture: The one that `occlusion_map` was given.
        found: What it returned.
        score: What the score is, with its unit; written beside the scale of colours.
        title: Written over the picture.
        side: Of each drawing, in inches; there are 150 pixels to the inch.

    Returns:
        float32 `(height, width, 3)`, RGB in 0..1.

    Raises:
        ValueError: If the map is of a picture of another size, or `side` is out of range.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    pixels = images.load_image(picture)
    if pixels.shape[:2] != found.map.shape:
        raise ValueError(f"expected a picture of {found.map.shape}, as the map is, received {pixels.shape[:2]}")
    if not (isinstance(side, (int, float)) and 0 < side < 100):
        raise ValueError(f"expected a side of a drawing above 0 and below 100 inches, received {side!r}")
    figure = Figure(figsize=(2.5 * side, 1.2 * side), dpi=150, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    left.imshow(pixels)
    tall, wide = found.patch
    left.add_patch(_patch(tall, wide))
    left.set_title(title or f"{score} {found.whole:.3g}", fontsize=2.7 * side)
    right.imshow(pixels.mean(axis=2), cmap="gray", vmin=0, vmax=1)
    limit = float(np.abs(found.map).max()) or 1.0
    heat = right.imshow(found.map, cmap="RdBu_r", vmin=-limit, vmax=limit, alpha=0.6)
    right.set_title(f"change, patch of {tall} x {wide} pixels", fontsize=2.7 * side)
    bar = figure.colorbar(heat, ax=right, shrink=0.8)
    bar.set_label(f"change of the {score}", fontsize=2.6 * side)
    bar.ax.tick_params(labelsize=2.3 * side)
    left.set_ylabel("pixels", fontsize=2.6 * side)
    for axes in (left, right):
        axes.set_xlabel("pixels", fontsize=2.6 * side)
        axes.tick_params(labelsize=2.3 * side)
    canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib has no types here
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(np.float32) / 255  # type: ignore[no-untyped-call]


def _patch(tall: int, wide: int) -> Any:
    """Return the patch to scale, in the upper left corner."""
    from matplotlib.patches import Rectangle

    return Rectangle((1, 1), wide, tall, facecolor="#808080", edgecolor="white", linewidth=0.8)
