"""A picture and whatever tells living faces -> P(live) and the least P that is accepted, for a gallery's `verify`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from keras_apps.faces.detection import FaceCrop
from keras_apps.faces.liveness.squares import around_face
from keras_apps.images import Picture

Liveness: TypeAlias = "bool | Any | Callable[[np.ndarray], float] | None"
"""`None` or `False`: not looked at; `True`: the bundled network; a `LivenessModel`; or a function."""


def live_probability(liveness: Liveness, picture: Picture, face: FaceCrop) -> tuple[float, float]:
    """Ask whether a face lives.

    Args:
        liveness: `True` for the bundled network; a `LivenessModel`; or a function from the square around the face, as
            `around_face` cuts it, uint8 `(144, 144, 3)`, to P(live) in [0, 1].
        picture: The picture.
        face: A face of the picture.

    Returns:
        `(live, least)`: P(live), and the least P that is accepted: `tau_probability` where it has one, else 0.5.

    Raises:
        TypeError: If `liveness` is none of these.
        ValueError: If a function's answer is not in [0, 1].
    """
    judge: Any = _bundled() if liveness is True else liveness
    square = around_face(picture, face)
    if callable(getattr(judge, "score", None)):
        live = float(np.asarray(judge.score(square[None], cut=True))[0])
    elif callable(judge):
        live = float(judge(square))
    else:
        raise TypeError(f"expected True, a LivenessModel or a function as liveness, received {type(judge).__name__}")
    if not 0 <= live <= 1:
        raise ValueError(f"expected P(live) in [0, 1] from the liveness check, received {live}")
    return live, float(getattr(judge, "tau_probability", 0.5))


@functools.lru_cache(maxsize=1)
def _bundled() -> Any:
    from keras_apps.faces.liveness.model import load_liveness

    return load_liveness()
