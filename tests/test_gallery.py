"""Galleries through enrol, reopen, verify, identify and remove, and every way in which a file can be wrong."""

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import oracles
import pytest

from keras_apps import faces, images
from keras_apps.faces.gallery import sqlite_file, store


@pytest.fixture(scope="module")
def toy_tower():
    """A tower whose encoding is the mean colour of a 4 x 4 chip, so that distances can be worked out by hand."""
    chips = keras.Input((4, 4, 3))
    scaled = keras.layers.Rescaling(1 / 255)(chips)
    return keras.Model(chips, keras.layers.GlobalAveragePooling2D()(scaled))


def colour(red, green=0.0, blue=0.0):
    return np.full((4, 4, 3), (red, green, blue), np.float32)


@pytest.fixture
def toy(tmp_path, toy_tower):
    """kian 0.0 and 0.2, lea 0.6 on the red axis; tau 0.04 squared, which is 0.2 apart."""
    threshold = faces.Threshold(0.04 + 1e-6, "squared_euclidean", faces.fingerprint(toy_tower), 50.0, 0.06, 0.1)
    gallery = faces.Gallery(tmp_path / "toy.db", toy_tower, threshold)
    assert gallery.enrol("kian", [colour(0.0), colour(0.2)], aligned=True) == 2
    assert gallery.enrol("lea", colour(0.6), aligned=True) == 1
    return gallery


def test_verify_takes_the_nearest_of_a_persons_pictures(toy):
    """0.3 is 0.1 from kian's second picture: d = 0.01 <= 0.04."""
    answer = toy.verify(colour(0.3), "kian", aligned=True)
    assert answer.accepted and answer.distance == pytest.approx(0.01, abs=1e-5)
    assert answer.name == "kian" and answer.probability == pytest.approx(1 / (1 + np.exp(50 * (0.01 - 0.06))), rel=1e-3)
    refused = toy.verify(colour(0.3), "lea", aligned=True)
    assert not refused.accepted and refused.distance == pytest.approx(0.09, abs=1e-5)


def test_a_distance_of_just_tau_is_accepted(toy):
    assert toy.verify(colour(0.4), "kian", aligned=True).accepted
    assert not toy.verify(colour(0.41), "kian", aligned=True).accepted


def test_identify_orders_candidates_and_may_answer_none(toy):
    """0.5 is 0.01 from lea, 0.09 from kian. 1.0 is 0.16 from the nearest: not recognised."""
    (answer,) = toy.identify(colour(0.5), aligned=True)
    assert answer.name == "lea" and [c.name for c in answer.candidates] == ["lea", "kian"]
    assert [c.distance for c in answer.candidates] == pytest.approx([0.01, 0.09], abs=1e-5)
    (stranger,) = toy.identify(colour(1.0), top=1, aligned=True)
    assert stranger.name is None and stranger.distance == pytest.approx(0.16, abs=1e-5)
    assert len(stranger.candidates) == 1


def test_update_replaces_all_or_nothing(toy):
    assert toy.update("kian", [colour(0.9)], aligned=True) == 2
    assert toy.people()[0][:2] == ("kian", 1)
    assert toy.verify(colour(0.9), "kian", aligned=True).distance == pytest.approx(0, abs=1e-6)
    with pytest.raises(ValueError, match="aligned chip"):
        toy.update("kian", [colour(0.5), np.zeros((9, 9, 3), np.uint8)], aligned=True)
    with pytest.raises(faces.GalleryError, match="kian, lea.*received 'noor'"):
        toy.update("noor", [colour(0.5)], aligned=True)
    assert toy.verify(colour(0.9), "kian", aligned=True).accepted and not toy.names().count("noor")


def test_a_tower_of_another_size_gets_the_chip_resized(tmp_path):
    """A tower of 32 x 32, whose encoding is the mean colour: resizing a chip keeps that, to a thousandth."""
    chips = keras.Input((32, 32, 3))
    averaged = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(chips))
    tower = keras.Model(chips, averaged)
    threshold = faces.Threshold(1e-4, "squared_euclidean", faces.fingerprint(tower), 50.0, 0.06, 0.1)
    gallery = faces.Gallery(tmp_path / "small.db", tower, threshold)
    gallery.enrol("barack", ["bundled:obama"])
    (face,) = faces.find_faces("bundled:obama", tower=tower)
    expected = face.image.mean((0, 1)) / 255
    kept = gallery._store.contents()[1].encodings[0]
    assert face.image.shape == (150, 150, 3) and kept == pytest.approx(expected, abs=2e-3)
    assert gallery.verify("bundled:obama", "barack").accepted
    assert gallery.identify("bundled:obama")[0].name == "barack"
    assert faces.encode(tower, ["bundled:obama"])[0] == pytest.approx(kept, abs=1e-6)
    with pytest.raises(ValueError, match=r"aligned chip of \(32, 32\)"):
        gallery.enrol("barack", [face.image], aligned=True)


