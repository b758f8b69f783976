"""PNG files of 16 bits a channel, and PNG files with text."""

import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, PngImagePlugin

from keras_apps import images


def chunk(kind: bytes, body: bytes) -> bytes:
    stream = io.BytesIO()
    PngImagePlugin.putchunk(stream, kind, body)
    return stream.getvalue()


def png_of(width: int, height: int, pixels: bytes, before: bytes = b"") -> bytes:
    """Return an RGB file of 16 bits with these filtered rows, and chunks before them."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + before + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def test_what_is_written_is_what_tensorflow_reads(tmp_path, rng):
    values = rng.integers(0, 65536, (13, 17, 3), dtype=np.uint16)
    images.save_image(values, tmp_path / "x.png", bits=16, text={"a": "b"})
    data = (tmp_path / "x.png").read_bytes()
    np.testing.assert_array_equal(tf.io.decode_png(data, dtype=tf.uint16), values)
    images.save_image(values, tmp_path / "again.png", bits=16, text={"a": "b"})
    assert (tmp_path / "again.png").read_bytes() == data


def test_rgba_of_16_bits_is_read_whole_and_laid_over_white(tmp_path, rng):
    values = rng.integers(0, 65536, (4, 5, 4), dtype=np.uint16)
    (tmp_path / "x.png").write_bytes(tf.io.encode_png(values).numpy())
    shares = values / 65535
    expected = shares[..., :3] * shares[..., 3:] + 1 - shares[..., 3:]
    np.testing.assert_allclose(images.load_image(tmp_path / "x.png"), expected, atol=1e-6)


def test_other_kinds_are_left_to_pillow(tmp_path, rng):
    grey = rng.integers(0, 65536, (6, 7), dtype=np.uint16)
    (tmp_path / "grey.png").write_bytes(tf.io.encode_png(grey[..., None]).numpy())
    np.testing.assert_allclose(images.load_image(tmp_path / "grey.png")[..., 1], grey / 65535, atol=1e-7)


def test_one_transparent_colour_is_left_to_pillow(tmp_path):
    """Two pixels, and a tRNS chunk that makes the second one's colour transparent."""
    pixels = b"\0" + struct.pack(">6H", 256, 512, 768, 65535, 65535, 65535)
    transparent = chunk(b"tRNS", struct.pack(">3H", 65535, 65535, 65535))
    (tmp_path / "x.png").write_bytes(png_of(2, 1, pixels, before=transparent))
    with Image.open(tmp_path / "x.png") as image:
        np.testing.assert_array_equal(images.load_image(tmp_path / "x.png"), images.load_image(image))
    np.testing.assert_allclose(images.load_image(tmp_path / "x.png")[0, 0], np.array([1, 2, 3]) / 255, atol=1e-6)


def test_a_damaged_file_is_refused_in_one_sentence(tmp_path, rng):
    images.save_image(rng.integers(0, 65536, (30, 30, 3), dtype=np.uint16), tmp_path / "x.png", bits=16)
    data = (tmp_path / "x.png").read_bytes()
    cut, altered = data[:2000], data[:900] + bytes([data[900] ^ 1]) + data[901:]
    for number, damaged in enumerate((cut, altered, png_of(30, 30, bytes(181)))):
        (tmp_path / f"{number}.png").write_bytes(damaged)
        with pytest.raises(ValueError, match=f"{number}.png', which is damaged"):
            images.load_image(tmp_path / f"{number}.png")


def test_a_file_that_claims_little_and_holds_much_is_not_unpacked_whole(tmp_path):
    """A megabyte of zeros under a header of one pixel: only that pixel is decoded."""
    (tmp_path / "x.png").write_bytes(png_of(1, 1, bytes(1 << 20)))
    np.testing.assert_array_equal(images.load_image(tmp_path / "x.png"), np.zeros((1, 1, 3), np.float32))


def test_eight_bits_are_read_and_written_without_tensorflow(tmp_path):
    code = """import sys, numpy as np
from keras_apps import images
images.save_image(np.zeros((2, 2, 3)), sys.argv[1], text={"a": "b"})
print(images.load_image(sys.argv[1]).shape, images.read_text(sys.argv[1]), "tensorflow" in sys.modules)"""
    command = [sys.executable, "-c", code, str(tmp_path / "x.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "(2, 2, 3) {'a': 'b'} False\n"


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
