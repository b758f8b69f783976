"""The quality of pictures of faces: each measure by hand and step by step, and what the gallery does with poor ones."""

import json

import numpy as np
import pytest
from PIL import Image, ImageFilter

from keras_apps import faces, images
from keras_apps.faces import quality
from keras_apps.faces.alignment import SFACE

EYES = 35.24  # pixels between the eyes in SFACE's chips: 74.03 - 38.79, both at the same height within 0.2


@pytest.fixture(scope="module")
def astronaut():
    return images.to_uint8(images.load_image("bundled:astronaut"))


@pytest.fixture(scope="module")
def chip(astronaut):
    return faces.find_faces(astronaut)[0].image


@pytest.fixture(scope="module")
def blurred(astronaut):
    """Too blurred to be judged, though still within tau of the clear picture."""
    return blur(astronaut, 3)


@pytest.fixture
def team(tmp_path):
    gallery = faces.Gallery(tmp_path / "team.db")
    assert gallery.enrol("eileen", "bundled:astronaut") == 1
    return gallery


def blur(picture, sigma):
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(sigma)))


def falls(values):
    return all(before > after for before, after in zip(values, values[1:], strict=False))


@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("high", [0.2, 0.9])
def test_sharpness_of_an_edge_is_the_eyes_distance_over_its_blur(sigma, high):
    """An edge in the middle, blurred by sigma pixels, of any height: 35.24 / sigma widths fit between the eyes."""
    x = np.arange(112) - 55.5
    edge = high / (1 + np.exp(-1.702 * x / sigma))  # within 0.01 of the normal distribution's integral
    measured = quality.chip_quality(np.broadcast_to(edge[None, :, None], (112, 112, 3)), SFACE)
    assert measured.sharpness == pytest.approx(EYES / sigma, rel=0.08)


def test_sharpness_falls_with_each_step_of_blur(astronaut):
    """At 40.6 pixels between the eyes a blur of 3 and 6 leaves 13.5 and 6.8 widths, and more where edges lie close."""
    measured = [faces.face_quality(blur(astronaut, sigma)).sharpness for sigma in (0, 1, 2, 3, 6)]
    assert falls(measured)
    assert 13.5 < measured[3] < 1.5 * 13.5 and 6.8 < measured[4] < 2 * 6.8
    assert measured[2] > quality.LEAST_SHARPNESS > measured[3]


def test_size_and_sharpness_fall_with_each_step_of_shrinking(astronaut):
    """At half the width half the pixels between the eyes; and an enlarged small face is as blurred as it looks."""
    shrunk = [images.resize(astronaut / np.float32(255), side) for side in (512, 256, 128, 96)]
    measured = [faces.face_quality(picture) for picture in shrunk]
    assert falls([one.size for one in measured]) and falls([one.sharpness for one in measured])
    assert measured[0].size == pytest.approx(40.6, rel=0.05)
    assert measured[2].size == pytest.approx(measured[0].size / 4, rel=0.3)
    assert not measured[2].problems
    assert measured[3].problems[0].startswith("too small: ") and "at least 8" in measured[3].problems[0]


def test_light(chip):
    """Half the light: half the brightness, the same contrast and sharpness. Half grey: the contrast halves too."""
    light = chip / np.float32(255)
    clear = quality.chip_quality(light, SFACE)
    dark = [quality.chip_quality(light * share, SFACE) for share in (1, 0.5, 0.2, 0.1, 0.03)]
    assert [one.brightness / clear.brightness for one in dark] == pytest.approx([1, 0.5, 0.2, 0.1, 0.03], rel=1e-4)
    assert [one.contrast for one in dark] == pytest.approx([clear.contrast] * 5, rel=1e-3)
    assert [one.sharpness for one in dark] == pytest.approx([clear.sharpness] * 5, rel=1e-3)
    assert not dark[2].problems and dark[4].problems[0].startswith("too dark: brightness 0.02")
    grey = [quality.chip_quality(share * light + (1 - share) * clear.brightness, SFACE) for share in (1, 0.5, 0.1)]
    assert [one.contrast / clear.contrast for one in grey] == pytest.approx([1, 0.5, 0.1], rel=1e-3)
    assert grey[2].problems == (f"too little contrast: {clear.contrast / 10:.3f}, at least 0.06",)
    bright = [quality.chip_quality(np.minimum(light * share, 1), SFACE) for share in (1, 1.3, 2, 4)]
    assert falls([-one.white for one in bright]) and bright[3].problems[0].startswith("overexposed: ")
    assert quality.chip_quality(chip, SFACE).sharpness == pytest.approx(clear.sharpness, rel=1e-4)  # uint8 likewise


