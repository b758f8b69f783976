"""Any picture -> float32 RGB array in 0..1, and back; limits; resizing."""

from __future__ import annotations

import importlib
import io
import os
import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from keras_apps._bundled import BUNDLED as BUNDLED
from keras_apps._bundled import bundled as bundled
from keras_apps._bundled import resolve as resolve
from keras_apps._files import check_destination, written_aside
from keras_apps._picture_sources import BinaryFile as BinaryFile
from keras_apps._picture_sources import describe as describe
from keras_apps._picture_sources import encoded_bytes
from keras_apps._picture_sources import is_data_address as is_data_address
from keras_apps._picture_sources import is_one_picture as is_one_picture
from keras_apps._picture_sources import name_of as name_of
from keras_apps._picture_sources import shown as shown

Picture: TypeAlias = "str | os.PathLike | bytes | bytearray | memoryview | BinaryFile | Image.Image | np.ndarray"

MAX_PIXELS = 64_000_000
"""Pictures with more pixels (8000 x 8000) are refused; one of this size takes about 0.8 GB as float32 RGB."""

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif")
"""How the names of picture files end, in lower case, where a folder is searched for pictures."""

_DAMAGE = (OSError, SyntaxError, EOFError, IndexError, ValueError, RuntimeError, struct.error)
"""The errors that Pillow's readers raise on damaged files."""


def load_image(picture: Picture) -> np.ndarray:
    """Read a picture as RGB.

    EXIF orientation is applied, transparent parts become white, and grey, palette, CMYK and 16-bit pictures are
    converted. Grey pictures and PNG files keep the precision of 16 bits (TensorFlow reads 16-bit colour PNG files);
    other files with 16 bits a channel are read with 8.

    Args:
        picture: One of
            - a path, or `"bundled:NAME"` for a picture that travels with the package;
            - the bytes of a picture file: `bytes`, `bytearray` or `memoryview`;
            - a file opened in binary mode, or another object whose `read()` returns bytes (`io.BytesIO`, an upload);
              it is read from its position to its end, and stays open;
            - an address `data:image/...;base64,...`;
            - a `PIL.Image.Image`;
            - an array of shape `(h, w, 3)`, `(h, w, 4)`, `(h, w, 1)` or `(h, w)`, uint8 in 0..255, uint16 in 0..65535
              or float in 0..1.

            HEIC and HEIF pictures need `pip install "keras_apps[heic]"`; AVIF pictures need Pillow 11.3.

    Returns:
        float32 array `(h, w, 3)`, RGB in 0..1.

    Raises:
        FileNotFoundError: If the path does not exist, or no bundled picture has that name.
        ValueError: If the file is not a picture, is truncated, has more than `MAX_PIXELS` pixels, or an array's
            shape or range is not one of the above; if nothing is left to read in an open file; or for an address on
            the network (`http://...`).
        TypeError: If the argument is of another type, for instance a file in text mode.

    Example:
        >>> import io
        >>> upload = io.BytesIO()
        >>> Image.new("RGB", (6, 4), "red").save(upload, "PNG")
        >>> load_image(upload.getvalue()).shape
        (4, 6, 3)
    """
    data = encoded_bytes(picture)
    if data is not None:
        return _load_encoded(data, describe(picture))
    if isinstance(picture, (str, os.PathLike)):
        path = resolve(picture)
        return _load_encoded(path, describe(path))
    if isinstance(picture, Image.Image):
        _check_pixels(*picture.size, "the picture")
        try:
            picture.load()
        except _DAMAGE as error:
            raise ValueError(f"expected a whole picture, received {describe(picture)}: {error}") from None
        return _from_pil(picture)
    if hasattr(picture, "__array__"):
        return _from_array(np.asarray(picture))
    raise TypeError(
        "expected a path, bytes, an open file, a data: address, a PIL image or an array as picture, received "
        f"{type(picture).__name__}"
    )


