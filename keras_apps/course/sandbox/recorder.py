"""A check's call -> what a student's function answered in it, and what the check makes of these answers.

Where the student's code runs, its answers are only recorded, as plain things. What the check makes of them (a ratio, a
sum, the least of two) is worked out from the record, by the same lines, in a process where no student's code ever ran.
So a changed `np.sum` or `hasattr`, or an object that lies about itself, is nothing but an answer.

Run by `nursery` outside the package, so it imports the standard library and NumPy alone.
"""

from __future__ import annotations

import builtins
import contextlib
import itertools
import types
from collections.abc import Callable, Iterator, MutableMapping, Set, ValuesView

BUILTINS = dict(vars(builtins))
MOST_NUMBERS, MOST_DEEP = 20_000, 5


class Other:
    """Stands for an answer that is no number, text, truth or list of them."""

    def __init__(self, words: str):
        self.words = words


def plain(value, depth: int = 0):
    """Describe a value by plain things only: numbers by their shape, a list or a set by its parts."""
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
        items = {"kind": "items", "value": [plain(item, depth + 1) for item in value]}
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


def restored(described: dict):
    """Return what `plain` described: a NumPy array or number, a list, a tuple, a text, a truth, None, or `Other`.

    Raises:
        ValueError, TypeError: If it describes none.
    """
    import numpy as np

    kind, value = described.get("kind"), described.get("value")
    if kind == "items":
        items = [restored(item) for item in value]
        return items if described.get("list") is True else tuple(items)
    if kind == "array":
        return np.array(value, np.int64 if described.get("whole") is True else float).reshape(described["shape"])[()]
    if kind in ("bool", "text"):
        return bool(value) if kind == "bool" else str(value)
    return None if kind == "none" else Other(str(value))


def recorder(answer: Callable, record: list[dict]) -> Callable:
    """Return a function that asks the student's, and notes what it gave and what it left in `tf.Variable`s."""
    answer = getattr(answer, "python_function", answer)  # of a tf.function, which would keep older names

    def ask(*arguments, **named):
        value = answer(*arguments, **named)
        record.append({"value": plain(value), "left": [plain(each) for each in _variables(arguments, named)]})
        return restored(record[-1]["value"])

    return ask


def player(record: list[dict]) -> Callable:
    """Return a function that gives the recorded answers, in order."""
    left = list(record)

    def ask(*arguments, **named):
        one = left.pop(0)
        for variable, described in zip(_variables(arguments, named), one["left"], strict=True):
            variable.assign(restored(described))
        return restored(one["value"])

    return ask


def _variables(arguments: tuple, named: dict) -> list:
    return [each for each in (*arguments, *named.values()) if hasattr(each, "assign")]


def work_out(call: dict, name: str, ask: Callable, names: MutableMapping):
    """Run a check's lines and its call among names of their own, and return what the call gives.

    Args:
        call: `{"given": lines, "call": expression, "stand_ins": names}`.
        name: Of the student's function.
        ask: What the check calls by that name.
        names: The student's. Only stand-ins are put there, and the modules that are missing.
    """
    own = {"__builtins__": dict(BUILTINS), name: ask}
    exec(compile(call["given"], "<given>", "exec"), own)
    for stand_in in call.get("stand_ins", ()):
        if stand_in in own:
            names[stand_in] = own[stand_in]
    for each, value in own.items():
        if isinstance(value, types.ModuleType):
            names.setdefault(each, value)
    return eval(compile(call["call"], "<call>", "eval"), own)
