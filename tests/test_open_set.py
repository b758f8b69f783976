"""Identification with unknown people: worked by hand, and against a slow loop over every person."""

import json
import math

import numpy as np
import pytest

from keras_apps.faces.judging.identification import evaluate_open_set, nearest_identities

# On a line: ann at 0 and 10, bo at 2, cy at 5.
GALLERY = np.array([[0.0], [2.0], [5.0], [10.0]])
IDS = ["ann", "bo", "cy", "ann"]


def test_by_hand():
    """Probes: ann at 9.5 is 0.25 from her second encoding: rank 1. bo at 3 is 1 from bo: rank 1. bo at 4.5 is 0.25 from
    cy and 6.25 from himself: rank 2. cy at 0.5 is 0.25 from ann, 2.25 from bo, 20.25 from cy: rank 3.
    Unknown people at 5.5 (0.25 from cy) and 7.4 (5.76 from cy, 6.76 from ann)."""
    probes = np.array([[9.5], [3.0], [4.5], [0.5], [5.5], [7.4]])
    report = evaluate_open_set(GALLERY, IDS, probes, ["ann", "bo", "bo", "cy", "dee", "eve"], fpir=(0.5, 0.1))
    assert (report.identities, report.encodings, report.known, report.unknown) == (3, 4, 4, 2)
    assert report.cmc == (0.5, 0.75, 1.0) and report.rank1 == 0.5
    half, tenth = report.dir_at_fpir
    assert half.rate == 0.5 and half.tau == pytest.approx(1.0)  # up to under 5.76, one unknown named
    assert half.measured == 0.5
    assert math.isnan(tenth.rate) and "2 are too few" in tenth.reason and "at least 10" in tenth.reason
    roots = evaluate_open_set(GALLERY, IDS, np.sqrt(probes**2), ["ann", "bo", "bo", "cy", "d", "e"], "euclidean", 0.5)
    assert roots.dir_at_fpir[0].tau == pytest.approx(1.0) and roots.cmc == report.cmc


def test_unknown_people_must_not_be_named():
    """Every unknown is nearer to somebody than the known probe is: at FPIR 1/2 one may be named (distance 0.01), the
    known one at 0.25 passes only under the second unknown at 0.36."""
    known, unknown = [[2.5]], [[0.1], [5.6]]
    report = evaluate_open_set(GALLERY, IDS, known + unknown, ["bo", "x", "y"], fpir=0.5)
    assert report.dir_at_fpir[0].rate == 1 and report.dir_at_fpir[0].tau == pytest.approx(0.25)
    report = evaluate_open_set(GALLERY, IDS, [[2.7], *unknown], ["bo", "x", "y"], fpir=0.5)
    assert report.rank1 == 1 and report.dir_at_fpir[0].rate == 0


def test_a_tie_is_no_success():
    """A probe at 1 is as far from ann (0) as from bo (2): rank 2 for either."""
    for name in ("ann", "bo"):
        assert evaluate_open_set(GALLERY, IDS, [[1.0]], [name]).cmc == (0, 1, 1)


def test_no_unknown_probes():
    report = evaluate_open_set(GALLERY, IDS, [[0.1]], ["ann"])
    assert all(math.isnan(p.rate) and p.reason == "there are no such probes" for p in report.dir_at_fpir)
    assert report.rank1_interval[0] < report.rank1 == report.rank1_interval[1] == 1


@pytest.mark.parametrize("kind", [int, str])
@pytest.mark.parametrize("memory_mb", [1, 256])
@pytest.mark.parametrize("block", [7, 16384])
def test_a_slow_loop_agrees(rng, monkeypatch, kind, memory_mb, block):
    """60 people with 1 to 4 encodings in any order; 90 probes, a third of them unknown; blocks that split people."""
    monkeypatch.setattr("keras_apps.faces.judging.identification.BLOCK", block)
    centres = rng.normal(size=(90, 8)) * 0.7
    codes = rng.permutation(np.repeat(np.arange(60), rng.integers(1, 5, 60)))
    gallery = centres[codes] + rng.normal(size=(codes.size, 8)) + 3
    probes, people = centres + rng.normal(size=(90, 8)) + 3, np.arange(90)
    name = (lambda ids: [f"p{i}" for i in ids]) if kind is str else (lambda ids: ids * 7 - 100)
    report = evaluate_open_set(
        gallery, name(codes), probes, name(people), fpir=(0.5, 0.2), ranks=15, memory_mb=memory_mb
    )
    ranks, own, strangers = [], [], []
    for probe, person in zip(probes, people, strict=True):
        nearest = [min(np.sum((probe - e) ** 2) for e in gallery[codes == p]) for p in range(60)]
        if person < 60:
            ranks.append(1 + sum(d < nearest[person] for d in nearest))
            own.append(nearest[person])
        else:
            strangers.append(min(nearest))
    ranks, own, strangers = map(np.array, (ranks, own, strangers))
    assert report.cmc == pytest.approx([np.mean(ranks <= k) for k in range(1, 16)])
    for point in report.dir_at_fpir:
        tau = np.sort(strangers)[round(point.wanted * 30)]
        assert point.rate == pytest.approx(np.mean((ranks == 1) & (own < tau)))
        assert point.measured == pytest.approx(point.wanted)
        assert point.interval[0] <= point.rate <= point.interval[1]


