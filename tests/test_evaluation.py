"""Rates, areas and intervals: worked by hand, from closed forms, and against slow counting."""

import json
import math

import numpy as np
import pytest
from scipy.stats import norm

from keras_apps.faces.judging.intervals import area_interval, bootstrap_eer, mean_of_folds, wilson
from keras_apps.faces.judging.rates import area_under_roc, equal_error_rate, far_frr, roc, split_kinds
from keras_apps.faces.judging.verification import accuracy_of_folds, balanced_folds, best_tau, evaluate_pairs


def gaussians(rng, genuine, impostor, apart, far_out=10.0):
    """Two normal kinds of standard deviation 1, their means `apart`."""
    distances = np.concatenate([rng.normal(far_out - apart, 1, genuine), rng.normal(far_out, 1, impostor)])
    return distances, np.arange(genuine + impostor) < genuine


def slow_rates(distances, same):
    """FAR and FRR at every distance that occurs, comparison by comparison."""
    for tau in sorted(set(distances)):
        accepted = {True: 0, False: 0}
        for distance, one in zip(distances, same, strict=True):
            accepted[bool(one)] += distance <= tau
        genuine = sum(map(bool, same))
        yield tau, accepted[False] / (len(same) - genuine), 1 - accepted[True] / genuine


def tied(rng, n=60):
    """Distances on a grid of ten, so that most of them tie."""
    same = rng.uniform(size=n) < 0.4
    same[:2] = True, False
    return np.round(rng.uniform(0, 1, n) + 0.3 * ~same, 1), same


@pytest.mark.parametrize("tau", [0.0, 0.3, 0.55, 2.0])
def test_far_and_frr_count(rng, tau):
    distances, same = tied(rng)
    far = sum(d <= tau and not s for d, s in zip(distances, same, strict=True)) / np.sum(~same)
    frr = sum(d > tau and s for d, s in zip(distances, same, strict=True)) / np.sum(same)
    assert far_frr(distances, same, tau) == pytest.approx((far, frr))


def test_the_roc_has_every_threshold_once(rng):
    for _ in range(20):
        distances, same = tied(rng)
        curve = roc(distances, same)
        slow = np.array(list(slow_rates(distances, same)))
        assert (curve.far[0], curve.frr[0], curve.tau[0]) == (0, 1, -np.inf)
        np.testing.assert_allclose(np.stack([curve.tau, curve.far, curve.frr], 1)[1:], slow, atol=1e-15)
        assert (curve.far[-1], curve.tar[-1]) == (1, 1)


def test_eer_by_hand():
    """At tau 0.4: FAR 0, FRR 1/3. At tau 0.5: FAR 1/2, FRR 1/3. Between them FAR = FRR = 1/3, two thirds of the way."""
    eer, tau = equal_error_rate(roc([0.3, 0.4, 0.6, 0.5, 0.7], [1, 1, 1, 0, 0]))
    assert eer == pytest.approx(1 / 3) and tau == pytest.approx(0.4 + 0.1 * 2 / 3)


@pytest.mark.parametrize(
    ("distances", "same", "expected"),
    [
        ([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0], 0),
        ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1], 1),
        ([0.5, 0.5, 0.5, 0.5], [1, 1, 0, 0], 0.5),
        ([0.0, 0.0], [1, 0], 0.5),
    ],
)
def test_eer_and_area_at_the_extremes(distances, same, expected):
    report = evaluate_pairs(distances, same, far=0.5)
    assert report.eer == expected and report.auc == 1 - expected
    assert report.eer_interval[0] <= expected <= report.eer_interval[1]
    assert report.auc_interval[0] <= 1 - expected <= report.auc_interval[1]
    assert report.eer_interval[0] < report.eer_interval[1] and report.auc_interval[0] < report.auc_interval[1]


def test_area_counts_pairs_of_pairs(rng):
    """AUC = share of (genuine, impostor) with the genuine one nearer, ties one half."""
    for _ in range(20):
        genuine, impostor = split_kinds(*tied(rng))
        slow = np.mean([(g < i) + (g == i) / 2 for g in genuine for i in impostor])
        assert area_under_roc(genuine, impostor) == pytest.approx(slow, abs=1e-12)


