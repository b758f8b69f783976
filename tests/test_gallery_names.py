"""Names that differ only in case, spacing or Unicode form: refused, unless they are other people."""

import sqlite3

import numpy as np
import pytest

from keras_apps.faces.gallery import store as gallery_store
from keras_apps.faces.gallery.gallery import Matcher
from keras_apps.faces.gallery.names import GalleryError, SimilarNameError, name_key
from keras_apps.faces.gallery.store import Rows, Store
from keras_apps.faces.judging.calibration import Threshold

SAME = [
    ("bob", "Bob"),
    ("Ann Lee", "ann  lee"),
    ("Ann Lee", "AnnLee"),
    ("Ann Lee", "Ann\u00a0Lee"),  # a space that breaks no line
    ("José", "JOSE\u0301"),
    ("bob", "b\u200bob"),  # zero-width space
    ("bob", "\ufeffbob\u200f"),  # byte order mark, direction mark
    ("bob", "\uff22\uff4f\uff42"),  # full-width
    ("Weiß", "WEISS"),
    ("ﬁn", "fin"),  # a ligature
]
OTHERS = [("Jose", "José"), ("person 1 11", "person 11 1"), ("p1", "p2"), ("bob", "rob"), ("雪", "雨"), ("😀", "😁")]


@pytest.fixture
def gallery(tmp_path):
    return Matcher(tmp_path / "people.db", "tower", Threshold(0.04, "squared_euclidean", "tower", 50.0, 0.06, 0.1))


@pytest.mark.parametrize(("name", "other"), SAME)
def test_a_similar_name_is_refused_and_names_the_other(gallery, name, other):
    gallery.enrol_encodings([name], [[0.0]])
    with pytest.raises(SimilarNameError) as refused:
        gallery.enrol_encodings(["zoe", other], [[2.0], [1.0]])
    assert f"but {name!r} is enrolled: write {name!r}, or accept" in str(refused.value)
    assert gallery.names() == [name], "all or nothing"
    assert gallery.enrol_encodings([other], [[1.0]], accept="similar-name") == 1 and len(gallery) == 2
    assert gallery.enrol_encodings([name, other], [[0.1], [1.1]]) == 2, "both are known now"


@pytest.mark.parametrize(("name", "other"), OTHERS)
def test_other_names_are_other_people(gallery, name, other):
    assert gallery.enrol_encodings([name, other], [[0.0], [1.0]]) == 2 and len(gallery) == 2


@pytest.mark.parametrize("name", ["\u200b", "\u2060\ufeff"])
def test_a_name_that_nobody_sees_is_refused(gallery, name):
    with pytest.raises(ValueError, match="with a visible character, received"):
        gallery.enrol_encodings([name], [[0.0]])


def test_two_new_names_of_one_call(gallery):
    with pytest.raises(SimilarNameError, match="received 'Bob', but 'bob' is among the same names"):
        gallery.enrol_encodings(["bob", "Bob"], [[0.0], [1.0]])
    assert len(gallery) == 0


def test_rename(gallery):
    """A person's own name may change its case; another person's similar name needs a word."""
    gallery.enrol_encodings(["bob", "lea"], [[0.0], [1.0]])
    gallery.rename("bob", "Bob")
    with pytest.raises(SimilarNameError, match="received 'BOB', but 'Bob' is enrolled"):
        gallery.rename("lea", "BOB")
    assert gallery.names() == ["Bob", "lea"]
    gallery.rename("lea", "BOB", accept="similar-name")
    assert gallery.names() == ["BOB", "Bob"]
    gallery.rename("Bob", "kian")
    gallery.enrol_encodings(["bob"], [[0.0]], accept="similar-name")
    gallery.remove("BOB")
    gallery.remove("bob")
    assert gallery.enrol_encodings(["boB"], [[0.0]]) == 1, "a removed name is in nobody's way"


def test_import(gallery, tmp_path):
    first = Matcher(tmp_path / "first.db", "tower")
    first.enrol_encodings(["Bob", "lea"], [[0.0], [1.0]])
    first.export(tmp_path / "team.zip")
    gallery.enrol_encodings(["bob"], [[0.0]])
    for conflict in ("error", "skip", "replace", "add"):
        with pytest.raises(SimilarNameError, match="received 'Bob', but 'bob' is enrolled"):
            gallery.import_(tmp_path / "team.zip", conflict)
    assert gallery.names() == ["bob"]
    assert gallery.import_(tmp_path / "team.zip", accept=["similar-name"]).new == 2


def test_an_unknown_name_suggests_the_similar_one(gallery):
    gallery.enrol_encodings(["bob", "lea"], [[0.0], [1.0]])
    for ask in (
        gallery.remove,
        lambda name: gallery.rename(name, "x"),
        lambda name: gallery.verify_encodings([[0.0]], [name]),
    ):
        with pytest.raises(GalleryError, match=r"enrolled \(bob, lea\), received 'BOB'; did you mean 'bob'\?$"):
            ask("BOB")
        with pytest.raises(GalleryError, match="received 'rob'$"):
            ask("rob")


def test_a_gallery_of_before_keys(tmp_path, monkeypatch):
    """The column is added at the first change; until then names are compared without it, in a read-only file too."""
    path = tmp_path / "old.db"
    old = [line.replace(", key TEXT", "") for line in gallery_store.SCHEMA if "people_by_key" not in line]
    with monkeypatch.context() as before:
        before.setattr(gallery_store, "SCHEMA", old)
        store = Store(path)
    store._connection.execute("INSERT INTO people (name) VALUES ('bob')")
    gallery_store.append(store._connection.execute, Rows(np.ones(1), np.ones(1), np.ones((1, 2))))
    assert not gallery_store.has_keys(store._connection.execute)
    assert store.alike("BOB") == ["bob"] and store.names() == ["bob"]
    with pytest.raises(SimilarNameError):
        store.add("Bob", np.ones((1, 2)), "tower")
    store.add("lea", np.ones((1, 2)), "tower")
    assert Store(path).alike("LEA") == ["lea"] and Store(path).fingerprint() == "tower"
    rows = sqlite3.connect(path).execute("SELECT name, key FROM people").fetchall()
    assert rows == [("bob", "bob"), ("lea", "lea")]
    plan = store._connection.execute("EXPLAIN QUERY PLAN SELECT name FROM people WHERE key = 'x'").fetchall()
    assert "people_by_key" in plan[0][-1], "an index answers, for a million names too"


def test_the_key_goes_with_the_name(tmp_path):
    store = Store(tmp_path / "people.db")
    for name in ("Kian Katan", "Lea Lund"):
        store.add(name, np.ones((1, 2)), "tower")
    store.rename("Kian Katan", "x")
    store.remove("Lea Lund")
    content = (tmp_path / "people.db").read_bytes()
    for secret in ("Kian Katan", "Lea Lund"):
        assert secret.encode() not in content and name_key(secret).encode() not in content
