"""One definition of a tower -> a tower for signals, pictures or volumes, which the Siamese models take."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

import keras

from keras_apps._checks import check_choice, check_whole
from keras_apps._residual import BLOCKS, residual_tower
from keras_apps.dimensions.arithmetic import Sizes, check_rank, per_axis

INPUT_SHAPES = {1: (256, 1), 2: (64, 64, 3), 3: (16, 32, 32, 1)}
STEMS = {1: 5, 2: 5, 3: 3}
READOUTS = ("places", "average")


def build_tower(
    rank: int = 2,
    input_shape: Sequence[int | None] | None = None,
    *,
    encoding: int = 128,
    filters: int = 32,
    stem: int | None = None,
    kernel: int = 3,
    blocks: Sequence[tuple[int, Sizes]] = BLOCKS,
    scale: float = 1.0,
    offset: float = 0.0,
    normalized: bool = True,
    readout: str = "places",
    unit_length: bool = True,
) -> keras.Model:
    """Build a small residual tower with random weights, along one, two or three axes.

    Only the layers' rank differs: `Conv1D`, `Conv2D` or `Conv3D`, and the poolings likewise. `faces.TripletModel`,
    `faces.VerificationModel`, `faces.mine_triplets`, `faces.evaluate_pairs` and `faces.Gallery` take a tower of any
    rank, for they see its encodings alone. With `scale=1 / 64, offset=-2.0` rank 2 is `faces.build_tower("small")`.

    Args:
        rank: 1 for signals, 2 for pictures, 3 for volumes and films.
        input_shape: `(length, channels)`, `(height, width, channels)` or `(depth, height, width, channels)`, a film's
            frames being its depth; by default `(256, 1)`, `(64, 64, 3)` or `(16, 32, 32, 1)`. Spatial sizes may be
            `None`, for any, with `readout="average"`.
        encoding: Length of the encoding, >= 2.
        filters: Of the first convolution, whose stride is 2.
        stem: Its kernel's size along each axis; by default 5, and 3 at rank 3, where TensorFlow's gradient of a
            strided convolution takes several times as long on a CPU with 5.
        kernel: That of the residual blocks' convolutions.
        blocks: `(filters, stride)` of each residual block; a stride may be one number or one for each axis.
        scale, offset: The input is multiplied by the one, then the other is added.
        normalized: Whether batch normalisation follows each convolution, and the encoding.
        readout: `"places"` reads the last activations with a weight for each place, for inputs whose places mean
            something (aligned faces, heartbeats cut out around their peak); `"average"` averages over places first.
        unit_length: Whether encodings are divided by their length (L2), as FaceNet's.

    Returns:
        `keras.Model` from floats `(n, *input_shape)` to encodings `(n, encoding)`. It holds Keras's own layers only.

    Raises:
        TypeError: If a size is no whole number.
        ValueError: If the rank is not 1, 2 or 3, the input shape is of another rank, a size is out of range or unknown
            where the places are read, or there is no such readout.

    Example:
        >>> [build_tower(rank, filters=4, blocks=[(8, 2)]).output_shape for rank in (1, 2, 3)]
        [(None, 128), (None, 128), (None, 128)]

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", CVPR 2016; Schroff et al., "FaceNet", CVPR 2015.
    """
    rank = check_rank(rank)
    shape = INPUT_SHAPES[rank] if input_shape is None else input_shape
    check_choice("readout", readout, READOUTS)
    options = {"filters": filters, "stem": STEMS[rank] if stem is None else stem, "kernel": kernel}
    for what, value in options.items():
        check_whole(what, value)
    check_whole("encoding", encoding, least=2)
    for what, number in (("scale", scale), ("offset", offset)):
        if isinstance(number, bool) or not isinstance(number, numbers.Real) or not math.isfinite(number):
            raise ValueError(f"expected a finite number for {what}, received {number!r}")
    return residual_tower(
        _checked_shape(shape, rank, readout),
        name=f"residual{rank}d",
        encoding=encoding,
        blocks=_checked_blocks(blocks, rank),
        scale=float(scale),
        offset=float(offset),
        normalized=bool(normalized),
        readout=readout,
        unit_length=bool(unit_length),
        **options,
    )


def _checked_shape(shape: Any, rank: int, readout: str) -> tuple[int | None, ...]:
    if isinstance(shape, str) or not hasattr(shape, "__len__"):
        raise TypeError(f"expected an input shape (spatial sizes..., channels), received {shape!r}")
    if len(shape) != rank + 1:
        raise ValueError(
            f"expected {rank} spatial sizes and then the channels for rank {rank}, received {tuple(shape)}"
        )
    if shape[-1] is None or (readout == "places" and None in shape):
        raise ValueError(
            f"expected known sizes, received {tuple(shape)}: only spatial sizes may be None, "
            "and only with readout='average'"
        )
    return tuple(None if size is None else check_whole("each size of the input shape", size) for size in shape)


def _checked_blocks(blocks: Any, rank: int) -> list[tuple[int, tuple[int, ...]]]:
    checked = []
    for block in blocks if hasattr(blocks, "__iter__") else [blocks]:
        if not hasattr(block, "__len__") or len(block) != 2:
            raise ValueError(f"expected blocks as (filters, stride), received {block!r}")
        checked.append((check_whole("a block's filters", block[0]), per_axis("a block's stride", block[1], rank)))
    return checked
