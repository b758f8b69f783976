"""The report of an export, one row for each format, and the model cards, as text and JSON."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from keras_apps import weights
from keras_apps.export.graphs import Graph
from keras_apps.faces.judging.calibration import Threshold
from keras_apps.faces.towers.exported import CARD

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class FormatReport:
    """What was measured of one file.

    Attributes:
        format: Its name in `FORMATS`.
        file: The file's name.
        runtime: The runtime by which it was loaded back.
        precision: The precision of its weights.
        megabytes: Its size, in 10^6 bytes.
        absolute: Largest difference between its outputs and Keras's.
        relative: The same as a share of the largest number of that output.
        tolerance: The largest `relative` that passes.
        accuracy: Share of the pairs that are decided correctly at Keras's tau, or `None` without pairs.
        milliseconds: Median time for one picture (or pair), or `None` if it was not measured.
        fingerprint: The fingerprint of its encodings; `None` for a network that makes none, such as a verifier.
        threshold: The threshold for its encodings, or `None`.
        own_accuracy: Share of the pairs that are decided correctly at the best tau for its own encodings.
        eer: Equal error rate on the pairs, in [0, 1], or `None` without pairs.
        one_sided: A sentence for each threshold, Keras's or its own, that refuses all genuine pairs or accepts all
            impostor pairs.
    """

    format: str
    file: str
    runtime: str
    precision: str
    megabytes: float
    absolute: float
    relative: float
    tolerance: float
    accuracy: float | None
    milliseconds: float | None
    fingerprint: str | None
    threshold: Threshold | None
    own_accuracy: float | None = None
    eer: float | None = None
    one_sided: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the difference is within the tolerance."""
        return self.relative <= self.tolerance


@dataclass(frozen=True)
class ParityReport:
    """What `export` measured of Keras and of each file.

    Attributes:
        name: The name of the files, without ending.
        folder: The folder of the files.
        kind: `"tower"`, `"verifier"` or `"network"`.
        fingerprint: The fingerprint of the source's tower.
        crops: What they were compared on, in words.
        pairs: Number of pairs that were decided.
        genuine: Number of these that show one person.
        tau: The threshold of the decisions, in squared Euclidean distance (for a verifier 1 - P(same)), or `None`.
        tau_is_best: True if tau is the threshold with the fewest errors on these pairs, because none was known.
        accuracy: Share of Keras's decisions that are correct, or `None` without pairs.
        milliseconds: Keras's median time for one picture or pair, or `None` if it was not measured.
        rounds: Number of interleaved rounds of timing.
        formats: A `FormatReport` for each file.
        one: What one output belongs to: `"picture"`, `"pair"` or `"sample"`.
        constant: Names of outputs that were the same for all inputs; comparing them says little.
        eer: Keras's equal error rate on the pairs, in [0, 1], or `None` without pairs.
        one_sided: Sentences on thresholds with which Keras refuses all genuine pairs or accepts all impostor pairs.
        notes: Sentences that the reader must know about the pictures.
        earlier: Files of other formats that an earlier run left in the folder; they are not part of this report.
    """

    name: str
    folder: str
    kind: str
    fingerprint: str
    crops: str
    pairs: int
    genuine: int
    tau: float | None
    tau_is_best: bool
    accuracy: float | None
    milliseconds: float | None
    rounds: int
    formats: tuple[FormatReport, ...]
    one: str = "picture"
    constant: tuple[str, ...] = ()
    eer: float | None = None
    one_sided: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()

    @property
    def warning(self) -> str:
        """Warnings, one a line; `""` without any."""
        warnings = list(self.notes)
        if self.constant:
            names = ", ".join(map(repr, self.constant))
            warnings.append(
                f"the model's {names} was the same for all inputs, so that agreement on it says nothing about the "
                "layers before it; has the model been trained?"
            )
        sentences = [("Keras", text) for text in self.one_sided]
        sentences += [(row.format, text) for row in self.formats for text in row.one_sided]
        for text, names in _grouped(sentences):
            warnings.append(f"{text} ({names}), so that the accuracy is only the share of the others; compare the EER")
        return "\n".join(f"WARNING: {text}" for text in warnings)

    @property
    def passed(self) -> bool:
        """Whether the difference of every file is within its tolerance."""
        return all(row.passed for row in self.formats)

    def __getitem__(self, name: str) -> FormatReport:
        """Return a format's row by its name.

        Raises:
            KeyError: If it was not exported.
        """
        return {row.format: row for row in self.formats}[name]

    def as_dict(self) -> dict[str, Any]:
        """Return the report as values that JSON can represent."""
        return asdict(self) | {"passed": self.passed}

    def __str__(self) -> str:
        header = ("format", "MB", "largest difference", "relative", "tolerance", "accuracy", "EER", "ms")
        rows = [("Keras", *[""] * 4, _percent(self.accuracy), _percent(self.eer), _number(self.milliseconds))]
        for row in self.formats:
            numbers = (f"{row.megabytes:.2f}", f"{row.absolute:.2g}", f"{row.relative:.2g}", f"{row.tolerance:g}")
            failed = "" if row.passed else "  FAILED"
            shares = _percent(row.accuracy), _percent(row.eer)
            rows.append((row.format, *numbers, *shares, _number(row.milliseconds) + failed))
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                 for row in (header, *rows)]  # fmt: skip
        lines.append(f"compared on {self.crops}")
        if self.accuracy is not None:
            what = "1 - P(same)" if self.kind == "verifier" else "squared Euclidean"
            how = "the best for Keras on these pairs" if self.tau_is_best else "the same for all files"
            pairs = f"{self.genuine} genuine and {self.pairs - self.genuine} impostor pairs"
            lines.append(f"accuracy on {pairs} at tau {self.tau:.4f} ({what}), {how}")
        taus = [
            (
                row.format,
                f"tau {row.threshold.tau:.4f}, from {row.threshold.calibrated_on or 'pairs that are not stated'}",
            )
            for row in self.formats
            if row.threshold
        ]
        lines += [f"{names}: {text}" for text, names in _grouped(taus)]
        if self.milliseconds is not None:
            lines.append(f"ms for one {self.one}, median of {self.rounds} interleaved rounds")
        if self.earlier:
            lines.append(f"not in this report, from an earlier run: {', '.join(self.earlier)}")
        return "\n".join([*lines, *filter(None, [self.warning])])


