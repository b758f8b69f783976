"""Attacks made by code, the network that tells them from living faces, and what a gallery makes of its answer."""

import json

import keras
import numpy as np
import pytest

from keras_apps import faces, images, weights
from keras_apps.faces.liveness.attacks import KINDS, live_views
from keras_apps.faces.liveness.model import liveness_tower

FACE = {"left_eye": (90, 100), "right_eye": (110, 100), "mouth_left": (92, 122), "mouth_right": (108, 122)}


@pytest.fixture(scope="module")
def squares():
    """The squares around the faces of two bundled portraits, 144 pixels a side."""
    return np.stack([faces.around_face(f"bundled:{name}") for name in ("astronaut", "hopper")])


def ramp(height=240, width=220):
    """A picture whose red is the column and whose green is the row."""
    rows, columns = np.indices((height, width))
    return np.stack([columns, rows, 0 * rows], axis=-1).astype(np.uint8)


# The square around a face


def test_the_square_is_4_4_face_lengths_round_the_middle_of_eyes_and_mouth():
    """The eyes are 20 apart and 22 above the mouth: a side of 4.4 x 22 = 97 pixels round (100, 111).

    100 - 48.5 = 51.5 and 111 - 48.5 = 62.5 are rounded to the even numbers 52 and 62.
    """
    square = faces.around_face(ramp(), FACE, size=97)
    assert square[0, 0].tolist() == [52, 62, 0] and square[-1, -1].tolist() == [52 + 96, 62 + 96, 0]


def test_beyond_the_picture_its_edge_is_repeated():
    """The square begins at (52, 62); with 40 columns and 50 rows cut off before, 12 and 12 are left: none is missing.

    With 60 columns cut off, the first 8 columns show the picture's first, whose red is 60.
    """
    moved = {name: (x - 60, y - 50) for name, (x, y) in FACE.items()}
    square = faces.around_face(ramp()[50:, 60:], moved, size=97)
    assert square[0, :8, 0].tolist() == [60] * 8 and square[0, 8, 0] == 60 and square[0, 9, 0] == 61


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_face_that_lies_on_its_side_is_set_upright(turns):
    """Turning a picture of width w by a quarter, anticlockwise, takes (x, y) to (y, w - x)."""
    picture, landmarks = ramp(), FACE
    for _ in range(turns):
        landmarks = {name: (y, picture.shape[1] - x) for name, (x, y) in landmarks.items()}
        picture = np.rot90(picture)
    difference = faces.around_face(picture, landmarks, 97).astype(int) - faces.around_face(ramp(), FACE, 97)
    assert np.abs(difference).max() <= 1  # pixels have a middle, and a picture's middle may lie between two


def test_what_is_no_face_is_refused():
    with pytest.raises(ValueError, match="missing: mouth_left"):
        faces.around_face(ramp(), {name: FACE[name] for name in ("left_eye", "right_eye", "mouth_right")})
    with pytest.raises(ValueError, match="received all at"):
        faces.around_face(ramp(), dict.fromkeys(FACE, (5, 5)))
    with pytest.raises(ValueError, match="size of at least 16, received 8"):
        faces.around_face(ramp(), FACE, size=8)
    with pytest.raises(faces.NoFaceError):
        faces.around_face("bundled:rocket")


# Attacks


@pytest.mark.parametrize("kind", KINDS)
def test_an_attack_shows_the_same_face_at_about_the_same_place(kind, squares):
    """Over ten seeds: the middle of the attack is more like the person's own picture than like the other's."""
    own, other = [], []
    for seed in range(10):
        attacks = faces.presentation_attacks(squares, kind, seed)
        assert attacks.shape == squares.shape and attacks.dtype == np.uint8
        middles = [x[40:104, 40:104].mean(axis=2).ravel() for x in (*attacks, *squares)]
        likeness = np.corrcoef(middles)[:2, 2:]
        own += np.diag(likeness).tolist()
        other += np.diag(likeness[::-1]).tolist()
    assert np.median(own) > 0.3 and np.median(own) > np.median(other) + 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_the_seed_decides_and_a_picture_does_not_depend_on_how_many_there_are(kind, squares):
    """The background is made from the next picture, so the third one must be there in both."""
    three = np.concatenate([squares, squares[:1]])
    first = faces.presentation_attacks(three, kind, 3)
    assert np.array_equal(first, faces.presentation_attacks(three, kind, 3))
    assert np.array_equal(first[:2], faces.presentation_attacks(np.concatenate([three, three]), kind, 3)[:2])
    assert not np.array_equal(first, faces.presentation_attacks(three, kind, 4))
    assert faces.presentation_attacks(squares, kind, 3, size=96).shape == (2, 96, 96, 3)


