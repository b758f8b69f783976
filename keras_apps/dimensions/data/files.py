"""An electrocardiogram's file -> its leads in millivolts, and how often they were sampled."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from keras_apps.dimensions.extras import existing, load_extra

MILLIVOLTS = {"v": 1000.0, "mv": 1.0, "uv": 0.001, "µv": 0.001, "nv": 1e-6}
ENDINGS = (".hea", ".dat", ".mat")


@dataclass(frozen=True)
class Ecg:
    """A recording.

    Attributes:
        signals: float32 `(samples, leads)` in mV; NaN where the recording has a gap.
        rate: Samples a second (Hz).
        leads: Their names.
    """

    signals: np.ndarray
    rate: float
    leads: tuple[str, ...]


def read_ecg(path: str | os.PathLike) -> Ecg:
    """Read a recording in WFDB's format, as PhysioNet publishes them. Needs `pip install keras_apps[ecg]`.

    Args:
        path: The record's `.hea` or data file, or its name without an ending.

    Returns:
        An `Ecg`: mV `(samples, leads)`, ready for a 1-D network once it is cut to length and sampled at its rate.

    Raises:
        FileNotFoundError: If there is no such record.
        ImportError: If the library is missing.
        ValueError: If the record cannot be read, or its signals are no voltages.

    Reference:
        Moody, Pollard and Moody, "WFDB Software Package", PhysioNet 2022.
    """
    named = isinstance(path, (str, os.PathLike)) and not os.fspath(path).endswith(ENDINGS)
    record = existing(f"{os.fspath(path)}.hea" if named else path).with_suffix("")
    existing(f"{record}.hea")
    wfdb = load_extra("wfdb", "ecg")
    try:
        read = wfdb.rdrecord(str(record))
    except Exception as error:  # the library raises what it happens to stumble on
        raise ValueError(f"expected a record in WFDB's format, received '{record}': {error}") from None
    if read.p_signal is None or not read.p_signal.size:
        raise ValueError(f"expected a record with signals, received '{record}' without any")
    factors = [MILLIVOLTS.get(str(unit).lower()) for unit in read.units]
    for name, unit, factor in zip(read.sig_name, read.units, factors, strict=True):
        if factor is None:
            raise ValueError(f"expected voltages in '{record}', received signal {name!r} in {unit!r}")
    signals = (read.p_signal * np.array(factors)).astype(np.float32)
    return Ecg(signals, float(read.fs), tuple(read.sig_name))
