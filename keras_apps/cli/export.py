"""`keras-apps export`: a model -> files for other runtimes, compared with Keras, with model cards."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from keras_apps.cli import console
from keras_apps.cli.console import AsJson

Option = typer.Option


def export(
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="resnet128, synthetic64, vgg16, alexnet, vgg19, or a .keras file."),
    ],
    out: Annotated[str, Option("-o", "--out", help="The folder for the files; made when missing.")],
    formats: Annotated[
        list[str] | None,
        Option(
            "--format",
            help="keras, saved_model, litert, litert-float16, litert-int8 or onnx, repeated. "
            "[keras, saved_model, litert, onnx]",
        ),
    ] = None,
    name: Annotated[str | None, Option(help="The files' name, without ending. [the model's]")] = None,
    preprocessing: Annotated[
        str | None, Option(help="Into the graph: 'uint8' takes pictures in 0..255, 'float' in 0..1, of any size.")
    ] = None,
    white: Annotated[int | None, Option(help="What white is for the network of a .keras file: 1 or 255. [255]")] = None,
    layer: Annotated[list[str] | None, Option("--layer", help="Of a backbone: what comes out, repeated. [all]")] = None,
    pictures: Annotated[
        str | None, Option(help="Compare on this folder: DIR/person/picture.jpg, or pictures. [the package's own]")
    ] = None,
    pairs: Annotated[
        str | None, Option(help="A file of pairs among these pictures, as 'faces evaluate' takes.")
    ] = None,
    aligned: Annotated[
        bool, Option("--aligned", help="The pictures are aligned chips; no face is looked for.")
    ] = False,
    calibration: Annotated[
        str | None, Option(help="A folder of pictures from which int8 takes its ranges. [the package's own]")
    ] = None,
    threshold: Annotated[str | None, Option(help="A threshold file, for a tower of your own.")] = None,
    tolerance: Annotated[
        list[str] | None,
        Option(
            metavar="NUMBER",
            help="Largest relative difference of float32 files to Keras; int8=NUMBER, float16=NUMBER of others. [1e-5]",
        ),
    ] = None,
    rounds: Annotated[int, Option(help="Interleaved rounds of timing; 0 takes no times.")] = 15,
    licence: Annotated[str | None, Option(help="Of a model of your own, for its card.")] = None,
    training_data: Annotated[str | None, Option(help="Of a model of your own, for its card.")] = None,
    overwrite: Annotated[bool, Option("--overwrite", help="Replace files of the same name.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a model for other runtimes, compare each file with Keras on real crops, and write its model card."""
    from keras_apps import backbones
    from keras_apps._checks import check_choice
    from keras_apps._files import check_folder
    from keras_apps.cli.faces_options import BUNDLED_TOWERS
    from keras_apps.export.formats import checked_formats, checked_name, checked_tolerances, read_tolerances
    from keras_apps.faces.judging.calibration import Threshold

    wanted = checked_formats(formats or ("keras", "saved_model", "litert", "onnx"))
    tolerances = checked_tolerances(read_tolerances(tolerance or []))
    check_folder(out, overwrite)
    if name is not None:
        checked_name(name)
    if model.endswith(".keras"):
        if not Path(model).is_file():
            raise FileNotFoundError(f"expected a .keras file, received '{model}', which does not exist")
    else:
        check_choice("model", model, (*BUNDLED_TOWERS, *backbones.names(), "*.keras"))
    for folder in (pictures, calibration):
        if folder is not None and not Path(folder).is_dir():
            raise FileNotFoundError(f"expected a folder of pictures, received '{folder}', which is none")
    known = Threshold.load(threshold) if threshold else None
    console.load_tensorflow()
    from keras_apps.export.report import ParityError
    from keras_apps.export.run import export as run

    try:
        found = run(
            model,
            out,
            wanted,
            name=name,
            preprocessing=preprocessing,
            white=white,
            layers=layer or None,
            pictures=pictures,
            pairs=pairs,
            aligned=aligned,
            calibration=calibration,
            threshold=known,
            tolerance=tolerances,
            rounds=rounds,
            licence=licence,
            training_data=training_data,
            overwrite=overwrite,
            report=console.say,
        )
    except ParityError as error:
        console.say(str(error.report))
        raise
    if as_json:
        console.print_json(found.as_dict())
        if found.warning:
            console.say(found.warning)
    else:
        count = len(found.formats)
        files = "1 file with its model card" if count == 1 else f"{count} files with their model cards"
        print(f"{found}\n{files} in {out}")
