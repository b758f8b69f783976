"""Pairs and their distances -> a sheet of the pairs that a threshold gets most wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_apps import images
from keras_apps._numbers import is_whole
from keras_apps.faces.plots import COLOURS
from keras_apps.faces.rates import checked

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def worst_pairs(distances, same, count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest impostor pairs and the farthest genuine pairs.

    Args:
        distances: Floats >= 0, `(n,)`.
        same: Booleans `(n,)`. Needs both kinds.
        count: How many of each kind at most, >= 1.

    Returns:
        `(impostor, genuine)`, indices into the pairs, worst first.

    Raises:
        ValueError: If shapes differ, a distance is negative or not finite, one kind is missing, or count is no whole
            number of at least 1.

    Example:
        >>> impostor, genuine = worst_pairs([0.2, 0.5, 0.4, 0.9, 0.7], [1, 1, 0, 0, 1], count=2)
        >>> impostor.tolist(), genuine.tolist()
        ([2, 3], [4, 1])
    """
    distances, same = checked(distances, same)
    if not is_whole(count) or count < 1:
        raise ValueError(f"expected a whole number of pairs of at least 1, received {count!r}")
    impostor, genuine = np.flatnonzero(~same), np.flatnonzero(same)
    nearest = impostor[np.argsort(distances[impostor], kind="stable")]
    farthest = genuine[np.argsort(-distances[genuine], kind="stable")]
    return nearest[:count], farthest[:count]


def plot_worst_pairs(
    first: Sequence,
    second: Sequence,
    distances,
    same,
    tau: float,
    *,
    names: Sequence[tuple[str, str]] | None = None,
    count: int = 4,
) -> Figure:
    """Show the nearest impostor pairs on the left and the farthest genuine pairs on the right.

    Only the pictures that are shown are read.

    Args:
        first: Pictures, n of them: paths, PIL images or arrays.
        second: Pictures, n of them.
        distances: Floats >= 0, `(n,)`.
        same: Booleans `(n,)`. Needs both kinds.
        tau: The threshold that decides.
        names: The people of each pair, `(left, right)`; by default nothing is written.
        count: How many of each kind at most.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If lengths differ, or as `worst_pairs`.
        FileNotFoundError: If a picture that is shown does not exist.
    """
    from matplotlib.figure import Figure

    distances, same = checked(distances, same)
    lengths = [len(pictures) for pictures in (first, second, *([] if names is None else [names]))]
    if any(length != distances.size for length in lengths):
        raise ValueError(f"expected {distances.size} first and second pictures and names, received {lengths}")
    kinds = worst_pairs(distances, same, count)
    rows = max(len(kind) for kind in kinds)
    figure = Figure(figsize=(8.6, 2.5 * rows + 0.6), layout="constrained")
    figure.suptitle(f"tau = {tau:.4g}", fontsize=11)
    halves, titles = (
        figure.subfigures(1, 2, wspace=0.06),
        ("nearest pairs of two people", "farthest pairs of one person"),
    )
    for half, kind, title in zip(halves, kinds, titles, strict=True):
        half.suptitle(title, fontsize=11)
        axes = half.subplots(rows, 2, squeeze=False)
        for ax in axes.flat:
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        for row, index in enumerate(kind):
            accepted = bool(distances[index] <= tau)
            wrong = accepted != bool(same[index])
            words = (
                f"{distances[index]:.3f}, {'wrongly' if wrong else 'rightly'} {'accepted' if accepted else 'rejected'}"
            )
            axes[row, 0].set_title(words, loc="left", fontsize=9, color=COLOURS[1] if wrong else "black")
            for column, pictures in enumerate((first, second)):
                axes[row, column].imshow(images.to_uint8(images.load_image(pictures[index])))
                name = "" if names is None else str(names[index][column]).replace("_", " ").replace("$", r"\$")
                axes[row, column].set_xlabel(name, fontsize=8)
    return figure
