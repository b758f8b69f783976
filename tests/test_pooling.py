"""Halving is max pooling, forward and backward."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_apps import backbones
from keras_apps.style.network.pooling import halve, is_halving
from keras_apps.style.network.winograd import fast_model


@pytest.mark.parametrize("size", [(2, 2), (4, 6), (5, 9), (3, 8)])
@pytest.mark.parametrize("compiled", [False, True])
def test_equals_max_pooling(size, compiled, rng):
    x = tf.constant(rng.normal(size=(1, *size, 3)), tf.float32)
    upstream = tf.constant(rng.normal(size=(1, size[0] // 2, size[1] // 2, 3)), tf.float32)
    expected, gradient = _value_and_gradient(lambda v: tf.nn.max_pool2d(v, 2, 2, "VALID"), x, upstream)
    found, found_gradient = tf.function(_value_and_gradient, jit_compile=compiled)(halve, x, upstream)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(found_gradient, gradient)
    assert np.count_nonzero(gradient) == found.shape.num_elements()


def test_of_equal_units_the_first_takes_the_gradient():
    """Four equal units; then the second and third of four; then the last two."""
    x = tf.constant([[[5, 5, 0, 7, 1, 2], [5, 5, 7, 0, 3, 3]]], tf.float32)[..., None]
    _, gradient = _value_and_gradient(halve, x, tf.constant([[[[10.0], [20.0], [30.0]]]]))
    np.testing.assert_array_equal(gradient[0, ..., 0], [[10, 0, 0, 20, 0, 0], [0, 0, 0, 0, 30, 0]])


def test_which_layers_are_halvings():
    layers = keras.layers
    assert is_halving(layers.MaxPooling2D(2))
    others = [layers.MaxPooling2D(3, 2), layers.MaxPooling2D(2, 1), layers.MaxPooling2D(2, padding="same")]
    assert not any(is_halving(layer) for layer in [*others, layers.AveragePooling2D(2), layers.ReLU()])


def _value_and_gradient(function, x, upstream):
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return value, tape.gradient(value, x, output_gradients=upstream)


def test_the_fast_model_halves_as_the_backbone_pools(rng):
    model = backbones.load("vgg16", ["block3_conv1"])
    x = tf.constant(rng.uniform(size=(1, 21, 18, 3)), tf.float32)
    upstream = tf.constant(rng.normal(size=(1, 5, 4, 256)), tf.float32)
    gradients = []
    for network in (model, fast_model(model)):
        answer = _answer_of(network)
        gradients.append(tf.function(_value_and_gradient)(answer, x, upstream)[1].numpy())
    np.testing.assert_allclose(gradients[1], gradients[0], atol=1e-4 * np.abs(gradients[0]).max())


def _answer_of(network):
    return lambda x: network(x)["block3_conv1"]
