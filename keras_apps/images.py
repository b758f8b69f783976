"""Any picture -> float32 RGB array in 0..1, and back; limits; resizing."""

from __future__ import annotations

import os
import struct
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from keras_apps._bundled import BUNDLED as BUNDLED
from keras_apps._bundled import bundled as bundled
from keras_apps._bundled import resolve as resolve
from keras_apps._files import check_destination, written_aside
from keras_apps._png import check_text, encode_png16, read_png16

Picture: TypeAlias = "str | os.PathLike | Image.Image | np.ndarray"

MAX_PIXELS = 64_000_000
"""Largest picture that is decoded, in pixels (8000 x 8000): about 0.8 GB as float32 RGB."""

_DAMAGE = (OSError, SyntaxError, EOFError, IndexError, ValueError, RuntimeError, struct.error)
"""What Pillow's readers raise on files that are not whole."""


def load_image(picture: Picture) -> np.ndarray:
    """Read a picture as RGB.

    EXIF orientation is applied, transparency is laid over white, and grey, palette, CMYK and 16-bit pictures are
    converted. Grey pictures and PNG files keep their 16 bits, other files of 16 bits a colour are read with 8.

    Args:
        picture: A path, `"bundled:NAME"` for a picture that travels with the package, a `PIL.Image.Image`, or an
            array of shape `(h, w, 3)`, `(h, w, 4)`, `(h, w, 1)` or `(h, w)`, uint8 in 0..255, uint16 in 0..65535 or
            float in 0..1.

    Returns:
        float32 array `(h, w, 3)`, RGB in 0..1.

    Raises:
        FileNotFoundError: If the path does not exist, or no bundled picture has that name.
        ValueError: If the file is not a picture, is truncated, has more than `MAX_PIXELS` pixels, or an array's
            shape or range is not one of the above.
        TypeError: If the argument is of another type.
    """
    if isinstance(picture, (str, os.PathLike)):
        return _load_file(resolve(picture))
    if isinstance(picture, Image.Image):
        _check_pixels(*picture.size, "the picture")
        return _from_pil(picture)
    if hasattr(picture, "__array__"):
        return _from_array(np.asarray(picture))
    raise TypeError(f"expected a path, a PIL image or an array as picture, received {type(picture).__name__}")


def _check_pixels(width: int, height: int, what: str) -> None:
    if width * height > MAX_PIXELS:
        raise ValueError(
            f"expected a picture of at most {MAX_PIXELS:,} pixels, received {what} with {width} x {height} = "
            f"{width * height:,}; make it smaller first, or raise keras_apps.images.MAX_PIXELS"
        )


def _load_file(path: Path) -> np.ndarray:
    with _opened(path) as image:
        upright = image.getexif().get(0x0112, 1) == 1
        deep = read_png16(path) if upright and image.format == "PNG" else None
        return _from_pil(image) if deep is None else _from_array(deep)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open a picture file; what goes wrong then and inside the block becomes an error that names the file."""
    if not path.exists():
        raise FileNotFoundError(f"expected a picture file, received '{path}', which does not exist")
    if not path.is_file():
        raise ValueError(f"expected a picture file, received '{path}', which is a folder or a device")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MAX_PIXELS is the limit, and odd metadata is not the user's trouble
        try:
            image = Image.open(path)
        except UnidentifiedImageError:
            raise ValueError(f"expected a picture, received '{path}', which is of no known picture format") from None
        except Image.DecompressionBombError:
            raise ValueError(f"expected at most {MAX_PIXELS:,} pixels, received '{path}', larger") from None
        except PermissionError:
            raise PermissionError(f"expected a readable picture, received '{path}': permission denied") from None
        except _DAMAGE as error:
            raise ValueError(f"expected a whole picture, received '{path}', which is damaged: {error}") from None
        with image:
            _check_pixels(*image.size, f"'{path}'")
            try:
                yield image
            except _DAMAGE as error:
                raise ValueError(f"expected a whole picture, received '{path}', which is damaged: {error}") from None


def read_text(path: str | os.PathLike) -> dict[str, str]:
    """Return the texts that a PNG file carries besides its pixels, `{keyword: value}`; none for other formats.

    Raises:
        FileNotFoundError: If the path does not exist.
        ValueError: If the file is not a picture, or is damaged.
    """
    with _opened(resolve(path)) as image:
        image.load()  # some stand behind the pixels
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
    """Round floats in 0..1 to uint8 in 0..255; values outside are clipped."""
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


def check_output(path: str | os.PathLike, bits: int = 8, text: Mapping[str, str] | None = None) -> None:
    """Raise what `save_image` would raise for this path, before any work is done.

    Raises:
        ValueError: If the ending names no picture format that can be written, or one without 16 bits or text.
        OSError: If the folder does not exist or cannot be written to.
    """
    suffix = Path(path).suffix.lower()
    formats = Image.registered_extensions()
    if formats.get(suffix) not in ("PNG", "JPEG", "WEBP", "TIFF", "BMP"):
        raise ValueError(f"expected a file ending in .png, .jpg, .webp, .tif or .bmp, received {os.fspath(path)!r}")
    if bits not in (8, 16):
        raise ValueError(f"expected 8 or 16 bits, received {bits!r}")
    if (bits == 16 or text) and suffix != ".png":
        raise ValueError(f"expected a file ending in .png for {'16 bits' if bits == 16 else 'text'}, received '{path}'")
    check_text(text or {})
    check_destination(path)


def save_image(
    image: np.ndarray, path: str | os.PathLike, bits: int = 8, text: Mapping[str, str] | None = None
) -> None:
    """Write a picture; the ending of `path` chooses the format.

    Args:
        image: Array as `load_image` takes, for instance float `(h, w, 3)` in 0..1.
        path: Ends in .png, .jpg, .webp, .tif or .bmp. An existing file is replaced only by a whole one.
        bits: 8, or for .png 16, a channel.
        text: For .png, `{keyword: value}` to store in the file; `read_text` reads it.

    Raises:
        ValueError: If the ending, the array or a keyword is not one of the above.
        OSError: If the file cannot be written.
    """
    check_output(path, bits, text)
    pixels = load_image(image)
    with written_aside(path) as aside:
        if bits == 16:
            aside.write_bytes(encode_png16(np.rint(pixels * 65535).astype(np.uint16), text))
        else:
            Image.fromarray(to_uint8(pixels)).save(aside, **_save_options(Path(path).suffix.lower(), text))


def _save_options(suffix: str, text: Mapping[str, str] | None) -> dict:
    if suffix in (".jpg", ".jpeg"):
        return {"quality": 95, "subsampling": 0}
    info = PngImagePlugin.PngInfo()
    for keyword, value in (text or {}).items():
        info.add_text(keyword, value)
    return {"pnginfo": info} if text else {}


def scaled(image: np.ndarray, size: int) -> tuple[int, int]:
    """Return the height and width that a picture has once its longer side is `size`, each at least 1.

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
        size: `(height, width)`, or one integer for the longer side, which keeps the proportions.

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
        Image.fromarray(np.ascontiguousarray(image[..., c], np.float32)).resize(shape, Image.LANCZOS) for c in range(3)
    ]
    return np.clip(np.stack([np.asarray(c) for c in channels], axis=-1), 0, 1)
