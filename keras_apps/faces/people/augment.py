"""Pictures of a batch -> the same people a little differently seen. Keras layers, quick on a processor."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf
from keras import ops

_LUMA = (0.299, 0.587, 0.114)
_DRAWS = 64  # numbers that a layer may draw in one step


class _RandomLayer(keras.layers.Layer):
    """A layer that changes pictures in training only, with numbers of its own seed, in float32 whatever the policy."""

    def __init__(self, seed: int | None = None, dtype: Any = "float32", **kwargs: Any) -> None:
        super().__init__(dtype=dtype, **kwargs)
        self.seed = seed
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.change(images) if training else images

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed, **{name: getattr(self, name) for name in self.SETTINGS}}

    def _uniform(self, images: tf.Tensor, low: float, high: float) -> tf.Tensor:
        return keras.random.uniform((ops.shape(images)[0], 1, 1, 1), low, high, seed=self.generator)

    def _chance(self, images: tf.Tensor, probability: float) -> tf.Tensor:
        return self._uniform(images, 0.0, 1.0) < probability


@keras.saving.register_keras_serializable("keras_apps")
class RandomView(_RandomLayer):
    """Mirror, turn, enlarge and shift each picture, all in one sampling; the picture's edge is drawn out beyond it.

    Keras's four layers for it sample four times and take four times as long.

    Args:
        mirror: Mirror left to right half of the time.
        turn: Largest rotation, degrees >= 0.
        zoom: Largest change of scale, in [0, 1); 0.1 gives 0.9 to 1.1 times.
        shift: Largest shift across and down, as a share of the side, >= 0.
        seed: Seed of the random numbers.

    Args (call):
        images: Floats `(n, h, w, c)`.

    Returns:
        Floats `(n, h, w, c)`.
    """

    SETTINGS = ("mirror", "turn", "zoom", "shift")

    def __init__(
        self,
        mirror: bool = True,
        turn: float = 8.0,
        zoom: float = 0.1,
        shift: float = 0.06,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        self.mirror, self.turn, self.zoom, self.shift = mirror, turn, zoom, shift

    def change(self, images: tf.Tensor) -> tf.Tensor:
        """Return the changed pictures, whatever the mode."""
        height, width = images.shape[1:3]
        angle = self._uniform(images, -self.turn, self.turn) * (math.pi / 180)
        scale = self._uniform(images, 1 - self.zoom, 1 + self.zoom)
        right = self._uniform(images, -self.shift, self.shift) * width
        down = self._uniform(images, -self.shift, self.shift) * height
        side = ops.where(self._chance(images, 0.5 * self.mirror), -1.0, 1.0)
        cos, sin = ops.cos(angle) / scale, ops.sin(angle) / scale
        x, y = (width - 1) / 2, (height - 1) / 2
        rows = [side * cos, -side * sin, x - side * (cos * (x + right) - sin * (y + down))]
        rows += [sin, cos, y - sin * (x + right) - cos * (y + down), 0 * cos, 0 * cos]
        transform = ops.reshape(ops.concatenate(rows, axis=-1), (-1, 8))
        return ops.image.affine_transform(images, transform, interpolation="bilinear", fill_mode="nearest")


@keras.saving.register_keras_serializable("keras_apps")
class RandomLight(_RandomLayer):
    """Change each picture's brightness, contrast and colours; some become grey.

    Args:
        brightness: Largest change, as a share of the full range, >= 0.
        contrast: Largest relative change about the picture's mean, in [0, 1).
        saturation: Largest relative change, in [0, 1).
        grey: Share of the pictures that become grey, in [0, 1].
        seed: Seed of the random numbers.

    Args (call):
        images: Floats `(n, h, w, 3)`, RGB in 0..255.

    Returns:
        Floats `(n, h, w, 3)` in 0..255.
    """

    SETTINGS = ("brightness", "contrast", "saturation", "grey")

    def __init__(
        self,
        brightness: float = 0.15,
        contrast: float = 0.25,
        saturation: float = 0.3,
        grey: float = 0.1,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        self.brightness, self.contrast, self.saturation, self.grey = brightness, contrast, saturation, grey

    def change(self, images: tf.Tensor) -> tf.Tensor:
        """Return the changed pictures, whatever the mode."""
        contrast = self._uniform(images, 1 - self.contrast, 1 + self.contrast)
        saturation = self._uniform(images, 1 - self.saturation, 1 + self.saturation)
        saturation = ops.where(self._chance(images, self.grey), 0.0, saturation)
        brightness = self._uniform(images, -self.brightness, self.brightness) * 255
        luma = ops.tensordot(images, ops.convert_to_tensor(_LUMA, images.dtype), axes=1)[..., None]
        mean = ops.mean(luma, axis=(1, 2), keepdims=True)
        grey = luma * (contrast * (1 - saturation)) + ((1 - contrast) * mean + brightness)
        return ops.clip(images * (contrast * saturation) + grey, 0, 255)


@keras.saving.register_keras_serializable("keras_apps")
class RandomPatch(_RandomLayer):
    """Cover a rectangle of some pictures with one grey, so that no single feature decides.

    Args:
        share: Share of the pictures that get one, in [0, 1].
        largest: Largest side of the rectangle, as a share of the picture's.
        seed: Seed of the random numbers.

    Args (call):
        images: Floats `(n, h, w, c)` in 0..255.

    Returns:
        Floats `(n, h, w, c)` in 0..255.

    Reference:
        Zhong et al., "Random Erasing Data Augmentation", AAAI 2020.
    """

    SETTINGS = ("share", "largest")

    def __init__(self, share: float = 0.3, largest: float = 0.4, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.share, self.largest = share, largest

    def change(self, images: tf.Tensor) -> tf.Tensor:
        """Return the changed pictures, whatever the mode."""
        rows = self._within(images, images.shape[1], (1, -1, 1, 1))
        columns = self._within(images, images.shape[2], (1, 1, -1, 1))
        covered = rows & columns & self._chance(images, self.share)
        return ops.where(covered, self._uniform(images, 0.0, 255.0), images)

    def _within(self, images: tf.Tensor, length: int, shape: tuple[int, ...]) -> tf.Tensor:
        place = (ops.reshape(ops.arange(length, dtype="float32"), shape) + 0.5) / length
        side = self._uniform(images, self.largest / 4, self.largest)
        low = self._uniform(images, 0.0, 1.0) * (1 - side)
        return (place >= low) & (place < low + side)


def augmentation(strength: float = 1.0, seed: int = 0) -> keras.Sequential:
    """Build the changes that a face survives: mirrored, turned, nearer, shifted, lit otherwise, partly covered.

    Args:
        strength: 0 changes nothing, 1 is right for training from scratch, up to 3.
        seed: Seed of the random numbers.

    Returns:
        `keras.Sequential` of layers from RGB in 0..255 `(n, h, w, 3)` to the same; it acts with `training=True`.

    Raises:
        ValueError: If `strength` is not in [0, 3].

    Example:
        >>> augmentation(0.0)(255 * ops.ones((2, 8, 8, 3)), training=True).numpy().min()
        np.float32(255.0)
    """
    if not 0 <= strength <= 3:
        raise ValueError(f"expected a strength from 0 to 3, received {strength!r}")
    s = float(strength)
    layers = [
        RandomView(s > 0, 8 * s, 0.1 * s, 0.06 * s, seed=3 * seed),
        RandomLight(0.15 * s, 0.25 * s, 0.3 * s, min(1.0, 0.1 * s), seed=3 * seed + 1),
        RandomPatch(0.3 * s, 0.3, seed=3 * seed + 2),
    ]
    changes = keras.Sequential(layers, name="augmentation")
    changes.dtype_policy = "float32"  # a half precision policy of the process would round the pictures before them
    return changes


def changed_at(augment: keras.layers.Layer, images: tf.Tensor, seed: int, step: tf.Tensor) -> tf.Tensor:
    """Augment a batch with random numbers that depend on nothing but seed and step.

    Keras layers go on counting in a variable, which would make a training that is taken up again differ.

    Args:
        augment: A layer or model; every generator in it is set.
        images: Floats `(n, h, w, 3)`.
        seed: An integer.
        step: int64 scalar.

    Returns:
        float32 `(n, h, w, 3)`.
    """
    states = [v for v in augment.variables if v.path.rsplit("/", 1)[-1] == "seed_generator_state"]
    for number, state in enumerate(states):
        key = (seed * 1_000_003 + 7919 * number) % 2**31
        counter = tf.cast(step * _DRAWS % 2**31, state.dtype)
        state.assign(tf.stack([tf.constant(key, state.dtype), counter]))
    return tf.cast(augment(images, training=True), tf.float32)
