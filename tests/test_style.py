"""The objective and its step: every cost, its gradient, and what a step does with it."""

import dataclasses

import keras
import numpy as np
import oracles
import pytest
import tensorflow as tf

from keras_apps import backbones, images, style

SMALL = style.Recipe(
    backbone="vgg16", size=48, steps=8, optimizer="adam", style_layers={"block1_conv1": 0.5, "block2_conv1": 0.5}
)
SHALLOW = dataclasses.replace(SMALL, content_layers="block2_conv2")
OWN = style.Recipe(backbone="own", content_layers={"b": 1.0, "a": 0.5}, style_layers={"a": 0.3, "b": 0.7})


@pytest.fixture(scope="module")
def pictures():
    return [images.resize(images.load_image(f"bundled:{n}"), 48) for n in ("astronaut", "vortices")]


@pytest.fixture(scope="module")
def model():
    return backbones.load("vgg16", SHALLOW.layers)


@pytest.fixture(scope="module")
def small_network():
    """Two convolutions in float64; tanh, because a kink would spoil finite differences."""
    kernels = [
        keras.random.normal(shape, seed=i, dtype="float64") for i, shape in enumerate([(3, 3, 3, 4), (3, 3, 4, 5)])
    ]

    def network(pictures):
        a = tf.tanh(tf.nn.conv2d(pictures, kernels[0], 1, "SAME"))
        return {"a": a, "b": tf.tanh(tf.nn.conv2d(a, kernels[1], 2, "SAME"))}

    return network


def objective_from(model, pictures, recipe, compiled=False):
    return style.Objective(model, pictures[0], [pictures[1]], recipe, compiled=compiled)


def step_from(model, pictures, recipe, start=None, compiled=False):
    return style.StyleStep(
        objective_from(model, pictures, recipe, compiled), pictures[0] if start is None else start, recipe
    )


def test_the_costs_are_the_courses(model, pictures, rng):
    """History's J_content and J_style equal the oracle's on the network's activations, in both normalisations."""
    picture = rng.uniform(size=pictures[0].shape).astype(np.float32)
    activations = [{k: v.numpy()[0] for k, v in model(p[None]).items()} for p in (*pictures, picture)]
    a_C, a_S, a_G = activations
    J_content = np.sum((a_C["block2_conv2"] - a_G["block2_conv2"]).astype(np.float64) ** 2) / 2
    J_style = sum(0.5 * float(style.layer_style_cost(a_S[k], a_G[k])) for k in SHALLOW.style_layers)
    for normalization in ("scale-free", "course"):
        recipe = dataclasses.replace(SHALLOW, normalization=normalization)
        costs = objective_from(model, pictures, recipe).costs(tf.constant(picture))
        assert float(costs["J_content"]) == pytest.approx(J_content, rel=1e-4)
        assert float(costs["J_style"]) == pytest.approx(J_style, rel=1e-4)
        if normalization == "course":
            assert float(costs["cost"]) == pytest.approx(J_content + 10 * J_style, rel=1e-4)
        else:
            share = 2 * J_content / np.sum(a_C["block2_conv2"].astype(np.float64) ** 2)
            assert float(costs["content"]) == pytest.approx(share, rel=1e-4)


def test_scale_free_costs_of_a_black_network_answer_are_one(model, pictures):
    """Where a_G is zero, |a_C - 0|^2 / |a_C|^2 = 1 and each |G_S - 0|^2 / |G_S|^2 = 1, times lambda 0.5 + 0.5."""
    objective = objective_from(model, pictures, SHALLOW)
    objective.network = lambda picture: {k: tf.zeros_like(v) for k, v in model(picture).items()}
    costs = objective.costs(tf.constant(pictures[0]))
    assert float(costs["content"]) == pytest.approx(1, rel=1e-5)
    assert float(costs["style"]) == pytest.approx(1, rel=1e-5)


