"""The model card beside an export: what goes in and comes out, tau, where it comes from, and what was measured."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict
from pathlib import Path

from keras_apps import weights
from keras_apps.export.graphs import Graph
from keras_apps.export.report import FormatReport, ParityReport
from keras_apps.faces.exported_tower import CARD

NOT_STATED = "not stated"


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of all files of a folder with their names, in hexadecimal."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    whole = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        whole.update(file.relative_to(path).as_posix().encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def card_of(
    graph: Graph, row: FormatReport, report: ParityReport, sha256: str, versions: dict, stated: dict | None = None
) -> dict:
    """Return a file's card, as JSON holds it.

    Args:
        graph: What was exported.
        row: What the file was found to be.
        report: The report it is a row of.
        sha256: Of the file.
        versions: Of what made it.
        stated: `licence` and `training_data`, in words, of a model of the user's own.
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


def write_card(card: dict, path: Path) -> None:
    """Write a card beside its file, as `FILE.card.json` and `FILE.card.md`."""
    path.with_name(path.name + CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    path.with_name(path.name + CARD.replace(".json", ".md")).write_text(as_markdown(card), encoding="utf-8")


def as_markdown(card: dict) -> str:
    """Return a card for people to read."""
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
        lines += ["", f"**Warning:** {names} did not vary over what was compared, so agreement on it tells nothing of "]
        lines[-1] += "the layers before it."
    for text in measured["warnings"]:
        lines += ["", f"**Warning:** {text}."]
    return "\n".join(lines) + "\n"


def _tensor(name: str, tensor, meaning: str) -> dict:
    shape = ["n" if i == 0 else size for i, size in enumerate(tensor.shape)]
    return {"name": name, "shape": shape, "dtype": str(tensor.dtype), "meaning": meaning}


def _tensors(some: list[dict]) -> str:
    parts = [f"`{x['name']}` ({', '.join(str(n or 'any') for n in x['shape'])}) {x['dtype']}" for x in some[:4]]
    more = f" and {len(some) - 4} more" if len(some) > 4 else ""
    return f"{'; '.join(parts)}{more}: {some[0]['meaning']}"


def _meaning(graph: Graph) -> str:
    if not graph.takes_pictures:
        return "samples"
    what = "face, aligned" if graph.of_faces else "picture"
    return f"{what}, RGB in 0..{graph.white:g}"


def _answer(graph: Graph) -> str:
    if graph.kind == "verifier":
        return f"P(same person), accepted from {graph.tau_probability:g}"
    if graph.people:
        return f"P(person), in this order: {', '.join(graph.people)}"
    if graph.kind == "tower":
        return f"encoding; near ones are of one {'person' if graph.takes_pictures else 'class'}"
    return "activations"


def _origin(bundled: str | None, stated: dict) -> dict[str, str]:
    """Return where the weights come from: of bundled ones what the manifest says, and nothing else."""
    told = {"source": NOT_STATED, "author": NOT_STATED, "training_data": NOT_STATED, "licence": NOT_STATED}
    if bundled in weights.manifest():  # `export` refuses what a user states of these
        entry = weights.entry(bundled)
        source = entry["source"]
        told["source"] = f"{source['package']} {source['version']}; {entry['command']}"
        told["author"], told["licence"] = entry["author"], entry["licence"]
        trained = re.search(r"trained on ([^)]+)", entry["author"])
        told["training_data"] = trained[1] if trained else "not recorded with the bundled weights"
        return told
    return told | {what: text for what, text in stated.items() if text}


def _cell(text: object) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")
