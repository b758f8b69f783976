"""tau of identification against planted populations whose FPIR is known exactly."""

import math

import numpy as np
import pytest
from scipy.stats import beta

from keras_apps import faces
from keras_apps.faces.judging.strangers import (
    LEVELS,
    NAMED,
    ImpostorTail,
    expected_fpir,
    fit_tails,
    tau_for_fpir,
)

DIMENSION = 16


@pytest.fixture(scope="module")
def directions():
    """2,000 people with five pictures each, in random directions: c = cos has (1 + c) / 2 ~ Beta(7.5, 7.5).

    A person's five pictures are the same here, so that the templates agree but for the mean's and the nearest's ties.
    """
    rng = np.random.default_rng(3)
    people = rng.standard_normal((2000, DIMENSION)).astype(np.float32)
    people /= np.linalg.norm(people, axis=1, keepdims=True)
    return np.repeat(people, 5, axis=0), np.repeat(np.arange(2000), 5)


@pytest.fixture(scope="module")
def tails(directions):
    """Of 500 of them, which is quick."""
    encodings, ids = directions
    return fit_tails(encodings[:2500], ids[:2500], templates=("nearest",), pictures=(1, 3))


@pytest.fixture(scope="module")
def tails_of_all(directions):
    return fit_tails(*directions, templates=("nearest",), pictures=(1,))


def exact_share(tau):
    """The share of strangers within tau of one person: c >= 1 - tau / 2."""
    return beta.sf((1 + 1 - tau / 2) / 2, (DIMENSION - 1) / 2, (DIMENSION - 1) / 2)


@pytest.mark.slow
@pytest.mark.parametrize("people", [10, 100, 1000, 5000])
@pytest.mark.parametrize("wanted", [0.01, 0.05])
def test_tau_gives_the_wanted_fpir_for_any_number_of_people(tails_of_all, people, wanted):
    """With independent people FPIR = 1 - (1 - F(tau))^K; it must be within a factor of 1.5, beyond the 2,000 too."""
    tau = tau_for_fpir(tails_of_all, wanted, {1: people})
    actual = -math.expm1(people * math.log1p(-exact_share(tau)))
    assert wanted / 1.5 < actual < wanted * 1.5
    assert expected_fpir(tails_of_all, tau, {1: people}) == pytest.approx(wanted, rel=1e-6)


def test_tau_falls_with_people_and_pictures_and_rises_with_fpir(tails):
    taus = [tau_for_fpir(tails, 0.01, {1: people}) for people in (10, 30, 100, 1000, 10_000)]
    assert taus == sorted(taus, reverse=True) and len(set(taus)) == 5
    assert tau_for_fpir(tails, 0.02, {1: 100}) > tau_for_fpir(tails, 0.01, {1: 100})
    mixed = tau_for_fpir(tails, 0.01, {1: 50, 3: 50})
    assert tau_for_fpir(tails, 0.01, {1: 100}) == pytest.approx(mixed, rel=0.02), "the pictures here are the same"


def test_strangers_who_resemble_many_are_fewer():
    """A tenth of the people stand in one place, where all are near each other; nobody else is near anybody.

    A stranger is one of the tenth with probability 0.1 and then has about K / 10 near people: at tau between, FPIR is
    0.1, not the mean number of near people, K / 100. What is fitted must say so for galleries of other sizes.
    """
    rng = np.random.default_rng(5)
    encodings = rng.standard_normal((1000, DIMENSION)).astype(np.float32) * 5
    encodings[:100] = rng.standard_normal((100, DIMENSION)) * 0.2
    tail = fit_tails(encodings, np.arange(1000), templates=("nearest",), pictures=(1,))
    tau = 0.04 * 2 * DIMENSION * 1.5
    assert tail[0].near[NAMED.index(0.1)] > 0.5, "five times as many as if the near people were independent"
    assert expected_fpir(tail, tau, {1: 1000}) < 0.3 < 1000 * tail[0].share_within(tau)


