"""Load the written files back by their own runtimes and compare them with Keras -> the report."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from keras_apps.export.crops import Crops
from keras_apps.export.formats import FORMATS, TOLERANCES
from keras_apps.export.graphs import Graph
from keras_apps.export.report import FormatReport, ParityReport, digest
from keras_apps.export.writing import Run, load_back, megabytes, run_of_keras
from keras_apps.faces.distances import squared_euclidean
from keras_apps.faces.judging.calibration import Threshold, calibrate
from keras_apps.faces.judging.rates import equal_error_rate, roc
from keras_apps.faces.judging.verification import best_tau
from keras_apps.faces.people.reading import square
from keras_apps.faces.towers.registry import fingerprint

BATCH = 32
EQUAL = 1e-5
"""Numbers count as equal if they differ by at most this share of the largest one."""


def differences(expected: Mapping[str, np.ndarray], received: Mapping[str, np.ndarray]) -> tuple[float, float]:
    """Compare outputs by name.

    Args:
        expected: Keras's outputs, `{name: floats}`.
        received: Another runtime's outputs, with the same names and shapes.

    Returns:
        The largest absolute difference, and the largest relative one: a share of the largest number of that output.

    Raises:
        ValueError: If names or shapes differ, or a number is not finite.

    Example:
        >>> differences({"encoding": np.array([[1.0, -4.0]])}, {"encoding": np.array([[1.5, -4.0]])})
        (0.5, 0.125)
    """
    if set(expected) != set(received):
        raise ValueError(f"expected outputs {', '.join(expected)}, received {', '.join(received)}")
    absolute = relative = 0.0
    for name, reference in expected.items():
        output = np.asarray(received[name])
        if output.shape != reference.shape:
            raise ValueError(f"expected {name!r} of shape {reference.shape}, received {output.shape}")
        if not np.isfinite(output).all():
            count = int(np.sum(~np.isfinite(output)))
            raise ValueError(f"expected finite numbers in {name!r}, received {count} that are NaN or infinite")
        largest = float(np.max(np.abs(reference.astype(np.float64) - output), initial=0))
        scale = float(np.max(np.abs(reference), initial=0))
        absolute = max(absolute, largest)
        relative = max(relative, largest / scale if scale else float(largest > 0))
    return absolute, relative


def constant(outputs: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """Return the names of the outputs that are the same for every input.

    Two runtimes agree on such an output whatever the layers before it compute. An example is the probability of a
    verifier whose head was never trained, which is 0.5 for every pair.

    Args:
        outputs: `{name: array}`, with the inputs along the first axis.

    Example:
        >>> constant({"probability": np.array([0.5, 0.5, 0.5]), "encoding": np.array([[0.0, 1.0], [0.0, 2.0]])})
        ('probability',)
    """
    names = []
    for name, values in outputs.items():
        spread = float(np.max(np.ptp(values.astype(np.float64), axis=0), initial=0))
        if len(values) > 1 and spread <= EQUAL * float(np.max(np.abs(values), initial=0)):
            names.append(name)
    return tuple(names)


def outputs_of(run: Run, crops: Crops, graph: Graph) -> dict[str, np.ndarray]:
    """Run a graph on all crops, or on all pairs if it takes two pictures; return `{output name: array}`."""
    count = len(crops.pixels) if len(graph.inputs) == 1 else len(crops.first)
    parts = [run(crops.arrays(graph, slice(start, start + BATCH))) for start in range(0, count, BATCH)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


@dataclass(frozen=True)
class Verified:
    """How often pairs are decided correctly.

    Attributes:
        accuracy: Share of correct decisions, in [0, 1].
        tau: The threshold, in squared Euclidean distance; for a verifier 1 - P(same).
        distances: Floats `(m,)`, in the same units.
        eer: Equal error rate, in [0, 1]. It depends neither on a threshold nor on the share of genuine pairs.
        one_sided: A sentence if tau accepts no genuine pair or all impostor pairs; else `""`.
    """

    accuracy: float
    tau: float
    distances: np.ndarray
    eer: float
    one_sided: str


def verified(outputs: Mapping[str, np.ndarray], crops: Crops, graph: Graph, tau: float | None) -> Verified | None:
    """Decide pairs by a graph's outputs.

    Args:
        outputs: The graph's outputs on the crops.
        crops: Pictures with pairs.
        graph: A tower or a verifier.
        tau: The threshold; by default the one with the fewest errors on these pairs.

    Returns:
        The decisions; `None` for a graph that decides no pairs, or without pairs of both kinds.
    """
    if not crops.paired or graph.kind == "network":
        return None
    (values,) = outputs.values()
    if graph.kind == "verifier" and graph.tau_probability is not None:
        distances, tau = 1 - values.astype(np.float64), 1 - graph.tau_probability
    else:
        distances = squared_euclidean(values[crops.first].astype(np.float64), values[crops.second])
        tau = best_tau(distances, crops.same) if tau is None else tau
    eer, _ = equal_error_rate(roc(np.maximum(distances, 0), crops.same))
    share = float(np.mean((distances <= tau) == crops.same))
    return Verified(share, float(tau), distances, eer, one_sided(distances, crops.same, tau))


def one_sided(distances: np.ndarray, same: np.ndarray, tau: float) -> str:
    """Return a sentence if a threshold decides all pairs of one kind wrongly; its accuracy is then meaningless.

    Args:
        distances: Floats `(m,)`.
        same: Booleans `(m,)`, with both values.
        tau: In the units of `distances`.

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
    """Return a threshold's tau in squared Euclidean distance."""
    return threshold.tau ** (2 if threshold.distance == "euclidean" else 1)


