"""Whether a finished picture file is whole, as cheaply as its format allows."""

from __future__ import annotations

import os
import struct
import zlib
from typing import IO

_PNG_START = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND\xae\x42\x60\x82"
_CHUNK = struct.Struct(">I4s")


def ends_well(path: str, suffix: str) -> bool:
    """Whether a file is there and has its end, where the format has one.

    A file that is renamed into place is whole unless the machine lost power before the data reached
    the disk; then its end is missing or holds zeros.
    """
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            if suffix != ".png":
                return file.seek(0, os.SEEK_END) > 0
            file.seek(-len(_PNG_END), os.SEEK_END)
            return file.read() == _PNG_END
    except OSError:
        return False


def is_whole_file(path: str, suffix: str) -> bool:
    """Whether a file is there and `is_whole`."""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            return is_whole(file.read(), suffix)
    except OSError:
        return False


def is_whole(data: bytes, suffix: str) -> bool:
    """Whether a file is all there: of PNG every checksum, of others what frames the data."""
    if suffix == ".png":
        return _is_whole_png(data)
    if suffix in (".jpg", ".jpeg"):
        return _is_whole_jpeg(data)
    if suffix == ".gif":
        return data.startswith(b"GIF8") and data.endswith(b"\x3b")
    if suffix == ".bmp":
        return data.startswith(b"BM") and data[2:6] == struct.pack("<I", len(data))
    if suffix == ".webp":
        framed = data.startswith(b"RIFF") and data[8:12] == b"WEBP"
        return framed and struct.unpack("<I", data[4:8])[0] + 8 == len(data)
    return _is_whole_tiff(data)


def decodes(file: str | IO[bytes]) -> bool:
    """Whether Pillow decodes all of a picture file."""
    from PIL import Image

    try:
        with Image.open(file) as picture:
            picture.load()
    except (OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error):
        return False
    return True


def _is_whole_png(data: bytes) -> bool:
    if not data.startswith(_PNG_START):
        return False
    view, position, kind = memoryview(data), len(_PNG_START), b""
    while position + 12 <= len(data):
        length, kind = _CHUNK.unpack_from(data, position)
        end = position + 8 + length
        if end + 4 > len(data):
            return False
        if zlib.crc32(view[position + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            return False
        position = end + 4
    return position == len(data) and kind == b"IEND"


def _is_whole_jpeg(data: bytes) -> bool:
    """Whether the segments follow each other up to the pixels, and the end marker ends the file."""
    if not (data.startswith(b"\xff\xd8") and data.endswith(b"\xff\xd9")):
        return False
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker, length = (
            data[position + 1],
            int.from_bytes(data[position + 2 : position + 4], "big"),
        )
        position += 2 + length
        if marker == 0xDA:  # start of scan
            return position < len(data)
    return False


_STRIP_TAGS = {273, 279}  # where the strips of pixels are, and how long (TIFF 6.0, section 3)
_NUMBER = {3: "H", 4: "L"}  # SHORT and LONG


def _is_whole_tiff(data: bytes) -> bool:
    """Whether the directory and the strips of pixels that it names lie inside the file."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        return False
    strips = []
    try:
        (start,) = struct.unpack_from(order + "L", data, 4)
        (n_entries,) = struct.unpack_from(order + "H", data, start)
        for i in range(n_entries):
            place = start + 2 + 12 * i
            tag, kind, count = struct.unpack_from(order + "HHL", data, place)
            if tag not in _STRIP_TAGS:
                continue
            numbers = f"{order}{count}{_NUMBER[kind]}"
            place += 8
            if struct.calcsize(numbers) > 4:  # else they are where their offset would be
                (place,) = struct.unpack_from(order + "L", data, place)
            strips.append(struct.unpack_from(numbers, data, place))
    except (struct.error, KeyError):
        return False
    if len(strips) != len(_STRIP_TAGS):
        return False
    return all(a + b <= len(data) for a, b in zip(*strips, strict=True))
