"""A transfer from start to end: what it gives, how it stops, and how it goes on."""

import dataclasses
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_apps import images, style
from keras_apps.style import lbfgs, run
from keras_apps.style.recipes import recipe

SHALLOW = style.Recipe(
    backbone="vgg16",
    size=48,
    steps=8,
    optimizer="adam",
    content_layers="block2_conv2",
    style_layers={"block1_conv1": 0.5, "block2_conv1": 0.5},
)


@pytest.fixture(scope="module")
def pictures():
    return [images.resize(images.load_image(f"bundled:{n}"), 48) for n in ("astronaut", "vortices")]


@pytest.mark.parametrize(
    "start",
    ["content", "noise", pytest.param("style", marks=pytest.mark.slow), pytest.param("blend", marks=pytest.mark.slow)],
)
@pytest.mark.parametrize("optimizer", ["adam", "gradient-descent", "lbfgs"])
@pytest.mark.parametrize("normalization", ["scale-free", pytest.param("course", marks=pytest.mark.slow)])
def test_the_cost_falls(pictures, start, optimizer, normalization):
    weight = 10.0 if normalization == "scale-free" else 1e7
    recipe = dataclasses.replace(
        SHALLOW, start=start, optimizer=optimizer, normalization=normalization, style_weight=weight
    )
    result = style.transfer(*pictures, recipe, compiled=False)
    costs = [row["cost"] for row in result.history]
    assert len(costs) == 8 and costs[-1] < 0.95 * costs[0]
    assert result.image.shape == pictures[0].shape
    assert result.image.min() >= 0 and result.image.max() <= 1


@pytest.mark.parametrize("optimizer", recipe.KERAS_OPTIMIZERS)
def test_every_keras_optimizer_lowers_the_cost(pictures, optimizer):
    rate = {"adadelta": 20.0, "adagrad": 0.02, "sgd": 1.0, "ftrl": 0.02}.get(optimizer, 0.01)
    changed = dataclasses.replace(SHALLOW, optimizer=optimizer, learning_rate=rate)
    costs = [row["cost"] for row in style.transfer(*pictures, changed, compiled=False).history]
    assert costs[-1] < costs[0]


def test_alpha_zero_forgets_content_and_beta_zero_forgets_style(pictures):
    noise = dataclasses.replace(SHALLOW, start="noise", steps=25, learning_rate=0.05)
    only_style = style.transfer(*pictures, dataclasses.replace(noise, content_weight=0.0), compiled=False).history
    only_content = style.transfer(*pictures, dataclasses.replace(noise, style_weight=0.0), compiled=False).history
    assert only_content[-1]["content"] < 0.5 * only_style[-1]["content"]
    assert only_style[-1]["style"] < 0.5 * only_content[-1]["style"]


def test_one_seed_one_picture(pictures):
    recipe = dataclasses.replace(SHALLOW, start="noise", steps=3, seed=3)
    first, second = (style.transfer(*pictures, recipe, compiled=False).image for _ in range(2))
    np.testing.assert_array_equal(first, second)
    other = style.transfer(*pictures, dataclasses.replace(recipe, seed=4), compiled=False).image
    assert np.abs(first - other).mean() > 0.05


def test_progress_is_told_every_step(pictures):
    told = []
    style.transfer(*pictures, dataclasses.replace(SHALLOW, steps=4), progress=told.append, compiled=False)
    assert [p.step for p in told] == [1, 2, 3, 4] and all(p.steps == 4 for p in told)
    assert math.isnan(told[0].seconds_left) and told[1].seconds_left > 0 and told[3].seconds_left == 0
    assert told[0].image().shape == pictures[0].shape


def test_ctrl_c_keeps_the_picture_so_far(pictures):
    def stop(progress):
        if progress.step == 3:
            raise KeyboardInterrupt

    result = style.transfer(*pictures, SHALLOW, progress=stop, compiled=False)
    assert result.interrupted and len(result.history) == 3
    unbroken = style.transfer(*pictures, dataclasses.replace(SHALLOW, steps=3), compiled=False)
    np.testing.assert_array_equal(result.image, unbroken.image)


