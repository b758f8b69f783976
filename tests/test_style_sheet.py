"""Sweeps and their sheets, recorded GIFs, the notebook's preview and the plot of a history."""

import dataclasses
import math
import sys
import types

import keras
import numpy as np
import pytest
from PIL import Image, ImageSequence

from keras_apps import images
from keras_apps.cli import style_run
from keras_apps.style.output import gif, plots, preview, sweep
from keras_apps.style.output.sweep import draw_sheet
from keras_apps.style.recipes.recipe import Recipe
from keras_apps.style.run import Progress, StyleResult

LAYERS = {"block1_conv1": 0.5, "block2_conv1": 0.5}
SMALL = Recipe(backbone="vgg16", size=32, steps=2, content_layers="block2_conv1", style_layers=LAYERS)
ROWS = [
    {"step": n, "stage": int(n > 2), "size": 256 if n <= 2 else 512, "cost": 8.0 / n, "content": 0.0 if n == 1 else 1.0}
    | {"style": 0.5 / n, "variation": 0.0, "temporal": 0.0, "seconds": 10.0 * n}
    for n in (1, 2, 3, 4)
]


def progress_after(step, steps=100, size=8, picture=None):
    picture = np.full((size, size, 3), step / steps, np.float32) if picture is None else picture
    return Progress(step, steps, size, 1.0, 1.0, math.nan, lambda: picture)


@pytest.fixture
def pictures(rng):
    return [rng.uniform(size=(24, 32, 3)).astype(np.float32) for _ in range(3)]


@pytest.fixture
def painted(monkeypatch):
    """`transfer` replaced: each picture is flat, as light as its place in the sweep; the third may be interrupted."""
    calls = types.SimpleNamespace(recipes=[], styles=[], interrupt_at=None)

    def transfer(content, style, recipe, progress=None, **arguments):
        calls.recipes.append(recipe)
        calls.styles.append(style)
        number = len(calls.recipes)
        for step in range(1, recipe.steps + 1):
            progress and progress(progress_after(step, recipe.steps))
        stopped = "interrupted" if number == calls.interrupt_at else "steps"
        return StyleResult(np.full(content.shape, number / 10), [{}], recipe, "vgg16", 0.02, 1.0, stopped)

    monkeypatch.setattr(sweep, "transfer", transfer)
    return calls


def test_a_sweep_paints_every_pair_in_order(pictures, painted):
    steps = []
    axes = {
        "style_weight": [1, 10.5],
        "style_layers": ["block1_conv1", "block1_conv1..block2_conv1", {"block3_conv1": 2}],
    }
    found = sweep.sweep(*pictures[:2], SMALL, axes, cell=64, progress=lambda p: steps.append((p.step, p.steps)))
    assert [r.style_weight for r in painted.recipes] == [1, 1, 1, 10.5, 10.5, 10.5]
    assert [dict(r.style_layers) for r in painted.recipes[:3]] == [{"block1_conv1": 1.0}, LAYERS, {"block3_conv1": 2}]
    assert steps == [(n, 12) for n in range(1, 13)]
    assert [result.recipe for result in found.results] == found.recipes and not found.interrupted
    right = found.image[-30, -10 - 70 * np.arange(3)[::-1]]  # the last row: pictures 4, 5 and 6
    np.testing.assert_allclose(right, np.repeat([[0.4], [0.5], [0.6]], 3, axis=1), atol=0.01)


def test_a_sweep_over_styles_uses_each_in_turn(pictures, painted, tmp_path):
    images.save_image(pictures[1], tmp_path / "waves.png")
    sweep.sweep(pictures[0], None, SMALL, {"style": [tmp_path / "waves.png", pictures[2]]})
    np.testing.assert_allclose(painted.styles[0][0], pictures[1], atol=1 / 255)
    np.testing.assert_array_equal(painted.styles[1][0], pictures[2])


def test_ctrl_c_gives_the_sheet_of_what_is_finished(pictures, painted):
    painted.interrupt_at = 3
    found = sweep.sweep(*pictures[:2], SMALL, {"steps": [1, 2, 3, 4]}, cell=64)
    assert found.interrupted and len(found.results) == 2 and len(found.recipes) == 4
    last_row = found.image[-10, 6 + 32 + 70 * np.arange(4), 0]
    np.testing.assert_allclose(last_row, [0.1, 0.2, 190 / 255, 190 / 255], atol=0.01)
    painted.interrupt_at = 5  # the next first one
    painted.recipes += [None]
    with pytest.raises(KeyboardInterrupt):
        sweep.sweep(*pictures[:2], SMALL, {"steps": [1, 2]})


