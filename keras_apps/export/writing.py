"""A graph -> a file, and a file -> a function that runs it."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import logging
import re
import shutil
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import keras
import numpy as np

from keras_apps._runtimes import METADATA, LiteRTRuntime, OnnxRuntime
from keras_apps._silence import silenced
from keras_apps.export.crops import CALIBRATION, Crops
from keras_apps.export.formats import FORMATS
from keras_apps.export.graphs import Graph
from keras_apps.faces.alignment import STANDARD


class Writer:
    """Write one graph in several formats. The SavedModel, which LiteRT's converter reads, is written only once.

    Args:
        graph: What is exported.
        folder: The folder to write to.
        scratch: A folder for temporary files.
        calibration: Pictures from which int8 takes its ranges; needed only for int8.
        final_folder: Where the files are moved to in the end, for messages; `folder` by default.
    """

    def __init__(
        self,
        graph: Graph,
        folder: Path,
        scratch: Path,
        calibration: Crops | None = None,
        final_folder: Path | None = None,
    ):
        self.graph, self.folder, self.scratch, self.calibration = graph, folder, scratch, calibration
        self.final_folder = final_folder or folder
        self._saved_model_path: Path | None = None

    def __call__(self, name: str) -> Path:
        """Write the file of a format, and return its path.

        Raises:
            ValueError: If the format cannot represent this model; the message says why.
            OSError: If the disk is full or not writable.
        """
        path = self.folder / f"{self.graph.name}{FORMATS[name].ending}"
        if name not in ("keras", "saved_model") and _is_quantized(self.graph.model):
            raise ValueError(
                f"{name} cannot represent the model {self.graph.name!r}, which `quantize` has changed; export it "
                "as it was before; the format 'litert-int8' quantizes it"
            )
        writers = {"keras": self._keras, "saved_model": self._saved_model, "onnx": self._onnx}
        try:
            with _quiet():
                writers.get(name, self._litert)(path, FORMATS[name].precision)
        except Exception as error:
            disk_is_full = getattr(error, "errno", None) == errno.ENOSPC or "no space left" in str(error).lower()
            if disk_is_full:  # HDF5, TensorFlow and protobuf raise other types of errors, or name no file
                raise OSError(
                    errno.ENOSPC, f"No space left to write {name}", str(self.final_folder / path.name)
                ) from None
            if isinstance(error, OSError):  # caused by the disk, not by the model
                raise
            reason = _reason(name, error)
            raise ValueError(f"{name} cannot represent the model {self.graph.name!r}: {reason}") from None
        return path

    def _keras(self, path: Path, precision: str) -> None:
        saved = self.graph.saved
        if getattr(saved, "optimizer", None) is None:
            saved.save(path)
            return
        saved.save(self.scratch / "compiled.keras")  # Adam's moments would triple the size of the file
        keras.saving.load_model(self.scratch / "compiled.keras", compile=False, safe_mode=True).save(path)

    def _saved_model(self, path: Path, precision: str) -> None:
        if self._saved_model_path is None:
            self.graph.model.export(path, format="tf_saved_model", verbose=False)
            self._saved_model_path = path
        else:
            shutil.copytree(self._saved_model_path, path)

    def _litert(self, path: Path, precision: str) -> None:
        import tensorflow as tf

        if self._saved_model_path is None:
            self._saved_model(self.scratch / "saved_model", "float32")
        converter = tf.lite.TFLiteConverter.from_saved_model(str(self._saved_model_path))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if precision == "int8":  # by channel; input, output and operations without an int8 kernel stay float
            converter.representative_dataset = self._representative
        path.write_bytes(converter.convert())
        with zipfile.ZipFile(path, "a") as archive:  # after the model, where LiteRT's own metadata files are
            archive.writestr(zipfile.ZipInfo(f"{METADATA}.json"), json.dumps(self._metadata()))

    def _representative(self) -> Iterator[dict[str, np.ndarray]]:
        assert self.calibration is not None
        count = len(self.calibration.first if len(self.graph.inputs) == 2 else self.calibration.pixels)
        order = np.random.default_rng(0).permutation(count)[:CALIBRATION]
        for i in order:
            yield self.calibration.arrays(self.graph, slice(i, i + 1))

    def _onnx(self, path: Path, precision: str) -> None:
        model = self.graph.model
        tensors = [keras.KerasTensor(x.shape, x.dtype) for x in model.inputs]
        model(
            tensors if len(tensors) > 1 else tensors[0], training=False
        )  # Keras exports only models that have been called
        model.export(path, format="onnx", verbose=False)
        import onnx

        proto = onnx.load(path)
        onnx.helper.set_model_props(proto, {METADATA: json.dumps(self._metadata())})
        onnx.save(proto, path)

    def _metadata(self) -> dict[str, object]:
        """Return what a file says of itself: the value of white in its input, the kind of model, and its chips."""
        about: dict[str, object] = {"white": int(self.graph.white), "kind": self.graph.kind}
        return about if self.graph.layout is STANDARD else about | {"layout": self.graph.layout.as_json()}


def _is_quantized(model: keras.Model) -> bool:
    """Return whether Keras's own `quantize` has changed one of a model's layers."""
    return any(getattr(layer, "quantization_mode", None) for layer in model._flatten_layers())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the converters' chatter off the terminal, C++'s too; what they raise says what was wrong."""
    loggers = [logging.getLogger(name) for name in ("tensorflow", "tf2onnx", "absl")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings(), silenced():
            warnings.simplefilter("ignore")
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _reason(name: str, error: Exception) -> str:
    """Return in one line why a format cannot represent a model."""
    missing = re.search(r"TF Select ops: ([\w, ]+)", str(error))
    if missing:
        return f"{FORMATS[name].runtime} has no operation for {missing[1].strip()}"
    message = re.sub(r"<unknown>:0: \w+: |loc\(.*?\)+: ", "", str(error))  # remove MLIR's source locations
    return " ".join((message or type(error).__name__).split())[:300]


def megabytes(path: Path) -> float:
    """Return the size of a file, or of all files in a folder, in MB (10^6 bytes)."""
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(p.stat().st_size for p in files) / 1e6


def versions(formats: Iterable[str]) -> dict[str, str]:
    """Return the versions of the libraries that write some formats, `{library: version}`."""
    import importlib.metadata

    import tensorflow as tf

    import keras_apps

    libraries = {"keras_apps": keras_apps.__version__, "keras": keras.__version__, "tensorflow": tf.__version__}
    for module in sorted({module for name in formats for module in FORMATS[name].needs}):
        libraries[module] = importlib.metadata.version(module)
    return libraries


Run = Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]


