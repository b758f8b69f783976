"""Network + unit -> the picture that excites it most: gradient ascent on the numbers that a picture is drawn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_apps import images
from keras_apps._checks import check_choice, is_whole
from keras_apps.visualize import relus
from keras_apps.visualize.graph import graph_of, layer_output, picture_size, shapes_of
from keras_apps.visualize.maximization import goals
from keras_apps.visualize.maximization.canvas import Canvas, canvas
from keras_apps.visualize.maximization.views import View, seen_through, usual_views


class GradientAscent:
    """Steps of gradient ascent on the numbers of a canvas.

    Args:
        network: The model up to the layer.
        picture: The canvas.
        objective: `(network, drawn, seeds)` -> what is to rise, and the activations `(n,)`.
        optimizer: A Keras optimizer.
        seed: Of the views.

    Attributes:
        numbers: `tf.Variable`, what is moved.
        reached: bool `(n,)`, which pictures a gradient has reached so far.
    """

    def __init__(
        self, network: keras.Model, picture: Canvas, objective: Callable, optimizer: keras.Optimizer, seed: int
    ) -> None:
        self.numbers = tf.Variable(picture.start, name="canvas")
        self.network, self.picture, self.objective, self.seed = network, picture, objective, seed
        self.optimizer = optimizer
        optimizer.build([self.numbers])
        self._plain = self._compiled(network)
        self._awakened: Callable | None = None
        self.reached = np.zeros(picture.start.shape[0], dtype=np.bool_)

    def step(self, number: int) -> np.ndarray:
        """Take a step and return the activations before it, `(n,)`.

        A picture whose unit has no gradient in this view, even awakened, goes on as it was going.

        Raises:
            ValueError: If they are not finite.
        """
        seeds = tf.constant((self.seed, number), tf.int32)
        gradient, values = self._plain(seeds)
        reached = self._reached(gradient, values, number)
        if not reached.all():
            if self._awakened is None:
                self._awakened = self._compiled(relus.awakened(self.network))
            other = self._awakened(seeds)[0]
            plainly = np.reshape(reached, (-1, *(1,) * (len(gradient.shape) - 1)))
            gradient = tf.where(plainly, gradient, other)
            reached = reached | self._reached(other, values, number)
        self.reached = self.reached | reached
        self.optimizer.apply([-gradient], [self.numbers])
        return values.numpy()

    def _compiled(self, network: keras.Model) -> Any:
        @tf.function(input_signature=[tf.TensorSpec((2,), tf.int32)])
        def gradient_and_values(seeds: tf.Tensor) -> Any:
            with tf.GradientTape() as tape:
                total, values = self.objective(network, self.picture.draw(self.numbers), seeds)
            return tape.gradient(total, self.numbers, unconnected_gradients="zero"), values

        return gradient_and_values.get_concrete_function()  # called itself, it never warns of retracing

    @staticmethod
    def _reached(gradient: tf.Tensor, values: Any, number: int) -> np.ndarray:
        """Return which pictures have a gradient, `(n,)`."""
        largest = tf.reduce_max(tf.abs(gradient), axis=list(range(1, len(gradient.shape)))).numpy()
        if not (np.isfinite(values.numpy()).all() and np.isfinite(largest).all()):
            raise ValueError(
                f"expected finite activations, received NaN or infinity at step {number}; use a smaller learning rate"
            )
        return largest > 0


@dataclass(frozen=True, eq=False)
class Maximized:
    """Pictures that excite a part of a network, and how they came to.

    Attributes:
        images: float32 `(n, h, w, c)` in 0..1, whatever the model's range is; `images.save_image` takes each.
        layer: The layer's name.
        units: The channel that each picture excites, `(n,)`; `None` for a layer or a direction.
        before: float32 `(n,)`, the activation of the pictures at the start.
        after: float32 `(n,)`, that of `images`.
        history: float32 `(steps, n)`, the activation at each step, of the picture as it was seen: shifted and turned.
        interrupted: Whether Ctrl-C ended the ascent before its last step.
    """

    images: np.ndarray
    layer: str
    units: tuple[int, ...] | None
    before: np.ndarray
    after: np.ndarray
    history: np.ndarray
    interrupted: bool = False


PATIENCE = 16
"""Steps within which some view must have shown the unit something that changes it."""
USUAL = 128
"""Pixels, where the model takes pictures of any size."""


def maximize(
    model: keras.Model,
    layer: str,
    unit: int | Sequence[int] | Sequence[float] | np.ndarray | None = None,
    *,
    position: str | Sequence[int] | None = None,
    measure: str = "dot",
    value_range: tuple[float, float] = (0.0, 1.0),
    size: int | tuple[int, int] | None = None,
    steps: int = 128,
    learning_rate: float = 0.05,
    optimizer: keras.optimizers.Optimizer | None = None,
    parameterization: str = "fourier",
    decorrelate: bool = True,
    views: Sequence[View] | None = None,
    variation_weight: float = 0.0,
    diverse: int = 1,
    diversity_weight: float = 0.5,
    start: images.Picture | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Maximized:
    """Make the picture that excites a unit, a channel, a layer, a direction or an identity.

    What rises is the mean over the layer's map of its product with a direction: of a channel's number, the channel;
    with `position`, one unit; of a direction, that mixture; of `None`, the mean square of the whole layer ("deep
    dream"). For an identity give the tower's last layer, the person's encoding and `measure="distance"`.

    Args:
        model: A functional or sequential model with one input, pictures `(n, h, w, c)`.
        layer: The layer's name; `"inner/conv1"` is a layer of a model within the model.
        unit: A channel, several (a picture each), a direction of floats `(channels,)` or several `(k, channels)`, or
            `None`.
        position: Of one unit, `(row, column)` on the layer's map, or `"center"`; all units by default.
        measure: `"dot"`, `"cosine"` (the product times the cosine) or `"distance"` (minus the squared distance from
            the direction's end).
        value_range: What black and white are for the model: (0, 1) for `backbones`, (0, 255) for the face towers.
        size: Height and width in pixels; the model's own by default, or the start's, or 128.
        steps: Of gradient ascent, >= 1.
        learning_rate: Of Adam.
        optimizer: Another Keras optimizer, not used before, or its name, in place of Adam.
        parameterization: `"fourier"` or `"pixels"`, see `canvas`.
        decorrelate: Whether colours are uncorrelated numbers, see `canvas`.
        views: How the picture is shifted and turned before each step (`jitter`, `rotation`, `scaling`); all three by
            default, `()` for none.
        variation_weight: Of the total variation, the mean difference of neighbouring pixels; smooths.
        diverse: Pictures of each unit, as different from each other as the next says.
        diversity_weight: Of the likeness of their textures at the layer, in shares of the activation.
        start: A picture to begin with, in place of grey.
        seed: Same seed, same pictures.
        progress: Called with the number of steps done and of all.

    Returns:
        A `Maximized`; `.images` are in 0..1, `diverse` of the first unit, then of the next. Ctrl-C ends the ascent and
        returns the pictures so far.

    Raises:
        ValueError: If there is no such layer, unit or position, the size is too small, the unit does not depend on the
            picture, or the activation is no longer finite.
        TypeError: If the model or unit is of another type.

    Example:
        >>> green = keras.layers.Conv2D(1, 1, use_bias=False, name="green")
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), green])
        >>> model.set_weights([np.reshape([-1.0, 1.0, -1.0], (1, 1, 3, 1))])
        >>> found = maximize(model, "green", 0, steps=64, views=())
        >>> bool(found.after[0] > found.before[0]), int(found.images[0].mean((0, 1)).argmax())
        (True, 1)

    Reference:
        Erhan et al., "Visualizing Higher-Layer Features of a Deep Network", 2009; Olah et al., "Feature
        Visualization", Distill 2017.
    """
    _check(measure, value_range, steps, diverse, unit)
    check_numbers(learning_rate, variation_weight, diversity_weight, seed, views)
    source, output = graph_of(model).inputs[0], layer_output(model, layer)
    if len(source.shape) != 4:
        raise ValueError(f"expected a model of pictures (n, h, w, c), received one for inputs of shape {source.shape}")
    started = None if start is None else images.load_image(start)
    if size is None and None in source.shape[1:3]:
        size = USUAL if started is None else (started.shape[0], started.shape[1])
    height, width = picture_size(source, [output], [layer], size)
    map_shape = shapes_of([source], [output], [(None, height, width, source.shape[-1])])[id(output)]
    directions, units = directions_of(unit, layer, map_shape[-1])
    position = position_of(position, layer, map_shape[1:-1])
    groups = 1 if directions is None else len(directions)
    if directions is not None:
        directions = tf.constant(np.repeat(directions, diverse, axis=0))
    shape = (groups * diverse, height, width, source.shape[-1])
    if started is not None:
        started = _with_channels(images.resize(started, (height, width)), source.shape[-1])
    picture = canvas(shape, parameterization, decorrelate, started, seed)
    views = usual_views((height, width)) if views is None else tuple(views)
    measured = goals.energy if directions is None else goals.MEASURES[measure]
    low, high = value_range

    def value_of(network: keras.Model, drawn: tf.Tensor) -> Any:
        activations = tf.cast(tf.nest.flatten(network(low + (high - low) * drawn, training=False))[0], tf.float32)
        return measured(goals.at_position(activations, position), directions), activations

    def objective(network: keras.Model, drawn: tf.Tensor, seeds: tf.Tensor) -> Any:
        """Return what is to rise: the activation, less total variation and likeness; and the activations."""
        values, activations = value_of(network, seen_through(views, drawn, seeds))
        total = tf.reduce_sum(values)
        if variation_weight:
            total -= variation_weight * tf.reduce_sum(tf.image.total_variation(drawn)) / (height * width)
        if diverse > 1:
            maps = tf.reshape(activations, (groups, diverse, -1, map_shape[-1]))
            total -= diversity_weight * tf.stop_gradient(tf.reduce_mean(tf.abs(values))) * goals.likeness(maps)
        return total, values

    network = keras.Model(source, output)
    ascent = GradientAscent(network, picture, objective, _optimizer(optimizer, learning_rate), seed)
    measuring = tf.function(lambda: value_of(network, picture.draw(ascent.numbers))[0])
    measure_now = measuring.get_concrete_function()  # called itself, it never warns of retracing
    before = measure_now().numpy()
    history, interrupted = [], False
    try:
        for step in range(steps):
            history.append(ascent.step(step))
            if step + 1 == min(steps, PATIENCE) and not ascent.reached.all():
                names = "it" if units is None else f"unit {np.repeat(units, diverse)[~ascent.reached][0]}"
                raise ValueError(
                    f"expected a layer that depends on the picture, received {layer!r}, where {names} does not"
                )
            if progress:
                progress(step + 1, steps)
    except KeyboardInterrupt:
        interrupted = True
    drawn = picture.draw(ascent.numbers).numpy()
    return Maximized(
        drawn, layer, _repeated(units, diverse), before, measure_now().numpy(), _stacked(history, before), interrupted
    )


def _check(measure: Any, value_range: Any, steps: int, diverse: int, unit: Any) -> None:
    check_choice("measure", measure, goals.MEASURES)
    if measure != "dot" and unit is None:
        raise ValueError(f"expected a unit or a direction for the measure {measure!r}, received None")
    for name, value in (("steps", steps), ("diverse", diverse)):
        if not is_whole(value) or value < 1:
            raise ValueError(f"expected a whole number of at least 1 for {name}, received {value!r}")
    is_pair = isinstance(value_range, Sequence) and len(value_range) == 2
    if not is_pair or not -np.inf < value_range[0] < value_range[1] < np.inf:
        raise ValueError(f"expected value_range as (black, white), received {value_range!r}")


def check_numbers(learning_rate: Any, variation_weight: Any, diversity_weight: Any, seed: int, views: Any) -> None:
    """Check what an ascent is told in numbers, and its views."""
    if not 0 < learning_rate < np.inf:
        raise ValueError(f"expected a finite learning rate above 0, received {learning_rate!r}")
    for name, value in (("variation_weight", variation_weight), ("diversity_weight", diversity_weight)):
        if not 0 <= value < np.inf:
            raise ValueError(f"expected a finite {name} of at least 0, received {value!r}")
    if not is_whole(seed) or not 0 <= seed < 2**31:
        raise ValueError(f"expected a whole number from 0 to 2^31 - 1 as seed, received {seed!r}")
    if views is not None and (callable(views) or not all(callable(view) for view in views)):
        raise TypeError(f"expected a sequence of views, as (jitter(8),), received {views!r}")


def _optimizer(given: Any, learning_rate: float) -> keras.optimizers.Optimizer:
    if given is None:
        return keras.optimizers.Adam(learning_rate)
    optimizer = keras.optimizers.get(given)
    if optimizer.built:
        raise ValueError("expected a new optimizer, received one that was already used; create another")
    return optimizer


def _with_channels(picture: np.ndarray, channels: int) -> np.ndarray:
    if channels == picture.shape[-1]:
        return picture
    if channels == 1:
        return picture @ np.array([[0.299], [0.587], [0.114]], np.float32)  # luminance, ITU-R BT.601
    raise ValueError(f"pass no start picture: the model has {channels} channels, not 1 or 3")


def _repeated(units: Any, diverse: int) -> Any:
    return None if units is None else tuple(unit for unit in units for _ in range(diverse))


def _stacked(history: Any, before: np.ndarray) -> np.ndarray:
    return np.stack(history) if history else np.zeros((0, *before.shape), np.float32)


def directions_of(unit: Any, layer: str, channels: int) -> tuple[np.ndarray | None, tuple[int, ...] | None]:
    """Return the directions that are meant, and the channels where it is those.

    Args:
        unit: A channel's number, several, a direction or several (floats), or `None` for the whole layer.
        layer: The layer's name, for errors.
        channels: How many channels the layer has.

    Returns:
        `(directions, units)`: float32 `(k, channels)`, and the channels' numbers; `None` where there are none.

    Raises:
        ValueError: If there is no such channel, or a direction is of another length, not finite, or 0.
        TypeError: If it is none of these.

    Example:
        >>> directions_of(1, "conv1", 3)[0].tolist()
        [[0.0, 1.0, 0.0]]
    """
    if unit is None:
        return None, None
    try:
        values = np.asarray(unit)
    except ValueError:
        raise ValueError(f"expected directions of {channels} numbers each, received different lengths") from None
    if not values.size:
        raise ValueError(f"expected at least one unit of {layer!r}, received none")
    if values.dtype.kind in "iu" and values.ndim <= 1:
        units = tuple(int(n) for n in np.atleast_1d(values))
        for n in units:
            if not 0 <= n < channels:
                raise ValueError(f"expected units of {layer!r} from 0 to {channels - 1}, received {n}")
        return np.eye(channels, dtype=np.float32)[list(units)], units
    if values.dtype.kind != "f" or not values.ndim:
        raise TypeError(f"expected a whole number or a direction of floats as unit, received {unit!r}")
    if values.ndim not in (1, 2) or values.shape[-1] != channels or not len(values):
        raise ValueError(f"expected a direction of {channels} floats, as {layer!r} has, received shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("expected a direction of finite floats, received NaN or infinity")
    if not values.any(axis=-1).all():
        raise ValueError("expected a direction that is not zero, received only zeros")
    return np.atleast_2d(values).astype(np.float32), None


def position_of(position: Any, layer: str, map_shape: Sequence[int]) -> tuple[int, ...] | None:
    """Return a position on a layer's map, checked.

    Args:
        position: One index for each spatial axis, `"center"`, or `None` for all positions.
        layer: The layer's name, for errors.
        map_shape: The map's sizes; empty where the layer has no spatial axes.

    Raises:
        ValueError: If it is not on the map, or there is no map.

    Example:
        >>> position_of("center", "conv1", (5, 8))
        (2, 4)
    """
    if position is None:
        return None
    if not map_shape:
        raise ValueError(f"expected no position, since {layer!r} has no spatial axes, received {position!r}")
    if isinstance(position, str) and position == "center":
        return tuple(n // 2 for n in map_shape)
    position = position.tolist() if isinstance(position, np.ndarray) else position
    right = isinstance(position, Sequence) and not isinstance(position, str) and len(position) == len(map_shape)
    if not right or any(not is_whole(i) for i in position):
        raise ValueError(f"expected {len(map_shape)} indices or 'center' as position, received {position!r}")
    if any(not 0 <= i < n for i, n in zip(position, map_shape, strict=True)):
        raise ValueError(f"expected a position on the map of {tuple(map_shape)} units, received {tuple(position)}")
    return tuple(int(i) for i in position)
