"""`keras-apps faces`: enrol, verify, identify; the other commands register themselves here."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keras_apps.cli import console, faces_group, faces_identify, faces_judge, faces_train
from keras_apps.cli.console import AsJson
from keras_apps.cli.faces_identify import CsvFile, Drawn, Video
from keras_apps.cli.faces_options import (
    Accept,
    DeciderFile,
    Face,
    GalleryFile,
    GalleryTower,
    Missing,
    Name,
    OwnPictures,
    Quality,
    Template,
    ThresholdFile,
    open_gallery,
    pictures_left_out,
    which_face,
)
from keras_apps.faces.gallery.decisions import PROBABILITY, Box, Identification, Verification
from keras_apps.faces.judging.strangers import FPIR

if TYPE_CHECKING:
    from keras_apps.faces.gallery.store import Store

app = console.application("Enrol people, verify a claimed name (1:1), identify faces (1:K).")


@app.command()
def enrol(
    gallery: GalleryFile,
    name: Name,
    pictures: OwnPictures,
    face: Face = None,
    missing: Missing = "raise",
    quality: Quality = "good",
    accept: Accept = None,
    tower: GalleryTower = None,
    as_json: AsJson = False,
) -> None:
    """Add a person, or further pictures of one; a missing gallery is created. Photographs are not kept."""
    from keras_apps.faces.gallery.names import checked_name

    name = checked_name(name)
    which = which_face(face)
    expanded = console.expand(pictures)
    is_new = not Path(gallery).exists()
    opened = open_gallery(gallery, tower)
    try:
        with pictures_left_out(expanded) as skipped, console.progress_bar() as bar:
            task = bar.add_task("finding and encoding faces", total=len(expanded))
            added = opened.enrol(
                name,
                expanded,
                face=which,
                missing=missing,
                quality=quality,
                accept=accept or (),
                progress=lambda: bar.advance(task),
            )
    except BaseException:
        if is_new:
            opened.discard_if_empty()
        raise
    total = next(count for n, count, _ in opened.people() if n == name)
    if as_json:
        answer = {"name": name, "added": added, "encodings": total, "people": len(opened)}
        console.print_json(answer | ({"skipped": skipped} if missing == "skip" else {}))
    else:
        print(f"{name}: {added} added, {total} in all; {len(opened)} people in {gallery}")


@app.command()
def verify(
    gallery: GalleryFile,
    picture: Annotated[str, typer.Argument(metavar="PICTURE", help="A picture; its largest face is looked at.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The claimed name.")],
    tower: GalleryTower = None,
    threshold: ThresholdFile = None,
    template: Template = "nearest",
    decider: DeciderFile = None,
    live: Annotated[
        bool,
        typer.Option("--live", help="The face must look like a living one too, not a print or a screen; see the docs."),
    ] = False,
    quality: Quality = "good",
    as_json: AsJson = False,
) -> None:
    """Decide whether a picture shows the person of that name. Exits 0 when accepted, 1 when not."""
    opened = open_gallery(console.existing(gallery), tower, threshold, template, decider)
    answer = opened.verify(picture, name, liveness=live, quality=quality)
    if as_json:
        console.print_json(asdict(answer))
    else:
        word = "accepted" if answer.accepted else "not accepted"
        sign = "<=" if answer.distance <= answer.tau else ">"
        given = " | distance" if answer.measure != PROBABILITY else ""
        alive = "" if answer.live is None else f"; P(live) = {answer.live:.3f}"
        alive += _turned(answer.turned)
        if answer.poor:
            print(f"{answer.name}: not accepted, {_too_poor(answer)}{alive}")
            raise typer.Exit(1)
        if not answer.accepted and sign == "<=":
            alive += ": not a living face"
        print(f"{answer.name}: {word}, {_compared(answer, sign)}; P(same{given}) = {answer.probability:.3f}{alive}")
    raise typer.Exit(0 if answer.accepted else 1)


@app.command()
def identify(
    gallery: GalleryFile,
    pictures: Annotated[
        list[str] | None,
        typer.Argument(metavar="PICTURES...", help="Pictures, or folders of pictures; every face is looked at."),
    ] = None,
    top: Annotated[int, typer.Option(help="How many candidates to report.")] = 5,
    tower: GalleryTower = None,
    threshold: ThresholdFile = None,
    template: Template = "nearest",
    decider: DeciderFile = None,
    fpir: Annotated[float, typer.Option(help="The share of strangers who may get a name, in (0, 1).")] = FPIR,
    quality: Quality = "good",
    draw: Drawn = None,
    csv: CsvFile = None,
    video: Video = None,
    as_json: AsJson = False,
) -> None:
    """Name every face of a picture, largest first, or answer "not recognised" or "too poor to tell".

    Of many pictures, one that cannot be read does not stop the rest; the exit code is then 2.
    """
    faces_identify.check_video(pictures, video, draw)
    expanded = console.expand(pictures or [])
    faces_identify.check(expanded, top, quality, csv, draw, as_json)
    opened = open_gallery(console.existing(gallery), tower, threshold, template, decider, fpir)
    if not len(opened):
        console.say(f"nobody is enrolled in {gallery} yet")
    if video is not None:
        interrupted = faces_identify.identify_film(opened, video, csv, as_json)
        raise typer.Exit(130 if interrupted and not video.isdecimal() else 0)
    from keras_apps import images

    answers = faces_identify.identify_all(opened, expanded, top, quality, csv, draw)
    if as_json:
        console.print_json(
            [
                {"picture": images.shown(one.picture), "faces": [asdict(a) for a in one.faces], "error": one.problem}
                for one in answers
            ]
        )
    elif csv is not None:
        console.say(faces_identify.summary(answers))
    for one in [] if as_json or csv is not None else answers:
        print(f"{images.shown(one.picture)}: {one.problem or _faces(len(one.faces))}")
        for number, answer in enumerate(one.faces, start=1):
            print(f"  {number} at {_box(answer.box)}: {_named(answer)}{_turned(answer.turned)}")
            for candidate in answer.candidates[0 if answer.name is None else 1 :]:
                print(f"      {candidate.name}: {candidate.distance:.3f}")
    unreadable = sum(one.problem is not None for one in answers)
    if unreadable:
        raise ValueError(f"{unreadable} of {len(answers)} pictures could not be read; the others are answered")


def _turned(degrees: int) -> str:
    return f" (the picture was turned by {degrees} degrees)" if degrees else ""


def _named(answer: Identification) -> str:
    if not answer.candidates:
        return "not recognised"  # nobody is enrolled
    if answer.poor:
        return _too_poor(answer)
    if answer.name is None:
        return f"not recognised, nearest {_compared(answer, '>')}"
    return f"{answer.name}, {_compared(answer, '<=')}"


def _too_poor(answer: Identification | Verification) -> str:
    return f"too poor to tell ({'; '.join(answer.poor)})"


def _compared(answer: Identification | Verification, sign: str) -> str:
    measure = answer.measure if answer.measure == PROBABILITY else "distance"
    return f"{measure} {answer.distance:.3f} {sign} tau {answer.tau:.3f}"


def _box(box: Box | None) -> str:
    if box is None:  # an aligned chip
        return "the whole picture"
    return f"({', '.join(f'{v:.0f}' for v in box)})"


def _faces(count: int) -> str:
    return "no face" if count == 0 else "1 face" if count == 1 else f"{count} faces"


Conflict = Annotated[
    str,
    typer.Option(help="People who are there already: 'error', 'skip', 'replace' their encodings, or 'add' to them."),
]


def list_people(gallery: GalleryFile, as_json: AsJson = False) -> None:
    """List the people of a gallery."""
    people = _store(gallery).people()
    if as_json:
        console.print_json([{"name": n, "encodings": count, "since": since} for n, count, since in people])
        return
    for name, count, since in people:
        print(f"{name}  {_encodings(count)}  since {since}")
    print(f"{len(people)} people")


def audit(gallery: GalleryFile, as_json: AsJson = False) -> None:
    """Show who was enrolled when and from how many pictures, and every change of the gallery."""
    told = _store(gallery).audit()
    if as_json:
        console.print_json(asdict(told))
        return
    for person in told.people:
        print(f"{person.name}  {_encodings(person.encodings)}  first {person.first}  last {person.last}")
    print(f"{len(told.people)} people")
    for change in told.changes:
        who = change.name or ("somebody" if change.change == "removed" else "several people")
        print(f"{change.at}  {change.change}  {who}" + (f"  {_encodings(change.encodings)}" * bool(change.encodings)))


def rename(
    gallery: GalleryFile,
    name: Name,
    new_name: Annotated[str, typer.Argument(metavar="NEW_NAME", help="A name that nobody has.")],
    accept: Accept = None,
    as_json: AsJson = False,
) -> None:
    """Give a person another name; the old one is overwritten in the file."""
    from keras_apps.faces.gallery.names import SIMILAR_NAME, checked_accept, checked_name

    name, new_name, accepted = checked_name(name), checked_name(new_name), checked_accept(accept or ())
    _store(gallery).rename(name, new_name, similar_name=SIMILAR_NAME in accepted)
    if as_json:
        console.print_json({"name": new_name})
    else:
        print(f"{name} is {new_name} now in {gallery}")


def update(
    gallery: GalleryFile,
    name: Name,
    pictures: OwnPictures,
    face: Face = None,
    missing: Missing = "raise",
    quality: Quality = "good",
    accept: Accept = None,
    tower: GalleryTower = None,
    as_json: AsJson = False,
) -> None:
    """Replace a person's encodings by those of new pictures; the old ones are overwritten in the file."""
    from keras_apps.faces.gallery.names import checked_name

    name, which, expanded = checked_name(name), which_face(face), console.expand(pictures)
    opened = open_gallery(console.existing(gallery), tower)
    with pictures_left_out(expanded) as skipped, console.progress_bar() as bar:
        task = bar.add_task("finding and encoding faces", total=len(expanded))
        replaced = opened.update(
            name,
            expanded,
            face=which,
            missing=missing,
            quality=quality,
            accept=accept or (),
            progress=lambda: bar.advance(task),
        )
    encodings = len(expanded) - len(skipped)
    if as_json:
        answer = {"name": name, "replaced": replaced, "encodings": encodings}
        console.print_json(answer | ({"skipped": skipped} if missing == "skip" else {}))
    else:
        print(f"{name}: {_encodings(replaced)} replaced by {encodings}")


