"""A model leaves for other runtimes: every file answers as Keras does, or nothing is written."""

import importlib
import importlib.util
import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from keras_apps import _files, export, faces
from keras_apps.export import comparing
from keras_apps.export.crops import Crops, crops_of
from keras_apps.export.graphs import make_graph
from keras_apps.export.report import _origin
from keras_apps.export.writing import Writer
from keras_apps.faces import VerificationModel

ONNX = all(importlib.util.find_spec(name) for name in ("tf2onnx", "onnx", "onnxruntime"))
FORMATS = [name for name in export.FORMATS if ONNX or name != "onnx"]
SIZE, LENGTH = 16, 8


@pytest.fixture(scope="module")
def tower():
    """A small tower that is not as it was made: its batch normalisation has seen something."""
    keras.utils.set_random_seed(3)
    tower = faces.build_tower("small", size=SIZE, encoding=LENGTH)
    random = np.random.default_rng(3)
    for variable in tower.weights:
        if variable.name == "moving_mean":
            variable.assign(random.normal(0, 0.1, variable.shape))
        elif variable.name == "moving_variance":
            variable.assign(random.uniform(0.5, 1.5, variable.shape))
    return tower


@pytest.fixture(scope="module")
def chips():
    return faces.synthetic_people(3, 2, size=SIZE, seed=5)[0]


@pytest.fixture(scope="module")
def exported(tower, tmp_path_factory):
    """Every format of the tower, with a threshold of its own."""
    folder = tmp_path_factory.mktemp("exports") / "small"
    threshold = faces.Threshold(0.01, "squared_euclidean", faces.fingerprint(tower), 9.0, 0.02, 1e-2, "made up")
    return folder, export.export(tower, folder, FORMATS, threshold=threshold, rounds=2, licence="CC0-1.0")


def test_every_format_is_within_its_tolerance_and_written(exported):
    folder, report = exported
    assert [row.format for row in report.formats] == FORMATS and report.passed
    for row in report.formats:
        assert (folder / row.file).exists() and row.milliseconds > 0 and row.megabytes > 0
        assert row.relative <= {"float32": 1e-5, "float16": 1e-2, "int8": 0.5}[row.precision]
        assert row.precision == "int8" or abs(row.accuracy - report.accuracy) < 0.005
    assert {p.name for p in folder.iterdir()} >= {"small.parity.json", "small.parity.txt"}
    assert json.loads((folder / "small.parity.json").read_text("utf-8"))["passed"] is True
    assert str(report) == (folder / "small.parity.txt").read_text("utf-8").rstrip("\n")


def test_smaller_numbers_make_smaller_files(exported):
    _, report = exported
    assert report["litert-float16"].megabytes < 0.6 * report["litert"].megabytes
    assert report["litert-int8"].megabytes < 0.4 * report["litert"].megabytes


def test_int8_weights_have_a_scale_for_each_channel(exported):
    from keras_apps._runtimes import LiteRTRuntime

    folder, report = exported
    rows = LiteRTRuntime(folder / report["litert-int8"].file)._interpreter.get_tensor_details()
    scales = [
        len(r["quantization_parameters"]["scales"]) for r in rows if r["dtype"] == np.int8 and len(r["shape"]) == 4
    ]
    assert max(scales) == 128  # the filters of the last block


@pytest.mark.parametrize(
    "ending", [".tflite", pytest.param(".onnx", marks=pytest.mark.skipif(not ONNX, reason="no tf2onnx"))]
)
def test_an_exported_tower_encodes_as_its_source(exported, tower, chips, ending):
    """Compared here, beside the report, with the Keras model itself."""
    found = faces.load_tower(exported[0] / f"small{ending}")
    assert found.input_shape == tower.input_shape and found.output_shape == tower.output_shape
    wanted = faces.encode(tower, list(chips), aligned=True)
    received = faces.encode(found, list(chips), aligned=True)
    assert np.abs(received - wanted).max() <= 1e-5 * np.abs(wanted).max()
    assert np.abs(wanted[0] - wanted[2]).max() > 1e-3 * np.abs(wanted).max()  # people differ by more
    assert faces.fingerprint(found) == faces.fingerprint(tower)
    assert found.threshold.tau == 0.01 and found.threshold.model == faces.fingerprint(tower)


