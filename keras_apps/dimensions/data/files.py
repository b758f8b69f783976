"""An electrocardiogram's file -> its leads in millivolts, and how often they were sampled."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from keras_apps import images
from keras_apps._checks import check_whole
from keras_apps._extras import load_extra


def existing(path: str | os.PathLike) -> Path:
    """Return the path of a file or folder.

    Raises:
        FileNotFoundError: If nothing is there.
        TypeError: If it is no path.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"expected a path, received {type(path).__name__}")
    if not Path(path).exists():
        raise FileNotFoundError(f"expected an existing file or folder, received '{path}'")
    return Path(path)


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


PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Video:
    """A film.

    Attributes:
        frames: uint8 `(frames, height, width, 3)`, RGB.
        rate: Frames a second (Hz); None where the file does not tell.
    """

    frames: np.ndarray
    rate: float | None


def read_video(path: str | os.PathLike, most: int | None = None) -> Video:
    """Read the frames of a video file, or of a folder of pictures.

    Files (MP4, AVI, MKV, GIF, whatever FFmpeg reads) need `pip install keras_apps[video]`. A folder needs nothing: its
    pictures come in the order of the numbers in their names, `frame2.png` before `frame10.png`.

    Args:
        path: The file or folder.
        most: Stop after so many frames; a film is held in memory as a whole.

    Returns:
        A `Video`.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ImportError: If the library is missing.
        TypeError, ValueError: If `most` is no whole number of at least 1, the file cannot be read or has no frames, or
            the pictures of a folder differ in size.
    """
    path = existing(path)
    if most is not None:
        check_whole("most", most)
    return _folder(path, most) if path.is_dir() else _file(path, most)


def _file(path: Path, most: int | None) -> Video:
    av = load_extra("av", "video")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise ValueError("it has no pictures")
            rate = container.streams.video[0].average_rate
            frames = [f.to_ndarray(format="rgb24") for f in islice(container.decode(video=0), most)]
    except (av.FFmpegError, ValueError) as error:
        raise ValueError(f"expected a video, received '{path}': {error}") from None
    return Video(_stacked_frames(frames, path), float(rate) if rate else None)


def _folder(path: Path, most: int | None) -> Video:
    files = sorted((f for f in path.iterdir() if f.suffix.lower() in PICTURES), key=_by_number)
    return Video(_stacked_frames(list(_pictures(files[:most])), path), None)


def _pictures(files: list[Path]) -> Iterator[np.ndarray]:
    for file in files:
        try:
            yield images.to_uint8(images.load_image(str(file)))
        except (ValueError, OSError) as error:
            raise ValueError(f"expected a picture, received '{file}': {error}") from None


def _by_number(file: Path) -> list:
    """Return a file's name in pieces, its digits as numbers."""
    return [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in re.split(r"(\d+)", file.name) if p]


def _stacked_frames(frames: list[np.ndarray], path: Path) -> np.ndarray:
    if not frames:
        raise ValueError(f"expected frames in '{path}', received none")
    sizes = {frame.shape for frame in frames}
    if len(sizes) > 1:
        raise ValueError(f"expected frames of one size in '{path}', received {sorted(sizes)}")
    return np.stack(frames)


MILLIMETERS = {"mm": 1.0, "meter": 1000.0, "micron": 0.001, "unknown": 1.0}
UNEVEN = 0.05  # of the distance between slices


@dataclass(frozen=True)
class Volume:
    """A scan.

    Attributes:
        voxels: float32 `(depth, height, width)`; of a CT in Hounsfield units.
        spacing: Millimetres from one voxel to the next along depth, height and width.
    """

    voxels: np.ndarray
    spacing: tuple[float, float, float]


