"""What counts as a whole number, everywhere."""

from __future__ import annotations

import numpy as np


def is_whole(number: object) -> bool:
    """Return whether something is a whole number, Python's or NumPy's; `True` is none.

    Example:
        >>> [is_whole(value) for value in (3, np.int64(3), 3.0, True)]
        [True, True, False, False]
    """
    return isinstance(number, (int, np.integer)) and not isinstance(number, bool)