@pytest.mark.parametrize("apart", [1.0, 2.5, 4.0])
def test_two_gaussians(rng, apart):
    """Kinds N(mu, 1) and N(mu + d', 1): EER = Phi(-d'/2), AUC = Phi(d'/sqrt 2), TAR at FAR f = Phi(d' + Phi^-1(f))."""
    report = evaluate_pairs(*gaussians(rng, 100_000, 150_000, apart))
    assert report.eer == pytest.approx(norm.cdf(-apart / 2), abs=0.003)
    assert report.auc == pytest.approx(norm.cdf(apart / math.sqrt(2)), abs=0.002)
    assert report.accuracy == pytest.approx(1 - norm.cdf(-apart / 2), abs=0.03)
    for point in report.tar_at_far:
        assert point.interval[0] <= norm.cdf(apart + norm.ppf(point.wanted)) <= point.interval[1]


def test_metrics_equal_scikit_learns(rng):
    metrics = pytest.importorskip("sklearn.metrics")
    from scipy.interpolate import interp1d
    from scipy.optimize import brentq

    for n in (60, 300, 1000):
        distances, same = tied(rng, n)
        report = evaluate_pairs(distances, same, far=(0.5, 0.1))
        fpr, tpr, _ = metrics.roc_curve(same, -distances, drop_intermediate=False)
        assert report.auc == pytest.approx(metrics.roc_auc_score(same, -distances), abs=1e-12)
        curve = interp1d(fpr, tpr)
        assert report.eer == pytest.approx(brentq(lambda x, f=curve: 1 - x - f(x), 0, 1), abs=1e-9)
        for point in report.tar_at_far:
            assert point.rate == pytest.approx(tpr[fpr <= point.wanted].max(), abs=1e-12)


def test_tar_at_far_by_hand():
    """Impostors 0.5, 0.6, 0.6, 0.9. FAR 1/4 allows the one at 0.5, so tau may rise up to under 0.6: genuine 0.1, 0.55.
    FAR 1/2 allows two, but the two at 0.6 enter together: nothing more is accepted. FAR 3/4 allows those too: 0.8."""
    distances, same = [0.1, 0.55, 0.8, 0.5, 0.6, 0.6, 0.9], [1, 1, 1, 0, 0, 0, 0]
    quarter, half, three, tenth = evaluate_pairs(distances, same, far=(0.25, 0.5, 0.75, 0.1)).tar_at_far
    assert (quarter.rate, quarter.tau, quarter.measured) == (pytest.approx(2 / 3), 0.55, 0.25)
    assert (half.rate, half.tau, half.measured) == (pytest.approx(2 / 3), 0.55, 0.25)
    assert (three.rate, three.tau, three.measured) == (1, 0.8, 0.75)
    assert math.isnan(tenth.rate) and math.isnan(tenth.tau) and "needs at least 10" in tenth.reason


def test_no_threshold_where_the_nearest_impostors_tie():
    point = evaluate_pairs([0.3, 0.4, 0.2, 0.2, 0.2, 0.9], [1, 1, 0, 0, 0, 0], far=0.25).tar_at_far[0]
    assert point.rate == 0 and point.measured == 0 and math.isnan(point.tau)
    assert "3 nearest tie" in point.reason and point.interval[1] > 0.1


def test_a_threshold_reported_gives_its_rates(rng):
    distances, same = gaussians(rng, 500, 2000, 3)
    for point in evaluate_pairs(distances, same, far=(0.1, 0.01)).tar_at_far:
        far, frr = far_frr(distances, same, point.tau)
        assert far == point.measured <= point.wanted and 1 - frr == pytest.approx(point.rate)


def test_best_tau_makes_the_fewest_errors(rng):
    for _ in range(20):
        distances, same = tied(rng)
        tau = best_tau(distances, same)
        errors = min(np.sum((distances <= t) != same) for t in [0, *(distances + 1e-9)])
        assert np.sum((distances <= tau) != same) == errors
    assert best_tau([0.4, 0.2, 0.3], [0, 0, 1]) in (pytest.approx(0.1), pytest.approx(0.35))
    assert best_tau([0.0, 1.0], [0, 1]) == 1.0
    above = np.nextafter(0.5, 1)
    assert best_tau([0.5, above], [1, 0]) == 0.5


