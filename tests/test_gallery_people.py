"""Galleries of ready encodings: templates, verifiers, renaming, updating, the log, with numbers by hand."""

import numpy as np
import pytest

from keras_apps.faces.gallery.gallery import Matcher
from keras_apps.faces.gallery.names import GalleryError
from keras_apps.faces.gallery.store import Change
from keras_apps.faces.judging.calibration import Threshold

THRESHOLD = Threshold(0.04, "squared_euclidean", "tower", 50.0, 0.06, 0.1)


def opened(path, **options):
    options = {"threshold": THRESHOLD} | options
    return Matcher(path, "tower", **options)


@pytest.fixture
def path(tmp_path):
    """kian at 0.0, 0.2 and 0.8, lea at 0.5, on a line; kian's last comes after lea."""
    with opened(tmp_path / "people.db") as gallery:
        assert gallery.enrol_encodings(["kian", "lea", "kian", "kian"], [[0.0], [0.5], [0.2], [0.8]]) == 4
    return tmp_path / "people.db"


@pytest.mark.parametrize(
    ("template", "kian", "lea"),
    [
        ("nearest", 0.01, 0.04),  # 0.3 is 0.1 from 0.2, and 0.2 from 0.5
        ("best-of-1", 0.01, 0.04),
        ("best-of-2", 0.05, 0.04),  # (0.01 + 0.09) / 2
        ("best-of-3", 0.35 / 3, 0.04),  # (0.01 + 0.09 + 0.25) / 3
        ("best-of-9", 0.35 / 3, 0.04),  # there are only three
        ("mean", (0.3 - 1 / 3) ** 2, 0.04),
    ],
)
def test_templates(path, template, kian, lea):
    """The probe 0.3 has squared distances 0.09, 0.01, 0.25 to kian's pictures, and 0.04 to lea's."""
    gallery = opened(path, template=template)
    (answer,) = gallery.identify_encodings([0.3])
    assert {c.name: pytest.approx(c.distance, abs=1e-6) for c in answer.candidates} == {"kian": kian, "lea": lea}
    assert [c.name for c in answer.candidates] == (["kian", "lea"] if kian < lea else ["lea", "kian"])
    checked = gallery.verify_encodings([[0.3], [0.3]], ["kian", "lea"])
    assert [c.distance for c in checked] == pytest.approx([kian, lea], abs=1e-6)
    assert checked[0].accepted == (kian <= 0.04) and checked[0].measure == answer.measure == "squared_euclidean"


def test_best_of_k_of_roots(path):
    """In the Euclidean distance the mean is of 0.1 and 0.3."""
    threshold = Threshold(0.2, "euclidean", "tower", 50.0, 0.06, 0.1)
    (answer,) = opened(path, threshold=threshold, template="best-of-2").verify_encodings([[0.3]], ["kian"])
    assert answer.distance == pytest.approx(0.2, abs=1e-6) and answer.measure == "euclidean"


@pytest.mark.parametrize("template", ["best", "best-of-0", "best-of-", "best-of-1.5", "median", "", None])
def test_no_such_template(path, template):
    with pytest.raises(ValueError, match="expected a template 'nearest', 'mean' or 'best-of-K'"):
        opened(path, template=template)


class Planted:
    """P(same) falls from 1 at distance 0 to 0 at distance 1."""

    fingerprint = "tower"

    def score(self, probe, encodings):
        return np.clip(1 - np.abs(encodings - probe)[:, 0], 0, 1)


def test_a_verifier_decides(path):
    """1 - P is the distance on the line: 0.1 to kian's nearest, 0.2 to lea; at 1.4 it is 0.6, P = 0.4 < 0.5."""
    gallery = opened(path, threshold=None, decider=Planted())
    near, far = gallery.identify_encodings([[0.3], [1.4]])
    assert near.name == "kian" and near.measure == "1 - P(same)" and near.tau == 0.5
    assert [c.distance for c in near.candidates] == pytest.approx([0.1, 0.2], abs=1e-6)
    assert far.name is None and far.distance == pytest.approx(0.6, abs=1e-6)
    (answer,) = gallery.verify_encodings([[1.3]], ["kian"])
    assert answer.accepted and answer.probability == pytest.approx(0.5) and answer.measure == "1 - P(same)"
    (answer,) = opened(path, threshold=None, decider=Planted(), template="best-of-2").verify_encodings([0.3], ["kian"])
    assert answer.probability == pytest.approx(1 - (0.1 + 0.3) / 2)
    with pytest.raises(GalleryError, match="decides by distance, received one that decides by 1 - P"):
        gallery.threshold  # noqa: B018


def test_a_verifier_s_own_threshold(path):
    decider = Planted()
    decider.tau_probability = 0.9
    gallery = opened(path, threshold=None, decider=decider)
    assert [a.accepted for a in gallery.verify_encodings([[0.25], [0.35]], ["kian", "kian"])] == [True, False]


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"fingerprint": "other"}, GalleryError, "trained for tower tower, received one for other"),
        ({"fingerprint": None}, TypeError, "with a fingerprint or a tower"),
        ({"score": None}, TypeError, "method score"),
        ({"tau_probability": 1.5}, ValueError, r"in \[0, 1\], received 1.5"),
    ],
)
def test_wrong_verifiers(path, change, error, words):
    with pytest.raises(error, match=words):
        opened(path, threshold=None, decider=type("Changed", (Planted,), change)())


