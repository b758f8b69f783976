"""Pair files of LFW's two views and of one's own pictures, as published and broken in every way."""

import numpy as np
import pytest

from keras_apps.faces.people.pairs import picture_path, read_pairs

VIEW_1 = "2\nAnn_Lee\t1\t3\nBo\t1\t2\nAnn_Lee\t2\tBo\t1\nBo\t3\tCy_van_der_Poel\t12\n"


@pytest.fixture
def pair_file(tmp_path):
    def write(text, name="pairs.txt"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


@pytest.mark.parametrize("space", ["\t", " ", "   "])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_view_1_is_read_as_published(pair_file, space, newline):
    pairs = read_pairs(pair_file(VIEW_1.replace("\t", space).replace("\n", newline)))
    assert pairs.first == (("Ann_Lee", 1), ("Bo", 1), ("Ann_Lee", 2), ("Bo", 3))
    assert pairs.second == (("Ann_Lee", 3), ("Bo", 2), ("Bo", 1), ("Cy_van_der_Poel", 12))
    assert pairs.same.tolist() == [True, True, False, False]
    assert pairs.folds is None and len(pairs) == 4


def test_view_2_has_folds(pair_file):
    """Two folds of 1 + 1: genuine, impostor, genuine, impostor."""
    pairs = read_pairs(pair_file("2\t1\nA\t1\t2\nA\t1\tB\t1\nC\t1\t2\nC\t3\tD\t1\n"))
    assert pairs.same.tolist() == [True, False, True, False]
    assert pairs.folds.tolist() == [0, 0, 1, 1]
    assert pairs.second[3] == ("D", 1)


def test_view_2_at_its_published_size(pair_file):
    """10 folds of 300 + 300 are 6000 pairs; pair 300 of each fold is its first impostor pair."""
    lines = ["10\t300"]
    for fold in range(10):
        lines += [f"P{fold}_{k}\t1\t2" for k in range(300)] + [f"P{fold}_{k}\t1\tQ_{k}\t1" for k in range(300)]
    pairs = read_pairs(pair_file("\n".join(lines)))
    assert len(pairs) == 6000 and pairs.same.sum() == 3000
    assert np.bincount(pairs.folds).tolist() == [600] * 10
    assert np.bincount(pairs.folds[pairs.same]).tolist() == [300] * 10
    assert pairs.same[299] and not pairs.same[300] and pairs.same[600]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("p.txt", "ann/a.jpg ann/b.jpg 1\nann/a.jpg bo/c.png 0\n"),
        ("p.txt", "ann/a.jpg\tann/b.jpg\t1\n\nann/a.jpg\tbo/c.png\t0\n"),
        ("p.csv", "ann/a.jpg,ann/b.jpg,1\nann/a.jpg, bo/c.png ,0\n"),
        ("p.csv", "\ufefffirst,second,same\nann/a.jpg,ann/b.jpg,1\nann/a.jpg,bo/c.png,0\n"),
    ],
)
def test_own_pictures(pair_file, name, text):
    pairs = read_pairs(pair_file(text, name))
    assert pairs.first == ("ann/a.jpg", "ann/a.jpg") and pairs.second == ("ann/b.jpg", "bo/c.png")
    assert pairs.same.tolist() == [True, False] and pairs.folds is None
    assert pairs.pictures() == ["ann/a.jpg", "ann/b.jpg", "bo/c.png"]


def test_paths_with_spaces_and_commas(pair_file):
    assert read_pairs(pair_file("a b/1.jpg\tc/2.jpg\t0\n")).first == ("a b/1.jpg",)
    assert read_pairs(pair_file("Lee, Ann/1.jpg\tc/2.jpg\t0\n")).first == ("Lee, Ann/1.jpg",)
    assert read_pairs(pair_file('"Lee, Ann/1.jpg","Lee, Ann/2 x.jpg",1\n')).second == ("Lee, Ann/2 x.jpg",)


def test_a_pictures_path():
    assert picture_path(("Cy_van_der_Poel", 12)) == "Cy_van_der_Poel/Cy_van_der_Poel_0012.jpg"
    assert picture_path(("Bo", 1), ".png") == "Bo/Bo_0001.png"
    assert picture_path("bo/c.png") == "bo/c.png"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (VIEW_1.replace("Bo\t1\t2", "Bo\t1"), "'name number number'.*line 3, received 'Bo.t1'"),
        (VIEW_1.replace("Bo\t1\t2", "Bo\t1\tx"), "'name number number'.*line 3"),
        (VIEW_1.replace("Bo\t1\t2", "Bo\t0\t2"), "numbers from 1.*line 3"),
        (VIEW_1.replace("Ann_Lee\t2\tBo\t1", "Ann_Lee\t2\t1"), "'name number name number'.*line 4"),
        (VIEW_1.replace("Ann_Lee\t2\tBo\t1", "Bo\t2\tBo\t1"), "two people.*line 4, received 'Bo' twice"),
        (VIEW_1.rsplit("Bo", 1)[0], "expected 4 pairs.*received 3 lines up to line 4"),
        (VIEW_1 + "A\t1\tB\t2\n", "no more than 4 pairs.*line 6"),
        ("\n \n", "empty file"),
        ("a.jpg b.jpg 2\n", "'path path 0' or 'path path 1'.*line 1"),
        ("a.jpg b.jpg 1\n\na.jpg 1\n", "line 3, received 'a.jpg 1'"),
        ("first,second,same\na,b,1\nc,,0\n", "line 3"),
        ("a,b,2\na,b,1\n", "line 1"),
        ("1 2 3\n", "line 1"),
        (b"2\nAnn\xff\t1\t3\n", "expected UTF-8 text.*byte 5"),
    ],
)
def test_broken_files_are_named_with_their_line(pair_file, text, words):
    with pytest.raises(ValueError, match=words) as caught:
        read_pairs(pair_file(text))
    assert "pairs.txt" in str(caught.value) and "\n" not in str(caught.value)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_pairs(tmp_path / "none.txt")
