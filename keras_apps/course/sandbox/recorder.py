"""A check's call -> what the student's function returned in it, and what the check computes from that.

Where the student's code runs, its results are only recorded, as numbers, texts and lists. What the check computes from
them (a ratio, a sum, a minimum) is computed from the record, by the same lines, in a process where the student's code
never ran. So a changed `np.sum` or `hasattr`, or an object with a false `__eq__`, has no effect on the marks.

`worker` runs outside the package, so this module imports the standard library and NumPy alone.
"""

from __future__ import annotations

import builtins
import contextlib
import itertools
import types
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Set, ValuesView
from typing import Any

BUILTINS = dict(vars(builtins))
MOST_NUMBERS, MOST_DEEP = 20_000, 5


class Other:
    """Stands for a value that is not a number, text, truth value, None or a list of these."""

    def __init__(self, words: str):
        self.words = words


def describe(value: Any, depth: int = 0) -> dict[str, Any]:
    """Describe a value in JSON: numbers with their shape, a list or a set by its items.

    Returns:
        `{"kind": "none", "bool", "text", "array", "items" or "other", "value": ...}`. An array also has "shape", and
        "whole" if it holds integers; items have "list" if they were a list.
    """
    import numpy as np

    if value is None or isinstance(value, (bool, np.bool_)):
        return {"kind": "none"} if value is None else {"kind": "bool", "value": bool(value)}
    if isinstance(value, str):
        return {"kind": "text", "value": value[:200]}
    if isinstance(value, Other):
        return {"kind": "other", "value": value.words}
    if isinstance(value, (Set, Iterator, ValuesView, range)):
        value = list(itertools.islice(value, MOST_NUMBERS + 1))
    if isinstance(value, (list, tuple)):
        if depth > MOST_DEEP or len(value) > MOST_NUMBERS:
            return {"kind": "other", "value": "a very long or deep list"}
        items = {"kind": "items", "value": [describe(item, depth + 1) for item in value]}
        return items | ({"list": True} if isinstance(value, list) else {})
    try:
        array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    except Exception:
        return {"kind": "other", "value": type(value).__name__[:80]}
    with contextlib.suppress(Exception):
        if array.dtype.kind in "OV":  # fractions, decimals, bfloat16
            array = array.astype(float)
        elif array.dtype.kind == "c" and not array.imag.any():
            array = array.real
    if array.dtype.kind == "b" and array.size == 1:
        return {"kind": "bool", "value": bool(array.reshape(()))}
    if array.dtype.kind not in "biuf" or array.size > MOST_NUMBERS:
        return {"kind": "other", "value": f"{type(value).__name__[:80]} of shape {array.shape}"}
    numbers = {"kind": "array", "shape": list(array.shape), "value": array.astype(float).ravel().tolist()}
    return numbers | ({"whole": True} if array.dtype.kind in "iu" else {})


def restore(description: dict[str, Any]) -> Any:
    """Return the value that `describe` described.

    Returns:
        A NumPy array or number, a list, a tuple, a text, a truth value, None, or `Other`.

    Raises:
        ValueError, TypeError: If it is not such a description.
    """
    import numpy as np

    kind, value = description.get("kind"), description.get("value")
    if kind == "items":
        if not isinstance(value, Iterable):
            raise TypeError(f"expected a list of items, received {value!r}")
        items = [restore(item) for item in value]
        return items if description.get("list") is True else tuple(items)
    if kind == "array":
        numbers = np.array(value, np.int64 if description.get("whole") is True else float)
        return numbers.reshape(description["shape"])[()]
    if kind in ("bool", "text"):
        return bool(value) if kind == "bool" else str(value)
    return None if kind == "none" else Other(str(value))


def recorder(function: Callable[..., Any], record: list[dict[str, Any]]) -> Callable[..., Any]:
    """Return a function that calls the student's, and records what it returned and what it left in `tf.Variable`s."""
    function = getattr(function, "python_function", function)  # of a tf.function, which would keep older names

    def call(*arguments: Any, **named: Any) -> Any:
        value = function(*arguments, **named)
        variables = [describe(variable) for variable in _variables(arguments, named)]
        record.append({"value": describe(value), "variables": variables})
        return restore(record[-1]["value"])

    return call


def player(record: list[dict[str, Any]]) -> Callable[..., Any]:
    """Return a function that returns the recorded results, in order."""
    results = iter(list(record))

    def call(*arguments: Any, **named: Any) -> Any:
        result = next(results)
        for variable, description in zip(_variables(arguments, named), result["variables"], strict=True):
            variable.assign(restore(description))
        return restore(result["value"])

    return call


def _variables(arguments: tuple[Any, ...], named: dict[str, Any]) -> list[Any]:
    return [each for each in (*arguments, *named.values()) if hasattr(each, "assign")]


def evaluate(call: dict[str, Any], name: str, function: Callable[..., Any], notebook: MutableMapping[str, Any]) -> Any:
    """Run a check's lines and its call in a namespace of their own, and return the value of the call.

    Args:
        call: `{"given": lines, "call": expression, "stand_ins": names}`.
        name: Of the student's function.
        function: What the check calls by that name.
        notebook: The student's namespace. Only stand-ins are put there, and modules that are missing.
    """
    own = {"__builtins__": dict(BUILTINS), name: function}
    exec(compile(call["given"], "<given>", "exec"), own)
    for stand_in in call.get("stand_ins", ()):
        if stand_in in own:
            notebook[stand_in] = own[stand_in]
    for each, value in own.items():
        if isinstance(value, types.ModuleType):
            notebook.setdefault(each, value)
    return eval(compile(call["call"], "<call>", "eval"), own)