def read_volume(path: str | os.PathLike) -> Volume:
    """Read a NIfTI file, or a folder that holds one DICOM series. Needs `pip install keras_apps[scans]`.

    Stored numbers become units with the file's slope and intercept. A NIfTI volume is turned (by whole axes, without
    interpolation) so that depth goes from feet to head, rows from front to back, and columns from the patient's right
    to the left. DICOM slices stay as they are, put in order along their normal: an axial series has that same order.

    Args:
        path: A `.nii` or `.nii.gz` file, or a folder of DICOM files (other files in it are passed over).

    Returns:
        A `Volume`.

    Raises:
        FileNotFoundError: If there is no such file or folder.
        ImportError: If the library is missing.
        ValueError: If a file cannot be read, the volume is not 3-D, or a folder holds no series, several, or one with
            slices missing.
    """
    path = existing(path)
    return _series(path) if path.is_dir() else _nifti(path)


def _nifti(path: Path) -> Volume:
    nibabel = load_extra("nibabel", "scans")
    try:
        image = nibabel.as_closest_canonical(nibabel.load(path))
        values = np.asarray(image.get_fdata(dtype=np.float32))
        zooms = image.header.get_zooms()
        unit = image.header.get_xyzt_units()[0] if hasattr(image.header, "get_xyzt_units") else "mm"
    except Exception as error:  # damaged files fail in the header, in gzip or in the array
        raise ValueError(
            f"expected a NIfTI file, or the folder of a DICOM series, received '{path}': {error}"
        ) from None
    while values.ndim > 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 3:
        raise ValueError(f"expected a volume of 3 axes, received shape {values.shape} in '{path}'")
    x, y, z = (float(zoom) * MILLIMETERS.get(unit, 1.0) for zoom in zooms[:3])
    spacing = (z, y, x)
    return Volume(np.ascontiguousarray(values[::-1, ::-1].transpose(2, 1, 0)), spacing)


def _series(folder: Path) -> Volume:
    pydicom = load_extra("pydicom", "scans")
    slices = []
    for file in sorted(p for p in folder.iterdir() if p.is_file()):
        try:
            found = pydicom.dcmread(file)
        except pydicom.errors.InvalidDicomError:
            continue
        except Exception as error:
            raise ValueError(f"expected a DICOM file, received '{file}': {error}") from None
        if "PixelData" in found:
            slices.append(found)
    if not slices:
        raise ValueError(f"expected a folder of DICOM slices, received '{folder}' with none")
    several = {str(s.get("SeriesInstanceUID")) for s in slices}
    if len(several) > 1:
        raise ValueError(f"expected one series in '{folder}', received {len(several)}: {', '.join(sorted(several))}")
    try:
        return _stacked(slices)
    except ValueError as error:
        raise ValueError(f"{error} in '{folder}'") from None
    except Exception as error:  # attributes that a slice lacks, a compression without its decoder
        raise ValueError(f"expected slices that can be stacked in '{folder}': {error}") from None


def _stacked(slices: list) -> Volume:
    down, across = np.array(slices[0].ImageOrientationPatient, float).reshape(2, 3)[::-1]
    normal = np.cross(across, down)
    positions = [float(np.dot(normal, np.array(s.ImagePositionPatient, float))) for s in slices]
    order = np.argsort(positions)
    if len({(int(s.Rows), int(s.Columns)) for s in slices}) > 1:
        raise ValueError("expected slices of one size, received several sizes")
    if any(int(s.get("SamplesPerPixel", 1)) != 1 or int(s.get("NumberOfFrames", 1)) != 1 for s in slices):
        raise ValueError("expected slices of one grey picture each, received colours or several frames")
    gaps = np.diff(np.array(positions)[order])
    if len(gaps) and (gaps.min() <= 0 or np.ptp(gaps) > UNEVEN * np.median(gaps)):
        raise ValueError(f"expected slices at even distances, received {gaps.min():g} to {gaps.max():g} mm")
    step = float(np.median(gaps)) if len(gaps) else float(slices[0].SliceThickness)
    voxels = [
        slices[i].pixel_array * float(slices[i].get("RescaleSlope", 1)) + float(slices[i].get("RescaleIntercept", 0))
        for i in order
    ]
    rows, columns = (float(v) for v in slices[0].PixelSpacing)
    return Volume(np.stack(voxels).astype(np.float32), (step, rows, columns))
