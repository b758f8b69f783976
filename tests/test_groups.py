"""Rates by group: worked by hand, equal to the group judged alone, and silent where a group is too small."""

import json
import math

import numpy as np
import pytest

from keras_apps.faces.judging.groups import GroupRate, GroupRates, by_group, checked_groups, read_groups
from keras_apps.faces.judging.identification import evaluate_open_set
from keras_apps.faces.judging.verification import evaluate_pairs


def planted():
    """Group a: 40 genuine pairs at 0.1 and 40 impostor pairs at 0.9, all right. Group b: 40 genuine, 10 of them at 0.8,
    and 40 impostors, 4 of them at 0.2."""
    distances = [0.1] * 40 + [0.9] * 40 + [0.1] * 30 + [0.8] * 10 + [0.2] * 4 + [0.9] * 36
    same = [1] * 40 + [0] * 40 + [1] * 40 + [0] * 40
    ties = np.linspace(0, 0.01, 160)  # the first distances of each kind are the smallest
    return np.array(distances) + ties, np.array(same, bool), np.array(["a"] * 80 + ["b"] * 80)


def rate(group, name):
    return next(one for one in group.rates if one.name == name)


def test_one_threshold_for_everybody():
    """FAR 0.05 of 80 impostors allows 4, which are b's: tau is just under the fifth, 0.9. So all genuine pairs are
    accepted, none of a's 40 impostors and 4 of b's 40. b alone may accept 2 of its 40 impostors: tau is just under the
    third at 0.2, so that 30 of its 40 genuine pairs are accepted; a alone accepts all."""
    distances, same, groups = planted()
    report = evaluate_pairs(distances, same, far=0.05, groups=groups)
    a, b = report.by_group.groups
    assert (a.group, b.group) == ("a", "b") and a.sizes == b.sizes == {"genuine": 40, "impostor": 40}
    assert rate(a, "FAR at the tau of FAR 0.05").rate == 0 and rate(b, "FAR at the tau of FAR 0.05").rate == 0.1
    assert rate(a, "TAR at the tau of FAR 0.05").rate == rate(b, "TAR at the tau of FAR 0.05").rate == 1
    assert rate(a, "TAR at FAR 0.05").rate == 1 and rate(b, "TAR at FAR 0.05").rate == 0.75
    largest = report.by_group.largest
    assert largest.rate == "TAR at FAR 0.05" and largest.groups == ("b", "a") and largest.values == (0.75, 1)
    assert largest.difference == 0.25 and largest.overlap
    assert "largest gap: TAR at FAR 0.05, b below a: 25.00 points; the intervals overlap" in str(report)
    assert json.loads(json.dumps(report.as_dict(), allow_nan=False))["by_group"]["largest"]["groups"] == ["b", "a"]


def test_a_group_equals_the_group_judged_alone():
    """AUC, EER and TAR at FAR with their intervals; accuracy is decided by everybody's thresholds."""
    distances, same, groups = planted()
    report = evaluate_pairs(distances, same, far=(0.25, 0.05), groups=groups)
    for label, group in zip("ab", report.by_group.groups, strict=True):
        alone = evaluate_pairs(distances[groups == label], same[groups == label], far=(0.25, 0.05))
        assert rate(group, "AUC") == GroupRate("AUC", alone.auc, alone.auc_interval)
        assert rate(group, "EER") == GroupRate("EER", alone.eer, alone.eer_interval)
        for point in alone.tar_at_far:
            assert rate(group, f"TAR at FAR {point.wanted:g}").rate == point.rate
            assert rate(group, f"TAR at FAR {point.wanted:g}").interval == point.interval
    accuracies = [rate(group, "accuracy").rate for group in report.by_group.groups]
    assert accuracies[0] == 1 and np.mean(accuracies) == pytest.approx(report.accuracy)