def _check_pixels(width: int, height: int, what: str) -> None:
    if width * height > MAX_PIXELS:
        raise ValueError(
            f"expected a picture of at most {MAX_PIXELS:,} pixels, received {what} with {width} x {height} = "
            f"{width * height:,}; make it smaller first, or raise keras_apps.images.MAX_PIXELS"
        )


def _load_encoded(source: Path | bytes, what: str) -> np.ndarray:
    with _opened(source, what) as image:
        upright = image.getexif().get(0x0112, 1) == 1
        one_color_is_transparent = "transparency" in image.info
        if upright and not one_color_is_transparent and _is_colour_png16(source):
            return _from_array(_decode_png16(source if isinstance(source, bytes) else source.read_bytes()))
        return _from_pil(image)


def _is_colour_png16(source: Path | bytes) -> bool:
    """Return whether a file is a PNG with 16 bits a channel, RGB or RGBA; Pillow reads such files with 8 bits."""
    head = _head(source, 26)  # the signature, and IHDR up to bit depth and colour type
    return head.startswith(b"\x89PNG") and head[24:] in (b"\x10\x02", b"\x10\x06")


def _head(source: Path | bytes, length: int) -> bytes:
    if isinstance(source, bytes):
        return source[:length]
    with open(source, "rb") as file:
        return file.read(length)


def _decode_png16(data: bytes) -> np.ndarray:
    """Decode a PNG file to uint16 `(h, w, 3 or 4)`."""
    import tensorflow as tf

    try:
        return tf.io.decode_png(data, dtype=tf.uint16).numpy()
    except tf.errors.InvalidArgumentError:
        raise ValueError("its pixels cannot be decoded") from None


def _encode_png16(values: np.ndarray, text: Mapping[str, str]) -> bytes:
    """Encode uint16 `(h, w, 3)`, RGB, as a PNG file; its texts stand between header and pixels."""
    import tensorflow as tf

    data = tf.io.encode_png(values).numpy()
    header = 33  # bytes: the signature, and IHDR, which is always the first chunk
    stream = io.BytesIO()
    stream.write(data[:header])
    for kind, body, *_ in _png_info(text).chunks:
        PngImagePlugin.putchunk(stream, kind, body)
    stream.write(data[header:])
    return stream.getvalue()


def _png_info(text: Mapping[str, str]) -> PngImagePlugin.PngInfo:
    """Return texts as Pillow's PNG writer takes them: a tEXt chunk where Latin-1 has all letters, else iTXt."""
    info = PngImagePlugin.PngInfo()
    for keyword, value in text.items():
        info.add_text(keyword, value)
    return info


class FormatError(ValueError):
    """A picture's format is known, but nothing that is installed reads it."""


HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")


