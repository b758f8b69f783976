"""Recipes of well-known programs, by name: their layers, weights, optimiser, size, start and number of steps."""

from __future__ import annotations

from typing import Any

from keras_apps import backbones
from keras_apps._checks import check_choice
from keras_apps.style.recipes.recipe import FIVE_LAYERS, Recipe

PRESETS: dict[str, dict[str, Any]] = {
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
        "style_layers": {f"block{b}_conv1": 1e3 / n**2 for b, n in enumerate((64, 128, 256, 512, 512), start=1)},
        "content_weight": 1.0,
        "style_weight": 1.0,
        "normalization": "tensorflow",
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

IN_LEVELS = ("gatys2016", "keras.io", "tensorflow")
"""Presets whose weights suit activations of pictures in 0..255, as VGG19's are."""
UNIT = 255 * sum(backbones.IMAGENET_DEVIATION) / 3
"""VGG16's unit of brightness in levels, 57.6; content costs grow as its square, style costs as its fourth power."""


def preset(name: str, **changes: Any) -> Recipe:
    """Return the recipe of a well-known program.

    | name | program |
    |---|---|
    | course | the programming exercise "Art Generation" of the deep-learning course |
    | gatys2016 | Gatys et al., "Image Style Transfer Using Convolutional Neural Networks", CVPR 2016 |
    | keras.io | the example "Neural style transfer" of keras.io |
    | tensorflow | the tutorial "Neural style transfer" of tensorflow.org |

    All use VGG19, whose weights no package holds. If Keras's cache does not have them, the recipe uses VGG16, and a
    layer that VGG16 lacks becomes the last convolution of its block (block5_conv4: block5_conv3). VGG16 takes
    brightness in units of 57.6 levels of 0..255. For keras.io and tensorflow, whose weights suit activations in levels,
    the content weight is then multiplied by 57.6^2 and the style weight by 57.6^4, which balances the terms as if it
    took levels. Costs, and the picture, still differ from the program's. What differs besides:

    - course: it shows VGG19 pictures in 0..1 without subtracting ImageNet's mean, so that its activations are smaller
      and style weighs less than here with VGG19; it distorts pictures to squares of 400 x 400; it starts from C plus
      noise in -0.25..0.25, cut to 0..1, where the blend is 0.75 C plus 0.25 times noise in 0..1.
    - gatys2016: layers, pooling, optimiser and start are the paper's; costs and weights are those of its authors' later
      PyTorch program (means, and 1000 / n_C^2 for each style layer). Their network's weights were scaled so that each
      channel's mean activation is 1; here they are as they were trained. Pixels are kept within 0..1.
    - keras.io: it makes the picture 400 pixels high, distorts the style picture to the same shape and does not keep
      pixels within 0..255 before it saves them. With a style picture of the content's proportions the costs are equal.
    - tensorflow: nothing.

    Args:
        name: One of `PRESETS`.
        **changes: Entries of `Recipe` to use instead of the preset's.

    Raises:
        ValueError: If there is no such preset, entry or value; similar names are suggested.
        TypeError: If a value has the wrong type.

    Example:
        >>> preset("tensorflow", steps=50).optimizer_options
        {'beta_1': 0.99, 'epsilon': 0.1}
    """
    check_choice("preset", name, PRESETS)
    backbone = changes.get("backbone", "auto")
    if backbone == "auto":
        backbone = backbones.best_available()
    entries = {**PRESETS[name], "backbone": backbone, "coarse_to_fine": False}
    if backbone == "vgg16":
        entries["content_layers"] = _layers_of(backbone, entries["content_layers"])
        if name in IN_LEVELS:
            entries["content_weight"] *= UNIT**2
            entries["style_weight"] *= UNIT**4
    return Recipe.from_dict(entries | changes | {"backbone": backbone})


def _layers_of(backbone: str, layers: dict[str, float]) -> dict[str, float]:
    """VGG19's layers, or for each that a backbone lacks the last convolution of its block."""
    known = backbones.layer_names(backbone)
    return {layer if layer in known else _last_convolution(known, layer): w for layer, w in layers.items()}


def _last_convolution(known: list[str], layer: str) -> str:
    block = layer.partition("_")[0]
    return [name for name in known if name.startswith(f"{block}_conv")][-1]
