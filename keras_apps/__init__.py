"""Faces, style transfer, what ConvNets learn, on Keras 3: images, weights, backbones -> subjects -> export -> cli.

Importing `keras_apps` is light: TensorFlow is loaded when something needs it. `keras.saving.load_model` then knows the
package's classes, whichever of the two was imported first.
"""

from keras_apps import _registration
from keras_apps._lazy import lazy_exports

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        name: name
        for name in ("images", "weights", "backbones", "faces", "style", "visualize", "dimensions", "export", "course")
    },
)
__all__ += ["__version__"]

_registration.register()
