"""Films: still parts stand still, moving parts follow, and a run that was interrupted goes on as if it had not been."""

import dataclasses
import itertools
import math

import keras
import numpy as np
import pytest
from PIL import Image

from keras_apps import images
from keras_apps.cli import style_run
from keras_apps.style.film import film, motion
from keras_apps.style.film import folder as film_folder
from keras_apps.style.recipes.recipe import Recipe

OWN = Recipe(
    backbone="own",
    size=64,
    steps=5,
    content_layers="deep",
    style_layers={"shallow": 1.0, "deep": 1.0},
    optimizer="adam",
    seed=3,
)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(5)
    layers = [keras.layers.Conv2D(6, 3, padding="same", activation="relu", name=name) for name in ("shallow", "deep")]
    return keras.Sequential([keras.Input((None, None, 3)), *layers])


@pytest.fixture(scope="module")
def style():
    return np.random.default_rng(1).uniform(size=(32, 32, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def frames():
    """A white square of 10 pixels that moves 4 pixels a frame over a still ramp, 48 x 64, with a faint noise."""
    rng = np.random.default_rng(0)
    ramp = np.repeat(np.linspace(0.2, 0.6, 64)[None, :, None], 48, axis=0) * [1.0, 0.8, 0.5]
    made = []
    for t in range(4):
        frame = ramp + rng.normal(0, 0.003, ramp.shape)
        frame[20:30, 2 + 4 * t : 12 + 4 * t] = 1
        made.append(np.clip(frame, 0, 1).astype(np.float32))
    return made


@pytest.fixture
def folder(frames, tmp_path):
    """The frames as files f1, f2, f10, f11: in another order by the alphabet."""
    (tmp_path / "shots").mkdir()
    for number, frame in zip((1, 2, 10, 11), frames, strict=True):
        images.save_image(frame, tmp_path / "shots" / f"f{number}.png")
    (tmp_path / "shots" / "notes.txt").write_text("no picture")
    return tmp_path / "shots"


def paint(frames, style, network, recipe=OWN, **arguments):
    return list(film.stylize_frames(frames, style, recipe, network=network, compiled=False, **arguments))


def test_flicker_counts_what_stands_still():
    """Of 4 pixels one moves in C; of the others' 9 channels three change by 0.3 in G: 0.9/9 = 0.1."""
    C = np.zeros((2, 2, 3, 2))
    C[0, 0, 1, 1] = 0.03  # more than the tolerance
    G = np.zeros((2, 2, 3, 2))
    G[0, 0, :, 1], G[1, 1, :, 1] = 1, 0.3
    assert motion.flicker(np.moveaxis(G, 3, 0), np.moveaxis(C, 3, 0)) == pytest.approx(0.1)
    assert motion.flicker(np.moveaxis(G, 3, 0), np.moveaxis(C, 3, 0), tolerance=0.05) == pytest.approx(3.9 / 12)
    with pytest.raises(ValueError, match="stands still"):
        motion.flicker([np.zeros((2, 2, 3))] * 2, [np.zeros((2, 2, 3)), np.ones((2, 2, 3))])
    with pytest.raises(ValueError, match="same number of contents, received 2 frames and 1 contents"):
        motion.flicker([np.zeros((2, 2, 3))] * 2, [np.zeros((2, 2, 3))])


def test_noise_is_steady_and_motion_is_not(frames):
    watch = motion.Steadiness()
    change, steady = watch.update(frames[0])
    assert not change.any() and not steady.any()
    change, steady = watch.update(frames[1])
    moved = np.zeros((48, 64), bool)
    moved[20:30, 2:6] = moved[20:30, 12:16] = True  # left, and come upon
    assert (steady[moved] == 0).all() and steady[:, 24:].min() == 1
    np.testing.assert_allclose(change, frames[1] - frames[0])


def test_slow_light_adds_up_to_a_change():
    """A hundredth a frame is less than any threshold, yet after 12 frames the reference is not 0.12 behind."""
    watch = motion.Steadiness()
    contents = [np.full((8, 8, 3), 0.01 * t, np.float32) for t in range(13)]
    maps = [watch.update(content)[1].mean() for content in contents]
    assert maps[1] == maps[2] == 1 and maps[-1] < 0.8
    assert np.abs(contents[-1] - watch.reference).max() < 0.04


def test_still_parts_stand_still(frames, style, network):
    """Far from the square less than a 255th changes; without the temporal cost the painting goes on everywhere."""
    noise = dataclasses.replace(OWN, start="noise", steps=16)
    held, loose = (
        [frame.image for frame in paint(frames[:3], style, network, noise, **weight)]
        for weight in ({}, {"temporal_weight": 0})
    )
    assert motion.flicker(held, frames[:3]) < 0.6 * motion.flicker(loose, frames[:3])
    far = np.s_[:, 32:]
    assert motion.flicker([frame[far] for frame in held], [frame[far] for frame in frames[:3]]) < 1 / 255


def test_the_moving_part_is_where_it_is_now(frames, style, network):
    """Each painted frame is nearer to its own content than to the one before, where the two differ."""
    light = dataclasses.replace(OWN, style_weight=0.3, steps=16)
    painted = paint(frames, style, network, light)
    for (before, now), frame in zip(itertools.pairwise(frames), painted[1:], strict=True):
        moved = np.abs(now - before).max(axis=2) > 0.2
        to_now, to_before = (np.abs(frame.image - C)[moved].mean() for C in (now, before))
        assert to_now < 0.5 * to_before


def test_frames_of_a_folder_keep_their_names_and_natural_order(folder, style, network, tmp_path):
    told = []
    out = tmp_path / "painted"
    made = paint(
        folder, style, network, next_steps=3, out=out, progress=lambda p: told.append((p.frame, p.step, p.steps))
    )
    assert [frame.name for frame in made] == ["f1.png", "f2.png", "f10.png", "f11.png"]
    assert sorted(path.name for path in out.iterdir()) == ["f1.png", "f10.png", "f11.png", "f2.png", "film.json"]
    assert told == [(1, n, 5) for n in range(1, 6)] + [(t, n, 3) for t in (2, 3, 4) for n in (1, 2, 3)]
    assert [frame.steps for frame in made] == [5, 3, 3, 3] and not any(frame.done_before for frame in made)
    for frame in made:
        np.testing.assert_array_equal(images.load_image(frame.path), frame.image)


@pytest.mark.slow
def test_an_interrupted_film_goes_on_to_the_same_frames(folder, style, network, tmp_path):
    whole = paint(folder, style, network, out=tmp_path / "whole")

    def interrupt(p):
        if p.frame == 3 and p.step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        paint(folder, style, network, out=tmp_path / "parts", progress=interrupt)
    assert sorted(path.name for path in (tmp_path / "parts").iterdir()) == ["f1.png", "f2.png", "film.json"]
    again = paint(folder, style, network, out=tmp_path / "parts")
    assert [frame.done_before for frame in again] == [True, True, False, False]
    for one, other in zip(whole, again, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
    again = paint(folder, style, network, out=tmp_path / "parts")
    assert all(frame.done_before and frame.seconds == 0 for frame in again)
    anew = film.stylize_frames(
        folder, style, OWN, network=network, out=tmp_path / "parts", resume=False, compiled=False
    )
    assert not next(anew).done_before


def test_ctrl_c_in_the_first_frame_leaves_nothing(folder, style, network, tmp_path):
    def interrupt(p):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        paint(folder, style, network, out=tmp_path / "out", progress=interrupt)
    assert not (tmp_path / "out").exists()


def test_another_film_in_the_folder_is_not_taken_for_this_one(folder, style, network, tmp_path):
    out = tmp_path / "out"
    paint(folder, style, network, out=out, next_steps=1)
    for changed, arguments in [
        ("recipe", {"recipe": dataclasses.replace(OWN, style_weight=3.0), "next_steps": 1}),
        ("next_steps", {"next_steps": 2}),
        ("styles", {"style": style[:16], "next_steps": 1}),
    ]:
        with pytest.raises(ValueError, match=rf"frames of this very film.*\({changed}\)"):
            paint(folder, network=network, out=out, **{"style": style} | arguments)
    (out / film_folder.ABOUT).unlink()
    with pytest.raises(ValueError, match="no readable film.json"):
        paint(folder, style, network, out=out, next_steps=1)


@pytest.mark.slow
def test_a_film_in_memory_may_be_of_unknown_length(frames, style, network):
    told = []
    made = paint(iter(frames[:3]), style, network, next_steps=2, progress=told.append)
    assert [frame.name for frame in made] == ["00001", "00002", "00003"] and made[0].path is None
    assert {p.frames for p in told} == {0} and all(math.isnan(p.seconds_left) for p in told)
    told.clear()
    paint(frames[:3], style, network, next_steps=2, progress=told.append)
    assert {p.frames for p in told} == {3} and told[-1].seconds_left == 0 < told[-2].seconds_left


@pytest.mark.parametrize("changes", [{"optimizer": "gradient-descent"}, {"optimizer": "lbfgs", "color": "luminance"}])
def test_every_kind_of_recipe_makes_a_film(frames, style, network, changes):
    made = paint(frames[:2], style, network, dataclasses.replace(OWN, **changes), next_steps=4)
    assert made[1].steps == 4 and np.isfinite(made[1].image).all()
    if "color" in changes:  # the content's hues: red over blue on the brown ramp, which a random style would lose
        still = made[1].image[:, 24:]
        assert (still[..., 0] > still[..., 2]).mean() > 0.9


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"temporal_weight": -1}, "temporal_weight of at least 0"),
        ({"next_steps": 0}, "next_steps of at least 1"),
        ({"recipe": dataclasses.replace(OWN, start="picture")}, "start other than 'picture'"),
        ({"frames": []}, "at least one frame"),
        ({"frames": iter([])}, "at least one frame"),
        (
            {"frames": [np.zeros((48, 64, 3)), np.zeros((48, 63, 3))]},
            "64 x 48 pixels as the first, received 00002 of 63 x 48",
        ),
    ],
)
def test_bad_films_are_answered(frames, style, network, arguments, said):
    with pytest.raises(ValueError, match=said):
        paint(**{"frames": frames, "style": style, "network": network} | arguments)


