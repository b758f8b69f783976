"""Real files, made here by the libraries that define their formats, come back as arrays in their units."""

import numpy as np
import pytest
from PIL import Image

from keras_apps import dimensions


@pytest.fixture
def wfdb():
    return pytest.importorskip("wfdb")


@pytest.fixture
def nibabel():
    return pytest.importorskip("nibabel")


@pytest.fixture
def pydicom():
    return pytest.importorskip("pydicom")


def test_an_ecg_comes_in_millivolts(wfdb, tmp_path):
    """500 uV are 0.5 mV; 16 bits at 1,000 steps a unit round to half a thousandth of it."""
    signal, _ = dimensions.synthetic_heartbeats(1, 2, rate=250)
    two = np.stack([signal[0, :, 0], 1000 * signal[1, :, 0]], axis=1).astype(float)
    options = {"fmt": ["16", "16"], "adc_gain": [1000.0, 10.0], "baseline": [0, 0], "write_dir": str(tmp_path)}
    wfdb.wrsamp("one", fs=250, units=["mV", "uV"], sig_name=["I", "V2"], p_signal=two, **options)
    for name in ("one", "one.hea", "one.dat"):
        read = dimensions.read_ecg(tmp_path / name)
    assert (read.rate, read.leads, read.signals.dtype) == (250.0, ("I", "V2"), np.float32)
    np.testing.assert_allclose(read.signals[:, 0], signal[0, :, 0], atol=0.00051)
    np.testing.assert_allclose(read.signals[:, 1], signal[1, :, 0], atol=0.00006)


def test_wrong_ecgs_are_named(wfdb, tmp_path):
    with pytest.raises(FileNotFoundError, match="nobody.hea"):
        dimensions.read_ecg(tmp_path / "nobody")
    (tmp_path / "torn.hea").write_text("torn 1 250 100\ntorn.dat 16 1000/mV 16 0 0 0 0 I\n")
    with pytest.raises(ValueError, match="record in WFDB's format, received .*torn"):
        dimensions.read_ecg(tmp_path / "torn.hea")
    (tmp_path / "text.hea").write_text("not a header\n")
    with pytest.raises(ValueError, match="WFDB"):
        dimensions.read_ecg(tmp_path / "text")
    pressure = {"units": ["mmHg"], "sig_name": ["ABP"], "fmt": ["16"], "write_dir": str(tmp_path)}
    wfdb.wrsamp("blood", fs=100, p_signal=np.linspace(60, 120, 200)[:, None], **pressure)
    with pytest.raises(ValueError, match="expected voltages .* signal 'ABP' in 'mmHg'"):
        dimensions.read_ecg(tmp_path / "blood")


def test_a_nifti_is_turned_to_feet_back_and_left(nibabel, tmp_path):
    """The file's axes run to the patient's left, to the front, and down; its voxels are 2, 3 and 4 mm wide.

    A voxel with i = 1 of 5 from the right, j = 2 of 6 from the back, k = 3 of 7 from the head is column 1 from the
    right, row 6 - 1 - 2 = 3 from the front, and slice 7 - 1 - 3 = 3 from the feet. Slope 2 and intercept -1000 make the
    stored 10 to 2 * 10 - 1000 = -980, and 0 to -1000.
    """
    stored = np.zeros((5, 6, 7), np.int16)
    stored[1, 2, 3] = 10
    affine = np.diag([-2.0, 3.0, -4.0, 1.0])
    image = nibabel.Nifti1Image(stored, affine)
    image.header.set_xyzt_units("mm")
    image.header.set_slope_inter(2.0, -1000.0)
    for name in ("scan.nii", "scan.nii.gz"):
        nibabel.save(image, tmp_path / name)
        read = dimensions.read_volume(tmp_path / name)
        assert read.voxels.shape == (7, 6, 5) and read.spacing == (4.0, 3.0, 2.0)
        assert np.argwhere(read.voxels == -980).tolist() == [[3, 3, 1]]
        assert np.count_nonzero(read.voxels == -1000) == 209 and read.voxels.dtype == np.float32


def test_wrong_niftis_are_named(nibabel, tmp_path):
    nibabel.save(nibabel.Nifti1Image(np.zeros((3, 3, 3, 2), np.float32), np.eye(4)), tmp_path / "film.nii")
    with pytest.raises(ValueError, match=r"3 axes, received shape \(3, 3, 3, 2\)"):
        dimensions.read_volume(tmp_path / "film.nii")
    (tmp_path / "text.nii").write_text("no volume")
    with pytest.raises(ValueError, match="expected a NIfTI file, or the folder of a DICOM series, received .*text.nii"):
        dimensions.read_volume(tmp_path / "text.nii")
    nibabel.save(nibabel.Nifti1Image(np.zeros((9, 9, 9), np.float32), np.eye(4)), tmp_path / "torn.nii")
    (tmp_path / "torn.nii").write_bytes((tmp_path / "torn.nii").read_bytes()[:900])
    with pytest.raises(ValueError, match="NIfTI"):
        dimensions.read_volume(tmp_path / "torn.nii")


def write_slice(pydicom, path, pixels, z, series="1.2.3"):
    """One axial CT slice at height z, its numbers 1,024 above Hounsfield's."""
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = generate_uid()
    data.Modality, data.SeriesInstanceUID = "CT", series
    data.ImageOrientationPatient, data.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, z]
    data.PixelSpacing, data.SliceThickness = [1.5, 0.5], 9.0
    data.Rows, data.Columns = pixels.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    data.RescaleSlope, data.RescaleIntercept = 1, -1024
    data.PixelData = (pixels + 1024).astype("<i2").tobytes()
    data.save_as(path, enforce_file_format=True)


