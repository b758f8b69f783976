"""Thresholds chosen by hand on small sets, and probabilities of a planted rule."""

import json
import math

import numpy as np
import pytest

from keras_apps import faces


def test_tau_is_the_largest_that_keeps_the_rate():
    """Ten impostors at 1.0, 1.1, ... 1.9; at far 0.2 two may pass, so tau = 1.1."""
    impostors = 1 + np.arange(10) / 10
    threshold = faces.calibrate([0.2, *impostors], [1] + [0] * 10, far=0.2)
    assert threshold.tau == pytest.approx(1.1)
    assert np.mean(impostors <= threshold.tau) == pytest.approx(0.2)


def test_a_rate_may_be_of_numpy():
    threshold = faces.calibrate([0.1, 0.4, 0.5], [1, 0, 0], far=np.float32(0.5))
    assert threshold.far == 0.5 and type(threshold.far) is float


def test_a_tie_does_not_let_more_in():
    """All impostors at 1.0: a tau of 1.0 would accept them all."""
    assert faces.calibrate([0.2] + [1.0] * 10, [1] + [0] * 10, far=0.2).tau < 1.0


def test_a_planted_rule_is_found(rng):
    """Labels drawn with P(same) = 1 / (1 + exp(8 (d - 0.5))) over symmetric distances give slope 8, midpoint 0.5."""
    distances = rng.uniform(0, 1, 60_000)
    same = rng.uniform(size=distances.size) < 1 / (1 + np.exp(8 * (distances - 0.5)))
    threshold = faces.calibrate(distances, same, far=0.01)
    assert threshold.slope == pytest.approx(8, rel=0.05)
    assert threshold.midpoint == pytest.approx(0.5, abs=0.02)
    assert threshold.probability(threshold.midpoint) == 0.5
    assert threshold.probability(0.0) > 0.9 > threshold.probability(0.6)
    assert threshold.probability(1e6) == 0


def test_separable_pairs_stay_finite():
    threshold = faces.calibrate([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0], far=0.5)
    assert np.isfinite([threshold.slope, threshold.midpoint]).all()
    assert threshold.probability(0.1) > 0.9 and threshold.probability(0.9) < 0.1


@pytest.mark.parametrize(
    ("distances", "same", "far", "words"),
    [
        ([0.1, 0.2], [1], 0.5, "one shape"),
        ([0.1, -0.2], [1, 0], 0.5, "at least 0"),
        ([0.1, np.nan], [1, 0], 0.5, "finite"),
        ([0.1, 0.2], [1, 1], 0.5, "genuine and impostor"),
        ([0.1, 0.2], [0, 0], 0.5, "genuine and impostor"),
        ([0.1, 0.2, 0.3], [1, 0, 0], 1e-3, "at least 1000 impostor pairs"),
        ([0.1, 0.2], [1, 0], 0.0, "between 0 and 1"),
    ],
)
def test_wrong_pairs(distances, same, far, words):
    with pytest.raises(ValueError, match=words):
        faces.calibrate(distances, same, far=far)


def test_save_and_load(tmp_path):
    threshold = faces.calibrate([0.1, 0.8, 0.9], [1, 0, 0], far=0.5, model="abc")
    threshold.save(tmp_path / "t.json")
    assert faces.Threshold.load(tmp_path / "t.json") == threshold
    with pytest.raises(FileNotFoundError, match="does not exist"):
        faces.Threshold.load(tmp_path / "none.json")
    good = json.loads((tmp_path / "t.json").read_text())
    for change in ({"tau": math.nan}, {"tau": "0.3"}, {"tau": -1}, {"distance": "cosine"}, {"slope": None}):
        (tmp_path / "x.json").write_text(json.dumps(good | change))
        with pytest.raises(ValueError, match="expected a threshold file.*received"):
            faces.Threshold.load(tmp_path / "x.json")
    (tmp_path / "x.json").write_text("[1]")
    with pytest.raises(ValueError, match="expected a threshold file"):
        faces.Threshold.load(tmp_path / "x.json")


def test_the_bundled_threshold_is_for_the_bundled_tower(tower):
    threshold = faces.Threshold.bundled()
    assert threshold.model == faces.fingerprint(tower)
    assert threshold.distance == "squared_euclidean" and threshold.far == 1e-3
    assert threshold.calibrated_on
