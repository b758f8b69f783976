import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_apps import faces
from keras_apps.faces.towers.registry import _SMALLEST, tower_of

NAMES = ("small", "inception", "resnet128")


@pytest.mark.parametrize(
    ("name", "parameters"), [("small", 1_220_064), ("inception", 3_738_496), ("resnet128", 5_607_488)]
)
def test_towers_have_their_documented_size(name, parameters):
    assert faces.build_tower(name).count_params() == parameters


@pytest.mark.parametrize("name", NAMES)
def test_the_smallest_size_works_and_one_pixel_less_is_refused(name):
    tower = faces.build_tower(name, size=_SMALLEST[name], encoding=5)
    assert tower.output_shape == (None, 5)
    with pytest.raises(ValueError, match=f"at least {_SMALLEST[name]} for size of '{name}', received"):
        faces.build_tower(name, size=_SMALLEST[name] - 1)


@pytest.mark.parametrize("name", ["small", "inception"])
def test_encodings_are_of_unit_length_and_tell_pictures_apart(name, rng):
    tower = faces.build_tower(name, size=32)
    encodings = np.asarray(tower.predict_on_batch(rng.uniform(0, 255, (3, 32, 32, 3)).astype(np.float32)))
    np.testing.assert_allclose(np.linalg.norm(encodings, axis=1), 1, atol=1e-5)
    assert faces.squared_euclidean(encodings[0], encodings[1]) > 1e-4


@pytest.mark.parametrize("name", ["small", "inception"])
def test_towers_survive_saving(name, tmp_path, rng):
    tower = faces.build_tower(name, size=32)
    pictures = rng.uniform(0, 255, (2, 32, 32, 3)).astype(np.float32)
    tower.save(tmp_path / "tower.keras")
    again = faces.load_tower(tmp_path / "tower.keras")
    assert faces.fingerprint(again) == faces.fingerprint(tower)
    np.testing.assert_array_equal(again.predict_on_batch(pictures), tower.predict_on_batch(pictures))


def test_an_epsilon_changes_the_fingerprint():
    marks = []
    for epsilon in (1e-3, 1e-5, 1e-3):
        keras.utils.set_random_seed(0)
        marks.append(
            faces.fingerprint(keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization(epsilon=epsilon)]))
        )
    assert marks[0] == marks[2] != marks[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "smal"}, "did you mean 'small'"),
        ({"name": "vgg"}, "expected a tower among resnet128, small, inception"),
        ({"name": "small", "size": 64.0}, "expected a whole number of at least"),
        ({"name": "small", "encoding": 1}, "at least 2 for encoding"),
    ],
)
def test_bad_towers_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        faces.build_tower(**arguments)


def test_an_untrained_tower_is_not_loaded_as_a_trained_one():
    with pytest.raises(ValueError, match="build_tower makes it untrained"):
        faces.load_tower("small")


def test_models_around_a_tower_are_loaded_by_a_process_that_has_not_seen_them(tmp_path):
    """The classes register themselves when their modules are imported; nobody but `load_tower` does so here."""
    tower = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    models = faces.TripletModel(tower), faces.VerificationModel(tower), faces.SoftmaxIdentifier(tower, ["ada"])
    for number, model in enumerate(models):
        model.save(tmp_path / f"{number}.keras")
    augmentation = faces.augmentation(1.0)
    augmentation.build((None, 8, 8, 3))
    augmentation.save(tmp_path / "3.keras")
    paths = [str(tmp_path / f"{number}.keras") for number in range(4)]
    code = f"from keras_apps.faces import load_tower\nprint(*(type(load_tower(p)).__name__ for p in {paths!r}))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    expected = ["TripletModel", "VerificationModel", "SoftmaxIdentifier", "Sequential"]
    assert all(tower_of(model) is tower for model in (*models, tower))
    assert answer.stdout.split()[-4:] == expected, answer.stderr[-2000:]
