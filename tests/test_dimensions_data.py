"""The generated examples mean what they say: identities, lesions and motions are there, and nowhere else."""

import subprocess
import sys

import numpy as np
import pytest

from keras_apps import dimensions
from keras_apps.dimensions.data.heartbeats import Heart, heart_of, record


def test_a_recording_is_the_sum_of_its_heart_s_waves():
    """A heart of an R wave alone (1 mV, 11 ms) gives a train of Gaussians.

    The beats of a recording jitter by 4 % in height and its gain by a factor exp(0.2 z), so that each peak is 1 mV
    times that gain, within 4 standard deviations; at 128 Hz a sample may miss the peak by 3.9 ms, which takes
    1 - exp(-0.5 (3.9 / 11)^2) = 6 % at most. From 55 to 105 beats a minute, 20 s hold 17 to 36 peaks.
    """
    heart = Heart(np.array([0, 0, 1.0, 0, 0]), np.zeros(5), np.full(5, 0.011))
    signal = record(heart, np.arange(2560) / 128, 0, 0, np.random.default_rng(3))
    peaks = np.flatnonzero((signal[1:-1] > 0.3) & (signal[1:-1] > signal[:-2]) & (signal[1:-1] >= signal[2:]))
    assert 17 <= len(peaks) <= 36
    heights = signal[1:-1][peaks]
    assert heights.max() / heights.min() < 1.16 / 0.84 / 0.94
    assert np.median(signal) < 1e-3


def test_people_are_numbered_and_seeded():
    """Person 5 is the same person in whatever company; another seed has another person 5."""
    signals, labels = dimensions.synthetic_heartbeats(4, 2, first=3)
    again, others = dimensions.synthetic_heartbeats(1, 2, first=5)
    np.testing.assert_array_equal(signals[labels == 5], again)
    assert others.tolist() == [5, 5] and signals.dtype == np.float32
    assert np.abs(signals[labels == 5] - dimensions.synthetic_heartbeats(1, 2, first=5, seed=1)[0]).max() > 0.1
    assert np.abs(again[0] - again[1]).max() > 0.1
    assert heart_of(5).heights.tolist() == heart_of(5).heights.tolist() != heart_of(6).heights.tolist()


def test_heart_rate_drift_and_noise_are_no_trait():
    """Between two recordings of one person the signals are as far apart as between two people's, within a tenth."""
    signals, labels = dimensions.synthetic_heartbeats(40, 4)
    plain = signals[..., 0] - signals.mean(axis=1)
    plain /= np.linalg.norm(plain, axis=1, keepdims=True)
    first, second = np.triu_indices(len(labels), 1)
    far = np.linalg.norm(plain[first] - plain[second], axis=1)
    same = labels[first] == labels[second]
    assert far[same].mean() == pytest.approx(far[~same].mean(), rel=0.1)


def test_millivolts_and_hertz():
    """Without noise and drift the R wave is a millivolt or so, and twice the rate gives twice the samples."""
    signals, _ = dimensions.synthetic_heartbeats(30, 1, noise=0, drift=0)
    tops = signals.max(axis=1)
    assert 0.7 < np.median(tops) < 1.8
    assert dimensions.synthetic_heartbeats(1, 1, rate=256, seconds=2.5)[0].shape == (1, 640, 1)
    assert signals.std() < dimensions.synthetic_heartbeats(30, 1, noise=0.5, drift=0)[0].std()


def spread(volume):
    """How many slices each contrasted thing of a scan without noise passes through, least first."""
    from scipy.ndimage import find_objects, label

    things, _ = label(np.abs(volume - 190) < 40)
    boxes = find_objects(things)
    sizes = np.bincount(things.ravel())[1:]
    return sorted(b[0].stop - b[0].start for b, n in zip(boxes, sizes, strict=True) if n > 20)


def test_a_lesion_ends_and_a_vessel_does_not():
    """A vessel passes all 20 slices, a lesion of radius 3.4 at most 2 * 3.4 + 1 = 7.8; the things decide the label."""
    volumes, labels = dimensions.synthetic_scans(24, (20, 40, 40), noise=0, seed=4)
    assert 4 <= labels.sum() <= 20
    for volume, label in zip(volumes[..., 0], labels, strict=True):
        spreads = [s for s in spread(volume) if s > 2]
        assert spreads[-1] == 20
        assert (spreads[0] <= 8) == bool(label), (spreads, label)


def test_slices_of_lesions_and_vessels_are_as_bright():
    """The brightest tissue is the contrast agent's 190 HU in both classes; bone is 700, air -1000."""
    volumes, labels = dimensions.synthetic_scans(12, 24, noise=0)
    assert volumes.min() == -1000 and 650 < volumes.max() <= 700.001
    for volume in volumes:
        assert ((volume > 185) & (volume < 195)).sum() > 50
    loud = dimensions.synthetic_scans(1, 24, noise=30)[0][0, :, :2, :2]
    assert loud.std() == pytest.approx(30, rel=0.2)
    assert dimensions.synthetic_scans(6, 12, lesions=1)[1].tolist() == [1] * 6
    assert dimensions.synthetic_scans(6, 12, lesions=0)[1].tolist() == [0] * 6
    np.testing.assert_array_equal(
        dimensions.synthetic_scans(3, 12, seed=2)[0][:2], dimensions.synthetic_scans(2, 12, seed=2)[0]
    )


