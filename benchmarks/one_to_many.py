"""Show how 1:K grows harder: how often a stranger is named in a gallery of K people.

    python benchmarks/one_to_many.py [--people 1000000] [--probes 5000] [--data DIR] [--out FILE] [--json]

A verification that accepts an impostor with probability p, asked K times, errs with probability 1 - (1 - p)^K, about
K p while that is small: the course's "1 % becomes about K %". The gallery has one encoding a person, 128 numbers of
unit length in random directions; tau is exact: the squared distance of such encodings is 2 - 2 c, and (1 + c) / 2 is
distributed Beta(127/2, 127/2). Probes are strangers; how many people pass before the first within tau gives a probe's
answer at every K at once.

The formula supposes that every probe has the same p. Random directions have that. In "uneven" encodings (number k has a
spread of 1 / sqrt k before its length is made 1) some probes lie where many others lie; real towers' are of that kind.
Then the mean of 1 - (1 - p_i)^K is below the formula at the same mean p. With `--data DIR` (which holds the folder
lfw-deepfunneled/) a third measurement takes `resnet128` on the fixed crop of one picture of each LFW person, half of
the people as strangers to the other half. Both count a stranger's look-alikes among all N people; of all galleries of
K of the N a known share holds none of them.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from keras_apps.faces.judging.intervals import wilson
from keras_apps.faces.judging.plots import COLOURS, new_figure, save_figure

DIMENSION, BLOCK = 128, 4096
RATES = (1e-2, 1e-3, 1e-5)
UNEVEN_RATE = 1e-3  # at which the measurements with unequal probes are shown
SPREAD = np.arange(1, DIMENSION + 1, dtype=np.float32) ** -0.5


def theory(p: float, people: np.ndarray | int) -> np.ndarray:
    """Return 1 - (1 - p)^K without losing digits at small p.

    Example:
        >>> round(float(theory(0.01, 100)), 4)
        0.634
    """
    return -np.expm1(np.asarray(people) * math.log1p(-p))


def directions(rng: np.random.Generator, n: int, spread=1.0) -> np.ndarray:
    """Draw `(n, 128)` encodings of unit length."""
    drawn = rng.standard_normal((n, DIMENSION), dtype=np.float32) * spread
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def exact_cosine(p: float) -> float:
    """Return the cosine above which two random directions lie with probability p; tau is 2 - 2 times it."""
    from scipy.stats import beta

    return float(2 * beta.isf(p, (DIMENSION - 1) / 2, (DIMENSION - 1) / 2) - 1)


def measured_cosine(rng: np.random.Generator, p: float, spread) -> float:
    """Return the cosine above which the share p of 40 million pairs of uneven encodings lie.

    Many probes are taken, as a few of them have most of the look-alikes.
    """
    cosines = directions(rng, 20_000, spread) @ directions(rng, 2000, spread).T
    return float(np.quantile(cosines, 1 - p))


def first_hits(rng, probes: np.ndarray, cosines: list[float], people: int, spread=1.0) -> np.ndarray:
    """Let a gallery of `people` pass by in blocks; return each probe's first hit.

    Args:
        rng: NumPy's generator, of the gallery.
        probes: `(n, 128)`.
        cosines: Acceptance limits; a gallery encoding hits when its cosine is at least the limit.
        people: Size of the gallery.
        spread: Of the encodings.

    Returns:
        Floats `(limits, n)`: how many people had been compared when the first hit came, infinite where none came.
    """
    first = np.full((len(cosines), len(probes)), np.inf)
    for begin in range(0, people, BLOCK):
        block = directions(rng, min(BLOCK, people - begin), spread)
        waiting = np.flatnonzero(np.isinf(first).any(axis=0))
        if not waiting.size:
            break
        found = probes[waiting] @ block.T
        for k, limit in enumerate(cosines):
            hit = found >= limit
            now = hit.any(axis=1) & np.isinf(first[k, waiting])
            first[k, waiting[now]] = begin + 1 + hit[now].argmax(axis=1)
    return first


def look_alikes(rng, probes: np.ndarray, limit: float, people: int, spread) -> np.ndarray:
    """Count the encodings of a gallery whose cosine with each probe is at least `limit`."""
    hits = np.zeros(len(probes), np.int64)
    for begin in range(0, people, BLOCK):
        hits += np.count_nonzero(probes @ directions(rng, min(BLOCK, people - begin), spread).T >= limit, axis=1)
    return hits


def tower_look_alikes(data: Path, p: float) -> tuple[np.ndarray, int]:
    """Count, for half of LFW's people, whom of the other half `resnet128` holds for them when it errs at rate p."""
    from lfw import FOLDER, fixed_crop

    from keras_apps import faces, images
    from keras_apps.faces.distances import all_squared_euclidean

    paths = sorted((data / FOLDER).glob("*/*_0001.jpg"))
    if not paths:
        raise SystemExit(f"expected the folder {FOLDER} in '{data}', received none")
    tower, encodings = faces.load_tower(), []
    for start in range(0, len(paths), 256):
        crops = [fixed_crop(images.load_image(path)) for path in paths[start : start + 256]]
        encodings.append(faces.encode(tower, crops, aligned=True))
    encodings = np.random.default_rng(0).permutation(np.concatenate(encodings))
    gallery, strangers = np.array_split(encodings, 2)
    squares = all_squared_euclidean(strangers, gallery)
    return np.sum(squares <= np.quantile(squares, p), axis=1), len(gallery)


