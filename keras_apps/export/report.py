"""What an export was found to be: one row a format, as text and JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from keras_apps.faces.calibration import Threshold


@dataclass(frozen=True)
class FormatReport:
    """What one file was found to be.

    Attributes:
        format: As in `FORMATS`.
        file: The file's name.
        runtime: What it was loaded back and run by.
        precision: Of its weights.
        megabytes: Its size, in 10^6 bytes.
        absolute: Largest difference of an output number to Keras's.
        relative: The same as a share of the largest number of that output.
        tolerance: The largest `relative` that passes.
        accuracy: Share of the pairs that are decided rightly at Keras's tau, or `None` without pairs.
        milliseconds: Median time for one picture (or pair), or `None` where it was not measured.
        fingerprint: Of the encodings it makes; `None` for a verifier or another network, which makes none.
        threshold: tau for them, or `None`.
        own_accuracy: Share of the pairs that are decided rightly at the best tau for its own encodings.
        eer: Equal error rate on the pairs, in [0, 1], or `None` without pairs.
        one_sided: Where a threshold, Keras's or its own, refuses all genuine or accepts all impostor pairs, in words.
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
    """What `export` measured: Keras, and each file beside it.

    Attributes:
        name: The files' name.
        folder: Where they are.
        kind: `"tower"`, `"verifier"` or `"network"`.
        fingerprint: Of the source's tower.
        crops: On what they were compared, in words.
        pairs: How many pairs were decided.
        genuine: How many of them show one person; to say "no" to all would be right for the others.
        tau: At which threshold, in squared Euclidean distance (a verifier: 1 - P(same)), or `None`.
        tau_is_best: Whether that is the threshold with the fewest errors on these very pairs, as none was known.
        accuracy: Keras's share of right decisions, or `None` without pairs.
        milliseconds: Keras's median time for one picture or pair, or `None`.
        rounds: In how many interleaved rounds times were taken.
        formats: A `FormatReport` for each file.
        one: What one answer is for: `"picture"`, `"pair"` or `"sample"`.
        constant: Outputs of Keras that were the same for all that was compared; of these the comparison says little.
        eer: Keras's equal error rate on the pairs, in [0, 1], or `None` without pairs.
        one_sided: Where tau refuses all genuine or accepts all impostor pairs in Keras, in words.
        notes: What else the reader must know of the pictures, in sentences.
        earlier: Files of other formats that an earlier run left in the folder; this report does not tell of them.
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
        """What the reader must know before the figures, a line each; `""` where there is nothing."""
        told = list(self.notes)
        if self.constant:
            names = ", ".join(map(repr, self.constant))
            told.append(
                f"the model's {names} did not vary over what was compared, so agreement on it tells nothing of "
                "the layers before it; has it been trained?"
            )
        sides = [("Keras", words) for words in self.one_sided]
        sides += [(row.format, words) for row in self.formats for words in row.one_sided]
        for words, names in _grouped(sides):
            told.append(f"{words} ({names}), so the accuracy there is the other pairs' share; compare the EER")
        return "\n".join(f"WARNING: {text}" for text in told)

    @property
    def passed(self) -> bool:
        """Whether every file is within its tolerance."""
        return all(row.passed for row in self.formats)

    def __getitem__(self, name: str) -> FormatReport:
        """Return a format's row by its name.

        Raises:
            KeyError: If it was not exported.
        """
        return {row.format: row for row in self.formats}[name]

    def as_dict(self) -> dict:
        """Return it as JSON holds it."""
        return asdict(self) | {"passed": self.passed}

    def __str__(self) -> str:
        header = ("format", "MB", "largest difference", "relative", "tolerance", "accuracy", "EER", "ms")
        rows = [("Keras", *[""] * 4, _percent(self.accuracy), _percent(self.eer), _number(self.milliseconds))]
        for row in self.formats:
            told = (f"{row.megabytes:.2f}", f"{row.absolute:.2g}", f"{row.relative:.2g}", f"{row.tolerance:g}")
            failed = "" if row.passed else "  FAILED"
            shares = _percent(row.accuracy), _percent(row.eer)
            rows.append((row.format, *told, *shares, _number(row.milliseconds) + failed))
        widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                 for row in (header, *rows)]  # fmt: skip
        lines.append(f"compared on {self.crops}")
        if self.accuracy is not None:
            what = "1 - P(same)" if self.kind == "verifier" else "squared Euclidean"
            how = "the best for Keras on these pairs" if self.tau_is_best else "the same for all"
            pairs = f"{self.genuine} genuine and {self.pairs - self.genuine} impostor pairs"
            lines.append(f"accuracy on {pairs} at tau {self.tau:.4f} ({what}), {how}")
        known = [(row.format, row.threshold) for row in self.formats if row.threshold]
        taus = [(name, f"tau {t.tau:.4f}, from {t.calibrated_on or 'pairs that are not stated'}") for name, t in known]
        lines += [f"{names}: {words}" for words, names in _grouped(taus)]
        if self.milliseconds is not None:
            lines.append(f"ms for one {self.one}, median of {self.rounds} interleaved rounds")
        if self.earlier:
            lines.append(f"not in this report, from an earlier run: {', '.join(self.earlier)}")
        return "\n".join([*lines, *filter(None, [self.warning])])


class ParityError(ValueError):
    """An export answers otherwise than Keras, past its tolerance; nothing was written.

    Attributes:
        report: The `ParityReport`, which tells of all formats.
    """

    def __init__(self, report: ParityReport):
        bad = [
            f"{row.relative:.2g} of {row.format} (tolerance {row.tolerance:g})"
            for row in report.formats
            if not row.passed
        ]
        super().__init__(
            f"expected the exports of {report.name!r} to agree with Keras, received a relative difference of "
            f"{', '.join(bad)}; nothing was written"
        )
        self.report = report


def _grouped(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return each text once, with the names that it was given to."""
    names: dict[str, list[str]] = {}
    for name, text in pairs:
        names.setdefault(text, []).append(name)
    return [(text, ", ".join(some)) for text, some in names.items()]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
