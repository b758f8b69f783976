"""Tile by tile or at once: the same costs and the same gradient."""

import keras
import numpy as np
import oracles
import pytest
import tensorflow as tf

from keras_apps import backbones
from keras_apps._convolution import Window
from keras_apps.style.network import winograd
from keras_apps.style.objective import Objective
from keras_apps.style.recipes.recipe import Recipe
from keras_apps.style.tiling.objective import TiledObjective
from keras_apps.style.tiling.tiles import Side, Span, View, sides


def _picture(rng, height, width, dtype="float32"):
    """Soft spots, so that neighbours are alike as in a photograph, with some noise."""
    y, x = np.mgrid[:height, :width] / 17
    waves = [np.sin(y * a + x * b) for a, b in rng.uniform(-1, 1, (3, 2))]
    return np.clip(0.5 + 0.3 * np.stack(waves, -1) + rng.normal(0, 0.05, (height, width, 3)), 0, 1).astype(dtype)


def _assert_equal(untiled, tiled, picture, tolerance=1e-5):
    expected, gradient = untiled.costs_and_gradient(tf.constant(picture))
    found, tiles_gradient = tiled.costs_and_gradient(tf.constant(picture))
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=tolerance, err_msg=name)
        np.testing.assert_allclose(tiled.costs(tf.constant(picture))[name], value, rtol=tolerance, err_msg=name)
    assert np.linalg.norm(gradient) > 0
    assert np.linalg.norm(tiles_gradient - gradient) < tolerance * np.linalg.norm(gradient)
    np.testing.assert_allclose(tiles_gradient, gradient, atol=tolerance * np.abs(gradient).max())


SHALLOW = {"content_layers": "block2_conv2", "style_layers": {"block1_conv1": 0.5, "block3_conv1": 0.5}}
DEEP = {"content_layers": "block4_conv2", "style_layers": {"block2_conv1": 0.5, "block5_conv1": 0.5}}
WITHIN_ALEXNET = {"content_layers": "conv3", "style_layers": {"conv1": 0.5, "conv2": 0.5}}


@pytest.mark.parametrize(
    ("backbone", "pooling", "layers", "size", "tile"),
    [
        ("vgg16", "max", SHALLOW, (48, 48), 16),
        pytest.param("vgg16", "average", SHALLOW, (53, 60), 20, marks=pytest.mark.slow),
        pytest.param("vgg16", "max", SHALLOW, (31, 97), 24, marks=pytest.mark.slow),
        pytest.param("vgg16", "max", DEEP, (41, 183), 48, marks=pytest.mark.slow),
        ("alexnet", "max", WITHIN_ALEXNET, (151, 118), 32),
        ("alexnet", "average", WITHIN_ALEXNET, (67, 163), 48),
    ],
)
def test_equals_the_untiled_objective(backbone, pooling, layers, size, tile, rng):
    recipe = Recipe(backbone=backbone, pooling=pooling, variation_weight=0.5, **layers)
    model = backbones.load(backbone, recipe.layers, pooling=pooling)
    content, start, style = _picture(rng, *size), _picture(rng, *size), _picture(rng, 79, 95)
    untiled = Objective(model, content, [style], recipe, compiled=False)
    tiled = TiledObjective(model, content, [style], recipe, tile, compiled=False)
    assert len(tiled.tiles(*size)) > 1
    _assert_equal(untiled, tiled, start)


@pytest.mark.parametrize("normalization", ["keras.io", pytest.param("assignment", marks=pytest.mark.slow)])
def test_every_normalization(normalization, rng):
    model, recipe = _own_model(), _own_recipe(normalization=normalization, variation_weight=1e-3)
    content, start, style = (_picture(rng, *size, "float64") for size in ((30, 25), (30, 25), (22, 33)))
    untiled = Objective(model, content, [style], recipe, compiled=False)
    _assert_equal(untiled, TiledObjective(model, content, [style], recipe, 4, compiled=False), start, 1e-10)


