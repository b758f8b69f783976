"""A folder laid out as LFW's -> whose pictures are in it, and which are nobody's."""

from __future__ import annotations

from pathlib import Path

from keras_apps._console import PICTURE_ENDINGS


def pictures_by_person(root: Path) -> tuple[list[tuple[str, Path]], dict[Path, str]]:
    """Look through `root/person/picture.jpg`; hidden files and those with another ending do not count.

    Args:
        root: An existing folder.

    Returns:
        `(person, picture)` in order of name, and `{path: reason}` of the pictures beside the people's folders and of
        the links that lead to nothing.
    """
    found, unused = [], {}
    for person in _visible(root):
        if not person.is_dir():
            if reason := _broken(person) or (_is_picture(person) and "in no person's folder"):
                unused[person] = reason
            continue
        for path in _visible(person):
            if reason := _broken(path):
                unused[path] = reason
            elif _is_picture(path):
                found.append((person.name, path))
    return found, unused


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURE_ENDINGS and path.is_file()


def _broken(path: Path) -> str | None:
    return "a link to nothing" if path.is_symlink() and not path.exists() else None
