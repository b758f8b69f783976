"""Styles for parts of the picture: masks -> weights at the positions of each style layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np

from keras_apps.images import Picture, is_one_picture, load_image

FAINTEST = 1 / 16
"""Least share of a layer's position that a mask must cover somewhere, of what it covers of a pixel."""


def read_masks(masks: Sequence[Picture], count: int, content_shape: tuple[int, ...]) -> np.ndarray:
    """Read masks, one per style picture.

    White belongs to the style, black does not, grey in part. Where masks overlap and the shares of a pixel sum to more
    than 1, they are divided by that sum. A pixel that is in no mask keeps only the content.

    Args:
        masks: Pictures as `images.load_image` takes, of exactly the content's size in pixels; or arrays `(h, w)` of
            booleans or of integers 0 and 1.
        count: Number of style pictures.
        content_shape: Height and width of the content picture, in pixels.

    Returns:
        float32 `(count, h, w)` in 0..1; the sum over the first axis is at most 1.

    Raises:
        ValueError: If there are more or fewer masks than styles, or one has another size or is black all over.
        FileNotFoundError: If a file does not exist.

    Example:
        >>> left = np.array([[True, False]])
        >>> read_masks([left, np.ones((1, 2))], 2, (1, 2)).tolist()
        [[[0.5, 0.0]], [[0.5, 1.0]]]
    """
    if is_one_picture(masks) or (isinstance(masks, np.ndarray) and masks.ndim < 3):
        masks = [cast(Picture, masks)]
    if len(masks) != count:
        raise ValueError(f"expected {count} masks, one per style picture, received {len(masks)}")
    shares = []
    for number, mask in enumerate(masks, start=1):
        share = _read(mask)
        if share.shape != tuple(content_shape[:2]):
            raise ValueError(
                f"expected mask {number} to have the content's size, {content_shape[1]} x {content_shape[0]} pixels, "
                f"received {share.shape[1]} x {share.shape[0]}"
            )
        if share.max() < 1.5 / 255:
            raise ValueError(
                f"expected mask {number} to be white (1.0, or 255 of 8 bits) where its style belongs, received one "
                f"that is black all over: its lightest value is {share.max():.3g}"
            )
        shares.append(share)
    stacked = np.stack(shares)
    return stacked / np.maximum(stacked.sum(axis=0), 1)


def _read(mask: Picture) -> np.ndarray:
    """The mask's shares, float32 `(h, w)`; the mean of a colour picture's channels."""
    if isinstance(mask, np.ndarray) and (
        mask.dtype.kind == "b" or mask.dtype.kind == "i" and np.isin(mask, (0, 1)).all()
    ):
        mask = mask.astype(np.float32)
    return load_image(mask).mean(axis=2)


def resize_masks(masks: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize by area: each value is the mean of the part of the mask that it covers.

    Args:
        masks: Floats `(n, h, w)`.
        size: Height and width.

    Returns:
        float32 `(n, height, width)`, with the means of the masks.

    Example:
        >>> resize_masks(np.array([[[1.0, 1.0, 0.0]]]), (1, 2)).tolist()
        [[[1.0, 0.3333333432674408]]]
    """
    return _shrink(_shrink(masks.astype(np.float64), size[0], 1), size[1], 2).astype(np.float32)


def _shrink(values: np.ndarray, length: int, axis: int) -> np.ndarray:
    values = np.moveaxis(values, axis, 0)
    edges = np.linspace(0, len(values), length + 1)
    sums = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    whole = np.minimum(edges.astype(int), len(values) - 1)
    part = (edges - whole).reshape(-1, *[1] * (values.ndim - 1))
    up_to = sums[whole] + part * values[whole]  # the sum up to each edge, which may lie inside a value
    means = np.diff(up_to, axis=0) * (length / len(values))
    return np.moveaxis(np.clip(means, 0, 1), 0, axis)


def layer_regions(masks: np.ndarray, sizes: Mapping[str, tuple[int, int]]) -> dict[str, np.ndarray]:
    """Bring masks to the positions of layers, as `Objective` takes them.

    Args:
        masks: Floats `(styles, h, w)` in 0..1, as `read_masks` returns.
        sizes: `{layer: (h_l, w_l)}`.

    Returns:
        `{layer: float32 (styles, h_l, w_l)}`, >= 0, each style's weights summing to 1.

    Raises:
        ValueError: If a mask is so small that at a layer it covers no position by a sixteenth.

    Example:
        >>> halves = np.array([[[1.0, 1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0, 1.0]]])
        >>> layer_regions(halves, {"conv": (1, 2)})["conv"].tolist()
        [[[1.0, 0.0]], [[0.0, 1.0]]]

    Reference:
        Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer", CVPR 2017, section 4.
    """
    regions = {}
    for layer, size in sizes.items():
        shares = resize_masks(masks, size)
        for number, (share, mask) in enumerate(zip(shares, masks, strict=True), start=1):
            if share.max() < FAINTEST * mask.max():
                raise ValueError(
                    f"expected mask {number} to cover a sixteenth of a position at {layer} ({size[1]} x {size[0]} "
                    f"positions), received at most {share.max() / mask.max():.2g}; draw it larger, paint a larger "
                    "size or leave out the layer"
                )
        regions[layer] = (shares / shares.sum(axis=(1, 2), keepdims=True, dtype=np.float64)).astype(np.float32)
    return regions


def layer_sizes(network: Callable, height: int, width: int) -> dict[str, tuple[int, int]]:
    """Return the height and width of each layer's activations, `{layer: (h_l, w_l)}`.

    Args:
        network: A Keras model, or a function, from pictures `(1, h, w, 3)` to `{layer: (1, h_l, w_l, c)}`.
        height: Of the picture, in pixels.
        width: Of the picture, in pixels.
    """
    import tensorflow as tf

    picture = tf.TensorSpec((1, height, width, 3), tf.float32)
    found = tf.function(lambda pictures: network(pictures)).get_concrete_function(picture).structured_outputs
    return {layer: tuple(activations.shape[1:3]) for layer, activations in found.items()}
