"""Reading what a PNG file says of itself."""

from __future__ import annotations

import json
import os
import struct
import zlib
from typing import Any, BinaryIO

from hotcold.provenance.describe import KEYWORD, VERSION

PathLike = str | os.PathLike[str]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK = struct.Struct(">I4s")
# Keyword, not compressed, no language and no translated keyword: as the core writes it.
_START = KEYWORD.encode() + bytes(5)
_MOST_BYTES = 1 << 30


def read_provenance(path: PathLike) -> dict[str, Any]:
    """Return what a PNG file that hotcold wrote says of itself.

    Parameters
    ----------
    path : path-like
        Of a file that `render_files`, ``hotcold render`` or a visualizer's `output_file` wrote. Of
        its pixels nothing is read.

    Returns
    -------
    dict
        ``version`` of the format; ``name`` of the file; ``item``, its index; ``source`` and
        ``image``, the files of the map and of the image without their folders, None for arrays in
        memory, with ``source_item`` and ``image_item`` where an item has another index there;
        ``visualizer``, its class and the options that were chosen; ``drawn``, what colours stand
        for; ``limits``, the attributions at both ends of the colours, as `Visualizer.limits` gives
        them, None where colours stand for none; ``clip``, the attributions at which the map was
        clipped, if it was; ``caption``, if there is one. Pictures of several items have ``cells``,
        those of several maps of an item ``columns``.

    Raises
    ------
    OSError
        The file cannot be read.
    ValueError
        It is not a PNG file, is damaged, or says nothing: it was written by another program or an
        older hotcold, or with ``provenance=False``.

    Examples
    --------
    >>> import pathlib, tempfile, numpy as np, hotcold
    >>> maps = np.linspace(-1, 2, 64).reshape(1, 1, 8, 8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "map.png"
    ...     hotcold.Visualizer()(maps, path, imshow=False).shape
    ...     hotcold.read_provenance(path)["limits"]
    (1, 1, 8, 8)
    [-2.0, 2.0]
    """
    told = find_provenance(path)
    if told is None:
        msg = (
            f"`path` must be a PNG file in which hotcold said what it shows, got "
            f"{os.fspath(path)!r}, which holds nothing of the kind: it was written by another "
            "program or an older hotcold, with provenance=False, or saved again since"
        )
        raise ValueError(msg)
    return told


def find_provenance(path: PathLike) -> dict[str, Any] | None:
    """Return what a PNG file says of itself; None where it says nothing.

    Raises
    ------
    OSError, ValueError
        As `read_provenance`.
    """
    with open(path, "rb") as file:  # noqa: PTH123 - bytes are paths too
        text = _chunk_text(file, path)
    if text is None:
        return None
    try:
        told = json.loads(text)
        version = told["version"]
        if version == VERSION:
            _take_floats(told)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _damaged(path, "what it says of itself is no JSON object of hotcold") from error
    if version != VERSION:
        msg = (
            f"`path` must be a file of version {VERSION}, got version {version!r} in "
            f"{os.fspath(path)!r}, which a newer hotcold reads"
        )
        raise ValueError(msg)
    result: dict[str, Any] = told
    return result


def _take_floats(told: dict[str, Any]) -> None:
    """Make floats of limits, which are written without a point where they can be."""
    for part in (told, *told.get("cells", ()), *told.get("columns", {}).values()):
        for name in ("limits", "clip"):
            if part.get(name) is not None:
                low, high = part[name]
                part[name] = [float(low), float(high)]


def _chunk_text(file: BinaryIO, path: PathLike) -> bytes | None:
    if file.read(len(_SIGNATURE)) != _SIGNATURE:
        msg = f"`path` must be a PNG file, got {os.fspath(path)!r}"
        raise ValueError(msg)
    size = os.fstat(file.fileno()).st_size
    while True:
        head = file.read(_CHUNK.size)
        if len(head) < _CHUNK.size:
            raise _damaged(path, "it ends early")
        length, kind = _CHUNK.unpack(head)
        if kind in (b"IDAT", b"IEND"):
            return None  # our chunk stands before the pixels
        if length > min(size, _MOST_BYTES):
            raise _damaged(path, "it ends early")
        if kind == b"iTXt":
            data, check = file.read(length), file.read(4)
            if data.startswith(_START):
                if zlib.crc32(data, zlib.crc32(kind)).to_bytes(4, "big") != check:
                    raise _damaged(path, "what it says of itself has changed")
                return data[len(_START) :]
        else:
            file.seek(length + 4, os.SEEK_CUR)


def _damaged(path: PathLike, what: str) -> ValueError:
    return ValueError(f"`path` must be a whole PNG file, got {os.fspath(path)!r}: {what}")
