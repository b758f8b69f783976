"""Finding, aligning and encoding: geometry by hand, the tower against dlib, real people told apart."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_apps import faces, images
from keras_apps.faces import alignment, detection
from keras_apps.faces.towers.resnet import ShortcutAdd

REFERENCE = Path(__file__).parent / "data" / "dlib_reference.npz"


def test_similarity_by_hand():
    """A quarter turn, twice the size, shifted by (5, 7): (x, y) goes to (5 - 2y, 7 + 2x)."""
    points = np.array([[0, 0], [1, 0], [0, 1], [3, 2]])
    moved = np.stack([5 - 2 * points[:, 1], 7 + 2 * points[:, 0]], axis=1)
    np.testing.assert_allclose(alignment.similarity(points, moved), [[0, -2, 5], [2, 0, 7]], atol=1e-12)


def test_similarity_is_the_least_squares_answer(rng):
    """No nearby similarity transform leaves a smaller error."""
    source, target = rng.normal(size=(2, 6, 2))
    best = alignment.similarity(source, target)

    def error(matrix):
        return np.sum((source @ matrix[:, :2].T + matrix[:, 2] - target) ** 2)

    for _ in range(50):
        da, db, dx, dy = rng.normal(size=4) * 0.01
        assert error(best + np.array([[da, -db, dx], [db, da, dy]])) >= error(best)


def test_similarity_refuses_one_point():
    with pytest.raises(ValueError, match="different points"):
        alignment.similarity(np.ones((3, 2)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="one shape"):
        alignment.similarity(np.ones((3, 2)), np.ones((2, 2)))


@pytest.mark.parametrize(("scale", "angle"), [(1.0, 0.0), (2.5, 0.3), (0.6, -0.5), (6.0, 3.0)])
def test_aligned_landmarks_stand_where_the_tower_expects_them(scale, angle):
    """Dots painted at the template's points, turned and scaled, come back to those points."""
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    landmarks = {name: tuple(turn @ (np.array(p) - 75) + 500) for name, p in alignment.STANDARD.landmarks.items()}
    ys, xs = np.mgrid[0:1000, 0:1000] + 0.5
    picture = np.zeros((1000, 1000, 3), np.uint8)
    for x, y in landmarks.values():
        picture[np.hypot(xs - x, ys - y) < 4 * scale] = 255
    chip = alignment.align(picture, landmarks).astype(float)[..., 0]
    ys, xs = np.mgrid[0:150, 0:150] + 0.5
    for x, y in alignment.STANDARD.landmarks.values():
        near = np.hypot(xs - x, ys - y) < 8
        found = [np.sum(v[near] * chip[near]) / chip[near].sum() for v in (xs, ys)]
        np.testing.assert_allclose(found, (x, y), atol=0.35)


def test_align_reports_missing_landmarks():
    with pytest.raises(ValueError, match="missing: .*mouth_left"):
        alignment.align(np.zeros((50, 50, 3), np.uint8), {"left_eye": (1, 1), "right_eye": (9, 1)})


def test_found_faces_are_sorted_and_whole(two_faces):
    found = faces.find_faces(two_faces)
    assert len(found) == 2
    areas = [(f.box[2] - f.box[0]) * (f.box[3] - f.box[1]) for f in found]
    assert areas[0] > areas[1] and found[0].box[0] > 400, "the larger face stands on the right"
    for face in found:
        assert face.image.shape == (112, 112, 3) and face.image.dtype == np.uint8
        assert 0.8 <= face.confidence <= 1 and face.turned == 0
        left, top, right, bottom = face.box
        assert all(left <= x <= right and top <= y <= bottom for x, y in face.landmarks.values())
        assert face.landmarks["left_eye"][0] < face.landmarks["right_eye"][0]
        assert face.landmarks["left_eye"][1] < face.landmarks["nose"][1] < face.landmarks["mouth_left"][1]


@pytest.mark.parametrize("picture", ["bundled:coffee", np.zeros((1, 1, 3), np.uint8), np.zeros((64, 64, 3), np.uint8)])
def test_no_face(picture, tower):
    assert faces.find_faces(picture) == []
    with pytest.raises(faces.NoFaceError, match="no face was found"):
        faces.encode(tower, [picture])


def test_several_pictures_at_once_give_what_each_gives_alone(two_faces):
    """Also with a picture of the same size without a face between them, and one of another size."""
    blank = np.zeros_like(two_faces)
    together = detection.find_faces_in([two_faces, blank, "bundled:astronaut", two_faces[:, ::-1]])
    alone = [faces.find_faces(p) for p in (two_faces, blank, "bundled:astronaut", two_faces[:, ::-1])]
    assert [len(f) for f in together] == [2, 0, 1, 2]
    for first, second in zip(together, alone, strict=True):
        for a, b in zip(first, second, strict=True):
            np.testing.assert_allclose(a.box, b.box, atol=0.01)
            assert np.abs(a.image.astype(int) - b.image).max() <= 2


