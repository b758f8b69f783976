"""The work of `keras-apps faces identify`: many pictures, a table of the answers, and pictures with names on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keras_apps import images
from keras_apps._checks import check_choice, check_whole
from keras_apps._files import check_destination
from keras_apps.cli import console
from keras_apps.cli.tables import STANDARD_OUTPUT, csv_rows
from keras_apps.faces.gallery.decisions import Identification
from keras_apps.faces.quality import QUALITIES

if TYPE_CHECKING:
    from keras_apps.faces.gallery.gallery import Gallery

CsvFile = Annotated[
    str | None,
    typer.Option("--csv", metavar="FILE", help="Write a table, one row a face, to this .csv; '-': standard output."),
]
Drawn = Annotated[
    str | None,
    typer.Option(
        "--draw", metavar="OUT", help="Write the picture with boxes and names; of several pictures, a folder of them."
    ),
]

Video = Annotated[
    str | None,
    typer.Option("--video", metavar="FILE|0", help="A film, or a camera's number, in place of pictures; Ctrl-C ends."),
]
TRACK_COLUMNS = ("face", "name", "distance", "tau", "first", "last", "frames")

_APART = ("name", "distance", "measure", "tau", "candidates", "box")
FURTHER = tuple(field.name for field in fields(Identification) if field.name not in _APART)
"""What an answer says besides: in columns of their own, under the names of its attributes."""
SIDES = ("left", "top", "right", "bottom")
COLUMNS = ("picture", "face", "name", "distance", "measure", "tau", *SIDES, *FURTHER, "problem")


@dataclass(frozen=True)
class Looked:
    """What became of one picture.

    Attributes:
        picture: As it was given.
        faces: The answers, largest face first.
        problem: Why it could not be read, or `None`.
    """

    picture: str
    faces: list[Identification]
    problem: str | None = None


def check(pictures: Sequence[str], top: int, quality: str, csv: str | None, draw: str | None, as_json: bool) -> None:
    """Check the options for files, before anything slow is loaded.

    Raises:
        ValueError: If two options contradict each other, or a file's ending is not known.
        OSError: If a file or folder cannot be written.
    """
    check_whole("--top", top)
    check_choice("quality", quality, QUALITIES)
    if as_json and csv == STANDARD_OUTPUT:
        raise ValueError("use --json or --csv -, not both: each prints its own answer")
    if csv is not None and csv != STANDARD_OUTPUT:
        check_destination(csv)
    if draw is None:
        return
    if len(pictures) == 1 and not Path(draw).is_dir():
        images.check_output(draw)
    elif Path(draw).exists() and not Path(draw).is_dir():
        raise ValueError(f"expected a folder for --draw of {len(pictures)} pictures, received the file '{draw}'")
    else:
        check_destination(Path(draw) / "x" if Path(draw).is_dir() else draw)


def look_at(opened: Gallery, pictures: Sequence[str], top: int, quality: str, only_one: bool) -> Iterator[Looked]:
    """Identify the faces of each picture, with a progress bar.

    A picture without a face, or one that cannot be read, does not stop the rest; `only_one` says that there is no rest,
    so that its error is raised.
    """
    from keras_apps.faces.detection import NoFaceError
    from keras_apps.faces.gallery.names import GalleryError

    with console.progress_bar() as bar:
        for picture in bar.track(pictures, description="looking at faces"):
            try:
                looked = Looked(picture, opened.identify(picture, top, quality=quality))
            except GalleryError:
                raise
            except NoFaceError:
                if only_one:
                    raise
                looked = Looked(picture, [])
            except (ValueError, OSError) as error:
                if only_one:
                    raise
                looked = Looked(picture, [], str(error))
            yield looked


def identify_all(
    opened: Gallery, pictures: Sequence[str], top: int, quality: str, csv: str | None, draw: str | None
) -> list[Looked]:
    """Identify the faces of all pictures, and write the table and the drawn pictures meanwhile.

    Args:
        opened: The gallery.
        pictures: Paths or `data:` addresses.
        top: How many candidates each answer holds.
        quality: Of the faces that get a name, `"good"` or `"any"`.
        csv: The table's file, `"-"` for standard output, or `None`.
        draw: The file to draw the picture into, or of several a folder; or `None`.
    """
    done = []
    with ExitStack() as stack:
        write_row = stack.enter_context(csv_rows(csv, COLUMNS)) if csv else None
        drawn_paths = _drawn_paths(pictures, draw) if draw else iter(())
        for looked in look_at(opened, pictures, top, quality, only_one=len(pictures) == 1 and csv is None):
            done.append(looked)
            if write_row:
                for row in rows_of(looked):
                    write_row(row)
            if draw:
                path = next(drawn_paths)
                if looked.problem is None:
                    _draw(looked, path)
    return done


def rows_of(looked: Looked) -> list[list[object]]:
    """Return the table's rows of one picture: one a face, or one that says that there is none, or what is wrong."""
    shown = images.shown(looked.picture)
    if not looked.faces:
        empty: list[object] = [None] * (len(COLUMNS) - 2)
        return [[shown, *empty, looked.problem or "no face"]]
    rows = []
    for number, face in enumerate(looked.faces, start=1):
        box = [None] * 4 if face.box is None else [round(value, 1) for value in face.box]
        distance = round(face.distance, 4) if face.candidates else None
        further = [_cell(getattr(face, name)) for name in FURTHER]
        rows.append(
            [shown, number, face.name, distance, face.measure, round(face.tau, 4), *box, *further, looked.problem]
        )
    return rows


