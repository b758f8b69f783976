"""The formats of export: their files, runtimes, and how far their outputs may differ from Keras's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keras_apps._checks import check_choice, check_number
from keras_apps._runtimes import check_installed


@dataclass(frozen=True)
class Format:
    """A format.

    Attributes:
        ending: The ending of the file's name.
        runtime: The name of what loads and runs the file.
        precision: The precision of its weights: `"float32"`, `"float16"` or `"int8"`.
        needs: Optional libraries that it needs, `(module, ...)`.
    """

    ending: str
    runtime: str
    precision: str = "float32"
    needs: tuple[str, ...] = ()


FORMATS: dict[str, Format] = {
    "keras": Format(".keras", "Keras"),
    "saved_model": Format(".saved_model", "TensorFlow Serving signature"),
    "litert": Format(".tflite", "LiteRT"),
    "litert-float16": Format(".float16.tflite", "LiteRT", "float16"),
    "litert-int8": Format(".int8.tflite", "LiteRT", "int8"),
    "onnx": Format(".onnx", "ONNX Runtime", needs=("tf2onnx", "onnx", "onnxruntime")),
}
"""Name of a format -> `Format`."""

TOLERANCES = {"float32": 1e-5, "float16": 1e-2, "int8": 0.5}
"""Largest difference from Keras by precision, as a share of the largest number of an output."""


def checked_formats(formats: Iterable[str] | str) -> tuple[str, ...]:
    """Check names of formats, and return each once.

    Raises:
        ValueError: If a name is unknown, or there are no names.
        ImportError: If a library that a format needs is not installed.

    Example:
        >>> checked_formats(["litert", "keras", "litert"])
        ('litert', 'keras')
    """
    names = tuple(dict.fromkeys([formats] if isinstance(formats, str) else formats))
    if not names:
        raise ValueError(f"expected at least one format among {', '.join(FORMATS)}, received an empty list")
    for name in names:
        check_choice("format", name, FORMATS)
        for module in FORMATS[name].needs:
            check_installed(module, f"format {name!r}")
    return names


def checked_name(name: str) -> str:
    """Check a name for files, and return it.

    Raises:
        ValueError: If it is empty, contains a folder or a character that file systems refuse, or has a format's ending.

    Example:
        >>> checked_name("door")
        'door'
    """
    is_valid = isinstance(name, str) and name.isprintable() and name.strip() == name != "" and name[0] != "."
    if not is_valid or set(name) & set('/\\:*?"<>|') or without_ending(name) != name or len(name.encode()) > 200:
        raise ValueError(f"expected a file name without folders or an ending, received {name!r}")
    return name


def without_ending(name: str) -> str:
    """Return a name without the endings of formats.

    Example:
        >>> without_ending("door.int8.tflite")
        'door'
    """
    endings = sorted((kind.ending for kind in FORMATS.values()), key=len, reverse=True)  # .int8.tflite before .tflite
    while match := next((ending for ending in endings if name.lower().endswith(ending)), None):
        name = name[: -len(match)]
    return name


def read_tolerances(texts: Iterable[str]) -> dict[str, float]:
    """Parse tolerances of the command line, `NUMBER` for float32 or `PRECISION=NUMBER`.

    Raises:
        ValueError: If a text does not end in a number.

    Example:
        >>> read_tolerances(["1e-6", "int8=0.1"])
        {'float32': 1e-06, 'int8': 0.1}
    """
    tolerances: dict[str, float] = {}
    for text in texts:
        precision, _, number = text.rpartition("=")
        try:
            tolerances[precision or "float32"] = float(number)
        except ValueError:
            raise ValueError(f"expected a tolerance such as 1e-6 or int8=0.1, received {text!r}") from None
    return tolerances


def checked_tolerances(tolerance: float | Mapping[str, float] | None) -> dict[str, float]:
    """Return the tolerance of each precision.

    Args:
        tolerance: A number > 0 for float32, or `{precision: number}`; `TOLERANCES` has the defaults.

    Raises:
        ValueError: If a precision is unknown, or a number is not above 0.
        TypeError: If a tolerance is not a number.

    Example:
        >>> checked_tolerances(1e-6)["float32"]
        1e-06
    """
    by_precision = tolerance if isinstance(tolerance, Mapping) else {} if tolerance is None else {"float32": tolerance}
    for precision, value in by_precision.items():
        check_choice("precision", precision, TOLERANCES)
        check_number(f"{precision} tolerance", value, above=0)
    return TOLERANCES | dict(by_precision)
