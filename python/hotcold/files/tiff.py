"""TIFF files: one strip that the core compresses, and the tags before it (TIFF 6.0)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from hotcold import _core

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_BYTES = (1 << 32) - (1 << 20)  # of pixels: places in a file are 32 bits

_SHORT, _LONG, _ASCII = 3, 4, 2
_SIZES = {_SHORT: 2, _LONG: 4, _ASCII: 1}
_LETTERS = {_SHORT: "H", _LONG: "I"}
# Text chunks of a PNG that have a tag here.
_TEXT_TAGS = {"Description": 270, "Software": 305}


def encode(
    picture: NDArray[np.uint8], text: Mapping[str, str] | None, n_threads: int, compression: str
) -> bytes:
    """Return the bytes of a TIFF file.

    Parameters
    ----------
    picture : ndarray of uint8, shape (H, W, 3) or (H, W, 4)
        Alpha is not multiplied in.
    text : mapping of str to str, optional
        Its Description and Software become the tags of these names.
    n_threads, compression
        As for PNG.
    """
    height, width, channels = picture.shape
    pixels = _core.encode_strip(np.ascontiguousarray(picture), compression, n_threads)
    entries: list[tuple[int, int, tuple[int, ...] | bytes]] = [
        (256, _LONG, (width,)),
        (257, _LONG, (height,)),
        (258, _SHORT, (8,) * channels),
        (259, _SHORT, (8,)),  # Deflate in zlib's frame
        (262, _SHORT, (2,)),  # RGB
        (277, _SHORT, (channels,)),
        (278, _LONG, (height,)),  # all rows in one strip
        (279, _LONG, (len(pixels),)),
        (284, _SHORT, (1,)),  # a pixel's channels side by side
        (317, _SHORT, (2,)),  # differences along rows
    ]
    if channels == 4:
        entries.append((338, _SHORT, (2,)))
    for keyword, tag in _TEXT_TAGS.items():
        if text and keyword in text:
            told = text[keyword].encode("ascii", "backslashreplace")
            entries.append((tag, _ASCII, told + b"\0"))
    return _headed(entries, pixels)


def _headed(entries: list[tuple[int, int, tuple[int, ...] | bytes]], pixels: bytes) -> bytes:
    """Return the file: header, directory, values too long for it, and the strip."""
    n_entries = len(entries) + 1
    at = 8 + 2 + 12 * n_entries + 4
    rows: list[bytes] = []
    values = b""
    # Where the strip lies is known once everything before it is laid out.
    place = (273, _LONG, (0,))
    for tag, kind, value in sorted([*entries, place]):
        data = (
            value
            if isinstance(value, bytes)
            else struct.pack(f"<{len(value)}{_LETTERS[kind]}", *value)
        )
        row = struct.pack("<HHI", tag, kind, len(data) // _SIZES[kind])
        if len(data) <= 4:
            rows.append(row + data.ljust(4, b"\0"))
        else:
            rows.append(row + struct.pack("<I", at + len(values)))
            values += data + b"\0" * (len(data) % 2)  # values begin at even places
    strip = struct.pack("<HHII", 273, _LONG, 1, at + len(values))
    directory = b"".join(strip if row.startswith(strip[:2]) else row for row in rows)
    head = b"II*\0" + struct.pack("<IH", 8, n_entries)
    return head + directory + struct.pack("<I", 0) + values + pixels
