"""The command line as a user types it: output, exit codes, and one line for everything that goes wrong."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from keras_apps import images, weights
from keras_apps.cli import main
from keras_apps.style.recipes.files import read_recipe_file


@pytest.fixture(scope="module")
def team(tmp_path_factory):
    """A gallery with one person, made once by the command itself, in a process of its own."""
    path = tmp_path_factory.mktemp("team") / "team.db"
    command = [sys.executable, "-m", "keras_apps.cli.main", "faces", "enrol", path, "Barack", "bundled:obama2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"Barack: 1 added, 1 in all; 1 people in {path}\n"
    assert "Traceback" not in done.stderr and "oneDNN" not in done.stderr
    return path


@pytest.fixture
def gallery(team, tmp_path):
    return shutil.copy(team, tmp_path / "team.db")


def test_faces_from_enrolment_to_removal(run, gallery):
    code, out, _ = run("faces", "enrol", gallery, "Grace Hopper", "bundled:hopper", "--json")
    assert code == 0 and json.loads(out) == {"name": "Grace Hopper", "added": 1, "encodings": 1, "people": 2}
    code, out, _ = run("faces", "list", gallery)
    assert code == 0 and out.startswith("Barack  1 encoding  since 20") and out.endswith("2 people\n")
    code, out, _ = run("faces", "verify", gallery, "bundled:obama", "Barack")
    assert code == 0 and "Barack: accepted, distance 0." in out and "<= tau" in out
    code, out, _ = run("faces", "verify", gallery, "bundled:biden", "Barack", "--json")
    assert code == 1 and json.loads(out)["accepted"] is False
    code, out, _ = run("faces", "identify", gallery, "bundled:obama3", "bundled:coffee", "bundled:biden")
    assert code == 0
    assert "bundled:obama3: 1 face" in out and "Barack, distance" in out
    assert "bundled:coffee: no face" in out and "not recognised, nearest distance" in out
    code, out, _ = run("faces", "identify", gallery, "bundled:hopper", "--top", "1", "--json")
    face = json.loads(out)[0]["faces"][0]
    assert face["name"] == "Grace Hopper" and len(face["candidates"]) == 1 and len(face["box"]) == 4
    code, out, _ = run("faces", "remove", gallery, "Barack")
    assert code == 0 and out == f"Barack: removed with 1 encodings; 1 people left in {gallery}\n"
    code, out, _ = run("faces", "list", gallery, "--json")
    assert [row["name"] for row in json.loads(out)] == ["Grace Hopper"]


def test_several_faces(run, fails, two_faces, tmp_path, gallery):
    images.save_image(two_faces, tmp_path / "two.png")
    assert "with 2 (left, top, right, bottom" in fails("faces", "enrol", gallery, "x", "two.png")
    code, out, _ = run("faces", "enrol", gallery, "Hopper", "two.png", "--face", "largest")
    assert code == 0
    assert "from 1 to 2" in fails("faces", "enrol", gallery, "x", "two.png", "--face", "3")
    code, out, _ = run("faces", "identify", gallery, "two.png")
    assert "2 faces" in out and out.index("1 at") < out.index("2 at") and "Hopper" in out.split("2 at")[0]


def test_wrong_pictures_at_enrolment(fails, run, gallery, tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "cut.jpg").write_bytes(images.resolve("bundled:hopper").read_bytes()[:5000])
    Image.new("RGB", (1, 1)).save(tmp_path / "one.png")
    Image.new("1", (12000, 12000)).save(tmp_path / "huge.png")
    (tmp_path / "empty").mkdir()
    for picture, words in (
        ("bundled:coffee", "no face was found"),
        ("text.jpg", "no known picture format"),
        ("cut.jpg", "damaged"),
        ("one.png", "no face was found"),
        ("huge.png", "at most 64,000,000 pixels"),
        ("empty", "expected pictures in the folder"),
        ("missing.jpg", "does not exist"),
        ("bundled:nobody", "expected a bundled picture"),
    ):
        assert words in fails("faces", "enrol", gallery, "x", picture), picture
    assert run("faces", "list", gallery)[1].endswith("1 people\n")


@pytest.mark.slow
def test_a_folder_of_one_persons_pictures(run, gallery, tmp_path):
    (tmp_path / "hopper").mkdir()
    source = Image.open(images.resolve("bundled:hopper"))
    source.save(tmp_path / "hopper" / "a.png")
    source.convert("L").save(tmp_path / "hopper" / "b.png")
    source.convert("CMYK").save(tmp_path / "hopper" / "c.jpg")
    source.convert("P").save(tmp_path / "hopper" / "d.png")
    (tmp_path / "hopper" / "notes.txt").write_text("not a picture")
    code, out, err = run("faces", "enrol", gallery, "Hopper", "hopper", "--json")
    assert code == 0 and json.loads(out)["added"] == 4, err


def test_wrong_names_and_galleries(fails, run, gallery, tmp_path):
    assert "1 to 200 characters, received 0" in fails("faces", "enrol", gallery, "", "bundled:hopper")
    assert "received 10000" in fails("faces", "enrol", gallery, "x" * 10_000, "bundled:hopper")
    assert "received 'Lea'" in fails("faces", "verify", gallery, "bundled:obama", "Lea")
    assert "received 'Lea'" in fails("faces", "remove", gallery, "Lea")
    for command in (("list", "none.db"), ("verify", "none.db", "bundled:obama", "x"), ("remove", "none.db", "x")):
        assert "expected a gallery, received 'none.db'" in fails("faces", *command)
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "text.db").write_text("plain text, no database; " * 50)
    assert "not an SQLite file" in fails("faces", "list", "text.db")
    assert "not an SQLite file" in fails("faces", "enrol", "text.db", "x", "bundled:hopper")
    sqlite3.connect(gallery).execute("UPDATE meta SET value = 'other'").connection.commit()
    assert "made with tower other" in fails("faces", "verify", gallery, "bundled:obama", "Barack")
    assert "existing folder" in fails("faces", "enrol", "no/such/folder.db", "x", "bundled:hopper")


def test_a_gallery_locked_by_another_process(fails, gallery, monkeypatch):
    monkeypatch.setattr("keras_apps.faces.gallery.sqlite_file.SECONDS_TO_WAIT", 0.2)
    other = sqlite3.connect(gallery, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert "in use by another process" in fails("faces", "list", gallery)
    other.close()


@pytest.mark.slow
def test_own_tower_needs_its_own_threshold(fails, run, tower, tmp_path):
    tower.save(tmp_path / "own.keras")
    assert run("faces", "enrol", "own.db", "B", "bundled:obama", "--tower", "own.keras")[0] == 0
    code, out, _ = run("faces", "verify", "own.db", "bundled:obama2", "B", "--tower", "own.keras")
    assert code == 0, "the same weights have the same fingerprint, so the bundled threshold fits"
    (tmp_path / "t.json").write_text(
        json.dumps({"tau": 1, "distance": "euclidean", "model": "other", "slope": 1, "midpoint": 1, "far": 0.1})
    )
    arguments = ("faces", "verify", "own.db", "bundled:obama2", "B", "--threshold", "t.json")
    assert "calibrated for tower" in fails(*arguments)
    said = fails("faces", "enrol", "x.db", "B", "bundled:obama", "--tower", "vgg")
    assert "'resnet128', 'sface128+resnet128', 'synthetic64' or a path" in said


def test_style_paints_a_picture(run, tmp_path):
    code, out, err = run(
        *("style", "bundled:cat", "bundled:mosaic", "-o", "painted.png", "--size", 64, "--steps", 3),
        *("--style-layer", "block1_conv1=0.3", "--style-layer", "block2_conv1", "--content-layer", "block2_conv2"),
        *("--backbone", "vgg16", "--json"),
    )
    report = json.loads(out)
    assert code == 0 and report["backbone"] == "vgg16" and len(report["history"]) == 3
    assert report["recipe"]["style_layers"] == {"block1_conv1": 0.3, "block2_conv1": 1.0}
    assert max(images.load_image(tmp_path / "painted.png").shape) == 64
    assert re.fullmatch(r"about \d+ s and \d\.\d GB for 3 steps at 64 pixels\n", err), (
        "no progress bar where nobody looks"
    )
    assert read_recipe_file(tmp_path / "painted.png").recipe.as_dict() == report["recipe"]


def test_wrong_style_arguments(fails, tmp_path):
    good = ("style", "bundled:cat", "bundled:mosaic", "-o", "out.png", "--size", 64, "--steps", 1)
    for change, words in (
        (("--steps", 0), "steps of at least 1, received 0"),
        (("--steps", -5), "steps of at least 1, received -5"),
        (("--steps", "many"), "'--steps'"),
        (("--size", 100_000), "size from 32 to 8192"),
        (("--content-layer", "block9_conv1"), "block1_conv1, block1_conv2"),
        (("--style-layer", "block1_conv1=x"), "LAYER=NUMBER"),
        (("--learning-rate", 0), "learning_rate above 0"),
        (("--backbone", "resnet"), "auto, vgg16, vgg19, alexnet"),
        (("-o", "out.txt"), "ending in .png"),
        (("-o", "no/such/folder/out.png"), "existing folder"),
        (("--plot", "out.png"), "which is --out too"),
        (("--share", 0.5, "--share", 0.5), "--share 1 times"),
        (("--tile", 0), "--tile of at least 1 pixel"),
        (("--resume",), "--checkpoint with --resume"),
        (("--resume", "--checkpoint", "no.npz"), "checkpoint to resume from"),
        (("--start", "picture"), "--start-picture and --start picture together"),
        (("--mask", "bundled:mosaic"), "mask 1 to have the content's size"),
        (("--bits", 12), "8 or 16 bits"),
        (("--preset", "curse"), "did you mean 'course'"),
        (("--sweep", "stile=1,2"), "did you mean 'style'"),
    ):
        assert words in fails(*good, *change), change
    Image.new("RGB", (1, 1)).save(tmp_path / "one.png")
    Image.new("1", (12000, 12000)).save(tmp_path / "huge.png")
    (tmp_path / "text.jpg").write_text("no picture")
    for name, words in (("one.png", "at least 16 x 16"), ("huge.png", "64,000,000"), ("text.jpg", "no known")):
        assert words in fails("style", name, "bundled:mosaic", "-o", "out.png", "--size", 64)
        assert words in fails("style", "bundled:cat", name, "-o", "out.png", "--size", 64)
    assert "Missing option" in fails("style", "a.jpg", "b.jpg")
    assert not (tmp_path / "out.png").exists()


ADAM = ("--optimizer", "adam")  # whose steps can be stopped one by one


@pytest.mark.slow
def test_ctrl_c_saves_the_picture_so_far(run, monkeypatch, tmp_path):
    from keras_apps.style import step

    calls = []
    unbroken = step.StyleStep.__call__

    def third_time_interrupted(self):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return unbroken(self)

    monkeypatch.setattr(step.StyleStep, "__call__", third_time_interrupted)
    code, out, _ = run("style", "bundled:cat", "bundled:mosaic", "-o", "x.png", "--size", 32, "--steps", 9, *ADAM)
    assert code == 0 and "interrupted after 2 of 9 steps" in out and (tmp_path / "x.png").exists()


def test_ctrl_c_before_the_first_step_writes_nothing(run, monkeypatch, tmp_path):
    from keras_apps.style import step

    def interrupted(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(step.StyleStep, "__call__", interrupted)
    code, out, err = run("style", "bundled:cat", "bundled:mosaic", "-o", "x.png", "--size", 32, "--steps", 9, *ADAM)
    assert code == 130 and out == "" and err.endswith("keras-apps: interrupted\n")
    assert not (tmp_path / "x.png").exists()


@pytest.mark.slow
def test_a_disk_that_fills_up_does_not_cost_the_picture(fails, monkeypatch, tmp_path):
    real = images.save_image

    def full(image, path, **more):
        if str(path) == "x.png":
            raise OSError("could not write 'x.png': No space left on device")
        real(image, path, **more)

    monkeypatch.setattr(images, "save_image", full)
    line = fails("style", "bundled:cat", "bundled:mosaic", "-o", "x.png", "--size", 32, "--steps", 1)
    assert "could not write 'x.png'" in line
    assert images.load_image(line.split("saved as '")[1].rstrip("'")).shape[2] == 3


def test_too_little_memory_is_reported_before_the_start(fails, monkeypatch):
    from keras_apps.style.tiling import resources

    monkeypatch.setattr(resources, "available_memory", lambda: 3e9)
    line = fails("style", "bundled:astronaut", "bundled:mosaic", "-o", "x.png", "--size", 1024)
    assert (
        "1024 x 1024" in line
        and "3.0 GB that are free; choose a size of at most 672 or tiles of 512 (--tile 512)" in line
    )


def test_an_unexpected_error_is_one_line_too(fails, monkeypatch):
    def broken():
        raise RuntimeError("first line\nsecond line")

    monkeypatch.setattr(weights, "manifest", broken)
    assert "unexpected RuntimeError: first line (KERAS_APPS_DEBUG=1" in fails("weights", "list")


def test_a_failed_first_enrolment_leaves_no_gallery(fails, tmp_path):
    fails("faces", "enrol", "new.db", "x", "bundled:coffee")
    assert not (tmp_path / "new.db").exists()
    (tmp_path / "empty.db").touch()
    assert "an empty file" in fails("faces", "list", "empty.db")


def test_identify_goes_on_after_a_bad_picture(run, gallery, tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    code, out, err = run("faces", "identify", gallery, "text.jpg", "bundled:obama", "--json")
    rows = json.loads(out)
    assert code == 2 and "1 of 2 pictures could not be read" in err
    assert "no known picture format" in rows[0]["error"] and rows[1]["faces"][0]["name"] == "Barack"


def test_weights_list_and_verify(run, monkeypatch, tmp_path):
    code, out, _ = run("weights", "list", "--json")
    assert code == 0 and set(json.loads(out)["bundled"]) >= {"resnet128", "vgg16", "alexnet"}
    assert "CC0-1.0" in run("weights", "list")[1]
    code, out, _ = run("weights", "verify")
    assert code == 0 and "weight files verified" in out
    copy = tmp_path / "weights"
    shutil.copytree(weights.folder(), copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(weights, "folder", lambda: copy)
    (copy / "alexnet.npz").write_bytes(b"damaged")
    code, _, err = run("weights", "verify")
    assert code == 2 and "alexnet.npz' is damaged: expected sha256" in err


def test_only_vgg19_is_downloaded(fails):
    assert "expected 'vgg19'" in fails("weights", "download", "vgg16")


def test_version_help_and_typing_errors(run, fails):
    assert run("--version")[1].startswith("keras-apps 0.")
    for command in ([], ["faces"], ["weights"]):
        code, out, _ = run(*command)
        assert code == 2 and "Usage" in out
        assert run(*command, "--help")[0] == 0
    assert "No such command" in fails("paint")
    assert "No such option" in fails("faces", "list", "x.db", "--nonsense")


def test_a_damaged_weight_file_is_named_before_anything_loads(fails, monkeypatch, tmp_path, gallery):
    copy = tmp_path / "weights"
    shutil.copytree(weights.folder(), copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(weights, "folder", lambda: copy)
    for name in ("sface128.npz", "vgg16.npz"):
        (copy / name).write_bytes(b"damaged")
    assert "sface128.npz' is damaged" in fails("faces", "verify", gallery, "bundled:obama", "Barack")
    arguments = ("style", "bundled:cat", "bundled:mosaic", "-o", "out.png", "--backbone", "vgg16")
    assert "vgg16.npz' is damaged" in fails(*arguments)


def test_demo_refuses_before_it_works(fails, tmp_path):
    (tmp_path / "file").write_text("")
    assert "expected a folder" in fails("demo", "--out", "file")
    assert "steps of at least 1" in fails("demo", "--steps", 0, "--out", "d")
    assert not Path("d").exists()


@pytest.mark.slow
def test_demo_writes_a_report_that_needs_nothing_else(run, tmp_path):
    code, out, err = run("demo", "--out", "d", "--size", 48, "--steps", 2, "--json")
    summary = json.loads(out)
    assert code == 0
    assert [v["accepted"] for v in summary["faces"]["verified"]] == [True, True, True, True, False, False]
    assert summary["faces"]["identified"][:2] == [["Barack Obama"], [None]]
    assert sorted(map(str, summary["faces"]["identified"][2])) == ["Grace Hopper", "None"]
    page = Path(summary["report"]).read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 4 + 6 + 3 + 4
    assert 'src="http' not in page and "<script" not in page and "$" not in page
    assert "<svg" not in page and "not recognised" in page and "keras_apps 0." in page
    assert np.ptp(images.load_image(tmp_path / "d" / "painted.png")) > 0.3
    assert "2/2 style" in err


def commands_below(command, path=()):
    """Yield each command without subcommands, and how it is called."""
    if hasattr(command, "commands"):
        for name, below in command.commands.items():
            yield from commands_below(below, (*path, name))
    else:
        yield path, command


def test_help_shows_the_defaults_that_are_written_in_brackets(run):
    """Defaults such as "[all]" would be taken for styles, and left out, were there markup in help."""
    import typer

    shown = 0
    for path, command in commands_below(typer.main.get_command(main.app)):
        _, out, _ = run(*path, "--help")
        text = re.sub(r"\s+", " ", out)
        for parameter in command.params:
            for default in re.findall(r"\[[^\]]+\]", getattr(parameter, "help", None) or ""):
                assert default in text, (path, default)
                shown += 1
    assert shown > 10
