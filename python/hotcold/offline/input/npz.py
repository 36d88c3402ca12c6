"""``.npz`` archives: a stored member is read by offset, a compressed one as a stream."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hotcold._arrays import Array
from hotcold.offline.input.base import Source, StreamSource
from hotcold.offline.input.keys import choose
from hotcold.offline.input.npy import Header, read_header
from hotcold.offline.input.raw import RawSource

# Deflate reaches 1032:1 on zeros. What grows this much and is this large was made to do harm, or
# is better stored uncompressed.
_BOMB_RATIO = 200
_BOMB_BYTES = 1 << 30
_STREAM_BYTES = 4 << 20  # per batch
_LOCAL_HEADER = struct.Struct("<26xHH")  # lengths of the name and of the extra field


def open_npz(name: str, path: Path, key: str | None) -> Source:
    """Open one array of an archive; the others are not looked at."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {
                info.filename.removesuffix(".npy"): info
                for info in archive.infolist()
                if info.filename.endswith(".npy")
            }
            info = members[choose(name, path, key, list(members))]
            with archive.open(info) as file:
                header = read_header(file, name, f"{path}:{info.filename}")
    except zipfile.BadZipFile as error:
        msg = f"`{name}` must be a whole .npz archive, got {path}: {error}"
        raise ValueError(msg) from error
    _check_size(name, path, info, header)
    if info.compress_type == zipfile.ZIP_STORED and not header.fortran:
        offset = _data_offset(path, info) + header.size
        return RawSource(name, path, offset, header.shape, header.dtype)
    if header.fortran and len(header.shape) > 1:
        msg = (
            f"`{name}` must be stored in C order to be read item by item, got Fortran order in "
            f"{path}; save numpy.ascontiguousarray(array)"
        )
        raise ValueError(msg)
    return StreamSource(
        name, path.name, lambda: _batches(name, path, info), header.shape[0], paths=[path]
    )


def _check_size(name: str, path: Path, info: zipfile.ZipInfo, header: Header) -> None:
    promised = int(np.prod(header.shape, dtype=object)) * header.dtype.itemsize + header.size
    if len(header.shape) != 4 or header.shape[0] == 0:
        msg = f"`{name}` must be 4-D with at least one item, got shape {header.shape} in {path}"
        raise ValueError(msg)
    if promised != info.file_size:
        msg = (
            f"`{name}` must be a whole array, got {path}:{info.filename} of {info.file_size:,} "
            f"bytes whose header promises {promised:,}"
        )
        raise ValueError(msg)
    ratio = info.file_size / max(info.compress_size, 1)
    if ratio > _BOMB_RATIO and info.file_size > _BOMB_BYTES:
        msg = (
            f"`{name}` must not be a zip bomb: {path}:{info.filename} grows {ratio:.0f}-fold to "
            f"{info.file_size / 2**30:.1f} GiB; if that is meant, save it with numpy.save"
        )
        raise ValueError(msg)


def _data_offset(path: Path, info: zipfile.ZipInfo) -> int:
    # The central directory does not tell how long the local header's extra field is.
    with path.open("rb") as file:
        file.seek(info.header_offset)
        name_length, extra_length = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    return info.header_offset + _LOCAL_HEADER.size + int(name_length) + int(extra_length)


def _batches(name: str, path: Path, info: zipfile.ZipInfo) -> Iterator[Array]:
    with zipfile.ZipFile(path) as archive, archive.open(info) as file:
        header = read_header(file, name, str(path))
        item_bytes = int(np.prod(header.shape[1:], dtype=np.int64)) * header.dtype.itemsize
        left, size = header.shape[0], max(1, _STREAM_BYTES // max(item_bytes, 1))
        while left:
            count = min(size, left)
            try:
                data = file.read(count * item_bytes)
            except (zipfile.BadZipFile, EOFError, OSError) as error:
                data = b""
                reason = str(error)
            else:
                reason = "it ends early"
            if len(data) != count * item_bytes:
                msg = f"`{name}` is damaged in {path}:{info.filename}: {reason}"
                raise OSError(msg)
            yield np.frombuffer(data, header.dtype).reshape(count, *header.shape[1:])
            left -= count