def named_shares(hits: np.ndarray, people: int, p: float, sizes: list[int]) -> list[dict]:
    """Return the share of strangers named in a random gallery of each size, from their look-alikes among `people`.

    With h look-alikes among N, none is among K drawn from the N with probability C(N-h, K) / C(N, K).
    """
    from scipy.stats import hypergeom

    rows = []
    for k in [size for size in sizes if size <= people]:
        named = 1 - hypergeom.pmf(0, people, hits, k)
        share, half = float(named.mean()), 1.96 * float(named.std() / math.sqrt(len(named)))
        rows.append({"p": p, "people": k, "linear": k * p, "theory": float(theory(p, k)), "measured": share})
        rows[-1]["interval"] = (max(0.0, share - half), min(1.0, share + half))
    return rows


def draw(rows: list[dict], uneven: list[dict], tower: list[dict], people: int, path: Path) -> None:
    """Draw theory as lines, measurements as dots."""
    figure, axes = new_figure(1, 2, (10.4, 4.2))
    k = np.unique(np.geomspace(1, people, 400).round())
    for p, colour in zip(RATES, COLOURS, strict=False):
        mine = [row for row in rows if row["p"] == p]
        axes[0, 0].plot(k, 100 * theory(p, k), color=colour, label=f"p = {100 * p:g} %: 1 - (1 - p)$^K$")
        axes[0, 0].plot(k, 100 * k * p, color=colour, linestyle=":", linewidth=1)
        _dots(axes[0, 0], mine, colour)
    axes[0, 0].plot([], [], color="black", linestyle=":", linewidth=1, label="K p")
    axes[0, 0].errorbar([], [], [], fmt="o", color="black", markersize=4, label="measured, 95 % interval")
    axes[0, 0].set_title("random directions: as the formula says", fontsize=11)
    p = UNEVEN_RATE
    axes[0, 1].plot(k, 100 * theory(p, k), color=COLOURS[1], label=f"p = {100 * p:g} %: 1 - (1 - p)$^K$")
    _dots(axes[0, 1], uneven, COLOURS[3], "uneven synthetic encodings")
    if tower:
        _dots(axes[0, 1], tower, COLOURS[2], "resnet128 on LFW")
    axes[0, 1].set_title("unequal probes at the same mean p: fewer are hit", fontsize=11)
    for ax in axes[0]:
        ax.set(xscale="log", yscale="log", xlim=(0.8, 1.25 * people), ylim=(100 * RATES[1] / 3, 130))
        ax.set_yticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
        ax.set(xlabel="people in the gallery, K", ylabel="strangers who get a name, %")
        ax.legend(loc="lower right", fontsize=8, framealpha=0.9, edgecolor="none")
    save_figure(figure, path, dpi=100)


def _dots(ax, rows: list[dict], colour: str, label: str | None = None) -> None:
    rows = [row for row in rows if row["measured"] > 0]
    x, y = ([row[key] for row in rows] for key in ("people", "measured"))
    errors = [
        [row["measured"] - row["interval"][0] for row in rows],
        [row["interval"][1] - row["measured"] for row in rows],
    ]
    ax.errorbar(
        x, 100 * np.array(y), 100 * np.array(errors), fmt="o", color=colour, markersize=4, capsize=2, label=label
    )


def counted(first: np.ndarray, p: float, sizes: list[int]) -> list[dict]:
    """Return the measured share of named strangers at each size, beside the theory."""
    rows = []
    for k in sizes:
        hits = int(np.sum(first <= k))
        rows.append(
            {"p": p, "people": k, "linear": k * p, "theory": float(theory(p, k)), "measured": hits / first.size}
        )
        rows[-1]["interval"] = wilson(hits, first.size)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--probes", type=int, default=5000)
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--out", type=Path, help="draw the figure here")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    began, rng = time.perf_counter(), np.random.default_rng(0)
    sizes = [10**k for k in range(int(math.log10(options.people)) + 1)]
    first = first_hits(rng, directions(rng, options.probes), [exact_cosine(p) for p in RATES], options.people)
    rows = [row for p, hits in zip(RATES, first, strict=True) for row in counted(hits, p, sizes)]
    limit = measured_cosine(rng, UNEVEN_RATE, SPREAD)
    strangers = directions(rng, min(500, options.probes), SPREAD)
    hits = look_alikes(rng, strangers, limit, options.people, SPREAD)
    uneven = named_shares(hits, options.people, UNEVEN_RATE, sizes)
    seconds, tower = time.perf_counter() - began, []
    if options.data:
        of_tower, people = tower_look_alikes(options.data, UNEVEN_RATE)
        tower = named_shares(of_tower, people, UNEVEN_RATE, [*sizes[:4], people])
    if options.out:
        draw(rows, uneven, tower, options.people, options.out)
    if options.json:
        print(json.dumps({"random": rows, "uneven": uneven, "resnet128": tower, "seconds": seconds}))
        return
    table = Table("p", "K", "K p", "1 - (1 - p)^K", "measured", "95 % interval", title="strangers who get a name")
    for name, some in (("", rows), (" uneven", uneven), (" resnet128", tower)):
        for row in some:
            linear = f"{100 * row['linear']:.4g} %" if row["linear"] <= 1 else "over 100 %"
            shares = [f"{100 * row[key]:.4g} %" for key in ("theory", "measured")]
            low, high = (100 * end for end in row["interval"])
            table.add_row(f"{row['p']:g}{name}", f"{row['people']:,}", linear, *shares, f"{low:.3g} to {high:.3g}")
    Console(width=120).print(table)
    if tower:
        busy = np.sort(of_tower)[::-1][: len(of_tower) // 100].sum() / of_tower.sum()
        print(f"resnet128: one stranger in a hundred has {100 * busy:.0f} % of all look-alikes,", end=" ")
        print(f"{100 * np.mean(of_tower == 0):.0f} % of them have none among {people} people")
    print(f"{options.probes} strangers, {len(strangers)} uneven; synthetic galleries compared in {seconds:.0f} s")


if __name__ == "__main__":
    main()
