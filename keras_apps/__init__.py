"""Faces, style transfer, what ConvNets learn, on Keras 3: images, weights, backbones -> subjects -> export -> cli.

Importing `keras_apps` is light: TensorFlow is loaded when something needs it.
"""

import importlib
import sys

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__", "register"]

_MODULES_WITH_KERAS_CLASSES = (
    "_residual",
    "faces.people.augment",
    "faces.towers.resnet",
    "faces.training.comparison",
    "faces.training.softmax_identifier",
    "faces.training.triplet_model",
    "faces.training.verification_model",
)


def register() -> None:
    """Register the package's layers and models with Keras, so that `keras.saving.load_model` knows them.

    `import keras_apps` does this by itself where Keras has been imported before it, and so does the first use of a
    class. Call it when `keras_apps` is imported first and nothing but a file is used: it imports Keras and TensorFlow,
    which `import keras_apps` leaves to whoever needs them. Calling it again does no harm.
    """
    for module in _MODULES_WITH_KERAS_CLASSES:
        importlib.import_module(f"{__name__}.{module}")


if hasattr(sys.modules.get("keras"), "saving"):
    register()
