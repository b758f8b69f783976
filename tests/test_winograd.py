"""The fast convolution is the convolution, at every size, forward and backward."""

import numpy as np
import oracles
import pytest
import tensorflow as tf

from keras_apps import backbones
from keras_apps.style.network import winograd


@pytest.mark.parametrize("size", [(4, 4), (1, 1), (5, 9), (8, 3), (13, 16)])
def test_equals_the_oracle(size, rng):
    x, kernel = rng.normal(size=(*size, 2)), rng.normal(size=(3, 3, 2, 3))
    expected = oracles.convolution(x, kernel, np.zeros(3), padding=1)
    found = winograd.correlate(tf.constant(x[None], tf.float32), tf.constant(winograd.transform_kernel(kernel)))
    assert found.shape == (1, *size, 3)
    np.testing.assert_allclose(found[0], expected, atol=1e-4)


def test_by_hand():
    """A kernel with a single one at its right neighbour moves the picture one to the left, zeros coming in."""
    kernel = np.zeros((3, 3, 1, 1))
    kernel[1, 2] = 1
    x = np.arange(12, dtype=np.float32).reshape(1, 2, 6, 1)
    found = winograd.convolution(kernel)(tf.constant(x))[0, ..., 0]
    np.testing.assert_allclose(found, [[1, 2, 3, 4, 5, 0], [7, 8, 9, 10, 11, 0]], atol=1e-5)


def test_gradient_is_the_direct_convolutions(rng):
    kernel = rng.normal(size=(3, 3, 4, 5)).astype(np.float32)
    x, upstream = (tf.constant(rng.normal(size=(1, 7, 6, c)), tf.float32) for c in (4, 5))
    gradients = []
    for convolve in (winograd.convolution(kernel), lambda v: tf.nn.conv2d(v, kernel, 1, "SAME")):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = tf.reduce_sum(convolve(x) * upstream)
        gradients.append(tape.gradient(value, x).numpy())
    np.testing.assert_allclose(gradients[0], gradients[1], atol=2e-4)
    assert np.abs(gradients[1]).max() > 1


def test_fast_model_answers_as_the_backbone(rng):
    layers = ["block1_conv2", "block2_conv2", "block3_conv1", "block4_conv2"]
    model = backbones.load("vgg16", layers)
    picture = tf.constant(rng.uniform(size=(1, 50, 37, 3)), tf.float32)
    expected, found = model(picture), winograd.fast_model(model)(picture)
    assert set(found) == set(layers)
    for layer in layers:
        np.testing.assert_allclose(found[layer], expected[layer], atol=1e-4 * float(tf.reduce_max(expected[layer])))


def test_only_wide_plain_convolutions_are_changed():
    vgg16 = backbones.build("vgg16", ["block3_conv1"])
    assert [layer.name for layer in vgg16.layers if winograd._is_wide(layer)] == ["block2_conv2", "block3_conv1"]
    alexnet = backbones.build("alexnet", ["conv5"])
    assert not any(winograd._is_wide(layer) for layer in alexnet.layers)


def test_other_kernels_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 3, in, out\), received shape \(5, 5, 1, 1\)"):
        winograd.transform_kernel(np.zeros((5, 5, 1, 1)))
