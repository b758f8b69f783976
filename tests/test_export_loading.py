"""`.keras` files load in safe mode in a process that imported `keras_apps` alone, before Keras or after."""

import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_apps
from keras_apps import _registration, faces
from keras_apps._repeat_border import RepeatBorder

ORDERS = ("import keras_apps; from keras import saving; import keras", "import keras, keras_apps")
LOAD = """
import sys
from pathlib import Path
import numpy as np
assert not [name for name in sys.modules if name.startswith("keras_apps.faces")], "the classes' modules wait"
for path in sorted(Path(sys.argv[1]).glob("*.keras")):
    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    wanted = np.load(path.with_suffix(".npy"))
    x = np.linspace(0, 255, 2 * 16 * 16 * 3, dtype="float32").reshape(2, 16, 16, 3)
    found = model((x, x[::-1])) if path.stem.startswith("two") else model(x)
    print(path.stem, type(model).__name__, float(np.abs(np.asarray(found) - wanted).max()))
"""


def run(code: str, *arguments) -> str:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Models that hold each class that has weights or settings, with what they answer."""
    folder = tmp_path_factory.mktemp("models")
    tower = faces.build_tower("small", size=16, encoding=8)
    pictures = keras.Input((16, 16, 3))
    x = RepeatBorder(1, 1)(pictures)
    for layer in (faces.RandomView(seed=1), faces.RandomLight(seed=1), faces.RandomPatch(seed=1)):
        x = layer(x)
    narrow = keras.layers.AveragePooling2D(2)(x)
    layers = keras.Model(pictures, faces.ShortcutAdd()([x, narrow]))
    models = {
        "layers": layers,
        "two_pictures": faces.VerificationModel(tower, "chi-square"),
        "triplets": faces.TripletModel(tower),
        "softmax": faces.SoftmaxIdentifier(tower, ["ada", "bob"]),
    }
    x = np.linspace(0, 255, 2 * 16 * 16 * 3, dtype="float32").reshape(2, 16, 16, 3)
    for name, model in models.items():
        answer = model((x, x[::-1])) if name.startswith("two") else model(x)
        np.save(folder / f"{name}.npy", np.asarray(answer))
        model.save(folder / f"{name}.keras")
    return folder


@pytest.mark.parametrize("order", ORDERS)
def test_files_load_with_only_the_package_imported(folder, order):
    lines = [line.split() for line in run(order + LOAD, str(folder)).splitlines()]
    assert [line[:2] for line in lines] == [
        ["layers", "Functional"],
        ["softmax", "SoftmaxIdentifier"],
        ["triplets", "TripletModel"],
        ["two_pictures", "VerificationModel"],
    ]
    assert all(float(line[2]) < 1e-5 for line in lines)


def test_without_the_package_keras_does_not_know_them(folder):
    """So the test above would see it if nothing were registered."""
    with pytest.raises(AssertionError, match="Could not locate class"):
        run(f"import keras; keras.saving.load_model({str(folder / 'layers.keras')!r})")


def test_every_registered_class_is_in_the_table():
    root, found = Path(keras_apps.__file__).parent, {}
    for path in root.rglob("*.py"):
        for name in re.findall(
            r'^@keras\.saving\.register_keras_serializable\("keras_apps"\)\nclass (\w+)', path.read_text("utf-8"), re.M
        ):
            found[name] = ".".join(path.relative_to(root).with_suffix("").parts)
    assert found == _registration.CLASSES and len(found) >= 10


def test_a_stand_in_gives_the_real_class():
    """In this process the modules are loaded; a fresh stand-in still leads to the very class."""
    stand_in = _registration._deferred("ShortcutAdd", "faces.layers")
    assert type(stand_in.from_config({"name": "add"})) is faces.ShortcutAdd
    assert stand_in.from_config({"name": "add"}).name == "add"


def test_keras_keeps_its_loader_and_the_finder_goes():
    out = run(
        "import keras_apps, sys, importlib.machinery as m; of = lambda: [type(f).__name__ for f in sys.meta_path];"
        "print('_AfterKeras' in of()); import keras; print('_AfterKeras' in of(),"
        "type(keras.__loader__) is m.SourceFileLoader, 'exec_module' in vars(keras.__loader__))"
    )
    assert out.split() == ["True", "False", "True", "False"]
