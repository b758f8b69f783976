"""A measured quantity (seconds, hertz, millimetres) -> a float in its range, or an error."""

from __future__ import annotations

import math
import numbers


def check_number(what: str, value: object, least: float = -math.inf, most: float = math.inf) -> float:
    """Return a finite number as a float.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is not finite, or not from `least` to `most`.

    Example:
        >>> check_number("rate", 0, least=50)
        Traceback (most recent call last):
        ValueError: expected rate of at least 50, received 0
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"expected a number for {what}, received {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number for {what}, received {value!r}")
    if value < least:
        raise ValueError(f"expected {what} of at least {least:g}, received {value!r}")
    if value > most:
        raise ValueError(f"expected {what} of at most {most:g}, received {value!r}")
    return float(value)