def test_the_whole_report_is_as_without_groups():
    distances, same, groups = planted()
    plain, grouped = evaluate_pairs(distances, same, far=0.05), evaluate_pairs(distances, same, far=0.05, groups=groups)
    told = grouped.as_dict()
    assert told.pop("by_group") and told == plain.as_dict() and str(grouped).startswith(str(plain))


def test_both_sides_of_a_pair():
    """Pairs across the groups count in none: here 20 of a's impostor pairs are with b."""
    distances, same, groups = planted()
    sides = np.stack([groups, groups], axis=1)
    sides[40:60, 1] = "b"
    report = evaluate_pairs(distances, same, far=0.1, groups=sides).by_group
    assert report.across == 20 and report.groups[0].sizes == {"genuine": 40, "impostor": 20}
    assert "20 comparisons are of two groups" in str(report)


def test_small_groups_say_so():
    """c has 3 genuine pairs and no others; d has 29 of each kind, one too few; FAR 0.01 needs 100 impostors."""
    distances, same, groups = planted()
    distances = np.r_[distances, [0.1] * 3, [0.1] * 29, [0.9] * 29]
    same, groups = np.r_[same, [True] * 32, [False] * 29], np.r_[groups, ["c"] * 3, ["d"] * 58]
    report = evaluate_pairs(distances, same, far=(0.1, 0.01), groups=groups)
    a, _, c, d = report.by_group.groups
    assert rate(a, "TAR at FAR 0.01").reason == "too few impostor pairs: 40, at least 100 are needed"
    assert math.isnan(rate(a, "TAR at FAR 0.01").rate)
    assert rate(c, "EER").reason == "too few genuine pairs: 3, at least 30 are needed" and math.isnan(
        rate(c, "EER").rate
    )
    assert rate(c, "TAR at the tau of FAR 0.1").rate == 1, "what can be measured is"
    assert "too few impostor pairs: 0" in rate(c, "FAR at the tau of FAR 0.1").reason
    assert "29, at least 30" in rate(d, "AUC").reason and rate(d, "accuracy").reason == ""
    assert not any({"c", "d"} & set(gap.groups) for gap in report.by_group.gaps if gap.rate != "accuracy")
    assert "not measured: too few impostor pairs: 40, at least 100 are needed" in str(report)
    tiny = evaluate_pairs([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0], far=0.5, groups=[1, 2, 1, 2])
    assert tiny.by_group.largest is None and "no two groups are large enough" in str(tiny)
    json.dumps(report.as_dict(), allow_nan=False)


def test_gaps_and_chance():
    """Half intervals of 0.1 reach over a difference of 0.1875, of 0.09 they do not."""
    for half, overlap in ((0.1, True), (0.09, False)):
        rates = [GroupRate("TAR", rate, (rate - half, rate + half)) for rate in (0.875, 0.6875)]
        found = by_group([GroupRates(label, {}, (one,)) for label, one in zip("xy", rates, strict=True)])
        assert found.largest.difference == 0.1875 and found.largest.overlap == overlap


def test_equal_groups_have_a_gap_of_zero():
    rates = (GroupRate("TAR", 0.5, (0.4, 0.6)),)
    found = by_group([GroupRates(label, {}, rates) for label in ("x", "y", "z")])
    assert found.largest.groups == ("x", "y") and found.largest.difference == 0 and found.largest.overlap


