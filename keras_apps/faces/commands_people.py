"""What the commands about folders of people share: their arguments, reading, aligning, and loading a tower."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keras_apps import _console
from keras_apps.faces.commands_options import BUNDLED_TOWERS

if TYPE_CHECKING:
    from keras_apps.faces.people import People

Folder = Annotated[str, typer.Argument(metavar="DIR", help="Pictures by person: DIR/person/picture.jpg, as LFW.")]
Aligned = Annotated[bool, typer.Option("--aligned", help="The pictures are used as they are; no face is looked for.")]
Crop = Annotated[
    float, typer.Option(help="With --aligned: side of the centre square taken, as a share of the shorter side.")
]
Chips = Annotated[str | None, typer.Option(help="Folder for the aligned faces, to be used again.")]
SkipUnreadable = Annotated[bool, typer.Option("--skip-unreadable", help="Leave out pictures that cannot be read.")]
Seed = Annotated[int, typer.Option(help="Of everything that is drawn by chance.")]

SAID = 5  # pictures left out that are named


def check_cropping(aligned: bool, crop: float, chips: str | None) -> None:
    """Raise where options about faces contradict each other.

    Raises:
        ValueError: If they do.
    """
    if not 0 < crop <= 1:
        raise ValueError(f"expected --crop between 0 and 1, received {crop:g}")
    if crop != 1 and not aligned:
        raise ValueError("expected --crop together with --aligned, received it alone: faces that are found are cropped")
    if aligned and chips:
        raise ValueError("expected --aligned or --chips, received both: aligned pictures are used as they are")


def check_tower(tower: str, untrained: Iterable[str] = ()) -> None:
    """Raise where `--tower` is no tower's name and no tower's file, before anything is read.

    Where a tower is trained (there are names of untrained ones) the file is a .keras file.

    Raises:
        FileNotFoundError: If it is not.
        ValueError: If it is another file.
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
    """Raise where `--seed` is out of range.

    Raises:
        ValueError: If it is.
    """
    if not 0 <= seed < 2**31:
        raise ValueError(f"expected --seed from 0 to {2**31 - 1}, received {seed}")


def read_people(folder: str, skip_unreadable: bool = False) -> People:
    """Read a folder of people, with progress; say how many pictures were left out, and the first few."""
    from keras_apps.faces.people import People

    with progress("reading pictures") as report:
        people = People.from_folder(folder, skip_unreadable=skip_unreadable, progress=report)
    for path, reason in people.skipped[:SAID]:
        _console.say(f"left out: {path} ({reason})")
    if len(people.skipped) > SAID:
        _console.say(f"left out: {len(people.skipped) - SAID} more")
    return people


def align(people: People, chips, without_face: str) -> list[str]:
    """Cut the people's aligned faces into the folder `chips`, with progress; return the pictures without a face."""
    _console.load_tensorflow()
    from keras_apps.faces.aligned_folder import align_people

    with progress("finding faces") as report:
        done = align_people(people, chips, without_face=without_face, progress=report)
    if done.missing:
        what = "left out" if without_face == "skip" else "their centre is taken"
        some = ", ".join(done.missing[:3]) + (", ..." if len(done.missing) > 3 else "")
        _console.say(f"no face found in {len(done.missing)} pictures, {what}: {some}")
    return list(done.missing)


def side(tower) -> int:
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
    """Yield a function of how many are done and of all, which moves a bar on terminals."""
    with _console.progress_bar() as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