def test_a_trained_verifier_decides(tmp_path):
    """z = 2 - 10 |f - g| on the red axis: P = 1 / 2 at 0.2, so 0.1 apart is accepted and 0.3 is not."""
    from keras_apps.faces.training.verification_model import VerificationModel

    chips = keras.Input((4, 4, 3))
    averaged = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(chips))
    model = VerificationModel(keras.Model(chips, averaged), "absolute")
    model.head.set_weights_and_bias([-10.0, 0.0, 0.0], 2.0)
    gallery = faces.Gallery(tmp_path / "verified.db", decider=model)
    gallery.enrol("kian", colour(0.5), aligned=True)
    near, far = (gallery.identify(colour(red), aligned=True)[0] for red in (0.6, 0.8))
    assert near.name == "kian" and near.distance == pytest.approx(1 - 1 / (1 + np.exp(-1)), abs=1e-5)
    assert far.name is None and far.distance == pytest.approx(1 - 1 / (1 + np.exp(1)), abs=1e-5)
    assert near.measure == "1 - P(same)"
    with pytest.raises(faces.GalleryError, match="expected a decider trained for tower"):
        faces.Gallery(tmp_path / "other.db", faces.build_tower("small", size=32), decider=model)


def test_a_new_person_needs_no_retraining(toy, toy_tower):
    before = faces.fingerprint(toy_tower)
    assert toy.identify(colour(1.0), aligned=True)[0].name is None
    toy.enrol("noor", colour(1.0), aligned=True)
    assert toy.identify(colour(0.95), aligned=True)[0].name == "noor"
    assert faces.fingerprint(toy_tower) == before


def test_reopening_keeps_everything_and_encodes_nothing(toy, toy_tower, tmp_path, monkeypatch):
    toy.close()
    again = faces.Gallery(tmp_path / "toy.db", toy_tower, toy.threshold)
    assert again.names() == ["kian", "lea"] and len(again) == 2
    assert [(n, count) for n, count, _ in again.people()] == [("kian", 2), ("lea", 1)]
    assert again.people()[0][2].endswith("+00:00")
    calls = []
    monkeypatch.setattr(
        faces.Gallery, "_encode", lambda self, chips: calls.append(len(chips)) or np.float32([[0.6, 0, 0]])
    )
    assert again.identify(colour(0.6), aligned=True)[0].name == "lea"
    assert calls == [1], "only the probe is encoded; the people's encodings are precomputed"


def test_remove(toy, tmp_path):
    secret = np.float32([0.6, 0, 0]).tobytes()
    assert secret in (tmp_path / "toy.db").read_bytes()
    assert toy.remove("lea") == 1
    assert toy.names() == ["kian"]
    assert secret not in (tmp_path / "toy.db").read_bytes(), "removing overwrites the encoding"
    assert toy.identify(colour(0.6), aligned=True)[0].name is None
    with pytest.raises(faces.GalleryError, match="kian.*received 'lea'"):
        toy.remove("lea")


def test_a_new_person_who_looks_like_somebody_is_refused(toy):
    """0.5 is 0.01 from lea's 0.6, within tau 0.04; 0.9 is 0.09 away."""
    with pytest.raises(
        faces.LookAlikeError, match=r"picture 2: this looks like 'lea' \(squared_euclidean 0.010, tau 0.0"
    ):
        toy.enrol("noor", [colour(0.9), colour(0.5)], aligned=True)
    assert toy.names() == ["kian", "lea"], "nothing was saved"
    assert toy.enrol("noor", [colour(0.9), colour(0.5)], aligned=True, accept="look-alike") == 2


def test_a_wrong_picture_of_an_enrolled_person_is_refused(toy):
    """0.55 is 0.0025 from lea's 0.6 and 0.1225 from kian's nearest, 0.2. The second wrong one does not shield
    the first. 0.39 is 0.0361 from kian's and 0.0441 from lea's: kian's.
    0.41 is within tau of lea too, and nearer to her."""
    wrong = [colour(0.1), colour(0.55), colour(0.56)]
    for change in (toy.enrol, toy.update):
        with pytest.raises(
            faces.LookAlikeError, match="picture 2: this looks like 'lea' .* 1 more of the 3 pictures look"
        ):
            change("kian", wrong, aligned=True)
        with pytest.raises(faces.LookAlikeError, match="enrol it under that name.*accept='look-alike'"):
            change("kian", colour(0.41), aligned=True)
    assert toy.people()[0][:2] == ("kian", 2)
    assert toy.enrol("kian", colour(0.39), aligned=True) == 1
    assert toy.enrol("kian", wrong, aligned=True, accept=("look-alike", "similar-name")) == 3
    assert toy.update("kian", wrong, aligned=True, accept=["look-alike"]) == 6
    with pytest.raises(ValueError, match="an accept among similar-name, look-alike, received 'twin'"):
        toy.enrol("kian", colour(0.1), aligned=True, accept="twin")


