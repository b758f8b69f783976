"""What a model can be exported to: names, files, runtimes, and how far each may be from Keras."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keras_apps._checks import check_choice
from keras_apps._runtimes import check_installed


@dataclass(frozen=True)
class Format:
    """One kind of export.

    Attributes:
        ending: What the file's name ends in.
        runtime: What loads and runs it, in words.
        precision: Of its weights, `"float32"`, `"float16"` or `"int8"`.
        needs: Libraries beyond the package's own, `(module, ...)`.
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
"""Largest difference to Keras by precision, as a share of the output's largest number."""


def checked_formats(formats: Iterable[str] | str) -> tuple[str, ...]:
    """Return the formats asked for, each once.

    Raises:
        ValueError: If one is unknown, or there is none.
        ImportError: If a library that one needs is missing.

    Example:
        >>> checked_formats(["litert", "keras", "litert"])
        ('litert', 'keras')
    """
    wanted = tuple(dict.fromkeys([formats] if isinstance(formats, str) else formats))
    if not wanted:
        raise ValueError(f"expected at least one format among {', '.join(FORMATS)}, received none")
    for name in wanted:
        check_choice("format", name, FORMATS)
        for module in FORMATS[name].needs:
            check_installed(module, f"format {name!r}")
    return wanted


def checked_name(name: str) -> str:
    """Return a name for files.

    Raises:
        ValueError: If it is empty, holds a folder or a sign that file systems refuse, or ends as a format does.

    Example:
        >>> checked_name("door")
        'door'
    """
    fits = isinstance(name, str) and name.isprintable() and name.strip() == name != "" and name[0] != "."
    if not fits or set(name) & set('/\\:*?"<>|') or without_ending(name) != name or len(name.encode()) > 200:
        raise ValueError(f"expected a file's name without folders or an ending, received {name!r}")
    return name


def without_ending(name: str) -> str:
    """Return a name without the endings of formats.

    Example:
        >>> without_ending("door.int8.tflite")
        'door'
    """
    endings = sorted((kind.ending for kind in FORMATS.values()), key=len, reverse=True)  # the whole of .int8.tflite
    while found := next((ending for ending in endings if name.lower().endswith(ending)), None):
        name = name[: -len(found)]
    return name


def read_tolerances(texts: Iterable[str]) -> dict[str, float]:
    """Read tolerances from the command line, `NUMBER` for float32 or `PRECISION=NUMBER`.

    Raises:
        ValueError: If a number is none.

    Example:
        >>> read_tolerances(["1e-6", "int8=0.1"])
        {'float32': 1e-06, 'int8': 0.1}
    """
    found = {}
    for text in texts:
        precision, _, number = text.rpartition("=")
        try:
            found[precision or "float32"] = float(number)
        except ValueError:
            raise ValueError(f"expected a tolerance such as 1e-6 or int8=0.1, received {text!r}") from None
    return found


def checked_tolerances(tolerance: float | Mapping[str, float] | None) -> dict[str, float]:
    """Return the tolerance of each precision.

    Args:
        tolerance: A number > 0 for float32, or `{precision: number}`; what is not given is as in `TOLERANCES`.

    Raises:
        ValueError: If a precision is unknown or a number is not above 0.

    Example:
        >>> checked_tolerances(1e-6)["float32"]
        1e-06
    """
    given = tolerance if isinstance(tolerance, Mapping) else {} if tolerance is None else {"float32": tolerance}
    for precision, value in given.items():
        check_choice("precision", precision, TOLERANCES)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
            raise ValueError(f"expected a tolerance above 0 for {precision}, received {value!r}")
    return TOLERANCES | dict(given)
