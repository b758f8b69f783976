"""One word among several: the one error that every wrong name is answered with."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

import numpy as np


def check_choice(what: str, value: object, choices: Iterable[str], error: type[Exception] = ValueError) -> None:
    """Raise unless a value is one of the choices; the ones that look like it are named.

    Args:
        what: The thing that is chosen, for instance `"backbone"`; an article fits before it.
        value: What was chosen.
        choices: The names that exist.
        error: What is raised.

    Raises:
        ValueError: (or `error`) If the value is not a string among the choices.

    Example:
        >>> check_choice("fruit", "aple", ["apple", "fig"])
        Traceback (most recent call last):
        ValueError: expected a fruit among apple, fig, received 'aple'; did you mean 'apple'?
    """
    known = list(choices)
    if isinstance(value, str) and value in known:
        return
    near = difflib.get_close_matches(str(value), known, n=2, cutoff=0.5)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    article = "an" if what[0] in "aeiou" else "a"
    raise error(f"expected {article} {what} among {', '.join(known)}, received {value!r}{hint}")


def is_whole(number: object) -> bool:
    """Return whether something is a whole number, Python's or NumPy's; `True` is none.

    Example:
        >>> [is_whole(value) for value in (3, np.int64(3), 3.0, True)]
        [True, True, False, False]
    """
    return isinstance(number, (int, np.integer)) and not isinstance(number, bool)
