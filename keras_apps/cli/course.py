"""`keras-apps course`: check a file, list the assignments."""

from __future__ import annotations

from typing import Annotated

import typer

from keras_apps.cli import console
from keras_apps.cli.console import AsJson

ALL_RIGHT, NOT_ALL = 0, 1
ABOUT = "Check your own answers to the course's assignments."

app = console.application(ABOUT)


@app.callback()
def course() -> None:
    """Check your own answers to the course's assignments."""


@app.command("list")
def list_assignments(as_json: AsJson = False) -> None:
    """List the assignments, their functions and points."""
    from keras_apps.course.catalogue.registry import NAMES, assignment

    points = {name: {e.name: e.points for e in assignment(name).exercises} for name in NAMES}
    if as_json:
        console.print_json(points)
        return
    for name, functions in points.items():
        print(f"{name:17} {', '.join(f'{function} {most}' for function, most in functions.items())}")


@app.command()
def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Your notebook (.ipynb) or Python file (.py).")],
    assignment: Annotated[
        str | None,
        typer.Option(help="Name of the assignment, see 'course list'. [default: found by the functions in the file]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the points of the visible checks, and what is wrong. Exit code: 0 all points, 1 not all, 2 error."""
    from keras_apps.course.checking import check as check_file

    report = check_file(file, assignment)
    if as_json:
        console.print_json(
            {
                "assignment": report.assignment,
                "points": report.points,
                "of": report.most,
                "warning": report.warning,
                "functions": {
                    v.name: {"points": v.points, "of": v.most, "parts": v.parts, "messages": v.messages}
                    for v in report.verdicts
                },
            }
        )
    else:
        print(report.text())
    raise typer.Exit(ALL_RIGHT if report.points == report.most else NOT_ALL)
