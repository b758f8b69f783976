"""`keras-apps faces group`: the unknown faces of a folder, sorted into people."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from keras_apps import images
from keras_apps._files import check_destination, check_folder, folder_written_aside
from keras_apps.cli import console
from keras_apps.cli.console import AsJson
from keras_apps.cli.faces_options import ThresholdFile, Tower, check_tower
from keras_apps.cli.tables import csv_rows
from keras_apps.faces.towers.names import BUNDLED_TOWERS, DEFAULT_TOWER

if TYPE_CHECKING:
    from keras_apps.faces.detection import FaceCrop

COLUMNS = ("person", "picture", "face", "left", "top", "right", "bottom", "confidence", "turned")
SHEET_PEOPLE, SHEET_FACES = 50, 9
"""How many people the sheet shows, and how many faces of each."""
MARGIN = 0.4
"""What is cut out around a face, as a share of its box's sides."""


def group(
    pictures: Annotated[list[str], typer.Argument(metavar="PICTURES...", help="Folders of pictures, or pictures.")],
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Write people.csv, people.jpg and a folder of faces for each person.",
        ),
    ] = None,
    csv: Annotated[str | None, typer.Option("--csv", metavar="FILE", help="Write the table to this .csv.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write into a folder that contains files.")] = False,
    tower: Tower = DEFAULT_TOWER,
    threshold: ThresholdFile = None,
    as_json: AsJson = False,
) -> None:
    """Sort the unknown faces of pictures into people. Pictures that cannot be read are left out; exit code 2 then."""
    expanded = console.expand(pictures)
    check_tower(tower)
    folder = None if out is None else check_folder(out, overwrite)
    if csv is not None:
        check_destination(csv)
    from keras_apps.faces.judging.calibration import Threshold

    chosen = Threshold.load(threshold) if threshold else None
    console.load_tensorflow()
    from keras_apps.faces.detection import find_faces
    from keras_apps.faces.encoding import encode, resize_chip
    from keras_apps.faces.gallery.grouping import group_faces
    from keras_apps.faces.towers.registry import fingerprint, load_tower, tower_of

    network = tower_of(load_tower(tower))
    chosen = chosen or (
        Threshold.bundled(tower) if tower in BUNDLED_TOWERS else Threshold.bundled_for(fingerprint(network))
    )
    if chosen is None:
        raise ValueError(f"expected --threshold for the tower '{tower}', received none; 'faces calibrate' makes one")
    found: list[tuple[str, int, FaceCrop]] = []
    problems: list[str] = []
    encodings: list[np.ndarray] = []
    with console.progress_bar() as bar:
        for picture in bar.track(expanded, description="finding and encoding faces"):
            try:
                some = find_faces(picture, tower=network)
            except (ValueError, OSError) as error:
                problems.append(picture)
                console.say(f"left out: {images.shown(picture)} ({error})")
                continue
            if some:
                encodings += list(encode(network, [resize_chip(face.image, network) for face in some], aligned=True))
            found += [(picture, number, face) for number, face in enumerate(some, start=1)]
    labels = group_faces(np.stack(encodings), chosen) if found else np.zeros(0, np.int64)
    order = np.argsort(labels, kind="stable")
    rows = [_row(int(labels[i]) + 1, *found[i]) for i in order]
    with ExitStack() as stack:
        tables = [csv] if csv is not None else []
        if folder is not None:
            aside = stack.enter_context(folder_written_aside(folder))
            tables.append(str(aside / "people.csv"))
            _write_faces([(int(labels[i]) + 1, *found[i]) for i in order], aside)
        for table in tables:
            with csv_rows(table, COLUMNS) as write:
                for row in rows:
                    write(row)
    if as_json:
        console.print_json([dict(zip(COLUMNS, row, strict=True)) for row in rows])
    else:
        people = int(labels.max()) + 1 if len(labels) else 0
        print(f"{len(rows)} faces of {people} {'person' if people == 1 else 'people'} in {len(expanded)} pictures")
        for person in range(1, people + 1):
            own = [f"{row[1]} ({row[2]})" for row in rows if row[0] == person]
            print(f"  person {person}: {', '.join(own)}")
    if problems:
        raise ValueError(f"{len(problems)} of {len(expanded)} pictures could not be read; the others are grouped")


def _row(person: int, picture: str, number: int, face: FaceCrop) -> list[object]:
    box = [round(value, 1) for value in face.box]
    return [person, images.shown(picture), number, *box, round(face.confidence, 4), face.turned]


def _write_faces(found: list[tuple[int, str, int, FaceCrop]], folder: Path) -> None:
    """Write each face, with a margin and upright, into its person's folder."""
    from keras_apps.visualize.labelling import labelled_sheet

    sheet: dict[str, list[tuple[str, np.ndarray]]] = {}
    for count, (person, picture, number, face) in enumerate(found, start=1):
        own = folder / f"person-{person:03}"
        own.mkdir(exist_ok=True)
        stem = "picture" if images.is_data_address(picture) else Path(os.fspath(images.resolve(picture))).stem
        pixels = images.load_image(picture)
        left, top, right, bottom = face.box
        x, y = MARGIN * (right - left), MARGIN * (bottom - top)
        rows = slice(max(0, int(top - y)), max(1, int(bottom + y)))
        columns = slice(max(0, int(left - x)), max(1, int(right + x)))
        cut = np.rot90(pixels[rows, columns], face.turned // 90)
        shown = sheet.setdefault(f"person {person}", []) if person <= SHEET_PEOPLE else []
        if len(shown) < SHEET_FACES:
            shown.append((stem[:14], np.ascontiguousarray(cut)))
        images.save_image(np.ascontiguousarray(cut), own / f"{count:05}-{stem[:60]}-{number}.jpg")
    if sheet:
        images.save_image(labelled_sheet(sheet, columns=SHEET_FACES), folder / "people.jpg")
