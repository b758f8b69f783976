"""`keras-apps visualize patches` as a user types it."""

import json
import subprocess
import sys

import keras
import numpy as np
from PIL import Image

from keras_apps import images, visualize

SMALL = ("--layer", "conv1=1,4", "--size", 64, "-o", "sheet.png", "--cell", 16)


def test_a_sheet_of_two_layers(run, tmp_path):
    code, out, err = run(
        "visualize", "patches", "bundled:cat", "bundled:coffee", "--layer", "conv1", "--layer", "conv2=5", *SMALL[2:]
    )
    assert code == 0, err
    assert out.startswith("sheet.png: 10 units of 2 layers of alexnet, from 2 pictures, in ")
    assert images.load_image(tmp_path / "sheet.png").std() > 0.1


def test_json_names_every_patch(run):
    code, out, _ = run("visualize", "patches", "bundled:cat", "bundled:coffee", *SMALL, "-k", 1, "--json")
    report = json.loads(out)
    assert code == 0 and report["pictures"] == 2 and report["skipped"] == {}
    conv1 = report["layers"]["conv1"]
    assert conv1["receptive_field"]["size"] == [11, 11] and list(conv1["units"]) == ["1", "4"]
    [best] = conv1["units"]["4"]
    assert best["picture"] in ("bundled:cat", "bundled:coffee") and len(best["box"]) == 2 and best["value"] > 0


def test_folders_unreadable_pictures_and_units_inside(run, fails, tmp_path):
    (tmp_path / "some" / "deeper").mkdir(parents=True)
    Image.new("RGB", (70, 70), (200, 30, 30)).save(tmp_path / "some" / "deeper" / "red.png")
    (tmp_path / "some" / "torn.jpg").write_bytes(images.resolve("bundled:cat").read_bytes()[:2000])
    assert "torn.jpg', which is damaged" in fails("visualize", "patches", "some", *SMALL)
    code, out, err = run("visualize", "patches", "some", *SMALL, "--skip-unreadable", "--inside", "--drive", "none")
    assert code == 0 and "from 1 picture, 1 left out" in out and "left out: some/torn.jpg" in err


def test_own_networks_and_towers(run, fails, tmp_path):
    keras.utils.set_random_seed(1)
    own = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(3, 5, activation="relu", name="mine")])
    own.save(tmp_path / "own.keras")
    arguments = ("visualize", "patches", "bundled:cat", "-o", "sheet.png", "--cell", 16, "--model")
    code, out, _ = run(*arguments, "own.keras", "--layer", "mine", "--json")
    of_255 = json.loads(out)["layers"]["mine"]["units"]["0"][0]["value"]
    code, out, _ = run(*arguments, "own.keras", "--layer", "mine", "--white", 1, "--json")
    np.testing.assert_allclose(of_255, 255 * json.loads(out)["layers"]["mine"]["units"]["0"][0]["value"], rtol=1e-4)
    code, out, _ = run(*arguments, "synthetic64", "--layer", "block1_relu2", "--unit", 3)
    assert code == 0 and "1 unit of 1 layer of synthetic64" in out
    assert "expected --layer with a .keras file" in fails(*arguments, "own.keras")


def test_what_goes_wrong_is_said_in_one_line(fails, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.keras").write_text("no model")
    command = ("visualize", "patches", "bundled:cat")
    for arguments, words in (
        ((*command, *SMALL, "--model", "alexnett"), "expected a model among alexnet, vgg16"),
        ((*command, "--layer", "conf1", "-o", "sheet.png"), "did you mean 'conv1'"),
        ((*command, "--layer", "conv1=a", "-o", "sheet.png"), "LAYER or LAYER=UNIT,UNIT"),
        ((*command, "--layer", "conv1", "--layer", "conv1=2", "-o", "sheet.png"), "'conv1' twice"),
        ((*command, "--layer", "conv1=64", "-o", "sheet.png"), "expected units of 'conv1' from 0 to 63, received 64"),
        (
            (*command, "--layer", "conv5", "--size", 30, "-o", "sheet.png"),
            "at least 31 pixels, large enough for 'conv5'",
        ),
        (
            (*command, "--layer", "conv5", "--size", 96, "--inside", "-o", "sheet.png"),
            "pictures of at least 163 pixels",
        ),
        ((*command, *SMALL, "-k", 0), "at least 1 for k, received 0"),
        ((*command, *SMALL, "--drive", "giuded"), "did you mean 'guided'"),
        ((*command, *SMALL, "--cell", 2), "expected --cell of at least 8"),
        ((*command, *SMALL, "--white", 1), "expected no --white with alexnet"),
        ((*command, *SMALL, "--model", "no.keras"), "does not exist"),
        ((*command, *SMALL, "--model", "text.keras"), "expected a Keras model"),
        ((*command, "-o", "sheet.txt"), "expected a file ending in .png"),
        ((*command, "-o", "no/sheet.png"), "expected an existing folder"),
        (("visualize", "patches", "empty", *SMALL), "expected pictures in the folder 'empty', received none"),
        (("visualize", "patches", "missing.jpg", *SMALL), "'missing.jpg', which does not exist"),
        (("visualize", "patches", "text.keras", *SMALL), "which has no known picture format"),
    ):
        assert words in fails(*arguments), arguments
    assert not (tmp_path / "sheet.png").exists()


def test_public_names_are_documented_and_light():
    for name in visualize.__all__:
        value = getattr(visualize, name)
        assert name in dir(visualize) and (getattr(value, "__doc__", None) or name.isupper()), name
    code = "import sys, keras_apps.visualize; print('tensorflow' in sys.modules or 'keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n" and "->" in visualize.__doc__


def test_help_does_not_load_tensorflow():
    code = "import sys; from keras_apps.cli import main; sys.argv = ['keras-apps', 'visualize', 'patches', '--help']\n"
    code += (
        "try:\n    main.main()\nexcept SystemExit:\n    print('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "--skip-unreadable" in done.stdout and done.stdout.endswith("False\n")