def open_picture(source: Path | bytes) -> Image.Image:
    """Open a picture file with Pillow, or a HEIC file with pillow-heif, without reading its pixels.

    Raises:
        FormatError: If it is a HEIC or AVIF file, and what reads it is not installed.
        PIL.UnidentifiedImageError: If it has no known format.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        return Image.open(file)
    except UnidentifiedImageError:
        head = _head(source, 12)
        if head[4:8] == b"ftyp" and head[8:] in (b"avif", b"avis"):
            raise FormatError("AVIF pictures need Pillow 11.3 or later, with AVIF") from None
        if head[4:8] != b"ftyp" or head[8:] not in HEIF_BRANDS:
            raise
    try:
        pillow_heif = importlib.import_module("pillow_heif")
    except ImportError:
        raise FormatError('HEIC pictures need an extra: pip install "keras_apps[heic]"') from None
    return pillow_heif.HeifImageFile(file)  # it turns the picture upright, and its EXIF entry then says so


@contextmanager
def _opened(source: Path | bytes, what: str) -> Iterator[Image.Image]:
    """Open a picture file; errors on opening it and inside the block become one sentence that names `what` it is."""
    if isinstance(source, bytes):
        if not source:
            raise ValueError(f"expected a picture, received {what}, which is empty")
    elif not source.exists():
        raise FileNotFoundError(f"expected a picture file, received {what}, which does not exist")
    elif not source.is_file():
        raise ValueError(
            f"expected a picture file, received {what}, which is {'a folder' if source.is_dir() else 'not a file'}"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MAX_PIXELS is the limit; Pillow also warns of odd metadata
        try:
            image = open_picture(source)
        except UnidentifiedImageError:
            raise ValueError(f"expected a picture, received {what}, which has no known picture format") from None
        except FormatError as error:
            raise FormatError(f"expected a picture that can be read here, received {what}: {error}") from None
        except Image.DecompressionBombError:
            raise ValueError(
                f"expected a picture of at most {MAX_PIXELS:,} pixels, received {what}, which has more"
            ) from None
        except PermissionError:
            raise PermissionError(f"expected a readable picture, received {what}: permission denied") from None
        except _DAMAGE as error:
            raise ValueError(f"expected a whole picture, received {what}, which is damaged: {error}") from None
        with image:
            _check_pixels(*image.size, what)
            try:
                yield image
            except _DAMAGE as error:
                raise ValueError(f"expected a whole picture, received {what}, which is damaged: {error}") from None


def read_text(path: str | os.PathLike) -> dict[str, str]:
    """Return the texts that a PNG file stores beside its pixels, `{keyword: value}`; other formats give `{}`.

    Raises:
        FileNotFoundError: If the path does not exist.
        ValueError: If the file is not a picture, or is damaged.
    """
    file = resolve(path)
    with _opened(file, f"'{file}'") as image:
        image.load()  # texts may also stand after the pixels
        return {keyword: str(value) for keyword, value in getattr(image, "text", {}).items()}


def _from_pil(image: Image.Image) -> np.ndarray:
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16-bit grey; PIL's own conversion would clip it at 255
        return _from_array(np.clip(np.asarray(image, np.int64), 0, 65535).astype(np.uint16))
    if image.mode == "F":
        return _from_array(np.asarray(image, np.float32))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        return _from_array(np.asarray(image.convert("RGBA")))
    return _from_array(np.asarray(image.convert("RGB")))


def _from_array(array: np.ndarray) -> np.ndarray:
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or 0 in array.shape:
        raise ValueError(f"expected an array (h, w), (h, w, 1), (h, w, 3) or (h, w, 4), received shape {array.shape}")
    _check_pixels(array.shape[1], array.shape[0], "an array")
    if array.dtype in (np.uint8, np.uint16):
        values = np.divide(array, np.iinfo(array.dtype).max, dtype=np.float32)
    elif np.issubdtype(array.dtype, np.floating):
        values = array.astype(np.float32)
        low, high = float(values.min()), float(values.max())
        if not (low >= -1e-3 and high <= 1 + 1e-3):
            raise ValueError(f"expected floats in 0..1 (or uint8 in 0..255), received values from {low:g} to {high:g}")
        values = np.clip(values, 0, 1)
    else:
        raise TypeError(f"expected an array of uint8, uint16 or floats as picture, received {array.dtype}")
    if values.shape[2] == 4:
        opacity = values[..., 3:]
        values = values[..., :3] * opacity + (1 - opacity)
    return np.repeat(values, 3, axis=2) if values.shape[2] == 1 else np.ascontiguousarray(values)


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Round floats in 0..1 to uint8 in 0..255; values outside this range are clipped."""
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def check_output(path: str | os.PathLike, bits: int = 8, text: Mapping[str, str] | None = None) -> None:
    """Check, before any work is done, that `save_image` can write to this path.

    Raises:
        ValueError: If the ending is not one of a format that can be written, or the format has no 16 bits or no text.
        TypeError: If a text is not a string.
        OSError: If the folder does not exist or is not writable.
    """
    suffix = Path(path).suffix.lower()
    formats = Image.registered_extensions()
    if formats.get(suffix) not in ("PNG", "JPEG", "WEBP", "TIFF", "BMP"):
        raise ValueError(f"expected a file ending in .png, .jpg, .webp, .tif or .bmp, received {os.fspath(path)!r}")
    if bits not in (8, 16):
        raise ValueError(f"expected 8 or 16 bits, received {bits!r}")
    if (bits == 16 or text) and suffix != ".png":
        raise ValueError(f"expected a file ending in .png for {'16 bits' if bits == 16 else 'text'}, received '{path}'")
    _check_text(text or {})
    check_destination(path)


