"""The history of a training -> a figure of its curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_apps.faces.plots import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_training(history: Mapping[str, Sequence[float]], x: Sequence[float] | None = None, x_label="epoch") -> Figure:
    """Draw every curve of a training's history, training and validation of one quantity in one panel.

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
    columns = 2 if len(quantities) == 4 else min(3, len(quantities))
    rows = -(-len(quantities) // columns)
    figure, axes = new_figure(rows, columns, (0.6 + 3.6 * columns, 0.3 + 2.7 * rows))
    for ax in axes.flat[len(quantities) :]:
        ax.remove()
    for ax, quantity in zip(axes.flat, quantities, strict=False):
        for name, label, colour in (
            (quantity, "training", COLOURS[0]),
            (f"val_{quantity}", "validation", COLOURS[1]),
        ):
            if name in curves:
                values = curves[name]
                marker = "o" if longest <= 40 else None
                ax.plot(places[longest - len(values) :], values, color=colour, label=label, marker=marker, markersize=3)
        ax.set(xlabel=x_label, ylabel=quantity.replace("_", " "))
        if x is None:
            ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if f"val_{quantity}" in curves and quantity in curves:
            ax.legend(frameon=False, fontsize=8)
        elif f"val_{quantity}" in curves:
            ax.set_ylabel(f"validation {quantity.replace('_', ' ')}")
    return figure
