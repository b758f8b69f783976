"""Model -> files -> loaded back -> compared with Keras -> report and model cards."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from keras_apps._checks import check_whole
from keras_apps._files import check_folder, folder_written_aside
from keras_apps.export.comparing import compare_with_keras
from keras_apps.export.crops import calibration_of, crops_of, default_crops
from keras_apps.export.formats import FORMATS, checked_formats, checked_name, checked_tolerances
from keras_apps.export.graphs import make_graph
from keras_apps.export.report import ParityError, ParityReport, card_of, digest, write_card
from keras_apps.export.writing import Writer, versions
from keras_apps.faces.judging.calibration import Threshold
from keras_apps.images import Picture


def export(
    model: str | os.PathLike | keras.Model,
    folder: str | os.PathLike,
    formats: Iterable[str] = ("keras", "saved_model", "litert", "onnx"),
    *,
    name: str | None = None,
    preprocessing: str | None = None,
    white: float | None = None,
    layers: Sequence[str] | None = None,
    pictures: str | os.PathLike | Sequence[Picture] | np.ndarray | None = None,
    pairs: str | os.PathLike | None = None,
    aligned: bool = False,
    calibration: str | os.PathLike | Sequence[Picture] | np.ndarray | None = None,
    threshold: Threshold | None = None,
    tolerance: float | Mapping[str, float] | None = None,
    rounds: int = 15,
    licence: str | None = None,
    training_data: str | None = None,
    overwrite: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> ParityReport:
    """Write a model for other runtimes, load each file back by its runtime, and compare it with Keras on real crops.

    Each file gets a model card (`FILE.card.json`, `FILE.card.md`), and `NAME.parity.json` and `NAME.parity.txt` contain
    the report. Files are first written to a temporary folder: if anything fails, none of them is left.

    Args:
        model: `"resnet128"`, `"synthetic64"`, a backbone (`"vgg16"`, `"alexnet"`, `"vgg19"`), a `.keras` file, or a
            Keras model: a functional one, a `VerificationModel`, a `SoftmaxIdentifier`, or a `TripletModel`, whose
            tower is exported.
        folder: Made when missing.
        formats: Among `FORMATS`: `"keras"`, `"saved_model"`, `"litert"`, `"litert-float16"`, `"litert-int8"`,
            `"onnx"`.
        name: The name of the files, without ending or folder; by default the model's.
        preprocessing: `"uint8"` or `"float"` adds preprocessing to the graph: it then takes pictures in 0..255 or 0..1,
            of any height and width. `None` keeps the network's own input.
        white: The value of white in the input of your own network, 1 or 255; by default 255, as for the towers.
        layers: For a backbone, the layers whose activations are outputs; all by default.
        pictures: What to compare on: a folder `person/picture.jpg`, a folder or sequence of pictures, or an array of
            samples. By default pictures of the package.
        pairs: A file of pairs among the folder's pictures, as `faces.read_pairs` takes.
        aligned: The pictures are aligned chips; no face is looked for.
        calibration: Pictures, as for `pictures`, from which int8 takes its ranges; 256 of them at most. By default
            pictures of the package.
        threshold: The tower's threshold; by default the bundled tower's.
        tolerance: Largest relative difference that passes: a number for float32, or `{precision: number}`; by default
            `TOLERANCES`.
        rounds: Interleaved rounds of timing; 0 for no timing.
        licence: The licence of your own model, in words, for the card.
        training_data: Its training data, in words, for the card.
        overwrite: Replace files of the same names in the folder: all of them or, on an error, none.
        report: Called with a line of text before each part of the work.

    Returns:
        The `ParityReport`; `print` shows it as a table.

    Raises:
        ParityError: If the outputs of a file differ by more than its tolerance; its attribute `report` is the report.
        ValueError: If an argument is not as above, or a format cannot represent the model.
        TypeError: If `model` is not a model, `threshold` not a `Threshold`, or `rounds` not a whole number.
        FileNotFoundError: If a file or folder to read does not exist.
        FileExistsError: If the folder contains files and `overwrite` is false.
        ImportError: If a library that a format needs is not installed; the message says how to install it.

    Example:
        >>> import tempfile
        >>> from keras_apps import faces
        >>> tower = faces.build_tower("small", size=16, encoding=8)
        >>> report = export(tower, tempfile.mkdtemp(), ["keras"], rounds=0)
        >>> report["keras"].file, report["keras"].absolute
        ('small.keras', 0.0)
    """
    names, tolerances = checked_formats(formats), checked_tolerances(tolerance)
    folder = check_folder(folder, overwrite)
    if name is not None:
        checked_name(name)
    rounds = check_whole("rounds", rounds, 0)
    report("loading the model")
    graph = make_graph(model, name, preprocessing, layers, white)
    if graph.bundled and (licence or training_data):
        raise ValueError(
            f"expected no licence or training_data for {graph.bundled!r}, whose manifest states them, received "
            f"{licence or training_data!r}"
        )
    if threshold is not None and not isinstance(threshold, Threshold):
        raise TypeError(f"expected a Threshold, received {type(threshold).__name__}")
    if threshold is not None and (graph.kind != "tower" or threshold.model != graph.fingerprint):
        raise ValueError(f"expected a threshold for tower {graph.fingerprint}, received one for {threshold.model}")
    if threshold is None and graph.kind == "tower":
        threshold = Threshold.bundled_for(graph.fingerprint)
    report("preparing the pictures")
    if pictures is None and pairs is None:
        crops = default_crops(graph)
    else:
        crops = crops_of(pictures, graph, pairs=pairs, aligned=aligned)
    ranges = None
    if any(FORMATS[each].precision == "int8" for each in names):
        if calibration is None:
            ranges = default_crops(graph, unseen=False)
        else:
            ranges = calibration_of(calibration, graph, aligned=aligned)
    if graph.kind == "verifier" and not len(crops.first):
        raise ValueError("expected a folder person/picture.jpg for a model of two pictures, received single pictures")
    stated = {"licence": licence, "training_data": training_data}
    with folder_written_aside(folder) as aside, tempfile.TemporaryDirectory() as scratch:
        write = Writer(graph, aside, Path(scratch), ranges, folder)
        written: dict[str, Path] = {}
        for each in names:
            report(f"writing {each}")
            written[each] = write(each)
        result = compare_with_keras(graph, crops, written, str(folder), threshold, tolerances, rounds, report)
        other_files = [f"{graph.name}{kind.ending}" for each, kind in FORMATS.items() if each not in written]
        notes = tuple(f"of int8's calibration: {note}" for note in ranges.notes) if ranges else ()
        earlier = tuple(file for file in other_files if (folder / file).exists())
        result = replace(result, notes=result.notes + notes, earlier=earlier)
        if not result.passed:
            raise ParityError(result)
        for row in result.formats:
            path = written[row.format]
            write_card(card_of(graph, row, result, digest(path), versions([row.format]), stated), path)
        text = json.dumps(result.as_dict(), indent=1)
        (aside / f"{graph.name}.parity.json").write_text(text + "\n", encoding="utf-8")
        (aside / f"{graph.name}.parity.txt").write_text(f"{result}\n", encoding="utf-8")
    return result
