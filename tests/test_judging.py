"""Judging a folder: whose chip is whose, and what is refused before faces are looked for."""

from types import SimpleNamespace

import numpy as np
import pytest

from keras_apps.cli import faces_judge
from keras_apps.faces.judging.calibration import Threshold
from keras_apps.faces.judging.pairs import pairs_of_file
from keras_apps.faces.people.chips import chip_paths
from keras_apps.faces.towers import registry


def test_folders_of_one_name_are_not_one_person(tmp_path):
    """x/ann and y/ann: two people and four chips. A picture elsewhere has its chip among the chips all the same."""
    elsewhere = tmp_path / "elsewhere" / "ann" / "0.png"
    for folder in (root := tmp_path / "root", elsewhere.parent):
        folder.mkdir(parents=True)
    for name in ("x/ann/0.png", "x/ann/1.png", "y/ann/0.png", "0.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    elsewhere.touch()
    rows = ["x/ann/0.png x/ann/1.png 1", "x/ann/0.png y/ann/0.png 0", f"0.png {elsewhere} 0"]
    (tmp_path / "pairs.txt").write_text("\n".join(rows))
    judged = pairs_of_file(root, tmp_path / "pairs.txt")
    assert judged.names()[1] == ("x/ann", "y/ann")
    chips = chip_paths(judged.people, tmp_path / "chips")
    assert len(set(chips)) == 5 and all(chip.is_relative_to(tmp_path / "chips") for chip in chips)
    assert chips[0] == tmp_path / "chips" / "x" / "ann" / "0.png"


@pytest.mark.parametrize(
    ("same", "verifier", "wanted", "words"),
    [
        ([1, 1], False, {}, "genuine and impostor pairs, received 2 and 0"),
        ([1, 0], False, {"far": 0.1}, "at least 10 impostor pairs for far=0.1, received 1"),
        ([1, 0], False, {"threshold": "other"}, "threshold of tower mine, received one of other"),
        ([1, 0], True, {"threshold": "mine"}, "no threshold, received a VerificationModel"),
        ([1, 0], True, {"far": 0.5}, "a tower to calibrate, received a VerificationModel"),
    ],
)
def test_refusals_come_before_the_work(monkeypatch, same, verifier, wanted, words):
    monkeypatch.setattr(registry, "fingerprint", lambda tower: "mine")
    model = SimpleNamespace(tower=None, score=None) if verifier else SimpleNamespace()
    if "threshold" in wanted:
        wanted = {"threshold": Threshold(0.3, "euclidean", wanted["threshold"], 20.0, 0.4, 1e-3)}
    with pytest.raises(ValueError, match=words):
        faces_judge.check_before(SimpleNamespace(same=np.array(same, bool)), model, **wanted)


def test_what_can_be_judged_passes(monkeypatch):
    monkeypatch.setattr(registry, "fingerprint", lambda tower: "mine")
    judged, threshold = SimpleNamespace(same=np.array([1, 0, 0], bool)), Threshold(0.3, "euclidean", "mine", 1, 1, 0.1)
    assert faces_judge.check_before(judged, SimpleNamespace(), threshold, 0.5) is None
