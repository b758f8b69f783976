"""`keras-apps`: all commands, and `weights`. An error is one line on standard error and exit code 2."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Annotated

import typer

import keras_apps
from keras_apps import weights
from keras_apps.cli import console
from keras_apps.cli.console import AsJson
from keras_apps.cli.course import app as course_app
from keras_apps.cli.demo import demo
from keras_apps.cli.export import export
from keras_apps.cli.faces import app as faces_app
from keras_apps.cli.style import style
from keras_apps.cli.visualize import app as visualize_app

INTERRUPTED = 130
ABOUT = "Face recognition, style transfer and what ConvNets learn, on Keras 3, with the weights in the box."

app = console.application(ABOUT)
weights_app = console.application("List, verify and download weights.")
app.command()(demo)
app.add_typer(faces_app, name="faces")
app.command("style")(style)
app.command("export")(export)
app.add_typer(visualize_app, name="visualize")
app.add_typer(course_app, name="course")
app.add_typer(weights_app, name="weights")


def _print_version(requested: bool) -> None:
    if requested:
        print(f"keras-apps {keras_apps.__version__}")
        raise typer.Exit


@app.callback(help=ABOUT)
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Accept the options that come before a command."""


@weights_app.command("list")
def list_weights(as_json: AsJson = False) -> None:
    """List the bundled weights with their origin and licence, and where VGG19's weights are."""
    entries = weights.manifest()
    vgg19 = {"available": weights.vgg19_available(), "path": str(weights.vgg19_path())}
    if as_json:
        console.print_json({"bundled": entries, "vgg19": vgg19})
        return
    for name, entry in entries.items():
        source = entry["source"]
        print(f"{name:10} {entry['parameters']:>11,} parameters  {entry['bytes'] / 1e6:5.1f} MB  {entry['licence']}")
        print(f"{'':10} from {source['package']} {source['version']}; input {entry['input']}")
    state = "in Keras's cache" if vgg19["available"] else "not available; run 'keras-apps weights download vgg19'"
    print(f"{'vgg19':10} {state}")


@weights_app.command()
def verify(as_json: AsJson = False) -> None:
    """Compare the checksum of every bundled file with the manifest's."""
    damaged = []
    for name in weights.manifest():
        try:
            weights.checked_path(name)
        except weights.DamagedWeightsError as error:
            damaged.append(str(error))
    if as_json:
        console.print_json({"verified": len(weights.manifest()) - len(damaged), "damaged": damaged})
    elif not damaged:
        print(f"{len(weights.manifest())} weight files verified in {weights.folder()}")
    else:
        console.say("\n".join(f"keras-apps: {line}" for line in damaged))
    if damaged:
        raise typer.Exit(2)


@weights_app.command()
def download(name: Annotated[str, typer.Argument(metavar="NAME", help="vgg19")], as_json: AsJson = False) -> None:
    """Download VGG19's weights into Keras's cache. This is the only command that uses the network."""
    weights.check_download(name)
    console.load_tensorflow()
    with contextlib.redirect_stdout(sys.stderr):  # Keras prints its progress
        path = weights.download(name, report=console.say)
    if as_json:
        console.print_json({"name": name, "path": str(path)})
    else:
        print(f"{name}: downloaded and verified at {path}")


def main() -> None:
    """Run the command line; every error is one line and exit code 2, never a traceback."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name may have letters that the terminal cannot show
    try:
        code = app(standalone_mode=False)
        if code == INTERRUPTED:
            console.say("keras-apps: interrupted")
    except (KeyboardInterrupt, typer.Abort):
        console.say("keras-apps: interrupted")
        code = INTERRUPTED
    except (ValueError, TypeError, OSError, ImportError, MemoryError) as error:
        code = _failed(_words(error))
    except Exception as error:
        if type(error).__name__ == "ResourceExhaustedError":  # TensorFlow may not be loaded
            code = _failed("out of memory; choose a smaller --size")
        elif hasattr(error, "format_message"):  # an error of the command line parser
            code = _usage_error(error.format_message(), type(error).__name__ == "NoArgsIsHelpError")
        elif os.environ.get("KERAS_APPS_DEBUG"):
            raise
        else:
            lines = str(error).strip().splitlines() or ["no message"]
            code = _failed(f"unexpected {type(error).__name__}: {lines[0]} (KERAS_APPS_DEBUG=1 shows where)")
    sys.exit(code or 0)


def _usage_error(message: str, is_help: bool) -> int:
    if is_help:
        print(message)
        return 2
    return _failed(message, " (--help shows how)")


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: '{error.filename}'" if error.filename else error.strerror
    if isinstance(error, MemoryError):
        return str(error) or "out of memory"
    return str(error) or type(error).__name__


def _failed(message: str, hint: str = "") -> int:
    console.say(f"keras-apps: {' '.join(message.split())}{hint}")
    return 2


if __name__ == "__main__":
    main()
