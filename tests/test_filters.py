"""Filters and activation maps, by hand on layers of few weights, and what they show of the bundled networks."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_apps import backbones, images, visualize
from keras_apps.visualize import kernels


def convolution(kernel, name="c", **how):
    """A network of one convolution with this kernel `(h, w, in, out)`."""
    height, width, depth, count = np.shape(kernel)
    layer = layers.Conv2D(count, (height, width), use_bias=False, name=name, **how)
    model = keras.Sequential([keras.Input((8, 8, depth)), layer])
    layer.set_weights([np.asarray(kernel, "float32")])
    return model


def test_filters_by_hand():
    """Weights -2, 0 and 1 of one filter: 0 is grey, the largest (2) full contrast, so 0, 0.5 and 0.75; red is first.

    The other filter, all zeros, is grey."""
    kernel = np.zeros((1, 3, 3, 2))
    kernel[0, :, 0, 0] = -2, 0, 1
    found = visualize.filters(convolution(kernel))
    assert found.shape == (2, 1, 3, 3)
    assert found[0, 0, :, 0].tolist() == [0, 0.5, 0.75] and (found[0, ..., 1:] == 0.5).all()
    assert (found[1] == 0.5).all()


def test_a_channel_of_a_deep_layer():
    """Of 2 input channels, channel 1 has weights 3 and -3: white and black."""
    kernel = np.zeros((2, 1, 2, 1))
    kernel[:, 0, 1, 0] = 3, -3
    model = convolution(kernel)
    assert visualize.filters(model, "c", channel=1).tolist() == [[[1], [0]]]
    with pytest.raises(ValueError, match="a channel from 0 to 1, since the filters see 2"):
        visualize.filters(model, "c")
    with pytest.raises(ValueError, match="a channel from 0 to 1, received 2"):
        visualize.filters(model, "c", channel=2)


def test_alexnets_first_layer_has_edges_and_colors():
    """Some of its filters are nearly grey (edges), some of strong colours (spots); each has its full contrast."""
    found = visualize.filters(backbones.load("alexnet", ["conv1"]))
    assert found.shape == (64, 11, 11, 3)
    assert (np.abs(found - 0.5).max(axis=(1, 2, 3)) == 0.5).all()
    color = (found.max(-1) - found.min(-1)).mean(axis=(1, 2))
    assert (color < 0.06).sum() > 10 and (color > 0.2).sum() > 10


def test_layers_without_filters_are_refused():
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(2, 3, name="within")], name="inner")
    model = keras.Sequential([keras.Input((8, 8, 3)), inner, layers.MaxPooling2D(name="pool")])
    assert kernels.first_convolution(model) == "inner/within" and visualize.filters(model).shape == (2, 3, 3, 3)
    with pytest.raises(ValueError, match="'pool', which is a MaxPooling2D"):
        visualize.filters(model, "pool")
    with pytest.raises(ValueError, match="did you mean 'pool'"):
        visualize.filters(model, "pol")
    with pytest.raises(ValueError, match="without one"):
        visualize.filters(keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten()]))
    with pytest.raises(ValueError, match="filters from 0 to 1, received 7"):
        visualize.draw_filters(model, units=[7])


def test_a_sheet_shows_each_filter_with_its_number():
    """Two filters of one pixel, all white and all black, are squares of 20 x 20 on the sheet."""
    kernel = np.ones((1, 1, 3, 2))
    kernel[..., 1] = -1
    sheet = visualize.draw_filters(convolution(kernel), cell=20)
    assert (sheet == 0).all(-1).sum() >= 400 and sheet.ndim == 3 and (sheet[0] == 1).all()
    assert (visualize.draw_filters(convolution(kernel), units=[0], cell=20) == 0).all(-1).sum() == 0


def test_maps_by_hand():
    """The difference of neighbours (right - left) answers at a step from 0 to 1 between columns 2 and 3: only there."""
    model = convolution(np.reshape([-1.0, 1.0], (1, 2, 1, 1)) * np.ones((1, 2, 3, 1)) / 3)
    step = np.zeros((8, 8, 3))
    step[:, 3:] = 1
    [values] = visualize.activation_maps(model, step, "c").values()
    np.testing.assert_allclose(values[..., 0], np.eye(7)[2] * np.ones((8, 1)), atol=1e-5)
    of_255 = visualize.activation_maps(model, step, ["c"], value_range=(0, 255))["c"]
    np.testing.assert_allclose(of_255, 255 * values, atol=1e-3)


def test_maps_layer_by_layer():
    model = backbones.load("alexnet", ["conv1", "conv5"])
    maps = visualize.activation_maps(model, "bundled:cat", ["conv1", "conv5"], size=128)
    assert maps["conv1"].shape == (31, 31, 64) and maps["conv5"].shape == (7, 7, 256)
    whole = model(images.load_image("bundled:cat")[None, :128, :128])
    assert maps["conv1"].shape == whole["conv1"].shape[1:]
    strongest = int(maps["conv5"].max(axis=(0, 1)).argmax())
    sheet = visualize.draw_maps(maps, {"conv5": [strongest], "conv1": None}, count=3, cell=32)
    assert sheet.min() == 0 and sheet.max() == 1
    with pytest.raises(ValueError, match="units of 'conv5' from 0 to 255, received 256"):
        visualize.draw_maps({"conv5": maps["conv5"]}, [256])


def test_what_goes_wrong_with_maps():
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(name="flat")])
    maps = visualize.activation_maps(model, np.zeros((8, 8, 3)), "flat")
    assert maps["flat"].shape == (192,)
    with pytest.raises(ValueError, match="two spatial axes, received 'flat'"):
        visualize.draw_maps(maps)
    with pytest.raises(ValueError, match="at least one layer"):
        visualize.activation_maps(model, np.zeros((8, 8, 3)), [])
    with pytest.raises(ValueError, match="did you mean 'flat'"):
        visualize.activation_maps(model, np.zeros((8, 8, 3)), "flatt")
    for cell, columns in ((4, 1), (20, 0)):
        with pytest.raises(ValueError, match="a cell of at least 8"):
            visualize.labelled_sheet({"one": [("", np.zeros((2, 2)))]}, cell, columns)
    with pytest.raises(ValueError, match="at least one picture"):
        visualize.labelled_sheet({"none": []})
