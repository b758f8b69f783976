"""`keras-apps export`: write a model for other runtimes, with a comparison and model cards."""

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
        typer.Argument(
            metavar="MODEL",
            help="A face tower, for instance sface128; vgg16, alexnet, vgg19; or a .keras file.",
        ),
    ],
    out: Annotated[str, Option("-o", "--out", help="Folder for the files; made when missing.")],
    formats: Annotated[
        list[str] | None,
        Option(
            "--format",
            help="keras, saved_model, litert, litert-float16, litert-int8 or onnx, repeated. "
            "[keras, saved_model, litert, onnx]",
        ),
    ] = None,
    name: Annotated[str | None, Option(help="Name of the files, without ending. [the model's]")] = None,
    preprocessing: Annotated[
        str | None,
        Option(help="Add preprocessing to the graph: 'uint8' for pictures in 0..255, 'float' for 0..1, of any size."),
    ] = None,
    white: Annotated[
        int | None, Option(help="Value of white in the input of a .keras file's network: 1 or 255. [255]")
    ] = None,
    layer: Annotated[
        list[str] | None, Option("--layer", help="A layer whose activations a backbone returns, repeated. [all]")
    ] = None,
    pictures: Annotated[
        str | None,
        Option(help="Folder to compare on: DIR/person/picture.jpg or DIR/picture.jpg. [pictures of the package]"),
    ] = None,
    pairs: Annotated[str | None, Option(help="File of pairs of these pictures, as for 'faces evaluate'.")] = None,
    aligned: Annotated[
        bool, Option("--aligned", help="The pictures are aligned chips; no face is looked for.")
    ] = False,
    calibration: Annotated[
        str | None, Option(help="Folder of pictures from which int8 takes its ranges. [pictures of the package]")
    ] = None,
    threshold: Annotated[str | None, Option(help="Threshold file for your own tower.")] = None,
    tolerance: Annotated[
        list[str] | None,
        Option(
            metavar="NUMBER",
            help="Largest relative difference from Keras for float32; int8=NUMBER or float16=NUMBER for others. [1e-5]",
        ),
    ] = None,
    rounds: Annotated[int, Option(help="Interleaved rounds of timing; 0 for no timing.")] = 15,
    licence: Annotated[str | None, Option(help="Licence of your own model, for its card.")] = None,
    training_data: Annotated[str | None, Option(help="Training data of your own model, for its card.")] = None,
    overwrite: Annotated[bool, Option("--overwrite", help="Replace files of the same names.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a model for other runtimes, compare each file with Keras on real pictures, and write model cards."""
    from keras_apps import backbones
    from keras_apps._checks import check_choice
    from keras_apps._files import check_folder
    from keras_apps.cli.faces_options import BUNDLED_TOWERS
    from keras_apps.export.formats import checked_formats, checked_name, checked_tolerances, read_tolerances
    from keras_apps.faces.judging.calibration import Threshold

    names = checked_formats(formats or ("keras", "saved_model", "litert", "onnx"))
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
            raise FileNotFoundError(f"expected a folder of pictures, received '{folder}', which is not a directory")
    own_threshold = Threshold.load(threshold) if threshold else None
    console.load_tensorflow()
    from keras_apps.export.report import ParityError
    from keras_apps.export.run import export as run

    try:
        parity = run(
            model,
            out,
            names,
            name=name,
            preprocessing=preprocessing,
            white=white,
            layers=layer or None,
            pictures=pictures,
            pairs=pairs,
            aligned=aligned,
            calibration=calibration,
            threshold=own_threshold,
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
        console.print_json(parity.as_dict())
        if parity.warning:
            console.say(parity.warning)
    else:
        count = len(parity.formats)
        files = "1 file with its model card" if count == 1 else f"{count} files with their model cards"
        print(f"{parity}\n{files} in {out}")