def test_the_only_person_looks_like_nobody_else(tmp_path, toy_tower, toy):
    gallery = faces.Gallery(tmp_path / "one.db", toy_tower, toy.threshold)
    gallery.enrol("kian", [colour(0.0), colour(0.9)], aligned=True)
    assert gallery.enrol("kian", colour(0.5), aligned=True) == 1
    without_tau = faces.Gallery(tmp_path / "none.db", toy_tower)
    for name in ("kian", "lea"):
        assert without_tau.enrol(name, colour(0.5), aligned=True) == 1


def test_a_similar_name_is_refused_before_a_face_is_looked_for(toy, monkeypatch):
    monkeypatch.setattr(toy, "_encode_faces", None)
    with pytest.raises(faces.SimilarNameError, match="received 'KIAN', but 'kian' is enrolled: write 'kian'"):
        toy.enrol("KIAN", colour(0.9), aligned=True)


def test_nobody_enrolled(tmp_path, toy_tower, toy):
    empty = faces.Gallery(tmp_path / "empty.db", toy_tower, toy.threshold)
    assert len(empty) == 0 and empty.names() == []
    (answer,) = empty.identify(colour(0.1), aligned=True)
    assert answer.name is None and answer.distance == float("inf") and answer.candidates == []
    with pytest.raises(faces.GalleryError, match="nobody is yet.*received 'kian'"):
        empty.verify(colour(0.1), "kian", aligned=True)


def test_verifying_a_name_that_is_not_enrolled(toy):
    with pytest.raises(faces.GalleryError, match="kian, lea.*received 'noor'"):
        toy.verify(colour(0.1), "noor", aligned=True)


@pytest.mark.parametrize("name", ["O'Brien", 'say "hi"', "雪", "😀 smile", "x'); DROP TABLE people; --", "Zoë"])
def test_odd_names_are_kept_as_they_are(toy, name):
    toy.enrol(name, colour(0.9), aligned=True)
    assert name in toy.names()
    assert toy.verify(colour(0.9), name, aligned=True).accepted
    assert toy.remove(name) == 1


def test_one_name_in_two_unicode_forms_is_one_person(toy):
    toy.enrol("Zoe\u0308", colour(0.9), aligned=True)
    toy.enrol(" Zoë ", colour(0.9), aligned=True)
    assert toy.names().count("Zoë") == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 10_000, "a\nb", "a\0b"])
def test_impossible_names(toy, name):
    with pytest.raises(ValueError, match="expected a name"):
        toy.enrol(name, colour(0.5), aligned=True)
    assert len(toy) == 2


def test_enrolment_is_all_or_nothing(toy):
    with pytest.raises(ValueError, match="aligned chip"):
        toy.enrol("noor", [colour(0.5), np.zeros((9, 9, 3), np.uint8)], aligned=True)
    with pytest.raises(ValueError, match="at least one picture"):
        toy.enrol("noor", [])
    assert toy.names() == ["kian", "lea"]


def test_pictures_without_a_face_are_skipped(tmp_path, tower):
    """Of four pictures two show a face; of none, nothing is saved and nobody is replaced."""
    gallery, blank, told = faces.Gallery(tmp_path / "a.db", tower), np.zeros((64, 64, 3), np.uint8), []
    images.save_image(blank, tmp_path / "blank.png")
    pictures = ["bundled:obama", blank, tmp_path / "blank.png", "bundled:obama2"]
    with pytest.raises(faces.NoFaceError):
        gallery.enrol("barack", pictures)
    words = "in 2 of 4 pictures, left out: picture 2, '.*blank.png'"
    with pytest.warns(faces.NoFaceWarning, match=words) as caught:
        assert gallery.enrol("barack", pictures, missing="skip", progress=lambda: told.append(1)) == 2
    assert caught[0].message.indices == (1, 2) and caught[0].filename == __file__ and len(told) == 4
    with pytest.warns(faces.NoFaceWarning):
        assert gallery.update("barack", pictures[2:], missing="skip") == 2
    assert gallery.people()[0][:2] == ("barack", 1)
    for change in (gallery.enrol, gallery.update):
        with pytest.raises(faces.NoFaceError, match="at least one picture of 'barack', received 2 without any"):
            change("barack", [blank, blank], missing="skip")
        with pytest.raises(ValueError, match="expected a missing among raise, skip, received 'nan'"):
            change("barack", pictures, missing="nan")
        with pytest.raises(FileNotFoundError):
            change("barack", [*pictures, "none.jpg"], missing="skip")
    assert gallery.people()[0][:2] == ("barack", 1)


