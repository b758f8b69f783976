"""Where an export could mislead: constant answers, files without their card, damaged ones, a disk that is full."""

import errno
import json
import os
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_apps import _files, dimensions, export, faces, images
from keras_apps._runtimes import LiteRTRuntime
from keras_apps._silence import silenced
from keras_apps.export import comparing, crops
from keras_apps.export.formats import checked_name, read_tolerances
from keras_apps.export.graphs import make_graph
from keras_apps.export.writing import Writer, _reason
from keras_apps.faces import VerificationModel
from keras_apps.faces.towers.registry import load_tower

SIZE, LENGTH = 16, 8


@pytest.fixture(scope="module")
def tower():
    keras.utils.set_random_seed(3)
    return faces.build_tower("small", size=SIZE, encoding=LENGTH)


@pytest.fixture(scope="module")
def chips():
    return faces.synthetic_people(3, 3, size=SIZE, seed=5)[0]


def drawn(chips, folder):
    """Write a folder of three people with three pictures each."""
    for i, chip in enumerate(chips):
        (folder / f"p{i // 3}").mkdir(parents=True, exist_ok=True)
        images.save_image(chip, folder / f"p{i // 3}" / f"{i}.png")
    return folder


@pytest.fixture
def people(chips, tmp_path):
    return drawn(chips, tmp_path / "people")


@pytest.fixture(scope="module")
def fast(chips, tmp_path_factory):
    """What makes an export quick: nine pictures instead of the package's, and no times."""
    return {"pictures": drawn(chips, tmp_path_factory.mktemp("some") / "few"), "aligned": True, "rounds": 0}


@pytest.fixture(scope="module")
def as_float(tower, fast, tmp_path_factory):
    """A tower that takes floats in 0..1, in every runtime that galleries know."""
    folder = tmp_path_factory.mktemp("exports") / "float"
    formats = ["litert", "litert-int8"] + ["onnx"] * ONNX
    return folder, export.export(tower, folder, formats, preprocessing="float", **fast)


ONNX = all(__import__("importlib").util.find_spec(name) for name in ("tf2onnx", "onnx", "onnxruntime"))
ENDINGS = [".tflite", pytest.param(".onnx", marks=pytest.mark.skipif(not ONNX, reason="needs the export extra"))]


@pytest.mark.slow
def test_an_untrained_verifier_gives_a_warning_in_report_card_and_command(tower, tmp_path, run, fast):
    """Its head's weights are 0: P = 0.5 for every pair, in every runtime, whatever the tower computes."""
    model = VerificationModel(tower)
    model.save(tmp_path / "same.keras")
    found = export.export(model, tmp_path / "out", ["keras"], name="same", **fast)
    assert found["keras"].absolute == 0 and found.constant == ("probability",)
    assert "WARNING: the model's 'probability' was the same for all inputs" in str(found)
    card = json.loads((tmp_path / "out" / "same.keras.card.json").read_text("utf-8"))
    assert card["measured"]["constant_outputs"] == ["probability"]
    assert "**Warning:** `probability`" in (tmp_path / "out" / "same.keras.card.md").read_text("utf-8")
    given = ("--pictures", fast["pictures"], "--aligned", "--rounds", 0)
    code, out, err = run("export", "same.keras", "-o", "told", "--format", "keras", *given, "--json")
    assert code == 0 and json.loads(out)["constant"] == ["probability"] and "WARNING: " in err
    model.head.set_weights_and_bias(np.linspace(-3, -1, LENGTH), 0.5)
    assert export.export(model, tmp_path / "trained", ["keras"], **fast).constant == ()


def test_an_output_that_varies_by_less_than_1e_5_of_itself_is_constant():
    """1 + 2e-6 is 1 for float32 files, which may differ by 1e-5; 1 + 2e-5 is another. One answer says nothing."""
    found = {"a": np.array([1, 1 + 2e-6]), "b": np.array([1, 1 + 2e-5]), "c": np.zeros((3, 2)), "d": np.ones(1)}
    assert comparing.constant(found) == ("a", "c")