def test_a_dicom_series_is_put_in_order(pydicom, tmp_path):
    """Files in any order: slices come by their heights, 2.5 mm apart, in Hounsfield units; a text is passed over."""
    volume = np.round(dimensions.synthetic_scans(1, (12, 14, 16), seed=3)[0][0, ..., 0])
    for name, place in enumerate(np.random.default_rng(0).permutation(12)):
        write_slice(pydicom, tmp_path / f"{name}.dcm", volume[place], -100 + 2.5 * place)
    (tmp_path / "notes.txt").write_text("read me")
    read = dimensions.read_volume(tmp_path)
    np.testing.assert_array_equal(read.voxels, volume)
    assert read.spacing == (2.5, 1.5, 0.5) and read.voxels.dtype == np.float32


def test_wrong_series_are_named(pydicom, tmp_path):
    with pytest.raises(ValueError, match="folder of DICOM slices, received .* with none"):
        dimensions.read_volume(tmp_path)
    flat = np.zeros((4, 5))
    write_slice(pydicom, tmp_path / "a", flat, 0)
    assert dimensions.read_volume(tmp_path).spacing[0] == 9.0
    write_slice(pydicom, tmp_path / "b", flat, 1)
    write_slice(pydicom, tmp_path / "c", flat, 3)
    with pytest.raises(ValueError, match=r"even distances, received 1 to 2 mm in '"):
        dimensions.read_volume(tmp_path)
    write_slice(pydicom, tmp_path / "c", np.zeros((5, 5)), 2)
    with pytest.raises(ValueError, match="slices of one size"):
        dimensions.read_volume(tmp_path)
    write_slice(pydicom, tmp_path / "c", flat, 2, series="9.9")
    with pytest.raises(ValueError, match="one series .* received 2: 1.2.3, 9.9"):
        dimensions.read_volume(tmp_path)


def test_a_video_file_keeps_frames_and_rate(tmp_path):
    """Five grey levels, 40 apart, at 12.5 frames a second; a lossy codec may miss them by a few levels."""
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "film.mkv"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv420p"
        for level in (20, 60, 100, 140, 180):
            frame = av.VideoFrame.from_ndarray(np.full((16, 32, 3), level, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    read = dimensions.read_video(tmp_path / "film.mkv")
    assert read.frames.shape == (5, 16, 32, 3) and read.frames.dtype == np.uint8 and read.rate == 25.0
    np.testing.assert_allclose(read.frames.mean(axis=(1, 2, 3)), [20, 60, 100, 140, 180], atol=6)
    assert len(dimensions.read_video(tmp_path / "film.mkv", most=2).frames) == 2
    (tmp_path / "text.mp4").write_text("no film")
    with pytest.raises(ValueError, match="expected a video, received .*text.mp4"):
        dimensions.read_video(tmp_path / "text.mp4")


def test_a_folder_of_frames_is_read_by_number(tmp_path):
    """frame 2 comes before frame 10; a text beside them is no frame."""
    for number in (10, 2, 1):
        Image.fromarray(np.full((4, 6), number, np.uint8)).save(tmp_path / f"frame{number}.png")
    (tmp_path / "notes.txt").write_text("read me")
    read = dimensions.read_video(tmp_path)
    assert read.frames[:, 0, 0, 0].tolist() == [1, 2, 10] and read.rate is None
    assert len(dimensions.read_video(tmp_path, most=1).frames) == 1
    Image.fromarray(np.zeros((5, 6), np.uint8)).save(tmp_path / "frame3.png")
    with pytest.raises(ValueError, match="frames of one size"):
        dimensions.read_video(tmp_path)
    (tmp_path / "frame3.png").write_text("no picture")
    with pytest.raises(ValueError, match="expected a picture, received .*frame3.png"):
        dimensions.read_video(tmp_path)


@pytest.mark.parametrize("read", [dimensions.read_ecg, dimensions.read_volume, dimensions.read_video])
def test_missing_files_and_wrong_types(read, tmp_path):
    with pytest.raises(FileNotFoundError, match="expected an existing file or folder, received .*nothing"):
        read(tmp_path / "nothing")
    with pytest.raises(TypeError, match="expected a path, received int"):
        read(7)


def test_wrong_counts_and_empty_folders(tmp_path):
    with pytest.raises(ValueError, match="expected frames in .* received none"):
        dimensions.read_video(tmp_path)
    with pytest.raises(ValueError, match="most of at least 1, received 0"):
        dimensions.read_video(tmp_path, most=0)
    with pytest.raises(TypeError, match="whole number for most"):
        dimensions.read_video(tmp_path, most=1.5)


@pytest.mark.parametrize(
    ("read", "name", "library", "extra"),
    [
        (dimensions.read_ecg, "a.hea", "wfdb", "ecg"),
        (dimensions.read_volume, "a.nii", "nibabel", "scans"),
        (dimensions.read_volume, "", "pydicom", "scans"),
        (dimensions.read_video, "a.mp4", "av", "video"),
    ],
)
def test_a_missing_library_is_named_with_its_extra(read, name, library, extra, tmp_path, monkeypatch):
    import sys

    for ending in (".hea", ".nii", ".mp4"):
        (tmp_path / f"a{ending}").write_text("")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=rf"expected {library} to be installed: pip install keras_apps\[{extra}\]"):
        read(tmp_path / name)


def test_frames_of_16_bits_are_scaled(tmp_path):
    """257 steps of 16 bits are one of 8: 0, 257, 25700 and 65535 become 0, 1, 100 and 255."""
    values = np.array([[0, 257, 25700, 65535]] * 4, np.uint16)
    Image.fromarray(values).save(tmp_path / "frame1.png")
    frames = dimensions.read_video(tmp_path).frames
    np.testing.assert_array_equal(frames[0, 0, :, 0], [0, 1, 100, 255])