def test_a_blank_chip_is_poor():
    for value in (0, 128, 255):
        assert quality.chip_quality(np.full((112, 112, 3), value, np.uint8), SFACE).problems


@pytest.mark.parametrize("width, share", [(112, 1), (200, 1), (56, 33 / 67), (10, 0)])
def test_share_inside_the_picture(width, share):
    """The face's columns are 23 to 89: 0.45 x 35.24 beside the eyes. A picture 56 pixels wide has 33 of the 67."""
    chip = np.full((112, 112, 3), 90, np.uint8)
    assert quality.crop_quality(chip, SFACE, SFACE.landmarks, width, 112).inside == pytest.approx(share)


def test_a_face_at_the_edge_is_cut_off():
    """The box is 183 to 353 of 512 pixels: cut through it, step by step."""
    hopper = images.load_image("bundled:hopper")
    measured = [faces.face_quality(hopper[:, :right]) for right in (512, 300, 281, 270)]
    assert falls([one.inside for one in measured]) and measured[0].inside == 1
    assert not measured[2].problems and measured[3].problems[0].startswith("cut off: 6")
    assert measured[2].sharpness > 0.7 * measured[0].sharpness  # the edge of the picture is none of the face


@pytest.mark.parametrize("yaw, pitch, roll", [(0, 0, 0), (30, 0, 0), (-50, 10, 20), (0, -25, 0), (20, 15, -90)])
def test_pose_of_a_turned_head(yaw, pitch, roll):
    """The average head itself, turned: first up or down, then aside, then in the picture's plane."""
    a, b, c = np.radians([yaw, pitch, roll])
    head = quality._HEAD @ np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]]).T
    head = head @ np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]]).T
    head = head @ np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]]).T
    names = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
    landmarks = {name: (50 + 40 * x, 60 + 40 * y) for name, (x, y, _) in zip(names, head, strict=True)}
    assert quality.head_pose(landmarks) == pytest.approx((yaw, pitch, roll), abs=1e-6)


def test_the_nose_says_where_a_face_looks():
    """Nose 0.25 eye distances to the viewer's right: sin(yaw) = 0.25 / 0.5, 30 degrees, less what the eyes say."""
    ahead = {"left_eye": (0, 0), "right_eye": (100, 0), "nose": (50, 57), "mouth_left": (9, 100)}
    ahead |= {"mouth_right": (91, 100)}
    yaws = [quality.head_pose(ahead | {"nose": (50 + right, 57)})[0] for right in (-40, -20, 0, 20, 40)]
    assert falls(yaws[::-1]) and yaws[2] == pytest.approx(0, abs=0.1) and 20 < yaws[4] < 60
    pitches = [quality.head_pose(ahead | {"nose": (50, 57 - up)})[1] for up in (-20, 0, 20)]
    assert falls(pitches[::-1])
    wide = faces.Quality(50, 0.5, 0.3, 0, 60, yaw=-75, pitch=50, roll=170, inside=1)
    assert wide.problems == (
        "turned aside: yaw -75 degrees, at most 60",
        "looks up or down: pitch 50 degrees, at most 45",
    )


def test_roll_is_that_of_the_picture_and_no_problem(astronaut):
    turned = faces.face_quality(np.rot90(astronaut).copy())
    assert turned.roll == pytest.approx(-90, abs=10) and not turned.problems


def test_the_bundled_photographs_are_good():
    for name in ("obama", "obama2", "obama3", "biden", "hopper", "astronaut"):
        assert faces.face_quality(f"bundled:{name}").problems == (), name
    with pytest.raises(faces.NoFaceError):
        faces.face_quality("bundled:coffee")


def test_poor_pictures_are_not_enrolled_unless_told(team, blurred):
    with pytest.raises(faces.PoorFaceError, match=r"picture of 'lea', received picture 2, .*blurred: sharpness .*any"):
        team.enrol("lea", ["bundled:hopper", blurred])
    with pytest.raises(faces.PoorFaceError, match="blurred"):
        team.update("eileen", blurred)
    assert team.names() == ["eileen"]
    assert team.enrol("eileen", blurred, quality="any") == 1
    with pytest.raises(ValueError, match="expected a quality among good, any, received 'best'"):
        team.enrol("lea", "bundled:hopper", quality="best")


