"""Face towers by name: a picture -> 128 numbers. Named layers, savable as `.keras`."""

from __future__ import annotations

import keras

from keras_apps._choices import check_choice
from keras_apps.faces.fingerprints import fingerprint as fingerprint
from keras_apps.faces.loading import BUNDLED as BUNDLED
from keras_apps.faces.loading import load_tower as load_tower
from keras_apps.faces.tower_inception import inception_tower
from keras_apps.faces.tower_resnet import resnet_tower
from keras_apps.faces.tower_small import small_tower

ENCODING = 128
_BUILDERS = {"resnet128": resnet_tower, "small": small_tower, "inception": inception_tower}
_SMALLEST = {"resnet128": 103, "small": 16, "inception": 32}


def tower_of(model: keras.Model) -> keras.Model:
    """Return the tower of a `TripletModel` or another model around one; a tower itself is returned as it is."""
    return getattr(model, "tower", model)


def build_tower(name: str = "resnet128", size: int | None = None, encoding: int = ENCODING) -> keras.Model:
    """Build a face tower with random weights. Scaling of the pictures lies inside.

    Args:
        name: `"small"` (1.2 million parameters, 64 pixels, encodings of unit length), `"inception"` (FaceNet's,
            3.7 million, 96 pixels, unit length) or `"resnet128"` (5.6 million, 150 pixels, any length).
        size: Height and width of the input in pixels; the tower's own by default.
        encoding: Length of the encoding, >= 2.

    Returns:
        `keras.Model` from RGB pictures in 0..255, `(n, size, size, 3)`, to encodings `(n, encoding)`.

    Raises:
        ValueError: If there is no such tower, or a size is too small for it.

    Example:
        >>> build_tower("small", size=32).output_shape
        (None, 128)

    Reference:
        Schroff et al., "FaceNet", CVPR 2015; He et al., "Deep Residual Learning", CVPR 2016.
    """
    check_choice("tower", name, _BUILDERS)
    for what, value, least in (("size", size, _SMALLEST[name]), ("encoding", encoding, 2)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise ValueError(f"expected a whole number of at least {least} for {what} of {name!r}, received {value!r}")
    return _BUILDERS[name](encoding=encoding, **({} if size is None else {"size": size}))
