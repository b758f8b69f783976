"""What is to be excited, as a user says it -> directions in a layer's activations, checked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from keras_apps._numbers import is_whole


def directions_of(unit, layer: str, channels: int) -> tuple[np.ndarray | None, tuple[int, ...] | None]:
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
        raise ValueError(f"expected directions of one length, {channels}, received others") from None
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
        raise ValueError("expected a direction of finite floats, received others")
    if not values.any(axis=-1).all():
        raise ValueError("expected a direction with a length, received zeros alone")
    return np.atleast_2d(values).astype(np.float32), None


def position_of(position, layer: str, map_shape: Sequence[int]) -> tuple[int, ...] | None:
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
