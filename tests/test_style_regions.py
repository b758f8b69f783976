"""Masks: which pixels have which style, brought to the positions of a network's layers."""

import keras
import numpy as np
import pytest
from PIL import Image

from keras_apps import backbones
from keras_apps.style import regions


def halves(height=8, width=8):
    left = np.zeros((height, width), np.float32)
    left[:, : width // 2] = 1
    return [left, 1 - left]


def test_masks_of_every_kind_are_read(tmp_path):
    """White is 1, black 0, the grey 51 of 255 is 0.2."""
    grey = np.array([[255, 0, 51]], np.uint8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(np.repeat(grey[..., None], 3, axis=2)).save(tmp_path / "rgb.png")
    Image.fromarray(np.array([[255, 0, 255]], np.uint8)).convert("1").save(tmp_path / "bilevel.png")
    for mask in (grey, tmp_path / "grey.png", str(tmp_path / "rgb.png"), grey / 255, Image.fromarray(grey)):
        found = regions.read_masks([mask], 1, (1, 3, 3))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, [[[1, 0, 0.2]]], atol=1e-6)
    for mask in (tmp_path / "bilevel.png", np.array([[True, False, True]])):
        np.testing.assert_array_equal(regions.read_masks([mask], 1, (1, 3)), [[[1, 0, 1]]])


def test_overlaps_share_and_gaps_stay():
    """Shares 1 and 1 become 1/2 each; 1 and 1/3 become 3/4 and 1/4; 0.2 and 0.3 stay; 0 and 0 is nobody's."""
    first, second = np.array([[1, 1, 0.2, 0]]), np.array([[1, 1 / 3, 0.3, 0]])
    found = regions.read_masks([first, second], 2, (1, 4))
    np.testing.assert_allclose(found[:, 0], [[0.5, 0.75, 0.2, 0], [0.5, 0.25, 0.3, 0]], atol=1e-6)


def test_masks_that_do_not_fit():
    left, right = halves()
    with pytest.raises(ValueError, match="expected 2 masks, one per style picture, received 1"):
        regions.read_masks([left], 2, (8, 8))
    with pytest.raises(ValueError, match="expected 2 masks, one per style picture, received 1"):
        regions.read_masks("one.png", 2, (8, 8))
    with pytest.raises(ValueError, match="mask 2 to have the content's size, 8 x 8 pixels, received 6 x 8"):
        regions.read_masks([left, right[:, :6]], 2, (8, 8))
    for black in (np.zeros((8, 8)), np.zeros((8, 8), bool), np.ones((8, 8), np.uint8)):
        with pytest.raises(ValueError, match="mask 2 to be white .* received one that is black all over"):
            regions.read_masks([left, black], 2, (8, 8))
    with pytest.raises(FileNotFoundError, match="none.png"):
        regions.read_masks(["none.png"], 1, (8, 8))


@pytest.mark.parametrize("size", [(2, 2), (3, 5), (12, 16), (7, 4)])
def test_resizing_by_area_equals_the_mean_of_fine_samples(size, rng):
    """Each mask value repeated, so that every new value covers whole samples: their mean is the area's."""
    masks = rng.uniform(size=(2, 6, 8)).astype(np.float32)
    fine = masks.repeat(size[0], axis=1).repeat(size[1], axis=2)
    means = fine.reshape(2, size[0], 6, size[1], 8).mean(axis=(2, 4))
    found = regions.resize_masks(masks, size)
    np.testing.assert_allclose(found, means, atol=1e-6)
    np.testing.assert_allclose(found.mean(axis=(1, 2)), masks.mean(axis=(1, 2)), atol=1e-6)


def test_weights_of_a_layer_by_hand():
    """A mask of 3 of 4 columns at 2 positions covers them 1 and 1/2: weights 2/3 and 1/3 of each style's sum 1."""
    mask = np.array([[[1.0, 1.0, 1.0, 0.0]]])
    found = regions.layer_regions(mask, {"a": (1, 2), "b": (1, 4), "c": (1, 1)})
    np.testing.assert_allclose(found["a"], [[[2 / 3, 1 / 3]]], atol=1e-6)
    np.testing.assert_allclose(found["b"], [[[1 / 3, 1 / 3, 1 / 3, 0]]], atol=1e-6)
    np.testing.assert_allclose(found["c"], [[[1]]], atol=1e-6)


def test_every_style_sums_to_one_and_stays_in_its_place(rng):
    masks = regions.read_masks([*halves(32, 40), rng.uniform(size=(32, 40))], 3, (32, 40))
    found = regions.layer_regions(masks, {"a": (32, 40), "b": (8, 10), "c": (2, 2)})
    for weights in found.values():
        assert weights.dtype == np.float32 and weights.min() >= 0
        np.testing.assert_allclose(weights.sum(axis=(1, 2)), 1, atol=1e-5)
    assert found["b"][0, :, :5].sum() > 0.999 > 0.001 > found["b"][0, :, 5:].sum()


def test_a_mask_that_vanishes_is_named_with_its_layer():
    """One pixel of 32 x 32 is 1/64 of a position of 8 x 8 pixels, and a quarter of one of 2 x 2."""
    dot = np.zeros((32, 32))
    dot[5, 5] = 1
    masks = regions.read_masks([np.ones((32, 32)), dot], 2, (32, 32))
    assert regions.layer_regions(masks, {"near": (16, 16)})["near"][1, 2, 2] == 1
    with pytest.raises(ValueError, match=r"mask 2 .* at block4_conv1 \(4 x 4 positions\), received at most 0"):
        regions.layer_regions(masks, {"near": (16, 16), "block4_conv1": (4, 4)})


def test_a_faint_mask_all_over_does_not_vanish():
    found = regions.layer_regions(np.full((1, 32, 32), 0.02, np.float32), {"deep": (2, 2)})
    np.testing.assert_allclose(found["deep"], 0.25, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "layers"), [("vgg16", ["block1_conv1", "block3_conv1", "block3_pool"]), ("alexnet", ["conv1", "conv3"])]
)
def test_layer_sizes_are_those_of_the_activations(name, layers):
    model = backbones.build(name, layers)
    found = regions.layer_sizes(model, 83, 70)
    activations = model(np.zeros((1, 83, 70, 3), np.float32))
    assert found == {layer: a.shape[1:3] for layer, a in activations.items()}
    assert regions.layer_sizes(lambda pictures: model(pictures), 83, 70) == found


