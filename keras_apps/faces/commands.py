"""`keras-apps faces`: enrol, verify, identify, list, remove."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from keras_apps import _console
from keras_apps._console import AsJson

app = _console.application("Enrol people, verify a claimed name (1:1), identify faces (1:K).")

GalleryFile = Annotated[str, typer.Argument(metavar="GALLERY", help="The gallery's file, for instance team.db.")]
Tower = Annotated[str, typer.Option(help="'resnet128' or a .keras file.")]
ThresholdFile = Annotated[str | None, typer.Option("--threshold", help="A threshold file, for a tower of your own.")]


@app.command()
def enrol(
    gallery: GalleryFile,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The person's name; write -- before one with a dash.")],
    pictures: Annotated[
        list[str], typer.Argument(metavar="PICTURES...", help="Pictures, or folders of pictures, of this person.")
    ],
    face: Annotated[str | None, typer.Option(help="Which face of several: 'largest', or a number from 1.")] = None,
    tower: Tower = "resnet128",
    as_json: AsJson = False,
) -> None:
    """Add a person, or further pictures of one; the gallery is made when missing. Photographs are not kept."""
    from keras_apps.faces.store import checked_name

    name = checked_name(name)
    which = int(face) if face and face.isdecimal() else face
    if not (isinstance(which, int) or which in (None, "largest")):
        raise ValueError(f"expected --face 'largest' or a number, received {face!r}")
    expanded = _console.expand(pictures)
    is_new = not Path(gallery).exists()
    opened = _open(gallery, tower)
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
    as_json: AsJson = False,
) -> None:
    """Decide whether a picture shows the person of that name. Exits 0 when accepted, 1 when not."""
    answer = _open(_console.existing(gallery), tower, threshold).verify(picture, name)
    if as_json:
        _console.print_json(asdict(answer))
    else:
        word, sign = ("accepted", "<=") if answer.accepted else ("not accepted", ">")
        print(
            f"{answer.name}: {word}, distance {answer.distance:.3f} {sign} tau {answer.tau:.3f}; "
            f"P(same | distance) = {answer.probability:.3f}"
        )
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
    as_json: AsJson = False,
) -> None:
    """Name every face of a picture, largest first, or answer "not recognised"."""
    expanded = _console.expand(pictures)
    opened = _open(_console.existing(gallery), tower, threshold)
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


@app.command("list")
def list_people(gallery: GalleryFile, as_json: AsJson = False) -> None:
    """List the people of a gallery."""
    from keras_apps.faces.store import Store

    people = Store(_console.existing(gallery)).people()
    if as_json:
        _console.print_json([{"name": n, "encodings": count, "since": since} for n, count, since in people])
        return
    for name, count, since in people:
        print(f"{name}  {count} encoding{'s' if count > 1 else ''}  since {since}")
    print(f"{len(people)} people")


@app.command()
def remove(gallery: GalleryFile, name: Annotated[str, typer.Argument(metavar="NAME")], as_json: AsJson = False) -> None:
    """Remove a person; their encodings are overwritten in the file."""
    from keras_apps.faces.store import GalleryError, Store, checked_name, some_of

    name = checked_name(name)
    store = Store(_console.existing(gallery))
    count = store.remove(name)
    if not count:
        names = [known for known, _, _ in store.people()]
        raise GalleryError(f"expected somebody who is enrolled ({some_of(names)}), received {name!r}")
    left = len(store.people())
    if as_json:
        _console.print_json({"name": name, "removed": count, "people": left})
    else:
        print(f"{name}: removed with {count} encodings; {left} people left in {gallery}")


def _open(path: str, tower: str, threshold: str | None = None):
    from keras_apps.faces.calibration import Threshold
    from keras_apps.faces.gallery import Gallery

    chosen = Threshold.load(threshold) if threshold else None
    if tower == "resnet128":
        opened = Gallery(path, threshold=chosen)  # a gallery that cannot be used is said before TensorFlow loads
        _console.load_tensorflow()
        return opened
    _console.load_tensorflow()
    from keras_apps.faces.tower import load_tower

    return Gallery(path, load_tower(tower), chosen)


def _named(answer) -> str:
    if answer.name is None:
        return f"not recognised, nearest distance {answer.distance:.3f} > tau {answer.tau:.3f}"
    return f"{answer.name}, distance {answer.distance:.3f} <= tau {answer.tau:.3f}"


def _box(box: tuple[float, ...]) -> str:
    return f"({', '.join(f'{v:.0f}' for v in box)})"


def _faces(count: int) -> str:
    return "no face" if count == 0 else "1 face" if count == 1 else f"{count} faces"