def test_a_large_picture_is_cut_from_its_own_pixels(chips, tower):
    """A chip of a picture larger than the detector's view is the same face, and sharp."""
    large = images.resize(images.load_image("bundled:astronaut"), 2000)
    (face,) = faces.find_faces(large)
    assert face.box[0] > 600
    first, second = faces.encode(tower, [face.image, chips["astronaut"]], aligned=True)
    assert faces.squared_euclidean(first, second) < 0.3 < faces.Threshold.bundled().tau
    detail = [np.std(np.diff(chip.astype(float), axis=1)) for chip in (face.image, chips["astronaut"])]
    assert detail[0] > 0.9 * detail[1]


def test_one_face_of_several(two_faces):
    with pytest.raises(faces.SeveralFacesError, match="with 2 .*choose one with"):
        detection.one_face(two_faces)
    first, second = faces.find_faces(two_faces)
    np.testing.assert_array_equal(detection.one_face(two_faces, "largest").image, first.image)
    np.testing.assert_array_equal(detection.one_face(two_faces, 2).image, second.image)
    for wrong in (0, 3, "smallest"):
        with pytest.raises(ValueError, match="from 1 to 2"):
            detection.one_face(two_faces, wrong)


def test_encodings_equal_dlibs():
    """Reference vectors made with dlib 20.0.1 itself on these chips (benchmarks/make_dlib_reference.py).

    The bundled file is float16, which moves an encoding by at most 2e-3.
    """
    with np.load(REFERENCE) as reference:
        found = faces.encode(faces.load_tower("resnet128"), list(reference["chips"]), aligned=True)
        assert np.abs(found - reference["encodings"]).max() < 2e-3
        assert len(found) >= 6


def test_same_person_is_nearer_than_another(tower, chips):
    encodings = dict(zip(chips, faces.encode(tower, list(chips.values()), aligned=True), strict=True))
    obama = ("obama", "obama2", "obama3")
    genuine = [faces.squared_euclidean(encodings[a], encodings[b]) for a in obama for b in obama if a < b]
    others = ("biden", "astronaut", "hopper")
    impostor = [faces.squared_euclidean(encodings[a], encodings[b]) for a in (*obama, *others) for b in others if a < b]
    assert max(genuine) < faces.Threshold.bundled().tau < min(impostor)


def test_encode_finds_what_was_aligned(tower, chips):
    found = faces.encode(tower, ["bundled:obama", "bundled:biden"])
    aligned = faces.encode(tower, [chips["obama"], chips["biden"]], aligned=True)
    assert found.shape == (2, 128) and found.dtype == np.float32
    np.testing.assert_allclose(found, aligned, atol=1e-2)


def test_encode_in_batches_equals_one_by_one(tower, chips):
    many = [list(chips.values())[i % 6] for i in range(40)]
    together = faces.encode(tower, many, aligned=True)
    assert together.shape == (40, 128)
    np.testing.assert_allclose(together[33], faces.encode(tower, [many[33]], aligned=True)[0], atol=1e-5)
    assert faces.encode(tower, []).shape == (0, 128)


def test_one_picture_without_a_face_need_not_lose_the_rest(tower):
    """Rows 0, 3 and 4 are NaN, the others are as without them."""
    (face,) = faces.encode(tower, ["bundled:obama"])
    blank, told = np.zeros((64, 64, 3), np.uint8), []
    pictures = [blank, *["bundled:obama"] * 2, *[blank] * 2]
    with pytest.warns(
        faces.NoFaceWarning, match="in 3 of 5 pictures, their encodings are NaN: picture 1, pict"
    ) as caught:
        found = faces.encode(tower, pictures, missing="nan", progress=lambda: told.append(1))
    assert found.shape == (5, 128) and found.dtype == np.float32 and len(told) == 5
    assert np.isnan(found).all(axis=1).tolist() == [True, False, False, True, True] == np.isnan(found).any(1).tolist()
    np.testing.assert_allclose(found[1:3], np.tile(face, (2, 1)), atol=1e-3)
    assert caught[0].message.indices == (0, 3, 4) and caught[0].filename == __file__
    with pytest.raises(faces.NoFaceError, match="in which no face was found"):
        faces.encode(tower, pictures)
    with pytest.warns(faces.NoFaceWarning):
        assert np.isnan(faces.encode(tower, [blank], missing="nan")).all()
    with pytest.raises(ValueError, match="expected a missing among raise, nan, received 'skip'"):
        faces.encode(tower, pictures, missing="skip")
    with pytest.raises(FileNotFoundError):
        faces.encode(tower, [blank, "none.jpg"], missing="nan")