@pytest.mark.slow
def test_regions_styles_and_the_temporal_term(rng):
    """Two styles, left and right, with soft edges; a picture to stay near; another content picture afterwards."""
    model, recipe = _own_model(), _own_recipe(style_shares=(0.3, 0.7))
    content, start, other = (_picture(rng, 29, 40, "float64") for _ in range(3))
    styles = [_picture(rng, 22, 33, "float64"), _picture(rng, 41, 18, "float64")]
    regions = {}
    for layer in recipe.resolved_style_layers:
        height, width = model(content[None])[layer].shape[1:3]
        left = np.broadcast_to(np.linspace(1, 0, width), (height, width))
        regions[layer] = np.stack([left / left.sum(), (1 - left) / (1 - left).sum()])
    untiled = Objective(model, content, styles, recipe, regions, temporal_weight=2.0, compiled=False)
    tiled = TiledObjective(model, content, styles, recipe, 6, regions, temporal_weight=2.0, compiled=False)
    for objective in (untiled, tiled):
        objective.previous.assign(other)
        objective.steady.assign(np.linspace(0, 1, 29 * 40).reshape(29, 40, 1))
    _assert_equal(untiled, tiled, start, 1e-10)
    for objective in (untiled, tiled):
        objective.retarget(other)
    _assert_equal(untiled, tiled, start, 1e-10)


@pytest.mark.slow
def test_equals_finite_differences_and_the_gram_oracle(rng):
    """dJ/dpixel by central differences, and the style's Gram matrices as sums one by one."""
    model, recipe = _own_model(), _own_recipe()
    content, style, start = (_picture(rng, n, 37, "float64") for n in (26, 19, 26))
    tiled = TiledObjective(model, content, [style], recipe, 4, compiled=False)
    assert len(tiled.tiles(26, 37)) > 1
    for layer in recipe.resolved_style_layers:
        a = model(style[None])[layer][0].numpy()
        np.testing.assert_allclose(tiled.grams[layer][0], oracles.gram_matrix(a) / (a.shape[0] * a.shape[1]), rtol=1e-9)
    gradient = tiled.costs_and_gradient(tf.constant(start))[1].numpy()
    for index in [(0, 0, 0), (17, 18, 1), (25, 36, 2)]:
        moved = [start.copy(), start.copy()]
        moved[0][index] += 1e-6
        moved[1][index] -= 1e-6
        above, below = (float(tiled.costs(tf.constant(one))["cost"]) for one in moved)
        np.testing.assert_allclose(gradient[index], (above - below) / 2e-6, rtol=1e-4, atol=1e-9)


@pytest.mark.slow
def test_compiled_with_the_fast_network(rng):
    """Few compilations: one shape of tile, once a pass, and none at a later step."""
    recipe = Recipe(backbone="vgg16", content_layers="block2_conv2", style_layers={"block2_conv1": 1.0})
    model = backbones.load("vgg16", recipe.layers)
    network = winograd.fast_model(model)
    content, start, style = (_picture(rng, 40, 32) for _ in range(3))
    untiled = Objective(network, content, [style], recipe)
    tiled = TiledObjective(model, content, [style], recipe, 10, network=network)
    assert len(tiled.tiles(40, 32)) == 16
    for _ in range(2):
        _assert_equal(untiled, tiled, start, 1e-4)
        assert tiled._sums.experimental_get_tracing_count() == tiled._pixels.experimental_get_tracing_count() == 1


def test_a_tile_larger_than_the_picture_is_the_whole_picture(rng):
    model, recipe = _own_model(), _own_recipe()
    content = _picture(rng, 20, 31, "float64")
    tiled = TiledObjective(model, content, [content], recipe, 1000, compiled=False)
    assert [tile.window for tile in tiled.tiles(20, 31)] == [(slice(0, 20), slice(0, 31))]
    _assert_equal(Objective(model, content, [content], recipe, compiled=False), tiled, content[::-1].copy(), 1e-10)


def test_views_by_hand():
    """VGG16's block2_conv1 sees 3 x 3 pooled units; each sees 2 x 2 of block1_conv2's, these 5 x 5 pixels.

    Unit 0's own pixels are 0 and 1. It sees pooled units -1 to 1, so block1_conv2's -2 to 3, so pixels -4 to 5.
    """
    side, _ = sides(backbones.build("vgg16", ["block2_conv1"]), ["block1_conv1", "block2_conv1"])
    assert side.view("block1_conv1") == View(1, 1, 1)
    assert side.view("block2_conv1") == View(2, 4, 5)
    assert (side.stride, side.margin) == (2, (4, 4))
    assert side.units("block2_conv1", 11) == 5