def test_a_cost_that_is_not_finite_stops(pictures, monkeypatch):
    """Within a run the best picture is kept; at the very first step there is none."""
    calls = []
    unbroken = style.Objective.combine

    def spoilt(self, *arguments):
        calls.append(1)
        costs = unbroken(self, *arguments)
        return costs | {"cost": costs["cost"] * math.nan, "style": costs["style"] * math.nan} if spoil() else costs

    monkeypatch.setattr(style.Objective, "combine", spoilt)
    tf.config.run_functions_eagerly(True)
    try:
        spoil = lambda: len(calls) > 3  # noqa: E731
        result = style.transfer(*pictures, SHALLOW, compiled=False)
        spoil = lambda: True  # noqa: E731
        with pytest.raises(ValueError, match="finite cost.*not finite: style at step 1.*learning_rate"):
            style.transfer(*pictures, SHALLOW, compiled=False)
    finally:
        tf.config.run_functions_eagerly(False)
    assert result.stopped == "not finite: style at step 4" and len(result.history) == 3
    assert np.all(np.isfinite(result.image))


def test_result_keeps_the_contents_proportions_and_names_the_network():
    wide = images.load_image("bundled:rocket")
    result = style.transfer(wide, "bundled:vortices", dataclasses.replace(SHALLOW, steps=1), compiled=False)
    assert max(result.image.shape[:2]) == 48
    assert result.image.shape[1] / result.image.shape[0] == pytest.approx(wide.shape[1] / wide.shape[0], rel=0.05)
    assert result.backbone == "vgg16" and result.recipe.steps == 1 and result.seconds > 0


def test_alexnet_runs_with_its_own_layers(pictures):
    result = style.transfer(*pictures, style.Recipe(backbone="alexnet", size=64, steps=2), compiled=False)
    assert result.history[1]["cost"] < result.history[0]["cost"]


@pytest.mark.parametrize("which", [0, 1])
def test_pictures_smaller_than_the_network_needs(pictures, which):
    """block5_conv1 lies behind four poolings by 2, so it needs 16 pixels."""
    small = list(pictures)
    small[which] = np.zeros((1, 1, 3), np.float32)
    name = ("content", "style")[which]
    with pytest.raises(ValueError, match=f"{name} picture of at least 16 x 16.*block5_conv1.*received 1 x 1"):
        style.transfer(*small, style.Recipe(backbone="vgg16", size=48, steps=1))


def test_a_strip_that_is_too_thin_at_the_chosen_size(pictures):
    strip = np.zeros((20, 400, 3), np.float32)
    with pytest.raises(ValueError, match="at least 16 x 16 pixels at size 48"):
        style.transfer(strip, pictures[1], style.Recipe(backbone="vgg16", size=48, steps=1))


@pytest.mark.parametrize(
    "optimizer", ["adam", "lbfgs", *(pytest.param(n, marks=pytest.mark.slow) for n in ("gradient-descent", "nadam"))]
)
def test_a_resumed_run_gives_the_same_picture(pictures, monkeypatch, tmp_path, optimizer):
    """Interrupted in the second of two sizes, resumed, and equal to the unbroken run to the last bit."""
    monkeypatch.setattr(recipe, "COARSEST", 24)
    monkeypatch.setattr(recipe, "FINE_SHARE", 0.5)
    monkeypatch.setattr(lbfgs, "RESTART", 2)
    changed = dataclasses.replace(SHALLOW, optimizer=optimizer, steps=12)
    assert changed.stages == [(24, 6), (48, 6)]

    def stop(progress):
        if progress.step == 9:
            raise KeyboardInterrupt

    file = tmp_path / "run.npz"
    whole = style.transfer(*pictures, lbfgs.resumable(changed), compiled=False)
    monkeypatch.setattr(run, "CHECKPOINT_EVERY", 2)
    part = style.transfer(*pictures, changed, compiled=False, checkpoint=file, progress=stop)
    rest = style.transfer(*pictures, changed, compiled=False, checkpoint=file, resume=True)
    assert part.interrupted and len(part.history) == 9 and rest.stopped == "steps"
    np.testing.assert_array_equal(rest.image, whole.image)
    assert rest.recipe == whole.recipe  # it tells what made the picture, the checkpoint's restarts included
    for mine, theirs in zip(rest.history, whole.history, strict=True):
        assert {k: v for k, v in mine.items() if k != "seconds"} == {k: v for k, v in theirs.items() if k != "seconds"}


def test_a_checkpoint_of_another_run_is_refused(pictures, tmp_path):
    file = tmp_path / "run.npz"
    with pytest.raises(FileNotFoundError, match="checkpoint to resume from"):
        style.transfer(*pictures, SHALLOW, checkpoint=file, resume=True)
    with pytest.raises(ValueError, match="checkpoint to resume from: set `checkpoint` with `resume=True`"):
        style.transfer(*pictures, SHALLOW, resume=True)

    def stop(progress):
        raise KeyboardInterrupt

    style.transfer(*pictures, SHALLOW, checkpoint=file, progress=stop, compiled=False)
    other = dataclasses.replace(SHALLOW, style_weight=3.0)
    with pytest.raises(ValueError, match="whose recipe has style_weight 10.0"):
        style.transfer(*pictures, other, checkpoint=file, resume=True)
    with pytest.raises(ValueError, match="made with other pictures"):
        style.transfer(pictures[1], pictures[0], SHALLOW, checkpoint=file, resume=True)
    file.write_bytes(b"no checkpoint")
    with pytest.raises(ValueError, match="expected a checkpoint of a style transfer"):
        style.transfer(*pictures, SHALLOW, checkpoint=file, resume=True)


