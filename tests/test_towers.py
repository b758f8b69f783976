import importlib.util
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_apps import backbones, faces
from keras_apps._runtimes import RUNTIMES
from keras_apps.faces.towers.registry import _SMALLEST, encoding_length, input_shape_of, tower_of

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


@pytest.mark.parametrize("name", ["small", pytest.param("inception", marks=pytest.mark.slow)])
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
        ({"name": "vgg"}, "expected a tower among sface128, resnet128, small, inception"),
        ({"name": "small", "size": 64.0}, "expected a whole number of at least 16 for size of .small., received 64.0"),
        ({"name": "small", "encoding": 1}, "at least 2 for encoding"),
    ],
)
def test_bad_towers_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        faces.build_tower(**arguments)


def test_an_untrained_tower_is_not_loaded_as_a_trained_one():
    with pytest.raises(ValueError, match="no bundled weights; build_tower..small.. makes it untrained"):
        faces.load_tower("small")


@pytest.mark.slow
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


@keras.saving.register_keras_serializable("tests")
class MeanColour(keras.Model):
    """A tower as a subclass of `keras.Model`, without `input_shape`, `output_shape` and `inputs`."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(3)

    def call(self, pictures):
        return self.dense(keras.ops.mean(pictures, axis=(1, 2)))


def test_a_subclassed_tower_encodes_once_it_was_called(rng):
    tower, pictures = MeanColour(), rng.integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match="expected a built tower, received 'mean_colour'; call it once"):
        faces.encode(tower, pictures, aligned=True)
    expected = np.asarray(tower(pictures.astype(np.float32)))
    np.testing.assert_allclose(faces.encode(tower, list(pictures), aligned=True), expected, rtol=1e-5)
    assert input_shape_of(tower) == (None, 8, 8, 3) and encoding_length(tower) == 3
    assert faces.encode(tower, []).shape == (0, 3) and len(faces.fingerprint(tower)) == 16
    with pytest.raises(ValueError, match="aligned chip of .8, 8."):
        faces.encode(tower, [pictures[0, :4, :4]], aligned=True)


def test_a_model_around_a_tower_encodes_as_its_tower(rng):
    tower = faces.build_tower("small", size=16, encoding=4)
    pictures = list(rng.integers(0, 256, (2, 16, 16, 3), dtype=np.uint8))
    expected = faces.encode(tower, pictures, aligned=True)
    for model in (faces.TripletModel(tower), faces.VerificationModel(tower), faces.SoftmaxIdentifier(tower, ["ada"])):
        np.testing.assert_array_equal(faces.encode(model, pictures, aligned=True), expected)
        assert faces.fingerprint(model) == faces.fingerprint(tower)


def test_networks_that_are_no_towers_are_refused():
    inputs = keras.Input((4, 4, 3)), keras.Input((4, 4, 3))
    two = keras.Model(inputs, keras.layers.Flatten()(keras.layers.Add()(inputs)))
    with pytest.raises(ValueError, match="expected a tower with one input, received inputs of shapes"):
        faces.encode(two, [])
    maps = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Conv2D(2, 1)])
    with pytest.raises(ValueError, match=r"encodings \(n, d\) as output, received output of shape \(None, 4, 4, 2\)"):
        faces.encode(maps, [])


@pytest.fixture(
    scope="module",
    params=["small", *(pytest.param(name, marks=pytest.mark.slow) for name in ("inception", "resnet128", "alexnet"))],
)
def network(request):
    """Towers and a backbone, each as small as it can be, and a batch of two pictures."""
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 103, 103, 3)).astype(np.float32)
    if request.param == "alexnet":
        return backbones.load("alexnet", ["conv1", "conv3"]), pictures / 255
    size = _SMALLEST[request.param]
    return faces.build_tower(request.param, size=size, encoding=4), pictures[:, :size, :size]


def largest_difference(first, second) -> float:
    """Return the largest difference of two networks' outputs as a share of the largest number."""
    first, second = (np.concatenate([np.ravel(x) for x in keras.tree.flatten(y)]) for y in (first, second))
    return float(np.max(np.abs(first - second)) / np.max(np.abs(first)))


def test_keras_exports_and_saves_the_networks_itself(network, tmp_path):
    """`model.export`, `tf.saved_model.save` and `.h5` are Keras's own: they need no help of the package."""
    model, pictures = network
    expected = model.predict_on_batch(pictures)
    model.export(tmp_path / "exported", verbose=False)
    assert largest_difference(expected, tf.saved_model.load(str(tmp_path / "exported")).serve(pictures)) < 1e-6
    tf.saved_model.save(model, str(tmp_path / "saved"))
    signature = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    assert signature.structured_input_signature[1]["inputs"].shape[0] is None
    assert largest_difference(expected, signature(inputs=pictures)) < 1e-6
    model.save(tmp_path / "model.h5")
    assert largest_difference(expected, keras.saving.load_model(tmp_path / "model.h5").predict_on_batch(pictures)) == 0
    with pytest.raises(ValueError, match=r"expected a .keras file, received .*model.h5'; load it with Keras"):
        faces.load_tower(tmp_path / "model.h5")


@pytest.mark.slow
def test_keras_exports_the_networks_to_litert_and_onnx_itself(network, tmp_path):
    model, pictures = network
    expected = model.predict_on_batch(pictures)
    for name, options in (("model.tflite", {"format": "litert"}), ("model.onnx", {"format": "onnx"})):
        if name.endswith("onnx") and not all(importlib.util.find_spec(n) for n in ("tf2onnx", "onnxruntime")):
            continue
        model.export(tmp_path / name, verbose=False, **options)
        runtime = RUNTIMES[Path(name).suffix](tmp_path / name)
        found = list(runtime({next(iter(runtime.inputs)): pictures}).values())
        expected_sizes = sorted(np.size(x) for x in keras.tree.flatten(expected))
        assert sorted(x.size for x in found) == expected_sizes
        found.sort(key=lambda x: x.size, reverse=True)
        ordered = sorted(keras.tree.flatten(expected), key=np.size, reverse=True)
        assert largest_difference(ordered, found) < 1e-5


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
def test_a_quantized_network_is_saved_and_loaded(network, tmp_path):
    model, pictures = network
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    copy.quantize("int8")
    assert largest_difference(model.predict_on_batch(pictures), copy.predict_on_batch(pictures)) < 0.05
    copy.save(tmp_path / "int8.keras")
    loaded = faces.load_tower(tmp_path / "int8.keras")
    assert largest_difference(copy.predict_on_batch(pictures), loaded.predict_on_batch(pictures)) == 0
