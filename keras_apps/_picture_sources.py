"""What a picture may come as beside arrays: paths, bytes, open files, data: addresses; and its name in a message."""

from __future__ import annotations

import base64
import inspect
import io
import os
import re
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

from PIL import Image

LONGEST_SHOWN = 500
"""Characters of a path that a message shows."""
LONGEST_ADDRESS_SHOWN = 48
"""Characters of a data: address that a message shows."""
LONGEST_NAME, LONGEST_PATH = 255, 4096
"""Characters of a file's name, and of a path; the usual file systems have no longer ones."""

_ADDRESS = re.compile(r"\s*([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_ADDRESS_IN_PATH = re.compile(r"(https?|ftps?|sftp|s3|gs|file):[/\\]+", re.IGNORECASE)
_STANDARD_ALPHABET = bytes.maketrans(b"-_", b"+/")


class BinaryFile(Protocol):
    """An open file, or anything whose `read()` returns the bytes that are left, as a web framework's upload."""

    def read(self) -> bytes: ...


def is_one_picture(value: object) -> bool:
    """Return whether a value is one picture and no sequence of them. Of arrays, whose axes decide, it returns `False`.

    Example:
        >>> [is_one_picture(value) for value in ("a.jpg", b"GIF89a", io.BytesIO(), ["a.jpg"])]
        [True, True, True, False]
    """
    kinds = (str, os.PathLike, bytes, bytearray, memoryview, Image.Image)
    return isinstance(value, kinds) or _is_file(value)


def is_data_address(value: object) -> bool:
    """Return whether a value is a text that begins with `data:`."""
    return isinstance(value, str) and value[:64].lstrip()[:5].lower() == "data:"


def encoded_bytes(picture: object) -> bytes | None:
    """Return the bytes of a picture file that is given as bytes, an open file or a data: address; of others, `None`.

    A file is read from its position to its end, and stays open.

    Raises:
        ValueError: If the file is closed, cannot be read, or nothing is left in it; or the address is not one.
        TypeError: If `read()` does not return bytes.
    """
    if is_data_address(picture):
        assert isinstance(picture, str)
        return _bytes_of_address(picture)
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return bytes(picture)
    return _bytes_of_file(picture) if _is_file(picture) else None


def check_path(path: str | os.PathLike) -> None:
    """Check that a text or path may name a file or folder here.

    Raises:
        ValueError: If it is an address.
        FileNotFoundError: If it is too long.
    """
    text = os.fsdecode(path)
    if is_data_address(path):
        raise ValueError(f"expected a path, received {describe(path)}; save its picture as a file first")
    if isinstance(path, str):
        is_address, address = _ADDRESS.match(text), text
    else:  # pathlib writes // as /
        is_address, address = _ADDRESS_IN_PATH.match(text), re.sub(r"^(\w+):[/\\]+", r"\1://", text)
    if is_address:
        todo = "pass its path" if is_address[1].lower() == "file" else "download it first"
        raise ValueError(f"expected a path, received the address '{address}'; {todo}")
    if len(text) > LONGEST_PATH or any(len(part) > LONGEST_NAME for part in re.split(r"[/\\]", text)):
        raise FileNotFoundError(
            f"expected a path, received {describe(text)}, which is too long; if it is base64, write 'data:;base64,' "
            "before it"
        )


def describe(picture: object) -> str:
    """Return a few words that name a picture in a message. They never hold its bytes, and nothing is read.

    Example:
        >>> describe("a.jpg"), describe(b"GIF89a"), describe(io.BytesIO())
        ("'a.jpg'", 'a bytes object of 6 bytes', 'an open file (BytesIO)')
    """
    if isinstance(picture, Image.Image):
        return f"a picture of {picture.size[0]} x {picture.size[1]}"
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return f"a {type(picture).__name__} object of {memoryview(picture).nbytes} bytes"
    if isinstance(picture, (str, os.PathLike)):
        text = os.fsdecode(picture)
        short = shown(text)
        return f"'{short}'" if short == text else f"'{short}' ({len(text)} characters)"
    shape = getattr(picture, "shape", None)
    if shape is not None:
        return f"an array {tuple(shape)}"
    if _is_file(picture):
        name = _name_of_file(picture)
        return f"an open file ({type(picture).__name__})" if name is None else f"the open file {shown(name)!r}"
    return f"a value of type {type(picture).__name__}"


def shown(text: str) -> str:
    """Return a text as messages and tables show it: whole, but of a data: address, or of what is very long, the start.

    Example:
        >>> shown("a.jpg"), len(shown("data:image/png;base64," + 1000 * "A"))
        ('a.jpg', 51)
    """
    longest = LONGEST_ADDRESS_SHOWN if is_data_address(text) else LONGEST_SHOWN
    return text if len(text) <= longest else f"{text[:longest]}..."


def name_of(picture: object) -> str | None:
    """Return the last part of a path, or of the name of an open file; `None` where there is no name."""
    if isinstance(picture, (str, os.PathLike)):
        return None if is_data_address(picture) else Path(os.fsdecode(picture)).name
    name = _name_of_file(picture) if _is_file(picture) else None
    return None if name is None else Path(name).name


def _is_file(value: object) -> bool:
    return not isinstance(value, type) and callable(getattr(value, "read", None))


def _name_of_file(file: object) -> str | None:
    for attribute in ("filename", "name"):  # uploads have both: `name` is then the form's field
        name = getattr(file, attribute, None)
        if isinstance(name, (str, bytes, os.PathLike)) and name:
            return os.fsdecode(name)
    return None


def _bytes_of_file(file: Any) -> bytes:
    what = describe(file)
    in_binary = f"expected a file opened in binary mode, received {what} in text mode; open it with mode 'rb'"
    if isinstance(file, io.TextIOBase):
        raise TypeError(in_binary)
    if getattr(file, "closed", False) is True:
        raise ValueError(f"expected an open file, received {what}, which is closed")
    try:
        data = file.read()
    except MemoryError:
        raise
    except Exception as error:  # the object may be anybody's, and so may be its errors
        raise ValueError(
            f"expected a file that can be read, received {what}: {error or type(error).__name__}"
        ) from error
    if isinstance(data, str):
        raise TypeError(in_binary)
    if inspect.isawaitable(data):
        if inspect.iscoroutine(data):
            data.close()
        raise TypeError(
            f"expected a file whose read() returns bytes, received {what}, whose read() has to be awaited; pass what "
            "`await file.read()` returns"
        )
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"expected a file whose read() returns bytes, received {what}: {type(data).__name__}")
    if not len(data):
        raise ValueError(
            f"expected a picture, received {what}, in which nothing is left to read; if it was read before, go back to "
            "its start with seek(0)"
        )
    return bytes(data)


def _bytes_of_address(address: str) -> bytes:
    head, comma, body = address.strip().partition(",")
    what = describe(address)
    if not comma:
        raise ValueError(f"expected 'data:image/...;base64,...', received {what} without a comma")
    try:
        data = unquote_to_bytes(body.encode("ascii"))
        if not "".join(head.split()).lower().endswith(";base64"):
            return data
        data = data.translate(_STANDARD_ALPHABET, delete=b" \t\r\n\f\v").rstrip(b"=")
        return base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
    except ValueError as error:
        raise ValueError(f"expected base64 after the comma, received {what}: {error}") from None
