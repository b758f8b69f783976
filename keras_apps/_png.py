"""PNG files of 16 bits a channel, which Pillow neither writes nor reads in full: the few chunks that they need."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}
"""PNG's colour types that are read here, RGB and RGBA, with their channels."""


def encode_png16(values: np.ndarray, text: Mapping[str, str] | None = None) -> bytes:
    """Encode an RGB picture with 16 bits a channel.

    Args:
        values: uint16 `(h, w, 3)`.
        text: `{keyword: value}`, stored as tEXt chunks where Latin-1 suffices, else as iTXt. A keyword has 1 to 79
            Latin-1 characters.

    Returns:
        The bytes of a PNG file.

    Raises:
        ValueError: If a keyword is not as above.

    Reference:
        ISO/IEC 15948, "Portable Network Graphics".
    """
    height, width, channels = values.shape
    samples = values.astype(">u2").view(np.uint8).reshape(height, width * channels * 2)
    filtered = samples.copy()
    filtered[:, 6:] -= samples[:, :-6]  # filter 1: each byte less that of the pixel to its left, modulo 256
    rows = np.concatenate([np.ones((height, 1), np.uint8), filtered], axis=1)
    chunks = [_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))]
    chunks += [_text_chunk(keyword, value) for keyword, value in (text or {}).items()]
    chunks += [_chunk(b"IDAT", zlib.compress(rows.tobytes(), 6)), _chunk(b"IEND", b"")]
    return SIGNATURE + b"".join(chunks)


def read_png16(path: Path) -> np.ndarray | None:
    """Read a file as `decode_png16` decodes it; of other kinds only the header."""
    with open(path, "rb") as file:
        head = file.read(26)
        return decode_png16(head + file.read()) if head[24:] in (b"\x10\x02", b"\x10\x06") else None


def decode_png16(data: bytes) -> np.ndarray | None:
    """Decode an RGB or RGBA picture with 16 bits a channel.

    Args:
        data: The bytes of a PNG file.

    Returns:
        uint16 `(h, w, 3 or 4)`; `None` for any other kind of PNG, and for interlaced ones or those whose transparency
        is one colour: Pillow reads these, with 8 bits.

    Raises:
        ValueError: If the file is damaged.
    """
    header, packed = None, []
    for kind, body in _chunks(data):
        if kind == b"IHDR":
            header = struct.unpack(">IIBBBBB", body)
            if header[2] != 16 or header[3] not in _CHANNELS or header[6]:
                return None
        elif kind == b"tRNS":
            return None
        elif kind == b"IDAT":
            packed.append(body)
    if header is None:
        raise ValueError("it has no header")
    width, height, channels = header[0], header[1], _CHANNELS[header[3]]
    length = height * (1 + width * channels * 2)
    try:
        rows = zlib.decompressobj().decompress(b"".join(packed), length)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if len(rows) != length:
        raise ValueError(f"{len(rows)} of {length} bytes of pixels")
    table = np.frombuffer(rows, np.uint8).reshape(height, -1)
    if table[:, 0].max() > 4:
        raise ValueError(f"unknown filter {table[:, 0].max()}")
    samples = _unfilter(table[:, 0], table[:, 1:].reshape(height, width, channels * 2))
    return samples.view(">u2").astype(np.uint16)


def _unfilter(filters: np.ndarray, filtered: np.ndarray) -> np.ndarray:
    """Undo PNG's filters, a diagonal at a time: a pixel needs those to its left, above, and above to its left.

    Args:
        filters: uint8 `(h,)`, each row's filter, 0 to 4.
        filtered: uint8 `(h, w, bytes a pixel)`.
    """
    height, width, size = filtered.shape
    whole = np.zeros((height + 1, width + 1, size), np.uint8)  # with a row and a column of zeros before the first
    for diagonal in range(height + width - 1):
        row = np.arange(max(0, diagonal - width + 1), min(height, diagonal + 1))
        column = diagonal - row
        left, above, corner = (whole[row + i, column + j].astype(np.int16) for i, j in ((1, 0), (0, 1), (0, 0)))
        kind = filters[row][:, None]
        guess = np.select(
            [kind == 1, kind == 2, kind == 3, kind == 4],
            [left, above, (left + above) // 2, _paeth(left, above, corner)],
            np.int16(0),
        )
        whole[row + 1, column + 1] = filtered[row, column] + guess.astype(np.uint8)
    return np.ascontiguousarray(whole[1:, 1:])


def _paeth(left: np.ndarray, above: np.ndarray, corner: np.ndarray) -> np.ndarray:
    """Of three neighbours the one that is nearest to left + above - corner."""
    to_left, to_above, to_corner = abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)
    nearest_above = np.where(to_above <= to_corner, above, corner)
    return np.where((to_left <= to_above) & (to_left <= to_corner), left, nearest_above)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def check_text(text: Mapping[str, str]) -> None:
    """Raise `ValueError` for the first keyword that PNG does not allow, `TypeError` for a value that is no text."""
    for keyword, value in text.items():
        fits = isinstance(keyword, str) and 1 <= len(keyword) <= 79 and keyword == keyword.strip()
        if not fits or not all(" " <= c <= "~" or "\xa1" <= c <= "\xff" for c in keyword):
            raise ValueError(f"expected a keyword of 1 to 79 Latin-1 characters, received {keyword!r}")
        if not isinstance(value, str) or "\0" in value:
            raise TypeError(f"expected text without zero bytes for {keyword!r}, received {value!r:.60}")


def _text_chunk(keyword: str, value: str) -> bytes:
    check_text({keyword: value})
    head = keyword.encode("latin-1") + b"\0"
    try:
        return _chunk(b"tEXt", head + value.encode("latin-1"))
    except UnicodeEncodeError:  # not compressed, of no stated language, its keyword not translated
        return _chunk(b"iTXt", head + b"\0\0\0\0" + value.encode("utf-8"))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield each chunk's kind and body, up to the end chunk; raise `ValueError` where one is cut or altered."""
    if data[:8] != SIGNATURE:
        raise ValueError("it does not begin as a PNG file")
    at, kind = 8, b""
    while kind != b"IEND":
        if at + 12 > len(data):
            raise ValueError("it ends too soon")
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if data[at + 8 + length : at + 12 + length] != struct.pack(">I", zlib.crc32(kind + body)):
            raise ValueError(f"its chunk {kind.decode('latin-1')} is not whole")
        yield kind, body
        at += 12 + length
