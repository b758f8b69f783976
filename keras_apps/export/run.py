"""Model -> files -> loaded back -> compared -> report and cards."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import keras

from keras_apps._checks import is_whole
from keras_apps._files import check_folder, folder_written_aside
from keras_apps.export.comparing import compared
from keras_apps.export.crops import calibration_of, crops_of, default_crops
from keras_apps.export.formats import FORMATS, checked_formats, checked_name, checked_tolerances
from keras_apps.export.graphs import graph_of
from keras_apps.export.report import ParityError, ParityReport, card_of, digest, write_card
from keras_apps.export.writing import Writer, versions
from keras_apps.faces.judging.calibration import Threshold


def export(
    model: str | os.PathLike | keras.Model,
    folder: str | os.PathLike,
    formats: Iterable[str] = ("keras", "saved_model", "litert", "onnx"),
    *,
    name: str | None = None,
    preprocessing: str | None = None,
    white: float | None = None,
    layers: Sequence[str] | None = None,
    pictures=None,
    pairs: str | os.PathLike | None = None,
    aligned: bool = False,
    calibration=None,
    threshold: Threshold | None = None,
    tolerance: float | Mapping[str, float] | None = None,
    rounds: int = 15,
    licence: str | None = None,
    training_data: str | None = None,
    overwrite: bool = False,
    report: Callable[[str], None] = lambda line: None,
) -> ParityReport:
    """Write a model for other runtimes, load each file back by its own, and compare it with Keras on real crops.

    Beside each file stands its model card (`FILE.card.json`, `FILE.card.md`), and `NAME.parity.json` and
    `NAME.parity.txt` hold the report. Everything is written aside first: on any error nothing of it stays.

    Args:
        model: `"resnet128"`, `"synthetic64"`, a backbone (`"vgg16"`, `"alexnet"`, `"vgg19"`), a `.keras` file, or a
            Keras model: functional, a `VerificationModel`, a `SoftmaxIdentifier`; of a `TripletModel` its tower.
        folder: Made when missing.
        formats: Among `FORMATS`: `"keras"`, `"saved_model"`, `"litert"`, `"litert-float16"`, `"litert-int8"`,
            `"onnx"`.
        name: Of the files, without ending or folder; the model's by default.
        preprocessing: `"uint8"` or `"float"` puts it into the graph: pictures in 0..255 or 0..1, of any height and
            width, go in. `None` leaves the network's own input.
        white: What white is for a network of your own, 1 or 255; 255, the towers', by default.
        layers: Of a backbone, the activations that come out; all by default.
        pictures: What to compare on: a folder `person/picture.jpg`, a folder or sequence of pictures, or an array of
            samples. By default pictures that travel with the package, or that it draws.
        pairs: A file of pairs among the folder's pictures, as `faces.read_pairs` takes.
        aligned: The pictures are aligned chips; no face is looked for.
        calibration: Pictures, as `pictures`, from which int8 takes its ranges, 256 of them at most, whoever is on
            them; some of the package's by default.
        threshold: A tower's tau; the bundled tower's own by default.
        tolerance: Largest relative difference that passes, for float32, or by precision; `TOLERANCES` by default.
        rounds: Interleaved rounds of timing; 0 takes no times.
        licence: Of a model of your own, for the card, in words.
        training_data: Likewise.
        overwrite: Files may stand in the folder; those of the same name are replaced, all of them or, on an error,
            none.
        report: Called with a line of text before each part of the work.

    Returns:
        The `ParityReport`; `print` shows it as a table.

    Raises:
        ParityError: If a file's answers are past its tolerance; it carries the report.
        ValueError: If an argument is none of the above, or a format cannot hold the model.
        TypeError: If `model` is no model, or `threshold` no `Threshold`.
        FileNotFoundError: If a file or folder that is read does not exist.
        FileExistsError: If the folder holds files and `overwrite` is false.
        ImportError: If a library that a format needs is missing; the message names the extra that has it.

    Example:
        >>> import tempfile
        >>> from keras_apps import faces
        >>> tower = faces.build_tower("small", size=16, encoding=8)
        >>> found = export(tower, tempfile.mkdtemp(), ["keras"], rounds=0)
        >>> found["keras"].file, found["keras"].absolute
        ('small.keras', 0.0)
    """
    wanted, tolerances = checked_formats(formats), checked_tolerances(tolerance)
    folder = check_folder(folder, overwrite)
    if name is not None:
        checked_name(name)
    if not is_whole(rounds) or rounds < 0:
        raise ValueError(f"expected rounds of at least 0, received {rounds!r}")
    report("loading the model")
    graph = graph_of(model, name, preprocessing, layers, white)
    if graph.bundled and (licence or training_data):
        raise ValueError(
            f"expected no licence and training data for {graph.bundled!r}, which has its own, received some"
        )
    if threshold is not None and not isinstance(threshold, Threshold):
        raise TypeError(f"expected a Threshold, received {type(threshold).__name__}")
    if threshold is not None and (graph.kind != "tower" or threshold.model != graph.fingerprint):
        raise ValueError(f"expected a threshold of tower {graph.fingerprint}, received one of {threshold.model}")
    if threshold is None and graph.kind == "tower":
        threshold = Threshold.bundled_for(graph.fingerprint)
    report("preparing the pictures")
    given = pictures is not None or pairs is not None
    crops = crops_of(pictures, graph, pairs=pairs, aligned=aligned) if given else default_crops(graph)
    ranges = None
    if any(FORMATS[f].precision == "int8" for f in wanted):
        own = calibration is not None
        ranges = calibration_of(calibration, graph, aligned=aligned) if own else default_crops(graph, unseen=False)
    if graph.kind == "verifier" and not len(crops.first):
        raise ValueError("expected a folder person/picture.jpg for a model of two pictures, received single pictures")
    stated = {"licence": licence, "training_data": training_data}
    with folder_written_aside(folder) as aside, tempfile.TemporaryDirectory() as scratch:
        write, made = Writer(graph, aside, Path(scratch), ranges, folder), {}
        for each in wanted:
            report(f"writing {each}")
            made[each] = write(each)
        found = compared(graph, crops, made, str(folder), threshold, tolerances, int(rounds), report)
        named = [f"{graph.name}{kind.ending}" for each, kind in FORMATS.items() if each not in made]
        notes = tuple(f"of int8's calibration: {note}" for note in ranges.notes) if ranges else ()
        earlier = tuple(name for name in named if (folder / name).exists())
        found = replace(found, notes=found.notes + notes, earlier=earlier)
        if not found.passed:
            raise ParityError(found)
        for row in found.formats:
            path = made[row.format]
            write_card(card_of(graph, row, found, digest(path), versions([row.format]), stated), path)
        text = json.dumps(found.as_dict(), indent=1)
        (aside / f"{graph.name}.parity.json").write_text(text + "\n", encoding="utf-8")
        (aside / f"{graph.name}.parity.txt").write_text(f"{found}\n", encoding="utf-8")
    return found
