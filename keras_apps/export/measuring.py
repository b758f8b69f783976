"""Two ways to run one graph -> how far their answers are apart, how often they are right, and how long they take."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from keras_apps.export.crops import Crops
from keras_apps.export.graphs import Graph
from keras_apps.export.loading import Run
from keras_apps.faces.calibration import Threshold, calibrate
from keras_apps.faces.cross_validation import best_tau
from keras_apps.faces.distances import squared_euclidean
from keras_apps.faces.rates import equal_error_rate, roc

TOGETHER = 32
SAME = 1e-5
"""Numbers that differ by no more than this share of the largest one count as the same."""


def differences(expected: Mapping[str, np.ndarray], received: Mapping[str, np.ndarray]) -> tuple[float, float]:
    """Compare outputs by name.

    Args:
        expected: Floats by name, of Keras.
        received: Floats of the same names and shapes, of another runtime.

    Returns:
        The largest absolute difference; and the largest one as a share of the largest number of its output, for a
        difference says little without the size of what it is in.

    Raises:
        ValueError: If names or shapes differ, or a number is not finite.

    Example:
        >>> differences({"encoding": np.array([[1.0, -4.0]])}, {"encoding": np.array([[1.5, -4.0]])})
        (0.5, 0.125)
    """
    if set(expected) != set(received):
        raise ValueError(f"expected outputs {', '.join(expected)}, received {', '.join(received)}")
    absolute = relative = 0.0
    for name, wanted in expected.items():
        found = np.asarray(received[name])
        if found.shape != wanted.shape:
            raise ValueError(f"expected {name!r} of shape {wanted.shape}, received {found.shape}")
        if not np.isfinite(found).all():
            raise ValueError(f"expected finite numbers in {name!r}, received others")
        largest = float(np.max(np.abs(wanted.astype(np.float64) - found), initial=0))
        scale = float(np.max(np.abs(wanted), initial=0))
        absolute = max(absolute, largest)
        relative = max(relative, largest / scale if scale else float(largest > 0))
    return absolute, relative


def constant(found: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """Return the outputs that are the same for everything that was put in.

    Two runtimes agree on such an output whatever the network before it computes: for instance on the probability of
    a verifier whose head was never trained, 0.5 for every pair.

    Args:
        found: Arrays by name of output, the first axis over what was put in.

    Example:
        >>> constant({"probability": np.array([0.5, 0.5, 0.5]), "encoding": np.array([[0.0, 1.0], [0.0, 2.0]])})
        ('probability',)
    """
    same = []
    for name, values in found.items():
        spread = float(np.max(np.ptp(values.astype(np.float64), axis=0), initial=0))
        if len(values) > 1 and spread <= SAME * float(np.max(np.abs(values), initial=0)):
            same.append(name)
    return tuple(same)


def answers(run: Run, crops: Crops, graph: Graph) -> dict[str, np.ndarray]:
    """Run a graph on all crops, or on all pairs where it takes two pictures: arrays by name of output."""
    count = len(crops.pixels) if len(graph.inputs) == 1 else len(crops.first)
    parts = [run(crops.arrays(graph, slice(start, start + TOGETHER))) for start in range(0, count, TOGETHER)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@dataclass(frozen=True)
class Verified:
    """How often pairs are decided rightly.

    Attributes:
        accuracy: Share of right decisions, in [0, 1].
        tau: At this threshold, in squared Euclidean distance; for a verifier 1 - P(same).
        distances: Floats `(m,)`, in the same units.
        eer: Equal error rate, in [0, 1]: of no threshold, and of no share of either kind of pairs.
        one_sided: In words, where tau accepts no genuine pair or all impostor pairs; else `""`.
    """

    accuracy: float
    tau: float
    distances: np.ndarray
    eer: float
    one_sided: str


def verified(found: Mapping[str, np.ndarray], crops: Crops, graph: Graph, tau: float | None) -> Verified | None:
    """Decide pairs by a graph's answers; `None` for what verifies nothing, or without pairs of both kinds.

    Args:
        found: The graph's answers on the crops.
        crops: With pairs.
        graph: A tower or a verifier.
        tau: The threshold; the one with the fewest errors on these pairs by default.
    """
    if not crops.paired or graph.kind == "network":
        return None
    (values,) = found.values()
    if graph.kind == "verifier":
        distances, tau = 1 - values.astype(np.float64), 1 - graph.tau_probability
    else:
        distances = squared_euclidean(values[crops.first].astype(np.float64), values[crops.second])
        tau = best_tau(distances, crops.same) if tau is None else tau
    eer, _ = equal_error_rate(roc(np.maximum(distances, 0), crops.same))
    share = float(np.mean((distances <= tau) == crops.same))
    return Verified(share, float(tau), distances, eer, one_sided(distances, crops.same, tau))


def one_sided(distances: np.ndarray, same: np.ndarray, tau: float) -> str:
    """Tell where a threshold decides one kind of pairs wrongly throughout: its accuracy is the other kind's share.

    Args:
        distances: Floats `(m,)`.
        same: Booleans `(m,)`, of both kinds.
        tau: In the distances' units.

    Example:
        >>> one_sided(np.array([0.5, 0.6, 0.9]), np.array([True, True, False]), 0.4)
        'at tau 0.4000 all 2 genuine pairs are refused'
        >>> one_sided(np.array([0.5, 0.6, 0.9]), np.array([True, True, False]), 0.5)
        ''
    """
    accepted = distances <= tau
    if not accepted[same].any():
        return f"at tau {tau:.4f} all {int(same.sum())} genuine pairs are refused"
    if accepted[~same].all():
        return f"at tau {tau:.4f} all {int((~same).sum())} impostor pairs are accepted"
    return ""


def squared_tau(threshold: Threshold) -> float:
    """Return tau in squared Euclidean distance."""
    return threshold.tau ** (2 if threshold.distance == "euclidean" else 1)


def own_threshold(found: Verified, crops: Crops, model: str, far: float) -> Threshold | None:
    """Calibrate tau for an export's own encodings.

    Returns:
        The threshold; `None` where there are too few impostor pairs for the rate, or most of them lie at distance 0.
    """
    try:
        threshold = calibrate(found.distances, crops.same, far, model=model)
    except ValueError:
        return None
    return replace(threshold, calibrated_on=f"{threshold.calibrated_on}: {crops.source}")


def latencies(sides: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Time several sides in turn, round after round, after two rounds that do not count.

    Returns:
        Each side's median, in milliseconds.

    Example:
        >>> 0 <= latencies({"nothing": lambda: None}, 3)["nothing"] < 100
        True
    """
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds + 2):
        for name, run in sides.items():
            began = time.perf_counter()
            run()
            if turn >= 2:
                seconds[name].append(time.perf_counter() - began)
    return {name: 1000 * statistics.median(some) for name, some in seconds.items()}
