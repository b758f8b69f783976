"""An exported file -> arrays in, arrays out, by its own runtime: LiteRT or ONNX Runtime, without Keras."""

from __future__ import annotations

import importlib
import importlib.util
import os
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

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
    """

    path: Path
    inputs: dict[str, tuple[tuple[int | None, ...], np.dtype]]
    outputs: dict[str, tuple[tuple[int | None, ...], np.dtype]]

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
            self._interpreter = _interpreter()(model_path=os.fspath(path), num_threads=threads or os.cpu_count())
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
        if changed or not getattr(self, "_ready", False):
            self._interpreter.allocate_tensors()
            self._ready = True
        for name, index in self._places.items():
            self._interpreter.set_tensor(index, np.ascontiguousarray(arrays[name]))
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}


RUNTIMES = {".onnx": OnnxRuntime, ".tflite": LiteRTRuntime}


def _interpreter():
    try:
        return importlib.import_module("ai_edge_litert.interpreter").Interpreter
    except ImportError:
        tensorflow = importlib.import_module("tensorflow")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it moves to ai_edge_litert some day
        return tensorflow.lite.Interpreter


def _litert_shape(row: dict) -> tuple[int | None, ...]:
    signature = row["shape_signature"] if len(row.get("shape_signature", ())) else row["shape"]
    return tuple(None if n < 0 else int(n) for n in signature)


def _onnx_type(name: str) -> np.dtype:
    word = name.removeprefix("tensor(").removesuffix(")")
    return np.dtype({"float": "float32", "double": "float64"}.get(word, word))


def _unreadable(path, what: str, error: Exception) -> ValueError:
    reason = (str(error) or type(error).__name__).strip().splitlines()[0]
    return ValueError(f"expected {what}, received '{os.fspath(path)}': {reason[:200]}")
