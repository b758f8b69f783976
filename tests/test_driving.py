"""What drives a unit: the three rules at a ReLU by hand, the true gradient, and the sheet that shows them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_apps import visualize
from keras_apps.visualize.patches.drawing import GAP, SEAM, draw_patches
from keras_apps.visualize.patches.patches import GREY


def two_paths(first, second, relu_as_layer=False):
    """A signal of one value x -> relu(first x) -> their sum weighted by `second`, all by kernels of one position."""
    signal = keras.Input((1, 1))
    if relu_as_layer:
        x = layers.ReLU()(layers.Conv1D(2, 1, use_bias=False, name="paths")(signal))
    else:
        x = layers.Conv1D(2, 1, use_bias=False, activation="relu", name="paths")(signal)
    model = keras.Model(signal, layers.Conv1D(1, 1, use_bias=False, name="sum")(x))
    model.get_layer("paths").set_weights([np.reshape(first, (1, 1, 2))])
    model.get_layer("sum").set_weights([np.reshape(second, (1, 2, 1))])
    return model


@pytest.mark.parametrize(
    "first, second, gradient, deconvnet, guided",
    [
        ((1, -1), (2, 3), 2, -1, 2),
        ((1, 2), (-1, 1), 1, 2, 2),
    ],
)
@pytest.mark.parametrize("relu_as_layer", [False, True])
def test_the_three_rules_by_hand(first, second, gradient, deconvnet, guided, relu_as_layer):
    """At x = 1. First case: the ReLUs get 1 and -1; 2 and 3 come back.

    The gradient passes where the ReLU's input was positive: 2 x 1. The deconvnet passes both, as both are positive:
    2 x 1 + 3 x -1 = -1. Guided passes where both are: 2. Second case: the ReLUs get 1 and 2, and -1 and 1 come back.
    Gradient: -1 x 1 + 1 x 2 = 1; deconvnet and guided leave -1 out: 2.
    """
    model = two_paths(first, second, relu_as_layer)
    found = visualize.top_patches(model, "sum", np.ones((1, 1, 1)))
    for method, expected in (("gradient", gradient), ("deconvnet", deconvnet), ("guided", guided)):
        [values] = visualize.driving(model, found, method)["sum"][0]
        assert values.tolist() == [[expected]], method


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(4)
    inner = keras.Sequential([keras.Input((None, None, 6)), layers.Conv2D(6, 3, padding="same", activation="relu")])
    pictures = keras.Input((24, 20, 3))
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="first")(pictures)
    return keras.Model(pictures, layers.Conv2D(5, 3, name="last")(inner(layers.MaxPooling2D(2)(x))))


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(5).integers(0, 256, (9, 24, 20, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def found(model, pictures):
    return visualize.top_patches(model, {"first": [0, 1], "last": [0, 3, 4]}, pictures, k=5)


def test_the_gradient_is_that_of_the_whole_picture(model, pictures, found):
    """The patch alone on grey gives the same gradient as the picture that it is from, and none lies outside the box."""
    drives = visualize.driving(model, found, "gradient")
    network = keras.Model(model.inputs[0], model.get_layer("last").output)
    for channel, patches in found["last"].items():
        for patch, values in zip(patches, drives["last"][channel], strict=True):
            whole = tf.constant(pictures[patch.picture][None] / np.float32(255))
            with tf.GradientTape() as tape:
                tape.watch(whole)
                value = network(whole)[(0, *patch.unit, channel)]
            expected = tape.gradient(value, whole).numpy()[0]
            assert values.shape == patch.image.shape
            (y0, y1), (x0, x1) = patch.box
            inside = expected[max(y0, 0) : y1, max(x0, 0) : x1]
            assert np.abs(expected).sum() == pytest.approx(np.abs(inside).sum())
            shown = values[max(-y0, 0) : 24 - y0, max(-x0, 0) : 20 - x0]
            np.testing.assert_allclose(shown, inside, atol=1e-5 * np.abs(inside).max())


@pytest.mark.parametrize("method", ["guided", "deconvnet", "gradient"])
def test_what_drives_a_unit_raises_it(model, found, method):
    """A small step along the driving values makes the activation larger, for each unit's best patch."""
    drives = visualize.driving(model, found, method)
    for layer, units in found.patches.items():
        network = keras.Model(model.inputs[0], model.get_layer(layer).output)
        for channel, patches in units.items():
            patch, values = patches[0], drives[layer][channel][0]
            (y0, y1), (x0, x1) = patch.box
            before, after = np.full((2, 40, 36, 3), GREY / 255, np.float32)
            before[y0 + 8 : y1 + 8, x0 + 8 : x1 + 8] = patch.image / 255
            after[:] = before
            after[y0 + 8 : y1 + 8, x0 + 8 : x1 + 8] += 1e-3 * values / np.abs(values).max()
            both = network(np.stack([before, after])[:, 8:32, 8:28]).numpy()[(slice(None), *patch.unit, channel)]
            assert both[1] > both[0], (layer, channel)