def test_a_verifier_that_answers_nonsense(path):
    for answer in ([2.0] * 4, [np.nan] * 4, [0.5]):
        decider = Planted()
        decider.score = lambda probe, encodings, answer=answer: answer
        with pytest.raises(ValueError, match=r"4 probabilities in \[0, 1\]"):
            opened(path, threshold=None, decider=decider).identify_encodings([0.3])
    with pytest.raises(ValueError, match="received both"):
        opened(path, decider=Planted())


def test_rename(path):
    gallery = opened(path)
    gallery.rename("kian", "Zoe\u0308")
    assert gallery.names() == ["Zoë", "lea"] or gallery.names() == ["lea", "Zoë"]
    assert gallery.identify_encodings([0.0])[0].name == "Zoë"
    assert b"kian" not in path.read_bytes()
    for old, new, words in (
        ("kian", "x", "enrolled .*received 'kian'"),
        ("lea", "Zoë", "nobody has yet, received 'Zoë'"),
        ("lea", "lea", "nobody has"),
        ("lea", "", "1 to 200"),
    ):
        with pytest.raises(ValueError, match=words):
            gallery.rename(old, new)
    assert sorted(gallery.names()) == ["Zoë", "lea"]


def test_the_log(path):
    """Removed people leave no name; renamed people stand under the name of today."""
    gallery = opened(path)
    gallery.enrol_encodings(["noor"], [[0.9]])
    gallery._store.replace("noor", [[0.7], [0.6]], "tower")
    gallery.rename("lea", "leah")
    gallery.remove("kian")
    audit = gallery.audit()
    assert [(p.name, p.encodings) for p in audit.people] == [("leah", 1), ("noor", 2)]
    assert all(p.first <= p.last and p.first.endswith("+00:00") for p in audit.people)
    told = [(c.change, c.name, c.encodings) for c in audit.changes]
    assert told == [
        ("enrolled", None, 4),
        ("enrolled", "noor", 1),
        ("updated", "noor", 2),
        ("renamed", "leah", 0),
        ("removed", None, 3),
    ]
    gallery.remove("noor")
    assert [c.name for c in gallery.audit().changes] == [None, "leah", None, None]
    assert isinstance(audit.changes[0], Change)


def test_replacing_is_for_people_who_are_there(path):
    gallery = opened(path)
    with pytest.raises(GalleryError, match="kian, lea.*received 'noor'"):
        gallery._store.replace("noor", [[0.7]], "tower")
    assert gallery._store.replace("kian", [[0.7]], "tower") == 3
    assert gallery.verify_encodings([[0.0]], ["kian"])[0].distance == pytest.approx(0.49)


@pytest.mark.parametrize(
    ("names", "encodings", "words"),
    [
        (["x"], [[np.nan]], "finite"),
        (["x"], [[np.inf]], "finite"),
        (["x"], [[1.0, 2.0]], "length 1 as in the gallery, received length 2"),
        (["x", "y"], [[1.0]], r"shape \(2, d\), received shape \(1, 1\)"),
        (["x"], [["a"]], "as numbers"),
        (["x"], [[[1.0]]], "shape"),
        ([], np.zeros((0, 1)), "shape"),
        (["x", ""], [[1.0], [2.0]], "1 to 200 characters"),
    ],
)
def test_wrong_encodings(path, names, encodings, words):
    gallery = opened(path)
    with pytest.raises(ValueError, match=words):
        gallery.enrol_encodings(names, encodings)
    assert gallery.names() == ["kian", "lea"] and gallery.audit().changes[1:] == []
    with pytest.raises(TypeError, match="sequence of names"):
        gallery.enrol_encodings("kian", [[1.0]])


def test_wrong_probes(path, tmp_path):
    gallery = opened(path)
    for probes, words in (([[1.0, 2.0]], "length 1, received length 2"), ([[np.nan]], "finite"), ([], "shape")):
        with pytest.raises(ValueError, match=words):
            gallery.identify_encodings(probes)
    with pytest.raises(ValueError, match="top of at least 1"):
        gallery.identify_encodings([0.1], top=0)
    with pytest.raises(ValueError, match=r"shape \(2, d\)"):
        gallery.verify_encodings([[0.1]], ["kian", "lea"])
    with pytest.raises(GalleryError, match="received 'noor'"):
        gallery.verify_encodings([[0.1]], ["noor"])
    assert len(gallery.identify_encodings([0.1], top=99)[0].candidates) == 2
    empty = opened(tmp_path / "empty.db").identify_encodings([[0.1], [0.2]])
    assert [(a.name, a.distance) for a in empty] == [(None, float("inf"))] * 2