def test_memory_bounds_change_nothing(rng):
    gallery, probes = rng.normal(size=(40_000, 16)).astype(np.float32), rng.normal(size=(70, 16)).astype(np.float32)
    codes, own = np.arange(40_000), np.arange(70)
    small, large = (nearest_identities(gallery, codes, probes, own, memory) for memory in (1, 512))
    np.testing.assert_allclose(small[1], large[1], rtol=1e-4)
    assert (small[2] == large[2]).all()
    direct = np.sum((probes[5] - gallery) ** 2, axis=1)
    assert large[0][5] == pytest.approx(direct.min(), rel=1e-4) and large[2][5] == np.sum(direct <= direct[5])


def test_encodings_far_from_zero_keep_their_digits(rng):
    """Moving every encoding by 1000 changes no distance; without taking the mean off, float32 would lose them."""
    gallery, probes = rng.normal(size=(200, 4)).astype(np.float32), rng.normal(size=(50, 4)).astype(np.float32)
    codes, own = np.arange(200), np.arange(50)
    here, there = (nearest_identities(gallery + m, codes, probes + m, own) for m in (np.float32(0), np.float32(1000)))
    np.testing.assert_allclose(there[0], here[0], atol=2e-3)


def test_random_encodings_are_found_by_chance(rng):
    """Encodings that know nothing: the rank is uniform, so the CMC is k / 50."""
    report = evaluate_open_set(
        rng.normal(size=(50, 8)), np.arange(50), rng.normal(size=(4000, 8)), rng.integers(0, 50, 4000)
    )
    assert report.cmc == pytest.approx(np.arange(1, 21) / 50, abs=0.05)
    assert report.rank1_interval[0] <= 1 / 50 + 0.01 and report.rank1 < 0.05


def test_a_report_can_be_read_and_stored(rng):
    report = evaluate_open_set(
        np.eye(30), np.arange(30), np.eye(60)[:, :30] + rng.normal(size=(60, 30)) / 9, np.arange(60)
    )
    text = str(report)
    for words in (
        "30 people (30 encodings), 30 known and 30 unknown",
        "rank 1",
        "rank 20",
        "DIR at FPIR 0.1",
        "too few",
    ):
        assert words in text
    stored = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert stored["rank1"] == report.rank1 and len(stored["cmc"]) == 20
    assert stored["dir_at_fpir"][0]["fpir"] == 0.1 and stored["dir_at_fpir"][1]["dir"] is None


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"gallery_encodings": GALLERY[:3]}, ValueError, r"gallery encodings \(n, d\).*\(3, 1\) and \(4,\)"),
        ({"gallery_encodings": GALLERY[:0], "gallery_ids": []}, ValueError, "at least one"),
        ({"probe_encodings": [[1.0, 2.0]]}, ValueError, "one length, received 1 and 2"),
        ({"probe_encodings": [[np.nan]]}, ValueError, "finite probe"),
        ({"gallery_encodings": GALLERY + np.inf}, ValueError, "finite gallery"),
        ({"probe_ids": ["zoe"]}, ValueError, "people in the gallery, received 1 probes, all of people outside"),
        ({"probe_ids": [1]}, TypeError, "one kind"),
        ({"probe_ids": [1.5]}, TypeError, "integers or strings"),
        ({"distance": "cosine"}, ValueError, "'cosine'"),
        ({"fpir": 1.0}, ValueError, "between 0 and 1"),
        ({"ranks": 0}, ValueError, "at least 1 for ranks"),
        ({"confidence": 2}, ValueError, "confidence between"),
    ],
)
def test_wrong_input(changes, error, words):
    right = {"gallery_encodings": GALLERY, "gallery_ids": IDS, "probe_encodings": [[0.1]], "probe_ids": ["ann"]}
    with pytest.raises(error, match=words):
        evaluate_open_set(**(right | changes))
