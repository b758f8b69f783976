"""`maximize`: by hand on linear units, and that activation rises for every objective, canvas and network."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from keras_apps import backbones, faces, images, visualize
from keras_apps.visualize import relus
from keras_apps.visualize.maximization import ascent, canvas, goals, views

QUICK = {"steps": 6, "learning_rate": 0.1}


@pytest.fixture(scope="module")
def small():
    keras.utils.set_random_seed(3)
    pictures = keras.Input((None, None, 3))
    x = layers.Conv2D(6, 3, activation="relu", name="first")(pictures)
    x = layers.Conv2D(4, 3, strides=2, activation="relu", name="second")(x)
    return keras.Model(pictures, layers.Dense(5, name="last")(layers.GlobalAveragePooling2D()(x)))


@pytest.fixture(scope="module")
def alexnet():
    return backbones.load("alexnet", ["conv1", "conv3", "conv5"])


def linear(kernel):
    """One unit that sees the whole picture: the sum of picture x kernel."""
    model = keras.Sequential(
        [keras.Input(kernel.shape), layers.Flatten(), layers.Dense(1, use_bias=False, name="unit")]
    )
    model.get_layer("unit").set_weights([kernel.reshape(-1, 1)])
    return model


@pytest.mark.parametrize("parameterization", ["pixels", "fourier"])
def test_the_picture_of_a_linear_unit_is_its_kernels_signs(parameterization, rng):
    """The sum of k x, x in 0..1, is largest at x = 1 where k > 0 and 0 elsewhere: then it is the sum of the k > 0."""
    kernel = rng.normal(size=(6, 6, 3)).astype("float32")
    how = {"parameterization": parameterization, "decorrelate": False, "views": (), "steps": 100}
    found = visualize.maximize(linear(kernel), "unit", 0, learning_rate=0.3, **how)
    assert ((found.images[0] > 0.5) == (kernel > 0)).mean() > 0.97
    assert found.after[0] > 0.9 * kernel[kernel > 0].sum()
    if parameterization == "pixels":
        downwards = visualize.maximize(linear(kernel), "unit", np.array([-1.0]), learning_rate=0.3, **how)
        assert ((downwards.images[0] > 0.5) == (kernel < 0)).mean() > 0.97


def test_an_identity_is_reached():
    """Of a tower whose encoding is the mean colour, the picture nearest to (0.8, 0.3, 0.4) has that mean."""
    mean = keras.Sequential([keras.Input((8, 8, 3)), layers.GlobalAveragePooling2D(name="encoding")])
    goal = np.array([0.8, 0.3, 0.4])
    found = visualize.maximize(mean, "encoding", goal, measure="distance", steps=60, learning_rate=0.5, views=())
    np.testing.assert_allclose(found.images[0].mean((0, 1)), goal, atol=0.02)
    assert found.before[0] == pytest.approx(-np.square(goal - 0.5).sum(), abs=0.02) and found.after[0] > -1e-3


def test_value_range_is_what_the_model_gets():
    """A unit that takes the mean of its input gives the mean of the drawn picture, times 255."""
    mean = keras.Sequential([keras.Input((8, 8, 3)), layers.AveragePooling2D(8, name="mean")])
    found = visualize.maximize(mean, "mean", 1, value_range=(0, 255), **QUICK)
    assert found.after[0] == pytest.approx(255 * found.images[0, ..., 1].mean(), rel=1e-4)


@pytest.mark.parametrize("parameterization", ["pixels", "fourier"])
@pytest.mark.parametrize(
    "layer, unit, how",
    [
        ("first", 2, {}),
        ("second", [0, 3], {"position": "center"}),
        ("second", 1, {"position": (0, 2), "variation_weight": 0.01}),
        ("first", None, {"decorrelate": False}),
        ("second", np.array([1.0, -1.0, 0.5, 0.0]), {"measure": "cosine"}),
        ("last", np.array([0.1, 0.2, -0.3, 0.0, 0.1]), {"measure": "distance"}),
        ("second", 3, {"diverse": 2}),
        ("last", 4, {"steps": 24}),
    ],
)
def test_activation_rises(small, layer, unit, how, parameterization):
    how = {"size": 24, "parameterization": parameterization, "value_range": (-1, 1), "steps": 8} | how
    found = visualize.maximize(small, layer, unit, **how, learning_rate=0.1)
    assert (found.after > found.before).all(), (found.before, found.after)
    assert found.history.shape == (how["steps"], len(found.images)) and found.images.shape[1:] == (24, 24, 3)
    assert found.images.min() >= 0 and found.images.max() <= 1


@pytest.mark.parametrize(
    "layer, unit, parameterization",
    [("conv1", [0, 9], "pixels"), ("conv3", 5, "fourier"), ("conv5", [3, 7], "pixels"), ("conv5", None, "fourier")],
)
def test_activation_rises_in_alexnet(alexnet, layer, unit, parameterization):
    found = visualize.maximize(alexnet, layer, unit, size=64, parameterization=parameterization, **QUICK)
    assert (found.after > found.before).all(), (found.before, found.after)


def test_activation_rises_in_vgg16():
    vgg = backbones.load("vgg16", ["block2_conv1", "block3_conv1"])
    for layer in ("block2_conv1", "block3_conv1"):
        found = visualize.maximize(vgg, layer, [1, 2], size=32, **QUICK)
        assert (found.after > found.before).all(), (layer, found.before, found.after)


def test_activation_rises_in_the_face_towers(tower, chips):
    encoding = faces.encode(tower, [chips["hopper"]], aligned=True)[0]
    how = {"value_range": (0, 255), "steps": 3, "learning_rate": 0.05, "views": ()}
    found = visualize.maximize(tower, "unit_length", encoding, measure="distance", **how)
    assert found.images.shape == (1, 112, 112, 3) and found.after[0] > found.before[0]
    reached = faces.encode(tower, list(found.images), aligned=True)[0]
    assert -np.square(reached - encoding).sum() == pytest.approx(found.after[0], rel=1e-3)
    small = faces.load_tower("synthetic64")
    assert np.all(np.diff(visualize.maximize(small, "conv1_relu", 3, **how).history[:, 0]) > 0)


def test_same_seed_same_picture(small):
    def made(seed):
        return visualize.maximize(small, "second", 1, size=24, seed=seed, steps=3).images

    first = made(4)
    np.testing.assert_array_equal(first, made(4))
    assert np.abs(first - made(5)).max() > 1e-4


def test_diverse_pictures_differ_more(small):
    def alike(weight):
        found = visualize.maximize(
            small, "second", 1, size=24, diverse=3, diversity_weight=weight, steps=25, learning_rate=0.1
        )
        maps = keras.Model(small.input, small.get_layer("second").output)(found.images)
        return float(goals.likeness(tf.reshape(maps, (1, 3, -1, 4))))

    assert 1 - alike(30.0) > 10 * (1 - alike(0.0))


def test_several_units_are_as_each_alone(small):
    """Pictures of a batch do not touch each other: the first of two is the one that is made alone."""
    how = {"size": 24, "steps": 5, "views": (visualize.jitter(2),)}
    both, one = (visualize.maximize(small, "second", unit, **how) for unit in ([1, 2], 1))
    assert both.units == (1, 2) and one.units == (1,)
    np.testing.assert_allclose(both.images[0], one.images[0], atol=1e-4)


def test_variation_weight_smooths(small):
    def rough(weight):
        made = visualize.maximize(
            small, "first", 1, size=24, parameterization="pixels", variation_weight=weight, steps=40, learning_rate=0.1
        ).images
        return np.abs(np.diff(made, axis=1)).mean()

    assert rough(1.0) < 0.5 * rough(0.0)


def test_a_silent_unit_is_woken():
    """relu(x - 2) of x in 0..1 has no gradient at x near 0.5, and never answers: its input rises all the same."""
    unit = layers.Conv2D(1, 1, activation="relu", bias_initializer=keras.initializers.Constant(-0.6), name="unit")
    model = keras.Sequential([keras.Input((8, 8, 1)), unit, layers.MaxPooling2D(2, name="pool")])
    unit.set_weights([np.ones((1, 1, 1, 1)), np.array([-0.6])])
    found = visualize.maximize(model, "pool", 0, steps=60, views=())
    assert found.before[0] == 0 and found.after[0] > 0.2


def test_redirected_relu_by_hand():
    """Two pictures of two values; 3 and -3 come back to each.

    The first has -1 and 1: the second value is on and passes -3, so that the rule of the gradient holds: 0, -3. The
    other has -1 and -2: nothing passes, and so what would raise a value does: 3, and 0 for -3."""
    x = tf.Variable([[-1.0, 1.0], [-1.0, -2.0]])
    with tf.GradientTape() as tape:
        y = relus.redirected_relu(x)
    assert tape.gradient(y, x, tf.constant([[3.0, -3.0], [3.0, -3.0]])).numpy().tolist() == [[0, -3], [3, 0]]
    assert y.numpy().tolist() == [[0, 1], [0, 0]]


def test_a_picture_to_begin_with_is_drawn_as_it_is():
    cat = images.resize(images.load_image("bundled:cat"), (24, 30))
    for kind in canvas.PARAMETERIZATIONS:
        begun = canvas.canvas((1, 24, 30, 3), kind, start=cat)
        np.testing.assert_allclose(begun.draw(tf.constant(begun.start))[0], np.clip(cat, 1e-3, 1 - 1e-3), atol=1e-4)


def test_colors_are_those_of_the_bundled_photographs():
    """Principal axes of RGB within each picture, averaged; recomputed from the pictures."""
    pixels = [images.resize(images.load_image(f"bundled:{n}"), 128).reshape(-1, 3) for n in PHOTOGRAPHS]
    covariance = np.mean([np.cov(p.T) for p in pixels], axis=0)
    np.testing.assert_allclose(
        canvas.COLORS.T @ canvas.COLORS, covariance / np.linalg.eigvalsh(covariance)[-1], atol=2e-3
    )


PHOTOGRAPHS = ("astronaut", "cat", "coffee", "rocket", "hopper", "obama", "biden")


def test_views_by_hand(rng):
    """A shift moves whole pixels; a turn of 0 degrees and a scale of 1 change nothing; a seed gives one view."""
    picture = rng.random((1, 9, 9, 3)).astype("float32")
    for view in (visualize.rotation(0), visualize.scaling(1, 1), visualize.jitter(0)):
        np.testing.assert_allclose(view(picture, tf.constant((1, 2))), picture, atol=1e-5)
    moved = {}
    for number in range(30):
        seen = visualize.jitter(1)(picture, tf.constant((0, number))).numpy()[0, 2:-2, 2:-2]
        shifts = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
        fits = [s for s in shifts if np.allclose(seen, picture[0, 2 + s[0] : 7 + s[0], 2 + s[1] : 7 + s[1]], atol=1e-5)]
        assert len(fits) == 1
        moved[fits[0]] = number
    assert len(moved) == 9
    a, b = (views.seen_through(views.usual_views((9, 9)), picture, tf.constant((0, 5))) for _ in range(2))
    np.testing.assert_array_equal(a, b)


def test_ctrl_c_keeps_the_picture_so_far(small):
    def stop(done, total):
        assert total == 50
        if done == 3:
            raise KeyboardInterrupt

    found = visualize.maximize(small, "second", 1, size=24, steps=50, progress=stop)
    assert found.interrupted and len(found.history) == 3 and np.isfinite(found.images).all()


@pytest.mark.parametrize(
    "layer, unit, how, words",
    [
        ("secnod", 1, {}, "did you mean 'second'"),
        ("second", 4, {}, "units of 'second' from 0 to 3, received 4"),
        ("second", -1, {}, "received -1"),
        ("second", [], {}, "at least one unit"),
        ("second", np.zeros(0, int), {}, "at least one unit"),
        ("second", [1.0, 2.0], {}, "a direction of 4 floats"),
        ("second", [np.nan] * 4, {}, "finite"),
        ("last", 1, {"position": "center"}, "no spatial axes"),
        ("second", 1, {"position": (99, 0)}, "a position on the map"),
        ("second", 1, {"position": (1,)}, "2 indices or 'center'"),
        ("second", 1, {"size": 4}, "at least 5 pixels"),
        ("second", 1, {"steps": 0}, "at least 1 for steps"),
        ("second", 1, {"diverse": 0}, "at least 1 for diverse"),
        ("second", 1, {"value_range": (1, 0)}, "(black, white)"),
        ("second", 1, {"measure": "dots"}, "did you mean 'dot'"),
        ("second", None, {"measure": "distance"}, "a unit or a direction"),
        ("second", 1, {"parameterization": "furier"}, "did you mean 'fourier'"),
        ("second", 1, {"learning_rate": 1e30, "parameterization": "pixels", "value_range": (0, 3e38)}, "finite"),
    ],
)
def test_what_goes_wrong_is_said(small, layer, unit, how, words):
    with pytest.raises(ValueError) as raised:
        visualize.maximize(small, layer, unit, **{"size": 24, "steps": 4} | how)
    assert words in str(raised.value)


def test_units_of_other_types_and_models_of_other_ranks(small):
    with pytest.raises(TypeError, match="whole number or a direction"):
        visualize.maximize(small, "second", "one")
    with pytest.raises(TypeError, match=r"keras\.Model"):
        visualize.maximize("alexnet", "conv1", 1)
    signal = keras.Sequential([keras.Input((9, 1)), layers.Conv1D(1, 3, name="c")])
    with pytest.raises(ValueError, match="a model of pictures"):
        visualize.maximize(signal, "c", 0)
    nothing = keras.Sequential([keras.Input((9, 9, 3)), layers.Conv2D(1, 3, kernel_initializer="zeros", name="c")])
    with pytest.raises(ValueError, match="depends on the picture"):
        visualize.maximize(nothing, "c", 0)
    with pytest.raises(ValueError, match="directions of 2 numbers each"):
        ascent.directions_of([[1.0], [1.0, 2.0]], "c", 2)


@pytest.mark.slow
def test_many_ascents_do_not_warn_of_retracing(small, caplog):
    for unit in range(4):
        visualize.maximize(small, "second", unit, size=24, steps=1)
    for unit in range(5):
        visualize.maximize(small, "last", unit, size=24, steps=1)
    assert not [line for line in caplog.messages if "retracing" in line]


def test_a_view_s_gradient_carries_the_mirrored_border_back():
    """Eight columns shifted by 2 to the right: the result is columns 1 0 0 1 2 3 4 5 of the picture, mirrored.

    So the sum's gradient is 2 for columns 0 and 1, 1 for 2 to 5, 0 for 6 and 7; to the left it is the other way round.
    """
    right = [2, 2, 1, 1, 1, 1, 0, 0]
    picture = tf.constant(np.arange(8, dtype=np.float32).reshape(1, 1, 8, 1))
    seen = set()
    for number in range(40):
        with tf.GradientTape() as tape:
            tape.watch(picture)
            shifted = visualize.jitter(2)(tf.tile(picture, (1, 8, 1, 1)), tf.constant((0, number)))
        gradient = tape.gradient(shifted, picture).numpy()[0, 0, :, 0] / 8
        row = tuple(shifted.numpy()[0, 4, :, 0].tolist())
        if row == (1, 0, 0, 1, 2, 3, 4, 5):
            np.testing.assert_allclose(gradient, right, atol=1e-5)
            seen.add("right")
        if row == (2, 3, 4, 5, 6, 7, 7, 6):
            np.testing.assert_allclose(gradient, right[::-1], atol=1e-5)
            seen.add("left")
    assert seen == {"right", "left"}


@pytest.mark.parametrize("view", [visualize.rotation(10), visualize.scaling(), visualize.jitter(3)])
def test_nothing_black_comes_into_view(view):
    """A white picture stays white in every view: what lies beyond the border mirrors what is within."""
    white = tf.ones((1, 24, 40, 3))
    for number in range(20):
        np.testing.assert_allclose(view(white, tf.constant((1, number))), 1, atol=1e-5)


def test_alexnet_s_first_units_rise_from_grey(alexnet):
    """Unit 1 sees nothing but weak colours: in some views of the first steps no gradient reaches it."""
    found = visualize.maximize(alexnet, "conv1", [0, 1, 2, 3], size=64, steps=32)
    assert (found.after > found.before).all(), (found.before, found.after)


def test_a_unit_that_depends_on_nothing_is_named():
    pictures = keras.Input((16, 16, 3))
    blind = keras.Model(pictures, layers.Conv2D(2, 3, kernel_initializer="zeros", name="blind")(pictures))
    with pytest.raises(ValueError, match="received 'blind', where unit 1 does not"):
        visualize.maximize(blind, "blind", 1, steps=40)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"learning_rate": -1.0}, ValueError, "learning rate above 0, received -1.0"),
        ({"learning_rate": float("nan")}, ValueError, "learning rate above 0, received nan"),
        ({"variation_weight": -3}, ValueError, "variation_weight of at least 0, received -3"),
        ({"diversity_weight": -5}, ValueError, "diversity_weight of at least 0"),
        ({"seed": -1}, ValueError, "seed, received -1"),
        ({"seed": None}, ValueError, "seed, received None"),
        ({"value_range": 255}, ValueError, "value_range as .black, white., received 255"),
        ({"views": visualize.jitter(2)}, TypeError, "a sequence of views"),
        ({"unit": []}, ValueError, "at least one unit of 'second', received none"),
        ({"unit": 1.0}, TypeError, "a whole number or a direction"),
        ({"unit": np.zeros(4)}, ValueError, "a direction that is not zero"),
    ],
)
def test_wrong_numbers_are_named(small, arguments, error, message):
    with pytest.raises(error, match=message):
        visualize.maximize(small, "second", **({"unit": 0, "size": 24, "steps": 1} | arguments))


def test_optimizers_by_name_and_used_ones(small):
    visualize.maximize(small, "second", 0, size=24, steps=1, optimizer="sgd")
    used = keras.optimizers.Adam(0.05)
    visualize.maximize(small, "second", 0, size=24, steps=1, optimizer=used)
    with pytest.raises(ValueError, match="expected a new optimizer"):
        visualize.maximize(small, "second", 0, size=24, steps=1, optimizer=used)


def test_a_grey_network_begins_with_the_luminance_of_a_picture():
    """Luminance of pure red is 0.299: the mean of the first drawn picture is that, but for its rounding."""
    pictures = keras.Input((16, 16, 1))
    grey = keras.Model(pictures, layers.Conv2D(1, 3, kernel_initializer="ones", name="c")(pictures))
    red = np.zeros((16, 16, 3), np.float32)
    red[..., 0] = 1
    found = visualize.maximize(grey, "c", 0, start=red, steps=1, learning_rate=1e-6, views=())
    assert found.images.shape == (1, 16, 16, 1)
    np.testing.assert_allclose(found.images, 0.299, atol=2e-3)
    sheet = visualize.labelled_sheet({"grey": [("one", found.images[0])]}, cell=32)
    assert sheet.shape[2] == 3


@pytest.mark.parametrize("degrees", [-1, 181, float("nan"), "a"])
def test_rotations_out_of_range(degrees):
    with pytest.raises(ValueError, match="expected degrees in 0..180"):
        visualize.rotation(degrees)


def test_sheets_that_would_not_fit_in_memory():
    with pytest.raises(ValueError, match="a sheet of at most"):
        visualize.labelled_sheet({"two": [("a", np.zeros((8, 8)))]}, cell=100_000)
    with pytest.raises(ValueError, match=r"expected pictures .* received shape \(8, 8, 5\)"):
        visualize.labelled_sheet({"two": [("a", np.zeros((8, 8, 5)))]})
