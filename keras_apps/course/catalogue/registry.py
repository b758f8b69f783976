"""The assignments by name."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from keras_apps._checks import check_choice
from keras_apps.course.catalogue.cases import Assignment, Exercise

NAMES = ("face_recognition", "art_generation", "convolutions")


def assignments() -> tuple[str, ...]:
    """Return the assignments' names, in the course's order.

    Example:
        >>> assignments()
        ('face_recognition', 'art_generation', 'convolutions')
    """
    return NAMES


def assignment(name: str) -> Assignment:
    """Return an assignment with its visible checks.

    Args:
        name: One of `assignments()`.

    Raises:
        ValueError: If there is none of that name.

    Example:
        >>> [exercise.name for exercise in assignment("convolutions").exercises]
        ['output_shape', 'conv1d', 'conv3d', 'inflate']
    """
    check_choice("assignment", name, NAMES)
    return importlib.import_module(f"keras_apps.course.catalogue.{name}").ASSIGNMENT


def exercise(name: str) -> Exercise:
    """Return the exercise of a function.

    Raises:
        ValueError: If no assignment asks for it.
    """
    known = {e.name: e for a in NAMES for e in assignment(a).exercises}
    check_choice("function", name, known)
    return known[name]


def assignment_with(functions: Iterable[str]) -> Assignment | None:
    """Return the assignment that asks for most of these functions, or None where none asks for any."""
    functions = set(functions)
    found = [(len(functions & {e.name for e in assignment(a).exercises}), assignment(a)) for a in NAMES]
    most, best = max(found, key=lambda pair: pair[0])
    return best if most else None
