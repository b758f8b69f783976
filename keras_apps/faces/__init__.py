"""Picture -> face -> aligned chip -> encoding -> distance -> decision."""

from keras_apps._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "FaceCrop": "detect",
        "NoFaceError": "detect",
        "find_faces": "detect",
        "align": "align",
        "ShortcutAdd": "layers",
        "build_tower": "tower",
        "load_tower": "tower",
        "fingerprint": "tower",
        "encode": "encode",
        "squared_euclidean": "distances",
        "euclidean": "distances",
        "Threshold": "calibrate",
        "calibrate": "calibrate",
        "Gallery": "gallery",
        "GalleryError": "store",
        "Verification": "gallery",
        "Identification": "gallery",
        "Candidate": "gallery",
    },
)