def run_of_keras(model: keras.Model, graph: Graph) -> Run:
    """Return a function that runs a Keras model, with the names of a graph's outputs."""
    names = list(graph.model.output)

    def run(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        inputs = list(arrays.values())
        output = model.predict_on_batch(inputs[0] if len(inputs) == 1 else inputs)
        if isinstance(output, dict):
            return {name: np.asarray(value) for name, value in output.items()}
        outputs = output if isinstance(output, (list, tuple)) else [output]
        return {name: np.asarray(value) for name, value in zip(names, outputs, strict=True)}

    return run


def load_back(name: str, path: Path, graph: Graph) -> Run:
    """Load a file by its own runtime: Keras in safe mode, the serving signature, LiteRT or ONNX Runtime.

    Args:
        name: The format.
        path: The file, or the SavedModel's folder.
        graph: What was exported.
    """
    if name == "keras":
        return run_of_keras(keras.saving.load_model(path, compile=False, safe_mode=True), graph)
    if name == "saved_model":
        return _serving(path)
    return OnnxRuntime(path) if name == "onnx" else LiteRTRuntime(path)


def _serving(path: Path) -> Run:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    signature = loaded.signatures["serving_default"]

    def run(arrays: Mapping[str, np.ndarray], loaded: object = loaded) -> dict[str, np.ndarray]:
        # `loaded` is an argument so that it stays alive: the signature holds no reference to the variables
        outputs = signature(**{name: tf.constant(array) for name, array in arrays.items()})
        return {name: value.numpy() for name, value in outputs.items()}

    return run