def test_screens_wave_and_prints_have_less_contrast():
    """Of an even grey a camera makes an even grey; a screen adds its grid and a print its dots.

    Of black and white halves a print keeps less contrast: ink is not black, and paper is not white.
    """
    grey = np.full((12, 144, 144, 3), 128, np.uint8)

    def roughness(pictures):
        return np.median([np.abs(np.diff(p[40:104, 40:104].astype(float), axis=1)).mean() for p in pictures])

    plain = roughness(live_views(grey))
    assert roughness(faces.presentation_attacks(grey, "screen")) > 2 * plain
    assert roughness(faces.presentation_attacks(grey, "print")) > 2 * plain
    halves = np.zeros((12, 144, 144, 3), np.uint8)
    halves[:, 72:] = 255

    def contrast(pictures):
        return np.median(pictures[:, 90:110, 60:84].mean((1, 2, 3)) - pictures[:, 34:54, 60:84].mean((1, 2, 3)))

    assert contrast(faces.presentation_attacks(halves, "print")) < 0.9 * contrast(live_views(halves))


def test_pictures_that_are_no_squares_are_refused(squares):
    with pytest.raises(ValueError, match="kind of attack among print, screen, phone, cutout, received 'prints'"):
        faces.presentation_attacks(squares, "prints")
    with pytest.raises(ValueError, match="expected squares .* received shape"):
        faces.presentation_attacks(squares[0], "print")
    with pytest.raises(ValueError, match="at least 32 pixels a side, received 20"):
        faces.presentation_attacks(squares[:, :20, :20], "print")
    with pytest.raises(TypeError, match="uint8 in 0..255, received float64"):
        faces.presentation_attacks(squares / 255, "print")
    with pytest.raises(ValueError, match="seed of at least 0, received -1"):
        faces.presentation_attacks(squares, "print", -1)


# The network


def small_model(**options):
    return faces.LivenessModel(liveness_tower(32), **options)


@pytest.mark.slow
def test_the_network_is_small_and_learns_a_step_at_a_time():
    """Bright crops live, dark ones do not: 30 steps tell them."""
    assert faces.LivenessModel().count_params() < 250_000
    keras.utils.set_random_seed(0)
    model, rng = small_model(), np.random.default_rng(0)
    live = np.arange(16) % 2
    crops = rng.uniform(0, 80, (16, 32, 32, 3)) + 150 * live[:, None, None, None]
    model.compile(keras.optimizers.Adam(1e-2), metrics=[keras.metrics.AUC(name="auc")], jit_compile=False)
    history = model.fit(crops, live, batch_size=16, epochs=30, verbose=0).history
    assert set(history) == {"loss", "accuracy", "auc"}
    assert history["loss"][-1] < 0.2 * history["loss"][0] and history["accuracy"][-1] == 1
    assert model.test_on_batch(crops, live, return_dict=True)["auc"] > 0.9


def test_a_frozen_tower_stays_and_wrong_labels_are_refused():
    model = small_model(train_tower=False)
    before = model.tower.get_weights()
    model.compile("sgd", jit_compile=False)
    model.fit(np.ones((4, 32, 32, 3)), [0, 1, 0, 1], verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.tower.get_weights(), strict=True))
    with pytest.raises(ValueError, match="expected 0 or 1 as labels, received 2"):
        model.fit(np.ones((2, 32, 32, 3)), [0, 2], verbose=0)
    with pytest.raises(ValueError, match="own loss"):
        model.compile("sgd", loss="mse")
    with pytest.raises(ValueError, match="tau_probability from 0 to 1, received 2"):
        small_model(tau_probability=2)


def test_it_is_saved_and_loaded_with_its_threshold(tmp_path, squares):
    model = small_model(tau_probability=0.7)
    model.save(tmp_path / "live.keras")
    loaded = keras.saving.load_model(tmp_path / "live.keras")
    assert loaded.tau_probability == 0.7 and loaded.get_config().keys() == model.get_config().keys()
    assert loaded.score(squares, cut=True) == pytest.approx(model.score(squares, cut=True), abs=1e-6)