def test_a_real_sweep_shows_what_the_style_weight_does(pictures):
    kernel = keras.initializers.RandomNormal(seed=3)
    convolution = keras.layers.Conv2D(4, 3, activation="relu", kernel_initializer=kernel, name="only")
    network = keras.Sequential([keras.Input((None, None, 3)), convolution])
    layers = {"content_layers": "only", "style_layers": {"only": 1.0}}
    own = Recipe(backbone="own", size=32, steps=10, optimizer="lbfgs", **layers)
    axes = {"style_weight": [0, 100], "style_layers": ["only"]}
    found = sweep.sweep(*pictures[:2], own, axes, cell=32, network=network, compiled=False)
    away = [np.abs(r.image - images.resize(pictures[0], 32)).mean() for r in found.results]
    assert away[0] < 0.01 < away[1]


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ({}, "one or two axes.*received 0"),
        ({"steps": [1], "size": [64], "seed": [1]}, "one or two axes.*received 3"),
        ({"steps": []}, "at least one value for steps"),
        ({"stile_weight": [1]}, "did you mean 'style_weight'"),
        ({"seed": range(101)}, "at most 100 pictures, received one of 101"),
        ({"style_layers": ["block9_conv1"]}, "layer among.*block9_conv1"),
        ({"style_layers": ["block3_conv1..block5_conv1"]}, "contains at least one of block1_conv1"),
        ({"pooling": ["max", "mean"]}, "pooling"),
    ],
)
def test_a_bad_sweep_is_answered_before_anything_is_painted(pictures, painted, axes, said):
    with pytest.raises(ValueError, match=said):
        sweep.sweep(*pictures[:2], SMALL, axes)
    assert not painted.recipes
    with pytest.raises(TypeError, match="list of values"):
        sweep.sweep(*pictures[:2], SMALL, {"pooling": "max"})


def test_headings_are_drawn_where_their_pictures_are(pictures):
    """Ink (dark pixels on white paper) stands above every column and left of every row, and nowhere without a text."""
    white = [np.ones((24, 32, 3))] * 4
    image = draw_sheet(white, {"a": ["a = 1", ""], "b": ["b = 1", ""]}, np.ones((24, 32, 3)), [], cell=64)
    ink = (image < 0.5).all(axis=2)
    rows = 48 + 6  # from one row to the next
    body = image.shape[0] - 2 * rows
    assert ink[body : body + rows, :-140].any() and not ink[body + rows :].any()
    assert ink[body - 30 : body, -140:-70].any() and not ink[:body, -70:].any()


def test_sweeps_are_read_from_the_command_line():
    axes = style_run.parse_sweep(["coarse-to-fine=yes,no", "steps=5, 10"])
    assert axes == {"coarse_to_fine": [True, False], "steps": [5, 10]}
    assert style_run.parse_sweep(["style=a.jpg,b.jpg"]) == {"style": ["a.jpg", "b.jpg"]}
    for text, said in [
        ("steps", "FIELD=V1"),
        ("steps=1,,2", "FIELD=V1"),
        ("steps=1.5", "whole numbers.*'1.5'"),
        ("style-wait=1", "did you mean 'style_weight'"),
        ("style_shares=1", "field to sweep over"),
        ("coarse_to_fine=maybe", "value of coarse_to_fine"),
    ]:
        with pytest.raises(ValueError, match=said):
            style_run.parse_sweep([text])
    with pytest.raises(ValueError, match="twice"):
        style_run.parse_sweep(["seed=1", "seed=2"])


def test_the_sweep_command_saves_the_sheet(pictures, painted, tmp_path):
    style_run.paint_sweep(*pictures[:2], SMALL, {"steps": [1, 2]}, str(tmp_path / "sheet.png"))
    found = images.load_image(tmp_path / "sheet.png")
    np.testing.assert_allclose(found[-20, [20, -20], 0], [0.1, 0.2], atol=0.01)
    with pytest.raises(ValueError, match="ending in"):
        style_run.paint_sweep(*pictures[:2], SMALL, {"steps": [1]}, "sheet.gif")
    assert len(painted.recipes) == 2


def frames_of(path):
    with Image.open(path) as film:
        return [(np.asarray(f.convert("RGB")), f.info["duration"]) for f in ImageSequence.Iterator(film)]


def test_a_recorder_keeps_every_fifth_step_and_the_last(tmp_path):
    """Steps 1, 5, 10 and 12 of 12 are as light as 1/12, 5/12, 10/12 and 1: 21, 106, 212 and 255 of 255."""
    film = gif.GifRecorder(tmp_path / "x.gif", frames_per_second=10)
    for step in range(1, 13):
        film(progress_after(step, 12))
    film.save()
    found = frames_of(film.path)
    assert [int(frame.mean()) for frame, _ in found] == pytest.approx([21, 106, 212, 255], abs=1)
    assert [duration for _, duration in found] == [100, 100, 100, 2000]


