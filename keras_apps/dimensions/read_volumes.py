"""A scan's file, or its folder of slices -> voxels, and how far apart they are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_apps.dimensions.extras import existing, load_extra

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
    spacing = tuple(float(z) * MILLIMETERS.get(unit, 1.0) for z in zooms[:3][::-1])
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
    return Volume(np.stack(voxels).astype(np.float32), (step, *(float(v) for v in slices[0].PixelSpacing)))
