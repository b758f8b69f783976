"""Faces, style transfer, what ConvNets learn, on Keras 3: images, weights, backbones -> subjects -> export -> cli.

Importing `keras_apps` is light: TensorFlow is loaded when something needs it.
"""

import importlib
import sys

import lazy_loader

__version__ = "0.1.0"

__getattr__, _, _modules = lazy_loader.attach_stub(__name__, __file__)
__all__ = ["__version__", "register", *_modules]

_MODULES_WITH_KERAS_CLASSES = (
    "_residual",
    "faces.liveness.model",
    "faces.people.augment",
    "faces.towers.joined",
    "faces.towers.resnet",
    "faces.towers.sface",
    "faces.training.comparison",
    "faces.training.losses",
    "faces.training.metrics",
    "faces.training.softmax_identifier",
    "faces.training.triplet_model",
    "faces.training.verification_model",
    "faces.yunet",
)


def register() -> None:
    """Register the package's layers and models with Keras, so that `keras.saving.load_model` can load them.

    `import keras_apps` calls this function itself where Keras was imported before. Call it yourself where `keras_apps`
    is imported first and `keras.saving.load_model` is called next. It imports Keras and TensorFlow, which
    `import keras_apps` alone does not. `faces.load_tower` needs no call, and calling it twice does no harm.

    Example:
        >>> register()
    """
    for module in _MODULES_WITH_KERAS_CLASSES:
        importlib.import_module(f"{__name__}.{module}")


def __dir__() -> list[str]:
    return list(__all__)


if hasattr(sys.modules.get("keras"), "saving"):  # Keras has been imported, and wholly
    register()
