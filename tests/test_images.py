"""Every kind of picture comes in as float RGB in 0..1, or is refused in one clear sentence."""

import io
import os

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, PngImagePlugin

from keras_apps import images

RED = np.zeros((4, 6, 3), np.uint8)
RED[..., 0] = 255


def save(path, image, **options):
    image.save(path, **options)
    return path


def test_the_same_picture_in_every_form_is_the_same_array(tmp_path):
    expected = np.float32(RED) / 255
    forms = [
        save(tmp_path / "a.png", Image.fromarray(RED)),
        str(save(tmp_path / "b.bmp", Image.fromarray(RED))),
        Image.fromarray(RED),
        RED,
        RED.astype(np.float64) / 255,
        np.uint16(RED) * 257,
        np.dstack([RED, np.full((4, 6), 255, np.uint8)]),
        save(tmp_path / "p.png", Image.fromarray(RED).convert("P", palette=Image.ADAPTIVE)),
        save(tmp_path / "rgba.png", Image.fromarray(RED).convert("RGBA")),
    ]
    for form in forms:
        loaded = images.load_image(form)
        assert loaded.dtype == np.float32 and loaded.shape == (4, 6, 3)
        np.testing.assert_allclose(loaded, expected, atol=1 / 255)


def test_cmyk_is_converted(tmp_path):
    path = save(tmp_path / "c.jpg", Image.fromarray(RED).convert("CMYK"), quality=100)
    loaded = images.load_image(path)
    assert loaded[..., 0].min() > 0.9 and loaded[..., 1:].max() < 0.1


def test_grey_8_and_16_bit_keep_their_values(tmp_path):
    """16-bit values 0, 16384, 65535 are 0, 0.25, 1; PIL's own conversion to RGB would clip the second to white."""
    deep = np.array([[0, 16384, 65535]], np.uint16)
    loaded = images.load_image(save(tmp_path / "deep.png", Image.fromarray(deep)))
    np.testing.assert_allclose(loaded[0, :, 0], [0, 16384 / 65535, 1], atol=1e-6)
    np.testing.assert_array_equal(loaded[..., 0], loaded[..., 2])
    shallow = images.load_image(np.array([[0, 51, 255]], np.uint8))
    np.testing.assert_allclose(shallow[0, :, 1], [0, 0.2, 1])


def test_transparency_is_laid_over_white():
    half_black = np.zeros((1, 2, 4), np.uint8)
    half_black[0, 0, 3] = 255
    np.testing.assert_allclose(images.load_image(half_black)[0, :, 0], [0, 1])
    palette = Image.fromarray(RED).convert("P")
    palette.info["transparency"] = palette.getpixel((0, 0))
    assert images.load_image(palette).min() == 1


def test_exif_orientation_is_applied(tmp_path):
    """Orientation 6: stored sideways, to be turned a quarter clockwise; 4 x 6 becomes 6 x 4."""
    picture = RED.copy()
    picture[0, 0] = (0, 0, 255)
    exif = Image.Exif()
    exif[0x0112] = 6
    loaded = images.load_image(save(tmp_path / "turned.png", Image.fromarray(picture), exif=exif))
    assert loaded.shape == (6, 4, 3)
    assert loaded[0, -1, 2] == 1


def test_text_named_jpg(tmp_path):
    (tmp_path / "x.jpg").write_text("no picture")
    with pytest.raises(ValueError, match="x.jpg.*no known picture format"):
        images.load_image(tmp_path / "x.jpg")


def test_truncated_jpeg(tmp_path, rng):
    path = save(tmp_path / "t.jpg", Image.fromarray(rng.integers(0, 255, (200, 200, 3), dtype=np.uint8)))
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(ValueError, match="t.jpg.*damaged"):
        images.load_image(path)


def test_missing_path_folder_and_empty_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        images.load_image(tmp_path / "none.jpg")
    with pytest.raises(ValueError, match="folder"):
        images.load_image(tmp_path)
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(ValueError, match="empty.jpg"):
        images.load_image(tmp_path / "empty.jpg")


def test_too_many_pixels_are_refused_before_decoding(tmp_path):
    path = save(tmp_path / "huge.png", Image.new("1", (12000, 12000)))
    with pytest.raises(ValueError, match="at most 64,000,000 pixels.*12000 x 12000"):
        images.load_image(path)


@pytest.mark.parametrize(
    ("picture", "error"),
    [
        (np.zeros((4, 4, 2), np.uint8), ValueError),
        (np.zeros((0, 4, 3), np.uint8), ValueError),
        (np.zeros(4, np.uint8), ValueError),
        (np.full((2, 2, 3), 200.0), ValueError),
        (np.full((2, 2, 3), np.nan), ValueError),
        (np.zeros((2, 2, 3), np.int64), TypeError),
        (17, TypeError),
        (None, TypeError),
    ],
)
def test_wrong_arrays(picture, error):
    with pytest.raises(error, match="expected .* received"):
        images.load_image(picture)