def test_poor_pictures_are_left_out_with_those_without_a_face(team, blurred):
    with pytest.warns() as told:
        assert team.enrol("lea", [blurred, "bundled:coffee", "bundled:hopper"], missing="skip") == 1
    poor, missing = (
        next(one.message for one in told if isinstance(one.message, kind))
        for kind in (faces.PoorFaceWarning, faces.NoFaceWarning)
    )
    assert poor.indices == (0,) and poor.problems[0][0].startswith("blurred") and missing.indices == (1,)
    with pytest.raises(faces.PoorFaceError, match="at least one good picture of 'noor'"):
        team.enrol("noor", [blurred], missing="skip")


def test_poor_probes_are_neither_named_nor_accepted(team, blurred):
    (answer,) = team.identify(blurred)
    assert answer.name is None and answer.poor[0].startswith("blurred") and answer.candidates[0].name == "eileen"
    claim = team.verify(blurred, "eileen")
    assert not claim.accepted and claim.poor == answer.poor
    (named,), accepted = team.identify(blurred, quality="any"), team.verify(blurred, "eileen", quality="any")
    assert named.poor == accepted.poor == () and named.name == "eileen" and accepted.accepted
    assert claim.distance == accepted.distance
    for ask in (lambda: team.identify(blurred, quality="poor"), lambda: team.verify(blurred, "eileen", quality="x")):
        with pytest.raises(ValueError, match="expected a quality among good, any"):
            ask()
    assert faces.draw(blurred, [answer]).shape == blurred.shape


def test_of_chips_sharpness_and_light_are_judged(team, chip):
    poor = blur(chip, 4)
    assert team.identify(poor, aligned=True)[0].poor and not team.identify(chip, aligned=True)[0].poor
    with pytest.raises(faces.PoorFaceError, match="picture 1, .*blurred"):
        team.enrol("lea", poor, aligned=True, accept="look-alike")
    assert not team.verify(poor, "eileen", aligned=True).accepted


def test_small_towers_chips_are_not_judged(tmp_path):
    tower = faces.build_tower("small", size=32)
    threshold = faces.Threshold(1.0, "squared_euclidean", faces.fingerprint(tower), 5.0, 1.0, 0.1)
    gallery = faces.Gallery(tmp_path / "small.db", tower, threshold)
    assert gallery.enrol("grey", np.full((32, 32, 3), 90, np.uint8), aligned=True) == 1


@pytest.fixture(scope="module")
def with_a_small_face_behind(astronaut):
    large, small = images.load_image("bundled:hopper"), images.resize(astronaut / np.float32(255), 240)
    return np.concatenate([large, np.pad(small, ((0, large.shape[0] - small.shape[0]), (0, 0), (0, 0)))], axis=1)


def test_a_face_that_dominates_is_enrolled(team, with_a_small_face_behind, two_faces):
    """Hopper's box is 170 x 212 pixels, the other 43 x 53: 16 times the area. In `two_faces` it is 2.5 times."""
    assert len(faces.find_faces(with_a_small_face_behind)) == 2
    with pytest.warns(faces.SeveralFacesWarning, match="ignored 1 smaller face in 1 of 1 pictures: picture 1") as told:
        assert team.enrol("grace", with_a_small_face_behind) == 1
    assert told[0].message.indices == (0,)
    assert team.verify("bundled:hopper", "grace").distance < 0.2
    with pytest.raises(faces.SeveralFacesError, match="expected one face, or one of 3 times the next one's area"):
        team.enrol("grace", two_faces)


@pytest.mark.slow
def test_on_the_command_line(run, fails, tmp_path, astronaut, blurred, with_a_small_face_behind):
    images.save_image(blurred / np.float32(255), "poor.png")
    images.save_image(with_a_small_face_behind, "two.png")
    code, _, err = run("faces", "enrol", "team.db", "grace", "two.png")
    assert code == 0 and "took the largest face and ignored 1 smaller face" in err
    code, out, err = run("faces", "enrol", "team.db", "eileen", "bundled:astronaut", "poor.png", "--missing", "skip")
    assert code == 0 and "1 added" in out and "left out: poor.png (blurred: sharpness" in err
    code, out, _ = run("faces", "verify", "team.db", "poor.png", "eileen")
    assert code == 1 and out.startswith("eileen: not accepted, too poor to tell (blurred: sharpness")
    code, out, _ = run("faces", "identify", "team.db", "poor.png", "--csv", "table.csv", "--json")
    face = json.loads(out)[0]["faces"][0]
    assert face["name"] is None and face["poor"][0].startswith("blurred")
    assert ',"blurred: sharpness' in (tmp_path / "table.csv").read_text()
    code, out, _ = run("faces", "identify", "team.db", "poor.png", "--quality", "any")
    assert code == 0 and "eileen, distance" in out
    assert "expected a quality among good, any" in fails("faces", "identify", "team.db", "poor.png", "--quality", "x")
