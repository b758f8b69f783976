"""`keras-apps visualize maximize | filters | maps | occlusion` as a user types them."""

import json
import subprocess
import sys

import pytest

from keras_apps import images

QUICK = ("--size", 48, "--steps", 3, "-o", "sheet.png", "--cell", 48)


def test_maximize(run, tmp_path):
    code, out, err = run("visualize", "maximize", "--layer", "conv2=1,4", *QUICK, "--diverse", 2)
    assert code == 0, err
    assert out.startswith("sheet.png: 4 pictures of 1 layer of alexnet, in ")
    assert images.load_image(tmp_path / "sheet.png").std() > 0.05
    code, out, _ = run(
        "visualize", "maximize", "--layer", "conv1", "--whole", "--start", "bundled:cat", *QUICK, "--json"
    )
    report = json.loads(out)["layers"]["conv1"]
    assert code == 0 and report["units"] is None and report["steps"] == 3 and report["after"] > report["before"]


@pytest.mark.slow
def test_maximize_a_face(run):
    arguments = ("--model", "resnet128", "--face", "bundled:hopper", "--steps", 2, "--still", "-o", "sheet.png")
    code, out, err = run("visualize", "maximize", *arguments, "--json")
    report = json.loads(out)["layers"]["encoding"]
    assert report["measure"] == "squared distance"
    assert code == 0 and 0 < report["after"][0] < report["before"][0], err


def test_filters_and_maps(run, tmp_path):
    code, out, _ = run("visualize", "filters", "-o", "sheet.png")
    assert (code, out) == (0, "sheet.png: 64 filters of conv1 of alexnet\n")
    code, out, _ = run("visualize", "filters", "-o", "sheet.png", "--model", "resnet128", "--unit", 3, "--json")
    assert json.loads(out) == {"out": "sheet.png", "model": "resnet128", "layer": "conv1", "filters": 1}
    code, out, err = run(
        "visualize", "maps", "bundled:cat", "-o", "sheet.png", "--layer", "conv1=2,5", "--layer", "conv2", "--size", 64
    )
    assert (code, out) == (0, "sheet.png: 2 layers of alexnet on bundled:cat\n"), err
    code, out, _ = run(
        "visualize", "maps", "bundled:cat", "-o", "sheet.png", "--layer", "conv1", "--size", 64, "--json"
    )
    assert json.loads(out)["layers"]["conv1"]["shape"] == [15, 15, 64]
    assert images.load_image(tmp_path / "sheet.png").std() > 0.05


@pytest.mark.slow
def test_occlusion(run, tmp_path):
    images.save_image(images.load_image("bundled:hopper")[:, ::-1], tmp_path / "mirrored.png")
    arguments = ("visualize", "occlusion", "bundled:hopper", "mirrored.png", "-o", "map.png", "--patch", 50)
    code, out, err = run(*arguments, "--stride", 50, "--json")
    report = json.loads(out)
    assert code == 0 and report["tops"] == [0, 50, 62] and report["distance"] < report["tau"], err
    assert report["decides"]["change"] == max(map(max, report["changes"])) > 0
    code, out, err = run(*arguments, "--stride", 50)
    assert code == 0 and "accepted up to 1.29" in out and " are covered" in out
    assert images.load_image(tmp_path / "map.png").shape[1] > 400


@pytest.mark.slow
def test_what_goes_wrong_is_said_in_one_line(fails, tmp_path):
    maximize, out = ("visualize", "maximize"), ("-o", "sheet.png")
    for arguments, words in (
        ((*maximize, "--layer", "conf1", *QUICK), "did you mean 'conv1'"),
        ((*maximize, "--layer", "conv1=64", *QUICK), "units of 'conv1' from 0 to 63, received 64"),
        ((*maximize, "--model", "alexnett", *QUICK), "did you mean 'alexnet'"),
        ((*maximize, "--layer", "conv1", *QUICK, "--position", "a,b"), "--position as ROW,COLUMN or center"),
        ((*maximize, "--layer", "conv1", *QUICK, "--position", "90,0"), "a position on the map"),
        ((*maximize, "--layer", "conv1=2", "--whole", *QUICK), "--whole without units"),
        ((*maximize, "--face", "bundled:hopper", *QUICK), "--face with a face tower"),
        ((*maximize, "--model", "resnet128", "--face", "no.jpg", *out), "'no.jpg'"),
        ((*maximize, "--model", "resnet128", "--face", "bundled:hopper", "--whole", *out), "received both"),
        ((*maximize, "--layer", "conv1", "--start", "no.jpg", *QUICK), "'no.jpg'"),
        ((*maximize, "--layer", "conv1", "--steps", 0, *out), "at least 1 for steps"),
        ((*maximize, "--layer", "conv5", "--size", 30, *out), "at least 31 pixels"),
        ((*maximize, "--layer", "conv1", "-o", "sheet.txt"), "a file ending in .png"),
        (("visualize", "filters", "--layer", "conv2", *out), "a channel from 0 to 63"),
        (("visualize", "filters", "--layer", "pool1", *out), "which is a MaxPooling2D"),
        (("visualize", "filters", "--unit", 64, *out), "filters from 0 to 63"),
        (("visualize", "maps", "no.jpg", *out), "'no.jpg'"),
        (("visualize", "maps", "bundled:cat", "--layer", "conv1=64", *out), "from 0 to 63, received 64"),
        (
            ("visualize", "occlusion", "bundled:hopper", "bundled:hopper", "--model", "vgg16", *out),
            "a face tower among",
        ),
        (("visualize", "occlusion", "bundled:hopper", "bundled:hopper", "--patch", 200, *out), "within the picture"),
        (("visualize", "occlusion", "bundled:hopper", "bundled:coffee", *out), "a face"),
        (("visualize", "occlusion", "bundled:cat", "bundled:hopper", "-o", "no/map.png"), "an existing folder"),
    ):
        assert words in fails(*arguments), arguments
    assert not (tmp_path / "sheet.png").exists()


def test_help_does_not_load_tensorflow():
    code = "import sys; from keras_apps.cli import main\nfor command in ('maximize', 'filters', 'maps', 'occlusion'):\n"
    code += "    sys.argv = ['keras-apps', 'visualize', command, '--help']\n    try:\n        main.main()\n"
    code += "    except SystemExit:\n        pass\nprint('tensorflow' in sys.modules or 'keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("--model") >= 4 and done.stdout.endswith("False\n")
