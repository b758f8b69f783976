"""The backbones compute what their papers' arithmetic says, cut where they are asked to."""

import keras
import numpy as np
import oracles
import pytest

from keras_apps import backbones, weights

MEAN, DEVIATION = np.array(backbones.IMAGENET_MEAN), np.array(backbones.IMAGENET_DEVIATION)


@pytest.mark.parametrize(
    ("name", "layer", "stride", "padding"), [("vgg16", "block1_conv1", 1, 1), ("alexnet", "conv1", 4, 2)]
)
def test_first_layer_equals_the_oracle(name, layer, stride, padding, rng):
    """Normalise with ImageNet's mean and deviation, convolve with zeros around, cut below zero."""
    picture = rng.uniform(size=(23, 19, 3)).astype(np.float32)
    arrays = weights.load(name)
    normalised = (picture - MEAN) / DEVIATION
    kernel, bias = arrays[f"{layer}/kernel"], arrays[f"{layer}/bias"]
    expected = np.maximum(oracles.convolution(normalised, kernel, bias, stride, padding), 0)
    found = backbones.load(name, [layer])(picture[None])[layer][0]
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert expected.max() > 0.1


def test_layers_after_the_deepest_are_not_built():
    model = backbones.load("vgg16", ["block2_conv1", "block1_conv2"])
    assert [layer.name for layer in model.layers][-1] == "block2_conv1"
    assert set(model(np.zeros((1, 8, 8, 3), np.float32))) == {"block2_conv1", "block1_conv2"}
    assert not model.trainable_weights


def test_number_of_parameters():
    """VGG16's convolutions have 14,714,688 parameters, VGG19's 20,024,384."""
    assert backbones.load("vgg16").count_params() == 14_714_688
    assert backbones.build("vgg19", ["block5_conv4"]).count_params() == 20_024_384


@pytest.mark.parametrize("name", ["vgg16", "alexnet"])
def test_minimum_size_is_the_smallest_that_runs(name):
    for layer in backbones.layer_names(name):
        least = backbones.minimum_size(name, [layer])
        model = backbones.build(name, [layer])
        assert model(np.zeros((1, least, least, 3), np.float32))[layer].shape[1:3] == (1, 1)
        if least > 1:
            with pytest.raises(Exception):  # noqa: B017 - TensorFlow's own, of several kinds, or an empty result
                assert 0 not in model(np.zeros((1, least - 1, least - 1, 3), np.float32))[layer].shape


@pytest.mark.parametrize(
    ("name", "first", "pool", "window", "stride"),
    [("vgg16", "block1_conv2", "block1_pool", 2, 2), ("alexnet", "conv1", "pool1", 3, 2)],
)
def test_average_pooling_takes_the_mean_of_each_window(name, first, pool, window, stride, rng):
    """Layer names and what stands before the first pool stay; the pool is the mean where it was the maximum."""
    picture = rng.uniform(size=(1, 35, 31, 3)).astype(np.float32)
    average = backbones.load(name, [first, pool], pooling="average")
    highest = backbones.load(name, [first, pool])
    assert [layer.name for layer in average.layers] == [layer.name for layer in highest.layers]
    found, usual = average(picture), highest(picture)
    np.testing.assert_allclose(found[first], usual[first])
    a = np.asarray(found[first])[0]
    rows, columns = ((side - window) // stride + 1 for side in a.shape[:2])
    for i in range(rows):
        for j in range(columns):
            patch = a[i * stride : i * stride + window, j * stride : j * stride + window]
            np.testing.assert_allclose(found[pool][0, i, j], patch.mean(axis=(0, 1)), rtol=1e-4, atol=1e-6)
            np.testing.assert_allclose(usual[pool][0, i, j], patch.max(axis=(0, 1)), rtol=1e-6)
    assert np.all(np.asarray(found[pool]) <= np.asarray(usual[pool]) + 1e-6)


def test_average_pooling_runs_at_the_same_least_size():
    least = backbones.minimum_size("alexnet", ["conv5"])
    model = backbones.build("alexnet", ["conv5"], pooling="average")
    assert model(np.zeros((1, least, least, 3), np.float32))["conv5"].shape[1:3] == (1, 1)


def test_unknown_pooling():
    for function in (backbones.load, backbones.build):
        with pytest.raises(ValueError, match="pooling among max, average, received 'averag'; did you mean 'average'"):
            function("vgg16", ["block1_conv1"], pooling="averag")


def test_unknown_backbones_and_layers_are_refused_with_the_list_of_names():
    with pytest.raises(ValueError, match="vgg16, vgg19, alexnet, received 'resnet'"):
        backbones.load("resnet")
    with pytest.raises(ValueError, match="block4_conv2.*received 'block4_con2'; did you mean 'block4_conv2'"):
        backbones.load("vgg16", ["block4_con2"])


def test_vgg19_without_its_weights_says_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert backbones.best_available() == "vgg16"
    with pytest.raises(FileNotFoundError, match="weights download vgg19"):
        backbones.load("vgg19")


def test_vgg19_from_keras_cache_equals_keras_own(tmp_path, monkeypatch, rng):
    """Keras's VGG19 takes blue-first pictures less Caffe's mean; ours takes RGB in 0..1 and must agree.

    The real weights come with no package, so a file of random ones stands in the cache.
    """
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    theirs = keras.applications.VGG19(include_top=False, weights=None)
    path = weights.vgg19_path()
    path.parent.mkdir(parents=True)
    theirs.save_weights(str(path).replace(".h5", ".weights.h5"))
    path.with_suffix(".weights.h5").rename(path)
    monkeypatch.setattr(weights, "VGG19_MD5", weights.checksum(path, "md5"))
    monkeypatch.setattr(keras.applications, "VGG19", _reading_new_format(keras.applications.VGG19))
    assert backbones.best_available() == "vgg19"
    picture = rng.uniform(size=(1, 48, 32, 3)).astype(np.float32)
    prepared = keras.applications.vgg19.preprocess_input(picture * 255)
    expected = keras.Model(theirs.input, theirs.get_layer("block3_conv4").output)(prepared)
    found = backbones.load("vgg19", ["block3_conv4"])(picture)["block3_conv4"]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * float(np.max(expected)))


def _reading_new_format(vgg19):
    """Keras writes only its new weights format, and tells it from the cache's old one by the file's ending."""

    def build(include_top, weights):
        model = vgg19(include_top=include_top, weights=None)
        renamed = weights.replace(".h5", ".weights.h5")
        import shutil

        shutil.copy(weights, renamed)
        model.load_weights(renamed)
        return model

    return build
