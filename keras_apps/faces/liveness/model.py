"""The square around a face -> a small network -> P(live): the course's supervised answer to "is it alive?"."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scipy.special import expit

from keras_apps import weights
from keras_apps._checks import check_choice, check_number
from keras_apps.faces.liveness.attacks import checked_squares
from keras_apps.faces.liveness.camera import resize
from keras_apps.faces.liveness.squares import SIZE, around_face
from keras_apps.faces.towers.registry import encoding_length
from keras_apps.faces.training.siamese import HeadedModel, checked_tower
from keras_apps.faces.training.verification_model import cross_entropy
from keras_apps.images import Picture

CROP = 128
BUNDLED = ("liveness128",)
TOGETHER = 32


def liveness_tower(size: int = CROP) -> keras.Model:
    """Build the network that turns a crop of the square around a face into 192 features; 213,000 parameters.

    Seven convolutions with batch normalisation and ReLU, then mean and maximum over all positions: what tells an attack
    may be everywhere (the dots of a print, a screen's waves) or in one place (an edge, a finger).

    Args:
        size: Height and width of its input in pixels, at least 32.

    Returns:
        `keras.Model` from RGB pictures in 0..255, `(n, size, size, 3)`, to features `(n, 192)`.
    """
    x = inputs = keras.Input((size, size, 3))
    x = keras.layers.Rescaling(1 / 64, offset=-2.0, name="scale")(x)
    widths = ((24, 5, 2), (32, 3, 2), (32, 3, 1), (64, 3, 2), (64, 3, 1), (96, 3, 2), (96, 3, 1))
    for number, (filters, kernel, stride) in enumerate(widths, start=1):
        x = keras.layers.Conv2D(filters, kernel, stride, "same", use_bias=False, name=f"conv{number}")(x)
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
        x = keras.layers.ReLU(name=f"relu{number}")(x)
    mean, most = keras.layers.GlobalAveragePooling2D(name="mean")(x), keras.layers.GlobalMaxPooling2D(name="most")(x)
    return keras.Model(inputs, keras.layers.Concatenate(name="features")([mean, most]), name="liveness")


@keras.saving.register_keras_serializable("keras_apps")
class LivenessModel(HeadedModel):
    """Liveness as binary classification: y = sigmoid(w . f(picture) + b), 1 for a living face, 0 for an attack.

    `fit` takes `(crops, live)`: crops of the squares that `around_face` cuts, RGB in 0..255, and 0 or 1. Each step
    reports `loss`, the binary cross-entropy, and `accuracy` at `tau_probability`. `score` takes pictures.

    The bundled weights (`load_liveness`) were trained on attacks made by code, `presentation_attacks`. They promise
    nothing for real attacks: train on recordings of those that you expect, made with your camera.

    Args:
        tower: A Keras model from square RGB crops in 0..255, `(n, size, size, 3)`, to features `(n, d)`; by default
            `liveness_tower()`, with random weights.
        train_tower: Whether training changes the tower too, or the logistic unit alone.
        tau_probability: A picture is taken as live when P(live) is at least this, in [0, 1].

    Raises:
        TypeError: If the tower is not a Keras model.
        ValueError: If `tau_probability` is out of range; in `fit`, if there are no labels.

    Example:
        >>> model = LivenessModel()
        >>> model.predict(np.zeros((2, 128, 128, 3)), verbose=0).shape
        (2,)

    Reference:
        ISO/IEC 30107-3:2023, "Biometric presentation attack detection: testing and reporting"; Yang et al., "Learn
        convolutional neural network for face anti-spoofing", 2014.
    """

    LABELS = "0 or 1"

    def __init__(
        self,
        tower: keras.Model | None = None,
        train_tower: bool = True,
        tau_probability: float = 0.5,
        **kwargs: Any,
    ) -> None:
        self.tau_probability = check_number("tau_probability", tau_probability, 0, 1)
        tower = liveness_tower() if tower is None else checked_tower(tower)
        head = keras.layers.Dense(1, name="head")
        head.build((None, encoding_length(tower)))
        super().__init__(tower, head, train_tower, **kwargs)

    def call(self, crops: Any, training: bool | None = None) -> tf.Tensor:
        return tf.sigmoid(self.logits(crops, training=bool(training)))

    def logits(self, crops: Any, training: bool) -> tf.Tensor:
        """Compute z, whose sigmoid is P(live): floats `(n,)`."""
        return self.head(self.tower(crops, training=self.trains_tower(training)))[:, 0]

    def train_step(self, data: Any) -> dict[str, Any]:
        crops, live, sample_weight = self.labelled(data)
        with tf.GradientTape() as tape:
            logits = self.logits(crops, training=True)
            loss = self.compute_loss(crops, live, logits, sample_weight)
            scaled_loss = self.optimizer.scale_loss(loss)
        weights = self.trainable_variables
        self.optimizer.apply(tape.gradient(scaled_loss, weights), weights)
        return self.compute_metrics(crops, live, tf.sigmoid(logits), sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        crops, live, sample_weight = self.labelled(data)
        logits = self.logits(crops, training=False)
        self.compute_loss(crops, live, logits, sample_weight, training=False)
        return self.compute_metrics(crops, live, tf.sigmoid(logits), sample_weight)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> tf.Tensor:
        """Compute the mean cross-entropy and the layers' own losses, and add the batch to the metrics.

        Args:
            x: Not used.
            y: Floats 0 or 1, `(n,)`; 1 for a living face.
            y_pred: z, floats `(n,)`, not its sigmoid.
            sample_weight: Floats >= 0, `(n,)`, or None.
            training: Not used.
        """
        accepted = tf.sigmoid(y_pred) >= self.tau_probability
        return self.average_loss(cross_entropy(y, y_pred), accepted == (y > 0.5), sample_weight)

    def labelled(self, data: Any) -> tuple[Any, tf.Tensor, Any]:
        """Return `(crops, live, sample_weight)` with `live` as floats `(n,)`."""
        crops, live, sample_weight = self.unpacked(data)
        if live is None:
            raise ValueError("expected (crops, live), received no labels")
        return crops, tf.cast(self.checked_labels(live), tf.float32), sample_weight

    def valid_labels(self, labels: Any) -> Any:
        """Return which labels are 0 or 1."""
        return (labels == 0) | (labels == 1)

    def score(self, pictures: Sequence[Picture] | np.ndarray, *, cut: bool = False) -> np.ndarray:
        """Compute P(live) of the largest face of each picture, where living faces and attacks are equally likely.

        Five crops of the square around the face are looked at, the middle and the corners; P is the sigmoid of their
        mean z.

        Args:
            pictures: As `images.load_image` takes; or the squares themselves, uint8 `(n, s, s, 3)`.
            cut: Whether the pictures are squares that `around_face` cut.

        Returns:
            Floats in [0, 1], `(n,)`.

        Raises:
            NoFaceError: If a picture shows no face.
            TypeError: If `pictures` is a single picture.

        Example:
            >>> from keras_apps import faces
            >>> live = faces.around_face("bundled:astronaut")
            >>> attack = faces.presentation_attacks([live], "print")[0]
            >>> model = faces.load_liveness()
            >>> p = model.score([live, attack], cut=True)
            >>> bool(p[0] > p[1])
            True
        """
        if isinstance(pictures, (str, bytes, os.PathLike)) or not hasattr(pictures, "__len__"):
            raise TypeError(
                f"expected a sequence of pictures, received one {type(pictures).__name__}; put it in a list"
            )
        if not len(pictures):
            return np.zeros(0, np.float32)
        squares = checked_squares(np.asarray(pictures) if cut else [around_face(picture) for picture in pictures])
        size = self.tower.input_shape[1]
        wide = round(size * SIZE / CROP)
        z = np.empty(len(squares), np.float32)
        for start in range(0, len(squares), TOGETHER):
            crops = np.concatenate([five_crops(square, wide, size) for square in squares[start : start + TOGETHER]])
            z[start : start + TOGETHER] = self._z(crops).reshape(-1, 5).mean(axis=1)
        return expit(z)

    def _z(self, crops: np.ndarray) -> np.ndarray:
        features = np.asarray(self.tower.predict_on_batch(crops), np.float32)
        return features @ np.asarray(self.head.kernel)[:, 0] + np.asarray(self.head.bias)[0]

    def is_live(self, pictures: Sequence[Picture] | np.ndarray, *, cut: bool = False) -> np.ndarray:
        """Decide: booleans `(n,)`, true where `score` is at least `tau_probability`."""
        return self.score(pictures, cut=cut) >= self.tau_probability

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "tau_probability": self.tau_probability}


def five_crops(square: np.ndarray, wide: int, size: int) -> np.ndarray:
    """Cut the middle and the four corners out of a square.

    Args:
        square: uint8 `(s, s, 3)`; resized to `wide` first.
        wide: Pixels a side of the whole square, at least `size`.
        size: Pixels a side of each crop.

    Returns:
        float32 `(5, size, size, 3)`, in 0..255.

    Example:
        >>> corner = np.zeros((40, 40, 3), np.uint8)
        >>> corner[0, 0] = 200
        >>> [int(crop.max()) for crop in five_crops(corner, 40, 32)]
        [0, 200, 0, 0, 0]
    """
    image = square.astype(np.float32) if len(square) == wide else np.clip(resize(square, wide), 0, 255)
    last = wide - size
    corners = ((last // 2, last // 2), (0, 0), (0, last), (last, 0), (last, last))
    return np.stack([image[top : top + size, left : left + size] for top, left in corners])


def load_liveness(name: str = "liveness128") -> LivenessModel:
    """Load the bundled liveness network, with its threshold.

    It was trained on people of LFW and attacks made by code, and was measured on other people and other such attacks
    (docs/liveness.md). It promises nothing for real attacks.

    Args:
        name: `"liveness128"`.

    Returns:
        A `LivenessModel`. Its `tau_probability` refuses 5 % of living faces of people it was not trained on.

    Raises:
        ValueError: If no bundled network has that name.
        DamagedWeightsError: If the bundled file is damaged.

    Example:
        >>> load_liveness().score(["bundled:astronaut"]).shape
        (1,)
    """
    check_choice("bundled liveness network", name, BUNDLED)
    arrays = weights.load(name)
    model = LivenessModel(tau_probability=weights.entry(name)["tau_probability"])
    weights.assign(model.tower, arrays)
    model.head.set_weights([arrays["head/kernel"], arrays["head/bias"]])
    return model
