"""Content + style -> activations -> cost -> gradient -> picture."""

from keras_apps._lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "KINDS": "paintings",
        "paint": "paintings",
        "Recipe": "recipe",
        "gram_matrix": "costs",
        "content_cost": "costs",
        "layer_style_cost": "costs",
        "style_cost": "costs",
        "variation_cost": "costs",
        "total_cost": "costs",
        "Objective": "objective",
        "StyleStep": "step",
        "LBFGS": "lbfgs",
        "transfer": "loop",
        "StyleResult": "result",
        "Progress": "result",
    },
)
