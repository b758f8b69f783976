"""Picture + occlusion map -> the picture, and beside it the map in colours over it."""

from __future__ import annotations

import numpy as np

from keras_apps import images
from keras_apps.visualize.occlusion import Occlusion


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
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].astype(np.float32) / 255


def _patch(tall: int, wide: int):
    """Return the patch to scale, in the upper left corner."""
    from matplotlib.patches import Rectangle

    return Rectangle((1, 1), wide, tall, facecolor="#808080", edgecolor="white", linewidth=0.8)
