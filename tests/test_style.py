"""Style transfer: the cost falls, content and style are what their weights say, and a recipe says what is wrong."""

import dataclasses
import json
import math

import numpy as np
import oracles
import pytest
import tensorflow as tf

from keras_apps import backbones, images, style
from keras_apps.style import loop

SMALL = style.Recipe(backbone="vgg16", size=48, steps=8, style_layers={"block1_conv1": 0.5, "block2_conv1": 0.5})
SHALLOW = dataclasses.replace(SMALL, content_layer="block2_conv2")


@pytest.fixture(scope="module")
def pictures():
    return [images.resize(images.load_image(f"bundled:{n}"), 48) for n in ("astronaut", "vortices")]


@pytest.fixture(scope="module")
def model():
    return backbones.load("vgg16", SHALLOW.layers)


def step_from(model, pictures, recipe, start=None, compiled=False):
    content, painting = pictures
    return style.StyleStep(model, content, painting, content if start is None else start, recipe, compiled)


@pytest.mark.parametrize("start", ["content", "noise", "style"])
@pytest.mark.parametrize("optimizer", ["adam", "gradient-descent"])
@pytest.mark.parametrize("normalization", ["scale-free", "course"])
def test_the_cost_falls(pictures, start, optimizer, normalization):
    weight = 10.0 if normalization == "scale-free" else 1e7
    recipe = dataclasses.replace(
        SHALLOW, start=start, optimizer=optimizer, normalization=normalization, style_weight=weight
    )
    result = style.transfer(*pictures, recipe, compiled=False)
    costs = [row["cost"] for row in result.history]
    assert len(costs) == 8 and costs[-1] < 0.95 * costs[0]
    assert result.image.shape == pictures[0].shape
    assert result.image.min() >= 0 and result.image.max() <= 1


def test_the_costs_are_the_courses(model, pictures, rng):
    """History's J_content and J_style equal the oracle's on the network's activations, in both normalisations."""
    picture = rng.uniform(size=pictures[0].shape).astype(np.float32)
    activations = [{k: v.numpy()[0] for k, v in model(p[None]).items()} for p in (*pictures, picture)]
    a_C, a_S, a_G = activations
    J_content = np.sum((a_C["block2_conv2"] - a_G["block2_conv2"]).astype(np.float64) ** 2) / 2
    J_style = sum(0.5 * float(style.layer_style_cost(a_S[k], a_G[k])) for k in SHALLOW.style_layers)
    for normalization in ("scale-free", "course"):
        recipe = dataclasses.replace(SHALLOW, normalization=normalization)
        costs = step_from(model, pictures, recipe).costs(tf.constant(picture))
        assert float(costs["J_content"]) == pytest.approx(J_content, rel=1e-4)
        assert float(costs["J_style"]) == pytest.approx(J_style, rel=1e-4)
        if normalization == "course":
            assert float(costs["cost"]) == pytest.approx(J_content + 10 * J_style, rel=1e-4)
        else:
            share = 2 * J_content / np.sum(a_C["block2_conv2"].astype(np.float64) ** 2)
            assert float(costs["content"]) == pytest.approx(share, rel=1e-4)


def test_scale_free_costs_of_a_black_network_answer_are_one(model, pictures):
    """Where a_G is zero, |a_C - 0|^2 / |a_C|^2 = 1 and each |G_S - 0|^2 / |G_S|^2 = 1, times lambda 0.5 + 0.5."""
    step = step_from(model, pictures, SHALLOW)
    step.model = lambda picture: {k: tf.zeros_like(v) for k, v in model(picture).items()}
    costs = step.costs(tf.constant(pictures[0]))
    assert float(costs["content"]) == pytest.approx(1, rel=1e-5)
    assert float(costs["style"]) == pytest.approx(1, rel=1e-5)


def test_the_content_costs_nothing_at_the_content_and_style_at_the_style(model, pictures):
    costs = step_from(model, pictures, SHALLOW).costs
    assert float(costs(tf.constant(pictures[0]))["content"]) == 0
    assert float(costs(tf.constant(pictures[1]))["style"]) == pytest.approx(0, abs=1e-8)


