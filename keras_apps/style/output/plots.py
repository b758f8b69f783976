"""The history of a transfer -> a figure of how its costs fell."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from keras_apps._files import check_destination, written_aside
from keras_apps.style.run import StyleResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from keras_apps.style.recipes.recipe import Recipe

COLORS = {"cost": "#222222", "content": "#0072b2", "style": "#d55e00", "variation": "#009e73", "temporal": "#cc79a7"}
"""Told apart by colour-blind readers too."""
SHOWN = 1e-5
"""Costs below this share of the largest total are left out: a content cost starts at 0, or at rounding errors."""


def plot_history(history: StyleResult | Sequence[Mapping[str, float]], recipe: Recipe | None = None) -> Figure:
    """Draw the total cost and its weighted terms against the steps, on a logarithmic axis.

    Each size of a coarse-to-fine run is marked where it begins; a second axis tells the seconds.

    Args:
        history: What `transfer` returned, or the rows of its history.
        recipe: For rows alone: says the weights of the terms. Without, the terms are drawn before their weights.

    Returns:
        A `matplotlib.figure.Figure`; no window is opened.

    Raises:
        ValueError: If there is no row.

    Example:
        >>> rows = [{"step": n, "cost": 2.0 / n, "content": 0.5, "style": 1.0 / n, "seconds": n} for n in (1, 2, 3)]
        >>> figure = plot_history(rows)
        >>> figure.axes[0].get_yscale()
        'log'
        >>> [text.get_text() for text in figure.legends[0].get_texts()]
        ['total cost', 'content, before its weight', 'style, before its weight']
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    if isinstance(history, StyleResult):
        rows, recipe = history.history, history.recipe
    else:
        rows = [dict(row) for row in history]
    if not rows:
        raise ValueError("expected a history with at least one step, received an empty one")
    steps = _column(rows, "step")
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    ax = figure.subplots()
    ax.grid(True, color="#dddddd", linewidth=0.6)
    ax.set_axisbelow(True)
    ax.set_yscale("log")
    marker = "o" if len(rows) <= 30 else None
    begins = _begins([row.get("size") for row in rows])
    least = SHOWN * _column(rows, "cost").max()
    for term, color in COLORS.items():
        weight = 1.0 if term == "cost" or recipe is None else getattr(recipe, f"{term}_weight", 1.0)
        values = weight * _column(rows, term)
        if not (values > least).any():
            continue
        values[values <= least] = np.nan
        x, y = (np.insert(column, begins[1:], np.nan) for column in (steps, values))  # no line from size to size
        width = 2.0 if term == "cost" else 1.3
        ax.plot(x, y, color=color, linewidth=width, label=_label(term, weight, recipe), marker=marker, markersize=3)
    ax.set(xlabel="step", ylabel="cost (no unit)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    _mark_sizes(ax, rows, steps, begins)
    _add_seconds(ax, steps, _column(rows, "seconds"))
    figure.legend(loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    return figure


def save_history_plot(history: StyleResult | Sequence[Mapping[str, float]], path: str | os.PathLike) -> None:
    """Draw `plot_history` into a file; its ending says how (`.png`, `.svg`, `.pdf`, ...).

    Raises:
        ValueError: If there is no row, or matplotlib cannot write such files.
        OSError: If the file cannot be written.
    """
    check_plot(path)
    figure = plot_history(history)
    with written_aside(path) as aside:
        figure.savefig(aside, dpi=150, format=os.path.splitext(os.fspath(path))[1][1:].lower())


def check_plot(path: str | os.PathLike) -> None:
    """Raise what writing a figure there would raise, before any work is done.

    Raises:
        ValueError: If matplotlib cannot write files of that ending.
        OSError: If the folder does not exist or cannot be written to.
    """
    from matplotlib.backend_bases import FigureCanvasBase

    kinds = set(FigureCanvasBase.get_supported_filetypes()) - {"gif"}  # a film's, not a figure's
    if os.path.splitext(os.fspath(path))[1][1:].lower() not in kinds:
        raise ValueError(f"expected a file ending among {', '.join(sorted(kinds))}, received '{os.fspath(path)}'")
    check_destination(path)


def _column(rows: Sequence[Mapping[str, float]], name: str) -> np.ndarray:
    return np.array([row.get(name, 0.0) for row in rows], np.float64)


def _label(term: str, weight: float, recipe: Recipe | None) -> str:
    if term == "cost":
        return "total cost"
    if recipe is None:
        return f"{term}, before its weight"
    return f"{term}, times {weight:g}"


def _begins(sizes: list[float | None]) -> list[int]:
    return [i for i, size in enumerate(sizes) if i == 0 or size != sizes[i - 1]]


def _mark_sizes(ax: Axes, rows: Sequence[Mapping[str, float]], steps: np.ndarray, begins: list[int]) -> None:
    for i in begins if len(begins) > 1 else []:
        place = steps[i] if i == 0 else (steps[i] + steps[i - 1]) / 2
        if i:
            ax.axvline(place, color="#777777", linestyle="--", linewidth=1)
        words = {"x": place, "y": 0.99, "s": f" {rows[i]['size']:g} px", "transform": ax.get_xaxis_transform()}
        ax.text(**words, color="#555555", fontsize=9, va="top")


def _add_seconds(ax: Axes, steps: np.ndarray, seconds: np.ndarray) -> None:
    """Add an axis above that tells the seconds after which the steps were done, at the same places."""
    if not seconds[-1] > 0:
        return
    from matplotlib.ticker import MaxNLocator

    above = ax.secondary_xaxis("top")
    above.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    inside = (steps[0], steps[-1])
    above.xaxis.set_major_formatter(
        lambda x, _: f"{np.interp(x, steps, seconds):.3g}" if inside[0] <= x <= inside[1] else ""
    )
    above.set_xlabel("seconds since the start")