def steps(films):
    """The circular shift from one frame to the next that fits best, `(n, frames - 1, 2)`, in pixels."""
    spectra = np.fft.fft2(films[..., 0])
    fits = np.fft.ifft2(spectra[:, 1:] * spectra[:, :-1].conj()).real
    size = films.shape[2]
    best = fits.reshape(*fits.shape[:2], -1).argmax(axis=-1)
    shift = np.stack(np.unravel_index(best, (size, size)), axis=-1)
    return (shift + size // 2) % size - size // 2


def test_two_frames_tell_the_direction():
    """Cross-correlation as the oracle: the median shift of a film is along its direction, 1 to 2.5 pixels."""
    films, labels = dimensions.moving_shapes(60, noise=0.02)
    ways = np.array(list(dimensions.DIRECTIONS.values()))
    shifts = steps(films).mean(axis=1)
    assert ((shifts @ ways.T).argmax(axis=1) == labels).all()
    lengths = np.abs(shifts).max(axis=1)
    assert lengths.min() > 0.7 and lengths.max() < 2.8
    assert set(labels) == {0, 1, 2, 3}


def test_single_frames_tell_nothing():
    """Each pixel of each frame has the same mean in all four classes: within 5 standard errors of the common one."""
    films, labels = dimensions.moving_shapes(800, 2, 12, noise=0)
    frames = films[:, 1, ..., 0]
    error = frames.std(axis=0)
    for label in range(4):
        own = frames[labels == label]
        assert (np.abs(own.mean(axis=0) - frames.mean(axis=0)) < 5 * error / np.sqrt(len(own))).all()
        assert own.var() == pytest.approx(frames.var(), rel=0.1)


def test_a_film_backwards_is_a_film_of_the_other_direction():
    """Right and left are reversals of each other, so that their frames cannot differ."""
    films, labels = dimensions.moving_shapes(40, noise=0)
    ways = np.array(list(dimensions.DIRECTIONS.values()))
    back = (steps(films[:, ::-1]).mean(axis=1) @ ways.T).argmax(axis=1)
    assert (back == np.array([1, 0, 3, 2])[labels]).all()
    np.testing.assert_array_equal(films[:5], dimensions.moving_shapes(5, noise=0)[0])


@pytest.mark.parametrize(
    ("make", "arguments", "error", "message"),
    [
        ("synthetic_heartbeats", {"people": 0}, ValueError, "people of at least 1, received 0"),
        ("synthetic_heartbeats", {"people": "3"}, TypeError, "whole number for people, received '3'"),
        ("synthetic_heartbeats", {"people": 1, "recordings": -2}, ValueError, "recordings of at least 1"),
        ("synthetic_heartbeats", {"people": 1, "first": -1}, ValueError, "first of at least 0"),
        ("synthetic_heartbeats", {"people": 1, "rate": 0}, ValueError, "rate from 50 to 10000, received 0"),
        ("synthetic_heartbeats", {"people": 1, "rate": True}, TypeError, "number for rate, received True"),
        ("synthetic_heartbeats", {"people": 1, "seconds": 0.1}, ValueError, "seconds from 1 to 3600, received 0.1"),
        ("synthetic_heartbeats", {"people": 1, "seconds": 1e9}, ValueError, "seconds from 1 to 3600"),
        ("synthetic_heartbeats", {"people": 1, "noise": float("nan")}, ValueError, "finite number for noise"),
        ("synthetic_heartbeats", {"people": 1, "drift": -0.1}, ValueError, "drift of at least 0"),
        ("synthetic_heartbeats", {"people": 1, "seed": 1.5}, TypeError, "whole number for seed"),
        ("synthetic_scans", {"scans": -1}, ValueError, "scans of at least 1, received -1"),
        ("synthetic_scans", {"scans": 1, "size": 8}, ValueError, "size of at least 12, received 8"),
        ("synthetic_scans", {"scans": 1, "size": (16, 16)}, ValueError, "size as one number or 3"),
        ("synthetic_scans", {"scans": 1, "lesions": 1.2}, ValueError, "lesions from 0 to 1, received 1.2"),
        ("synthetic_scans", {"scans": 1, "noise": "loud"}, TypeError, "number for noise, received 'loud'"),
        ("synthetic_scans", {"scans": 1, "seed": -1}, ValueError, "seed of at least 0"),
        ("moving_shapes", {"videos": 0}, ValueError, "videos of at least 1"),
        ("moving_shapes", {"videos": 1, "frames": 1}, ValueError, "frames of at least 2, received 1"),
        ("moving_shapes", {"videos": 1, "size": 4}, ValueError, "size of at least 12, received 4"),
        ("moving_shapes", {"videos": 1, "noise": -1}, ValueError, "noise of at least 0"),
    ],
)
def test_bad_numbers_are_refused(make, arguments, error, message):
    with pytest.raises(error, match=message):
        getattr(dimensions, make)(**arguments)


def test_data_and_files_need_no_tensorflow():
    code = "import sys; from keras_apps import dimensions as d; d.moving_shapes(1); d.synthetic_heartbeats(1); "
    code += "d.synthetic_scans(1); d.read_ecg, d.read_volume, d.read_video; print('keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