def own_threshold(decided: Verified, crops: Crops, model: str, far: float) -> Threshold | None:
    """Calibrate tau for an exported file's own encodings.

    Returns:
        The threshold; `None` if there are too few impostor pairs for the rate, or most of them have distance 0.
    """
    try:
        threshold = calibrate(decided.distances, crops.same, far, model=model)
    except ValueError:
        return None
    return replace(threshold, calibrated_on=f"{threshold.calibrated_on}: {crops.source}")


def latencies(functions: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Time several functions in turn, round after round, after two rounds of warm-up.

    Returns:
        The median time of each, in milliseconds.

    Example:
        >>> 0 <= latencies({"nothing": lambda: None}, 3)["nothing"] < 100
        True
    """
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for turn in range(rounds + 2):
        for name, run in functions.items():
            began = time.perf_counter()
            run()
            if turn >= 2:
                seconds[name].append(time.perf_counter() - began)
    return {name: 1000 * statistics.median(times) for name, times in seconds.items()}


FAR = 1e-3
"""The false accept rate for which tau is calibrated if the source has no threshold."""
MOVED = 0.005
"""A file keeps the source's tau if it decides at most this share of the pairs differently from Keras."""


def compare_with_keras(
    graph: Graph,
    crops: Crops,
    written: Mapping[str, Path],
    folder: str,
    threshold: Threshold | None,
    tolerances: Mapping[str, float],
    rounds: int,
    report: Callable[[str], None],
) -> ParityReport:
    """Load every file back, and compare its outputs and its speed with Keras.

    Args:
        graph: What was exported.
        crops: What to compare on.
        written: `{format: file}`.
        folder: The final folder of the files, for the report.
        threshold: The source's threshold.
        tolerances: Largest relative difference by precision.
        rounds: Rounds of timing; 0 for none.
        report: Called with a line of text before each part.

    Raises:
        ValueError: If the model's outputs are not finite, or a runtime cannot run its file.
    """
    in_keras = run_of_keras(graph.model, graph)
    runs = {name: load_back(name, path, graph) for name, path in written.items()}
    all_crops = [crops, *_of_another_size(crops, graph)]
    report("encoding with Keras")
    expected = [outputs_of(in_keras, each, graph) for each in all_crops]
    if not all(np.isfinite(values).all() for outputs in expected for values in outputs.values()):
        raise ValueError(
            f"expected a model with finite outputs, received {graph.name!r}, which returns NaN or infinity on "
            f"{crops.source}"
        )
    tau = None if threshold is None else squared_tau(threshold)
    before = verified(expected[0], crops, graph, tau)
    rows = []
    for name, run in runs.items():
        report(f"comparing {name}")
        try:
            outputs = [outputs_of(run, each, graph) for each in all_crops]
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise ValueError(f"expected a model that {name} can run, received {graph.name!r}: {reason}") from None
        absolute, relative = np.max(
            [differences(a, b) for a, b in zip(expected, outputs, strict=True)], axis=0
        ).tolist()
        after = verified(outputs[0], crops, graph, before.tau if before else None)
        at_own_tau = verified(outputs[0], crops, graph, None)
        tower, file_threshold = _identity(name, written[name], graph, relative, (before, after), crops, threshold)
        kind = FORMATS[name]
        rows.append(
            FormatReport(
                format=name,
                file=written[name].name,
                runtime=kind.runtime,
                precision=kind.precision,
                megabytes=megabytes(written[name]),
                absolute=absolute,
                relative=relative,
                tolerance=tolerances[kind.precision],
                accuracy=after.accuracy if after else None,
                milliseconds=None,
                fingerprint=tower,
                threshold=file_threshold,
                own_accuracy=at_own_tau.accuracy if at_own_tau else None,
                eer=after.eer if after else None,
                one_sided=_one_sided(after, crops, file_threshold),
            )
        )
    times: dict[str, float] = {}
    if rounds:
        report("timing")
        one = crops.arrays(graph, slice(0, 1))
        times = latencies({name: partial(run, one) for name, run in {"": in_keras, **runs}.items()}, rounds)
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
        one=graph.unit,
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
    decisions: tuple[Verified | None, Verified | None],
    crops: Crops,
    threshold: Threshold | None,
) -> tuple[str | None, Threshold | None]:
    """Return the fingerprint of a file's encodings and the threshold for them; `None` twice if it has no encodings.

    Encodings equal to the source's have the source's fingerprint; that of a `.keras` file is computed from its layers,
    as when the file is loaded. Other encodings have a fingerprint of their own. float16 keeps the source's tau (which
    was usually chosen on far more pairs than are compared here) if it decides as Keras does. For int8 tau is calibrated
    on the pairs, if there are enough.

    Args:
        decisions: How Keras and the file decided the pairs.
    """
    if graph.kind != "tower":
        return None, None
    if name == "keras":
        tower = fingerprint(graph.saved)
        return tower, threshold and replace(threshold, model=tower)
    if relative <= EQUAL:
        return graph.fingerprint, threshold
    tower, (before, after), precision = digest(path)[:16], decisions, FORMATS[name].precision
    if threshold is not None and precision != "int8" and relative <= TOLERANCES["float16"]:
        moved, count = 0, 0
        if before is not None and after is not None:
            tau, count = squared_tau(threshold), len(crops.same)
            moved = int(np.sum((before.distances <= tau) != (after.distances <= tau)))
        if moved <= MOVED * count:
            reason = f"kept in {precision}, whose encodings differ by {relative:.1e}"
            reason += f" and decide {moved} of {count} pairs differently" if count else ""
            pairs = threshold.calibrated_on or "pairs that are not stated"
            return tower, replace(threshold, model=tower, calibrated_on=f"{pairs}; {reason}")
    if after is None:
        return tower, None
    return tower, own_threshold(after, crops, tower, threshold.far if threshold else FAR)


def _one_sided(decided: Verified | None, crops: Crops, file_threshold: Threshold | None) -> tuple[str, ...]:
    """Return a sentence for each threshold, common or the file's own, that decides one kind of pairs wrongly."""
    if decided is None:
        return ()
    at_own_tau = [one_sided(decided.distances, crops.same, squared_tau(file_threshold))] if file_threshold else []
    return tuple(dict.fromkeys(filter(None, [decided.one_sided, *at_own_tau])))


def _of_another_size(crops: Crops, graph: Graph) -> list[Crops]:
    """Return a few crops that are a quarter larger, if the graph resizes its input; else an empty list."""
    if not graph.takes_pictures or graph.size is None or None not in graph.model.inputs[0].shape[1:3]:
        return []
    if crops.pixels.dtype != np.uint8:
        return []
    larger = np.stack([square(pixels, graph.size * 5 // 4) for pixels in crops.pixels[:8]])
    unpaired = Crops.unpaired(larger, "a quarter larger")
    left = np.arange(len(larger))
    return [
        unpaired if len(graph.inputs) == 1 else replace(unpaired, first=left, second=np.roll(left, 1), same=left < 0)
    ]