def test_the_keras_file_and_the_serving_signature_agree(exported, tower, chips):
    import tensorflow as tf

    folder, x = exported[0], chips.astype(np.float32)
    wanted = tower.predict_on_batch(x)
    loaded = keras.saving.load_model(folder / "small.keras", safe_mode=True)
    np.testing.assert_array_equal(loaded.predict_on_batch(x), wanted)
    serving = tf.saved_model.load(str(folder / "small.saved_model")).signatures["serving_default"]
    np.testing.assert_allclose(serving(pictures=tf.constant(x))["encoding"], wanted, atol=1e-6)


def test_a_gallery_opens_with_the_exported_tower(exported, tower, chips, tmp_path):
    """Enrolled with Keras, verified by LiteRT: same fingerprint, same distances, and the card's tau."""
    threshold = faces.load_tower(exported[0] / "small.tflite").threshold
    before = faces.Gallery(tmp_path / "team.db", tower, threshold)
    before.enrol("ada", [chips[0]], aligned=True)
    wanted = before.verify(chips[1], "ada", aligned=True)
    found = faces.Gallery(tmp_path / "team.db", faces.load_tower(exported[0] / "small.tflite"))
    received = found.verify(chips[1], "ada", aligned=True)
    assert received.tau == 0.01 and received.accepted == wanted.accepted
    assert abs(received.distance - wanted.distance) < 1e-5


def test_int8_is_another_tower_with_its_own_tau(exported, tower, tmp_path):
    int8 = faces.load_tower(exported[0] / "small.int8.tflite")
    assert int8.fingerprint != faces.fingerprint(tower) and int8.card["source_fingerprint"] == faces.fingerprint(tower)
    assert int8.threshold.model == int8.fingerprint and int8.threshold.tau != 0.01
    assert "144 genuine" in int8.threshold.calibrated_on and int8.threshold.far == 1e-2
    faces.Gallery(tmp_path / "team.db", tower).enrol("ada", [np.zeros((SIZE, SIZE, 3), np.uint8)], aligned=True)
    with pytest.raises(faces.GalleryError, match="was made with tower"):
        faces.Gallery(tmp_path / "team.db", int8)