class ParityError(ValueError):
    """The outputs of a file differ from Keras's by more than its tolerance; nothing was written.

    Attributes:
        report: The `ParityReport` of all formats.
    """

    def __init__(self, report: ParityReport) -> None:
        failures = [
            f"{row.relative:.2g} of {row.format} (tolerance {row.tolerance:g})"
            for row in report.formats
            if not row.passed
        ]
        super().__init__(
            f"expected the exports of {report.name!r} to agree with Keras, received a relative difference of "
            f"{', '.join(failures)}; nothing was written"
        )
        self.report = report


def _grouped(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return each text once, with the names of all that it applies to."""
    names: dict[str, list[str]] = {}
    for name, text in pairs:
        names.setdefault(text, []).append(name)
    return [(text, ", ".join(group)) for text, group in names.items()]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


NOT_STATED = "not stated"


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of all files of a folder with their names, in hexadecimal."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    checksum = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        checksum.update(file.relative_to(path).as_posix().encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return checksum.hexdigest()


def card_of(
    graph: Graph,
    row: FormatReport,
    report: ParityReport,
    sha256: str,
    versions: Mapping[str, str],
    stated: Mapping[str, str | None] | None = None,
) -> dict[str, Any]:
    """Return a file's model card, as values that JSON can represent.

    Args:
        graph: What was exported.
        row: The file's row of the report.
        report: The report.
        sha256: The file's checksum.
        versions: The versions of the libraries that wrote it.
        stated: `licence` and `training_data` of the user's own model, in words.
    """
    return {
        "format": 1,
        "name": graph.name,
        "file": row.file,
        "sha256": sha256,
        "runtime": row.runtime,
        "precision": row.precision,
        "made_with": versions,
        "kind": graph.kind,
        "input": [_tensor(name, x, _meaning(graph)) for name, x in graph.inputs.items()],
        "output": [_tensor(name, x, _answer(graph)) for name, x in graph.model.output.items()],
        "white": graph.white,
        "people": list(graph.people),
        "fingerprint": row.fingerprint,
        "source_fingerprint": graph.fingerprint,
        "threshold": asdict(row.threshold) if row.threshold else None,
        **_origin(graph.bundled, stated or {}),
        "measured": {
            "compared_on": report.crops,
            "constant_outputs": list(report.constant),
            "largest_difference": row.absolute,
            "largest_relative_difference": row.relative,
            "tolerance": row.tolerance,
            "megabytes": row.megabytes,
            "pairs": report.pairs,
            "genuine_pairs": report.genuine,
            "tau_is_best_on_these_pairs": report.tau_is_best,
            "tau": report.tau,
            "accuracy_of_keras": report.accuracy,
            "accuracy": row.accuracy,
            "equal_error_rate_of_keras": report.eer,
            "equal_error_rate": row.eer,
            "warnings": [*report.notes, *row.one_sided],
            "milliseconds_of_keras": report.milliseconds,
            "milliseconds": row.milliseconds,
            "milliseconds_for_one": report.one,
            "rounds": report.rounds,
        },
    }


def write_card(card: dict[str, Any], path: Path) -> None:
    """Write a model card next to its file, as `FILE.card.json` and `FILE.card.md`."""
    path.with_name(path.name + CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    path.with_name(path.name + CARD.replace(".json", ".md")).write_text(as_markdown(card), encoding="utf-8")


def as_markdown(card: dict[str, Any]) -> str:
    """Return a model card as Markdown."""
    measured, threshold = card["measured"], card["threshold"]
    lines = [f"# {card['file']}", "", f"{card['name']} for {card['runtime']}, {card['precision']} weights.", ""]
    rows = [("input", _tensors(card["input"])), ("output", _tensors(card["output"]))]
    if threshold:
        rows.append(
            ("tau", f"{threshold['tau']:.4f} ({threshold['distance']}), false accept rate {threshold['far']:g}")
        )
        rows.append(("tau is from", threshold["calibrated_on"] or NOT_STATED))
    else:
        rows.append(("tau", "none known for these encodings" if card["kind"] == "tower" else "none"))
    rows += [(what.replace("_", " "), card[what]) for what in ("source", "author", "training_data", "licence")]
    rows += [("fingerprint", card["fingerprint"])] if card["fingerprint"] else []
    whose = "the source" if card["kind"] == "tower" else "the network inside"
    rows.append((f"fingerprint of {whose}", card["source_fingerprint"]))
    rows.append(("made with", ", ".join(f"{name} {version}" for name, version in card["made_with"].items())))
    rows.append(("SHA-256", card["sha256"]))
    lines += ["| | |", "|---|---|", *(f"| {what} | {_cell(text)} |" for what, text in rows)]
    lines += ["", "## Measured", "", f"On {measured['compared_on']}.", "", "| | |", "|---|---|"]
    relative, tolerance = measured["largest_relative_difference"], measured["tolerance"]
    lines.append(f"| largest difference to Keras | {measured['largest_difference']:.2g} |")
    lines.append(f"| as a share of the largest number | {relative:.2g}, tolerance {tolerance:g} |")
    lines.append(f"| size | {measured['megabytes']:.2f} MB |")
    if measured["accuracy"] is not None:
        shares = f"{100 * measured['accuracy']:.2f} %, Keras {100 * measured['accuracy_of_keras']:.2f} %"
        genuine, best = measured["genuine_pairs"], measured["tau_is_best_on_these_pairs"]
        pairs = f"{genuine} genuine and {measured['pairs'] - genuine} impostor pairs"
        how = ", Keras's best on these pairs" if best else ""
        lines.append(f"| accuracy on {pairs} at tau {measured['tau']:.4f}{how} | {shares} |")
        rates = measured["equal_error_rate"], measured["equal_error_rate_of_keras"]
        lines.append(f"| EER on these pairs, of no threshold | {100 * rates[0]:.2f} %, Keras {100 * rates[1]:.2f} % |")
    if measured["milliseconds"] is not None:
        times = f"{measured['milliseconds']:.2f} ms, Keras {measured['milliseconds_of_keras']:.2f} ms"
        what = f"time for one {measured['milliseconds_for_one']} on the machine that exported it"
        lines.append(f"| {what}, median of {measured['rounds']} rounds | {times} |")
    if measured["constant_outputs"]:
        names = ", ".join(f"`{name}`" for name in measured["constant_outputs"])
        lines += ["", f"**Warning:** {names} was the same for all inputs, so that agreement on it says nothing about "]
        lines[-1] += "the layers before it."
    for text in measured["warnings"]:
        lines += ["", f"**Warning:** {text}."]
    return "\n".join(lines) + "\n"


def _tensor(name: str, tensor: keras.KerasTensor, meaning: str) -> dict[str, Any]:
    shape = ["n" if i == 0 else size for i, size in enumerate(tensor.shape)]
    return {"name": name, "shape": shape, "dtype": str(tensor.dtype), "meaning": meaning}


def _tensors(tensors: list[dict[str, Any]]) -> str:
    parts = [f"`{x['name']}` ({', '.join(str(n or 'any') for n in x['shape'])}) {x['dtype']}" for x in tensors[:4]]
    rest = f" and {len(tensors) - 4} more" if len(tensors) > 4 else ""
    return f"{'; '.join(parts)}{rest}: {tensors[0]['meaning']}"


def _meaning(graph: Graph) -> str:
    if not graph.takes_pictures:
        return "samples"
    what = "aligned face" if graph.of_faces else "picture"
    return f"{what}, RGB in 0..{graph.white:g}"


def _answer(graph: Graph) -> str:
    if graph.kind == "verifier":
        return f"P(same person), accepted if at least {graph.tau_probability:g}"
    if graph.people:
        return f"P(person), in this order: {', '.join(graph.people)}"
    if graph.kind == "tower":
        return f"encoding; a small distance means the same {'person' if graph.takes_pictures else 'class'}"
    return "activations"


def _origin(bundled: str | None, stated: Mapping[str, str | None]) -> dict[str, str]:
    """Return where the weights come from; for bundled weights only what the manifest says."""
    origin = {"source": NOT_STATED, "author": NOT_STATED, "training_data": NOT_STATED, "licence": NOT_STATED}
    if bundled is not None and bundled in weights.manifest():  # `export` refuses statements of the user on these
        entry = weights.entry(bundled)
        source = entry["source"]
        origin["source"] = f"{source['package']} {source['version']}; {entry['command']}"
        origin["author"], origin["licence"] = entry["author"], entry["licence"]
        trained = re.search(r"trained on ([^)]+)", entry["author"])
        origin["training_data"] = trained[1] if trained else "not recorded with the bundled weights"
        return origin
    return origin | {what: text for what, text in stated.items() if text}


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")
