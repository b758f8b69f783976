"""What the commands about galleries share: their arguments, and how a gallery is opened."""

from __future__ import annotations

from typing import Annotated

import typer

from keras_apps import _console

BUNDLED_TOWERS = ("resnet128", "synthetic64")

GalleryFile = Annotated[str, typer.Argument(metavar="GALLERY", help="The gallery's file, for instance team.db.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The person's name; write -- before one with a dash.")]
OwnPictures = Annotated[
    list[str], typer.Argument(metavar="PICTURES...", help="Pictures, or folders of pictures, of this person.")
]
Face = Annotated[str | None, typer.Option(help="Which face of several: 'largest', or a number from 1.")]
Tower = Annotated[str, typer.Option(help="'resnet128', 'synthetic64', or a .keras, .onnx or .tflite file.")]
ThresholdFile = Annotated[str | None, typer.Option("--threshold", help="A threshold file, for a tower of your own.")]
Template = Annotated[
    str, typer.Option(help="How a person's pictures count: 'nearest', 'mean', or 'best-of-3' for the mean of 3.")
]
DeciderFile = Annotated[
    str | None, typer.Option("--decider", help="A trained VerificationModel, a .keras file, instead of a threshold.")
]


def which_face(text: str | None) -> int | str | None:
    """Return what `--face` means.

    Raises:
        ValueError: If it is neither `largest` nor a number.
    """
    which = int(text) if text and text.isdecimal() else text
    if not (isinstance(which, int) or which in (None, "largest")):
        raise ValueError(f"expected --face 'largest' or a number, received {text!r}")
    return which


def open_gallery(
    path: str, tower: str, threshold: str | None = None, template: str = "nearest", decider: str | None = None
):
    """Return the gallery that a command means; one that cannot be used is said before TensorFlow loads."""
    from keras_apps.faces.calibration import Threshold
    from keras_apps.faces.gallery import Gallery

    chosen = Threshold.load(threshold) if threshold else None
    if tower == "resnet128" and decider is None:
        opened = Gallery(path, threshold=chosen, template=template)
        _console.load_tensorflow()
        return opened
    _console.load_tensorflow()
    from keras_apps.faces.tower import load_tower, tower_of

    own_tower = tower_of(load_tower(tower)) if tower != "resnet128" or decider is None else None
    return Gallery(path, own_tower, chosen, template=template, decider=_decider(decider) if decider else None)


def _decider(path: str):
    from keras_apps.faces import verification_model
    from keras_apps.faces.tower import load_tower

    loaded = load_tower(path)
    if not isinstance(loaded, verification_model.VerificationModel):
        raise ValueError(f"expected a VerificationModel, received '{path}', a {type(loaded).__name__}")
    return loaded
