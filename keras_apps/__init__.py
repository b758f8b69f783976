"""Faces, style transfer and what ConvNets learn on Keras 3: images, weights, backbones -> the subject folders -> cli.

Importing `keras_apps` is light: TensorFlow is loaded when something needs it.
"""

import sys

from keras_apps._lazy import lazy_exports

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {name: name for name in ("images", "weights", "backbones", "faces", "style", "visualize", "dimensions")},
)
__all__ += ["__version__"]

if "keras" in sys.modules:  # then it costs little to let `keras.saving.load_model` know the custom layers
    from keras_apps import _repeat_border  # noqa: F401
    from keras_apps.faces import layers  # noqa: F401
