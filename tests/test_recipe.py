"""A recipe: its defaults, its stages, and an error for what cannot be."""

import json
import math

import numpy as np
import pytest

from keras_apps import style


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"steps": 0}, ValueError, "steps of at least 1, received 0"),
        ({"steps": -3}, ValueError, "steps of at least 1"),
        ({"steps": 2.5}, TypeError, "whole number for steps"),
        ({"size": 8}, ValueError, "size from 32 to 8192"),
        ({"size": 10**6}, ValueError, "size from 32 to 8192"),
        ({"seed": -1}, ValueError, "seed of at least 0"),
        ({"start": "white"}, ValueError, "content, noise, style"),
        ({"optimizer": "adma"}, ValueError, "lbfgs.*did you mean .adam"),
        ({"normalization": "none"}, ValueError, "scale-free, course"),
        ({"content_layers": ""}, ValueError, "received ''"),
        ({"optimizer": ["adam"]}, ValueError, "gradient-descent, lbfgs"),
        ({"backbone": "vgg"}, ValueError, "auto, vgg16, vgg19, alexnet"),
        ({"content_layers": "block9"}, ValueError, "block4_conv2.*received 'block9'"),
        ({"style_layers": {"conv": 1}}, ValueError, "received 'conv'"),
        ({"style_layers": {}}, TypeError, "layer: weight"),
        ({"style_layers": {"block1_conv1": 0}}, ValueError, "weight above 0"),
        ({"style_layers": {"block1_conv1": -1}}, ValueError, "at least 0"),
        ({"content_weight": math.nan}, ValueError, "content_weight"),
        ({"content_weight": 0, "style_weight": 0}, ValueError, "received 0 for both"),
        ({"learning_rate": 0}, ValueError, "learning_rate above 0"),
        ({"learning_rate": "fast"}, TypeError, "number for learning_rate"),
        ({"style_weight": "10"}, TypeError, "number for style_weight"),
        ({"optimizer_options": {"beta_1": "x"}}, TypeError, "optimizer option beta_1"),
        ({"optimizer_options": {"memry": 5}}, ValueError, "memory, restart, received 'memry'; did you mean .memory"),
        ({"optimizer_options": {"restart": 0}}, ValueError, "optimizer option restart of at least 1"),
        ({"pooling": "mean"}, ValueError, "max, average"),
        ({"schedule": "linear"}, ValueError, "constant, cosine, exponential"),
        ({"color": "grey"}, ValueError, "style, luminance, matched"),
        ({"noise_share": 1.5}, ValueError, "noise_share from 0 to 1"),
        ({"settled": 1}, ValueError, "settled below 1"),
        ({"decay_rate": 0}, ValueError, "decay_rate above 0"),
        ({"coarse_to_fine": "yes"}, TypeError, "True or False for coarse_to_fine"),
        ({"style_shares": [0.5, 0.6]}, ValueError, "sum to 1, received .0.5, 0.6., which sum to 1.1"),
        ({"style_shares": []}, TypeError, "list of numbers"),
        ({"style_shares": [1.5, -0.5]}, ValueError, "at least 0"),
        ({"content_layers": {"block1_conv1": 0}}, ValueError, "content layer with a weight above 0"),
        ({"optimizer_options": [1]}, TypeError, "name: value"),
        ({"backbone": "own"}, ValueError, "content_layers and style_layers for a network of your own"),
    ],
)
def test_recipes_that_cannot_be(change, error, words):
    with pytest.raises(error, match=words):
        style.Recipe(**({"backbone": "vgg16"} | change))


def test_recipe_as_dict_is_plain():
    assert json.loads(json.dumps(style.Recipe(backbone="vgg16", steps=np.int64(3)).as_dict()))["steps"] == 3


def test_recipe_as_dict_fills_in_the_defaults():
    values = style.Recipe(backbone="vgg16").as_dict()
    assert values["content_layers"] == {"block4_conv2": 1.0}
    assert values["learning_rate"] is None and values["optimizer"] == "lbfgs"
    assert style.Recipe(backbone="vgg16", optimizer="adam").as_dict()["learning_rate"] == 0.02
    assert values["style_layers"] == {f"block{b}_conv1": 0.2 for b in range(1, 6)}


def test_a_recipe_survives_json():
    recipe = style.Recipe(backbone="vgg16", style_shares=[0.25, 0.75], size=1024, optimizer_options={"memory": 5})
    values = json.loads(json.dumps(recipe.as_dict()))
    assert style.Recipe.from_dict(values).as_dict() == recipe.as_dict()


def test_from_dict_refuses_unknown_entries():
    with pytest.raises(ValueError, match="did you mean 'style_weight'"):
        style.Recipe.from_dict({"style_weights": 1})
    with pytest.raises(TypeError, match="as a mapping, received list"):
        style.Recipe.from_dict([1])


@pytest.mark.parametrize(
    ("size", "steps", "stages"),
    [
        (256, 120, [(256, 120)]),
        (511, 120, [(511, 120)]),
        (512, 120, [(256, 102), (512, 18)]),
        (2048, 100, [(256, 55), (512, 15), (1024, 15), (2048, 15)]),
        (1024, 3, [(256, 1), (512, 1), (1024, 1)]),
        (1024, 2, [(1024, 2)]),
    ],
)
def test_stages(size, steps, stages):
    assert style.Recipe(backbone="vgg16", size=size, steps=steps).stages == stages
    alone = style.Recipe(backbone="vgg16", size=size, steps=steps, coarse_to_fine=False)
    assert alone.stages == [(size, steps)]
