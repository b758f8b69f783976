"""`.keras` files load in safe mode once the package's classes are registered; until then Keras names the module."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_apps
from keras_apps import faces
from keras_apps._residual import RepeatBorder

ORDERS = (
    "import keras, keras_apps",
    "import keras_apps, keras; keras_apps.register()",
    "import keras_apps.faces, keras; keras_apps.register(); keras_apps.register()",
)
LOAD = """
import sys
from pathlib import Path
import numpy as np
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


@pytest.mark.parametrize("order", [ORDERS[0], *(pytest.param(order, marks=pytest.mark.slow) for order in ORDERS[1:])])
def test_files_load_with_only_the_package_imported(folder, order):
    lines = [line.split() for line in run(order + LOAD, str(folder)).splitlines()]
    assert [line[:2] for line in lines] == [
        ["layers", "Functional"],
        ["softmax", "SoftmaxIdentifier"],
        ["triplets", "TripletModel"],
        ["two_pictures", "VerificationModel"],
    ]
    assert all(float(line[2]) < 1e-5 for line in lines)


@pytest.mark.slow
def test_without_the_package_keras_does_not_know_them(folder):
    """So the test above would see it if nothing were registered."""
    with pytest.raises(AssertionError, match="Could not locate class"):
        run(f"import keras; keras.saving.load_model({str(folder / 'layers.keras')!r})")


def test_keras_names_the_import_of_a_file_that_is_not_registered(folder):
    code = f"import keras_apps, keras; keras.saving.load_model({str(folder / 'triplets.keras')!r})"
    message = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr
    assert "make sure they are all imported" in message and "'keras_apps.faces.training.triplet_model'" in message


def test_register_imports_every_module_with_a_registered_class():
    root = Path(keras_apps.__file__).parent
    found = {
        ".".join(path.relative_to(root).with_suffix("").parts)
        for path in root.rglob("*.py")
        if '@keras.saving.register_keras_serializable("keras_apps")' in path.read_text("utf-8")
    }
    assert found == set(keras_apps._MODULES_WITH_KERAS_CLASSES) and len(found) >= 7


def test_importing_is_light_and_leaves_the_import_system_alone():
    out = run(
        "import sys; before = list(sys.meta_path); import keras_apps, keras_apps.faces;"
        "print(sys.meta_path == before, 'keras' in sys.modules, 'tensorflow' in sys.modules)"
    )
    assert out.split() == ["True", "False", "False"]
