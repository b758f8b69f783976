"""Export and import: everything comes back, damaged or foreign files change nothing, and no help of ours is needed."""

import csv
import io
import json
import zipfile

import numpy as np
import pytest

from keras_apps.faces.gallery.gallery import Matcher
from keras_apps.faces.gallery.names import GalleryError

NAMES = ["Zoë", 'say "hi", you', "Zoë"]
ENCODINGS = np.float32([[0.1, 1 / 3], [1e-30, -2], [3, 4]])


@pytest.fixture
def first(tmp_path):
    gallery = Matcher(tmp_path / "first.db", "tower")
    gallery.enrol_encodings(NAMES, ENCODINGS)
    return gallery


@pytest.fixture
def exported(first, tmp_path):
    assert first.export(tmp_path / "team.zip") == 2
    return tmp_path / "team.zip"


def contents(gallery):
    names, rows = gallery._store.contents()
    told = zip(rows.owners.tolist(), rows.enrolled.tolist(), rows.encodings.tolist(), strict=True)
    return sorted((names[owner], date, encoding) for owner, date, encoding in told)


def test_the_round_trip_is_exact(first, exported, tmp_path):
    second = Matcher(tmp_path / "second.db", "tower")
    done = second.import_(exported)
    assert (done.people, done.new, done.skipped, done.encodings) == (2, 2, 0, 3)
    assert contents(second) == contents(first)
    assert second.people() == first.people()
    assert [(c.change, c.encodings) for c in second.audit().changes] == [("imported", 3)]


def test_the_file_reads_without_us(exported):
    """Only zip, JSON, CSV and the .npy format, as docs/gallery-format.md says."""
    with zipfile.ZipFile(exported) as archive:
        about = json.loads(archive.read("gallery.json"))
        rows = list(csv.DictReader(io.StringIO(archive.read("people.csv").decode("utf-8"))))
        encodings = np.load(io.BytesIO(archive.read("encodings.npy")), allow_pickle=False)
    assert {k: about[k] for k in ("format", "version", "tower", "people", "encodings", "length")} == {
        "format": "keras-apps gallery",
        "version": 1,
        "tower": "tower",
        "people": 2,
        "encodings": 3,
        "length": 2,
    }
    assert [row["name"] for row in rows] == ["Zoë", "Zoë", 'say "hi", you'], "a person's rows stand together"
    assert all(row["enrolled"].endswith("+00:00") for row in rows)
    assert np.array_equal(encodings, ENCODINGS[[0, 2, 1]])


@pytest.mark.parametrize(
    ("conflict", "told", "counts"),
    [
        ("skip", (1, 1, 1, 1), {"Zoë": 1, NAMES[1]: 1}),
        ("replace", (2, 1, 0, 3), {"Zoë": 2, NAMES[1]: 1}),
        ("add", (2, 1, 0, 3), {"Zoë": 3, NAMES[1]: 1}),
    ],
)
def test_people_who_are_there_already(exported, tmp_path, conflict, told, counts):
    second = Matcher(tmp_path / "second.db", "tower")
    second.enrol_encodings(["Zoë"], [[7, 7]])
    done = second.import_(exported, conflict)
    assert (done.people, done.new, done.skipped, done.encodings) == told
    assert {name: count for name, count, _ in second.people()} == counts
    assert any(encoding == [7, 7] for _, _, encoding in contents(second)) == (conflict != "replace")


def test_by_default_an_import_with_known_people_changes_nothing(exported, tmp_path):
    second = Matcher(tmp_path / "second.db", "tower")
    second.enrol_encodings(["Zoë"], [[7, 7]])
    before = contents(second)
    with pytest.raises(GalleryError, match="not enrolled yet, received Zoë; set conflict to 'skip'"):
        second.import_(exported)
    with pytest.raises(ValueError, match="a conflict among error, skip, replace, add, received 'merge'"):
        second.import_(exported, "merge")
    assert contents(second) == before


def test_another_tower_or_length_is_refused(exported, tmp_path):
    with pytest.raises(GalleryError, match="tower other, received .* those of tower"):
        Matcher(tmp_path / "other.db", "other").import_(exported)
    longer = Matcher(tmp_path / "longer.db", "tower")
    longer.enrol_encodings(["lea"], [[1, 2, 3]])
    with pytest.raises(GalleryError, match="length 3 as in the gallery, received length 2"):
        longer.import_(exported)
    assert longer.names() == ["lea"]