def test_layer_sizes_of_a_network_of_ones_own():
    pictures = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(2, 3, strides=2, padding="valid", name="first")(pictures)
    model = keras.Model(pictures, {"first": x, "second": keras.layers.MaxPooling2D(3)(x)})
    assert regions.layer_sizes(model, 21, 32) == {"first": (10, 15), "second": (3, 5)}


def test_two_styles_are_felt_each_in_its_half(rng):
    """The gradient of the style cost of the left half's style is zero in the right half, at a layer of one pixel."""
    import tensorflow as tf

    from keras_apps.style.objective import Objective
    from keras_apps.style.recipes.recipe import Recipe

    content, red, blue = rng.uniform(size=(3, 16, 16, 3)).astype(np.float32)
    recipe = Recipe(
        backbone="vgg16",
        content_layers="block1_conv2",
        style_layers={"block1_conv1": 1},
        content_weight=0,
        style_shares=[1, 0],
    )
    keras.utils.set_random_seed(1)
    network = backbones.build("vgg16", recipe.layers)
    masks = regions.read_masks(halves(16, 16), 2, content.shape)
    of_layers = regions.layer_regions(masks, regions.layer_sizes(network, 16, 16))
    objective = Objective(network, content, [red, blue], recipe, regions=of_layers, compiled=False)
    _, gradient = objective.costs_and_gradient(tf.Variable(content))
    change = np.abs(gradient).sum(axis=(0, 2))
    assert change[:9].min() > 0 and change[9:].max() == 0


@pytest.mark.parametrize("kind", [bool, np.int64, np.int32, np.float64])
def test_masks_of_zeros_and_ones_may_have_any_type(kind):
    mask = np.array([[0, 1], [1, 1]])
    np.testing.assert_array_equal(regions.read_masks([mask.astype(kind)], 1, (2, 2)), mask[None])