def test_coarse_to_fine_starts_warm(pictures, monkeypatch):
    """The finer size begins far below where it would begin from the content."""
    monkeypatch.setattr(recipe, "COARSEST", 24)
    changed = dataclasses.replace(SHALLOW, steps=30)
    rows = style.transfer(*pictures, changed, compiled=False).history
    assert [row["size"] for row in rows] == [24] * 26 + [48] * 4
    cold = style.transfer(*pictures, dataclasses.replace(changed, coarse_to_fine=False, steps=1), compiled=False)
    assert rows[26]["cost"] < 0.8 * cold.history[0]["cost"]


def test_it_stops_when_the_cost_has_settled(pictures):
    changed = dataclasses.replace(SHALLOW, steps=400, settled=0.2)
    result = style.transfer(*pictures, changed, compiled=False)
    costs = [row["cost"] for row in result.history]
    assert result.stopped == "settled" and len(costs) < 400
    assert costs[-21] - costs[-1] < 0.2 * costs[-21]
    assert costs[-22] - costs[-2] >= 0.2 * costs[-22]


def test_the_best_picture_is_kept_where_the_cost_rises(pictures):
    """Adam overshoots in its last step: the picture given has the lowest cost of the history."""
    changed = dataclasses.replace(SHALLOW, learning_rate=0.2, steps=4)
    result = style.transfer(*pictures, changed, compiled=False)
    costs = [row["cost"] for row in result.history]
    best = costs.index(min(costs))
    assert 0 < best < len(costs) - 1
    until = style.transfer(*pictures, dataclasses.replace(changed, steps=best), compiled=False)
    np.testing.assert_array_equal(result.image, until.image)


def test_a_cost_that_only_rose_gives_the_last_picture(pictures):
    """Else a program whose cost rises before it falls would give the unchanged photograph back."""
    changed = dataclasses.replace(SHALLOW, optimizer="sgd", learning_rate=300.0, steps=6)
    result = style.transfer(*pictures, changed, compiled=False)
    costs = [row["cost"] for row in result.history]
    assert min(costs) == costs[0] < costs[-1]
    assert np.abs(result.image - pictures[0]).mean() > 0.05


def test_luminance_keeps_the_contents_colours(pictures):
    result = style.transfer(*pictures, dataclasses.replace(SHALLOW, color="luminance"), compiled=False)
    chroma = [
        np.asarray(p) - np.asarray(p).mean(axis=2, keepdims=True) for p in (result.image, pictures[0], pictures[1])
    ]
    assert np.abs(chroma[0] - chroma[1]).mean() < 0.3 * np.abs(chroma[0] - chroma[2]).mean()


def test_a_start_picture_goes_with_its_start(pictures):
    given = dataclasses.replace(SHALLOW, start="picture", steps=1)
    style.transfer(*pictures, given, start_picture="bundled:coffee", compiled=False)
    with pytest.raises(ValueError, match="a start_picture with start 'picture', received none"):
        style.transfer(*pictures, given)
    with pytest.raises(ValueError, match="with a start_picture, received start 'content'"):
        style.transfer(*pictures, SHALLOW, start_picture="bundled:coffee")


def test_a_network_of_your_own(pictures):
    inputs = keras.Input((None, None, 3))
    first = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name="first")(inputs)
    second = keras.layers.Conv2D(8, 3, strides=2, activation="relu", name="second")(first)
    network = keras.Model(inputs, keras.layers.GlobalAveragePooling2D(name="pooled")(second))
    own = style.Recipe(backbone="own", size=48, steps=5, content_layers="second", style_layers={"first": 1.0})
    result = style.transfer(*pictures, own, network=network, compiled=False)
    assert result.history[-1]["cost"] < result.history[0]["cost"] and result.backbone == "own"
    with pytest.raises(ValueError, match="layer of your network.*did you mean 'second'"):
        style.transfer(*pictures, dataclasses.replace(own, content_layers="secnd"), network=network)
    with pytest.raises(ValueError, match="activations .n, h, w, c., received 'pooled'"):
        style.transfer(*pictures, dataclasses.replace(own, content_layers="pooled"), network=network)
    with pytest.raises(ValueError, match="exactly with backbone 'own', received none"):
        style.transfer(*pictures, own)