def test_five_crops_are_averaged_before_the_sigmoid():
    """A tower that gives a crop's mean red, z = mean / 100 - 1: corners of a square that is 200 in one corner only.

    The square has 36 pixels a side and the crops 32, as 144 and 128. Red is 200 in the left upper 4 x 4 pixels. One
    crop sees all of them, a mean of 200 x 16 / 1024 = 3.125; the middle one, from (2, 2) on, 2 x 2 of them, 0.78125;
    the others none. z = (3.125 + 0.78125) / 5 / 100 - 1 = -0.9921875, and P = 0.27048.
    """
    inputs = keras.Input((32, 32, 3))
    tower = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(inputs))
    model = faces.LivenessModel(tower, tau_probability=0.27)
    model.head.set_weights([np.array([[0.01], [0.0], [0.0]]), np.array([-1.0])])
    square = np.zeros((1, 36, 36, 3), np.uint8)
    square[:, :4, :4, 0] = 200
    assert model.score(square, cut=True) == pytest.approx([0.27048], abs=1e-4)
    assert model.is_live(square, cut=True).tolist() == [True]
    assert model.score([]).shape == (0,)
    with pytest.raises(TypeError, match="put it in a list"):
        model.score("bundled:hopper")


def test_the_bundled_network_is_what_the_manifest_says(squares):
    entry = weights.entry("liveness128")
    model = faces.load_liveness()
    assert entry["bytes"] < 1e6 and model.count_params() == entry["parameters"] < 250_000
    assert model.tau_probability == entry["tau_probability"] and 0 < model.tau_probability < 1
    with pytest.raises(ValueError, match="bundled liveness network among liveness128, received 'resnet128'"):
        faces.load_liveness("resnet128")


def test_the_bundled_network_tells_attacks_on_the_bundled_portraits(squares):
    """The figures are those of benchmarks/liveness.py; here 16 attacks of each kind on two people."""
    model = faces.load_liveness()
    refused = {
        kind: np.mean([~model.is_live(faces.presentation_attacks(squares, kind, seed), cut=True) for seed in range(8)])
        for kind in KINDS
    }
    assert all(share >= 0.6 for share in refused.values()) and np.mean(list(refused.values())) > 0.8, refused


# Measures


def test_apcer_and_bpcer_by_hand():
    """Living scores 0.2, 0.6, 0.8, 0.9: at tau 0.6 one of four is refused. Of the prints 0.7 passes, 0.1 does not.

    At BPCER 25 % tau is the second lowest, 0.6; at 0 % the lowest, 0.2, where 0.3 passes too.
    """
    scores, live = [0.2, 0.6, 0.8, 0.9, 0.7, 0.1, 0.3], [1, 1, 1, 1, 0, 0, 0]
    kinds = ["", "", "", "", "print", "print", "phone"]
    report = faces.evaluate_liveness(scores, live, kinds, bpcer=(0.25, 0.0), tau=0.85)
    given, quarter, none = report.points
    assert (given.wanted, given.tau, given.bpcer, given.apcer) == (None, 0.85, 0.75, 0.0)
    assert (quarter.tau, quarter.bpcer, quarter.apcer) == (0.6, 0.25, 0.5)
    assert [(k.kind, k.attacks, k.apcer) for k in quarter.kinds] == [("phone", 1, 0.0), ("print", 2, 0.5)]
    assert (none.tau, none.bpcer, none.apcer) == (0.2, 0.0, 1.0)
    low, high = quarter.kinds[1].interval
    assert low < 0.5 < high
    told = json.loads(json.dumps(report.as_dict()))
    assert told["points"][1]["apcer"] == 0.5 and told["points"][1]["kinds"][0]["kind"] == "phone"
    assert "APCER phone" in str(report) and "chosen for BPCER 25 %" in str(report)


def test_scores_that_tie_are_judged_alike():
    """All four score 0.5: whatever BPCER is wanted, all are accepted and so is the attack."""
    point = faces.evaluate_liveness([0.5] * 5, [1, 1, 1, 1, 0], bpcer=0.5).points[0]
    assert (point.bpcer, point.apcer, point.kinds[0].kind) == (0.0, 1.0, "attack")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.1, 0.2], [1]), "received shapes"),
        (([0.1, np.nan], [1, 0]), "finite scores"),
        (([0.1, 0.2], [1, 1]), "living faces and attacks, received 2 and 0"),
        (([0.1, 0.2], [1, 3]), "expected 0 or 1"),
        (([0.1, 0.2], [1, 0], ["a"]), "a kind for each of 2 scores"),
        (([0.1, 0.2], [1, 0], None, 1.0), "BPCER of at least 0 and below 1, received 1.0"),
        (([0.1, 0.2], [1, 0], None, 0.1, None, 1.0), "confidence between 0 and 1"),
    ],
)
def test_bad_scores_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        faces.evaluate_liveness(*arguments)


