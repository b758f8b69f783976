"""Model + pictures -> receptive field -> patches; unit -> picture."""

from keras_apps._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "receptive_field": "fields",
        "ReceptiveField": "fields",
        "seen_box": "fields",
        "Window": "windows",
        "WHOLE": "windows",
        "top_patches": "patches",
        "TopPatches": "patch_result",
        "Patch": "patch_result",
        "driving": "driving_pixels",
        "draw_patches": "patch_drawing",
    },
)