@pytest.mark.skipif(not ONNX, reason="no tf2onnx, onnx, onnxruntime")
def test_a_gallery_by_onnx_loads_neither_tensorflow_nor_keras(exported, chips, tmp_path):
    import subprocess
    import sys

    np.save(tmp_path / "chips.npy", chips)
    code = (
        f"import sys, numpy as np; from keras_apps import faces; chips = np.load({str(tmp_path / 'chips.npy')!r});"
        f"gallery = faces.Gallery({str(tmp_path / 'team.db')!r},"
        f"faces.load_tower({str(exported[0] / 'small.onnx')!r}));"
        "gallery.enrol('ada', list(chips[:1]), aligned=True);"
        "accepted = gallery.verify(chips[0], 'ada', aligned=True).accepted;"
        "print(accepted, 'keras' in sys.modules, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["True", "False", "False"], done.stderr[-1000:]


def test_the_card_says_what_the_file_is(exported):
    folder, report = exported
    card = json.loads((folder / "small.tflite.card.json").read_text("utf-8"))
    assert card["input"] == [
        {"name": "pictures", "shape": ["n", 16, 16, 3], "dtype": "float32", "meaning": "aligned face, RGB in 0..255"}
    ]
    assert card["output"][0]["shape"] == ["n", LENGTH] and card["threshold"]["tau"] == 0.01
    assert card["licence"] == "CC0-1.0" and card["training_data"] == "not stated"
    assert card["measured"]["largest_relative_difference"] == report["litert"].relative
    page = (folder / "small.tflite.card.md").read_text("utf-8")
    assert "tau | 0.0100 (squared_euclidean)" in page and "CC0-1.0" in page and card["sha256"] in page


def test_the_origin_of_bundled_weights_is_the_manifests():
    assert _origin("alexnet", {})["training_data"] == "ImageNet"
    assert _origin("synthetic64", {})["training_data"] == "pictures made by code"
    assert _origin("resnet128", {})["training_data"] == "not recorded with the bundled weights"
    assert _origin("resnet128", {})["licence"] == "CC0-1.0"
    assert set(_origin(None, {}).values()) == {"not stated"}


def test_a_changed_file_is_refused_and_one_without_card_is_its_own_tower(exported, tmp_path):
    folder = exported[0]
    whole = (folder / "small.tflite").read_bytes()
    (tmp_path / "x.tflite").write_bytes(whole)
    alone = faces.load_tower(tmp_path / "x.tflite")
    assert alone.threshold is None and alone.fingerprint != exported[1].fingerprint
    (tmp_path / "x.tflite.card.json").write_bytes(
        (folder / "small.onnx.card.json" if ONNX else folder / "small.keras.card.json").read_bytes()
    )
    with pytest.raises(ValueError, match="another file's; export again"):
        faces.load_tower(tmp_path / "x.tflite")
    (tmp_path / "x.tflite.card.json").write_text("{}", "utf-8")
    with pytest.raises(ValueError, match="expected a model card"):
        faces.load_tower(tmp_path / "x.tflite")


def test_a_file_that_differs_from_keras_is_not_written(tower, tmp_path, monkeypatch):
    """The last layer's weights are changed by a thousandth or so: far past 1e-5, and seen."""

    def write_another(self, path, precision):
        other = keras.models.clone_model(tower)
        other.set_weights(tower.get_weights())
        kernel = other.get_layer("encoding").weights[0]
        kernel.assign(kernel + np.random.default_rng(0).normal(0, 1e-3, kernel.shape))
        other.save(path)

    monkeypatch.setattr(Writer, "_keras", write_another)
    with pytest.raises(export.ParityError, match=r"of keras \(tolerance 1e-05\); nothing was written") as caught:
        export.export(tower, tmp_path / "out", ["keras"], rounds=0)
    assert not (tmp_path / "out").exists() and list(tmp_path.iterdir()) == []
    assert not caught.value.report.passed and "FAILED" in str(caught.value.report)


@pytest.mark.parametrize("kind", ["uint8", pytest.param("float", marks=pytest.mark.slow)])
def test_preprocessing_is_inside_the_graph(tower, chips, tmp_path, kind):
    """uint8 in 0..255 or floats in 0..1, of any size; 20 x 20 comes to 16 x 16 as TensorFlow's resizing does it."""
    import tensorflow as tf

    report = export.export(tower, tmp_path / "out", ["keras", "litert"], preprocessing=kind, rounds=0)
    assert report["litert"].fingerprint == faces.fingerprint(tower)
    exact = tower.predict_on_batch(chips.astype(np.float32))
    from keras_apps._runtimes import LiteRTRuntime

    run = LiteRTRuntime(tmp_path / "out" / "small.tflite")
    as_given = (lambda x: x) if kind == "uint8" else (lambda x: (x / 255).astype(np.float32))
    assert run.inputs["pictures"][1] == np.dtype("uint8" if kind == "uint8" else "float32")
    np.testing.assert_allclose(run({"pictures": as_given(chips)})["encoding"], exact, atol=1e-5)
    larger = np.stack([np.asarray(tf.image.resize(c, (20, 20))) for c in chips]).astype(np.uint8)
    wanted = tower.predict_on_batch(np.asarray(tf.image.resize(larger.astype(np.float32), (SIZE, SIZE))))
    np.testing.assert_allclose(run({"pictures": as_given(larger)})["encoding"], wanted, atol=1e-5)
    loaded = faces.load_tower(tmp_path / "out" / "small.keras")
    np.testing.assert_allclose(np.asarray(loaded(as_given(larger))), wanted, atol=1e-5)  # eager too: inference
    faces_again = faces.encode(faces.load_tower(tmp_path / "out" / "small.tflite"), list(chips), aligned=True)
    np.testing.assert_allclose(faces_again, exact, atol=1e-5)


@pytest.mark.slow
def test_a_verification_model_gives_the_probability_that_its_encodings_score(tower, chips, tmp_path):
    from keras_apps._runtimes import LiteRTRuntime

    model = VerificationModel(tower, "absolute")
    model.head.set_weights_and_bias(np.linspace(-3, -1, LENGTH), 0.5)
    report = export.export(model, tmp_path / "out", ["keras", "litert"], name="same", rounds=0)
    assert report.kind == "verifier" and report["litert"].accuracy == report.accuracy
    assert type(keras.saving.load_model(tmp_path / "out" / "same.keras")) is VerificationModel
    x = chips.astype(np.float32)
    run = LiteRTRuntime(tmp_path / "out" / "same.tflite")
    found = run({"first": x[:3], "second": x[3:]})["probability"]
    encodings = tower.predict_on_batch(x)
    np.testing.assert_allclose(found, model.score(encodings[:3], encodings[3:]), atol=1e-5)
    with pytest.raises(ValueError, match="expected a tower, with one input and one encoding"):
        faces.load_tower(tmp_path / "out" / "same.tflite")


def test_a_backbone_gives_the_layers_asked_for(tmp_path):
    report = export.export("alexnet", tmp_path / "out", ["litert"], layers=["conv1", "pool1"], rounds=0)
    card = json.loads((tmp_path / "out" / "alexnet.tflite.card.json").read_text("utf-8"))
    assert report.kind == "network" and report.accuracy is None and report["litert"].relative < 1e-5
    assert [x["name"] for x in card["output"]] == ["conv1", "pool1"] and card["white"] == 1.0
    assert card["input"][0]["shape"] == ["n", None, None, 3] and "BSD" in card["licence"]


def test_a_network_of_another_rank_is_compared_on_samples(tmp_path):
    from keras_apps import dimensions

    tower = dimensions.build_tower(rank=1, input_shape=(32, 1), filters=4, blocks=[(8, 2)])
    report = export.export(tower, tmp_path / "out", ["litert"], name="beats", rounds=0)
    assert report["litert"].relative < 1e-5 and "random samples" in report.crops
    x = np.random.default_rng(0).normal(size=(2, 32, 1)).astype(np.float32)
    found = faces.encode(faces.load_tower(tmp_path / "out" / "beats.tflite"), list(x))
    np.testing.assert_allclose(found, tower.predict_on_batch(x), atol=1e-5)


def test_differences_of_several_outputs_are_the_worst_of_each():
    """a: 0.5 of at most 4, 0.125; b: 0.1 of at most 0.2, a half. The largest are 0.5 and 0.5, c of zeros adds none."""
    expected = {"a": np.array([1.0, -4.0]), "b": np.array([0.2]), "c": np.zeros(2)}
    received = {"a": np.array([1.5, -4.0]), "b": np.array([0.1]), "c": np.zeros(2)}
    assert comparing.differences(expected, received) == pytest.approx((0.5, 0.5))
    assert comparing.differences(expected, {**received, "c": np.array([0, 1e-9])})[1] == 1.0
    for bad, words in ((np.array([np.nan, 0]), "finite"), (np.zeros(3), "shape")):
        with pytest.raises(ValueError, match=words):
            comparing.differences(expected, {**received, "c": bad})
    with pytest.raises(ValueError, match="expected outputs a, b, c"):
        comparing.differences(expected, {"a": received["a"]})


def test_times_are_taken_in_turn_and_the_middle_counts(monkeypatch):
    """Rounds 3 to 5 count. a takes 1, 2, 9 s: 2000 ms; b always 4 s."""
    order, clock, lasts = [], [0.0], iter([5, 5, 1, 2, 9])
    monkeypatch.setattr(comparing.time, "perf_counter", lambda: clock[0])

    def side(name, seconds):
        def run():
            order.append(name)
            clock[0] += seconds()

        return run

    found = comparing.latencies({"a": side("a", lambda: next(lasts)), "b": side("b", lambda: 4)}, rounds=3)
    assert found == {"a": 2000.0, "b": 4000.0} and "".join(order) == "abababababab"[:10]


def test_pairs_are_decided_at_keras_tau(tower):
    """Distances 0.04 (same), 1 and 0.64 (others); tau 0.7 accepts the first and, wrongly, the last: 2 of 3 right."""
    pixels = np.zeros((3, 1, 1, 3), np.uint8)
    crops = Crops(pixels, "", np.array([0, 0, 1]), np.array([1, 2, 2]), np.array([True, False, False]))
    graph = replace(make_graph(tower), kind="tower")
    found = {"encoding": np.array([[0.0, 0], [0.2, 0], [1.0, 0]])}
    assert comparing.verified(found, crops, graph, 0.7).accuracy == pytest.approx(2 / 3)
    best = comparing.verified(found, crops, graph, None)
    assert best.accuracy == 1 and 0.04 < best.tau < 0.64


def test_a_folder_with_files_is_kept_or_replaced_by_name(tower, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine", "utf-8")
    (folder / "small.keras").write_text("old", "utf-8")
    with pytest.raises(FileExistsError, match="--overwrite"):
        export.export(tower, folder, ["keras"], rounds=0)
    assert (folder / "small.keras").read_text("utf-8") == "old"
    export.export(tower, folder, ["keras"], rounds=0, overwrite=True)
    assert (folder / "mine.txt").read_text("utf-8") == "mine" and (folder / "small.keras").stat().st_size > 1000
    assert not [p for p in folder.iterdir() if p.name.startswith(".")]


def test_a_failure_leaves_the_old_folder(tmp_path):
    folder = tmp_path / "out"
    for text in ("old", "new"):
        with _files.folder_written_aside(folder) as aside:
            (aside / "model.saved_model").mkdir()
            (aside / "model.saved_model" / "x").write_text(text, "utf-8")
    assert (folder / "model.saved_model" / "x").read_text("utf-8") == "new"
    with pytest.raises(RuntimeError), _files.folder_written_aside(folder) as aside:
        (aside / "more").write_text("x", "utf-8")
        raise RuntimeError
    assert [p.name for p in folder.iterdir()] == ["model.saved_model"]


def half_precision():
    x = keras.Input((8, 8, 3))
    return keras.Model(x, keras.layers.Flatten(dtype="float16")(x))


@pytest.mark.parametrize(
    ("model", "options", "error", "words"),
    [
        ("resnet18", {}, ValueError, "did you mean 'resnet128'"),
        ("gone.keras", {}, FileNotFoundError, "which does not exist"),
        (7, {}, TypeError, "received int"),
        ("tower", {"formats": ["tflite"]}, ValueError, "expected a format among"),
        ("tower", {"formats": []}, ValueError, "at least one format"),
        ("tower", {"preprocessing": "uint16"}, ValueError, "expected a preprocessing among uint8, float"),
        ("tower", {"white": 7}, ValueError, "expected 1 or 255"),
        ("tower", {"layers": ["conv1"]}, ValueError, "backbone"),
        ("tower", {"tolerance": 0}, ValueError, "tolerance above 0"),
        ("tower", {"tolerance": {"int4": 1}}, ValueError, "expected a precision among"),
        ("tower", {"rounds": -1}, ValueError, "rounds of at least 0"),
        ("tower", {"name": "a/b"}, ValueError, "a file name without"),
        ("tower", {"pictures": "nowhere"}, FileNotFoundError, "which is not a directory"),
        ("tower", {"pictures": []}, ValueError, "list of pictures, received an empty list"),
        ("tower", {"pairs": "pairs.txt"}, ValueError, "folder"),
        ("tower", {"folder": "gone/out"}, FileNotFoundError, "existing folder"),
        ("half", {}, ValueError, "computes in float32, received layers in float16"),
    ],
)
def test_bad_arguments_are_one_sentence(tower, tmp_path, model, options, error, words):
    given = {"tower": lambda: tower, "half": half_precision}.get(model, lambda: model)()
    options = {"formats": ["keras"], "rounds": 0, **options}
    folder = tmp_path / options.pop("folder", "out")
    with pytest.raises(error, match=words) as caught:
        export.export(given, folder, options.pop("formats"), **options)
    assert "\n" not in str(caught.value) and not folder.exists()


def test_a_threshold_of_another_tower_is_refused(tower, tmp_path):
    with pytest.raises(ValueError, match="expected a threshold for tower"):
        export.export(tower, tmp_path / "out", ["keras"], threshold=faces.Threshold.bundled())


def test_a_missing_library_is_named_with_its_extra(tower, tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "tf2onnx" else find(name))
    with pytest.raises(ImportError, match=r"expected tf2onnx to be installed for format 'onnx'.*keras_apps\[export\]"):
        export.export(tower, tmp_path / "out", ["onnx"])


def test_the_users_folder_gives_crops_and_pairs(tower, chips, tmp_path):
    """Two people with two pictures: 2 genuine and 4 impostor pairs."""
    from keras_apps import images

    for i in range(4):
        (tmp_path / f"p{i // 2}").mkdir(exist_ok=True)
        images.save_image(chips[i], tmp_path / f"p{i // 2}" / f"{i}.png")
    crops = crops_of(tmp_path, make_graph(tower), aligned=True)
    np.testing.assert_array_equal(crops.pixels, chips[:4])
    assert crops.same.sum() == 2 and len(crops.same) == 6
    (tmp_path / "pairs.csv").write_text("p0/0.png,p0/1.png,1\np0/0.png,p1/2.png,0\n", "utf-8")
    listed = crops_of(tmp_path, make_graph(tower), pairs=tmp_path / "pairs.csv", aligned=True)
    assert listed.same.tolist() == [True, False] and len(listed.pixels) == 3


def test_public_names_are_documented():
    module = importlib.import_module("keras_apps.export")
    assert "->" in module.__doc__
    assert all(getattr(module, name).__doc__ for name in module.__all__ if not name.isupper())


def test_the_command_exports_a_file(run, fails, tower, tmp_path):
    tower.save(tmp_path / "mine.keras")
    code, out, err = run("export", "mine.keras", "-o", "out", "--format", "keras", "--rounds", 1, "--json")
    found = json.loads(out)
    assert code == 0 and found["passed"] and found["formats"][0]["file"] == "mine.keras", err
    assert "--overwrite" in fails("export", "mine.keras", "-o", "out", "--format", "keras")
    assert "did you mean 'litert'" in fails("export", "mine.keras", "-o", "new", "--format", "litrt")
    assert "does not exist" in fails("export", "gone.keras", "-o", "new")
    assert "'vgg16'" in fails("export", "vgg15", "-o", "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.slow
@pytest.mark.skipif(not ONNX, reason="needs the export extra")
@pytest.mark.parametrize("formats", [["onnx"], ["keras", "onnx"]])
def test_onnx_needs_no_other_format_before_it(tower, tmp_path, formats):
    """Keras exports to ONNX only what was called before; writing a SavedModel had called it by chance."""
    fresh = keras.models.clone_model(tower)
    fresh.set_weights(tower.get_weights())
    assert export.export(fresh, tmp_path / "plain", formats, rounds=0).passed
    verifier = VerificationModel(fresh)
    assert export.export(verifier, tmp_path / "verifier", formats, rounds=0).passed
    assert export.export("alexnet", tmp_path / "backbone", formats, layers=["pool5"], rounds=0).passed


def test_bundled_weights_keep_their_licence_and_their_white(tmp_path):
    for stated in ({"licence": "WTFPL"}, {"training_data": "mine"}):
        with pytest.raises(ValueError, match="no licence or training_data for 'synthetic64'"):
            export.export("synthetic64", tmp_path / "out", ["keras"], **stated)
    with pytest.raises(ValueError, match="expected 255 for white, the value of 'synthetic64', received 1"):
        export.export("synthetic64", tmp_path / "out", ["keras"], white=1)
    assert not (tmp_path / "out").exists()
    assert _origin("synthetic64", {"licence": "WTFPL"})["licence"] != "WTFPL"


def test_models_that_know_no_input_or_answer_nan_are_named(tower, tmp_path):
    with pytest.raises(ValueError, match="functional model, received"):
        export.export(keras.Sequential([keras.layers.Dense(2)]), tmp_path / "out", ["keras"])
    broken = keras.models.clone_model(tower)
    broken.set_weights([np.full_like(w, np.nan) for w in tower.get_weights()])
    with pytest.raises(ValueError, match="finite outputs, received 'small', which returns NaN"):
        export.export(broken, tmp_path / "out", ["keras"], rounds=0)


def test_the_report_counts_both_kinds_of_pairs_and_says_where_tau_is_from(tower, exported, tmp_path):
    """24 people with 4 pictures have 24 x 6 = 144 genuine pairs; to say no to all would be right for the others."""
    _, told = exported
    assert told.genuine == 144 and not told.tau_is_best
    assert "144 genuine and" in str(told) and "the same for all" in str(told)
    untold = export.export(tower, tmp_path / "out", ["keras"], rounds=0)
    assert untold.tau_is_best and "the best for Keras on these pairs" in str(untold)
    assert "Keras's best on these pairs" in next((tmp_path / "out").glob("*.card.md")).read_text("utf-8")
