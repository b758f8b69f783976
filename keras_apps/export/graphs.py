"""A name, a `.keras` file or a model -> the graph that is exported, with its preprocessing where that is asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras

from keras_apps import backbones
from keras_apps._checks import check_choice
from keras_apps.export.formats import checked_name, without_ending
from keras_apps.faces.judging.calibration import Threshold
from keras_apps.faces.towers.registry import BUNDLED, fingerprint, load_tower
from keras_apps.faces.training.softmax_identifier import UNKNOWN

PREPROCESSING = ("uint8", "float")


@dataclass(frozen=True, eq=False)
class Graph:
    """What is exported.

    Attributes:
        name: The files' name.
        kind: `"tower"`, `"verifier"` (two pictures in, P(same) out) or `"network"`.
        saved: What a `.keras` file holds.
        model: What the other formats hold: a functional model with named inputs and `{name: output}`.
        white: What white is in its input: 1 or 255.
        fingerprint: Of the tower; of a network, of itself.
        bundled: The bundled weights' name, or `None`.
        size: Height and width of the pictures that its network takes, in pixels; `None` where it takes any.
        tau_probability: Of a verifier, the least probability that is accepted.
        people: Of a `SoftmaxIdentifier`, whose probability each output is, in order; else `()`.
    """

    name: str
    kind: str
    saved: keras.Model
    model: keras.Model
    white: float
    fingerprint: str
    bundled: str | None = None
    size: int | None = None
    tau_probability: float | None = None
    people: tuple[str, ...] = ()

    @property
    def of_faces(self) -> bool:
        """Whether its pictures are aligned faces."""
        return self.kind != "network" or bool(self.people)

    @property
    def one(self) -> str:
        """What one answer is for, in a word."""
        return "pair" if len(self.inputs) == 2 else "picture" if self.takes_pictures else "sample"

    @property
    def inputs(self) -> dict[str, keras.KerasTensor]:
        """The inputs by name, in order."""
        return {tensor.name: tensor for tensor in self.model.inputs}

    @property
    def takes_pictures(self) -> bool:
        """Whether every input is RGB pictures `(n, h, w, 3)`."""
        return all(len(x.shape) == 4 and x.shape[-1] == 3 for x in self.model.inputs)


def graph_of(
    model: str | os.PathLike | keras.Model,
    name: str | None = None,
    preprocessing: str | None = None,
    layers: Sequence[str] | None = None,
    white: float | None = None,
) -> Graph:
    """Find or load a model and make the graph that is exported; arguments as for `export`.

    Raises:
        ValueError, TypeError, FileNotFoundError: As `export`.
    """
    if preprocessing is not None:
        check_choice("preprocessing", preprocessing, PREPROCESSING)
    loaded, bundled = _loaded(model, layers)
    if not isinstance(loaded, keras.Model):
        raise TypeError(f"expected a Keras model, its name or a .keras file, received {type(loaded).__name__}")
    white = _white(white, bundled)
    if hasattr(loaded, "score"):
        kind, tower, inputs = "verifier", loaded.tower, ("first", "second")
    elif hasattr(loaded, "people"):  # a SoftmaxIdentifier
        kind, tower, inputs = "network", loaded.tower, ("pictures",)
    else:
        loaded = tower = getattr(loaded, "tower", loaded)  # a TripletModel is its tower
        kind, inputs = None, None
    _check(tower)
    kind = kind or _kind(tower)
    known = Threshold.bundled_for(fingerprint(tower)) if kind == "tower" else None
    bundled = bundled or _bundled_name(known)
    saved, exported = _connected(loaded, tower, kind, inputs, preprocessing, white)
    return Graph(
        name=checked_name(_name(model, loaded) if name is None else name),
        kind=kind,
        saved=saved,
        model=exported,
        white=white if preprocessing is None else 255.0 if preprocessing == "uint8" else 1.0,
        fingerprint=fingerprint(tower),
        bundled=bundled,
        size=_size(tower),
        tau_probability=getattr(loaded, "tau_probability", None),
        people=(*loaded.people, UNKNOWN) if hasattr(loaded, "people") else (),
    )


def with_preprocessing(tower: keras.Model, kind: str = "uint8", white: float = 255.0) -> keras.Model:
    """Put what a picture needs before a network into its graph, with Keras's own layers.

    Args:
        tower: A Keras model that takes RGB pictures `(n, h, w, 3)`.
        kind: `"uint8"`: pictures in 0..255; `"float"`: in 0..1, as `images.load_image` returns.
        white: What white is for the network: 255 for the towers, 1 for the backbones.

    Returns:
        `keras.Model` from such pictures of any height and width to what the tower gives. Where the tower takes one
        size, pictures of another are stretched to it (bilinear), so give it square ones.

    Raises:
        ValueError: If the kind is neither, or the network takes no RGB pictures.

    Example:
        >>> from keras_apps import faces
        >>> model = with_preprocessing(faces.build_tower("small", size=16))
        >>> model.input_shape, model.inputs[0].dtype, model.output_shape
        ((None, None, None, 3), 'uint8', (None, 128))
    """
    check_choice("preprocessing", kind, PREPROCESSING)
    shape = tower.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] != 3:
        raise ValueError(f"expected a network for RGB pictures (n, h, w, 3), received input {shape}")
    pictures = keras.Input((None, None, 3), dtype="uint8" if kind == "uint8" else "float32", name="pictures")
    return keras.Model(pictures, tower(_prepared(pictures, tower, kind, white), training=False), name=tower.name)


def _prepared(pictures, tower: keras.Model, kind: str, white: float, prefix: str = ""):
    scale = white / (255.0 if kind == "uint8" else 1.0)
    x = keras.layers.Rescaling(scale, dtype="float32", name=f"{prefix}scale")(pictures)
    size = tower.input_shape[1:3]
    if None in size:
        return x
    # without the word, Resizing would switch all that comes after it to training, also in an exported graph
    return keras.layers.Resizing(*size, dtype="float32", name=f"{prefix}fit")(x, training=False)


def _connected(loaded, tower, kind, inputs, preprocessing, white) -> tuple[keras.Model, keras.Model]:
    """Return what `.keras` holds and what the other formats hold."""
    if inputs is None:
        saved = with_preprocessing(loaded, preprocessing, white) if preprocessing else loaded
        tensors = [keras.Input(x.shape[1:], dtype=x.dtype, name=x.name) for x in saved.inputs]
        tensors = tensors[0] if len(tensors) == 1 else tensors
        outputs = saved(tensors, training=False)
        if not isinstance(outputs, dict):
            listed = keras.tree.flatten(outputs)
            only = "encoding" if kind == "tower" else "output"
            names = [only] if len(listed) == 1 else [f"output_{n}" for n in range(len(listed))]
            outputs = dict(zip(names, listed, strict=True))
        return saved, keras.Model(tensors, outputs, name=saved.name)
    dtype = "uint8" if preprocessing == "uint8" else tower.inputs[0].dtype
    shape = (None, None, 3) if preprocessing else tower.input_shape[1:]
    if preprocessing and (len(tower.input_shape) != 4 or tower.input_shape[-1] != 3):
        raise ValueError(f"expected a network for RGB pictures (n, h, w, 3), received input {tower.input_shape}")
    tensors = [keras.Input(shape, dtype=dtype, name=name) for name in inputs]
    ready = [_prepared(x, tower, preprocessing, white, f"{x.name}_") for x in tensors] if preprocessing else tensors
    encodings = [tower(x, training=False) for x in ready]
    unit, act = ("probability", "sigmoid") if kind == "verifier" else ("probabilities", "softmax")
    z = loaded.head(encodings if kind == "verifier" else encodings[0])
    outputs = keras.layers.Activation(act, dtype="float32", name=unit)(z)
    graph = keras.Model(tensors if len(tensors) > 1 else tensors[0], {unit: outputs}, name=loaded.name)
    return (graph if preprocessing else loaded), graph


def _loaded(model, layers) -> tuple[object, str | None]:
    if isinstance(model, (str, os.PathLike)) and os.fspath(model) in backbones.names():
        return backbones.load(os.fspath(model), layers), os.fspath(model)
    if layers is not None:
        raise ValueError(f"expected layers together with a backbone's name, received them with {model!r}")
    if isinstance(model, (str, os.PathLike)):
        text = os.fspath(model)
        if not text.endswith(".keras"):
            check_choice("model", text, (*BUNDLED, *backbones.names(), "*.keras"))
        return load_tower(text), text if text in BUNDLED else None
    return model, None


def _white(white, bundled) -> float:
    own = 1.0 if bundled in backbones.names() else 255.0
    if white is None:
        return own
    if isinstance(white, bool) or white not in (1, 255):
        raise ValueError(f"expected 1 or 255 for white, received {white!r}")
    if bundled is not None and white != own:
        raise ValueError(f"expected {own:g} for white, as {bundled!r} has it, received {white!r}")
    return float(white)


def _kind(model: keras.Model) -> str:
    one = len(model.inputs or ()) == 1 and not isinstance(model.output_shape, (dict, list))
    return "tower" if one and len(model.output_shape) == 2 else "network"


def _check(model: keras.Model) -> None:
    if not getattr(model, "inputs", None):
        raise ValueError(f"expected a functional model that knows its input, received {model.name!r}, which does not")
    halves = {layer.dtype_policy.compute_dtype for layer in model._flatten_layers()} - {"float32", "uint8", "int32"}
    if halves:
        raise ValueError(
            f"expected a model that computes in float32, received layers in {', '.join(sorted(halves))}; build it "
            "again under keras.config.set_dtype_policy('float32') and give it these weights with set_weights"
        )


def _size(model: keras.Model) -> int | None:
    shape = model.inputs[0].shape
    if len(shape) != 4 or shape[-1] != 3:
        return None
    if shape[1] != shape[2]:
        raise ValueError(f"expected a network for square pictures, received one for {shape[1]} x {shape[2]}")
    return shape[1]


def _bundled_name(threshold: Threshold | None) -> str | None:
    return next((n for n in BUNDLED if threshold and Threshold.bundled(n).model == threshold.model), None)


def _name(model, loaded) -> str:
    return without_ending(Path(model).name if isinstance(model, (str, os.PathLike)) else loaded.name)
