"""The gallery's doctor: faults planted one by one are found one by one, and a clean gallery gives silence."""

import json
import shlex

import numpy as np
import pytest

from keras_apps import faces
from keras_apps.faces.gallery import doctor
from keras_apps.faces.gallery.gallery import Matcher
from keras_apps.faces.gallery.store import Rows, Store
from keras_apps.faces.judging.calibration import Threshold

TAU = 0.3
THRESHOLD = Threshold(TAU, "squared_euclidean", "tower", 20.0, 0.4, 1e-3)
PEOPLE = 12


def clean():
    """12 people on 12 axes, three pictures each: own distances 0.02, 0.02 and 0.08; others are 2 apart."""
    names, encodings = [], []
    for person in range(PEOPLE):
        for shift in (-0.1, 0.0, 0.1):
            encoding = np.zeros(2 * PEOPLE)
            encoding[person], encoding[PEOPLE + person] = 1, 2**0.5 * shift
            names.append(f"p{person}")
            encodings.append(encoding)
    return names, np.array(encodings)


def near(person, *steps):
    """Encodings of a person whose squared distances to the person's middle picture are the squares of `steps`."""
    base = clean()[1][3 * person + 1]
    return [base + step * np.eye(2 * PEOPLE)[PEOPLE + (person + 1) % PEOPLE] for step in steps]


def between(one, other, part):
    """An encoding on the way from one person's middle picture to another's; the way is sqrt(2) long."""
    middle = clean()[1][1::3]
    return middle[one] + part * (middle[other] - middle[one])


@pytest.fixture
def gallery(tmp_path):
    opened = Matcher(tmp_path / "team.db", "tower", THRESHOLD)
    names, encodings = clean()
    opened.enrol_encodings(names, encodings)
    return opened


def only(report, kind):
    assert [finding.kind for finding in report.findings] == [kind], str(report)
    return report.findings[0]


def test_a_clean_gallery_gives_silence(gallery):
    report = gallery.doctor()
    assert report.findings == () and (report.people, report.encodings) == (12, 36) and report.left_out == 0
    assert str(report).endswith("12 people, 36 encodings, tau 0.3 (squared_euclidean)\nnothing found")
    assert Matcher(gallery._store.path.with_name("empty.db"), "tower", THRESHOLD).doctor().findings == ()


@pytest.mark.parametrize("wrong", [1, 2])
def test_wrong_pictures_in_a_persons_folder(gallery, wrong):
    """p3 gets one or two pictures of p7: two of her others are 2 away and one at most is near, so that the median is 2
    or more than 1. They are 0.04 and 0.09 from p7's middle picture."""
    gallery.enrol_encodings(["p3"] * wrong, near(7, 0.2, 0.3)[:wrong])
    finding = only(gallery.doctor(), "misfiled-picture")
    assert finding.people == ("p3", "p7") and finding.pictures == ((4,), (4, 5))[wrong - 1]
    assert finding.distance == pytest.approx(0.04, abs=1e-6)
    assert "picture 4 of" in finding.what and "looks like 'p7' (0.040)" in finding.what
    assert ("--picture 4 --picture 5" if wrong == 2 else "--picture 4 ") in finding.advice
    assert gallery.remove("p3", finding.pictures) == wrong
    assert gallery.doctor().findings == ()


def test_a_person_of_two_pictures_one_of_them_wrong(gallery):
    gallery.remove("p3", 3)
    gallery.remove("p3", 2)
    gallery.enrol_encodings(["p3"], near(7, 0.2))
    assert only(gallery.doctor(), "misfiled-picture").pictures == (2,)


def test_a_strangers_picture_alone_is_no_finding(gallery):
    """Far from the person's others, but near nobody: it may be a hard picture."""
    gallery.enrol_encodings(["p3"], [np.full(2 * PEOPLE, 3.0)])
    assert gallery.doctor().findings == ()


def test_a_person_enrolled_twice(gallery):
    """The cross distances are 0.01 and 0.0225 to p5's middle picture and 0.02 more to the others: their median is below
    0.05, which her own ends have."""
    gallery.enrol_encodings(["twice"] * 2, near(5, 0.1, 0.15))
    finding = only(gallery.doctor(), "same-person")
    assert finding.people == ("p5", "twice") and finding.distance == pytest.approx(0.01, abs=1e-6)
    assert "6 of 6 comparisons" in finding.what and "faces remove" in finding.advice


