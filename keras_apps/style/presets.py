"""Recipes of well-known programs, by name: their layers, weights, optimiser, size, start and number of steps."""

from __future__ import annotations

from keras_apps import backbones, weights
from keras_apps._choices import check_choice
from keras_apps.style.recipe import FIVE_LAYERS, Recipe

PRESETS = {
    "course": {
        "content_layers": {"block5_conv4": 1.0},
        "style_layers": FIVE_LAYERS,
        "content_weight": 10.0,
        "style_weight": 40.0,
        "normalization": "assignment",
        "optimizer": "adam",
        "optimizer_options": {"epsilon": 1e-7},
        "learning_rate": 0.01,
        "start": "blend",
        "noise_share": 0.25,
        "size": 400,
        "steps": 2500,
    },
    "gatys2016": {
        "pooling": "average",
        "content_layers": {"block4_conv2": 1.0},
        "style_layers": FIVE_LAYERS,
        "content_weight": 1e-3,
        "style_weight": 1.0,
        "normalization": "course",
        "optimizer": "lbfgs",
        "start": "noise",
        "size": 512,
        "steps": 500,
    },
    "keras.io": {
        "content_layers": {"block5_conv2": 1.0},
        "style_layers": FIVE_LAYERS,
        "content_weight": 2.5e-8,
        "style_weight": 1e-6,
        "variation_weight": 1e-6,
        "normalization": "keras.io",
        "optimizer": "sgd",
        "learning_rate": 100 / 255**2,
        "schedule": "exponential",
        "decay_rate": 0.96,
        "decay_steps": 100,
        "start": "content",
        "size": 400,
        "steps": 4000,
    },
    "tensorflow": {
        "content_layers": {"block5_conv2": 1.0},
        "style_layers": FIVE_LAYERS,
        "content_weight": 1e4,
        "style_weight": 1e-2,
        "variation_weight": 30.0,
        "normalization": "tensorflow",
        "optimizer": "adam",
        "optimizer_options": {"beta_1": 0.99, "epsilon": 0.1},
        "learning_rate": 0.02,
        "start": "content",
        "size": 512,
        "steps": 1000,
    },
}
"""`{name: entries of the recipe}`, with VGG19's layers; none of these programs paints coarse to fine."""


def preset(name: str, **changes: object) -> Recipe:
    """Return the recipe of a well-known program.

    | name | program |
    |---|---|
    | course | the programming exercise "Art Generation" of the deep-learning course |
    | gatys2016 | Gatys et al., "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016 |
    | keras.io | the example "Neural style transfer" of keras.io |
    | tensorflow | the tutorial "Neural style transfer" of tensorflow.org |

    All use VGG19, whose weights are in no package: where Keras's cache has none, the recipe says VGG16, and a layer
    that VGG16 lacks becomes the last convolution of its block (block5_conv4: block5_conv3). Costs, and the picture,
    then differ from the program's. What differs besides:

    - course: it shows VGG19 pictures in 0..1 without subtracting ImageNet's mean, distorted to squares of 400 x 400,
      and starts from C plus noise in -0.25..0.25, cut to 0..1, where the blend is 0.75 C plus 0.25 times noise in 0..1.
    - gatys2016: its network's weights were scaled so that each channel's mean activation is 1, over ImageNet's pictures
      and positions; here they are as they were trained, and so the balance between content, style and their layers is
      another. Pixels are kept within 0..1.
    - keras.io: it makes the picture 400 pixels high, distorts the style picture to the same shape and does not keep
      pixels within 0..255 before it saves them. With a style picture of the content's proportions the costs are equal.
    - tensorflow: nothing.

    Args:
        name: One of `PRESETS`.
        **changes: Entries of `Recipe` to use instead of the preset's.

    Raises:
        ValueError: If there is no such preset, entry or value; names that look like it are given.
        TypeError: If a value has another type.

    Example:
        >>> preset("tensorflow", steps=50).optimizer_options
        {'beta_1': 0.99, 'epsilon': 0.1}
    """
    check_choice("preset", name, PRESETS)
    entries = {"backbone": "vgg19" if weights.vgg19_available() else "vgg16", "coarse_to_fine": False, **PRESETS[name]}
    entries |= changes
    if entries["backbone"] in ("vgg16", "auto") and "content_layers" not in changes:
        backbone = Recipe(backbone=entries["backbone"]).resolved_backbone
        entries["content_layers"] = _layers_of(backbone, PRESETS[name]["content_layers"])
    return Recipe.from_dict(entries)


def _layers_of(backbone: str, layers: dict[str, float]) -> dict[str, float]:
    """VGG19's layers, or for each that a backbone lacks the last convolution of its block."""
    known = backbones.layer_names(backbone)
    return {layer if layer in known else _last_convolution(known, layer): w for layer, w in layers.items()}


def _last_convolution(known: list[str], layer: str) -> str:
    block = layer.partition("_")[0]
    return [name for name in known if name.startswith(f"{block}_conv")][-1]