def test_an_interrupted_run_ends_with_its_last_picture(tmp_path):
    film = gif.GifRecorder(tmp_path / "x.gif", every=5)
    for step in (1, 2, 3):
        film(progress_after(step, 12))
    film.save()
    assert [int(frame.mean()) for frame, _ in frames_of(film.path)] == pytest.approx([21, 64], abs=1)
    film.save(np.ones((8, 8, 3)))
    assert int(frames_of(film.path)[-1][0].mean()) == 255


def test_a_recorder_forgets_rather_than_grow(tmp_path):
    film = gif.GifRecorder(tmp_path / "x.gif", every=1, size=4)
    for step in range(1, 601):
        film(progress_after(step, 600))
    assert len(film.frames) <= gif.MOST_FRAMES and film.every == 8
    light = [frame.mean() for frame in film.frames]
    assert light == sorted(light) and light[0] < 1 and light[-1] == 255
    assert all(frame.shape == (4, 4, 3) and frame.dtype == np.uint8 for frame in film.frames)


def test_coarse_frames_become_as_large_as_the_last_and_share_a_palette(tmp_path, rng):
    small, large = (rng.uniform(size=(size, 2 * size, 3)) for size in (8, 32))
    gif.save_gif([small, large, large[::-1]], tmp_path / "x.gif")
    with Image.open(tmp_path / "x.gif") as film:
        assert film.size == (64, 32) and film.n_frames == 3 and film.info["loop"] == 0
    colors = np.concatenate([frame.reshape(-1, 3) for frame, _ in frames_of(tmp_path / "x.gif")])
    assert 128 < len(np.unique(colors, axis=0)) <= 256  # 4096 pixels of as many colours


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x.png",), "ending in .gif"),
        (("x.gif", 0), "every"),
        (("x.gif", 5, 0), "size"),
        (("x.gif", 5, 9, 60), "up to 50"),
    ],
)
def test_a_bad_recorder_says_so_at_once(arguments, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        gif.GifRecorder(tmp_path / arguments[0], *arguments[1:])
    with pytest.raises(FileNotFoundError):
        gif.GifRecorder(tmp_path / "no" / "x.gif")
    with pytest.raises(ValueError, match="at least one frame"):
        gif.GifRecorder(tmp_path / "x.gif").save()
    assert not list(tmp_path.iterdir())


@pytest.fixture
def notebook(monkeypatch):
    """A stand-in for IPython that remembers what is shown: `[[first, update, ...], ...]`, a list a display."""
    displays = []

    def display(shown, display_id):
        assert display_id is True
        displays.append([shown])
        return types.SimpleNamespace(update=displays[-1].append)

    module = types.ModuleType("IPython.display")
    module.HTML, module.display = str, display
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return displays


def test_the_preview_updates_one_display(notebook):
    watch = preview.NotebookPreview(every=10)
    for _ in range(2):  # two runs, two displays
        for step in range(1, 26):
            watch(progress_after(step, 25))
    assert [len(shown) for shown in notebook] == [4, 4]  # steps 1, 10, 20 and 25
    assert (
        "step 20 of 25" in notebook[0][2] and "left" not in notebook[0][2] and "data:image/png;base64" in notebook[0][2]
    )


def test_a_preview_without_ipython_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    with pytest.raises(ImportError, match="expected IPython"):
        preview.NotebookPreview()
    with pytest.raises(ValueError, match="every"):
        preview.NotebookPreview(every=0)


def test_the_plot_holds_the_weighted_terms():
    """With style_weight 10 the style is 5/n; the content's 0 has no place on a logarithmic axis."""
    recipe = dataclasses.replace(SMALL, style_weight=10.0, content_weight=2.0)
    result = StyleResult(np.zeros((2, 2, 3)), ROWS, recipe, "vgg16", 0.02, 40.0)
    figure = plots.plot_history(result)
    ax = figure.axes[0]
    lines = {line.get_label(): line.get_xydata() for line in ax.lines if "_" not in line.get_label()}
    assert list(lines) == ["total cost", "content, times 2", "style, times 10"]
    assert ax.get_yscale() == "log" and "step" in ax.get_xlabel()
    gap = [math.nan]  # from size to size
    np.testing.assert_allclose(lines["style, times 10"][:, 1], [5, 2.5, *gap, 5 / 3, 1.25])
    np.testing.assert_allclose(lines["content, times 2"][:, 1], [*gap, 2, *gap, 2, 2])
    assert [text.get_text().strip() for text in ax.texts] == ["256 px", "512 px"]
    above = ax.child_axes[0]
    assert above.get_xlabel() == "seconds since the start" and above.xaxis.get_major_formatter()(2.5) == "25"


def test_a_plot_is_saved_or_refused(tmp_path):
    plots.save_history_plot(ROWS, tmp_path / "x.png")
    assert images.load_image(tmp_path / "x.png").std() > 0.05
    for history, path, said in [(ROWS, "x.xyz", "ending among"), ([], "x.png", "at least one step")]:
        with pytest.raises(ValueError, match=said):
            plots.save_history_plot(history, tmp_path / path)