# A gallery that asks


@pytest.fixture
def gallery(tmp_path):
    """A gallery of one portrait, by a tower of mean colours."""
    chips = keras.Input((32, 32, 3))
    tower = keras.Model(chips, keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(chips)))
    threshold = faces.Threshold(1e-3, "squared_euclidean", faces.fingerprint(tower), 50.0, 0.06, 0.1)
    with faces.Gallery(tmp_path / "live.db", tower, threshold) as opened:
        opened.enrol("grace", ["bundled:hopper"])
        yield opened


def test_verify_accepts_only_who_is_alive_too(gallery):
    seen = []

    def check(square):
        seen.append(square)
        return 0.3

    assert gallery.verify("bundled:hopper", "grace").live is None
    refused = gallery.verify("bundled:hopper", "grace", liveness=check)
    assert not refused.accepted and refused.live == 0.3 and refused.distance <= refused.tau
    assert seen[0].shape == (144, 144, 3) and np.array_equal(seen[0], faces.around_face("bundled:hopper"))
    accepted = gallery.verify("bundled:hopper", "grace", liveness=lambda square: 0.5)
    assert accepted.accepted and accepted.live == 0.5
    stranger = gallery.verify("bundled:obama", "grace", liveness=lambda square: 1.0)
    assert not stranger.accepted and stranger.live == 1.0


def test_verify_takes_a_model_and_its_threshold(gallery):
    model = small_model(tau_probability=0.0)
    answer = gallery.verify("bundled:hopper", "grace", liveness=model)
    assert answer.accepted and answer.live == pytest.approx(float(model.score(["bundled:hopper"])[0]), abs=1e-6)
    model.tau_probability = 1.0
    assert not gallery.verify("bundled:hopper", "grace", liveness=model).accepted
    assert gallery.verify("bundled:hopper", "grace", liveness=True).live == pytest.approx(
        float(faces.load_liveness().score(["bundled:hopper"])[0]), abs=1e-6
    )


def test_verify_refuses_checks_that_cannot_work(gallery):
    with pytest.raises(ValueError, match="whole picture for the liveness check"):
        gallery.verify(np.zeros((32, 32, 3), np.uint8), "grace", aligned=True, liveness=True)
    with pytest.raises(TypeError, match="LivenessModel or a function as liveness, received str"):
        gallery.verify("bundled:hopper", "grace", liveness="yes")
    with pytest.raises(ValueError, match=r"P\(live\) in \[0, 1\] from the liveness check, received 7.0"):
        gallery.verify("bundled:hopper", "grace", liveness=lambda square: 7)


@pytest.mark.slow
def test_the_command_asks_with_live(run, monkeypatch, tmp_path):
    from keras_apps.faces.liveness import deciding

    assert run("faces", "enrol", "team.db", "grace", "bundled:hopper")[0] == 0
    monkeypatch.setattr(deciding, "_bundled", lambda: lambda square: 0.25)
    code, out, _ = run("faces", "verify", "team.db", "bundled:hopper", "grace", "--live")
    assert (
        code == 1 and out.startswith("grace: not accepted, ") and out.endswith("P(live) = 0.250: not a living face\n")
    )
    code, out, _ = run("faces", "verify", "team.db", "bundled:hopper", "grace", "--live", "--json")
    assert code == 1 and json.loads(out)["live"] == 0.25
    code, out, _ = run("faces", "verify", "team.db", "bundled:hopper", "grace")
    assert code == 0 and "live" not in out


def test_a_resized_picture_has_the_same_square():
    """The square is measured in face lengths: a picture of half the size gives about the same one."""
    picture = images.load_image("bundled:hopper")
    landmarks = faces.find_faces(picture)[0].landmarks
    half = images.resize(picture, (picture.shape[0] // 2, picture.shape[1] // 2))
    smaller = {name: (x / 2, y / 2) for name, (x, y) in landmarks.items()}
    large, small = (faces.around_face(p, at, 64).astype(float) for p, at in ((picture, landmarks), (half, smaller)))
    assert np.abs(large - small).mean() < 8
