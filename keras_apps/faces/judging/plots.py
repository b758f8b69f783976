"""Rates -> figures: ROC, DET and CMC. Figures are matplotlib objects; no backend is chosen and no window opened."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from keras_apps._files import written_aside
from keras_apps.faces.open_set import OpenSetReport
from keras_apps.faces.rates import Roc, equal_error_rate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")  # told apart by colour-blind readers too
GREY = "#777777"
DET_TICKS = (0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
DOTS = 2000  # points closer than a part in so many of an axis are drawn once


def new_figure(rows: int = 1, columns: int = 1, size: tuple[float, float] = (5.6, 4.4)) -> tuple[Figure, np.ndarray]:
    """Make a figure and its axes, plain ones with a faint grid.

    Args:
        rows: Of axes.
        columns: Of axes.
        size: Width and height of the whole, in inches.

    Returns:
        `(figure, axes)`, axes as an object array `(rows, columns)`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for ax in axes.flat:
        ax.grid(True, color="#dddddd", linewidth=0.6)
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes


def save_figure(figure: Figure, path: str | os.PathLike, dpi: int = 150) -> None:
    """Write a figure; the file's ending says how (`.png`, `.jpg`, `.svg`, `.pdf`).

    Raises:
        FileNotFoundError: If the folder does not exist.
        ValueError: If matplotlib cannot write such files.
        OSError: If the file cannot be written.
    """
    kind = os.path.splitext(os.fspath(path))[1].lstrip(".").lower()
    kinds = figure.canvas.get_supported_filetypes()
    if kind not in kinds:
        raise ValueError(f"expected a file ending among {', '.join(sorted(kinds))}, received '{os.fspath(path)}'")
    with written_aside(path) as aside:
        figure.savefig(aside, dpi=dpi, format=kind)


def plot_roc(curves: Roc | Mapping[str, Roc], *, log: bool = True) -> Figure:
    """Draw TAR against FAR, one line for each system, in steps: what thresholds reach.

    Args:
        curves: What `roc` returned, or several by name.
        log: Whether FAR stands on a logarithmic axis, from the smallest that the impostors can show.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        TypeError: If a curve is no `Roc`.

    Example:
        >>> from keras_apps.faces.rates import roc
        >>> plot_roc({"tower": roc([0.2, 0.5, 0.5, 0.9], [1, 1, 0, 0])}).axes[0].get_xlabel()
        'false accept rate (FAR)'
    """
    figure, axes = new_figure()
    ax = axes[0, 0]
    named = list(_named(curves, Roc))
    least = min(float(curve.far[curve.far > 0].min()) for _, curve in named) if log else 0.0
    for (name, curve), colour in zip(named, _colours(), strict=False):
        far, tar = (np.maximum(curve.far, least / 1.5), curve.tar) if log else (curve.far, curve.tar)
        place = np.log10(far / far.min()) / np.log10(1 / far.min()) if log else far
        keep = _apart(place, tar)
        ax.plot(far[keep], tar[keep], drawstyle="steps-post", color=colour, label=_with_eer(name, curve), clip_on=False)
    chance = np.geomspace(least, 1, 200) if log else np.array([0, 1])
    ax.plot(chance, chance, color=GREY, linestyle=":", linewidth=1, label="chance")
    if log:
        ax.set_xscale("log")
    ax.set(xlim=(least / 1.5 if log else 0, 1), ylim=(0, 1))
    ax.set(xlabel="false accept rate (FAR)", ylabel="true accept rate (TAR)", title="ROC")
    ax.legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="none")
    return figure


