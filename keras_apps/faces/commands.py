"""`keras-apps faces`: enrol, verify, identify, list, remove."""

from __future__ import annotations

from dataclasses import asdict
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
    name: Annotated[str, typer.Argument(help="The person's name.")],
    pictures: Annotated[list[str], typer.Argument(help="Pictures, or folders of pictures, of this person.")],
    face: Annotated[str | None, typer.Option(help="Which face of several: 'largest', or a number from 1.")] = None,
    tower: Tower = "resnet128",
    as_json: AsJson = False,
) -> None:
    """Add a person, or further pictures of one; the gallery is made when missing. Photographs are not kept."""
    from keras_apps.faces.store import checked_name

    name = checked_name(name)
    which = int(face) if face and face.isdigit() else face
    expanded = _console.expand(pictures)
    opened = _open(gallery, tower)
    with _console.progress_bar() as bar:
        task = bar.add_task("finding and encoding faces", total=len(expanded))
        added = opened.enrol(name, expanded, face=which, progress=lambda: bar.advance(task))
    total = next(count for n, count, _ in opened.people() if n == name)
    if as_json:
        _console.print_json({"name": name, "added": added, "encodings": total, "people": len(opened)})
    else:
        print(f"{name}: {added} added, {total} in all; {len(opened)} people in {gallery}")


@app.command()
def verify(
    gallery: GalleryFile,
    picture: Annotated[str, typer.Argument(help="A picture; its largest face is looked at.")],
    name: Annotated[str, typer.Argument(help="Who it is said to be.")],
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
    pictures: Annotated[list[str], typer.Argument(help="Pictures, or folders of pictures; every face is looked at.")],
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

    answers: dict[str, list] = {}
    with _console.progress_bar() as bar:
        for picture in bar.track(expanded, description="looking at faces"):
            try:
                answers[picture] = opened.identify(picture, top)
            except NoFaceError:
                if len(expanded) == 1:
                    raise
                answers[picture] = []
    if as_json:
        _console.print_json([{"picture": p, "faces": [asdict(a) for a in found]} for p, found in answers.items()])
        return
    for picture, found in answers.items():
        print(f"{picture}: {_faces(len(found))}")
        for number, answer in enumerate(found, start=1):
            print(f"  {number} at {_box(answer.box)}: {_named(answer)}")
            for candidate in answer.candidates[0 if answer.name is None else 1 :]:
                print(f"      {candidate.name}: {candidate.distance:.3f}")


@app.command("list")
def list_people(gallery: GalleryFile, as_json: AsJson = False) -> None:
    """List the people of a gallery."""
    people = _people(gallery)
    if as_json:
        _console.print_json([{"name": n, "encodings": count, "since": since} for n, count, since in people])
        return
    for name, count, since in people:
        print(f"{name}  {count} encoding{'s' if count > 1 else ''}  since {since}")
    print(f"{len(people)} people")


@app.command()
def remove(gallery: GalleryFile, name: Annotated[str, typer.Argument()], as_json: AsJson = False) -> None:
    """Remove a person; their encodings are overwritten in the file."""
    from keras_apps.faces.store import GalleryError, Store, checked_name

    name = checked_name(name)
    store = Store(_console.existing(gallery))
    count = store.remove(name)
    if not count:
        raise GalleryError(f"expected somebody who is enrolled in '{gallery}', received {name!r}")
    left = len(store.people())
    if as_json:
        _console.print_json({"name": name, "removed": count, "people": left})
    else:
        print(f"{name}: removed with {count} encodings; {left} people left in {gallery}")


def _people(gallery: str) -> list[tuple[str, int, str]]:
    from keras_apps.faces.store import Store

    return Store(_console.existing(gallery)).people()


def _open(path: str, tower: str, threshold: str | None = None):
    from keras_apps.faces.calibration import Threshold
    from keras_apps.faces.gallery import Gallery

    chosen = Threshold.load(threshold) if threshold else None
    if tower == "resnet128":
        opened = Gallery(path, threshold=chosen)
        with _console.tensorflow():
            return opened
    with _console.tensorflow():
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
