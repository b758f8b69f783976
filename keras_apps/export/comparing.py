"""Written files, each loaded back by its own runtime, beside Keras: the report."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from keras_apps.export.crops import Crops
from keras_apps.export.formats import FORMATS, TOLERANCES
from keras_apps.export.graphs import Graph
from keras_apps.export.report import FormatReport, ParityReport, digest
from keras_apps.export.writing import Run, loaded_back, megabytes, run_of_keras
from keras_apps.faces.distances import squared_euclidean
from keras_apps.faces.judging.calibration import Threshold, calibrate
from keras_apps.faces.judging.rates import equal_error_rate, roc
from keras_apps.faces.judging.verification import best_tau
from keras_apps.faces.people.reading import square
from keras_apps.faces.towers.registry import fingerprint

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


FAR = 1e-3
"""The false accept rate of a tau that is calibrated where the source has none."""
MOVED = 0.005
"""Largest share of pairs that a file may decide otherwise than Keras at the source's tau, and keep that tau."""


def compared(
    graph: Graph,
    crops: Crops,
    made: Mapping[str, Path],
    folder: str,
    threshold: Threshold | None,
    tolerances: Mapping[str, float],
    rounds: int,
    report: Callable[[str], None],
) -> ParityReport:
    """Load every file back, and measure it beside Keras.

    Args:
        graph: What was exported.
        crops: On what to compare.
        made: `{format: file}`.
        folder: Where the files will be, for the report.
        threshold: The source's.
        tolerances: By precision.
        rounds: Of timing; 0 for none.
        report: Called with a line of text before each part.
    """
    in_keras = run_of_keras(graph.model, graph)
    runs = {name: loaded_back(name, path, graph) for name, path in made.items()}
    both = [crops, *_of_another_size(crops, graph)]
    report("encoding with Keras")
    expected = [answers(in_keras, some, graph) for some in both]
    if not all(np.isfinite(values).all() for some in expected for values in some.values()):
        raise ValueError(f"expected a model with finite answers, received {graph.name!r}, whose answers are not")
    tau = None if threshold is None else squared_tau(threshold)
    before = verified(expected[0], crops, graph, tau)
    rows = []
    for name, run in runs.items():
        report(f"comparing {name}")
        try:
            found = [answers(run, some, graph) for some in both]
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(f"expected a model that {name} can run, received {graph.name!r}: {reason}") from None
        absolute, relative = np.max([differences(a, b) for a, b in zip(expected, found, strict=True)], axis=0).tolist()
        after = verified(found[0], crops, graph, before.tau if before else None)
        tower, known = _identity(name, made[name], graph, relative, (before, after), crops, threshold)
        kind = FORMATS[name]
        measured = {
            "megabytes": megabytes(made[name]),
            "absolute": absolute,
            "relative": relative,
            "tolerance": tolerances[kind.precision],
            "accuracy": after.accuracy if after else None,
            "own_accuracy": verified(found[0], crops, graph, None).accuracy if after else None,
            "eer": after.eer if after else None,
            "one_sided": _one_sided(after, crops, known),
        }
        named = {"format": name, "file": made[name].name, "runtime": kind.runtime, "precision": kind.precision}
        rows.append(FormatReport(**named, **measured, milliseconds=None, fingerprint=tower, threshold=known))
    times = {}
    if rounds:
        report("timing")
        one = crops.arrays(graph, slice(0, 1))
        sides = {"": in_keras} | runs
        times = latencies({name: lambda run=run: run(one) for name, run in sides.items()}, rounds)
    return ParityReport(
        name=graph.name,
        folder=folder,
        kind=graph.kind,
        fingerprint=graph.fingerprint,
        crops=crops.source,
        pairs=len(crops.same) if before else 0,
        genuine=int(np.sum(crops.same)) if before else 0,
        tau_is_best=before is not None and tau is None and graph.kind == "tower",
        tau=before.tau if before else None,
        accuracy=before.accuracy if before else None,
        milliseconds=times.get(""),
        rounds=rounds,
        one=graph.one,
        constant=constant(expected[0]),
        eer=before.eer if before else None,
        one_sided=_one_sided(before, crops, None),
        notes=crops.notes,
        formats=tuple(replace(row, milliseconds=times.get(row.format)) for row in rows),
    )


def _identity(
    name: str,
    path: Path,
    graph: Graph,
    relative: float,
    both: tuple[Verified | None, Verified | None],
    crops: Crops,
    threshold: Threshold | None,
) -> tuple[str | None, Threshold | None]:
    """Return the fingerprint of a file's encodings, and tau for them; what makes no encodings has neither.

    Encodings that are the source's have the source's; a `.keras` file's is computed from its layers, as it is when the
    file is loaded. Others are the file's own. The source's tau, chosen on far more pairs as a rule than are compared
    here, goes on for float16 where that decides as Keras does; for int8 it is calibrated on the pairs, where these are
    enough.

    Args:
        both: How pairs were decided, in Keras and by the file.
    """
    if graph.kind != "tower":
        return None, None
    if name == "keras":
        tower = fingerprint(graph.saved)
        return tower, threshold and replace(threshold, model=tower)
    if relative <= SAME:
        return graph.fingerprint, threshold
    tower, (before, after), precision = digest(path)[:16], both, FORMATS[name].precision
    if threshold is not None and precision != "int8" and relative <= TOLERANCES["float16"]:
        moved, count = 0, 0
        if after is not None:
            tau, count = squared_tau(threshold), len(crops.same)
            moved = int(np.sum((before.distances <= tau) != (after.distances <= tau)))
        if moved <= MOVED * count:
            kept = f"kept in {precision}, whose encodings differ by {relative:.1e}"
            kept += f" and decide {moved} of {count} pairs otherwise" if count else ""
            words = threshold.calibrated_on or "pairs that are not stated"
            return tower, replace(threshold, model=tower, calibrated_on=f"{words}; {kept}")
    if after is None:
        return tower, None
    return tower, own_threshold(after, crops, tower, threshold.far if threshold else FAR)


def _one_sided(found: Verified | None, crops: Crops, own: Threshold | None) -> tuple[str, ...]:
    """Return where the common tau, or a file's own, decides one kind of pairs wrongly throughout."""
    if found is None:
        return ()
    others = [one_sided(found.distances, crops.same, squared_tau(own))] if own else []
    return tuple(dict.fromkeys(filter(None, [found.one_sided, *others])))


def _of_another_size(crops: Crops, graph: Graph) -> list[Crops]:
    """Return a few crops a quarter larger, where the graph is to bring pictures of any size to the network's."""
    resizes = graph.takes_pictures and graph.size and None in graph.model.inputs[0].shape[1:3]
    if not resizes or crops.pixels.dtype != np.uint8:
        return []
    larger = np.stack([square(pixels, graph.size * 5 // 4) for pixels in crops.pixels[:8]])
    some = Crops.unpaired(larger, "a quarter larger")
    left = np.arange(len(larger))
    return [some if len(graph.inputs) == 1 else replace(some, first=left, second=np.roll(left, 1), same=left < 0)]
