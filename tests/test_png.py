"""PNG files of 16 bits a channel, against TensorFlow's and Pillow's readers and writers."""

import struct
import time
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_apps import _png, images


def test_what_is_written_is_what_tensorflow_reads(rng):
    values = rng.integers(0, 65536, (13, 17, 3), dtype=np.uint16)
    data = _png.encode_png16(values, {"a": "b"})
    np.testing.assert_array_equal(tf.io.decode_png(data, dtype=tf.uint16), values)
    np.testing.assert_array_equal(_png.decode_png16(data), values)


@pytest.mark.parametrize("channels", [3, 4])
def test_what_tensorflow_writes_is_read_whole(channels, rng):
    """A smooth picture with some noise, for which libpng chooses among all its filters."""
    smooth = np.linspace(0, 60000, 40 * 50).reshape(40, 50, 1) + rng.integers(0, 3000, (40, 50, channels))
    values = smooth.astype(np.uint16)
    np.testing.assert_array_equal(_png.decode_png16(tf.io.encode_png(values).numpy()), values)


@pytest.mark.parametrize("kind", range(5))
def test_every_filter_is_undone(kind, rng):
    """The filters written out byte by byte as the standard states them, on a picture of 5 x 4 pixels of one byte."""
    picture = rng.integers(0, 256, (5, 4, 1), dtype=np.uint8)
    padded = np.zeros((6, 5), int)
    padded[1:, 1:] = picture[..., 0]
    filtered = np.zeros((5, 4, 1), np.uint8)
    for y in range(5):
        for x in range(4):
            left, above, corner = padded[y + 1, x], padded[y, x + 1], padded[y, x]
            nearest = min((left, above, corner), key=lambda v, p=left + above - corner: abs(p - v))
            guess = (0, left, above, (left + above) // 2, nearest)[kind]
            filtered[y, x] = (padded[y + 1, x + 1] - guess) % 256
    np.testing.assert_array_equal(_png._unfilter(np.full(5, kind, np.uint8), filtered), picture)


def test_other_kinds_are_left_to_pillow(tmp_path, rng):
    grey = rng.integers(0, 65536, (6, 7), dtype=np.uint16)
    assert _png.decode_png16(tf.io.encode_png(grey[..., None]).numpy()) is None
    eight = rng.integers(0, 256, (6, 7, 3), dtype=np.uint8)
    assert _png.decode_png16(tf.io.encode_png(eight).numpy()) is None
    (tmp_path / "grey.png").write_bytes(tf.io.encode_png(grey[..., None]).numpy())
    np.testing.assert_allclose(images.load_image(tmp_path / "grey.png")[..., 1], grey / 65535, atol=1e-7)


def test_a_damaged_file_is_refused_in_one_sentence(tmp_path, rng):
    data = _png.encode_png16(rng.integers(0, 65536, (30, 30, 3), dtype=np.uint16))
    cut, altered = data[:2000], data[:900] + bytes([data[900] ^ 1]) + data[901:]
    few = _png.SIGNATURE + _png._chunk(b"IHDR", struct.pack(">IIBBBBB", 30, 30, 16, 2, 0, 0, 0))
    few += _png._chunk(b"IDAT", zlib.compress(bytes(181))) + _png._chunk(b"IEND", b"")
    for number, damaged in enumerate((cut, altered, few)):
        with pytest.raises(ValueError):
            _png.decode_png16(damaged)
        (tmp_path / f"{number}.png").write_bytes(damaged)
        with pytest.raises(ValueError, match=f"{number}.png', which is damaged"):
            images.load_image(tmp_path / f"{number}.png")


def test_a_file_that_claims_little_and_holds_much_is_not_unpacked_whole():
    """A megabyte of zeros under a header of one pixel: only the pixel's seven bytes are unpacked."""
    data = _png.SIGNATURE + _png._chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0))
    data += _png._chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + _png._chunk(b"IEND", b"")
    np.testing.assert_array_equal(_png.decode_png16(data), np.zeros((1, 1, 3), np.uint16))


def test_a_megapixel_is_read_in_seconds():
    values = np.zeros((1000, 1000, 3), np.uint16)
    began = time.perf_counter()
    assert _png.decode_png16(_png.encode_png16(values)).shape == (1000, 1000, 3)
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize("bits", [8, 16])
def test_text_is_read_back_whatever_its_letters(tmp_path, bits):
    text = {"keras_apps.recipe": '{"steps": 3}\n', "Title": "Vögel über 東京 \U0001f54a"}
    images.save_image(np.full((4, 5, 3), 0.3), tmp_path / "x.png", bits=bits, text=text)
    assert images.read_text(tmp_path / "x.png") == text
    with Image.open(tmp_path / "x.png") as image:
        assert image.text == text and image.size == (5, 4)


@pytest.mark.parametrize("keyword", ["", "x" * 80, " x", "東", "a\nb"])
@pytest.mark.parametrize("bits", [8, 16])
def test_keywords_that_png_does_not_allow(tmp_path, keyword, bits):
    with pytest.raises(ValueError, match="keyword of 1 to 79 Latin-1"):
        images.save_image(np.zeros((2, 2, 3)), tmp_path / "x.png", bits=bits, text={keyword: "x"})
    with pytest.raises(TypeError, match="expected text"):
        images.save_image(np.zeros((2, 2, 3)), tmp_path / "x.png", bits=bits, text={"x": 3})
    assert not list(tmp_path.iterdir())
