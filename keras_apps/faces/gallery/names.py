"""People's names: which are accepted, and how error messages list them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

LONGEST_NAME = 200


class GalleryError(ValueError):
    """A gallery's file cannot be used, or does not fit the tower or the question."""


def checked_name(name: str) -> str:
    """Return a person's name in Unicode's composed form, without spaces around it.

    Raises:
        ValueError: If it is empty, longer than 200 characters, or has control characters.
        TypeError: If it is not text.
    """
    if not isinstance(name, str):
        raise TypeError(f"expected a name as text, received {type(name).__name__}")
    cleaned = unicodedata.normalize("NFC", name).strip()
    if not cleaned or len(cleaned) > LONGEST_NAME:
        raise ValueError(f"expected a name of 1 to {LONGEST_NAME} characters, received {len(cleaned)}")
    if not cleaned.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs") for c in cleaned):
        raise ValueError(f"expected a name without control characters, received {cleaned!r}")
    return cleaned


def some_of(names: Sequence[str]) -> str:
    """Return the first five names and the number of the others, for a message."""
    if not names:
        return "nobody is yet"
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def unknown(name: str, names: Sequence[str]) -> GalleryError:
    """Return the error for a name that nobody of the gallery has."""
    return GalleryError(f"expected somebody who is enrolled ({some_of(names)}), received {name!r}")