@pytest.mark.slow
def test_resizing_is_compared_for_both_pictures_of_a_verifier(tower, tmp_path, monkeypatch, fast):
    """The second picture's resizing alone takes the nearest pixel: on chips of the right size none sees it."""
    model = VerificationModel(tower)
    model.head.set_weights_and_bias(np.linspace(-3, -1, LENGTH), 0.5)
    graph = make_graph(model, preprocessing="uint8")
    (larger,) = comparing._of_another_size(crops.default_crops(graph), graph)
    assert larger.pixels.shape == (8, 20, 20, 3) and (larger.first != larger.second).all()

    def nearest(self, path, precision):
        def copied(layer):
            config = layer.get_config()
            return type(layer).from_config(
                config | ({"interpolation": "nearest"} if config["name"] == "second_fit" else {})
            )

        other = keras.models.clone_model(self.graph.model, clone_function=copied)
        other.set_weights(self.graph.model.get_weights())
        other.save(path)

    assert export.export(model, tmp_path / "right", ["keras"], preprocessing="uint8", **fast).passed
    monkeypatch.setattr(Writer, "_keras", nearest)
    with pytest.raises(export.ParityError):
        export.export(model, tmp_path / "wrong", ["keras"], preprocessing="uint8", **fast)


@pytest.mark.slow
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_without_its_card_still_knows_what_white_is(as_float, tower, chips, tmp_path, ending):
    alone = tmp_path / f"alone{ending}"
    alone.write_bytes((as_float[0] / f"small{ending}").read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = faces.encode(faces.load_tower(alone), list(chips), aligned=True)
    np.testing.assert_allclose(found, tower.predict_on_batch(chips.astype(np.float32)), atol=1e-5)


@pytest.mark.slow
def test_a_foreign_file_without_a_card_gets_255_and_says_so(tower, chips, tmp_path, fast):
    """What stands behind the model is taken off: the file is as a converter alone would have written it."""
    export.export(tower, tmp_path / "out", ["litert"], **fast)
    whole = (tmp_path / "out" / "small.tflite").read_bytes()
    (tmp_path / "x.tflite").write_bytes(whole[: whole.index(b"PK\x03\x04keras_apps"[:4])])
    assert LiteRTRuntime(tmp_path / "x.tflite").metadata == {}
    with pytest.warns(UserWarning, match="does not say whether white is 1 or 255"):
        found = faces.encode(faces.load_tower(tmp_path / "x.tflite"), list(chips), aligned=True)
    np.testing.assert_allclose(found, tower.predict_on_batch(chips.astype(np.float32)), atol=1e-5)


@pytest.mark.parametrize(
    "change", [{"white": "abc"}, {"white": 7}, {"white": None}, {"threshold": 3}, {"fingerprint": 1}, {"sha256": ""}]
)
def test_a_damaged_card_is_named(as_float, tmp_path, change):
    (tmp_path / "small.tflite").write_bytes((as_float[0] / "small.tflite").read_bytes())
    card = json.loads((as_float[0] / "small.tflite.card.json").read_text("utf-8"))
    (tmp_path / "small.tflite.card.json").write_text(json.dumps(card | change), "utf-8")
    with pytest.raises(ValueError, match=r"received '.*small\.tflite\.card\.json'"):
        faces.load_tower(tmp_path / "small.tflite")


def damaged(path, kind):
    tower = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    tower.save(path)
    whole = path.read_bytes()
    if kind == "half":
        path.write_bytes(whole[: len(whole) // 2])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("hello", "utf-8")
    elif kind == "bit":
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
    else:
        with zipfile.ZipFile(path, "w") as other:
            other.writestr("x.txt", "x")


@pytest.mark.parametrize("kind", ["half", "empty", "text", "bit", "zip"])
def test_a_damaged_keras_file_is_called_damaged(tmp_path, kind):
    damaged(tmp_path / "x.keras", kind)
    with pytest.raises(ValueError, match=r"expected a Keras model, received '.*x\.keras'.*damaged") as caught:
        load_tower(tmp_path / "x.keras")
    assert "not found" not in str(caught.value)


def test_a_file_with_code_is_refused_in_one_sentence(tmp_path):
    """Keras advises `safe_mode=False`, which runs the code."""
    x = keras.Input((4,))
    inner = keras.Sequential([keras.layers.Lambda(lambda z: z * 2, name="doubled")])
    keras.Model(x, keras.layers.Dense(2)(inner(x))).save(tmp_path / "x.keras")
    with pytest.raises(ValueError, match=r"a Lambda layer \('doubled'\).*write that layer as a class") as caught:
        load_tower(tmp_path / "x.keras")
    assert "safe_mode" not in str(caught.value) and "\n" not in str(caught.value)

    class Twice(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    keras.Model(x, Twice()(x)).save(tmp_path / "y.keras")
    with pytest.raises(ValueError, match="contains the class 'Twice', which is not registered; import the module"):
        load_tower(tmp_path / "y.keras")


@pytest.mark.parametrize(
    "name", ["a.keras", "a.int8.tflite", "a.ONNX", "", " ", "a/b", "..", "a\\b", "a\nb", "x" * 250]
)
def test_names_with_an_ending_or_folder_are_refused_before_the_model_is_loaded(tmp_path, fails, name):
    with pytest.raises(ValueError, match="expected a file name without folders or an ending"):
        export.export("resnet128", tmp_path / "out", ["keras"], name=name)
    if name in ("", "a.keras"):
        assert "without folders or an ending" in fails("export", "resnet128", "-o", "out", "--name", name)
    assert not (tmp_path / "out").exists() and checked_name("Tür 7.b") == "Tür 7.b"


def test_a_model_file_that_was_exported_keeps_one_ending(tower, tmp_path, fast):
    tower.save(tmp_path / "a.saved_model.keras")
    found = export.export(tmp_path / "a.saved_model.keras", tmp_path / "out", ["keras"], **fast)
    assert found["keras"].file == "a.keras"


@pytest.mark.parametrize("stop", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_an_interruption_while_files_are_moved_brings_the_old_ones_back(tmp_path, monkeypatch, stop, at):
    """Two names, each there already: four moves, of which each may fail, the last after the others' success."""
    folder = tmp_path / "out"

    def write(text):
        with _files.folder_written_aside(folder) as aside:
            (aside / "a.onnx").write_text(text, "utf-8")
            (aside / "b.saved_model").mkdir()
            (aside / "b.saved_model" / "x").write_text(text, "utf-8")

    write("old")
    move, count = os.replace, []

    def failing(*paths):
        count.append(paths)
        if len(count) == at:
            raise stop
        move(*paths)

    with monkeypatch.context() as patched, pytest.raises(type(stop)):
        patched.setattr(_files.os, "replace", failing)
        write("new")
    assert (folder / "a.onnx").read_text("utf-8") == "old"
    assert (folder / "b.saved_model" / "x").read_text("utf-8") == "old"
    assert sorted(p.name for p in folder.iterdir()) == ["a.onnx", "b.saved_model"]
    with monkeypatch.context() as patched, pytest.raises(type(stop)):
        patched.setattr(_files.os, "replace", failing)
        count.clear()
        folder = tmp_path / "another"
        write("new")
        count.clear()
        raise stop  # a new folder needs two moves only
    assert not folder.exists() or at > 2


def test_what_a_killed_run_left_is_no_obstacle(tower, tmp_path, fast):
    (tmp_path / "out" / ".export-left" / "new").mkdir(parents=True)
    assert export.export(tower, tmp_path / "out", ["keras"], **fast).passed
    with pytest.raises(FileExistsError, match="contains files; overwrite=True"):
        export.export(tower, tmp_path / "out", ["keras"], **fast)


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("x: No space left on device; y")]
)
def test_a_full_disk_is_reported_as_such(tower, tmp_path, monkeypatch, error, fast):
    """HDF5 raises OSError, TensorFlow errors of its own."""

    def full(self, path, precision):
        path.write_bytes(b"half")
        raise error

    monkeypatch.setattr(Writer, "_saved_model", full)
    with pytest.raises(OSError, match="[Nn]o space left"):
        export.export(tower, tmp_path / "out", ["keras", "saved_model"], **fast)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_identifier_is_compared_on_faces_and_its_card_says_whose_probability_is_where(tower, tmp_path):
    model = faces.SoftmaxIdentifier(tower, ["ada", "bob"])
    found = export.export(model, tmp_path / "out", ["litert"], name="who", rounds=1)
    assert "synthetic people" in found.crops and found.kind == "network" and found["litert"].relative < 1e-5
    card = json.loads((tmp_path / "out" / "who.tflite.card.json").read_text("utf-8"))
    assert card["people"] == ["ada", "bob", "unknown"] and card["output"][0]["shape"] == ["n", 3]
    assert "in this order: ada, bob, unknown" in (tmp_path / "out" / "who.tflite.card.md").read_text("utf-8")


@pytest.mark.slow
def test_a_tower_of_rank_3_says_what_litert_lacks_and_goes_to_saved_model(tmp_path):
    tower = dimensions.build_tower(rank=3, input_shape=(8, 8, 8, 1), filters=4, blocks=[(8, 2)])
    found = export.export(tower, tmp_path / "out", ["keras", "saved_model"], rounds=1)
    assert found.passed and "ms for one sample" in str(found)
    with pytest.raises(
        ValueError, match="litert cannot represent the model .*: LiteRT has no operation for AvgPool3D$"
    ):
        export.export(tower, tmp_path / "lite", ["litert"], rounds=0)


def test_calibration_takes_one_person_too_and_says_what_is_damaged(tower, people, tmp_path):
    graph = make_graph(tower)
    one = tmp_path / "one"
    one.mkdir()
    (people / "p0").rename(one / "p0")
    assert crops.calibration_of(one, graph, aligned=True).pixels.shape == (3, SIZE, SIZE, 3)
    assert len(crops.calibration_of(one / "p0", graph, aligned=True).pixels) == 3
    verifier = crops.calibration_of(one, make_graph(VerificationModel(tower)), aligned=True)
    assert verifier.first.tolist() == [0, 1, 2] and verifier.second.tolist() == [2, 0, 1]
    with pytest.raises(ValueError, match="expected at least two people, received 1"):
        crops.crops_of(one, graph, aligned=True)
    (people / "p1" / "z.png").write_text("no picture", "utf-8")
    for read in (crops.calibration_of, crops.crops_of):
        with pytest.raises(ValueError, match=r"1 of \d that cannot be read; remove them: 'p1/z.png'") as caught:
            read(people, graph, aligned=True)
        assert "skip" not in str(caught.value)
    (tmp_path / "none" / "p0").mkdir(parents=True)
    for folder in (tmp_path / "none", tmp_path / "none" / "p0"):
        with pytest.raises(ValueError, match="expected pictures .*which contains none"):
            crops.calibration_of(folder, graph, aligned=True)


def test_calibration_reads_no_more_than_it_uses(tower, people, monkeypatch):
    monkeypatch.setattr(crops, "CALIBRATION", 4)
    assert len(crops.calibration_of(people, make_graph(tower), aligned=True).pixels) == 4


def test_a_backbone_is_compared_on_whole_pictures_of_a_folder_of_people(people):
    """No face is looked for: drawings of 16 pixels have none that the detector would find."""
    graph = replace(make_graph(faces.build_tower("small", size=SIZE)), kind="network")
    found = crops.crops_of(people, graph)
    assert np.array_equal(found.pixels[0], images.to_uint8(images.load_image(people / "p0" / "0.png")))


@pytest.mark.slow
def test_the_commands_tolerances_name_their_precision(fails, tower, tmp_path, fast):
    given = ("--pictures", fast["pictures"], "--calibration", fast["pictures"], "--aligned", "--rounds", 0)
    assert read_tolerances(["1e-6", "int8=0.1"]) == {"float32": 1e-6, "int8": 0.1}
    with pytest.raises(ValueError, match="such as 1e-6 or int8=0.1, received 'int8=much'"):
        read_tolerances(["int8=much"])
    tower.save(tmp_path / "mine.keras")
    for fmt, name in (("litert", "1e-12"), ("litert-float16", "float16=1e-12"), ("litert-int8", "int8=1e-12")):
        words = fails("export", "mine.keras", "-o", "new", "--format", fmt, "--tolerance", name, *given)
        assert f"of {fmt} (tolerance 1e-12); nothing was written" in words and not (tmp_path / "new").exists()
    assert "expected a precision among" in fails("export", "mine.keras", "-o", "new", "--tolerance", "int4=1")


def test_a_model_in_half_precision_is_refused_with_advice(tmp_path):
    x = keras.Input((8, 8, 3))
    y = keras.layers.Flatten(dtype="mixed_float16")(x)
    with pytest.raises(ValueError, match="received layers in float16; build it again under .*'float32'"):
        export.export(keras.Model(x, y), tmp_path / "out", ["keras"])


def test_galleries_of_another_tower_are_refused_and_int8_is_another(as_float, tower, chips, tmp_path):
    litert, int8 = (faces.load_tower(as_float[0] / f"small{ending}") for ending in (".tflite", ".int8.tflite"))
    assert litert.fingerprint == faces.fingerprint(tower) != int8.fingerprint
    threshold = faces.Threshold(0.5, "squared_euclidean", int8.fingerprint, 9.0, 0.02, 1e-2, "made up")
    gallery = faces.Gallery(tmp_path / "team.db", int8, threshold)
    gallery.enrol("ada", [chips[0]], aligned=True)
    assert gallery.verify(chips[0], "ada", aligned=True).accepted
    with pytest.raises(
        faces.GalleryError, match=f"was made with tower {int8.fingerprint}, expected {litert.fingerprint}"
    ):
        faces.Gallery(tmp_path / "team.db", litert)


def test_litert_is_quiet_with_tensorflows_interpreter_too(as_float, chips, monkeypatch, capfd):
    """TensorFlow's copy warns of its end at every construction, and both tell in C++ of the delegate they made."""
    import importlib

    find = importlib.import_module

    def without(name, *rest):
        if name.startswith("ai_edge_litert"):
            raise ImportError(name)
        return find(name, *rest)

    monkeypatch.setattr(importlib, "import_module", without)
    capfd.readouterr()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = LiteRTRuntime(as_float[0] / "small.tflite")
        found = run({"pictures": (chips / 255).astype(np.float32)})["encoding"]
    assert found.shape == (9, LENGTH) and capfd.readouterr().err == ""


def test_standard_error_is_silenced_and_comes_back(capfd, monkeypatch):
    with pytest.raises(KeyError), silenced():
        os.write(2, b"gone")
        raise KeyError
    os.write(2, b"there")
    assert capfd.readouterr().err == "there"
    monkeypatch.setattr("sys.stderr", None)
    with silenced():
        os.write(2, b"gone")
    assert capfd.readouterr().err == ""


def test_only_one_module_redirects_standard_error():
    root = Path(export.__file__).parent.parent
    holders = {str(p.relative_to(root)) for p in root.rglob("*.py") if "os.dup2(" in p.read_text("utf-8")}
    assert {name for name in holders if not name.startswith("course")} == {"_silence.py"}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method")
def test_a_model_that_keras_quantized_goes_to_keras_and_saved_model(tmp_path, fast):
    tower = faces.build_tower("small", size=16, encoding=4)
    tower.quantize("int8")
    assert export.export(tower, tmp_path / "out", ["keras", "saved_model"], **fast).passed
    with pytest.raises(ValueError, match="litert cannot represent .* which `quantize` has changed; .*'litert-int8'"):
        export.export(tower, tmp_path / "litert", ["litert"], **fast)


def test_an_error_of_the_converter_is_reported_without_its_source_locations():
    error = RuntimeError('<unknown>:0: error: loc(callsite(fused["Mul:", "a/Mul"] at "b")): op needs float, got int8\n')
    assert _reason("litert", error) == "op needs float, got int8"
