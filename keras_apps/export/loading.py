"""A written file -> loaded back by its own runtime -> arrays in by name, arrays out by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np

from keras_apps._runtimes import LiteRTRuntime, OnnxRuntime
from keras_apps.export.graphs import Graph

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
