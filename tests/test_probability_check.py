"""Predicted against observed probabilities: bins filled by hand, and a planted rule that is exactly right."""

import json

import numpy as np
import pytest

from keras_apps.faces.judging.calibration import Threshold, calibrate, reliability
from keras_apps.faces.judging.intervals import wilson

THRESHOLD = Threshold(0.5, "squared_euclidean", "", slope=10.0, midpoint=0.5, far=0.01)


def test_bins_by_hand():
    """P(0.2) = 1 / (1 + e^-3) = 0.952574, P(0.8) = 0.047426. Of 4 genuine pairs 3 lie at 0.2, of 2 impostors 1: the
    upper bin's genuine share, kinds weighing alike, is (3/4) / (3/4 + 1/2) = 0.6, the lower one's (1/4) / (3/4) = 1/3.
    The bins weigh (3/4 + 1/2) / 2 = 0.625 and 0.375: error 0.625 x 0.352574 + 0.375 x 0.285907 = 0.327574."""
    found = reliability(THRESHOLD, [0.2, 0.2, 0.2, 0.8, 0.2, 0.8], [1, 1, 1, 1, 0, 0])
    assert found.predicted == pytest.approx((0.047426, 0.952574), abs=1e-6)
    assert found.observed == pytest.approx((1 / 3, 0.6))
    assert (found.genuine, found.impostor) == ((1, 3), (1, 1))
    assert found.error == pytest.approx(0.327574, abs=1e-6)
    low, high = wilson(3, 4)  # weights 1/8 a genuine, 1/4 an impostor pair
    assert found.intervals[1] == pytest.approx([s / 8 / (s / 8 + (1 - s) / 4) for s in (low, high)])
    assert json.loads(json.dumps(found.as_dict()))["genuine"] == [1, 3]


def test_a_right_rule_has_no_error_and_a_wrong_one_has(rng):
    """Labels drawn with P = 1 / (1 + e^(10 (d - 0.5))) over symmetric distances; slope 30 is too sure of itself."""
    distances = rng.uniform(0, 1, 40_000)
    same = rng.uniform(size=distances.size) < 1 / (1 + np.exp(10 * (distances - 0.5)))
    right = reliability(THRESHOLD, distances, same)
    assert right.error < 0.01 and len(right.predicted) == 10
    inside = [low <= p <= high for p, (low, high) in zip(right.predicted, right.intervals, strict=True)]
    assert np.mean(inside) >= 0.8
    wrong = reliability(Threshold(0.5, "euclidean", "", slope=30.0, midpoint=0.5, far=0.01), distances, same)
    assert wrong.error > 0.05
    assert wrong.observed[0] > wrong.predicted[0] and wrong.observed[-1] < wrong.predicted[-1]


def test_rare_genuine_pairs_do_not_move_it(rng):
    """Ten times as many impostors from the same distribution: the observed shares stay, as the kinds weigh alike."""
    genuine, impostor = rng.normal(0.4, 0.1, 4000), rng.normal(0.6, 0.1, 40_000)
    few = reliability(THRESHOLD, np.concatenate([genuine, impostor[:4000]]), np.arange(8000) < 4000)
    many = reliability(THRESHOLD, np.concatenate([genuine, impostor]), np.arange(44_000) < 4000)
    assert many.observed == pytest.approx(few.observed, abs=0.05)


def test_what_calibrate_fits_is_reliable_on_other_pairs(rng):
    distances = np.abs(np.concatenate([rng.normal(0.35, 0.1, 4000), rng.normal(0.7, 0.1, 4000)]))
    same, half = np.arange(8000) < 4000, rng.permutation(8000) < 4000
    threshold = calibrate(distances[half], same[half], far=0.01)
    assert reliability(threshold, distances[~half], same[~half]).error < 0.02


@pytest.mark.parametrize(
    ("distances", "same", "options", "words"),
    [
        ([0.1], [1, 0], {}, "one shape"),
        ([0.1, np.nan], [1, 0], {}, "finite"),
        ([0.1, 0.2], [1, 1], {}, "genuine and impostor"),
        ([0.1, 0.2], [1, 0], {"bins": 0}, "whole number of bins"),
        ([0.1, 0.2], [1, 0], {"confidence": 0}, "confidence between"),
    ],
)
def test_wrong_input(distances, same, options, words):
    with pytest.raises(ValueError, match=words):
        reliability(THRESHOLD, distances, same, **options)
