"""Recipes in files: as JSON, or inside the PNG that was painted."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

import keras_apps
from keras_apps._checks import check_choice
from keras_apps._files import written_aside
from keras_apps.images import Picture, load_image, name_of, read_text
from keras_apps.style.recipes.recipe import Recipe

KEYWORD = "keras_apps.recipe"
"""The keyword of the text chunk in which a PNG carries its recipe."""
VERSION = 1
ROLES = ("content", "style", "mask", "start")

Described = Mapping[str, Sequence[Mapping[str, object]]]


@dataclass(frozen=True)
class RecipeFile:
    """What a file records about how a picture was painted.

    Attributes:
        recipe: The recipe, with every default filled in.
        pictures: `{"content": [...], "style": [...], "mask": [...], "start": [...]}`, those that were recorded, each as
            `describe_picture` returns it.
        package: The version of keras_apps that wrote it.
    """

    recipe: Recipe
    pictures: dict[str, list[dict]]
    package: str


def picture_digest(picture: np.ndarray) -> str:
    """Return the SHA-256 of a picture's pixels, rounded to 16 bits, and of its shape, in hexadecimal.

    Args:
        picture: Floats `(h, w, 3)` in 0..1, as `images.load_image` returns; the format of the file does not matter as
            long as it keeps the pixels.
    """
    digest = hashlib.sha256(repr(tuple(map(int, picture.shape))).encode())
    digest.update(np.rint(np.clip(picture, 0, 1) * 65535).astype(">u2").tobytes())
    return digest.hexdigest()


def describe_picture(picture: Picture, name: str | None = None) -> dict[str, object]:
    """Return what is recorded of a picture: `name`, `width`, `height`, and `sha256` of its pixels.

    Args:
        picture: As `images.load_image` takes, in its full size.
        name: By default the last part of a path or of an open file's name, "array", or "picture" for others.
    """
    if name is None:
        name = name_of(picture) or ("array" if hasattr(picture, "shape") else "picture")
    pixels = load_image(picture)
    height, width = pixels.shape[:2]
    return {"name": name, "width": width, "height": height, "sha256": picture_digest(pixels)}


def recipe_text(recipe: Recipe, pictures: Described | None = None) -> str:
    """Return a recipe as JSON, to be saved or put into a PNG as `images.save_image(..., text={KEYWORD: ...})`.

    Args:
        recipe: The recipe. Its defaults are written out, so the file keeps its meaning if a later version changes them.
        pictures: `{role: descriptions}`, with the roles "content", "style", "mask" and "start", and descriptions as
            `describe_picture` returns them.

    Raises:
        ValueError: If a role is not one of these.
    """
    for role in pictures or {}:
        check_choice("role of a picture", role, ROLES)
    record = {
        "format": KEYWORD,
        "version": VERSION,
        "package": keras_apps.__version__,
        "recipe": recipe.as_dict(),
        "pictures": {role: list(described) for role, described in (pictures or {}).items()},
    }
    return json.dumps(record, indent=2, allow_nan=False, default=_python_number)


def save_recipe(recipe: Recipe, path: str | os.PathLike, pictures: Described | None = None) -> None:
    """Write a recipe as a JSON file. If writing fails, an existing file stays as it was.

    Args:
        recipe: The recipe.
        path: Ends in .json.
        pictures: As for `recipe_text`.

    Raises:
        ValueError: If `path` does not end in .json, or a role is not one of the four.
        OSError: If the file cannot be written.
    """
    if Path(path).suffix.lower() != ".json":
        raise ValueError(f"expected a file ending in .json, received {os.fspath(path)!r}")
    text = recipe_text(recipe, pictures)
    with written_aside(path) as aside:
        aside.write_text(text + "\n", encoding="utf-8")


def load_recipe(path: str | os.PathLike) -> Recipe:
    """Read a recipe from a JSON file, or from a picture that was saved with it; see `read_recipe_file`."""
    return read_recipe_file(path).recipe


def read_recipe_file(path: str | os.PathLike) -> RecipeFile:
    """Read a recipe and what is recorded of its pictures.

    Args:
        path: A JSON file that `save_recipe` wrote, or a PNG file that was painted.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If the file is not JSON or a PNG with a recipe, has another version, or an entry is unknown or out
            of range.
        TypeError: If an entry has the wrong type.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"expected a recipe, received '{path}', which does not exist")
    if path.suffix.lower() == ".json":
        return _parse(_read_json(path), path)
    texts = read_text(path)
    if KEYWORD not in texts:
        raise ValueError(
            f"expected a .json file or a PNG that was saved with its recipe, received '{path}' without one"
        )
    return _parse(texts[KEYWORD], path)


def differing_pictures(recorded: Described, given: Described) -> list[str]:
    """Return the pictures that differ from the recorded ones, each in words: "style 2, 'waves.jpg'".

    Args:
        recorded: A `RecipeFile`'s pictures.
        given: The pictures to compare. Only roles in both are compared, and only by their pixels.
    """
    differing = []
    for role in (role for role in ROLES if role in recorded and role in given):
        theirs = [described["sha256"] for described in recorded[role]]
        for number, described in enumerate(given[role], start=1):
            if number > len(theirs) or described["sha256"] != theirs[number - 1]:
                differing.append(f"{role} {number}, {described['name']!r}")
        differing += [f"{role} {number}, missing" for number in range(len(given[role]) + 1, len(theirs) + 1)]
    return differing


def _read_json(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"expected a recipe as JSON, received '{path}', which is not UTF-8 text") from None


def _parse(text: str, path: Path) -> RecipeFile:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"expected a recipe as JSON, received '{path}', which is not: {error}") from None
    if not isinstance(record, dict) or record.get("format") != KEYWORD:
        raise ValueError(f'expected JSON with "format": "{KEYWORD}", received \'{path}\' without it')
    if record.get("version") != VERSION:
        raise ValueError(
            f"expected a recipe of version {VERSION}, received {record.get('version')!r} in '{path}', which keras_apps "
            f"{record.get('package', '?')} wrote"
        )
    try:
        recipe = Recipe.from_dict(cast(Mapping, record.get("recipe")))  # it checks the type
    except (ValueError, TypeError) as error:
        raise type(error)(f"{error} (in '{path}')") from None
    return RecipeFile(recipe, _pictures(record.get("pictures", {}), path), str(record.get("package", "?")))


def _pictures(recorded: object, path: Path) -> dict[str, list[dict]]:
    """Check and return the recorded pictures; without this, a missing hash would be noticed much later."""
    if not isinstance(recorded, dict) or not all(isinstance(of_role, list) for of_role in recorded.values()):
        raise ValueError(f"expected pictures as {{role: list}}, received {recorded!r:.60} in '{path}'")
    for described in (described for of_role in recorded.values() for described in of_role):
        if not isinstance(described, dict) or not {"name", "sha256"} <= described.keys():
            raise ValueError(f"expected a picture's name and sha256, received {described!r:.60} in '{path}'")
    return recorded


def _python_number(value: object) -> object:
    """Return a NumPy number as Python's. Nothing else has to be converted for JSON."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"expected a recipe of plain values, received {type(value).__name__}")