def test_bundled_names():
    assert images.load_image("bundled:obama").shape[2] == 3
    assert "vortices" in images.bundled()
    with pytest.raises(FileNotFoundError, match="astronaut.*received 'nobody'"):
        images.load_image("bundled:nobody")


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".tif", ".bmp"])
def test_save_and_load(tmp_path, ending):
    smooth = np.linspace(0, 1, 32 * 32 * 3, dtype=np.float32).reshape(32, 32, 3)
    images.save_image(smooth, tmp_path / f"x{ending}")
    assert np.abs(images.load_image(tmp_path / f"x{ending}") - smooth).mean() < 0.02
    assert os.listdir(tmp_path) == [f"x{ending}"]


def test_a_failed_save_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.png"
    images.save_image(RED, path)
    before = path.read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match="No space"):
        images.save_image(1 - np.float32(RED) / 255, path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["x.png"]


def test_where_pictures_cannot_be_written(tmp_path):
    with pytest.raises(ValueError, match="ending in .png"):
        images.check_output(tmp_path / "x.txt")
    with pytest.raises(FileNotFoundError, match="existing folder"):
        images.check_output(tmp_path / "none" / "x.png")


def test_resize_keeps_proportions_and_brightness():
    picture = np.zeros((40, 20, 3), np.float32)
    picture[:, :10] = 1
    resized = images.resize(picture, 16)
    assert resized.shape == (16, 8, 3)
    assert abs(resized.mean() - 0.5) < 0.01
    assert images.resize(picture, (7, 9)).shape == (7, 9, 3)


def test_sixteen_bits_come_back_exactly(tmp_path, rng):
    """Every value of 0..65535 that is written is read again; 8 bits would keep 256 of them."""
    values = rng.permutation(np.arange(65536, dtype=np.uint16))[: 64 * 64 * 3].reshape(64, 64, 3)
    images.save_image(values, tmp_path / "x.png", bits=16)
    loaded = images.load_image(tmp_path / "x.png")
    np.testing.assert_array_equal(np.rint(loaded * 65535), values)
    images.save_image(loaded, tmp_path / "y.png", bits=16)
    assert (tmp_path / "x.png").read_bytes() == (tmp_path / "y.png").read_bytes()
    with Image.open(tmp_path / "x.png") as image:
        assert np.abs(np.asarray(image.convert("RGB"), int) - values // 257).max() <= 1


def test_sixteen_bits_and_text_are_for_png_only(tmp_path):
    for options in ({"bits": 16}, {"text": {"a": "b"}}):
        with pytest.raises(ValueError, match="ending in .png for .*received"):
            images.save_image(RED, tmp_path / "x.tif", **options)
    with pytest.raises(ValueError, match="expected 8 or 16 bits, received 12"):
        images.check_output(tmp_path / "x.png", bits=12)
    assert not os.listdir(tmp_path)


def test_a_failed_save_of_sixteen_bits_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.png"
    images.save_image(RED, path, bits=16)
    before = path.read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        images.save_image(1 - np.float32(RED) / 255, path, bits=16)
    monkeypatch.undo()
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["x.png"]


def test_a_turned_sixteen_bit_picture_is_set_upright(tmp_path, rng):
    """Orientation 6 in the file's EXIF chunk: a picture of 4 x 6 becomes one of 6 x 4."""
    values = rng.integers(0, 65536, (4, 6, 3), dtype=np.uint16)
    exif = Image.Exif()
    exif[0x0112] = 6
    data, chunk = tf.io.encode_png(values).numpy(), io.BytesIO()
    PngImagePlugin.putchunk(chunk, b"eXIf", exif.tobytes()[6:])
    (tmp_path / "x.png").write_bytes(data[:33] + chunk.getvalue() + data[33:])
    loaded = images.load_image(tmp_path / "x.png")
    assert loaded.shape == (6, 4, 3)
    np.testing.assert_allclose(loaded, np.rot90(values, -1) / 65535, atol=1 / 255)


def test_text_of_other_files(tmp_path):
    images.save_image(RED, tmp_path / "x.jpg")
    assert images.read_text(tmp_path / "x.jpg") == {}
    with pytest.raises(FileNotFoundError, match="does not exist"):
        images.read_text(tmp_path / "none.png")
    (tmp_path / "x.png").write_text("no picture")
    with pytest.raises(ValueError, match="no known picture format"):
        images.read_text(tmp_path / "x.png")
