"""Every cost against a hand-worked number, a slow oracle, and finite differences of its gradient."""

import numpy as np
import oracles
import pytest
import tensorflow as tf

from keras_apps import style


def test_content_cost_by_hand():
    """Differences 1, -2, 0, 3: (1 + 4 + 0 + 9) / 2 = 7."""
    a_C = tf.constant([[[1.0, 0.0], [2.0, 5.0]]])
    a_G = tf.constant([[[0.0, 2.0], [2.0, 2.0]]])
    assert float(style.content_cost(a_C, a_G)) == 7.0
    assert float(style.content_cost(a_C, a_C)) == 0.0


def test_gram_matrix_by_hand():
    """Two positions with channels (1, 2) and (3, 4): [[1+9, 2+12], [2+12, 4+16]]."""
    gram = style.gram_matrix(tf.constant([[[1.0, 2.0], [3.0, 4.0]]]))
    np.testing.assert_array_equal(gram, [[10, 14], [14, 20]])


def test_gram_of_ones_is_the_number_of_positions():
    np.testing.assert_array_equal(style.gram_matrix(tf.ones((3, 5, 4))), np.full((4, 4), 15.0))


def test_layer_style_cost_by_hand():
    """One channel, 1 x 2 positions: Gram 1+1 = 2 against 4+0 = 4; (2-4)^2 / (4 * 1^2 * 2^2) = 0.25."""
    a_S, a_G = tf.constant([[[1.0], [1.0]]]), tf.constant([[[2.0], [0.0]]])
    assert float(style.layer_style_cost(a_S, a_G)) == 0.25


def test_style_cost_is_the_weighted_sum_of_layers(rng):
    """With lambda 0.25 and 2 on two layers whose costs are known from the single-layer function."""
    a_S = {k: rng.normal(size=(4, 3, 5)).astype(np.float32) for k in "ab"}
    a_G = {k: rng.normal(size=(4, 3, 5)).astype(np.float32) for k in "ab"}
    expected = 0.25 * oracles.layer_style_cost(a_S["a"], a_G["a"]) + 2 * oracles.layer_style_cost(a_S["b"], a_G["b"])
    assert float(style.style_cost(a_S, a_G, {"a": 0.25, "b": 2})) == pytest.approx(expected, rel=1e-5)


def test_total_cost_by_hand():
    """alpha J_content + beta J_style = 2 * 3 + 5 * 0.5 = 8.5; the course's defaults are 10 and 40."""
    assert style.total_cost(3.0, 0.5, content_weight=2, style_weight=5) == 8.5
    assert style.total_cost(1.0, 1.0) == 50


def test_variation_cost_by_hand():
    """[[0, 1], [0.5, 0.5]]: down 0.5 + 0.5, across 1 + 0 = 2; a flat picture has none."""
    assert float(style.variation_cost(tf.constant([[[0.0], [1.0]], [[0.5], [0.5]]]))) == 2.0
    assert float(style.variation_cost(tf.fill((4, 4, 3), 0.3))) == 0.0


@pytest.mark.parametrize("name", ["content_cost", "layer_style_cost"])
def test_costs_of_pairs_equal_the_oracle(name, rng):
    first, second = rng.normal(size=(2, 5, 4, 3))
    assert float(getattr(style, name)(first, second)) == pytest.approx(getattr(oracles, name)(first, second), rel=1e-10)


def test_costs_of_one_equal_the_oracle(rng):
    picture = rng.normal(size=(5, 4, 3))
    np.testing.assert_allclose(style.gram_matrix(picture), oracles.gram_matrix(picture), rtol=1e-10)
    assert float(style.variation_cost(picture)) == pytest.approx(oracles.variation_cost(picture), rel=1e-10)


def test_gram_equals_einsum_in_float64(rng):
    a = rng.normal(size=(6, 7, 9))
    np.testing.assert_allclose(style.gram_matrix(a), np.einsum("ijc,ijd->cd", a, a), rtol=1e-12)


def test_leading_axes_are_pictures(rng):
    a, b = rng.normal(size=(2, 3, 4, 5, 2))
    for cost in (style.content_cost, style.layer_style_cost):
        each = [float(cost(x, y)) for x, y in zip(a, b, strict=True)]
        np.testing.assert_allclose(cost(a, b), each, rtol=1e-12)
    np.testing.assert_allclose(style.gram_matrix(a)[1], style.gram_matrix(a[1]), rtol=1e-12)


def test_permuting_pixels_leaves_style_and_changes_content(rng):
    a = rng.normal(size=(4, 4, 3))
    mixed = rng.permutation(a.reshape(-1, 3)).reshape(a.shape)
    np.testing.assert_allclose(style.gram_matrix(mixed), style.gram_matrix(a), rtol=1e-12)
    assert float(style.content_cost(a, mixed)) > 1


def test_style_cost_is_symmetric_and_grows_with_distance(rng):
    a, change = rng.normal(size=(2, 4, 4, 3))
    costs = [float(style.layer_style_cost(a, a + t * change)) for t in (0, 0.1, 0.5, 1)]
    assert costs[0] == 0 and costs == sorted(costs)
    assert float(style.layer_style_cost(a + change, a)) == pytest.approx(costs[-1], rel=1e-12)


def test_style_cost_of_two_sizes_compares_mean_grams(rng):
    """A picture laid twice beside itself has the same statistics, so its style costs nothing."""
    a = rng.normal(size=(4, 3, 2))
    assert float(style.layer_style_cost(a, np.concatenate([a, a], axis=1))) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    "cost",
    [
        lambda target, x: style.content_cost(target, x),
        lambda target, x: style.layer_style_cost(target, x),
        lambda target, x: style.style_cost({"l": target}, {"l": x}, {"l": 0.7}),
        lambda target, x: style.variation_cost(x),
        lambda target, x: style.total_cost(style.content_cost(target, x), style.layer_style_cost(target, x), 3.0, 5.0),
    ],
    ids=["content", "layer style", "style", "variation", "total"],
)
def test_gradients_equal_finite_differences(cost, rng):
    target, x = rng.normal(size=(2, 3, 4, 2))
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        value = cost(target, variable)
    gradient = tape.gradient(value, variable).numpy()
    expected = oracles.finite_difference(lambda v: float(cost(target, tf.constant(v))), x)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8)
    assert np.abs(gradient).max() > 1e-3


def test_whole_numbers_are_taken_and_mixed_types_refused():
    assert float(style.content_cost([[[3]]], [[[1]]])) == 2
    assert style.gram_matrix(np.full((2, 2, 1), 2, np.uint8)).numpy().tolist() == [[16.0]]
    with pytest.raises(TypeError, match="one type, received float32 and float64"):
        style.content_cost(np.zeros((1, 1, 1), np.float32), np.zeros((1, 1, 1)))


@pytest.mark.parametrize(
    "call",
    [
        lambda: style.content_cost(tf.ones((2, 2, 1)), tf.ones((2, 3, 1))),
        lambda: style.layer_style_cost(tf.ones((2, 2, 1)), tf.ones((2, 2, 2))),
        lambda: style.gram_matrix(tf.ones((4, 2))),
        lambda: style.style_cost({"a": tf.ones((2, 2, 1))}, {}, {"a": 1}),
        lambda: style.style_cost({}, {}, {}),
    ],
)
def test_wrong_shapes_are_named(call):
    with pytest.raises(ValueError, match="expected .* received"):
        call()