def remove(
    gallery: GalleryFile,
    name: Name,
    picture: Annotated[
        list[int] | None,
        typer.Option(help="Remove this picture of the person only, from 1 by date, as 'doctor' says; may be repeated."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Remove a person, or one of their pictures; name and encodings are overwritten in the file."""
    from keras_apps.faces.gallery.names import checked_name

    name, store = checked_name(name), _store(gallery)
    count = store.remove_pictures(name, picture) if picture else store.remove(name)
    if not count:
        raise store.unknown(name)
    if as_json:
        console.print_json({"name": name, "removed": count, "people": len(store)})
    elif picture:
        print(f"{name}: {_encodings(count)} removed")
    else:
        print(f"{name}: removed with {count} encodings; {len(store)} people left in {gallery}")


def doctor(gallery: GalleryFile, threshold: ThresholdFile = None, as_json: AsJson = False) -> None:
    """Look for wrong pictures, people enrolled twice, look-alikes and more. Exits 0 when nothing is found, else 1."""
    from keras_apps.faces.gallery.gallery import Matcher
    from keras_apps.faces.judging.calibration import Threshold

    tower = _store(gallery).fingerprint()
    chosen = Threshold.load(threshold) if threshold and tower else None
    with Matcher(gallery, tower or "", chosen) as opened:
        report = opened.doctor()
    if as_json:
        console.print_json(report.as_dict())
    else:
        print(report)
    raise typer.Exit(1 if report.findings else 0)


def export_gallery(
    gallery: GalleryFile,
    out: Annotated[str, typer.Argument(metavar="FILE", help="The file to write, for instance team.zip.")],
    as_json: AsJson = False,
) -> None:
    """Write names, dates and encodings into a zip of JSON, CSV and a NumPy array, which any program can read."""
    from keras_apps.faces.gallery.exchange import export_people

    people = export_people(_store(gallery), out)
    if as_json:
        console.print_json({"people": people, "file": out})
    else:
        print(f"{people} people written to {out}")


def import_gallery(
    gallery: GalleryFile,
    source: Annotated[str, typer.Argument(metavar="FILE", help="A file that 'faces export' wrote.")],
    conflict: Conflict = "error",
    accept: Accept = None,
    as_json: AsJson = False,
) -> None:
    """Add all people of an exported file, or nobody if one cannot be added; a missing gallery is created."""
    from keras_apps.faces.gallery.exchange import import_people
    from keras_apps.faces.gallery.store import Store

    is_new = not Path(gallery).exists()
    store = Store(gallery if is_new else console.existing(gallery))
    try:
        done = import_people(store, source, conflict, accept=accept or ())
    except BaseException:
        if is_new:
            store.discard_if_empty()
        raise
    if as_json:
        console.print_json(asdict(done))
    else:
        skipped = f", {done.skipped} skipped" if done.skipped else ""
        print(f"{done.people} people with {_encodings(done.encodings)} imported, {done.new} of them new{skipped}")


def _store(gallery: str) -> Store:
    from keras_apps.faces.gallery.store import Store

    return Store(console.existing(gallery))


def _encodings(count: int) -> str:
    return f"{count} encoding{'' if count == 1 else 's'}"


app.command("group")(faces_group.group)
app.command("list")(list_people)
app.command("export")(export_gallery)
app.command("import")(import_gallery)
for _command in (audit, doctor, rename, update, remove):
    app.command()(_command)
faces_train.register(app)
faces_judge.register(app)
