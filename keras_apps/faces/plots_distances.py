"""Distances of known pairs -> figures: their histograms with tau, and how far P(same | distance) can be believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keras_apps.faces.plots import COLOURS, GREY, new_figure
from keras_apps.faces.probability_check import Reliability
from keras_apps.faces.rates import far_frr, split_kinds

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LABELS = {"squared_euclidean": "squared Euclidean distance", "euclidean": "Euclidean distance"}


def plot_distances(
    distances, same, tau: float | None = None, *, distance: str = "squared_euclidean", bins: int = 60
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
