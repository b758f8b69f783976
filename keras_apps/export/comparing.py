"""Written files, each loaded back by its own runtime, beside Keras: the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from keras_apps.export.card import digest
from keras_apps.export.crops import Crops
from keras_apps.export.formats import FORMATS, TOLERANCES
from keras_apps.export.graphs import Graph
from keras_apps.export.loading import loaded_back, run_of_keras
from keras_apps.export.measuring import (
    SAME,
    Verified,
    answers,
    constant,
    differences,
    latencies,
    one_sided,
    own_threshold,
    squared_tau,
    verified,
)
from keras_apps.export.report import FormatReport, ParityReport
from keras_apps.export.writing import megabytes
from keras_apps.faces.calibration import Threshold
from keras_apps.faces.fingerprints import fingerprint
from keras_apps.faces.reading import square

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