def test_the_users_model_stays_as_it_is(model, pictures, found):
    before = model(pictures / np.float32(255)).numpy()
    visualize.driving(model, found)
    assert all(layer.activation is keras.activations.relu for layer in model.layers if layer.name == "first")
    np.testing.assert_array_equal(model(pictures / np.float32(255)).numpy(), before)
    assert model.get_layer("last").output.shape == (None, 10, 8, 5)  # fails for a layer that was called again


def test_progress_and_wrong_methods(model, found):
    seen = []
    visualize.driving(model, found, progress=lambda *told: seen.append(told))
    assert seen[-1] == (25, 25) and [done for done, _ in seen] == sorted({done for done, _ in seen})
    with pytest.raises(ValueError, match="expected a method among guided, deconvnet, gradient, .*mean 'guided'"):
        visualize.driving(model, found, "gided")


def test_another_model_than_the_patches_were_found_with(model, found):
    """One of a unit less, and one without axes: both lack the places where the units stood."""
    layer = next(iter(found.patches))
    units = max(found.patches[layer]) + 1
    picture = keras.Input((None, None, 3))
    fewer = keras.Model(picture, layers.Conv2D(units - 1 or 1, 3, name=layer)(picture))
    flat = keras.Model(picture, layers.GlobalAveragePooling2D(name=layer)(picture))
    for other in (fewer, flat):
        with pytest.raises(ValueError, match=f"expected the model that the patches were found with.*'{layer}' differs"):
            visualize.driving(other, found)
    with pytest.raises(ValueError, match="preprocess that returns a batch"):
        visualize.driving(model, found, preprocess=lambda batch: None)


def test_the_sheet_shows_each_patch_and_what_drives_it(model, found):
    """Two squares of 3 x 3 cells of 64 pixels for each unit: what drives it to the left, its patches to the right."""
    drives = visualize.driving(model, found)
    sheet = draw_patches(found, drives, cell=64, columns=2)
    wide = 2 * (3 * 64 + 2 * SEAM) + SEAM
    assert sheet.shape[2] == 3 and sheet.dtype == np.float32 and sheet.shape[1] >= GAP + 2 * (wide + GAP)
    alone = draw_patches(found, cell=64, columns=2)
    assert alone.shape[0] == sheet.shape[0] and alone.shape[1] < sheet.shape[1]
    best = found["first"][0][0].image  # 3 x 3 pixels, enlarged without smoothing to 64
    assert _has_color(alone, best[1, 1]) and _has_color(sheet, (128, 128, 128))


def _has_color(sheet, color):
    return bool((np.rint(sheet * 255) == np.asarray(color)).all(axis=-1).any())


def test_drives_that_are_not_complete(found):
    with pytest.raises(ValueError, match="expected what drives unit .* received none"):
        draw_patches(found, {})


def test_wrong_sheets(found):
    with pytest.raises(ValueError, match="a cell of at least 8 whole pixels and at least 1 column, received 4 and 3"):
        draw_patches(found, cell=4)
    with pytest.raises(ValueError, match="received 56 and 1.5"):
        draw_patches(found, columns=1.5)
    signals = visualize.top_patches(two_paths((1, 1), (1, 1)), "sum", np.ones((1, 1, 1)))
    with pytest.raises(ValueError, match="expected patches of RGB pictures"):
        draw_patches(signals)


def test_units_without_a_patch_are_drawn_empty():
    """log(0) is -inf, which excites nothing."""
    black = keras.Sequential([keras.Input((4, 4, 3)), layers.Activation("log_softmax", name="log")])
    found = visualize.top_patches(
        black, "log", np.zeros((1, 4, 4, 3), np.uint8), preprocess=lambda x: x - [0, 0, np.inf]
    )
    assert [len(patches) for patches in found["log"].values()] == [1, 1, 0]
    assert draw_patches(found).shape[2] == 3
    assert draw_patches(visualize.TopPatches({"log": {2: []}}, found.fields, 1, {})).shape[2] == 3


@pytest.mark.parametrize("relu", [layers.ReLU(6.0), layers.Activation("relu6")])
def test_rectifiers_with_a_highest_value(relu):
    """y = -relu6(1 x): at x = 0.5 the slope is -1, which guided and deconvnet let no further; at 8 x > 6 it is 0."""
    scale = layers.Conv2D(1, 1, use_bias=False, name="scale", kernel_initializer="ones")
    minus = layers.Conv2D(1, 1, use_bias=False, name="minus", kernel_initializer=keras.initializers.Constant(-1))
    network = keras.Sequential([keras.Input((1, 1, 3)), scale, type(relu).from_config(relu.get_config()), minus])
    for factor, slopes in ((0.5, (-0.5, 0, 0)), (8, (0, 0, 0))):
        scale.set_weights([np.full((1, 1, 3, 1), factor)])
        found = visualize.top_patches(network, "minus", np.full((1, 1, 1, 3), 255, np.uint8))
        drives = [visualize.driving(network, found, way)["minus"][0][0] for way in ("gradient", "guided", "deconvnet")]
        assert [float(drive[0, 0, 0]) for drive in drives] == list(slopes)
