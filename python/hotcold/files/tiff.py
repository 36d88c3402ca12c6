"""TIFF files: one strip that the core compresses, and the tags before it (TIFF 6.0)."""

from __future__ import annotations

import functools
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
_STRIP_PLACE, _STRIP_BYTES = 273, 279
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
    pixels = _core.encode_strip(np.ascontiguousarray(picture), compression, n_threads)
    told = tuple((tag, text[word]) for word, tag in _TEXT_TAGS.items() if text and word in text)
    before, after = _head(*picture.shape, told)
    return b"".join((before, struct.pack("<I", len(pixels)), after, pixels))


# Once for all files of a job.
@functools.lru_cache(maxsize=8)
def _head(
    height: int, width: int, channels: int, told: tuple[tuple[int, str], ...]
) -> tuple[bytes, bytes]:
    """Return what is before the strip, up to the length of the strip and from there on."""
    entries: list[tuple[int, int, tuple[int, ...] | bytes]] = [
        (256, _LONG, (width,)),
        (257, _LONG, (height,)),
        (258, _SHORT, (8,) * channels),
        (259, _SHORT, (8,)),  # Deflate in zlib's frame
        (262, _SHORT, (2,)),  # RGB
        (277, _SHORT, (channels,)),
        (278, _LONG, (height,)),  # all rows in one strip
        (_STRIP_BYTES, _LONG, (0,)),  # of each file
        (284, _SHORT, (1,)),  # a pixel's channels side by side
        (317, _SHORT, (2,)),  # differences along rows
    ]
    if channels == 4:
        entries.append((338, _SHORT, (2,)))
    for tag, words in told:
        entries.append((tag, _ASCII, words.encode("ascii", "backslashreplace") + b"\0"))
    return _laid_out(entries)


def _laid_out(
    entries: list[tuple[int, int, tuple[int, ...] | bytes]],
) -> tuple[bytes, bytes]:
    """Return header, directory and values too long for it, without the length of the strip."""
    n_entries = len(entries) + 1
    at = 8 + 2 + 12 * n_entries + 4
    rows: list[bytes] = []
    values = b""
    # Where the strip lies is known once everything before it is laid out.
    place = (_STRIP_PLACE, _LONG, (0,))
    ordered = sorted([*entries, place])
    for tag, kind, value in ordered:
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
    strip = struct.pack("<HHII", _STRIP_PLACE, _LONG, 1, at + len(values))
    directory = b"".join(strip if row.startswith(strip[:2]) else row for row in rows)
    head = b"II*\0" + struct.pack("<IH", 8, n_entries)
    whole = head + directory + struct.pack("<I", 0) + values
    length = len(head) + 12 * [tag for tag, _, _ in ordered].index(_STRIP_BYTES) + 8
    return whole[:length], whole[length + 4 :]
