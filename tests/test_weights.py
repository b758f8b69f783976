"""The bundled files are what the manifest says, and a damaged one is named before anything loads."""

import hashlib
import importlib.util
import io
import pickle
import shutil

import keras
import numpy as np
import pytest

from keras_apps import weights


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the smallest weights, free to be damaged."""
    for file in ("MANIFEST.json", "alexnet.npz"):
        shutil.copy(weights.folder() / file, tmp_path)
    monkeypatch.setattr(weights, "folder", lambda: tmp_path)
    return tmp_path


def test_manifest_describes_the_files():
    for name, entry in weights.manifest().items():
        path = weights.checked_path(name)
        assert path.stat().st_size == entry["bytes"]
        arrays = weights.load(name)
        assert len(arrays) == entry["arrays"]
        assert sum(a.size for a in arrays.values()) == entry["parameters"]
        for key in ("licence", "command", "input", "author"):
            assert entry[key]
        assert entry["source"]["package"] and entry["source"]["version"]
    assert set(weights.manifest()) >= {"resnet128", "vgg16", "alexnet"}


def test_all_weights_together_are_at_most_75_megabytes():
    assert sum(f.stat().st_size for f in weights.folder().iterdir() if f.is_file()) <= 75e6


def test_known_first_values():
    """torchvision's first VGG16 kernel value is -0.5537306 and bias 0.403388, AlexNet's kernel 0.1186396."""
    vgg16, alexnet = weights.load("vgg16"), weights.load("alexnet")
    assert vgg16["block1_conv1/kernel"].ravel()[0] == pytest.approx(-0.5537306, abs=3e-4)
    assert vgg16["block1_conv1/bias"][0] == pytest.approx(0.403388, abs=3e-4)
    assert alexnet["conv1/kernel"].ravel()[0] == pytest.approx(0.1186396, abs=1e-4)


def test_a_damaged_file_is_named_with_both_checksums(copy):
    path = copy / "alexnet.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    expected, found = weights.manifest()["alexnet"]["sha256"], hashlib.sha256(content).hexdigest()
    with pytest.raises(weights.DamagedWeightsError, match=f"alexnet.npz.*{expected}.*{found}"):
        weights.load("alexnet")


def test_a_missing_file_and_manifest_are_named(copy):
    (copy / "alexnet.npz").unlink()
    with pytest.raises(weights.DamagedWeightsError, match="alexnet.npz.*missing"):
        weights.load("alexnet")
    (copy / "MANIFEST.json").write_text("{")
    with pytest.raises(weights.DamagedWeightsError, match="MANIFEST.json"):
        weights.manifest()


def test_unknown_names_are_refused_with_the_list_of_names():
    with pytest.raises(ValueError, match="resnet128.*received 'resnet'"):
        weights.load("resnet")
    with pytest.raises(ValueError, match="expected 'vgg19'"):
        weights.download("vgg16")


def test_assign_checks_names_and_shapes():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="d")])
    weights.assign(model, {"d/kernel": np.ones((2, 1)), "d/bias": np.ones(1), "other/kernel": np.ones(3)})
    assert model.predict(np.ones((1, 2)), verbose=0)[0, 0] == 3
    with pytest.raises(ValueError, match="d/bias"):
        weights.assign(model, {"d/kernel": np.ones((2, 1))})


@pytest.mark.parametrize("left_over", [b"", b"half of a download"])
def test_a_failed_download_is_reported_and_leaves_nothing(tmp_path, monkeypatch, left_over):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def refuse(**options):
        assert options == {"include_top": False, "weights": "imagenet"}
        weights.vgg19_path().parent.mkdir(parents=True, exist_ok=True)
        if left_over:
            weights.vgg19_path().write_bytes(left_over)
        raise OSError("no route to host")

    monkeypatch.setattr(keras.applications, "VGG19", refuse)
    lines = []
    with pytest.raises(ConnectionError, match="no route to host; the incomplete file was removed"):
        weights.download("vgg19", report=lines.append)
    assert "80 MB" in lines[0] and not weights.vgg19_path().exists()


def test_a_download_that_arrives_damaged_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))

    def damaged(**options):
        weights.vgg19_path().parent.mkdir(parents=True, exist_ok=True)
        weights.vgg19_path().write_bytes(b"not the weights")

    monkeypatch.setattr(keras.applications, "VGG19", damaged)
    with pytest.raises(ConnectionError, match="md5"):
        weights.download("vgg19")
    assert not weights.vgg19_available() and not weights.vgg19_path().exists()


@pytest.fixture
def converter():
    """The script that makes the weight files; an installed package has the files without it."""
    script = weights.folder() / "convert.py"
    if not script.exists():
        pytest.skip("only a clone has weights/convert.py")
    specification = importlib.util.spec_from_file_location("convert", script)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["resnet128", "vgg16", "alexnet"])
def test_the_converter_packs_the_same_bytes_from_the_same_arrays(converter, name):
    """Unpacking and packing again gives the file in the manifest, whatever the NumPy and Python versions."""
    path = weights.checked_path(name)
    with np.load(path) as arrays:
        assert converter.pack(dict(arrays), "float16") == path.read_bytes()


def test_the_converter_admits_nothing_but_arrays(converter):
    read = converter.ArrayUnpickler
    assert read(io.BytesIO(pickle.dumps({"a": np.arange(3)}, protocol=4))).load()["a"].tolist() == [0, 1, 2]
    with pytest.raises(pickle.UnpicklingError, match="expected only NumPy arrays, received posix.system"):
        read(io.BytesIO(b"cposix\nsystem\n(S'true'\ntR.")).load()


def test_the_converter_reads_dlibs_integers_and_tensors(converter):
    """One byte with sign and length, then little-endian: 01 05 is 5, 82 2C 01 is -300. A tensor follows its shape."""
    reader = converter.DlibReader(bytes([0x01, 5, 0x82, 0x2C, 0x01]), 0)
    assert [reader.integer(), reader.integer()] == [5, -300]
    values = np.arange(6, dtype="<f4")
    head = bytes([1, 2]) + b"".join(bytes([1, n]) for n in (1, 2, 3, 1))
    np.testing.assert_array_equal(converter.DlibReader(head + values.tobytes(), 0).tensor(), values.reshape(1, 2, 3, 1))
    with pytest.raises(ValueError, match="version 2, received 1"):
        converter.DlibReader(bytes([1, 1]), 0).tensor()