def test_open_set_by_group():
    """30 people on a line, 10 apart. Their 30 probes of group 0 are 1 away; of 30 of group 1, 24 are 2 away and 6 at
    another person. Ten strangers of group 0 are 4 away, of group 1 five are 1.5 to 1.9 away and five 4: at FPIR 0.25, 5
    of 20 named, tau is under 16, so that 30 and 24 are named rightly, and no stranger of group 0, half of group 1's.
    Group 1 alone may name 2 of 10 strangers: tau is under 1.7^2, the third, and nobody of hers is within."""
    people = np.arange(30.0)[:, None] * 10
    near = people[:5] + np.arange(1.5, 2, 0.1)[:, None]
    probes = np.r_[people + 1, people[:24] + 2, people[24:] - 9.5, people[:10] + 4, near, people[5:10] + 4]
    ids = np.r_[np.tile(np.arange(30), 2), np.arange(100, 120)]
    groups = np.repeat([0, 1, 0, 1], [30, 30, 10, 10])
    report = evaluate_open_set(people, np.arange(30), probes, ids, fpir=0.25, groups=groups)
    first, second = report.by_group.groups
    assert first.sizes == second.sizes == {"known": 30, "unknown": 10} and first.group == 0
    assert rate(first, "rank 1").rate == 1 and rate(second, "rank 1").rate == 0.8
    assert rate(first, "DIR at the tau of FPIR 0.25").rate == 1
    assert rate(second, "DIR at the tau of FPIR 0.25").rate == 0.8
    assert rate(first, "FPIR at the tau of FPIR 0.25").rate == 0
    assert rate(second, "FPIR at the tau of FPIR 0.25").rate == 0.5
    assert rate(first, "DIR at FPIR 0.25").rate == 1 and rate(second, "DIR at FPIR 0.25").rate == 0
    assert report.by_group.largest.rate == "DIR at FPIR 0.25" and report.by_group.largest.groups == (1, 0)
    assert "by group" in str(report) and json.dumps(report.as_dict(), allow_nan=False)
    without = evaluate_open_set(people, np.arange(30), probes, ids, fpir=0.25)
    assert "by_group" not in without.as_dict() and str(report).startswith(str(without))
    alone = evaluate_open_set(people, np.arange(30), probes[groups == 1], ids[groups == 1], fpir=0.25)
    assert alone.dir_at_fpir[0].interval == rate(second, "DIR at FPIR 0.25").interval


def test_a_group_of_strangers_alone():
    report = evaluate_open_set([[0.0]], [0], [[0.1], [5.0]], [0, 1], fpir=0.5, groups=["known", "strange"])
    strange = report.by_group.groups[1]
    assert math.isnan(rate(strange, "rank 1").rate) and "too few known probes: 0" in rate(strange, "rank 1").reason


@pytest.mark.parametrize(
    ("groups", "error", "words"),
    [
        (["a"] * 3, ValueError, r"shape \(4,\) or \(4, 2\), received shape \(3,\)"),
        ([["a"] * 3] * 4, ValueError, r"received shape \(4, 3\)"),
        ([0.5] * 4, TypeError, "strings or integers as groups, received float64"),
        (["a", None, "b", "b"], TypeError, "received None"),
        (["a", float("nan"), "b", 1], None, ""),
    ],
)
def test_wrong_groups(groups, error, words):
    if error is None:  # NumPy makes texts of them
        assert checked_groups(groups, 4, (1, 2))[0].tolist() == ["1", "a", "b", "nan"]
        return
    with pytest.raises(error, match=words):
        evaluate_pairs([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0], groups=groups)
    with pytest.raises(error, match=words.replace(r" or \(4, 2\)", "")):
        evaluate_open_set([[0.0]], [0], np.zeros((4, 1)), [0] * 4, groups=groups)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,group\nann,a\n", "expected 'person,group' as the first line of .*, received 'name,group'"),
        ("", "received ''"),
        ("person,group\nann\n", r"a person and a group in each line of .*, received \['ann'\]"),
        ("person,group\nann,\n", "a person and a group"),
        ("person,group\nann,a\nann,b\n", "received 'ann' in two"),
    ],
)
def test_files_of_groups(tmp_path, text, words):
    path = tmp_path / "groups.csv"
    path.write_text("\ufeffperson, group\nann,a\n\nbo, b\nann,a\n", encoding="utf-8")
    assert read_groups(path) == {"ann": "a", "bo": "b"}
    path.write_text(text)
    with pytest.raises(ValueError, match=words):
        read_groups(path)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_groups(tmp_path / "none.csv")