def _cell(value: object) -> object:
    if isinstance(value, tuple):
        return "; ".join(map(str, value))
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return value if value is None or isinstance(value, (str, int)) else str(value)


def _drawn_paths(pictures: Sequence[str], draw: str) -> Iterator[Path]:
    """Yield for each picture the file to draw it into; in a folder, pictures of one name are numbered."""
    if len(pictures) == 1 and not Path(draw).is_dir():
        yield Path(draw)
        return
    Path(draw).mkdir(exist_ok=True)
    taken: set[str] = set()
    for picture in pictures:
        stem = "picture" if images.is_data_address(picture) else Path(images.resolve(picture)).stem
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        yield Path(draw) / f"{name}.jpg"


def _draw(looked: Looked, path: Path) -> None:
    from keras_apps.faces.gallery.drawing import draw

    images.save_image(draw(looked.picture, looked.faces), path)


def summary(done: Sequence[Looked]) -> str:
    """Return one line about all pictures."""
    answers = [face for looked in done for face in looked.faces]
    named = sum(face.name is not None for face in answers)
    poor = sum(bool(face.poor) for face in answers)
    without = sum(not looked.faces and looked.problem is None for looked in done)
    parts = [
        f"{len(done)} picture{'s' * (len(done) != 1)}",
        f"{len(answers)} face{'s' * (len(answers) != 1)}",
        f"{named} recognised",
        *([f"{poor} too poor to tell"] if poor else []),
    ]
    return ", ".join([*parts, f"{without} without a face"] if without else parts)


def check_video(pictures: Sequence[str] | None, video: str | None, draw: str | None) -> None:
    """Check that pictures or a film are given, not both.

    Raises:
        ValueError: If both or neither are, or a film is to be drawn.
        FileNotFoundError: If there is no such film.
    """
    if bool(pictures) == (video is not None):
        raise ValueError(f"expected pictures or --video, received {'both' if pictures else 'neither'}")
    if video is not None and draw is not None:
        raise ValueError("use --draw only for pictures; a film is not drawn")
    if video is not None and not video.isdecimal() and not Path(video).is_file():
        raise FileNotFoundError(f"expected a film, received '{video}', which is not a file")


def identify_film(opened: Gallery, video: str, csv: str | None, as_json: bool) -> bool:
    """Print each face of a film or a camera once, as soon as it is named, and a summary at the end.

    Returns:
        Whether Ctrl-C ended it.
    """
    from keras_apps.faces.gallery.films import identify_in_film, read_frames

    tracks, interrupted = [], False
    try:
        for track in identify_in_film(opened, read_frames(int(video) if video.isdecimal() else video)):
            tracks.append(track)
            answer = track.answer
            if not as_json and csv != STANDARD_OUTPUT and answer is not None:
                near = f", distance {answer.distance:.3f}, tau {answer.tau:.3f}" if answer.candidates else ""
                print(f"{track.first:8.2f} s  {answer.name or 'not recognised'}{near}", flush=True)
    except KeyboardInterrupt:
        interrupted = True
    rows: list[list[object]] = []
    for track in tracks:
        assert track.answer is not None
        distance = round(track.answer.distance, 4) if track.answer.candidates else None
        times = [round(track.first, 3), round(track.last, 3), track.frames]
        rows.append([track.number, track.answer.name, distance, round(track.answer.tau, 4), *times])
    if csv is not None:
        with csv_rows(csv, TRACK_COLUMNS) as write:
            for row in rows:
                write(row)
    if as_json:
        console.print_json([dict(zip(TRACK_COLUMNS, row, strict=True)) for row in rows])
    names = sorted({str(row[1]) for row in rows if row[1] is not None})
    console.say(f"{len(rows)} face{'s' * (len(rows) != 1)}; recognised: {', '.join(names) or 'nobody'}")
    return interrupted
