"""A person's wave shapes -> electrocardiograms that nobody ever had: one lead, any number of recordings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from keras_apps._checks import check_number, check_whole

WAVES = ("P", "Q", "R", "S", "T")
# A textbook heart: heights in mV, moments in seconds from the R wave's peak, widths (standard deviations) in seconds.
HEIGHTS = np.array([0.15, -0.10, 1.20, -0.25, 0.30])
MOMENTS = np.array([-0.17, -0.035, 0.0, 0.035, 0.27])
WIDTHS = np.array([0.022, 0.010, 0.011, 0.012, 0.045])
BEATS_A_MINUTE = (55.0, 105.0)  # of a recording, whoever it is


@dataclass(frozen=True)
class Heart:
    """One person's waves P, Q, R, S and T, each a Gaussian.

    Attributes:
        heights: `(5,)`, mV.
        moments: `(5,)`, seconds from the R wave's peak, at 60 beats a minute.
        widths: `(5,)`, standard deviations in seconds.
    """

    heights: np.ndarray
    moments: np.ndarray
    widths: np.ndarray


def heart_of(person: int, seed: int = 0) -> Heart:
    """Draw a person's waves; the same number and seed give the same heart.

    Example:
        >>> heart = heart_of(3)
        >>> bool(heart.heights[2] > 0 > heart.heights[1]), heart.moments.shape
        (True, (5,))
    """
    draw = np.random.default_rng((seed, person))
    heights = HEIGHTS * np.exp(draw.normal(0, [0.45, 0.6, 0.15, 0.6, 0.45]))
    moments = MOMENTS + draw.normal(0, [0.018, 0.004, 0.0, 0.004, 0.025])
    widths = WIDTHS * np.exp(draw.normal(0, [0.22, 0.15, 0.15, 0.15, 0.22]))
    return Heart(heights, moments, widths)


def synthetic_heartbeats(
    people: int,
    recordings: int = 4,
    *,
    first: int = 0,
    seconds: float = 4.0,
    rate: float = 128.0,
    noise: float = 0.03,
    drift: float = 0.15,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Make electrocardiograms of one lead, in which a person is told by the shapes of the waves and by nothing else.

    Every beat is a sum of five Gaussians (P, Q, R, S, T) whose heights, moments and widths are the person's own. A
    recording has, drawn anew and whoever it is: a heart rate from 55 to 105 beats a minute that varies with the breath
    and from beat to beat (the T wave moves with the square root of the beat's length), a start anywhere in a beat, a
    gain (the electrodes' contact), a baseline that drifts with the breath, and noise.

    Args:
        people: How many.
        recordings: Of each.
        first: The first person's number; people of other numbers are others.
        seconds: Length of a recording, at least 1.
        rate: Samples a second (Hz), at least 50.
        noise: Standard deviation of the white noise, mV.
        drift: Amplitude of the baseline's drift, mV.
        seed: The same seed gives the same people and recordings, number by number.

    Returns:
        `(signals, labels)`: float32 `(people * recordings, round(seconds * rate), 1)` in mV, and each recording's
        person, int64, from `first` up.

    Raises:
        TypeError: If an argument is no number.
        ValueError: If a number is out of range.

    Example:
        >>> signals, labels = synthetic_heartbeats(3, 2, first=10)
        >>> signals.shape, labels.tolist()
        ((6, 512, 1), [10, 10, 11, 11, 12, 12])

    Reference:
        McSharry et al., "A dynamical model for generating synthetic electrocardiogram signals", IEEE Transactions on
        Biomedical Engineering 50(3), 2003. There the Gaussians drive a differential equation along the beat's angle;
        here they are added up in time, which gives the same shapes without solving it.
    """
    check_whole("people", people)
    check_whole("recordings", recordings)
    check_whole("first", first, least=0)
    check_whole("seed", seed, least=0)
    seconds = check_number("seconds", seconds, least=1.0, most=3600.0)
    rate = check_number("rate", rate, least=50.0, most=10000.0)
    noise = check_number("noise", noise, least=0.0)
    drift = check_number("drift", drift, least=0.0)
    times = np.arange(round(seconds * rate)) / rate
    labels = np.repeat(np.arange(first, first + people), recordings)
    signals = np.empty((len(labels), len(times), 1), np.float32)
    for place, person in enumerate(labels):
        draw = np.random.default_rng((seed, int(person), 1, place % recordings))
        signals[place, :, 0] = record(heart_of(int(person), seed), times, noise, drift, draw)
    return signals, labels


def record(heart: Heart, times: np.ndarray, noise: float, drift: float, draw: np.random.Generator) -> np.ndarray:
    """Return one recording of a heart, mV `(n,)`, at `times` in seconds from 0."""
    breath, phase = draw.uniform(0.18, 0.35), draw.uniform(0, 2 * np.pi)  # breaths a second
    peaks, lengths = _beats(times[-1], breath, phase, draw)
    signal = np.zeros(len(times))
    for peak, length in zip(peaks, lengths, strict=True):
        moments = heart.moments.copy()
        moments[4] *= np.sqrt(length)
        moments[0] *= length**0.25
        heights = heart.heights * (1 + 0.04 * draw.standard_normal(5))
        away = (times[:, None] - peak - moments) / heart.widths
        signal += np.exp(-0.5 * away**2) @ heights
    gain = np.exp(0.2 * draw.standard_normal())
    slow = np.sin(2 * np.pi * draw.uniform(0.03, 0.1) * times + draw.uniform(0, 2 * np.pi))
    baseline = drift * (draw.uniform(0.3, 1) * np.sin(2 * np.pi * breath * times + phase) + draw.uniform(0, 1) * slow)
    return gain * signal + baseline + noise * draw.standard_normal(len(times))


def _beats(end: float, breath: float, phase: float, draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the moments of the R waves from before the start until after the end, and the lengths before them."""
    mean = 60 / draw.uniform(*BEATS_A_MINUTE)
    with_breath = draw.uniform(0.01, 0.06)
    at, peaks, lengths = -draw.uniform(1, 2) * mean, [], []
    while at < end + 1:
        length = mean * (1 + with_breath * np.sin(2 * np.pi * breath * at + phase) + 0.02 * draw.standard_normal())
        at += length
        peaks.append(at)
        lengths.append(length)
    return np.array(peaks), np.array(lengths)