def test_folds_are_judged_by_the_others():
    """Fold a: tau from b is (0.3 + 0.7) / 2 = 0.5, which errs on a's 0.6: 1/2. Fold b: tau from a is 0.75, which
    errs on b's impostor at 0.7: 1/2. Mean 1/2; the folds agree, so the interval is Wilson's of 2 in 4."""
    distances, same, folds = [0.6, 0.9, 0.3, 0.7], [1, 0, 1, 0], ["a", "a", "b", "b"]
    accuracies, taus = accuracy_of_folds(distances, same, folds)
    assert accuracies.tolist() == [0.5, 0.5] and taus == pytest.approx([0.5, 0.75])
    report = evaluate_pairs(distances, same, folds, far=0.5)
    assert report.accuracy == 0.5 and report.standard_error == 0
    assert report.accuracy_interval == pytest.approx(wilson(2, 4))


def test_a_slow_cross_validation_agrees(rng):
    distances, same = gaussians(rng, 200, 300, 2)
    folds = rng.integers(0, 5, 500)
    accuracies, taus = accuracy_of_folds(distances, same, folds)
    for k in range(5):
        held = folds == k
        assert taus[k] == best_tau(distances[~held], same[~held])
        assert accuracies[k] == np.mean((distances[held] <= taus[k]) == same[held])


def test_folds_are_balanced_and_seeded():
    same = np.arange(103) < 40
    folds = balanced_folds(same, 10, seed=3)
    assert np.bincount(folds[same]).tolist() == [4] * 10
    assert sorted(np.bincount(folds[~same]).tolist()) == [6] * 7 + [7] * 3
    assert (folds == balanced_folds(same, 10, seed=3)).all() and (folds != balanced_folds(same, 10, seed=4)).any()


def test_standard_error_as_lfw_writes_it():
    """Accuracies 0.9, 1.0, 0.8, 0.9: mean 0.9, variance 0.02 / 3, standard error sqrt(0.02 / 3 / 4) = 0.0408248;
    Student's t with 3 degrees at 97.5 % is 3.18245, so the interval reaches 0.9 - 0.12992."""
    mean, error, (low, high) = mean_of_folds([0.9, 1.0, 0.8, 0.9], n=400)
    assert mean == pytest.approx(0.9) and error == pytest.approx(0.0408248, abs=1e-6)
    assert low == pytest.approx(0.77008, abs=1e-5) and high == 1


def test_wilson_by_hand():
    """0 of 10: high = z^2 / (10 + z^2) = 3.8415 / 13.8415 = 0.27753; 5 of 10 is symmetrical about one half."""
    assert wilson(0, 10) == (0, pytest.approx(0.27753, abs=1e-5))
    assert wilson(10, 10) == (pytest.approx(1 - 0.27753, abs=1e-5), 1)
    assert sum(wilson(5, 10)) == pytest.approx(1)


def test_area_variance_is_delongs(rng):
    """Against the double loop of DeLong's placements, on the logit scale."""
    genuine, impostor = split_kinds(*tied(rng))
    wins = np.array([[(g < i) + (g == i) / 2 for i in impostor] for g in genuine])
    variance = wins.mean(1).var(ddof=1) / genuine.size + wins.mean(0).var(ddof=1) / impostor.size
    area = wins.mean()
    half = norm.ppf(0.975) * math.sqrt(variance) / (area * (1 - area))
    logit = math.log(area / (1 - area))
    expected = [1 / (1 + math.exp(-(logit + sign * half))) for sign in (-1, 1)]
    assert area_interval(genuine, impostor) == pytest.approx(expected)


def test_the_quick_bootstrap_has_the_slow_ones_distribution(rng):
    distances, same = gaussians(rng, 40, 60, 1.5)
    genuine, impostor = split_kinds(np.round(distances, 1), same)
    slow = []
    for _ in range(1500):
        drawn = np.concatenate([rng.choice(genuine, genuine.size), rng.choice(impostor, impostor.size)])
        slow.append(equal_error_rate(roc(drawn, same))[0])
    quick = bootstrap_eer(genuine, impostor, 20_000, rng)
    assert quick.mean() == pytest.approx(np.mean(slow), abs=0.006)
    assert np.quantile(quick, [0.1, 0.5, 0.9]) == pytest.approx(np.quantile(slow, [0.1, 0.5, 0.9]), abs=0.015)


