"""`keras-apps faces`: enrol, verify, identify; the other commands register themselves here."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from keras_apps import _console
from keras_apps._console import AsJson
from keras_apps.faces import commands_gallery, commands_judge, commands_train
from keras_apps.faces.answers import PROBABILITY
from keras_apps.faces.commands_options import (
    DeciderFile,
    Face,
    GalleryFile,
    Name,
    OwnPictures,
    Template,
    ThresholdFile,
    Tower,
    open_gallery,
    which_face,
)

app = _console.application("Enrol people, verify a claimed name (1:1), identify faces (1:K).")


@app.command()
def enrol(
    gallery: GalleryFile,
    name: Name,
    pictures: OwnPictures,
    face: Face = None,
    tower: Tower = "resnet128",
    as_json: AsJson = False,
) -> None:
    """Add a person, or further pictures of one; the gallery is made when missing. Photographs are not kept."""
    from keras_apps.faces.store import checked_name

    name = checked_name(name)
    which = which_face(face)
    expanded = _console.expand(pictures)
    is_new = not Path(gallery).exists()
    opened = open_gallery(gallery, tower)
    try:
        with _console.progress_bar() as bar:
            task = bar.add_task("finding and encoding faces", total=len(expanded))
            added = opened.enrol(name, expanded, face=which, progress=lambda: bar.advance(task))
    except BaseException:
        if is_new:
            opened.discard_if_empty()
        raise
    total = next(count for n, count, _ in opened.people() if n == name)
    if as_json:
        _console.print_json({"name": name, "added": added, "encodings": total, "people": len(opened)})
    else:
        print(f"{name}: {added} added, {total} in all; {len(opened)} people in {gallery}")


@app.command()
def verify(
    gallery: GalleryFile,
    picture: Annotated[str, typer.Argument(metavar="PICTURE", help="A picture; its largest face is looked at.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who it is said to be.")],
    tower: Tower = "resnet128",
    threshold: ThresholdFile = None,
    template: Template = "nearest",
    decider: DeciderFile = None,
    as_json: AsJson = False,
) -> None:
    """Decide whether a picture shows the person of that name. Exits 0 when accepted, 1 when not."""
    answer = open_gallery(_console.existing(gallery), tower, threshold, template, decider).verify(picture, name)
    if as_json:
        _console.print_json(asdict(answer))
    else:
        word, sign = ("accepted", "<=") if answer.accepted else ("not accepted", ">")
        given = " | distance" if answer.measure != PROBABILITY else ""
        print(f"{answer.name}: {word}, {_compared(answer, sign)}; P(same{given}) = {answer.probability:.3f}")
    raise typer.Exit(0 if answer.accepted else 1)


@app.command()
def identify(
    gallery: GalleryFile,
    pictures: Annotated[
        list[str],
        typer.Argument(metavar="PICTURES...", help="Pictures, or folders of pictures; every face is looked at."),
    ],
    top: Annotated[int, typer.Option(help="How many candidates to report.")] = 5,
    tower: Tower = "resnet128",
    threshold: ThresholdFile = None,
    template: Template = "nearest",
    decider: DeciderFile = None,
    as_json: AsJson = False,
) -> None:
    """Name every face of a picture, largest first, or answer "not recognised"."""
    expanded = _console.expand(pictures)
    opened = open_gallery(_console.existing(gallery), tower, threshold, template, decider)
    if not len(opened):
        _console.say(f"nobody is enrolled in {gallery} yet")
    from keras_apps.faces.detect import NoFaceError

    answers: list[tuple[str, list, str | None]] = []  # picture, answers, what is wrong with the picture
    with _console.progress_bar() as bar:
        for picture in bar.track(expanded, description="looking at faces"):
            try:
                answers.append((picture, opened.identify(picture, top), None))
            except (ValueError, OSError) as error:
                if len(expanded) == 1:
                    raise
                answers.append((picture, [], None if isinstance(error, NoFaceError) else str(error)))
    if as_json:
        _console.print_json(
            [{"picture": p, "faces": [asdict(a) for a in found], "error": error} for p, found, error in answers]
        )
    for picture, found, error in [] if as_json else answers:
        print(f"{picture}: {error or _faces(len(found))}")
        for number, answer in enumerate(found, start=1):
            print(f"  {number} at {_box(answer.box)}: {_named(answer)}")
            for candidate in answer.candidates[0 if answer.name is None else 1 :]:
                print(f"      {candidate.name}: {candidate.distance:.3f}")
    unreadable = sum(error is not None for _, _, error in answers)
    if unreadable:
        raise ValueError(f"{unreadable} of {len(answers)} pictures could not be read; the others are answered")


def _named(answer) -> str:
    if not answer.candidates:
        return "not recognised"  # nobody is enrolled
    if answer.name is None:
        return f"not recognised, nearest {_compared(answer, '>')}"
    return f"{answer.name}, {_compared(answer, '<=')}"


def _compared(answer, sign: str) -> str:
    measure = answer.measure if answer.measure == PROBABILITY else "distance"
    return f"{measure} {answer.distance:.3f} {sign} tau {answer.tau:.3f}"


def _box(box: tuple[float, ...]) -> str:
    return f"({', '.join(f'{v:.0f}' for v in box)})"


def _faces(count: int) -> str:
    return "no face" if count == 0 else "1 face" if count == 1 else f"{count} faces"


for _module in (commands_gallery, commands_train, commands_judge):
    _module.register(app)
