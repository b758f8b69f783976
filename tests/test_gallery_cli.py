"""The gallery's commands as a user types them, on ready encodings: no network is loaded."""

import json

import numpy as np
import pytest

from keras_apps.cli import faces
from keras_apps.faces.gallery.decisions import Candidate, Identification
from keras_apps.faces.gallery.store import Store
from keras_apps.faces.judging.calibration import Threshold
from keras_apps.images import save_image


@pytest.fixture
def run(run):
    """Run `keras-apps faces ...` in a folder with team.db; gives exit code, standard output and standard error."""
    store = Store("team.db")
    store.add("kian", np.eye(2, 128), Threshold.bundled().model)
    store.add("lea", np.ones((1, 128)), Threshold.bundled().model)
    store.close()
    return lambda *arguments: run("faces", *arguments)


def test_rename(run, fails):
    assert run("rename", "team.db", "kian", "Kian K.")[:2] == (0, "kian is Kian K. now in team.db\n")
    assert json.loads(run("rename", "team.db", "Kian K.", "kk", "--json")[1]) == {"name": "kk"}
    assert "received 'kian'" in fails("rename", "team.db", "kian", "x")
    assert "nobody has yet, received 'lea'" in fails("rename", "team.db", "kk", "lea")
    assert "1 to 200 characters" in fails("rename", "team.db", "kk", " ")
    assert "does not exist" in fails("rename", "none.db", "a", "b")
    assert [row["name"] for row in json.loads(run("list", "team.db", "--json")[1])] == ["kk", "lea"]


def test_similar_names(run, fails, tmp_path):
    assert "received 'Lea', but 'lea' is enrolled" in fails("rename", "team.db", "kian", "Lea")
    assert "--accept similar-name" in fails("enrol", "team.db", "LEA", "bundled:obama")
    assert "did you mean 'lea'?" in fails("remove", "team.db", "LEA")
    assert "an accept among similar-name, look-alike" in fails("rename", "team.db", "kian", "Lea", "--accept", "twins")
    assert run("export", "team.db", "team.zip")[0] == 0
    assert run("rename", "team.db", "kian", "Lea", "--accept", "similar-name")[0] == 0
    assert run("rename", "team.db", "Lea", "LEA", "--accept", "look-alike", "--accept", "similar-name")[0] == 0
    assert run("rename", "team.db", "lea", "x")[0] == 0
    assert "'LEA' is enrolled" in fails("import", "team.db", "team.zip")
    assert run("import", "team.db", "team.zip", "--accept", "similar-name")[0] == 0


def test_audit(run):
    assert run("remove", "team.db", "lea")[0] == 0
    code, out, _ = run("audit", "team.db")
    lines = out.splitlines()
    assert code == 0 and lines[0].startswith("kian  2 encodings  first 20") and lines[1] == "1 people"
    assert lines[2].endswith("  enrolled  kian  2 encodings") and lines[3].endswith("  removed  somebody  1 encoding")
    assert "lea" not in out
    told = json.loads(run("audit", "team.db", "--json")[1])
    assert told["people"][0]["encodings"] == 2 and told["changes"][1]["name"] is None


def test_export_and_import(run, fails, tmp_path):
    assert run("export", "team.db", "team.zip")[:2] == (0, "2 people written to team.zip\n")
    done = run("import", "new.db", "team.zip")
    assert done[:2] == (0, "2 people with 3 encodings imported, 2 of them new\n")
    assert "not enrolled yet, received kian, lea" in fails("import", "new.db", "team.zip")
    assert run("remove", "new.db", "lea")[0] == 0
    code, out, _ = run("import", "new.db", "team.zip", "--conflict", "skip")
    assert code == 0 and out == "1 people with 1 encoding imported, 1 of them new, 1 skipped\n"
    told = json.loads(run("import", "new.db", "team.zip", "--conflict", "replace", "--json")[1])
    assert told == {"people": 2, "new": 0, "skipped": 0, "encodings": 3}
    assert json.loads(run("list", "new.db", "--json")[1]) == json.loads(run("list", "team.db", "--json")[1])


def test_imports_that_fail_leave_no_gallery(fails, tmp_path, run):
    (tmp_path / "bad.zip").write_text("no zip")
    run("export", "team.db", "team.zip")
    for source, words in (("bad.zip", "expected an exported gallery"), ("none.zip", "does not exist")):
        assert words in fails("import", "new.db", source)
    assert "a conflict among error, skip, replace, add" in fails("import", "new.db", "team.zip", "--conflict", "merge")
    assert not (tmp_path / "new.db").exists()
    assert "existing folder" in fails("export", "team.db", "no/such/folder.zip")
    Store("other.db").add("noor", np.ones((1, 128)), "other")
    assert "tower other, received 'team.zip'" in fails("import", "other.db", "team.zip")


def test_wrong_templates_and_updates(fails, tmp_path):
    assert "expected a template" in fails("identify", "team.db", "bundled:obama", "--template", "median")
    assert "expected a template" in fails("verify", "team.db", "bundled:obama", "kian", "--template", "best-of-0")
    assert "does not exist" in fails("update", "none.db", "kian", "bundled:obama")
    assert "--face 'largest'" in fails("update", "team.db", "kian", "bundled:obama", "--face", "left")
    assert "received 'noor'" in fails("update", "team.db", "noor", "bundled:obama")
    assert "does not exist" in fails("verify", "team.db", "bundled:obama", "kian", "--decider", "none.keras")


def test_update(run):
    code, out, err = run("update", "team.db", " kian ", "bundled:obama")
    assert (code, out) == (0, "kian: 2 encodings replaced by 1\n"), err
    code, out, _ = run("verify", "team.db", "bundled:obama3", "kian", "--template", "mean", "--json")
    told = json.loads(out)
    assert code == 0 and told["accepted"] and told["measure"] == "squared_euclidean"


def test_pictures_without_a_face_are_skipped_and_named(run, fails, tmp_path):
    save_image(np.zeros((64, 64, 3), np.uint8), "blank.png")
    code, out, err = run("enrol", "team.db", "barack", "bundled:obama", "blank.png", "--missing", "skip")
    assert (code, out) == (0, "barack: 1 added, 1 in all; 3 people in team.db\n")
    assert "left out: blank.png (no face was found)" in err and "Warning" not in err
    code, out, _ = run("update", "team.db", "kian", "blank.png", "bundled:hopper", "--missing", "skip", "--json")
    assert json.loads(out) == {"name": "kian", "replaced": 2, "encodings": 1, "skipped": ["blank.png"]}
    assert "no face was found" in fails("enrol", "team.db", "barack", "bundled:obama", "blank.png")
    assert "at least one picture of 'noor'" in fails("enrol", "new.db", "noor", "blank.png", "--missing", "skip")
    assert not (tmp_path / "new.db").exists()
    assert "expected a missing among raise, skip" in fails("enrol", "team.db", "x", "bundled:obama", "--missing", "nan")


def test_nobody_is_near_in_an_empty_gallery():
    assert faces._named(Identification(None, float("inf"), 0.3, [], None, "euclidean")) == "not recognised"
    near = Identification(None, 0.5, 0.3, [Candidate("lea", 0.5)], None, "euclidean")
    assert faces._named(near) == "not recognised, nearest distance 0.500 > tau 0.300"
