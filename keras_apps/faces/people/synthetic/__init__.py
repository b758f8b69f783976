"""Seed -> a person's traits -> the scene of one picture -> relief, light and lens -> pixels. Nobody's photograph."""

from keras_apps._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, {"synthetic_people": "crowd"})
