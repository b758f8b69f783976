"""An exported file -> arrays in, arrays out, by its own runtime: LiteRT or ONNX Runtime, without Keras."""

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

import numpy as np

from keras_apps._silence import silenced

METADATA = "keras_apps"
"""Under which name a file says of itself what a runtime cannot know: in ONNX's metadata; in LiteRT's, a ZIP archive
behind the model, in a file of this name with the ending .json."""
EXTRA = "pip install 'keras_apps[export]'"


def check_installed(module: str, what: str) -> None:
    """Raise where an optional library is missing; it is not loaded.

    Raises:
        ImportError: In one sentence that names the extra.
    """
    if importlib.util.find_spec(module) is None:
        raise ImportError(f"expected {module} for {what}, received none installed: {EXTRA}", name=module)


class Runtime:
    """A loaded file. Call it with arrays by name of input; it gives arrays by name of output.

    Attributes:
        path: The file.
        inputs: `{name: (shape, dtype)}`; a size that may vary is `None`.
        outputs: `{name: (shape, dtype)}`.
        metadata: What `export` wrote into the file: `white`, 1 or 255. `{}` in other files.
    """

    path: Path
    inputs: dict[str, tuple[tuple[int | None, ...], np.dtype]]
    outputs: dict[str, tuple[tuple[int | None, ...], np.dtype]]
    metadata: dict

    def __call__(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        raise NotImplementedError


class OnnxRuntime(Runtime):
    """A file that ends in .onnx, on the processor by ONNX Runtime.

    Args:
        path: The file.

    Raises:
        ImportError: If ONNX Runtime is not installed.
        ValueError: If the file is no ONNX model.
    """

    def __init__(self, path: str | os.PathLike):
        check_installed("onnxruntime", "ONNX files")
        runtime = importlib.import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.log_severity_level = 3  # errors
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads leave the cores alone
        self.path = Path(path)
        try:
            self._session = runtime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise _unreadable(path, "an ONNX model", error) from None
        self.inputs, self.outputs = (
            {x.name: (tuple(n if isinstance(n, int) else None for n in x.shape), _onnx_type(x.type)) for x in some}
            for some in (self._session.get_inputs(), self._session.get_outputs())
        )
        self.metadata = _told(self._session.get_modelmeta().custom_metadata_map.get(METADATA))

    def __call__(self, arrays):
        return dict(zip(self.outputs, self._session.run(list(self.outputs), dict(arrays)), strict=True))


class LiteRTRuntime(Runtime):
    """A file that ends in .tflite: by `ai_edge_litert` where that is installed, else by TensorFlow's interpreter.

    Args:
        path: The file.
        threads: Threads that it computes with; by default one a core.

    Raises:
        ValueError: If the file is no LiteRT model.
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
        self._places, self._outputs = self._by_name(signature, rows, rows_out)
        self.inputs = {name: (_litert_shape(rows[i]), np.dtype(rows[i]["dtype"])) for name, i in self._places.items()}
        self.outputs = {
            name: (_litert_shape(rows_out[i]), np.dtype(rows_out[i]["dtype"])) for name, i in self._outputs.items()
        }
        self.metadata = _told(_behind(self.path))
        self._ready = False

    def _by_name(self, signature: dict | None, rows: dict, rows_out: dict) -> tuple[dict[str, int], dict[str, int]]:
        """Return the tensors' numbers by the signature's names, or by their own where there is no signature."""
        if signature is None:
            return {rows[i]["name"]: i for i in rows}, {rows_out[i]["name"]: i for i in rows_out}
        runner = self._interpreter.get_signature_runner()
        named_in, named_out = runner.get_input_details(), runner.get_output_details()
        return (
            {name: named_in[name]["index"] for name in signature["inputs"]},
            {name: named_out[name]["index"] for name in signature["outputs"]},
        )

    def __call__(self, arrays):
        changed = False
        now = {row["index"]: tuple(row["shape"]) for row in self._interpreter.get_input_details()}
        for name, index in self._places.items():
            if now[index] != arrays[name].shape:
                self._interpreter.resize_tensor_input(index, arrays[name].shape)
                changed = True
        if changed or not self._ready:
            with contextlib.nullcontext() if self._ready else silenced():  # it tells once which delegate it made
                self._interpreter.allocate_tensors()
            self._ready = True
        for name, index in self._places.items():
            self._interpreter.set_tensor(index, np.ascontiguousarray(arrays[name]))
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}


RUNTIMES = {".onnx": OnnxRuntime, ".tflite": LiteRTRuntime}


def _interpreter(path: str, threads: int | None):
    """Return LiteRT's own interpreter, or TensorFlow's, the same one, where `ai_edge_litert` is not installed.

    TensorFlow warns at every construction that its copy will be gone some day. A user who has TensorFlow only can do
    nothing about it and loses nothing; the day it is gone, the error says what to install.
    """
    try:
        return importlib.import_module("ai_edge_litert.interpreter").Interpreter(model_path=path, num_threads=threads)
    except ImportError:
        tensorflow = importlib.import_module("tensorflow")
    if not hasattr(getattr(tensorflow, "lite", None), "Interpreter"):
        raise ImportError("expected ai_edge_litert for LiteRT files, received none: pip install ai-edge-litert")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*tf.lite.Interpreter is deprecated", UserWarning)
        return tensorflow.lite.Interpreter(model_path=path, num_threads=threads)


def _behind(path: Path) -> str | None:
    """Return the metadata that stands behind a LiteRT model, as text."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.read(f"{METADATA}.json").decode("utf-8")
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, NotImplementedError, RuntimeError):  # none, or another's
        return None


def _told(text: str | None) -> dict:
    try:
        told = json.loads(text or "{}")
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _litert_shape(row: dict) -> tuple[int | None, ...]:
    signature = row["shape_signature"] if len(row.get("shape_signature", ())) else row["shape"]
    return tuple(None if n < 0 else int(n) for n in signature)


def _onnx_type(name: str) -> np.dtype:
    word = name.removeprefix("tensor(").removesuffix(")")
    return np.dtype({"float": "float32", "double": "float64"}.get(word, word))


def _unreadable(path, what: str, error: Exception) -> ValueError:
    reason = (str(error) or type(error).__name__).strip().splitlines()[0]
    return ValueError(f"expected {what}, received '{os.fspath(path)}': {reason[:200]}")