@pytest.mark.slow
def test_a_style_of_one_flat_colour_is_painted(pictures):
    flat = np.full((48, 48, 3), 0.3, np.float32)
    for color in ("style", "luminance", "matched"):
        result = style.transfer(pictures[0], flat, dataclasses.replace(SHALLOW, color=color), compiled=False)
        assert np.all(np.isfinite(result.image)) and result.history[-1]["cost"] < result.history[0]["cost"]


def test_shares_are_as_many_as_styles(pictures):
    with pytest.raises(ValueError, match="expected 1 style_shares, one per style picture, received 2"):
        style.transfer(*pictures, dataclasses.replace(SHALLOW, style_shares=[0.5, 0.5]))
    with pytest.raises(ValueError, match="at least one style"):
        style.transfer(pictures[0], [], SHALLOW)


def test_lbfgs_at_the_best_there_is_takes_no_step(pictures):
    """Content and style are one picture, and so is the start: J = 0, and nothing can be lower."""
    same = dataclasses.replace(SHALLOW, optimizer="lbfgs")
    result = style.transfer(pictures[0], pictures[0], same, compiled=False)
    assert result.stopped == "settled" and [row["cost"] for row in result.history] == [pytest.approx(0, abs=1e-9)]
    np.testing.assert_array_equal(result.image, pictures[0])


def test_a_weight_that_overflows_is_named(pictures):
    recipe = dataclasses.replace(SHALLOW, optimizer="lbfgs", style_weight=1e39)
    with pytest.raises(ValueError, match="not finite: style at step 1; try smaller weights"):
        style.transfer(*pictures, recipe, compiled=False)


@pytest.mark.parametrize("shape", [(48, 48, 3), (None, None, 1)])
def test_networks_that_take_other_pictures_are_refused(pictures, shape):
    inputs = keras.Input(shape)
    network = keras.Model(inputs, keras.layers.Conv2D(2, 3, name="c")(inputs))
    recipe = style.Recipe(backbone="own", content_layers="c", style_layers={"c": 1.0})
    with pytest.raises(ValueError, match="of any size, received .None, "):
        style.transfer(*pictures, recipe, network=network)


def test_a_network_that_stops_gradients_is_refused(pictures):
    """Without a gradient nothing would ever move."""

    class Stop(keras.layers.Layer):
        def call(self, x):
            return keras.ops.stop_gradient(x)

    inputs = keras.Input((None, None, 3))
    network = keras.Model(inputs, keras.layers.Conv2D(2, 3, name="c")(Stop()(inputs)))
    recipe = style.Recipe(backbone="own", content_layers="c", style_layers={"c": 1.0}, size=32)
    with pytest.raises(ValueError, match="received one that stops them before c"):
        style.transfer(*pictures, recipe, network=network, compiled=False)


def test_pictures_too_small_for_a_network_of_your_own_are_refused(pictures):
    inputs = keras.Input((None, None, 3))
    network = keras.Model(inputs, keras.layers.Conv2D(2, 51, name="c")(inputs))
    recipe = style.Recipe(backbone="own", content_layers="c", style_layers={"c": 1.0}, size=32)
    with pytest.raises(ValueError, match="as large as your network needs, received 32 x "):
        style.transfer(*pictures, recipe, network=network, compiled=False)


@pytest.mark.slow
def test_lbfgs_without_restarts_gets_further_than_with(pictures):
    """Curvature kept over 24 steps lowers the cost more than curvature forgotten after every 3."""
    recipe = dataclasses.replace(SHALLOW, optimizer="lbfgs", steps=24)
    often = dataclasses.replace(recipe, optimizer_options={"restart": 3})
    costs = [style.transfer(*pictures, r, compiled=False).history[-1]["cost"] for r in (recipe, often)]
    assert costs[0] < 0.98 * costs[1]


def test_lbfgs_is_kept_at_the_end_of_each_round(pictures, monkeypatch, tmp_path):
    monkeypatch.setattr(lbfgs, "RESTART", 3)
    monkeypatch.setattr(run, "CHECKPOINT_EVERY", 2)

    def stop(progress):
        if progress.step == 7:
            raise KeyboardInterrupt

    recipe = dataclasses.replace(SHALLOW, optimizer="lbfgs")
    style.transfer(*pictures, recipe, compiled=False, checkpoint=tmp_path / "run.npz", progress=stop)
    resumed = []
    style.transfer(
        *pictures, recipe, compiled=False, checkpoint=tmp_path / "run.npz", resume=True, progress=resumed.append
    )
    assert [p.step for p in resumed] == [7, 8]
