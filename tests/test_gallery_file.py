"""The gallery's file itself: what stays in it after a removal, its journal, its formats, its packing."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_apps.faces.gallery import store as gallery_store
from keras_apps.faces.gallery.names import GalleryError
from keras_apps.faces.gallery.store import Store


def traces(path, encoding, name):
    """Return whether any 12 bytes of an encoding, or a name, stand anywhere in a file, at any offset."""
    raw, wanted = path.read_bytes(), encoding.astype("<f4").tobytes()
    pieces = [wanted[i : i + 12] for i in range(0, len(wanted) - 12, 12)]
    return any(piece in raw for piece in pieces) or name.encode() in raw


def test_nothing_of_a_removed_person_stays_in_the_file(tmp_path, rng, monkeypatch):
    """200 enrolments, and removals, replacements and renamings between them, with packing every few: the database's
    tree of pages is split, joined and moved about all the while.
    """
    monkeypatch.setattr(gallery_store, "SHORT_ROWS", 10)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # for speed
    path = tmp_path / "people.db"
    store, present, gone = Store(path), {}, []
    store._connection.execute("PRAGMA synchronous = OFF")
    for number in range(200):
        name = f"<{number:06d} with a name>"
        present[name] = rng.normal(size=(int(rng.integers(1, 5)), 64)).astype(np.float32)
        store.add(name, present[name], "tower")
        if number % 2:
            old = sorted(present)[int(rng.integers(len(present)))]
            assert traces(path, present[old][0], old), "the test can see what is there"
            encodings, way = present.pop(old), number // 2 % 3
            if way == 0:
                assert store.remove(old) == len(encodings)
            elif way == 1:
                assert store.replace(old, np.full((1, 64), number, np.float32), "tower") == len(encodings)
            else:
                store.rename(old, f"another {number}")
            gone.append((old, encodings, way))
    raw = path.read_bytes()
    for name, encodings, way in gone:
        assert way == 1 or name.encode() not in raw
        for encoding in [] if way == 2 else encodings:
            assert not any(encoding.tobytes()[i : i + 12] in raw for i in range(0, 240, 12))
    assert os.listdir(tmp_path) == ["people.db"]


def test_the_journal_is_overwritten_before_it_goes(tmp_path, rng, monkeypatch):
    """A second link to the journal's content, made in mid-transaction, shows what is left on the disk: zeros."""
    path, link = tmp_path / "people.db", tmp_path / "link"
    encodings = rng.normal(size=(40, 64)).astype(np.float32)
    store = Store(path)
    store.add("kian", encodings, "tower")
    seen = []
    wiped = Store._wiped

    def look(self):
        os.link(self._journal, link)
        seen.append(traces(link, encodings[0], "kian"))
        return wiped(self)

    monkeypatch.setattr(Store, "_wiped", look)
    store.remove("kian")
    assert seen == [True], "the journal held the encoding"
    left = link.read_bytes()
    assert len(left) > 40 * 64 * 4 and not any(left)
    assert not store._journal.exists()


def test_a_journal_that_a_killed_process_left_is_overwritten(tmp_path, rng):
    path, link = tmp_path / "people.db", tmp_path / "link"
    encodings = rng.normal(size=(40, 64)).astype(np.float32)
    store = Store(path)
    store.add("kian", encodings, "tower")
    code = (
        "import os, sys; from keras_apps.faces.gallery.store import Store; Store._wiped = lambda self: os._exit(9);"
        "Store(sys.argv[1]).remove('kian')"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(gallery_store.__file__).parents[3])}
    assert subprocess.run([sys.executable, "-c", code, path], env=environment, check=False).returncode == 9
    os.link(f"{path}-journal", link)
    assert traces(link, encodings[0], "kian")
    assert Store(path).people() == [] and not any(link.read_bytes()), "the next opening overwrites it"
    assert not os.path.exists(f"{path}-journal")


def test_a_journal_that_cannot_be_overwritten_is_said(tmp_path, monkeypatch):
    store = Store(tmp_path / "people.db")
    store.add("kian", np.ones((1, 3)), "tower")

    def full(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(GalleryError, match="is finished, but '.*people.db-journal' could not be overwritten"):
        store.remove("kian")
    monkeypatch.undo()
    assert Store(tmp_path / "people.db").people() == [], "the lock was given back"
    store.add("lea", np.ones((1, 3)), "tower")
    assert [name for name, _, _ in Store(tmp_path / "people.db").people()] == ["lea"]


@pytest.mark.parametrize("version", [1, gallery_store.FORMAT + 1])
def test_another_format_is_refused_and_left_unchanged(tmp_path, version):
    path = tmp_path / "other.db"
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(GalleryError, match=f"of format {gallery_store.FORMAT}, received .* of format {version}$"):
        Store(path)
    assert path.read_bytes() == before


def test_short_rows_are_packed_and_nothing_changes(tmp_path, monkeypatch):
    """30 enrolments of one with at most 8 short rows, in rows of at most 16: a long row, and few short ones."""
    monkeypatch.setattr(gallery_store, "SHORT_ROWS", 8)
    monkeypatch.setattr(gallery_store, "LONGEST", 16)
    store = Store(tmp_path / "people.db")
    for number in range(30):
        store.add(f"p{number % 4}", np.full((1, 3), number), "tower")
    store.add_many(["bulk"] * 40, np.arange(100, 140)[:, None] * np.ones(3), "tower")
    lengths = [n // 8 for (n,) in store._connection.execute("SELECT length(owners) FROM blocks")]
    assert sum(lengths) == 70 and max(lengths) == 16 and sum(n < 16 for n in lengths) <= 9
    names, rows = store.contents()
    for name in ("p0", "p1", "p2", "p3", "bulk"):
        own = sorted(rows.encodings[rows.owners == names.index(name), 0].tolist())
        assert own == (list(range(100, 140)) if name == "bulk" else list(range(int(name[1]), 30, 4)))
    assert store.remove("p1") == 8 and store.remove("bulk") == 40
    assert sorted(store.contents()[1].encodings[:, 0].tolist()) == [n for n in range(30) if n % 4 != 1]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE blocks SET encodings = substr(encodings, 2)", "differ in length"),
        ("UPDATE blocks SET enrolled = x''", "differ in length"),
        ("UPDATE blocks SET owners = x'', enrolled = x'', encodings = x''", "differ in length"),
        ("INSERT INTO people (name) VALUES ('nobody')", "2 people, encodings of 1"),
        ("DELETE FROM people", "0 people, encodings of 1"),
    ],
)
def test_damaged_content_is_said(tmp_path, statement, words):
    path = tmp_path / "people.db"
    Store(path).add("kian", np.ones((2, 3)), "tower")
    sqlite3.connect(path).execute(statement).connection.commit()
    with pytest.raises(GalleryError, match=words):
        Store(path).contents()


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE changes SET at = 'x'", "it holds a value that is missing or has a wrong type"),
        ("UPDATE changes SET at = 999999999999", "999999999999 seconds since 1970 is not a valid date"),
        ("UPDATE blocks SET enrolled = x'ffffffffffffff7fffffffffffffff7f'", "is not a valid date"),
    ],
)
def test_damaged_dates_are_said(tmp_path, statement, words):
    path = tmp_path / "people.db"
    Store(path).add("kian", np.ones((2, 3)), "tower")
    sqlite3.connect(path).execute(statement).connection.commit()
    with pytest.raises(GalleryError, match=words):
        Store(path).audit()
