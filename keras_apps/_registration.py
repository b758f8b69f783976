"""Let Keras find the package's classes in `.keras` files, whichever of the two is imported first, and load neither."""

from __future__ import annotations

import importlib
import sys

PACKAGE = "keras_apps"
CLASSES = {
    "RepeatBorder": "_repeat_border",
    "ShortcutAdd": "faces.layers",
    "Latest": "faces.collapse",
    "LogisticComparison": "faces.comparison",
    "RandomView": "faces.augment",
    "RandomLight": "faces.augment",
    "RandomPatch": "faces.augment",
    "SoftmaxIdentifier": "faces.softmax_identifier",
    "TripletModel": "faces.triplet_model",
    "VerificationModel": "faces.verification_model",
}
"""What `.keras` files may hold, with the module that defines it."""


def register() -> None:
    """Make `keras.saving.load_model` know the package's classes: now where Keras is loaded, else when it will be.

    What Keras gets are stand-ins: a class's module is imported when a file asks for it. The module registers the
    class itself then, in the stand-in's place.
    """
    if hasattr(sys.modules.get("keras"), "saving"):
        _stand_in()
    elif not any(isinstance(finder, _AfterKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterKeras())


def _stand_in() -> None:
    known = sys.modules["keras"].saving.get_custom_objects()
    for name, module in CLASSES.items():
        known.setdefault(f"{PACKAGE}>{name}", _deferred(name, module))


def _deferred(name: str, module: str) -> type:
    """Return a class whose `from_config` is that of the real one, which is imported by then."""

    def from_config(config, custom_objects=None):
        real = getattr(importlib.import_module(f"{PACKAGE}.{module}"), name)
        return real.from_config(config) if custom_objects is None else real.from_config(config, custom_objects)

    return type(name, (), {"from_config": staticmethod(from_config), "__doc__": f"Stands in for `{module}.{name}`."})


class _AfterKeras:
    """An import finder that finds `keras` as the others do, and registers once it has been imported."""

    def find_spec(self, name, path=None, target=None):
        """Return the spec of `keras`, as another finder gives it; `None` for everything else."""
        if name != "keras":
            return None
        others = (finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec"))
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            self._call_after(spec.loader)
        return spec

    def _call_after(self, loader) -> None:
        execute = loader.exec_module

        def exec_module(module):
            del loader.exec_module
            execute(module)  # where this fails the finder stays, and the next import of Keras is another try
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            _stand_in()

        loader.exec_module = exec_module