def test_a_gallery_takes_no_encoding_with_nan(toy):
    """As `encode(missing="nan")` gives for a picture without a face."""
    for ask in (
        lambda nan: toy.enrol_encodings(["kian"], nan),
        lambda nan: toy.verify_encodings(nan, ["kian"]),
        lambda nan: toy.identify_encodings(nan),
    ):
        with pytest.raises(ValueError, match="finite"):
            ask(np.full((1, 3), np.nan, np.float32))


def test_identify_equals_the_oracle(tmp_path, toy_tower, toy, rng):
    gallery = faces.Gallery(tmp_path / "many.db", toy_tower, toy.threshold)
    encodings = rng.uniform(size=(50, 3)).astype(np.float32)
    people = rng.integers(0, 12, 50)
    for person in np.unique(people):
        gallery._store.add(f"p{person}", encodings[people == person], faces.fingerprint(toy_tower))
    for probe in rng.uniform(size=(5, 3)).astype(np.float32):
        (answer,) = gallery.identify(colour(*probe), aligned=True)
        index, distance = oracles.nearest(probe, encodings)
        assert answer.candidates[0].name == f"p{people[index]}"
        assert answer.distance == pytest.approx(distance, abs=1e-5)


def test_another_process_is_seen(toy, toy_tower, tmp_path):
    assert toy.identify(colour(1.0), aligned=True)[0].name is None
    other = faces.Gallery(tmp_path / "toy.db", toy_tower, toy.threshold)
    other.enrol("noor", colour(1.0), aligned=True)
    assert toy.identify(colour(1.0), aligned=True)[0].name == "noor"


def test_a_gallery_of_another_tower_is_refused(toy, tmp_path, toy_tower):
    with pytest.raises(faces.GalleryError, match=f"made with tower {faces.fingerprint(toy_tower)}, expected"):
        faces.Gallery(tmp_path / "toy.db")


def test_a_number_is_not_accepted_as_threshold(tmp_path, toy_tower):
    with pytest.raises(TypeError, match="expected a Threshold, received float"):
        faces.Gallery(tmp_path / "new.db", toy_tower, threshold=0.3)
    assert not (tmp_path / "new.db").exists()


def test_a_tower_that_was_trained_further_is_noticed(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.Flatten(), keras.layers.Dense(3, name="d")])
    gallery = faces.Gallery(tmp_path / "t.db", model)
    gallery.enrol("kian", colour(0.1), aligned=True)
    model.get_layer("d").bias.assign([1, 1, 1])
    with pytest.raises(faces.GalleryError, match="trained further"):
        gallery.enrol("lea", colour(0.2), aligned=True)


def test_two_towers_that_open_one_empty_gallery(tmp_path, toy_tower, toy):
    path = tmp_path / "both.db"
    first, second = faces.Gallery(path, toy_tower, toy.threshold), faces.Gallery(path)
    first.enrol("kian", colour(0.1), aligned=True)
    with pytest.raises(faces.GalleryError, match="made with tower"):
        second.identify("bundled:obama")


def test_a_threshold_of_another_tower_is_refused(tmp_path, toy_tower):
    with pytest.raises(faces.GalleryError, match="expected a threshold calibrated for tower"):
        faces.Gallery(tmp_path / "x.db", toy_tower, faces.Threshold.bundled())
    without = faces.Gallery(tmp_path / "x.db", toy_tower)
    with pytest.raises(faces.GalleryError, match="faces.calibrate"):
        without.verify(colour(0.1), "kian", aligned=True)


def test_files_that_are_no_gallery(tmp_path):
    (tmp_path / "text.db").write_text("hello, this is no database at all, and long enough to be read as one\n" * 20)
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t (x)").connection.commit()
    for name, words in (("text.db", "not an SQLite file"), ("other.db", "another program")):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(faces.GalleryError, match=words):
            faces.Gallery(tmp_path / name)
        assert (tmp_path / name).read_bytes() == before
    with pytest.raises(faces.GalleryError, match="folder"):
        faces.Gallery(tmp_path)
    with pytest.raises(FileNotFoundError, match="existing folder"):
        faces.Gallery(tmp_path / "none" / "x.db")