def test_an_empty_gallery(tmp_path):
    empty = Matcher(tmp_path / "empty.db", "tower")
    assert empty.export(tmp_path / "empty.zip") == 0
    assert empty.import_(tmp_path / "empty.zip").people == 0


def rewritten(source, target, **members):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = members.get(name.replace(".", "_"), old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


def array(values):
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gallery_json": None}, "gallery.json"),
        ({"gallery_json": "{"}, "double quotes"),
        ({"gallery_json": "[1]"}, "its format and version are None"),
        ({"gallery_json": '{"format": "keras-apps gallery", "version": 2}'}, "'keras-apps gallery', 2"),
        ({"people_csv": "name\nZoë\n"}, "begin with name,enrolled"),
        ({"people_csv": "name,enrolled\nZoë\n"}, "not name and date"),
        ({"people_csv": "name,enrolled\nZoë,yesterday\n"}, "yesterday"),
        ({"people_csv": "name,enrolled\nZoë,2026-01-01T00:00:00\n"}, "offset from UTC"),
        ({"people_csv": "name,enrolled\nZoë,2026-01-01T00:00:00+00:00\n"}, r"\(1, d\), received shape \(3, 2\)"),
        ({"people_csv": b"name,enrolled\n\xff,x\n"}, "utf-8"),
        ({"people_csv": "name,enrolled\n" + 3 * "Zoë,9999-12-31T23:59:59-14:00\n"}, "out of range"),
        ({"people_csv": "name,enrolled\n" + 3 * "Zoë,0001-01-01T00:00:00+14:00\n"}, "out of range"),
        ({"encodings_npy": array(ENCODINGS[:2])}, r"float32 \(2, 2\), not as gallery.json says"),
        ({"encodings_npy": array(ENCODINGS.astype(float))}, "float64"),
        ({"encodings_npy": array(ENCODINGS * np.nan)}, "finite"),
        ({"encodings_npy": array(np.array([{}] * 3, object))}, "allow_pickle"),
        ({"encodings_npy": array(ENCODINGS)[:-4]}, "expected 24 bytes got 20"),
        ({"encodings_npy": None}, "encodings.npy"),
    ],
)
def test_damaged_files(exported, tmp_path, change, words):
    second = Matcher(tmp_path / "second.db", "tower")
    with pytest.raises(ValueError, match=f"expected an exported gallery, received .*{words}"):
        second.import_(rewritten(exported, tmp_path / "bad.zip", **change))
    assert len(second) == 0 and second.audit().changes == []


def test_a_flipped_bit_and_a_cut_file(exported, tmp_path):
    good = exported.read_bytes()
    second = Matcher(tmp_path / "second.db", "tower")
    at = good.index(ENCODINGS[0].tobytes())
    for bad in (good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :], good[: len(good) // 2], b"", b"no zip at all"):
        (tmp_path / "bad.zip").write_bytes(bad)
        with pytest.raises(ValueError, match="expected an exported gallery"):
            second.import_(tmp_path / "bad.zip")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        second.import_(tmp_path / "none.zip")
    assert len(second) == 0


def test_an_export_destroys_no_gallery(first, tmp_path):
    Matcher(tmp_path / "second.db", "tower").enrol_encodings(["kian"], ENCODINGS[:1])
    for name in ("first.db", "second.db"):
        with pytest.raises(ValueError, match=f"a file that is not a gallery to export to, received .*{name}"):
            first.export(tmp_path / name)
    assert len(Matcher(tmp_path / "first.db", "tower")) == 2 and len(Matcher(tmp_path / "second.db", "tower")) == 1


def test_a_failed_export_leaves_the_old_file(first, tmp_path, monkeypatch):
    (tmp_path / "team.zip").write_text("old")
    monkeypatch.setattr(np.lib.format, "write_array_header_1_0", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="full"):
        first.export(tmp_path / "team.zip")
    assert (tmp_path / "team.zip").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["first.db", "team.zip"]