def test_views_of_alexnet_by_hand():
    """conv1 sees 11 pixels from -2 on, every 4; pool1 sees 3 units of it, every 2: 11 + 2 x 4 = 19 pixels."""
    side, _ = sides(backbones.build("alexnet", ["pool1"]), ["conv1", "pool1"])
    assert side.view("conv1") == View(4, 2, 8)
    assert side.view("pool1") == View(8, 2, 16)
    assert side.units("conv1", 224) == 55
    assert side.units("pool1", 224) == 27


@pytest.mark.parametrize("length", [21, 64, 100, 101, 333])
@pytest.mark.parametrize("tile", [4, 16, 60])
def test_spans_cover_the_picture_once_with_their_margins(length, tile):
    side = Side(
        {"a": Window(3, before=1, after=1), "pool": Window(2, 2), "b": Window(5, 2, before=2, after=2)}, ["a", "b"]
    )
    spans = side.spans(length, tile)
    assert [span.first for span in spans] == [0, *(span.last for span in spans[:-1])]
    assert spans[-1].last == length
    for span in spans:
        assert span.start % side.stride == 0
        assert span.last - span.first <= max(tile, length if len(spans) == 1 else 0)
        assert span.start == 0 or span.start <= span.first - side.margin[0]
        assert span.stop == length or span.stop >= span.last + side.margin[1]
    assert len({span.stop - span.start for span in spans}) <= 2
    owned = [side.within("b", span, length)[1] for span in spans]
    assert [i for s in owned for i in range(s.start, s.stop)] == list(range(side.units("b", length)))


def test_the_span_of_a_short_picture_is_the_picture():
    assert Side({"a": Window(3, before=1, after=1)}, ["a"]).spans(5, 4) == [Span(0, 5, 0, 5)]


def test_layers_that_cannot_be_tiled_are_named():
    pictures = keras.Input((None, None, 3))
    first = keras.layers.Conv2D(4, 3, padding="same", name="first")(pictures)
    second = keras.layers.Conv2D(4, 3, padding="same", name="second")(first)
    networks = {
        "joined": keras.layers.Add(name="joined")([first, second]),
        "strided": keras.layers.Conv2D(4, 3, 2, padding="same", name="strided")(first),
        "pooled": keras.layers.MaxPooling2D(2, padding="same", name="pooled")(first),
        "scaled": keras.layers.UpSampling2D(name="scaled")(first),
    }
    for name, output in networks.items():
        with pytest.raises(ValueError, match=f"expected .*received '{name}'"):
            sides(keras.Model(pictures, {name: output}), [name])
    assert sides(keras.Model(pictures, {"first": first, "second": second}), ["second"])[0].margin == (2, 2)


@pytest.mark.parametrize(("tile", "error"), [(0, ValueError), (-16, ValueError), (12.5, TypeError), (True, TypeError)])
def test_wrong_tiles(tile, error):
    with pytest.raises(error, match=f"expected .*tile.*received {tile}"):
        TiledObjective(_own_model(), np.zeros((9, 9, 3)), [np.zeros((9, 9, 3))], _own_recipe(), tile)


def _own_model():
    """Strides of 2 and 3, an even window, windows longer than wide, valid and same padding; in float64."""
    keras.utils.set_random_seed(3)
    with_type = {"dtype": "float64"}
    pictures = keras.Input((None, None, 3), dtype="float64")
    x = keras.layers.ZeroPadding2D(((2, 1), (0, 3)), **with_type)(pictures)
    x = one = keras.layers.Conv2D(4, (4, 3), 2, activation="softplus", name="one", **with_type)(x)
    x = keras.layers.Conv2D(5, (3, 4), padding="same", activation="softplus", name="two", **with_type)(x)
    x = keras.layers.AveragePooling2D((3, 2), (1, 2), **with_type)(x)
    deep = keras.layers.Conv2D(3, 2, activation="softplus", name="deep", **with_type)(x)
    return keras.Model(pictures, {"one": one, "deep": deep})


def _own_recipe(**options):
    return Recipe(backbone="own", content_layers="deep", style_layers={"one": 0.4, "deep": 0.6}, **options)
