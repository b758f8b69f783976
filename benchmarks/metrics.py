"""Compare EER, AUC and TAR at FAR with scikit-learn's and pyeer's, on the same scores in one run.

    python benchmarks/metrics.py [--pairs 200000] [--rounds 5] [--json]

`pip install scikit-learn pyeer "setuptools<81"` first (pyeer imports pkg_resources); a library that is missing is left
out. scikit-learn has no EER and no TAR at FAR: they are read off its `roc_curve` (every point kept), the EER with
SciPy's interpolation and root finder, TAR as the largest whose FPR is not above the wanted one. pyeer does not
interpolate: its EER is FVC2000's, the middle of FAR and FRR at the better of the two steps around their crossing, so
the column "EER, FVC2000" has ours by that rule; its FRR at a FAR is that of the nearest FAR, be it above the wanted
one, and is not compared. Seconds are medians over interleaved rounds.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time

import numpy as np
from rich.console import Console
from rich.table import Table

from keras_apps.faces.judging.rates import area_under_roc, equal_error_rate, roc_of, split_kinds
from keras_apps.faces.judging.verification import operating_point

FARS = (1e-1, 1e-2, 1e-3, 1e-4)


def score_sets(pairs: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return distances and labels: without ties, with some, with almost nothing else, unbalanced, hopeless, perfect."""
    rng, n = np.random.default_rng(0), pairs // 2

    def kinds(genuine: int, impostor: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
        distances = np.concatenate([rng.normal(10 - apart, 1, genuine), rng.normal(10, 1, impostor)])
        return np.abs(distances), np.arange(genuine + impostor) < genuine

    smooth, same = kinds(n, n, 4.0)
    sets = {"two Gaussians": (smooth, same), "rounded to 0.01": (np.round(smooth, 2), same)}
    sets["rounded to whole numbers"] = (np.round(smooth), same)
    sets["1 genuine to 50 impostor"] = kinds(max(2, pairs // 51), pairs - pairs // 51, 3.0)
    sets["no skill"] = kinds(n, n, 0.0)
    sets["no overlap"] = (np.where(same, 1.0, 5.0) + rng.uniform(0, 1, 2 * n), same)
    return sets


def ours(distances: np.ndarray, same: np.ndarray) -> dict[str, float]:
    """Measure with keras_apps, without the intervals, which the others do not have."""
    genuine, impostor = split_kinds(distances, same)
    rng = np.random.default_rng(0)
    curve = roc_of(genuine, impostor)
    found = {"EER": equal_error_rate(curve)[0], "AUC": area_under_roc(genuine, impostor)}
    after = int(np.argmax(curve.far >= curve.frr - 1e-12))
    found["EER, FVC2000"] = float(min((curve.far + curve.frr)[after - 1 : after + 1]) / 2)
    points = [operating_point(genuine, impostor, far, 0.95, 1, rng) for far in FARS]
    return found | {f"TAR@{point.wanted:g}": point.rate for point in points}


def scikit_learns(distances: np.ndarray, same: np.ndarray) -> dict[str, float]:
    """Measure with scikit-learn; a score is a distance with its sign turned."""
    from scipy.interpolate import interp1d
    from scipy.optimize import brentq
    from sklearn.metrics import roc_auc_score, roc_curve

    fpr, tpr, _ = roc_curve(same, -distances, drop_intermediate=False)
    line = interp1d(fpr, tpr)
    eer = brentq(lambda x: 1 - x - line(x), 0, 1, xtol=1e-13)
    found = {"EER": eer, "AUC": roc_auc_score(same, -distances)}
    impostors = np.count_nonzero(~same)
    for far in FARS:
        enough = impostors * far >= 1 - 1e-9
        found[f"TAR@{far:g}"] = float(tpr[fpr <= far + 1e-12].max()) if enough else math.nan
    return found


def pyeers(distances: np.ndarray, same: np.ndarray) -> dict[str, float]:
    """Measure with pyeer."""
    from pyeer.eer_info import get_eer_stats

    stats = get_eer_stats(-distances[same], -distances[~same])
    return {"EER, FVC2000": float(stats.eer), "AUC": float(stats.auc)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sides = {"keras_apps": ours, "scikit-learn": scikit_learns, "pyeer": pyeers}
    rows = []
    for name, (distances, same) in score_sets(options.pairs).items():
        seconds, found = {side: [] for side in sides}, {}
        for _ in range(options.rounds):
            for side, measure in list(sides.items()):
                began = time.perf_counter()
                try:
                    found[side] = measure(distances, same)
                except ImportError as error:
                    Console(stderr=True).print(f"{side} left out: {error}")
                    del sides[side]
                    continue
                seconds[side].append(time.perf_counter() - began)
        for side in found:
            gaps = [abs(found[side][key] - found["keras_apps"][key]) for key in found[side]]
            row = {"scores": name, "side": side, "seconds": statistics.median(seconds[side]), **found[side]}
            rows.append(row | {"difference": float(np.nanmax(gaps))})
    if options.json:
        print(json.dumps([{k: None if v != v else v for k, v in row.items()} for row in rows]))
        return
    keys = ["EER", "EER, FVC2000", "AUC", *(f"TAR@{far:g}" for far in FARS)]
    table = Table("scores", "by", *keys, "difference", "seconds")
    for row in rows:
        first = row["side"] == "keras_apps"
        values = [f"{row[key]:.6f}" if math.isfinite(row.get(key, math.nan)) else "-" for key in keys]
        gap = "" if first else f"{row['difference']:.0e}"
        table.add_row(row["scores"] if first else "", row["side"], *values, gap, f"{row['seconds']:.3f}")
    Console(width=170).print(table)


if __name__ == "__main__":
    main()
