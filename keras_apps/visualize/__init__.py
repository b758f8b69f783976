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
        # unit -> picture
        "maximize": "ascent",
        "Maximized": "maximize_result",
        "jitter": "views",
        "rotation": "views",
        "scaling": "views",
        "labelled_sheet": "labelling",
        # filters, maps, occlusion
        "filters": "kernels",
        "draw_filters": "kernels",
        "activation_maps": "maps",
        "draw_maps": "maps",
        "occlusion_map": "occlusion",
        "Occlusion": "occlusion",
        "distance_to": "occlusion",
        "draw_occlusion": "occlusion_drawing",
    },
)