def test_siblings_too_close_for_tau(gallery):
    """0.35 of the way from p1 to p2, sqrt(2) long, is 2 x 0.35^2 = 0.245 <= 0.3 from p1, and 0.845 from p2.
    Of nine in ten people's own pictures the median is 0.05, so that this is another person."""
    place = between(1, 2, 0.35)
    step = np.eye(2 * PEOPLE)[PEOPLE + 2] * 0.1
    gallery.enrol_encodings(["sister"] * 2, [place, place + step])
    finding = only(gallery.doctor(), "look-alikes")
    assert finding.people == ("p1", "sister") and finding.distance == pytest.approx(0.245, abs=1e-6)
    assert "stricter tau" in finding.advice


def test_names_that_differ_little(gallery):
    gallery.enrol_encodings(
        ["P 3", "P 3"], [np.full(2 * PEOPLE, 3.0), np.full(2 * PEOPLE, 3.05)], accept="similar-name"
    )
    finding = only(gallery.doctor(), "similar-names")
    assert finding.people == ("p3", "P 3") and f"faces remove {gallery._store.path} 'P 3'" in finding.advice


def test_the_same_picture_twice(gallery):
    """Up to the rounding of another batch: 1e-7 of each value."""
    gallery.enrol_encodings(["p4", "p4"], clean()[1][12:14] * (1 + 1e-7))
    finding = only(gallery.doctor(), "duplicate-picture")
    assert finding.people == ("p4",) and finding.pictures == (4, 5) and "pictures 4, 5 repeat" in finding.what
    gallery.remove("p4", finding.pictures)
    assert gallery.doctor().findings == ()


def test_the_same_picture_under_two_names(gallery):
    gallery.enrol_encodings(["double"] * 3, clean()[1][12:15])
    finding = only(gallery.doctor(), "same-person")
    assert finding.people == ("p4", "double") and "same picture is enrolled under both names" in finding.what


def test_people_with_one_picture(gallery):
    gallery.enrol_encodings(["-x", "y"], [np.full(2 * PEOPLE, 3.0), np.full(2 * PEOPLE, -3.0)])
    finding = only(gallery.doctor(), "one-picture")
    assert finding.people == ("-x", "y") and "2 people have one picture only: -x, y" in finding.what
    assert "faces enrol -- " in finding.advice, "a name with a dash is no option"


def test_all_at_once(gallery):
    gallery.enrol_encodings(["p3", "p4", "y"], [*near(7, 0.2), clean()[1][12], np.full(2 * PEOPLE, 3.0)])
    kinds = [finding.kind for finding in gallery.doctor().findings]
    assert kinds == ["misfiled-picture", "duplicate-picture", "one-picture"]


def test_the_euclidean_distance(tmp_path):
    threshold = Threshold(TAU**0.5, "euclidean", "tower", 20.0, 0.4, 1e-3)
    gallery = Matcher(tmp_path / "roots.db", "tower", threshold)
    gallery.enrol_encodings(*clean())
    assert gallery.doctor().findings == ()
    gallery.enrol_encodings(["p3"], near(7, 0.2))
    assert only(gallery.doctor(), "misfiled-picture").distance == pytest.approx(0.2, abs=1e-6)


def test_without_a_threshold(tmp_path):
    """People are compared by name, and for equal pictures only."""
    gallery = Matcher(tmp_path / "none.db", "tower")
    gallery.enrol_encodings(*clean())
    gallery.enrol_encodings(["p3"], near(7, 0.2))
    report = gallery.doctor()
    assert report.findings == () and report.tau is None and "no threshold is known" in str(report)
    gallery.enrol_encodings(["double"] * 3, clean()[1][12:15])
    assert only(gallery.doctor(), "same-person").people == ("p4", "double")


