"""The examples learn what they are for: briefly in every run, as far as they go in the slow ones."""

import importlib
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_apps import dimensions, faces


@pytest.fixture
def example(monkeypatch):
    """Import a module of the benchmarks' folder."""
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parent.parent / "benchmarks"), *sys.path])
    return importlib.import_module


@pytest.mark.slow
def test_unseen_hearts_come_apart_as_training_goes(tmp_path):
    """Sixty steps on 48 people: the equal error rate of 20 people never seen falls well below that of random weights.

    And one recording enrols a person: the next one is verified, and is not taken for the others.
    """
    keras.utils.set_random_seed(0)
    options = {"seconds": 2.0, "rate": 100.0, "noise": 0.02, "drift": 0.05}
    signals, labels = dimensions.synthetic_heartbeats(48, 4, **options)
    new, people = dimensions.synthetic_heartbeats(20, 4, first=48, **options)
    tower = dimensions.build_tower(
        1, (200, 1), encoding=16, filters=8, stem=9, kernel=5, blocks=[(16, 2), (32, 2)], readout="average"
    )
    first, second = np.triu_indices(len(people), 1)
    same = people[first] == people[second]

    def distances():
        encodings = faces.encode(tower, new)
        return faces.euclidean(encodings[first], encodings[second])

    before = faces.equal_error_rate(faces.roc(distances(), same))[0]
    model = faces.TripletModel(tower, margin=0.2)
    model.compile(keras.optimizers.Adam(5e-3), jit_compile=False)
    draw = np.random.default_rng(0)
    for _ in range(60):
        chosen = np.flatnonzero(np.isin(labels, draw.choice(48, 16, replace=False)))
        model.train_on_batch(signals[chosen], labels[chosen])
    after = faces.equal_error_rate(faces.roc(distances(), same))[0]
    assert after < 0.25 < before, (before, after)

    threshold = faces.calibrate(distances(), same, far=0.1, distance="euclidean", model=faces.fingerprint(tower))
    gallery = faces.Gallery(tmp_path / "hearts.db", tower=tower, threshold=threshold)
    for person in range(20):
        gallery.enrol(f"person {person}", new[[4 * person]], accept="look-alike")
    accepted = [gallery.verify(new[4 * person + 1], f"person {person}").accepted for person in range(20)]
    refused = [not gallery.verify(new[4 * person + 1], f"person {(person + 7) % 20}").accepted for person in range(20)]
    assert np.mean(accepted) > 0.5 and np.mean(refused) > 0.75, (accepted, refused)


def test_slices_keep_their_volume_s_label(example):
    """Slice k of volume v is picture v * depth + k; labels are repeated along."""
    volumes, labels = dimensions.synthetic_scans(2, (12, 14, 16), seed=3)
    pictures, repeated = example("volumes").flat(volumes, np.array([4, 7]))
    np.testing.assert_array_equal(pictures[12 + 5], volumes[1, 5])
    assert repeated.tolist() == [4] * 12 + [7] * 12


def test_average_beats_are_aligned_on_the_r_wave(example):
    """Cut out from 0.25 s before, the R wave is at sample 32 of 128 Hz, wherever the recording starts."""
    signals, _ = dimensions.synthetic_heartbeats(10, 2)
    beats = np.stack([example("heartbeat").average_beat(signal) for signal in signals[..., 0]])
    assert beats.argmax(axis=1).tolist() == [32] * 20
    np.testing.assert_allclose(np.linalg.norm(beats, axis=1), 1, rtol=1e-5)


@pytest.mark.slow
def test_people_never_seen_are_told_apart_by_their_heartbeat(example):
    """EER under 5 % on 40 unseen people, where the aligned beats themselves stay above 10 %."""
    heartbeat = example("heartbeat")
    tower = heartbeat.train(people=200, steps=200)
    signals, labels = dimensions.synthetic_heartbeats(40, 8, first=200)
    learnt = heartbeat.judge(faces.encode(tower, signals), labels)
    plain = heartbeat.judge(np.stack([heartbeat.average_beat(s) for s in signals[..., 0]]), labels)
    assert learnt["report"].eer < 0.05 < 0.1 < plain["report"].eer
    assert learnt["found"] > 0.9


@pytest.mark.slow
def test_films_are_told_apart_by_their_motion_alone(example):
    """Unseen films: above 95 % in 3-D; single frames in 2-D within 5 points of the 25 % that guessing gives.

    300 films' frames are 2,400, of which 8 belong together: taken as 300 independent answers, chance has a standard
    deviation of sqrt(0.25 * 0.75 / 300) = 2.5 points, and 5 points are two of them, or 5.7 were all frames independent.
    """
    rows = example("volumes").compare("films", 480, 4, unseen=300)
    assert rows["accuracy"] > 0.95
    assert abs(rows["accuracy_2d"] - 0.25) < 0.05
