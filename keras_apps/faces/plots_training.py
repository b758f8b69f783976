"""The history of a training -> a figure of its curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_apps.faces.plots import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DISTANCES = {"d_ap": "d(A,P)", "d_an": "d(A,N)"}  # of one training, to be seen beside each other
NAMES = {"active": "share of active triplets"}


def plot_training(history: Mapping[str, Sequence[float]], x: Sequence[float] | None = None, x_label="epoch") -> Figure:
    """Draw every curve of a training's history, training and validation of one quantity in one panel.

    The mean distances `d_ap` and `d_an` of triplets share a panel: where both fall to zero the encodings collapse.

    Args:
        history: `{name: values}` as in `fit(...).history`; `val_name` is drawn with `name`. Lists may be shorter than
            the longest: then they end at the same x (validation that started late).
        x: Where the values stand, as many as the longest list; by default 1, 2, 3, ...
        x_label: What x is, with its unit.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If there is no curve, or `x` has another length.

    Example:
        >>> figure = plot_training({"loss": [0.2, 0.1], "val_loss": [0.3, 0.25], "accuracy": [0.5, 0.7]})
        >>> [ax.get_ylabel() for ax in figure.axes]
        ['loss', 'accuracy']
    """
    from matplotlib.ticker import MaxNLocator

    curves = {name: np.asarray(values, np.float64) for name, values in history.items() if len(values)}
    longest = max(map(len, curves.values()), default=0)
    if not longest:
        raise ValueError("expected a history with at least one value, received an empty one")
    places = np.arange(1, longest + 1) if x is None else np.asarray(x, np.float64)
    if places.shape != (longest,):
        raise ValueError(f"expected {longest} values of x, received shape {places.shape}")
    quantities = list(dict.fromkeys(name.removeprefix("val_") for name in curves))
    panels: dict[str, list[str]] = {}
    for quantity in quantities:
        panels.setdefault("mean squared distance" if quantity in DISTANCES else _words(quantity), []).append(quantity)
    columns = 2 if len(panels) == 4 else min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = new_figure(rows, columns, (0.6 + 3.6 * columns, 0.3 + 2.7 * rows))
    for ax in axes.flat[len(panels) :]:
        ax.remove()
    for ax, (title, members) in zip(axes.flat, panels.items(), strict=False):
        drawn = [
            (name, f"{DISTANCES.get(quantity, '')} {when}".strip(), colour, style)
            for quantity, style in zip(members, ("-", "--"), strict=False)
            for name, when, colour in (
                (quantity, "training", COLOURS[0]),
                (f"val_{quantity}", "validation", COLOURS[1]),
            )
            if name in curves
        ]
        for name, label, colour, style in drawn:
            values = curves[name]
            marker = "o" if longest <= 40 else None
            ax.plot(
                places[longest - len(values) :], values, style, color=colour, label=label, marker=marker, markersize=3
            )
        only = drawn[0][0].startswith("val_") and len(drawn) == 1
        ax.set(xlabel=x_label, ylabel=f"validation {title}" if only else title)
        if x is None:
            ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if len(drawn) > 1:
            ax.legend(frameon=True, framealpha=0.9, edgecolor="none", fontsize=8)
    return figure


def _words(quantity: str) -> str:
    return NAMES.get(quantity, quantity.replace("_", " "))