@pytest.mark.parametrize(("block", "across", "values"), [(7, 11, 20), (1024, 8192, 1 << 23)])
def test_pairs_equal_a_slow_loop(rng, monkeypatch, block, across, values):
    """40 people of 1 to 5 pictures, out of order: every pair, and every median of a person's own."""
    for name, value in (("BLOCK", block), ("ACROSS", across), ("VALUES_TOGETHER", values)):
        monkeypatch.setattr(doctor, name, value)
    owners = rng.permutation(np.repeat(np.arange(40), rng.integers(1, 6, 40)))
    encodings = rng.normal(size=(len(owners), 6)).astype(np.float32) + 5
    people = doctor._People([str(i) for i in range(40)], Rows(owners, np.zeros(len(owners), int), encodings))
    order = np.argsort(owners, kind="stable")
    table = np.array([[np.sum((a.astype(float) - b) ** 2) for b in encodings[order]] for a in encodings[order]])
    owners = owners[order]
    medians, duplicates = doctor.own_medians(people)
    for row in range(len(owners)):
        others = [table[row, i] for i in range(len(owners)) if owners[i] == owners[row] and i != row]
        assert medians[row] == pytest.approx(np.median(others), rel=1e-4) if others else np.isnan(medians[row])
    assert not duplicates.any()
    first, second, near = doctor.close_pairs(people, 3.0)
    n = len(owners)
    wanted = {(i, j) for i in range(n) for j in range(i) if table[i, j] <= 3 and owners[i] != owners[j]}
    assert {(j, i) for i, j in zip(first.tolist(), second.tolist(), strict=True)} == wanted and len(wanted) > 20
    assert np.all(np.diff(near) >= 0) and near == pytest.approx(
        [table[i, j] for i, j in zip(first, second, strict=True)]
    )


def test_a_tower_that_sees_one_face_everywhere(monkeypatch):
    """60 people at one place: 1,770 pairs, of which the nearest are kept and listed, and the rest counted."""
    monkeypatch.setattr(doctor, "MOST_LISTED", 10)
    rows = Rows(np.repeat(np.arange(60), 2), np.zeros(120, int), np.random.default_rng(0).normal(1, 0.01, (120, 4)))
    report = doctor.examine("x.db", [f"p{i}" for i in range(60)], rows, TAU, "squared_euclidean")
    assert len(report.findings) == 10 and report.left_out == 60 * 59 // 2 - 10
    assert f"{report.left_out} more pairs of people are within tau" in str(report)
    monkeypatch.setattr(doctor, "MOST_PAIRS", 100)
    people = doctor._People([f"p{i}" for i in range(60)], rows)
    assert len(doctor.close_pairs(people, TAU)[0]) == 100


def test_removing_single_pictures(gallery):
    """The second of three goes; the others and everybody else stay."""
    names, encodings = clean()
    assert gallery.remove("p2", 2) == 1
    stored, rows = gallery._store.contents()
    own = rows.encodings[rows.owners == stored.index("p2")]
    assert own == pytest.approx(encodings[[6, 8]], abs=1e-6) and len(rows.owners) == 35
    assert gallery.audit().changes[-1].change == "removed" and gallery.audit().changes[-1].name == "p2"
    for pictures, words in (([1, 2], "keep a picture of 'p2', received all 2"), (3, "picture from 1 to 2, received 3")):
        with pytest.raises(ValueError, match=words):
            gallery.remove("p2", pictures)
    with pytest.raises(faces.GalleryError, match="received 'nobody'"):
        gallery.remove("nobody", 1)
    assert ("p2", 2) in [row[:2] for row in gallery.people()]


def test_the_command(run, fails):
    """Exit codes 0, 1 and 2; the printed command does what it says."""
    store = Store("team db.db")
    names, encodings = clean()
    fingerprint = Threshold.bundled("resnet128").model
    store.add_many(names, encodings, fingerprint)
    code, out, err = run("faces", "doctor", "team db.db")
    assert code == 0 and out.endswith("nothing found\n"), err
    store.add("p3", np.array(near(7, 0.2)), fingerprint)
    code, out, _ = run("faces", "doctor", "team db.db")
    assert code == 1 and "misfiled-picture: 'p3': picture 4 of 4 is" in out and "1 finding; run doctor again" in out
    told = json.loads(run("faces", "doctor", "team db.db", "--json")[1])
    assert told["people"] == 12 and told["findings"][0]["pictures"] == [4]
    command = shlex.split(told["findings"][0]["advice"].split(": ")[1])
    assert command[:2] == ["keras-apps", "faces"]
    assert run(*command[1:])[:2] == (0, "p3: 1 encoding removed\n")
    assert run("faces", "doctor", "team db.db")[0] == 0
    assert "does not exist" in fails("faces", "doctor", "none.db")
    assert "picture from 1 to 3, received 9" in fails("faces", "remove", "team db.db", "p3", "--picture", "9")
    Threshold(0.5, "squared_euclidean", "other", 20.0, 0.4, 1e-3).save("other.json")
    assert "threshold calibrated for tower" in fails("faces", "doctor", "team db.db", "--threshold", "other.json")
