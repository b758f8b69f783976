"""Run an exported file by LiteRT or ONNX Runtime, without Keras: arrays in, arrays out."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from keras_apps._silence import silenced

METADATA = "keras_apps"
"""The key under which `export` stores what a runtime cannot know: in ONNX a metadata property of this name, in LiteRT
the file `keras_apps.json` in the ZIP archive that follows the model."""
EXTRA = "pip install 'keras_apps[export]'"


def check_installed(module: str, what: str) -> None:
    """Check, without importing it, that an optional library is installed.

    Raises:
        ImportError: If it is not; the message names the extra to install.
    """
    if importlib.util.find_spec(module) is None:
        raise ImportError(f"expected {module} to be installed for {what}; install it with {EXTRA}", name=module)


class Runtime:
    """A loaded file. Call it with `{input name: array}`; it returns `{output name: array}`.

    Attributes:
        path: The file.
        inputs: `{name: (shape, dtype)}`; a size that may vary is `None`.
        outputs: `{name: (shape, dtype)}`.
        metadata: What `export` stored in the file: `white` (1 or 255) and `kind`. `{}` in files from elsewhere.
    """

    path: Path
    inputs: dict[str, tuple[tuple[int | None, ...], np.dtype]]
    outputs: dict[str, tuple[tuple[int | None, ...], np.dtype]]
    metadata: dict[str, Any]

    def __call__(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        raise NotImplementedError


class OnnxRuntime(Runtime):
    """A file that ends in .onnx, run by ONNX Runtime on the CPU.

    Args:
        path: The file.

    Raises:
        ImportError: If ONNX Runtime is not installed.
        ValueError: If the file is not an ONNX model.
    """

    def __init__(self, path: str | os.PathLike):
        check_installed("onnxruntime", "ONNX files")
        runtime = importlib.import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.log_severity_level = 3  # errors only
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads sleep
        self.path = Path(path)
        try:
            self._session = runtime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise _unreadable(path, "an ONNX model", error) from None
        self.inputs, self.outputs = (
            {x.name: (tuple(n if isinstance(n, int) else None for n in x.shape), _onnx_type(x.type)) for x in tensors}
            for tensors in (self._session.get_inputs(), self._session.get_outputs())
        )
        self.metadata = _metadata(self._session.get_modelmeta().custom_metadata_map.get(METADATA))

    def __call__(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return dict(zip(self.outputs, self._session.run(list(self.outputs), dict(arrays)), strict=True))


class LiteRTRuntime(Runtime):
    """A file that ends in .tflite, run by `ai_edge_litert` where it is installed, else by TensorFlow's interpreter.

    Args:
        path: The file.
        threads: Number of threads; by default one for each core.

    Raises:
        ValueError: If the file is not a LiteRT model.
    """

    def __init__(self, path: str | os.PathLike, threads: int | None = None):
        self.path = Path(path)
        try:
            self._interpreter = _interpreter(os.fspath(path), threads or os.cpu_count())
            signature = next(iter(self._interpreter.get_signature_list().values()), None)
        except (ValueError, RuntimeError) as error:
            raise _unreadable(path, "a LiteRT model", error) from None
        rows = {row["index"]: row for row in self._interpreter.get_input_details()}
        rows_out = {row["index"]: row for row in self._interpreter.get_output_details()}
        self._inputs, self._outputs = self._tensor_indices(signature, rows, rows_out)
        self.inputs = {name: (_litert_shape(rows[i]), np.dtype(rows[i]["dtype"])) for name, i in self._inputs.items()}
        self.outputs = {
            name: (_litert_shape(rows_out[i]), np.dtype(rows_out[i]["dtype"])) for name, i in self._outputs.items()
        }
        self.metadata = _metadata(_litert_metadata(self.path))
        self._allocated = False

    def _tensor_indices(
        self, signature: dict[str, Any] | None, rows: dict[int, Any], rows_out: dict[int, Any]
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Return the tensors' indices by the signature's names, or by their own names where there is no signature."""
        if signature is None:
            return {rows[i]["name"]: i for i in rows}, {rows_out[i]["name"]: i for i in rows_out}
        runner = self._interpreter.get_signature_runner()
        named_in, named_out = runner.get_input_details(), runner.get_output_details()
        return (
            {name: named_in[name]["index"] for name in signature["inputs"]},
            {name: named_out[name]["index"] for name in signature["outputs"]},
        )

    def __call__(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        resized = False
        shapes = {row["index"]: tuple(row["shape"]) for row in self._interpreter.get_input_details()}
        for name, index in self._inputs.items():
            if shapes[index] != arrays[name].shape:
                self._interpreter.resize_tensor_input(index, arrays[name].shape)
                resized = True
        if resized or not self._allocated:
            with contextlib.nullcontext() if self._allocated else silenced():  # the first time it prints its delegate
                self._interpreter.allocate_tensors()
            self._allocated = True
        for name, index in self._inputs.items():
            self._interpreter.set_tensor(index, np.ascontiguousarray(arrays[name]))
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}


RUNTIMES: dict[str, type[OnnxRuntime] | type[LiteRTRuntime]] = {".onnx": OnnxRuntime, ".tflite": LiteRTRuntime}


def _interpreter(path: str, threads: int | None) -> Any:
    """Return LiteRT's own interpreter, or TensorFlow's copy of it where `ai_edge_litert` is not installed.

    TensorFlow warns each time that its copy will be removed in a later version. The warning is hidden, because the
    user need not do anything yet; once the copy is removed, the error here says what to install.
    """
    try:
        return importlib.import_module("ai_edge_litert.interpreter").Interpreter(model_path=path, num_threads=threads)
    except ImportError:
        tensorflow = importlib.import_module("tensorflow")
    if not hasattr(getattr(tensorflow, "lite", None), "Interpreter"):
        raise ImportError("expected ai_edge_litert to be installed for LiteRT files: pip install ai-edge-litert")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*tf.lite.Interpreter is deprecated", UserWarning)
        return tensorflow.lite.Interpreter(model_path=path, num_threads=threads)


def _litert_metadata(path: Path) -> str | None:
    """Return the text that `export` stored in the ZIP archive after a LiteRT model, or `None`."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(f"{METADATA}.json").decode("utf-8")
    except (
        zipfile.BadZipFile,
        KeyError,
        UnicodeDecodeError,
        NotImplementedError,
        RuntimeError,
    ):  # no archive, or not `export`'s
        return None


def _metadata(text: str | None) -> dict[str, Any]:
    try:
        metadata = json.loads(text or "{}")
    except ValueError:
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _litert_shape(row: dict[str, Any]) -> tuple[int | None, ...]:
    signature = row["shape_signature"] if len(row.get("shape_signature", ())) else row["shape"]
    return tuple(None if n < 0 else int(n) for n in signature)


def _onnx_type(name: str) -> np.dtype:
    word = name.removeprefix("tensor(").removesuffix(")")
    return np.dtype({"float": "float32", "double": "float64"}.get(word, word))


def _unreadable(path: str | os.PathLike, what: str, error: Exception) -> ValueError:
    reason = (str(error) or type(error).__name__).strip().splitlines()[0]
    return ValueError(f"expected {what}, received '{os.fspath(path)}': {reason[:200]}")