def test_a_locked_gallery(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite_file, "SECONDS_TO_WAIT", 0.2)
    other = sqlite3.connect(tmp_path / "toy.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(faces.GalleryError, match="in use by another process"):
        store.Store(tmp_path / "toy.db")
    other.execute("ROLLBACK")
    assert store.Store(tmp_path / "toy.db").people()


@pytest.mark.parametrize("kind", [faces.TripletModel, faces.VerificationModel])
def test_a_model_around_a_tower_takes_the_towers_place(toy, toy_tower, tmp_path, kind):
    """The file is opened by the tower and by the model around it: one fingerprint, one answer."""
    with faces.Gallery(tmp_path / "toy.db", tower=kind(toy_tower), threshold=toy.threshold) as gallery:
        assert gallery.tower is toy_tower
        assert gallery.verify(colour(0.5), "lea", aligned=True) == toy.verify(colour(0.5), "lea", aligned=True)
        assert gallery.enrol("lea", colour(0.5), aligned=True) == 1
    assert toy.identify(colour(0.5), aligned=True)[0].name == "lea"


def test_a_read_only_gallery_answers_and_refuses_to_change(toy, tmp_path):
    toy._store._connection.execute("PRAGMA query_only = ON")  # as an unwritable file does, also for root
    assert toy.verify(colour(0.0), "kian", aligned=True).accepted
    for change in (lambda: toy.enrol("x", colour(0.9), aligned=True), lambda: toy.remove("lea")):
        with pytest.raises(faces.GalleryError, match="read-only"):
            change()
    assert toy.names() == ["kian", "lea"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_without_write_permission(toy, tmp_path):
    (tmp_path / "toy.db").chmod(0o444)
    with pytest.raises(faces.GalleryError, match="read-only"):
        toy.enrol("x", colour(0.9), aligned=True)


def test_a_full_disk_loses_nothing(toy, tmp_path):
    pages = toy._store._connection.execute("PRAGMA page_count").fetchone()[0]
    toy._store._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(faces.GalleryError, match="disk is full"):
        toy._store.add("big", np.zeros((5000, 3), np.float32), toy._fingerprint)
    assert store.Store(tmp_path / "toy.db").people() == toy.people()
    assert toy.names() == ["kian", "lea"]


def test_a_gallery_that_cannot_be_made_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "SCHEMA", ("CREATE TABLE people (id INTEGER)", "no SQL"))
    with pytest.raises(faces.GalleryError, match="cannot be used"):
        store.Store(tmp_path / "new.db")
    assert os.listdir(tmp_path) == []


def test_what_another_process_removed_is_not_reported_saved(tmp_path):
    path = tmp_path / "new.db"
    first, second = store.Store(path), store.Store(path)
    first.discard_if_empty()
    assert not path.exists()
    with pytest.raises(faces.GalleryError, match="was deleted or replaced by another program; nothing was saved"):
        second.add("kian", np.zeros((1, 3), np.float32), "f")


def test_a_gallery_with_people_is_not_discarded(tmp_path):
    first = store.Store(tmp_path / "new.db")
    store.Store(tmp_path / "new.db").add("kian", np.zeros((1, 3), np.float32), "f")
    first.discard_if_empty()
    assert store.Store(tmp_path / "new.db").people()[0][0] == "kian"


def test_two_processes_enrol_at_once(tmp_path):
    code = (
        "import sys, numpy; from keras_apps.faces.gallery.store import Store; kept = Store(sys.argv[1]);"
        "[kept.add(sys.argv[2], numpy.ones((1, 3), 'f4'), 'f') for _ in range(20)]"
    )
    path = tmp_path / "both.db"
    workers = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in ("a", "b")]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    assert [(name, count) for name, count, _ in store.Store(path).people()] == [("a", 20), ("b", 20)]


def test_threads_share_a_gallery(toy):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: toy._store.add(f"p{i % 4}", np.ones((1, 3), np.float32), toy._fingerprint), range(40)))
        answers = list(pool.map(lambda i: toy.identify(colour(0.6), aligned=True)[0].name, range(8)))
    assert sum(count for name, count, _ in toy.people() if name.startswith("p")) == 40
    assert set(answers) == {"lea"}


def test_killed_in_the_middle_of_a_transaction(toy, tmp_path):
    code = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE');"
        "c.execute(\"INSERT INTO people (name) VALUES ('half')\"); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "toy.db")], check=False)
    assert store.Store(tmp_path / "toy.db").people() == toy.people()