def test_encode_refuses_one_picture_and_wrong_chips(tower):
    with pytest.raises(TypeError, match="put it in a list"):
        faces.encode(tower, "bundled:obama")
    with pytest.raises(ValueError, match=r"aligned chip of \(112, 112\)"):
        faces.encode(tower, [np.zeros((160, 160, 3), np.uint8)], aligned=True)


def test_tower_is_savable_and_keeps_its_fingerprint(tower, tmp_path, chips):
    tower.save(tmp_path / "tower.keras")
    again = faces.load_tower(tmp_path / "tower.keras")
    probe = list(chips.values())[:2]
    np.testing.assert_array_equal(faces.encode(again, probe, aligned=True), faces.encode(tower, probe, aligned=True))
    assert faces.fingerprint(again) == faces.fingerprint(tower)
    assert tower.count_params() == 9_629_632 and tower.get_layer("block3_depthwise").name


@pytest.mark.slow
def test_keras_itself_loads_a_saved_tower(tower, tmp_path):
    tower.save(tmp_path / "tower.keras")
    code = "import sys, keras, keras_apps; print(keras.saving.load_model(sys.argv[1]).output_shape)"
    command = [sys.executable, "-c", code, str(tmp_path / "tower.keras")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "(None, 128)\n"


def test_a_trained_tower_has_another_fingerprint():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    before = faces.fingerprint(model)
    model.layers[0].bias.assign([0, 0, 1e-6])
    assert faces.fingerprint(model) != before


def test_towers_that_compute_differently_have_other_fingerprints():
    def model(scale, activation):
        return keras.Sequential(
            [
                keras.Input((2,)),
                keras.layers.Rescaling(scale),
                keras.layers.Dense(1, activation, kernel_initializer="ones"),
            ]
        )

    marks = [faces.fingerprint(model(*how)) for how in ((1, None), (2, None), (1, "relu"), (1, None))]
    assert marks[0] == marks[3] and len(set(marks)) == 3


@pytest.mark.slow
def test_a_crowd_does_not_take_all_memory():
    """400 small copies of one face in a picture; the detector keeps at most 1500 places a size."""
    face = images.resize(images.load_image("bundled:hopper")[90:370, 160:370], (50, 40))
    found = faces.find_faces(np.tile(face, (20, 20, 1)))
    assert len(found) > 200


@pytest.mark.slow
def test_no_finaliser_is_reported_when_the_detector_loads():
    code = "from keras_apps import faces; faces.find_faces('bundled:obama')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Traceback" not in done.stderr


def test_load_tower_refuses_other_files(tmp_path):
    (tmp_path / "x.keras").write_text("no model")
    with pytest.raises(ValueError, match="expected a Keras model"):
        faces.load_tower(tmp_path / "x.keras")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        faces.load_tower(tmp_path / "none.keras")
    with pytest.raises(ValueError, match="'sface128', 'resnet128', .*, 'synthetic64' or a path"):
        faces.load_tower("resnet")


def test_shortcut_add_by_hand():
    """(2, 2, 1) of ones and (1, 1, 2) of twos: only the first corner has both, the second channel only twos there."""
    added = ShortcutAdd()([np.ones((1, 2, 2, 1), np.float32), np.full((1, 1, 1, 2), 2, np.float32)]).numpy()
    np.testing.assert_array_equal(added[0, ..., 0], [[3, 1], [1, 1]])
    np.testing.assert_array_equal(added[0, ..., 1], [[2, 0], [0, 0]])


def test_shortcut_add_survives_config_and_saving(tmp_path, rng):
    inputs = [keras.Input((5, 4, 2)), keras.Input((4, 5, 3))]
    model = keras.Model(inputs, ShortcutAdd(name="add")(inputs))
    assert model.output_shape == (None, 5, 5, 3)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    data = [rng.normal(size=(1, 5, 4, 2)).astype(np.float32), rng.normal(size=(1, 4, 5, 3)).astype(np.float32)]
    np.testing.assert_array_equal(model.predict(data, verbose=0), again.predict(data, verbose=0))
    layer = ShortcutAdd(name="x")
    assert ShortcutAdd.from_config(layer.get_config()).name == "x"
    with pytest.raises(ValueError, match="equal rank"):
        ShortcutAdd()([np.ones((1, 2)), np.ones((1, 2, 2))])


def test_distances_by_hand():
    """(1, 2) to (4, 6): 9 + 16 = 25, root 5."""
    assert faces.squared_euclidean([1, 2], [4, 6]) == 25 and faces.euclidean([1, 2], [4, 6]) == 5
    with pytest.raises(ValueError, match="equal length"):
        faces.squared_euclidean([1, 2], [1, 2, 3])