def test_the_content_costs_nothing_at_the_content_and_style_at_the_style(model, pictures):
    costs = objective_from(model, pictures, SHALLOW).costs
    assert float(costs(tf.constant(pictures[0]))["content"]) == 0
    assert float(costs(tf.constant(pictures[1]))["style"]) == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize(
    "normalization",
    [
        "scale-free",
        "course",
        pytest.param("assignment", marks=pytest.mark.slow),
        pytest.param("tensorflow", marks=pytest.mark.slow),
        pytest.param("keras.io", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("term", ["content", "style", "variation", "temporal"])
def test_gradient_of_every_cost_equals_finite_differences(small_network, rng, normalization, term):
    """Along the gradient's direction (J(G + hD) - J(G - hD)) / 2h equals its inner product with D, in float64."""
    content, painting, other, picture = rng.uniform(0.1, 0.9, (4, 8, 6, 3))
    weights = {f"{name}_weight": float(name == term) for name in ("content", "style", "variation")}
    recipe = dataclasses.replace(OWN, normalization=normalization, **weights | {"content_weight": 1e-30})
    recipe = dataclasses.replace(recipe, content_weight=1.0) if term == "content" else recipe
    objective = style.Objective(
        small_network, content, [painting, other], recipe, temporal_weight=float(term == "temporal"), compiled=False
    )
    if term == "temporal":
        objective.previous.assign(content)
        objective.steady.assign(np.ones((8, 6, 1)))
    costs, gradient = objective.costs_and_gradient(tf.constant(picture))
    direction = gradient.numpy() / np.linalg.norm(gradient)
    h = 1e-5
    above, below = (float(objective.costs(tf.constant(picture + s * h * direction))["cost"]) for s in (1, -1))
    assert float(costs[term]) > 0
    assert (above - below) / (2 * h) == pytest.approx(np.sum(gradient.numpy() * direction), rel=1e-5)


def test_gradient_descent_is_the_courses_update(model, pictures):
    """One step of plain gradient descent is G - learning_rate dJ/dG, cut to 0..1."""
    recipe = dataclasses.replace(SHALLOW, optimizer="gradient-descent", learning_rate=50.0)
    step = step_from(model, pictures, recipe)
    before = tf.Variable(step.picture)
    with tf.GradientTape() as tape:
        cost = step.objective.costs(before)["cost"]
    expected = np.clip(before.numpy() - 50.0 * tape.gradient(cost, before).numpy(), 0, 1)
    step()
    np.testing.assert_allclose(step.picture.numpy(), expected, atol=1e-5)


def test_compiled_and_eager_steps_agree(model, pictures):
    steps = [step_from(model, pictures, SHALLOW, compiled=compiled) for compiled in (True, False)]
    for _ in range(3):
        costs = [float(step()["cost"]) for step in steps]
    assert costs[0] == pytest.approx(costs[1], rel=1e-4)
    np.testing.assert_allclose(steps[0].picture.numpy(), steps[1].picture.numpy(), atol=2e-3)


def test_oracle_gram_agrees_with_the_targets(model, pictures):
    objective = objective_from(model, pictures, SHALLOW)
    a_S = model(pictures[1][None])["block2_conv1"].numpy()[0]
    height, width, _ = a_S.shape
    expected = oracles.gram_matrix(a_S[:, :, :4]) / (height * width)
    np.testing.assert_allclose(objective.grams["block2_conv1"][0, :4, :4], expected, rtol=1e-4)


def test_two_styles_share_the_cost(model, pictures):
    """With shares 0.25 and 0.75 the style cost is that much of each style's own."""
    other = images.resize(images.load_image("bundled:mosaic"), 40)
    picture = tf.constant(pictures[0])
    alone = [
        float(objective_from(model, [pictures[0], s], SHALLOW).costs(picture)["style"]) for s in (pictures[1], other)
    ]
    recipe = dataclasses.replace(SHALLOW, style_shares=[0.25, 0.75])
    both = style.Objective(model, pictures[0], [pictures[1], other], recipe, compiled=False).costs(picture)
    assert float(both["style"]) == pytest.approx(0.25 * alone[0] + 0.75 * alone[1], rel=1e-5)


def test_regions_look_only_at_their_own_positions(small_network, rng):
    """A picture that has style 1 in its left half and style 2 in its right costs nothing under those halves' regions.

    The network here is pointwise, so that no receptive field crosses the border.
    """
    left, right = rng.uniform(size=(2, 6, 4, 3))
    picture = np.concatenate([left, right], axis=1)
    halves = np.zeros((2, 6, 8))
    halves[0, :, :4] = halves[1, :, 4:] = 1 / 24
    recipe = style.Recipe(backbone="own", content_layers="a", style_layers={"a": 1.0})
    pointwise = lambda p: {"a": tf.square(p)}  # noqa: E731
    inside = style.Objective(pointwise, picture, [left, right], recipe, {"a": halves}, compiled=False)
    swapped = style.Objective(pointwise, picture, [right, left], recipe, {"a": halves}, compiled=False)
    assert float(inside.costs(tf.constant(picture))["style"]) == pytest.approx(0, abs=1e-12)
    assert float(swapped.costs(tf.constant(picture))["style"]) > 1e-3


def test_several_content_layers_weigh_as_they_say(model, pictures, rng):
    picture = tf.constant(rng.uniform(size=pictures[0].shape).astype(np.float32))
    layers = {"block1_conv2": 2.0, "block2_conv2": 0.5}
    both = objective_from(
        backbones.load("vgg16", [*layers, "block1_conv1", "block2_conv1"]),
        pictures,
        dataclasses.replace(SMALL, content_layers=layers),
    ).costs(picture)
    single = [
        objective_from(
            backbones.load("vgg16", [k, "block1_conv1", "block2_conv1"]),
            pictures,
            dataclasses.replace(SMALL, content_layers=k),
        ).costs(picture)
        for k in layers
    ]
    assert float(both["content"]) == pytest.approx(
        2 * float(single[0]["content"]) + 0.5 * float(single[1]["content"]), rel=1e-4
    )


def test_retarget_is_as_a_new_objective(model, pictures):
    objective = objective_from(model, pictures, SHALLOW)
    objective.retarget(pictures[1][:, ::-1].copy())
    fresh = objective_from(model, [pictures[1][:, ::-1].copy(), pictures[1]], SHALLOW)
    picture = tf.constant(pictures[0])
    assert float(objective.costs(picture)["cost"]) == pytest.approx(float(fresh.costs(picture)["cost"]), rel=1e-6)


def test_the_temporal_term_counts_only_where_it_is_steady(model, pictures):
    objective = style.Objective(model, pictures[0], [pictures[1]], SHALLOW, temporal_weight=3.0, compiled=False)
    objective.previous.assign(np.zeros_like(pictures[0]))
    steady = np.zeros((48, 48, 1), np.float32)
    steady[:24] = 1
    objective.steady.assign(steady)
    costs = objective.costs(tf.constant(np.full_like(pictures[0], 0.5)))
    assert float(costs["temporal"]) == pytest.approx(0.5 * 0.25, rel=1e-5)
    terms = float(costs["content"]) + 10 * float(costs["style"]) + 3 * 0.125
    assert float(costs["cost"]) == pytest.approx(terms, rel=1e-5)


def test_schedules():
    cosine = style_rate("cosine", 10)
    assert (
        cosine(0) == pytest.approx(0.02)
        and cosine(5) == pytest.approx(0.01)
        and cosine(10) == pytest.approx(0, abs=1e-9)
    )
    exponential = style_rate("exponential", 10)
    assert exponential(4) == pytest.approx(0.02 * 0.5**2)


def style_rate(schedule, steps):
    from keras_apps.style.step import keras_optimizer

    recipe = dataclasses.replace(SHALLOW, schedule=schedule, decay_rate=0.5, decay_steps=2)
    rate = keras_optimizer(recipe, 0.02, steps)._learning_rate
    return lambda step: float(rate(step))


def test_options_that_an_optimizer_does_not_take(model, pictures):
    recipe = dataclasses.replace(SHALLOW, optimizer="rmsprop", optimizer_options={"beta_1": 0.9})
    with pytest.raises(ValueError, match="options that Keras's rmsprop takes"):
        step_from(model, pictures, recipe)
