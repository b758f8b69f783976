"""Arguments that several commands of `keras-apps faces` have, and how they open a gallery and read people."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from keras_apps.cli import console
from keras_apps.faces.judging.strangers import FPIR
from keras_apps.faces.towers.names import BUNDLED_TOWERS, DEFAULT_TOWER

if TYPE_CHECKING:
    from keras_apps.faces.gallery.gallery import Gallery
    from keras_apps.faces.people.people import People
    from keras_apps.faces.training.verification_model import VerificationModel

GalleryFile = Annotated[str, typer.Argument(metavar="GALLERY", help="The gallery's file, for instance team.db.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The person's name; write -- before one with a dash.")]
OwnPictures = Annotated[
    list[str], typer.Argument(metavar="PICTURES...", help="Pictures, or folders of pictures, of this person.")
]
Face = Annotated[
    str | None,
    typer.Option(
        help="Which face of several: 'largest', or a number from 1; by default the one that is by far the largest."
    ),
]
Missing = Annotated[
    str,
    typer.Option(
        help="A picture without a face, or with a poor one: 'raise' an error, so that nothing is saved, or 'skip' it."
    ),
]
Quality = Annotated[
    str,
    typer.Option(
        help="Which faces to use: 'good' ones only, not blurred, small, dark, turned aside or cut off; or 'any'."
    ),
]
Accept = Annotated[
    list[str] | None,
    typer.Option(
        help="What is not to be refused: 'similar-name', a new name much like another one; 'look-alike', pictures much "
        "like somebody else's, a twin's for instance. May be given twice."
    ),
]
_TOWERS = f"{', '.join(map(repr, BUNDLED_TOWERS))}, or a .keras, .onnx or .tflite file"
Tower = Annotated[str, typer.Option(help=f"{_TOWERS}.")]
GalleryTower = Annotated[
    str | None,
    typer.Option("--tower", help=f"{_TOWERS}; by default the gallery's own, {DEFAULT_TOWER!r} for a new one."),
]
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


@contextmanager
def pictures_left_out(pictures: Sequence[str]) -> Iterator[list[str]]:
    """Yield a list that holds, at the end of the block, the pictures that were skipped; each is printed.

    Pictures of which smaller faces were ignored are printed too.

    Raises:
        ValueError: As the block does.
    """
    from keras_apps import images
    from keras_apps.faces.detection import NoFaceWarning, PoorFaceWarning, SeveralFacesWarning

    kinds = (NoFaceWarning, PoorFaceWarning, SeveralFacesWarning)
    reasons: dict[int, str] = {}
    skipped: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        for kind in kinds:
            warnings.simplefilter("always", kind)
        yield skipped
    for warning in caught:
        if isinstance(warning.message, NoFaceWarning):
            reasons |= dict.fromkeys(warning.message.indices, "no face was found")
        elif isinstance(warning.message, PoorFaceWarning):
            problems = ("; ".join(found) for found in warning.message.problems)
            reasons |= dict(zip(warning.message.indices, problems, strict=True))
        elif isinstance(warning.message, SeveralFacesWarning):
            console.say(str(warning.message))
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    skipped += [images.shown(pictures[i]) for i in sorted(reasons)]
    for picture, number in zip(skipped[:LISTED], sorted(reasons), strict=False):
        console.say(f"left out: {picture} ({reasons[number]})")
    if len(skipped) > LISTED:
        console.say(f"left out: {len(skipped) - LISTED} more")


def open_gallery(
    path: str,
    tower: str | None,
    threshold: str | None = None,
    template: str = "nearest",
    decider: str | None = None,
    fpir: float = FPIR,
) -> Gallery:
    """Open the gallery of a command; an unusable file is reported before TensorFlow is loaded."""
    from keras_apps.faces.gallery.gallery import Gallery
    from keras_apps.faces.judging.calibration import Threshold

    chosen = Threshold.load(threshold) if threshold else None
    if tower is None and decider is None:
        opened = Gallery(path, threshold=chosen, template=template, fpir=fpir)
        console.load_tensorflow()
        return opened
    console.load_tensorflow()
    from keras_apps.faces.towers.registry import load_tower, tower_of

    own_tower = None if tower is None else tower_of(load_tower(tower))
    verifier = _decider(decider) if decider else None
    return Gallery(path, own_tower, chosen, template=template, decider=verifier, fpir=fpir)


def _decider(path: str) -> VerificationModel:
    from keras_apps.faces.towers.registry import load_tower
    from keras_apps.faces.training import verification_model

    loaded = load_tower(path)
    if not isinstance(loaded, verification_model.VerificationModel):
        raise ValueError(f"expected a VerificationModel, received '{path}', a {type(loaded).__name__}")
    return loaded


Folder = Annotated[str, typer.Argument(metavar="DIR", help="Pictures by person: DIR/person/picture.jpg, as LFW.")]
Aligned = Annotated[bool, typer.Option("--aligned", help="The pictures are used as they are; no face is looked for.")]
Crop = Annotated[
    float, typer.Option(help="With --aligned: side of the centre square taken, as a share of the shorter side.")
]
Chips = Annotated[str | None, typer.Option(help="Folder for the aligned faces, to be used again.")]
SkipUnreadable = Annotated[bool, typer.Option("--skip-unreadable", help="Leave out pictures that cannot be read.")]
Seed = Annotated[int, typer.Option(help="Seed of all random numbers.")]

LISTED = 5  # pictures left out that are printed


def check_cropping(aligned: bool, crop: float, chips: str | None) -> None:
    """Check the options about faces.

    Raises:
        ValueError: If `--crop` is out of range, or two options contradict each other.
    """
    if not 0 < crop <= 1:
        raise ValueError(f"expected --crop between 0 and 1, received {crop:g}")
    if crop != 1 and not aligned:
        raise ValueError("use --crop only together with --aligned: without it, faces are found and cropped")
    if aligned and chips:
        raise ValueError("use --aligned or --chips, not both: with --aligned no faces are cut out")


def check_tower(tower: str, untrained: Iterable[str] = ()) -> None:
    """Check `--tower` before anything is read.

    Args:
        tower: A bundled tower's name, or a file.
        untrained: Further names that a training command accepts; its file must then be a .keras file.

    Raises:
        FileNotFoundError: If it is neither a known name nor an existing file.
        ValueError: If the file has another ending.
    """
    if tower in BUNDLED_TOWERS:
        return
    names = ", ".join(map(repr, (*untrained, *BUNDLED_TOWERS)))
    endings = (".keras",) if untrained else (".keras", ".onnx", ".tflite")
    files = "a .keras file" if untrained else "a .keras, .onnx or .tflite file"
    if not Path(tower).is_file():
        raise FileNotFoundError(f"expected a tower {names} or {files}, received {tower!r}")
    if Path(tower).suffix not in endings:
        raise ValueError(f"expected a tower {names} or {files}, received the file {tower!r}")


def check_seed(seed: int) -> None:
    """Check `--seed`.

    Raises:
        ValueError: If it is out of range.
    """
    if not 0 <= seed < 2**31:
        raise ValueError(f"expected --seed from 0 to {2**31 - 1}, received {seed}")


def read_people(folder: str, skip_unreadable: bool = False) -> People:
    """Read a folder of people, with a progress bar; print the first pictures left out, and how many more there are."""
    from keras_apps.faces.people.people import People

    with progress("reading pictures") as report:
        people = People.from_folder(folder, skip_unreadable=skip_unreadable, progress=report)
    for path, reason in people.skipped[:LISTED]:
        console.say(f"left out: {path} ({reason})")
    if len(people.skipped) > LISTED:
        console.say(f"left out: {len(people.skipped) - LISTED} more")
    return people


def align(people: People, chips: str | os.PathLike, without_face: str, tower: Any) -> list[str]:
    """Cut the people's faces into the folder `chips`, aligned for the tower, with progress.

    Returns:
        The pictures without a face.
    """
    console.load_tensorflow()
    from keras_apps.faces.people.chips import align_people
    from keras_apps.faces.towers.registry import layout_of

    layout = layout_of(tower)

    with progress("finding faces") as report:
        done = align_people(people, chips, size=layout.size, layout=layout, without_face=without_face, progress=report)
    if done.missing:
        what = "left out" if without_face == "skip" else "their centre is taken"
        some = ", ".join(done.missing[:3]) + (", ..." if len(done.missing) > 3 else "")
        console.say(f"no face found in {len(done.missing)} pictures, {what}: {some}")
    return list(done.missing)


def side(tower: Any) -> int:
    """Return the height and width of a tower's pictures.

    Raises:
        ValueError: If they are not square.
    """
    shape = getattr(tower, "tower", tower).input_shape
    if len(shape) != 4 or shape[1] is None or shape[1] != shape[2] or shape[3] != 3:
        raise ValueError(f"expected a tower for square RGB pictures of one size, received input {shape}")
    return shape[1]


@contextmanager
def progress(what: str) -> Iterator:
    """Yield a function `(done, total)` that moves a progress bar on terminals."""
    with console.progress_bar() as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