def test_gradient_of_the_pixels_equals_finite_differences(model, pictures, rng):
    """Along a random direction, (J(G + hD) - J(G - hD)) / 2h equals the gradient's inner product with D."""
    step = step_from(model, pictures, dataclasses.replace(SHALLOW, variation_weight=0.1))
    picture = tf.Variable(rng.uniform(0.2, 0.8, pictures[0].shape).astype(np.float32))
    with tf.GradientTape() as tape:
        cost = step.costs(picture)["cost"]
    gradient = tape.gradient(cost, picture).numpy()
    direction = gradient / np.linalg.norm(gradient)
    h = 2e-2
    above, below = (float(step.costs(picture + s * h * direction)["cost"]) for s in (1, -1))
    assert (above - below) / (2 * h) == pytest.approx(float(np.sum(gradient * direction)), rel=0.02)


def test_gradient_descent_is_the_courses_update(model, pictures):
    """One step of plain gradient descent is G - learning_rate dJ/dG, cut to 0..1."""
    recipe = dataclasses.replace(SHALLOW, optimizer="gradient-descent", learning_rate=50.0)
    step = step_from(model, pictures, recipe)
    before = tf.Variable(step.picture)
    with tf.GradientTape() as tape:
        cost = step.costs(before)["cost"]
    expected = np.clip(before.numpy() - 50.0 * tape.gradient(cost, before).numpy(), 0, 1)
    step()
    np.testing.assert_allclose(step.picture.numpy(), expected, atol=1e-5)


def test_compiled_and_eager_steps_agree(model, pictures):
    steps = [step_from(model, pictures, SHALLOW, compiled=compiled) for compiled in (True, False)]
    for _ in range(3):
        costs = [float(step()["cost"]) for step in steps]
    assert costs[0] == pytest.approx(costs[1], rel=1e-4)
    np.testing.assert_allclose(steps[0].picture.numpy(), steps[1].picture.numpy(), atol=2e-3)


def test_alpha_zero_forgets_content_and_beta_zero_forgets_style(pictures):
    noise = dataclasses.replace(SHALLOW, start="noise", steps=25, learning_rate=0.05)
    only_style = style.transfer(*pictures, dataclasses.replace(noise, content_weight=0.0), compiled=False).history
    only_content = style.transfer(*pictures, dataclasses.replace(noise, style_weight=0.0), compiled=False).history
    assert only_content[-1]["content"] < 0.5 * only_style[-1]["content"]
    assert only_style[-1]["style"] < 0.5 * only_content[-1]["style"]


def test_one_seed_one_picture(pictures):
    recipe = dataclasses.replace(SHALLOW, start="noise", steps=3, seed=3)
    first, second = (style.transfer(*pictures, recipe, compiled=False).image for _ in range(2))
    np.testing.assert_array_equal(first, second)
    other = style.transfer(*pictures, dataclasses.replace(recipe, seed=4), compiled=False).image
    assert np.abs(first - other).mean() > 0.05


def test_progress_is_told_every_step(pictures):
    told = []
    style.transfer(*pictures, dataclasses.replace(SHALLOW, steps=4), progress=told.append, compiled=False)
    assert [p.step for p in told] == [1, 2, 3, 4] and all(p.steps == 4 for p in told)
    assert math.isnan(told[0].seconds_left) and told[1].seconds_left > 0 and told[3].seconds_left == 0
    assert told[0].image().shape == pictures[0].shape


def test_ctrl_c_keeps_the_picture_so_far(pictures):
    def stop(progress):
        if progress.step == 3:
            raise KeyboardInterrupt

    result = style.transfer(*pictures, SHALLOW, progress=stop, compiled=False)
    assert result.interrupted and len(result.history) == 3
    unbroken = style.transfer(*pictures, dataclasses.replace(SHALLOW, steps=3), compiled=False)
    np.testing.assert_array_equal(result.image, unbroken.image)


def test_a_cost_that_is_not_finite_stops(pictures):
    recipe = dataclasses.replace(SHALLOW, optimizer="gradient-descent", learning_rate=1e30)
    step = loop.StyleStep(lambda p: dict.fromkeys(SHALLOW.layers, p * math.nan), *pictures, pictures[0], recipe, False)
    with pytest.raises(ValueError, match="no longer finite at step 1"):
        list(loop._run(step, 3, None))


