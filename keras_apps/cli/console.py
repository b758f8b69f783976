"""What every command uses: lines and progress bars on standard error, JSON, a quiet start of TensorFlow."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keras_apps._silence import silenced

if TYPE_CHECKING:
    from rich.progress import Progress

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def application(help_text: str) -> typer.Typer:
    """Return a group of commands with plain help texts and without tracebacks."""
    return typer.Typer(  # no markup: rich would read defaults in [brackets] as styles and leave them out
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


def print_json(value: object) -> None:
    """Print one JSON document; NaN and infinity become null."""
    print(json.dumps(_without_nan(value)))


def _without_nan(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nan(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(v) for v in value]
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    return value


def say(line: str) -> None:
    """Print a line of progress on standard error."""
    if sys.stderr is not None:
        print(line, file=sys.stderr, flush=True)


@contextmanager
def progress_bar(*columns: str) -> Iterator[Progress]:
    """Yield a progress bar, which is shown only where standard error is a terminal.

    Args:
        columns: Templates of further text columns, for instance `"cost {task.fields[cost]}"`.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    texts = [TextColumn(text) for text in columns]
    console = Console(stderr=True)
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), *texts)
    bar = Progress(*parts, console=console, disable=not console.is_terminal)
    with bar:
        yield bar


def load_tensorflow() -> None:
    """Load TensorFlow for a command, without the messages that its C++ code prints at the start.

    oneDNN is switched on for this process, unless the user has set `TF_ENABLE_ONEDNN_OPTS`: on processors where
    TensorFlow leaves it off (those without AVX-512), convolutions take half the time with it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if sys.stderr is None:
        return
    if sys.stderr.isatty() and "tensorflow" not in sys.modules:
        say("Loading TensorFlow ...")
    with silenced():
        import keras  # noqa: F401


def expand(paths: list[str]) -> list[str]:
    """Replace each folder by the pictures in it, sorted by name.

    Raises:
        FileNotFoundError: If a path does not exist.
        ValueError: If a folder contains no pictures.
    """
    from keras_apps import images

    pictures = []
    for text in paths:
        if images.is_data_address(text):
            pictures.append(text)
            continue
        path = images.resolve(text)
        if not path.exists():
            raise FileNotFoundError(f"expected a picture or a folder of them, received '{text}', which does not exist")
        if not path.is_dir():
            pictures.append(text)
            continue
        in_folder = sorted(str(p) for p in path.iterdir() if p.suffix.lower() in images.PICTURE_ENDINGS and p.is_file())
        if not in_folder:
            raise ValueError(f"expected pictures in the folder '{text}', received none")
        pictures += in_folder
    return pictures


def existing(path: str) -> str:
    """Return the path of a gallery that must exist.

    Raises:
        FileNotFoundError: If it does not exist.
        ValueError: If the file is empty.
    """
    if not Path(path).exists():
        raise FileNotFoundError(f"expected a gallery, received '{path}', which does not exist; 'faces enrol' makes one")
    if Path(path).is_file() and Path(path).stat().st_size == 0:
        raise ValueError(f"expected a gallery, received '{path}', which is an empty file")
    return path
