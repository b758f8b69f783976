"""The search in memory against slow loops."""

import numpy as np
import pytest

from keras_apps.faces.gallery import search
from keras_apps.faces.gallery.decisions import ByDistance
from keras_apps.faces.gallery.search import Index, smallest
from keras_apps.faces.judging.calibration import Threshold


def slow(index_of, encodings, probe, template, root):
    """Every person's measure, one by one; persons nearest first, of equals the first."""
    scores = []
    for person in range(max(index_of) + 1):
        own = [e.astype(float) for e, i in zip(encodings, index_of, strict=True) if i == person]
        if template == "mean":
            own = [sum(own) / len(own)]
        distances = sorted(sum((p - x) ** 2 for p, x in zip(probe.astype(float), e, strict=True)) for e in own)
        distances = [d**0.5 for d in distances] if root else distances
        k = int(template[8:]) if template.startswith("best") else 1
        scores.append(sum(distances[:k]) / len(distances[:k]))
    return sorted(enumerate(scores), key=lambda pair: pair[1])


@pytest.mark.parametrize("distance", ["squared_euclidean", "euclidean"])
@pytest.mark.parametrize("template", ["nearest", "mean", "best-of-2", "best-of-3"])
@pytest.mark.parametrize("mixed", [False, True])
def test_equals_the_slow_loop(rng, template, distance, mixed, monkeypatch):
    """60 people with 1 to 5 pictures each, whether a person's stand together in the file or not."""
    owners = np.repeat(np.arange(60), rng.integers(1, 6, 60))
    if mixed:
        rng.shuffle(owners)
    encodings = rng.normal(size=(len(owners), 8)).astype(np.float32)
    probes = np.float32(encodings[:7] + rng.normal(size=(7, 8)) * 0.5)
    monkeypatch.setattr(search, "VALUES_TOGETHER", 2 * len(owners))  # two probes in one turn
    index = Index([str(i) for i in range(60)], owners, encodings, template)
    measure = ByDistance(Threshold(1.0, distance, "", 1.0, 0.5, 0.1))
    found = list(index.nearest(probes, measure, 4))
    assert len(found) == 7
    for probe, nearest in zip(probes, found, strict=True):
        expected = slow(owners, encodings, probe, template, distance == "euclidean")[:4]
        assert [i for i, _ in nearest] == [i for i, _ in expected]
        assert [v for _, v in nearest] == pytest.approx([v for _, v in expected], rel=1e-5)
        assert index.measure_of(probe, nearest[0][0], measure) == pytest.approx(nearest[0][1], rel=1e-6)


def test_equals_come_in_the_order_of_enrolment():
    index = Index(list("abcd"), np.arange(4), np.float32([[1], [0], [1], [0]]))
    measure = ByDistance(Threshold(1.0, "squared_euclidean", "", 1.0, 0.5, 0.1))
    assert next(index.nearest(np.float32([[0]]), measure, 3)) == [(1, 0.0), (3, 0.0), (0, 1.0)]


def test_an_enrolled_encoding_is_at_distance_zero_however_long_it_is(rng):
    """The product alone would leave rounding of about 1e-7 |g|^2, here 0.1 and more."""
    encodings = np.float32(rng.normal(size=(50, 16)) * 1000)
    index = Index([""] * 50, np.arange(50), encodings)
    measure = ByDistance(Threshold(1.0, "euclidean", "", 1.0, 0.5, 0.1))
    assert [found[0] for found in index.nearest(encodings, measure, 1)] == [(i, 0.0) for i in range(50)]


def test_memory_is_not_copied():
    encodings = np.zeros((9, 2), np.float32)
    assert Index([""] * 9, np.arange(9), encodings).encodings is encodings


@pytest.mark.parametrize("size", [1, 2, 3, 10, 99, 100, 101, 5000])
def test_smallest(rng, size):
    values = rng.permutation(size).astype(np.float32)
    for count in {1, min(5, size), size}:
        assert smallest(values, count) == count - 1
    assert smallest(np.zeros(size, np.float32), size) == 0