def save_image(
    image: np.ndarray, path: str | os.PathLike, bits: int = 8, text: Mapping[str, str] | None = None
) -> None:
    """Write a picture; the ending of `path` chooses the format.

    Args:
        image: Array as `load_image` takes, for instance float `(h, w, 3)` in 0..1.
        path: Ends in .png, .jpg, .webp, .tif or .bmp. An existing file is replaced only when the new one is complete.
        bits: Bits a channel: 8, or 16 for .png (which TensorFlow writes).
        text: For .png, `{keyword: value}` to store in the file; `read_text` reads it.

    Raises:
        ValueError: If the ending, the array, `bits` or a keyword is not as above.
        OSError: If the file cannot be written.
    """
    check_output(path, bits, text)
    pixels = load_image(image)
    with written_aside(path) as aside:
        if bits == 16:
            aside.write_bytes(_encode_png16(np.rint(pixels * 65535).astype(np.uint16), text or {}))
        else:
            Image.fromarray(to_uint8(pixels)).save(aside, **_save_options(Path(path).suffix.lower(), text))


def _save_options(suffix: str, text: Mapping[str, str] | None) -> dict[str, Any]:
    if suffix in (".jpg", ".jpeg"):
        return {"quality": 95, "subsampling": 0}
    return {"pnginfo": _png_info(text)} if text else {}


def _check_text(text: Mapping[str, str]) -> None:
    """Raise `ValueError` for a keyword that PNG does not allow, `TypeError` for a value that is not text."""
    for keyword, value in text.items():
        is_valid = isinstance(keyword, str) and 1 <= len(keyword) <= 79 and keyword == keyword.strip()
        if not is_valid or not all(" " <= c <= "~" or "\xa1" <= c <= "\xff" for c in keyword):
            raise ValueError(f"expected a keyword of 1 to 79 Latin-1 characters, received {keyword!r}")
        if not isinstance(value, str) or "\0" in value:
            raise TypeError(f"expected text without zero bytes for {keyword!r}, received {value!r:.60}")


def scaled(image: np.ndarray, size: int) -> tuple[int, int]:
    """Return height and width of a picture whose longer side is scaled to `size` pixels; each is at least 1.

    Example:
        >>> scaled(np.zeros((300, 400, 3)), 200)
        (150, 200)
    """
    height, width = image.shape[:2]
    factor = size / max(height, width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def resize(image: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """Resize with Lanczos filtering.

    Args:
        image: Float array `(h, w, 3)` in 0..1.
        size: `(height, width)` in pixels, or one integer for the longer side, which keeps the proportions.

    Returns:
        float32 array `(height, width, 3)` in 0..1.
    """
    height, width = image.shape[:2]
    if isinstance(size, (int, np.integer)):
        size = scaled(image, size)
    if tuple(size) == (height, width):
        return image.astype(np.float32)
    shape = (size[1], size[0])
    channels = [
        Image.fromarray(np.ascontiguousarray(image[..., c], np.float32)).resize(shape, Image.Resampling.LANCZOS)
        for c in range(3)
    ]
    return np.clip(np.stack([np.asarray(c) for c in channels], axis=-1), 0, 1)