def plot_det(curves: Roc | Mapping[str, Roc]) -> Figure:
    """Draw FRR against FAR on probit axes, where two normal distributions give a straight line.

    Args:
        curves: What `roc` returned, or several by name.

    Returns:
        A `matplotlib.figure.Figure`; the dot is the EER.

    Raises:
        TypeError: If a curve is no `Roc`.

    Reference:
        Martin et al., "The DET curve in assessment of detection task performance", Eurospeech 1997.
    """
    from scipy.special import ndtri

    figure, axes = new_figure(size=(5.2, 4.9))
    ax = axes[0, 0]
    named = list(_named(curves, Roc))
    least = [min(np.min(r[r > 0]) for r in rates) for rates in zip(*((c.far, c.frr) for _, c in named), strict=True)]
    low = ndtri(min(0.01, max(1e-6, min(least) / 1.5)))
    high = ndtri(0.5)
    for (name, curve), colour in zip(named, _colours(), strict=False):
        shown = (curve.far > 0) & (curve.frr > 0) & (curve.far < 1) & (curve.frr < 1)
        far, frr = ndtri(curve.far[shown]), ndtri(curve.frr[shown])
        keep = _apart((far - low) / (high - low), (frr - low) / (high - low))
        ax.plot(far[keep], frr[keep], drawstyle="steps-post", color=colour, label=_with_eer(name, curve))
        eer = equal_error_rate(curve)[0]
        if 0 < eer < 1:
            ax.plot([ndtri(eer)], [ndtri(eer)], "o", color=colour, markersize=5)
    ax.plot([low, high], [low, high], color=GREY, linestyle=":", linewidth=1, label="FAR = FRR")
    ticks = [tick for tick in DET_TICKS if low <= ndtri(tick) <= high]
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_ticks(ndtri(ticks), [f"{100 * tick:g}" for tick in ticks])
    ax.set(xlim=(low, high), ylim=(low, high), aspect="equal", title="DET")
    ax.set(xlabel="false accept rate (FAR), %", ylabel="false reject rate (FRR), %")
    ax.legend(loc="lower left", frameon=True, framealpha=0.9, edgecolor="none")
    return figure


def plot_cmc(reports: OpenSetReport | Mapping[str, OpenSetReport]) -> Figure:
    """Draw the share of known probes whose person is among the nearest k people, against k.

    Args:
        reports: What `evaluate_open_set` returned, or several by name.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        TypeError: If a report is no `OpenSetReport`.
    """
    figure, axes = new_figure()
    ax = axes[0, 0]
    lowest, last = 1.0, 1
    for (name, report), colour in zip(_named(reports, OpenSetReport), _colours(), strict=False):
        ranks = np.arange(1, len(report.cmc) + 1)
        label = f"{name + ', ' if name else ''}rank 1: {100 * report.rank1:.2f} % of {report.identities} people"
        ax.plot(ranks, 100 * np.array(report.cmc), "o-", color=colour, markersize=4, label=label, clip_on=False)
        low, high = report.rank1_interval
        ax.plot([1, 1], [100 * low, 100 * high], color=colour, linewidth=3, alpha=0.35, solid_capstyle="butt")
        lowest, last = min(lowest, low), max(last, ranks[-1])
    step = max(1, 5 * round(last / 20)) if last > 8 else 1
    ax.set_xticks(sorted({1, *range(step, last + 1, step)}))
    ax.set(ylim=(100 * max(0.0, 1 - 1.15 * (1 - min(lowest, 0.98))), 100))
    ax.set(xlabel="rank k", ylabel="known probes found among the nearest k, %", title="CMC")
    ax.legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="none")
    return figure


def _named(given, kind: type) -> Iterator[tuple[str, object]]:
    given = {"": given} if isinstance(given, kind) else given
    wrong = [one for one in given.values() if not isinstance(one, kind)] if isinstance(given, Mapping) else [given]
    if wrong or not given:
        received = type(wrong[0]).__name__ if wrong else "none"
        raise TypeError(f"expected one {kind.__name__} or several in a dictionary by name, received {received}")
    yield from given.items()


def _colours() -> Iterator[str]:
    while True:
        yield from COLOURS


def _with_eer(name: str, curve: Roc) -> str:
    return f"{name + ', ' if name else ''}EER {100 * equal_error_rate(curve)[0]:.2f} %"


def _apart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return which points to draw: the first and last of those that fall on one dot."""
    dots = np.round(np.stack([x, y]) * DOTS)
    moved = np.any(dots[:, 1:] != dots[:, :-1], axis=0)
    return (np.concatenate([[True], moved]) | np.concatenate([moved, [True]]))[: x.size]
