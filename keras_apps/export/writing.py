"""A graph -> a file of a format."""

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
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import keras
import numpy as np

from keras_apps._runtimes import METADATA, LiteRTRuntime, OnnxRuntime
from keras_apps._silence import silenced
from keras_apps.export.crops import CALIBRATION, Crops
from keras_apps.export.formats import FORMATS
from keras_apps.export.graphs import Graph


class Writer:
    """Write one graph in several formats; the SavedModel, which LiteRT's converter reads, is made once.

    Args:
        graph: What is exported.
        folder: Where the files go.
        scratch: A folder for what is needed on the way.
        calibration: Pictures from which int8's ranges are taken; needed for that alone.
        goal: Where the files come to stand in the end, for messages; `folder` by default.
    """

    def __init__(
        self, graph: Graph, folder: Path, scratch: Path, calibration: Crops | None = None, goal: Path | None = None
    ):
        self.graph, self.folder, self.scratch, self.calibration = graph, folder, scratch, calibration
        self.goal = goal or folder
        self._made: Path | None = None

    def __call__(self, name: str) -> Path:
        """Write a format, and return the file's path.

        Raises:
            ValueError: If the format cannot hold this model, in one sentence.
        """
        path = self.folder / f"{self.graph.name}{FORMATS[name].ending}"
        own = {"keras": self._keras, "saved_model": self._saved_model, "onnx": self._onnx}
        try:
            with _quiet():
                own.get(name, self._litert)(path, FORMATS[name].precision)
        except Exception as error:
            full = getattr(error, "errno", None) == errno.ENOSPC or "no space left" in str(error).lower()
            if full:  # HDF5, TensorFlow and protobuf have errors of their own for it, or tell no file
                raise OSError(errno.ENOSPC, f"No space left to write {name}", str(self.goal / path.name)) from None
            if isinstance(error, OSError):  # the disk, not the model
                raise
            reason = _reason(name, error)
            raise ValueError(f"expected a model that {name} can hold, received {self.graph.name!r}: {reason}") from None
        return path

    def _keras(self, path: Path, precision: str) -> None:
        saved = self.graph.saved
        if getattr(saved, "optimizer", None) is None:
            saved.save(path)
            return
        saved.save(self.scratch / "compiled.keras")  # Adam's moments alone are twice the weights
        keras.saving.load_model(self.scratch / "compiled.keras", compile=False, safe_mode=True).save(path)

    def _saved_model(self, path: Path, precision: str) -> None:
        if self._made is None:
            self.graph.model.export(path, format="tf_saved_model", verbose=False)
            self._made = path
        else:
            shutil.copytree(self._made, path)

    def _litert(self, path: Path, precision: str) -> None:
        import tensorflow as tf

        if self._made is None:
            self._saved_model(self.scratch / "saved_model", "float32")
        converter = tf.lite.TFLiteConverter.from_saved_model(str(self._made))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if precision != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if precision == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if precision == "int8":  # weights by channel; what has no int8 kernel, and input and output, stay float
            converter.representative_dataset = self._representative
        path.write_bytes(converter.convert())
        with zipfile.ZipFile(path, "a") as archive:  # behind the model, as LiteRT's metadata has its files
            archive.writestr(zipfile.ZipInfo(f"{METADATA}.json"), json.dumps(self._told()))

    def _representative(self) -> Iterator[dict[str, np.ndarray]]:
        count = len(self.calibration.first if len(self.graph.inputs) == 2 else self.calibration.pixels)
        order = np.random.default_rng(0).permutation(count)[:CALIBRATION]
        for i in order:
            yield self.calibration.arrays(self.graph, slice(i, i + 1))

    def _onnx(self, path: Path, precision: str) -> None:
        model = self.graph.model
        tensors = [keras.KerasTensor(x.shape, x.dtype) for x in model.inputs]
        model(tensors if len(tensors) > 1 else tensors[0], training=False)  # Keras exports what has been called alone
        model.export(path, format="onnx", verbose=False)
        import onnx

        whole = onnx.load(path)
        onnx.helper.set_model_props(whole, {METADATA: json.dumps(self._told())})
        onnx.save(whole, path)

    def _told(self) -> dict:
        """Return what a file says of itself: what white is in its input, and whether it is a tower."""
        return {"white": int(self.graph.white), "kind": self.graph.kind}


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
    """Return why a format cannot hold a model, in one line."""
    missing = re.search(r"TF Select ops: ([\w, ]+)", str(error))
    if missing:
        return f"{FORMATS[name].runtime} has no operation for {missing[1].strip()}"
    plain = re.sub(r"loc\((?:[^()]|\([^()]*\))*\)+:?", "", str(error))  # MLIR's places, of no use here
    return " ".join((plain or type(error).__name__).split())[:300]


def megabytes(path: Path) -> float:
    """Return the size of a file, or of all in a folder, in MB (10^6 bytes)."""
    files = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(p.stat().st_size for p in files) / 1e6


def versions(formats) -> dict[str, str]:
    """Return the versions of what made the files."""
    import importlib.metadata

    import tensorflow as tf

    import keras_apps

    made = {"keras_apps": keras_apps.__version__, "keras": keras.__version__, "tensorflow": tf.__version__}
    for module in sorted({module for name in formats for module in FORMATS[name].needs}):
        made[module] = importlib.metadata.version(module)
    return made


Run = Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]


def run_of_keras(model: keras.Model, graph: Graph) -> Run:
    """Return a Keras model as a function of arrays by name; `graph` tells the names."""
    names = list(graph.model.output)

    def run(arrays):
        given = list(arrays.values())
        answer = model.predict_on_batch(given[0] if len(given) == 1 else given)
        if isinstance(answer, dict):
            return {name: np.asarray(value) for name, value in answer.items()}
        answers = answer if isinstance(answer, (list, tuple)) else [answer]
        return {name: np.asarray(value) for name, value in zip(names, answers, strict=True)}

    return run


def loaded_back(name: str, path: Path, graph: Graph) -> Run:
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

    def run(arrays, loaded=loaded):  # the signature holds no reference to the variables, so this does
        answers = signature(**{name: tf.constant(array) for name, array in arrays.items()})
        return {name: value.numpy() for name, value in answers.items()}

    return run
