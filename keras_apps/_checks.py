"""The checks of arguments: a whole number, a number, one name among several. Each raises one sentence."""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Iterable

import numpy as np


def check_choice(what: str, value: object, choices: Iterable[str], error: type[Exception] = ValueError) -> None:
    """Raise unless a value is one of the choices; the error suggests the ones that are spelt alike.

    Args:
        what: What is chosen, for instance `"backbone"`; it follows an article in the error.
        value: What was chosen.
        choices: The names that exist.
        error: The exception to raise.

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
    """Return whether a value is a whole number: Python's or NumPy's, but not `True` or `False`.

    Example:
        >>> [is_whole(value) for value in (3, np.int64(3), 3.0, True)]
        [True, True, False, False]
    """
    return isinstance(number, (int, np.integer)) and not isinstance(number, bool)


def check_whole(what: str, value: object, least: int = 1, most: float = math.inf) -> int:
    """Return a whole number as an `int`.

    Args:
        what: What the number is, for instance `"epochs"`.
        value: The number.
        least, most: The range, both ends included.

    Raises:
        TypeError: If the value is not a whole number.
        ValueError: If it is outside the range.

    Example:
        >>> check_whole("epochs", 0)
        Traceback (most recent call last):
        ValueError: expected epochs of at least 1, received 0
    """
    if not is_whole(value):
        raise TypeError(f"expected a whole number for {what}, received {value!r}")
    assert isinstance(value, (int, np.integer))
    if not least <= value <= most:
        raise ValueError(f"expected {what} {_range(least, most)}, received {value}")
    return int(value)


def check_number(
    what: str, value: object, least: float = -math.inf, most: float = math.inf, *, above: float = -math.inf
) -> float:
    """Return a finite real number as a `float`.

    Args:
        what: What the number is, for instance `"margin"`.
        value: The number.
        least, most: The range, both ends included.
        above: The number must be greater than this.

    Raises:
        TypeError: If the value is not a real number.
        ValueError: If it is not finite, or outside the range.

    Example:
        >>> check_number("margin", 0, above=0)
        Traceback (most recent call last):
        ValueError: expected margin above 0, received 0
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise TypeError(f"expected a number for {what}, received {value!r}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"expected a finite number for {what}, received {value!r}")
    if not least <= number <= most or number <= above:
        raise ValueError(f"expected {what} {_range(least, most, above)}, received {value!r}")
    return number


def _range(least: float, most: float, above: float = -math.inf) -> str:
    if above > -math.inf:
        return f"above {above:g}" + (f" and up to {most:g}" if most < math.inf else "")
    if least > -math.inf and most < math.inf:
        return f"from {least:.15g} to {most:.15g}"
    return f"of at least {least:.15g}" if least > -math.inf else f"of at most {most:.15g}"