def test_result_keeps_the_contents_proportions_and_names_the_network():
    wide = images.load_image("bundled:rocket")
    result = style.transfer(wide, "bundled:vortices", dataclasses.replace(SHALLOW, steps=1), compiled=False)
    assert max(result.image.shape[:2]) == 48
    assert result.image.shape[1] / result.image.shape[0] == pytest.approx(wide.shape[1] / wide.shape[0], rel=0.05)
    assert result.backbone == "vgg16" and result.recipe.steps == 1 and result.seconds > 0


def test_alexnet_runs_with_its_own_layers(pictures):
    result = style.transfer(*pictures, style.Recipe(backbone="alexnet", size=64, steps=2), compiled=False)
    assert result.history[1]["cost"] < result.history[0]["cost"]


@pytest.mark.parametrize("which", [0, 1])
def test_pictures_smaller_than_the_network_needs(pictures, which):
    """block5_conv1 lies behind four poolings by 2, so it needs 16 pixels."""
    small = list(pictures)
    small[which] = np.zeros((1, 1, 3), np.float32)
    name = ("content", "style")[which]
    with pytest.raises(ValueError, match=f"{name} picture of at least 16 x 16.*block5_conv1.*received 1 x 1"):
        style.transfer(*small, style.Recipe(backbone="vgg16", size=48, steps=1))


def test_a_strip_that_is_too_thin_at_the_chosen_size(pictures):
    strip = np.zeros((20, 400, 3), np.float32)
    with pytest.raises(ValueError, match="at least 16 x 16 pixels at size 48"):
        style.transfer(strip, pictures[1], style.Recipe(backbone="vgg16", size=48, steps=1))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"steps": 0}, ValueError, "steps of at least 1, received 0"),
        ({"steps": -3}, ValueError, "steps of at least 1"),
        ({"steps": 2.5}, TypeError, "integer for steps"),
        ({"size": 8}, ValueError, "size from 32 to 2048"),
        ({"size": 10**6}, ValueError, "size from 32 to 2048"),
        ({"seed": -1}, ValueError, "seed of at least 0"),
        ({"start": "white"}, ValueError, "content, noise, style"),
        ({"optimizer": "sgd"}, ValueError, "adam, gradient-descent"),
        ({"normalization": "none"}, ValueError, "scale-free, course"),
        ({"content_layer": ""}, ValueError, "received ''"),
        ({"optimizer": ["adam"]}, ValueError, "adam, gradient-descent"),
        ({"backbone": "vgg"}, ValueError, "auto, vgg16, vgg19, alexnet"),
        ({"content_layer": "block9"}, ValueError, "block4_conv2.*received 'block9'"),
        ({"style_layers": {"conv": 1}}, ValueError, "received 'conv'"),
        ({"style_layers": {}}, TypeError, "layer: weight"),
        ({"style_layers": {"block1_conv1": 0}}, ValueError, "weight above 0"),
        ({"style_layers": {"block1_conv1": -1}}, ValueError, "at least 0"),
        ({"content_weight": math.nan}, ValueError, "content_weight"),
        ({"content_weight": 0, "style_weight": 0}, ValueError, "received 0 for both"),
        ({"learning_rate": 0}, ValueError, "learning_rate above 0"),
        ({"learning_rate": "fast"}, TypeError, "number for learning_rate"),
    ],
)
def test_recipes_that_cannot_be(change, error, words):
    with pytest.raises(error, match=words):
        style.Recipe(**({"backbone": "vgg16"} | change))


def test_recipe_as_dict_is_plain():
    assert json.loads(json.dumps(style.Recipe(backbone="vgg16", steps=np.int64(3)).as_dict()))["steps"] == 3


def test_recipe_as_dict_fills_in_the_defaults():
    values = style.Recipe(backbone="vgg16").as_dict()
    assert values["content_layer"] == "block4_conv2" and values["learning_rate"] == 0.02
    assert values["style_layers"] == {f"block{b}_conv1": 0.2 for b in range(1, 6)}


def test_oracle_gram_agrees_with_the_step_targets(model, pictures):
    step = step_from(model, pictures, SHALLOW)
    a_S = model(pictures[1][None])["block2_conv1"].numpy()[0]
    height, width, _ = a_S.shape
    expected = oracles.gram_matrix(a_S[:, :, :4]) / (height * width)
    np.testing.assert_allclose(step.style_grams["block2_conv1"][:4, :4], expected, rtol=1e-4)