def test_intervals_hold_the_truth_about_as_often_as_they_say(rng):
    """200 samples of 80 genuine and 400 impostor pairs, d' = 2.5; 95 % intervals should miss about 10 times."""
    truth = {"eer": norm.cdf(-1.25), "auc": norm.cdf(2.5 / math.sqrt(2)), "tar": norm.cdf(2.5 + norm.ppf(0.01))}
    missed = dict.fromkeys(truth, 0)
    for seed in range(200):
        report = evaluate_pairs(*gaussians(rng, 80, 400, 2.5), far=0.01, seed=seed, replicates=400)
        found = {"eer": report.eer_interval, "auc": report.auc_interval, "tar": report.tar_at_far[0].interval}
        for name, (low, high) in found.items():
            missed[name] += not low <= truth[name] <= high
    assert all(count <= 22 for count in missed.values()), missed


def test_a_report_can_be_read_and_stored(rng):
    report = evaluate_pairs(*gaussians(rng, 300, 300, 3))
    text = str(report)
    for words in ("300 genuine and 300 impostor", "10 folds", "AUC", "EER", "TAR at FAR 0.1", "needs at least 10000"):
        assert words in text
    stored = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert stored["eer"] == report.eer and len(stored["fold_accuracies"]) == 10
    assert stored["tar_at_far"][0]["far"] == 0.1 and stored["tar_at_far"][0]["tar"] == report.tar_at_far[0].rate
    assert stored["tar_at_far"][3]["tar"] is None and "too few" in stored["tar_at_far"][3]["reason"]
    assert evaluate_pairs([0.1, 0.2], [1, 0]).as_dict()["accuracy"] is None
    assert "two pairs of each kind" in str(evaluate_pairs([0.1, 0.2], [1, 0]))


def test_one_seed_one_report(rng):
    pairs = gaussians(rng, 100, 100, 2)
    assert str(evaluate_pairs(*pairs, seed=1)) == str(evaluate_pairs(*pairs, seed=1))
    assert evaluate_pairs(*pairs, seed=1).fold_taus != evaluate_pairs(*pairs, seed=2).fold_taus


def test_a_million_pairs_fit(rng):
    """Two normal distributions four deviations apart cross at two deviations from each: EER = P(z > 2) = 2.275 %."""
    assert evaluate_pairs(*gaussians(rng, 500_000, 500_000, 4)).eer == pytest.approx(0.02275, abs=1e-3)


@pytest.mark.parametrize(
    ("distances", "same", "words"),
    [
        ([0.1, 0.2], [1], r"one shape \(n,\), received \(2,\) and \(1,\)"),
        ([[0.1, 0.2]], [[1, 0]], "one shape"),
        ([0.1, -0.2], [1, 0], "at least 0, received -0.2"),
        ([0.1, np.nan], [1, 0], "finite.*nan"),
        ([0.1, np.inf], [1, 0], "finite.*inf"),
        ([0.1, 0.2], [1, 1], "genuine and impostor pairs, received 2 and 0"),
        ([0.1, 0.2], [0, 0], "genuine and impostor"),
        ([], [], "genuine and impostor"),
        ([0.1, 0.2], [1, -1], "0 and 1, for same, received.*-1"),
        ([0.1, 0.2], [1, np.nan], "0 and 1"),
    ],
)
def test_wrong_pairs(distances, same, words):
    for judge in (evaluate_pairs, roc, best_tau, lambda d, s: far_frr(d, s, 0.5)):
        with pytest.raises(ValueError, match=words):
            judge(distances, same)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"far": 0.0}, "between 0 and 1, received 0"),
        ({"far": (0.1, 1.5)}, "between 0 and 1, received 1.5"),
        ({"confidence": 1}, "confidence between 0 and 1"),
        ({"folds": [0, 0, 0, 0]}, "two folds or more, received 1"),
        ({"folds": [0, 1]}, "a fold for each of 4 pairs"),
        ({"folds": [0, 0, 0, 1]}, "both kinds outside fold 0, received 0 genuine of 1"),
        ({"replicates": 0}, "at least one replicate"),
    ],
)
def test_wrong_options(options, words):
    with pytest.raises(ValueError, match=words):
        evaluate_pairs([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0], **options)
    with pytest.raises(ValueError, match="tau of at least 0, received"):
        far_frr([0.1, 0.9], [1, 0], -0.1)
