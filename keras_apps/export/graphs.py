"""A name, a `.keras` file or a model -> the graph that is exported, with preprocessing if requested."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras

from keras_apps import backbones
from keras_apps._checks import check_choice
from keras_apps.export.formats import checked_name, without_ending
from keras_apps.faces.alignment import ChipLayout
from keras_apps.faces.judging.calibration import Threshold
from keras_apps.faces.towers.exported import ExportedTower
from keras_apps.faces.towers.names import BUNDLED_TOWERS
from keras_apps.faces.towers.registry import fingerprint, layout_of, load_tower, tower_of
from keras_apps.faces.training.softmax_identifier import UNKNOWN, SoftmaxIdentifier
from keras_apps.faces.training.verification_model import VerificationModel

PREPROCESSING = ("uint8", "float")


@dataclass(frozen=True, eq=False)
class Graph:
    """What is exported.

    Attributes:
        name: The name of the files, without ending.
        kind: `"tower"`, `"verifier"` (two pictures in, P(same) out) or `"network"`.
        saved: The model that a `.keras` file contains.
        model: The model of the other formats: functional, with named inputs and `{name: output}`.
        white: The value of white in its input: 1 or 255.
        fingerprint: The fingerprint of the tower, or of the network itself.
        layout: How the chips of a face tower are aligned.
        bundled: The name of its bundled weights, or `None`.
        size: Height and width of the pictures that the network takes, in pixels; `None` if it takes any size.
        tau_probability: For a verifier, the lowest probability that is accepted.
        people: For a `SoftmaxIdentifier`, the names of the outputs in order; else `()`.
    """

    name: str
    kind: str
    saved: keras.Model
    model: keras.Model
    white: float
    fingerprint: str
    layout: ChipLayout
    bundled: str | None = None
    size: int | None = None
    tau_probability: float | None = None
    people: tuple[str, ...] = ()

    @property
    def of_faces(self) -> bool:
        """Whether its input is aligned faces."""
        return self.kind != "network" or bool(self.people)

    @property
    def unit(self) -> str:
        """What one output belongs to: `"picture"`, `"pair"` or `"sample"`."""
        return "pair" if len(self.inputs) == 2 else "picture" if self.takes_pictures else "sample"

    @property
    def inputs(self) -> dict[str, keras.KerasTensor]:
        """The inputs by name, in order."""
        return {tensor.name: tensor for tensor in self.model.inputs}

    @property
    def takes_pictures(self) -> bool:
        """Whether every input is RGB pictures `(n, h, w, 3)`."""
        return all(len(x.shape) == 4 and x.shape[-1] == 3 for x in self.model.inputs)


def make_graph(
    model: str | os.PathLike | keras.Model,
    name: str | None = None,
    preprocessing: str | None = None,
    layers: Sequence[str] | None = None,
    white: float | None = None,
) -> Graph:
    """Load a model and make the graph that is exported; arguments as for `export`.

    Raises:
        ValueError, TypeError, FileNotFoundError: As `export`.
    """
    if preprocessing is not None:
        check_choice("preprocessing", preprocessing, PREPROCESSING)
    loaded, bundled = _load(model, layers)
    if not isinstance(loaded, keras.Model):
        raise TypeError(f"expected a Keras model, its name or a .keras file, received {type(loaded).__name__}")
    tower, network_white = tower_of(loaded), _white(white, bundled)
    inputs: tuple[str, ...] | None = None
    kind = "network"
    if isinstance(loaded, VerificationModel):
        kind, inputs = "verifier", ("first", "second")
    elif isinstance(loaded, SoftmaxIdentifier):
        inputs = ("pictures",)
    else:
        loaded = tower  # of a TripletModel
    _check(tower)
    if inputs is None:
        kind = _kind(tower)
    threshold = Threshold.bundled_for(fingerprint(tower)) if kind == "tower" else None
    bundled = bundled or _bundled_name(threshold)
    if inputs is None:
        saved, exported = _connect_network(loaded, kind, preprocessing, network_white)
    else:
        saved, exported = _connect_head(loaded, tower, kind, inputs, preprocessing, network_white)
    return Graph(
        name=checked_name(_name(model, loaded) if name is None else name),
        kind=kind,
        saved=saved,
        model=exported,
        white=network_white if preprocessing is None else 255.0 if preprocessing == "uint8" else 1.0,
        fingerprint=fingerprint(tower),
        layout=layout_of(tower),
        bundled=bundled,
        size=_size(tower),
        tau_probability=getattr(loaded, "tau_probability", None),
        people=(*loaded.people, UNKNOWN) if isinstance(loaded, SoftmaxIdentifier) else (),
    )


def with_preprocessing(tower: keras.Model, kind: str = "uint8", white: float = 255.0) -> keras.Model:
    """Add scaling and resizing of pictures to a network, with Keras's own layers.

    Args:
        tower: A Keras model that takes RGB pictures `(n, h, w, 3)`.
        kind: `"uint8"` for pictures in 0..255; `"float"` for pictures in 0..1, as `images.load_image` returns.
        white: The value of white in the network's own input: 255 for the towers, 1 for the backbones.

    Returns:
        `keras.Model` from such pictures of any height and width to the tower's output. If the tower takes one size
        only, other pictures are stretched to it (bilinear interpolation), so give it square ones.

    Raises:
        ValueError: If `kind` is another word, or the network does not take RGB pictures.

    Example:
        >>> from keras_apps import faces
        >>> model = with_preprocessing(faces.build_tower("small", size=16))
        >>> model.input_shape, model.inputs[0].dtype, model.output_shape
        ((None, None, None, 3), 'uint8', (None, 128))
    """
    check_choice("preprocessing", kind, PREPROCESSING)
    _check_pictures(tower)
    pictures = keras.Input((None, None, 3), dtype="uint8" if kind == "uint8" else "float32", name="pictures")
    return keras.Model(pictures, tower(_prepare(pictures, tower, kind, white), training=False), name=tower.name)


def _check_pictures(tower: keras.Model) -> None:
    shape = tower.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] != 3:
        raise ValueError(f"expected a network for RGB pictures (n, h, w, 3), received one for inputs {shape}")


def _prepare(
    pictures: keras.KerasTensor, tower: keras.Model, kind: str, white: float, prefix: str = ""
) -> keras.KerasTensor:
    scale = white / (255.0 if kind == "uint8" else 1.0)
    x = keras.layers.Rescaling(scale, dtype="float32", name=f"{prefix}scale")(pictures)
    size = tower.input_shape[1:3]
    if None in size:
        return x
    # without training=False, Resizing would switch all layers after it to training, also in an exported graph
    return keras.layers.Resizing(*size, dtype="float32", name=f"{prefix}fit")(x, training=False)


def _connect_network(
    model: keras.Model, kind: str, preprocessing: str | None, white: float
) -> tuple[keras.Model, keras.Model]:
    """Return the model for `.keras`, and the one for the other formats, with named outputs."""
    saved = with_preprocessing(model, preprocessing, white) if preprocessing else model
    tensors = [keras.Input(x.shape[1:], dtype=x.dtype, name=x.name) for x in saved.inputs]
    tensors = tensors[0] if len(tensors) == 1 else tensors
    outputs = saved(tensors, training=False)
    if not isinstance(outputs, dict):
        listed = keras.tree.flatten(outputs)
        only = "encoding" if kind == "tower" else "output"
        names = [only] if len(listed) == 1 else [f"output_{n}" for n in range(len(listed))]
        outputs = dict(zip(names, listed, strict=True))
    return saved, keras.Model(tensors, outputs, name=saved.name)


def _connect_head(
    loaded: keras.Model, tower: keras.Model, kind: str, inputs: Sequence[str], preprocessing: str | None, white: float
) -> tuple[keras.Model, keras.Model]:
    """Return the same for a model of a tower and a head."""
    if preprocessing:
        _check_pictures(tower)
    dtype = "uint8" if preprocessing == "uint8" else tower.inputs[0].dtype
    shape = (None, None, 3) if preprocessing else tower.input_shape[1:]
    tensors = [keras.Input(shape, dtype=dtype, name=name) for name in inputs]
    prepared = [_prepare(x, tower, preprocessing, white, f"{x.name}_") for x in tensors] if preprocessing else tensors
    encodings = [tower(x, training=False) for x in prepared]
    output, activation = ("probability", "sigmoid") if kind == "verifier" else ("probabilities", "softmax")
    logits = loaded.head(encodings if kind == "verifier" else encodings[0])
    probabilities = keras.layers.Activation(activation, dtype="float32", name=output)(logits)
    graph = keras.Model(tensors if len(tensors) > 1 else tensors[0], {output: probabilities}, name=loaded.name)
    return (graph if preprocessing else loaded), graph


def _load(
    model: str | os.PathLike | keras.Model, layers: Sequence[str] | None
) -> tuple[keras.Model | ExportedTower, str | None]:
    """Return the model, and the name of its bundled weights or `None`."""
    if isinstance(model, (str, os.PathLike)) and os.fspath(model) in backbones.names():
        return backbones.load(os.fspath(model), layers), os.fspath(model)
    if layers is not None:
        raise ValueError(f"expected a backbone's name where layers are given, received {model!r}")
    if isinstance(model, (str, os.PathLike)):
        text = os.fspath(model)
        if not text.endswith(".keras"):
            check_choice("model", text, (*BUNDLED_TOWERS, *backbones.names(), "*.keras"))
        return load_tower(text), text if text in BUNDLED_TOWERS else None
    return model, None


def _white(white: float | None, bundled: str | None) -> float:
    default = 1.0 if bundled in backbones.names() else 255.0
    if white is None:
        return default
    if isinstance(white, bool) or white not in (1, 255):
        raise ValueError(f"expected 1 or 255 for white, received {white!r}")
    if bundled is not None and white != default:
        raise ValueError(f"expected {default:g} for white, the value of {bundled!r}, received {white!r}")
    return float(white)


def _kind(model: keras.Model) -> str:
    one = len(model.inputs or ()) == 1 and not isinstance(model.output_shape, (dict, list))
    return "tower" if one and len(model.output_shape) == 2 else "network"


def _check(model: keras.Model) -> None:
    if not getattr(model, "inputs", None):
        raise ValueError(
            f"expected a functional model, received {model.name!r}, which does not know the shape of its input; build "
            "it with keras.Input"
        )
    other_types = {layer.dtype_policy.compute_dtype for layer in model._flatten_layers()} - {
        "float32",
        "uint8",
        "int32",
    }
    if other_types:
        raise ValueError(
            f"expected a model that computes in float32, received layers in {', '.join(sorted(other_types))}; build it "
            "again under keras.config.set_dtype_policy('float32') and copy the weights with set_weights"
        )


def _size(model: keras.Model) -> int | None:
    shape = model.inputs[0].shape
    if len(shape) != 4 or shape[-1] != 3:
        return None
    if shape[1] != shape[2]:
        raise ValueError(f"expected a network for square pictures, received one for {shape[1]} x {shape[2]}")
    size: int | None = shape[1]
    return size


def _bundled_name(threshold: Threshold | None) -> str | None:
    return next((n for n in BUNDLED_TOWERS if threshold and Threshold.bundled(n).model == threshold.model), None)


def _name(model: str | os.PathLike | keras.Model, loaded: keras.Model) -> str:
    return without_ending(Path(model).name if isinstance(model, (str, os.PathLike)) else loaded.name)
