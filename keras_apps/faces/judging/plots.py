"""Rates -> figures: ROC, DET and CMC. Figures are matplotlib objects; no backend is chosen and no window opened."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from keras_apps import images
from keras_apps._checks import is_whole
from keras_apps._files import written_aside
from keras_apps.faces.judging.calibration import Reliability
from keras_apps.faces.judging.identification import OpenSetReport
from keras_apps.faces.judging.rates import Roc, checked, equal_error_rate, far_frr, split_kinds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

T = TypeVar("T")
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
        >>> from keras_apps.faces.judging.rates import roc
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


def _named(given: T | Mapping[str, T], kind: type[T]) -> Iterator[tuple[str, T]]:
    named = {"": given} if isinstance(given, kind) else given
    wrong = [one for one in named.values() if not isinstance(one, kind)] if isinstance(named, Mapping) else [named]
    if wrong or not isinstance(named, Mapping) or not named:
        received = type(wrong[0]).__name__ if wrong else "an empty dictionary"
        raise TypeError(f"expected one {kind.__name__} or several in a dictionary by name, received {received}")
    yield from named.items()


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


LABELS = {"squared_euclidean": "squared Euclidean distance", "euclidean": "Euclidean distance"}


def plot_distances(
    distances: ArrayLike,
    same: ArrayLike,
    tau: float | None = None,
    *,
    distance: str = "squared_euclidean",
    bins: int = 60,
) -> Figure:
    """Draw the histograms of genuine and impostor distances, each kind's bars adding up to 100 %.

    Args:
        distances: Floats >= 0, `(n,)`.
        same: Booleans `(n,)`. Needs both kinds.
        tau: A threshold to draw, with its FAR and FRR.
        distance: The distance's name, for the axis.
        bins: Number of bars, >= 1.

    Returns:
        A `matplotlib.figure.Figure`.

    Raises:
        ValueError: If shapes differ, a distance is negative or not finite, or one kind is missing.

    Example:
        >>> plot_distances([0.2, 0.5, 0.5, 0.9], [1, 1, 0, 0], tau=0.4).axes[0].get_xlabel()
        'squared Euclidean distance'
    """
    kinds = split_kinds(distances, same)
    figure, axes = new_figure(size=(6.4, 4.0))
    ax = axes[0, 0]
    edges = np.linspace(0, max(kind[-1] for kind in kinds) or 1.0, bins + 1)
    for kind, name, colour in zip(kinds, ("genuine", "impostor"), COLOURS, strict=False):
        shares = 100 * np.histogram(kind, edges)[0] / kind.size
        label = f"{name}: {kind.size:,} pairs"
        ax.stairs(shares, edges, fill=True, color=colour, alpha=0.35)
        ax.stairs(shares, edges, color=colour, linewidth=1.3, label=label)
    if tau is not None:
        far, frr = far_frr(distances, same, tau)
        label = f"tau = {tau:.4g}: FAR {100 * far:.2g} %, FRR {100 * frr:.2g} %"
        ax.axvline(tau, color="black", linestyle="--", linewidth=1.2, label=label)
    ax.set(xlim=(0, edges[-1]), xlabel=LABELS.get(distance, distance), ylabel="share of the kind's pairs in a bar, %")
    ax.set_ylim(0, ax.get_ylim()[1] * 1.28)  # room for the legend above the bars
    ax.legend(loc="upper left", frameon=True, framealpha=0.9, edgecolor="none", fontsize=9)
    return figure


def plot_reliability(found: Reliability) -> Figure:
    """Draw observed against predicted probability, with the number of pairs in each bin below.

    Args:
        found: What `reliability` returned.

    Returns:
        A `matplotlib.figure.Figure`.
    """
    from matplotlib.gridspec import GridSpec

    figure, _ = new_figure(1, 1, (5.0, 5.4))
    figure.clear()
    grid = GridSpec(2, 1, figure, height_ratios=(4, 1))
    ax = figure.add_subplot(grid[0])
    below = figure.add_subplot(grid[1], sharex=ax)
    ax.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1, label="exactly right")
    predicted, observed = np.array(found.predicted), np.array(found.observed)
    low, high = np.array(found.intervals).T
    errors = np.maximum(np.stack([observed - low, high - observed]), 0)
    label = f"observed, {100 * found.confidence:g} % intervals; mean error {100 * found.error:.2f} %"
    ax.errorbar(predicted, observed, errors, fmt="o-", color=COLOURS[0], capsize=3, label=label, clip_on=False)
    ax.set(xlim=(-0.03, 1.03), ylim=(0, 1), ylabel="observed share of genuine pairs")
    ax.set_title("Reliability (kinds weighed alike)")
    ax.legend(loc="upper left", frameon=True, framealpha=0.9, edgecolor="none", fontsize=9)
    for kind, colour, shift in (("genuine", COLOURS[0], -1), ("impostor", COLOURS[1], 1)):
        counts = getattr(found, kind)
        below.bar(predicted + shift * 0.011, counts, 0.02, color=colour, label=kind)
    below.set_yscale("log")
    below.set(xlabel="predicted P(same | distance)", ylabel="pairs", ylim=(0.8, None))
    below.legend(loc="upper center", frameon=True, framealpha=0.9, edgecolor="none", ncols=2, fontsize=8)
    for one in (ax, below):
        one.grid(True, color="#dddddd", linewidth=0.6)
        one.set_axisbelow(True)
        one.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelbottom=False)
    return figure


def worst_pairs(distances: ArrayLike, same: ArrayLike, count: int = 4) -> tuple[np.ndarray, np.ndarray]:
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
    distances: ArrayLike,
    same: ArrayLike,
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
    halves = np.asarray(figure.subfigures(1, 2, wspace=0.06), object)
    titles = ("nearest pairs of two people", "farthest pairs of one person")
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


DISTANCES = {"d_ap": "d(A,P)", "d_an": "d(A,N)"}  # of one training, to be seen beside each other
NAMES = {"active": "share of active triplets"}


def plot_training(
    history: Mapping[str, Sequence[float]], x: Sequence[float] | None = None, x_label: str = "epoch"
) -> Figure:
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
    names = list(dict.fromkeys(name.removeprefix("val_") for name in curves))
    panels: dict[str, list[str]] = {}
    for quantity in names:
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
