"""A value that came back and the values it may be -> equal or not, and a text to show it."""

from __future__ import annotations

import numpy as np


def pick(value: object, number: int | None) -> tuple[object, bool]:
    """Return an item of a described value, and whether it has that item.

    Args:
        value: As `calling.plain` describes values.
        number: Which item; the whole value where None.
    """
    if number is None:
        return value, True
    items = value.get("value") if isinstance(value, dict) and value.get("kind") == "items" else None
    if not isinstance(items, list) or not number < len(items):
        return value, False
    return items[number], True


def agrees(value: object, expected: object, tolerance: float) -> bool:
    """Say whether a described value is the expected one.

    Args:
        value: As `calling.plain` describes values.
        expected: A number, text, None, or lists of them. A number also agrees with an array of that one number, lists
            of numbers with an array of that shape.
        tolerance: Relative, and absolute below 1.
    """
    if not isinstance(value, dict):
        return False
    kind, content = value.get("kind"), value.get("value")
    if expected is None:
        return kind == "none"
    if isinstance(expected, (bool, str)):
        wanted = "bool" if isinstance(expected, bool) else "text"
        return kind == wanted and content == expected
    array = as_array(value)
    try:
        numbers = np.asarray(expected, float)
    except (ValueError, TypeError):
        numbers = None
    if numbers is not None and array is not None:
        if numbers.size != array.size or (numbers.ndim and numbers.shape != array.shape):
            return False
        off = np.abs(array.reshape(numbers.shape) - numbers)
        return bool(np.all(off <= tolerance * np.maximum(1, np.abs(numbers))))
    if isinstance(expected, (list, tuple)) and kind == "items" and isinstance(content, list):
        return len(content) == len(expected) and all(map(agrees, content, expected, [tolerance] * len(content)))
    return False


def as_array(value: object) -> np.ndarray | None:
    """Return the numbers of a described value, or None where it has others than numbers."""
    if not isinstance(value, dict):
        return None
    kind, content = value.get("kind"), value.get("value")
    try:
        if kind == "array":
            return np.asarray(content, float).reshape(value.get("shape"))
        if kind == "items":
            parts = [as_array(item) for item in content]
            return None if any(part is None for part in parts) else np.asarray(parts, float)
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass
    return None


def shown(value: object) -> str:
    """Return a short text for a described value or an expected one."""
    if isinstance(value, dict) and "kind" in value:
        kind, content = str(value["kind"]), value.get("value")
        array = as_array(value)
        if array is not None:
            return _numbers(array)
        if kind == "items" and isinstance(content, list):
            return _listed(content, "()")
        return {"none": "None", "other": f"something else ({content})"}.get(kind, repr(content)[:60])
    if isinstance(value, (list, tuple)):
        array = np.asarray(value, object).ravel()
        if any(part is None or isinstance(part, (bool, str)) for part in array):
            return _listed(value, "[]")
        try:
            return _numbers(np.asarray(value, float))
        except (ValueError, TypeError):
            return repr(value)
    return repr(value)


def _listed(items: list | tuple, brackets: str) -> str:
    """Show a list's items; a list of one in square brackets, since round ones would not show that it is one."""
    first, last = brackets if len(items) > 1 else "[]"
    return _short(first + ", ".join(shown(item) for item in items[:8]) + last)


def _numbers(array: np.ndarray) -> str:
    if array.size > 12:
        return f"an array of shape {array.shape}"

    def words(part):
        return f"{part:.6g}" if isinstance(part, float) else "[" + ", ".join(map(words, part)) + "]"

    return words(array.tolist())


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:117] + "..."