def test_bad_folders_are_answered_before_anything_is_painted(folder, style, network, tmp_path):
    def refused(error, said, frames=folder, **arguments):
        with pytest.raises(error, match=said):
            film.stylize_frames(frames, style, OWN, network=network, **arguments)

    refused(FileNotFoundError, "expected a folder of frames", frames=tmp_path / "no")
    refused(ValueError, "besides that of the frames", out=folder)
    refused(ValueError, "received the file", out=folder / "f1.png")
    refused(FileNotFoundError, "expected an existing folder", out=tmp_path / "no" / "out")
    (tmp_path / "empty").mkdir()
    refused(ValueError, "expected pictures in the folder", frames=tmp_path / "empty")
    Image.new("RGB", (60, 48)).save(folder / "f3.png")
    refused(ValueError, "64 x 48 pixels as the first, received f3.png of 60 x 48")
    (folder / "f3.png").write_bytes(b"no picture")
    refused(ValueError, "f3.png")


def test_endings_that_cannot_be_written_become_png(folder, tmp_path):
    Image.new("P", (64, 48)).save(folder / "f3.gif")
    paths = film_folder.Film(folder, tmp_path / "out", True, {}, [])
    assert paths.path("f3.gif") == str(tmp_path / "out" / "f3.png")
    Image.new("RGB", (64, 48)).save(folder / "f3.png")
    with pytest.raises(ValueError, match="different names"):
        film_folder.Film(folder, tmp_path / "out", True, {}, [])


def test_the_command_tells_what_it_painted_and_what_was_there(folder, style, network, tmp_path):
    arguments = {"network": network, "compiled": False, "next_steps": 1}
    out = str(tmp_path / "out")
    report = style_run.paint_frames(str(folder), style, OWN, out, **arguments)
    assert (report["frames"], report["painted"], report["found"]) == (4, 4, 0) and report["seconds"] > 0
    (tmp_path / "out" / "f11.png").unlink()
    report = style_run.paint_frames(str(folder), style, OWN, out, **arguments)
    assert "4 frames, 1 painted" in style_run.frames_summary(report, out)
    assert "3 found from an earlier run" in style_run.frames_summary(report, out)
