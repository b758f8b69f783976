"""Many pictures at once: the table of answers, and unknown faces sorted into people."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from keras_apps import faces
from keras_apps.cli import faces_identify
from keras_apps.cli.faces_identify import COLUMNS, Looked, rows_of
from keras_apps.cli.tables import csv_rows, harmless
from keras_apps.faces.gallery.decisions import Candidate, Identification
from keras_apps.images import save_image


def test_cells_that_spreadsheets_would_run():
    for text in ("=cmd()", "+1", "-1", "@x", " =1", "\t=1"):
        assert harmless(text) == f"'{text}"
    assert harmless("Grace - Hopper") == "Grace - Hopper" and harmless(-3.5) == -3.5 and harmless(None) == ""


def test_a_table_is_complete_or_not_there(tmp_path):
    with csv_rows(str(tmp_path / "a.csv"), ("x", "y")) as write:
        write(["é, ö", None])
        assert not (tmp_path / "a.csv").exists()
    assert (tmp_path / "a.csv").read_bytes() == 'x,y\n"é, ö",\n'.encode()
    with pytest.raises(KeyError), csv_rows(str(tmp_path / "b.csv"), ("x",)) as write:
        write([1])
        raise KeyError
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv"]


def test_rows():
    """A named face, an unnamed one in an empty gallery, a picture without a face, a damaged one."""
    named = Identification(
        "kian", 0.123456, 0.3, [Candidate("kian", 0.123456)], (1, 2, 3.14, 4), "euclidean", confidence=0.9, turned=90
    )
    nobody = Identification(None, float("inf"), 0.3, [], None, "euclidean")
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in rows_of(Looked("a.jpg", [named, nobody]))]
    assert [row["face"] for row in rows] == [1, 2] and rows[0]["name"] == "kian" and rows[0]["distance"] == 0.1235
    assert rows[0]["right"] == 3.1 and rows[0]["confidence"] == 0.9 and rows[0]["turned"] == 90
    assert rows[1]["name"] is None and rows[1]["distance"] is None and rows[1]["left"] is None
    (empty,), (damaged,) = rows_of(Looked("b.jpg", [])), rows_of(Looked("c.jpg", [], "is damaged"))
    assert empty[-1] == "no face" and damaged[-1] == "is damaged" and len(empty) == len(COLUMNS)
    assert faces_identify.summary([Looked("a", [named, nobody]), Looked("b", [])]) == (
        "2 pictures, 2 faces, 1 recognised, 1 without a face"
    )


def test_identify_and_group_many(run, tmp_path):
    """Two pictures of one person, a picture without a face, a text in place of a picture."""
    save_image(np.zeros((64, 64, 3), np.uint8), tmp_path / "blank.png")
    (tmp_path / "text.jpg").write_text("no picture")
    assert run("faces", "enrol", "team.db", "=barack", "bundled:obama2")[0] == 0
    pictures = ("bundled:obama3", "blank.png", "text.jpg")
    code, out, err = run("faces", "identify", "team.db", *pictures, "--csv", "who.csv", "--draw", "drawn")
    assert code == 2 and out == "" and "1 of 3 pictures could not be read" in err
    with open(tmp_path / "who.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == ["'=barack", "", ""] and rows[1]["problem"] == "no face"
    assert "no known picture format" in rows[2]["problem"] and 0.8 < float(rows[0]["confidence"]) <= 1
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == ["blank.jpg", "obama3.jpg"]
    assert np.asarray(Image.open(tmp_path / "drawn" / "blank.jpg")).max() < 10
    code, out, _ = run("faces", "group", "bundled:obama", "bundled:hopper", "bundled:obama3", "-o", "people", "--json")
    assert code == 0 and [row["person"] for row in json.loads(out)] == [1, 1, 2]
    assert sorted(p.name for p in (tmp_path / "people").iterdir())[:2] == ["people.csv", "people.jpg"]
    assert len(list((tmp_path / "people" / "person-001").iterdir())) == 2


def test_planted_groups(rng):
    """Three people far apart, 7, 4 and 1 pictures, in any order: the largest is 0."""
    truth = np.array([0] * 7 + [1] * 4 + [2])
    order = rng.permutation(12)
    encodings = (np.eye(3, 16)[truth] + 0.01 * rng.normal(size=(12, 16)))[order]
    assert faces.group_faces(encodings, 0.5).tolist() == truth[order].tolist()
    assert faces.group_faces(encodings, 1e-9).max() == 11 and faces.group_faces(encodings, 9.0).max() == 0
    assert faces.group_faces(encodings[:1], 0.5).tolist() == [0]


def test_averages_decide(rng):
    """Points 0, 1, 2 on a line, squared tau 1.5: 0 and 1 join (1); 2 is (4 + 1) / 2 = 2.5 away and stays alone."""
    points = np.array([[0.0], [1.0], [2.0]])
    assert faces.group_faces(points, 1.5).tolist() == [0, 0, 1] and faces.group_faces(points, 2.6).tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="threshold above 0"):
        faces.group_faces(points, 0)
    with pytest.raises(TypeError, match="number for threshold"):
        faces.group_faces(points, "0.5")
