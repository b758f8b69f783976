"""`keras-apps faces`: list, audit, rename, update, remove, export, import."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from keras_apps import _console
from keras_apps._console import AsJson
from keras_apps.faces.commands_options import Face, GalleryFile, Name, OwnPictures, Tower, open_gallery, which_face

Conflict = Annotated[
    str,
    typer.Option(help="People who are there already: 'error', 'skip', 'replace' their encodings, or 'add' to them."),
]


def register(app: typer.Typer) -> None:
    """Add these commands to `keras-apps faces`."""
    app.command("list")(list_people)
    app.command("export")(export_gallery)
    app.command("import")(import_gallery)
    for command in (audit, rename, update, remove):
        app.command()(command)


def list_people(gallery: GalleryFile, as_json: AsJson = False) -> None:
    """List the people of a gallery."""
    people = _store(gallery).people()
    if as_json:
        _console.print_json([{"name": n, "encodings": count, "since": since} for n, count, since in people])
        return
    for name, count, since in people:
        print(f"{name}  {_encodings(count)}  since {since}")
    print(f"{len(people)} people")


def audit(gallery: GalleryFile, as_json: AsJson = False) -> None:
    """Show who was enrolled when and from how many pictures, and every change of the gallery."""
    told = _store(gallery).audit()
    if as_json:
        _console.print_json(asdict(told))
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
    as_json: AsJson = False,
) -> None:
    """Give a person another name; the old one is overwritten in the file."""
    from keras_apps.faces.store import checked_name

    name, new_name = checked_name(name), checked_name(new_name)
    _store(gallery).rename(name, new_name)
    if as_json:
        _console.print_json({"name": new_name})
    else:
        print(f"{name} is {new_name} now in {gallery}")


def update(
    gallery: GalleryFile,
    name: Name,
    pictures: OwnPictures,
    face: Face = None,
    tower: Tower = "resnet128",
    as_json: AsJson = False,
) -> None:
    """Replace a person's encodings by those of new pictures; the old ones are overwritten in the file."""
    from keras_apps.faces.names import checked_name

    name, which, expanded = checked_name(name), which_face(face), _console.expand(pictures)
    opened = open_gallery(_console.existing(gallery), tower)
    with _console.progress_bar() as bar:
        task = bar.add_task("finding and encoding faces", total=len(expanded))
        replaced = opened.update(name, expanded, face=which, progress=lambda: bar.advance(task))
    if as_json:
        _console.print_json({"name": name, "replaced": replaced, "encodings": len(expanded)})
    else:
        print(f"{name}: {_encodings(replaced)} replaced by {len(expanded)}")


def remove(gallery: GalleryFile, name: Name, as_json: AsJson = False) -> None:
    """Remove a person; their name and encodings are overwritten in the file."""
    from keras_apps.faces.names import checked_name, unknown

    name, store = checked_name(name), _store(gallery)
    count = store.remove(name)
    if not count:
        raise unknown(name, store.names())
    if as_json:
        _console.print_json({"name": name, "removed": count, "people": len(store)})
    else:
        print(f"{name}: removed with {count} encodings; {len(store)} people left in {gallery}")


def export_gallery(
    gallery: GalleryFile,
    out: Annotated[str, typer.Argument(metavar="FILE", help="The file to write, for instance team.zip.")],
    as_json: AsJson = False,
) -> None:
    """Write names, dates and encodings into a zip of JSON, CSV and a NumPy array, which any program can read."""
    from keras_apps.faces.exchange import export_people

    people = export_people(_store(gallery), out)
    if as_json:
        _console.print_json({"people": people, "file": out})
    else:
        print(f"{people} people written to {out}")


def import_gallery(
    gallery: GalleryFile,
    source: Annotated[str, typer.Argument(metavar="FILE", help="A file that 'faces export' wrote.")],
    conflict: Conflict = "error",
    as_json: AsJson = False,
) -> None:
    """Add everybody of an exported file, or nobody; the gallery is made when missing."""
    from keras_apps.faces.exchange import import_people
    from keras_apps.faces.store import Store

    is_new = not Path(gallery).exists()
    store = Store(gallery if is_new else _console.existing(gallery))
    try:
        done = import_people(store, source, conflict)
    except BaseException:
        if is_new:
            store.discard_if_empty()
        raise
    if as_json:
        _console.print_json(asdict(done))
    else:
        skipped = f", {done.skipped} skipped" if done.skipped else ""
        print(f"{done.people} people with {_encodings(done.encodings)} imported, {done.new} of them new{skipped}")


def _store(gallery: str):
    from keras_apps.faces.store import Store

    return Store(_console.existing(gallery))


def _encodings(count: int) -> str:
    return f"{count} encoding{'' if count == 1 else 's'}"
