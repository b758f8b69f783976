"""Picture -> face -> aligned chip -> encoding -> distance -> decision."""

from keras_apps._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "FaceCrop": "detect",
        "NoFaceError": "detect",
        "SeveralFacesError": "detect",
        "find_faces": "detect",
        "ShortcutAdd": "layers",
        "build_tower": "tower",
        "load_tower": "tower",
        "fingerprint": "tower",
        "encode": "encoding",
        "squared_euclidean": "distances",
        "euclidean": "distances",
        "Threshold": "calibration",
        "calibrate": "calibration",
        "Gallery": "gallery",
        "GalleryError": "store",
        "Verification": "answers",
        "Identification": "answers",
        "Candidate": "answers",
    },
)
