"""People's names: which are accepted, which differ too little, and how error messages list them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

from keras_apps._checks import check_choice

LONGEST_NAME = 200
SIMILAR_NAME, LOOK_ALIKE = "similar-name", "look-alike"
ACCEPTABLE = (SIMILAR_NAME, LOOK_ALIKE)
"""The words of `accept`: what an enrolment refuses unless it is told that all is well."""
_SPACES = re.compile(r"\s+")
_BETWEEN_DIGITS = re.compile(r"(?<=\d) (?=\d)")


class GalleryError(ValueError):
    """A gallery's file cannot be used, or does not fit the tower or the question."""


class SimilarNameError(GalleryError):
    """A new name differs from another one only in case, spacing or Unicode form."""


class LookAlikeError(GalleryError):
    """A picture to be enrolled looks like another person of the gallery."""


def checked_name(name: str) -> str:
    """Return a person's name in Unicode's composed form, without spaces around it.

    Raises:
        ValueError: If it is empty or invisible, longer than 200 characters, or has control characters.
        TypeError: If it is not text.
    """
    if not isinstance(name, str):
        raise TypeError(f"expected a name as text, received {type(name).__name__}")
    cleaned = unicodedata.normalize("NFC", name).strip()
    if not cleaned or len(cleaned) > LONGEST_NAME:
        raise ValueError(f"expected a name of 1 to {LONGEST_NAME} characters, received {len(cleaned)}")
    if not cleaned.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs") for c in cleaned):
        raise ValueError(f"expected a name without control characters, received {cleaned!r}")
    if not name_key(cleaned):
        raise ValueError(f"expected a name with a visible character, received {cleaned!r}")
    return cleaned


def name_key(name: str) -> str:
    """Return what two names have in common that differ only in case, spacing or Unicode form.

    Compatibility forms are composed (NFKC: full-width letters, ligatures), invisible characters (zero-width, direction
    marks, variation selectors) left out, capitals folded, and spaces left out, except between two digits.

    Example:
        >>> [name_key(name) for name in ("Ann  Lee", "\uff21nn\u200blee", "room 1 11", "room 11 1")]
        ['annlee', 'annlee', 'room1 11', 'room11 1']
        >>> name_key("Jose\u0301") == name_key("JOS\u00c9")
        True

    Reference:
        The Unicode Standard Annex 15, "Unicode normalization forms"; section 3.13, "Default case algorithms".
    """
    if name.isascii():
        folded = name.lower()
    else:
        visible = "".join(c for c in unicodedata.normalize("NFKC", name) if not _is_invisible(c))
        folded = unicodedata.normalize("NFKC", visible.casefold())
    single = _SPACES.sub(" ", folded).strip()
    if " " not in single:
        return single
    return _BETWEEN_DIGITS.sub("\n", single).replace(" ", "").replace("\n", " ")


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f" or character == "\u034f"


def checked_accept(accept: str | Collection[str]) -> frozenset[str]:
    """Return the words of `accept`, one or several of `ACCEPTABLE`.

    Raises:
        ValueError: If a word is unknown.

    Example:
        >>> sorted(checked_accept(["look-alike", "similar-name"])), sorted(checked_accept(()))
        (['look-alike', 'similar-name'], [])
    """
    words = [accept] if isinstance(accept, str) else list(accept)
    for word in words:
        check_choice("accept", word, ACCEPTABLE)
    return frozenset(words)


def some_of(names: Sequence[str]) -> str:
    """Return the first five names and the number of the others, for a message."""
    if not names:
        return "nobody is yet"
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def unknown(name: str, names: Sequence[str], alike: Sequence[str] = ()) -> GalleryError:
    """Return the error for a name that nobody of the gallery has; `alike` are the names that differ from it little."""
    hint = f"; did you mean {' or '.join(map(repr, alike[:5]))}?" if alike else ""
    return GalleryError(f"expected somebody who is enrolled ({some_of(names)}), received {name!r}{hint}")


def similar(name: str, other: str, where: str) -> SimilarNameError:
    """Return the error for a new name that differs too little from `other`, who is `where`."""
    return SimilarNameError(
        f"expected a name that differs from others in more than case, spacing or Unicode form, received {name!r}, but "
        f"{other!r} is {where}: write {other!r}, or accept {SIMILAR_NAME!r} (in Python accept={SIMILAR_NAME!r}, on the "
        f"command line --accept {SIMILAR_NAME}) if this is another person"
    )
