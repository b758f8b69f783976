"""The assignments, by name and by function."""

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
        ValueError: If no assignment has that name.

    Example:
        >>> [exercise.name for exercise in assignment("convolutions").exercises]
        ['output_shape', 'conv1d', 'conv3d', 'inflate']
    """
    check_choice("assignment", name, NAMES)
    return importlib.import_module(f"keras_apps.course.catalogue.{name}").ASSIGNMENT


def exercise(name: str) -> Exercise:
    """Return the exercise that asks for a function.

    Raises:
        ValueError: If no assignment asks for this function.
    """
    exercises = {e.name: e for a in NAMES for e in assignment(a).exercises}
    check_choice("function", name, exercises)
    return exercises[name]


def assignment_with(functions: Iterable[str]) -> Assignment | None:
    """Return the assignment that asks for most of these functions; None if no assignment asks for any."""
    functions = set(functions)
    counts = {name: len(functions & {e.name for e in assignment(name).exercises}) for name in NAMES}
    best = max(NAMES, key=lambda name: counts[name])
    return assignment(best) if counts[best] else None