def test_a_share_is_continuous_where_the_law_begins():
    tail = ImpostorTail("nearest", 1, tuple(np.linspace(1.5, 1.0, len(LEVELS))), 0.1, -0.2)
    assert tail.share_within(1.0 - 1e-9) == pytest.approx(1e-3, rel=1e-6) == tail.share_within(1.0 + 1e-9)
    assert tail.share_within(1.0 - 0.1) == pytest.approx(1e-3 * 0.8**5)
    assert tail.share_within(1.0 - 0.6) == 0, "beyond the end, 0.1 / 0.2 below"
    assert tail.share_within(9.0) == pytest.approx(LEVELS[0])


def test_a_gallery_follows(tmp_path, directions, tails):
    """Known people are named at their own distance of 0; of 4,000 strangers about 2 % get a name, as wanted."""
    encodings, _ = directions
    threshold = faces.Threshold(2.0, "squared_euclidean", "tower", 5.0, 1.0, 0.5, "", tails)
    threshold.save(tmp_path / "t.json")
    assert faces.Threshold.load(tmp_path / "t.json") == threshold
    with faces.Matcher(tmp_path / "g.db", "tower", threshold, fpir=0.02) as gallery:
        assert gallery.identify_encodings(encodings[:1])[0].fpir is None, "nobody is enrolled"
        gallery.enrol_encodings([f"p{i}" for i in range(300)], encodings[: 5 * 300 : 5])
        answers = gallery.identify_encodings(encodings[: 5 * 300 : 5])
        assert [answer.name for answer in answers] == [f"p{i}" for i in range(300)]
        assert answers[0].people == 300 and answers[0].fpir == pytest.approx(0.02, rel=1e-6)
        rng = np.random.default_rng(9)
        strangers = rng.standard_normal((4000, DIMENSION)).astype(np.float32)
        strangers /= np.linalg.norm(strangers, axis=1, keepdims=True)
        named = np.mean([answer.name is not None for answer in gallery.identify_encodings(strangers)])
        assert 0.01 < named < 0.04
        before = answers[0].tau
        gallery.enrol_encodings([f"q{i}" for i in range(500)], encodings[5 * 300 : 5 * 800 : 5])
        after = gallery.identify_encodings(encodings[:1])[0]
        assert after.tau < before and after.people == 800
        assert gallery.verify_encodings(encodings[:1], ["p0"])[0].tau == 2.0, "verification keeps its own"


def test_tau_of_verification_is_the_most(tails):
    threshold = faces.Threshold(0.1, "squared_euclidean", "", 5.0, 1.0, 1e-3, "", tails)
    assert threshold.tau_for(0.01, {1: 2}) == 0.1 and threshold.expected_fpir(0.1, {1: 2}) < 0.01
    bare = faces.Threshold(0.1, "squared_euclidean", "", 5.0, 1.0, 1e-3)
    assert bare.tau_for(0.01, {1: 1000}) == 0.1 and bare.expected_fpir(0.1, {1: 1000}) is None


def test_calibrate_measures_strangers(directions):
    encodings, ids = directions
    distances, same = [0.1, 0.2, 1.0, 1.1, 1.2], [1, 1, 0, 0, 0]
    threshold = faces.calibrate(distances, same, 0.4, encodings=encodings[:600], ids=ids[:600])
    assert {(tail.template, tail.pictures) for tail in threshold.identification} >= {("nearest", 1), ("mean", 5)}
    with pytest.raises(ValueError, match="encodings and ids together"):
        faces.calibrate(distances, same, 0.4, encodings=encodings)
    with pytest.raises(ValueError, match="at least 100 people .* received 3"):
        faces.calibrate(distances, same, 0.4, encodings=encodings[:15], ids=ids[:15])


@pytest.mark.parametrize("fpir", [0, 1, -0.1, float("nan"), "0.1", True])
def test_bad_rates_are_refused(tmp_path, fpir):
    with pytest.raises((ValueError, TypeError), match="fpir"):
        faces.Matcher(tmp_path / "g.db", "tower", fpir=fpir)


def test_the_bundled_towers_have_it():
    for name in ("sface128", "resnet128", "sface128+resnet128"):
        threshold = faces.Threshold.bundled(name)
        taus = [threshold.tau_for(0.01, {1: people}) for people in (10, 100, 1000, 10_000)]
        assert taus == sorted(taus, reverse=True) and taus[-1] < taus[0] <= threshold.tau
