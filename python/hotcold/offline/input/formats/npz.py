"""``.npz`` archives: a stored member is read by offset, a compressed one as a stream."""

from __future__ import annotations

import contextlib
import math
import struct
import zipfile
from collections.abc import Iterator

import numpy as np

from hotcold._arrays import Array
from hotcold.offline.input.base import Source, StreamSource
from hotcold.offline.input.boundary import opening, reading
from hotcold.offline.input.formats.keys import choose
from hotcold.offline.input.formats.npy import Header, read_header
from hotcold.offline.input.raw import Checksum, RawSource
from hotcold.offline.input.remote import AnyPath

# Deflate reaches 1032:1 on zeros. What grows this much and is this large was made to do harm, or
# is better stored uncompressed.
_BOMB_RATIO = 200
_BOMB_BYTES = 1 << 30
_STREAM_BYTES = 4 << 20  # per batch
_LOCAL_HEADER = struct.Struct("<26xHH")  # lengths of the name and of the extra field


def open_npz(name: str, path: AnyPath, key: str | None) -> Source:
    """Open one array of an archive; the others are not looked at."""
    with opening(name, path, "a whole .npz archive"), opened_zip(path) as archive:
        members = {
            info.filename.removesuffix(".npy"): info
            for info in archive.infolist()
            if info.filename.endswith(".npy")
        }
        info = members[choose(name, path, key, list(members))]
        with archive.open(info) as file:
            header = read_header(file, name, f"{path}:{info.filename}")
    _check_size(name, path, info, header)
    if info.compress_type == zipfile.ZIP_STORED and not header.fortran:
        start = data_offset(path, info)
        return RawSource(
            name,
            path,
            start + header.size,
            header.shape,
            header.dtype,
            checksum=Checksum(start, info.file_size, info.CRC),
        )
    if header.fortran and len(header.shape) > 1:
        msg = (
            f"`{name}` must be stored in C order to be read item by item, got Fortran order in "
            f"{path}; save numpy.ascontiguousarray(array)"
        )
        raise ValueError(msg)
    return StreamSource(
        name, path.name, lambda: _batches(name, path, info), header.shape[0], paths=[path]
    )


def _check_size(name: str, path: AnyPath, info: zipfile.ZipInfo, header: Header) -> None:
    promised = math.prod(header.shape) * header.dtype.itemsize + header.size
    if len(header.shape) != 4 or header.shape[0] == 0:
        msg = f"`{name}` must be 4-D with at least one item, got shape {header.shape} in {path}"
        if len(header.shape) == 3:
            msg += "; maps of one channel get their axis by maps[:, None] (channels_first)"
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


@contextlib.contextmanager
def opened_zip(path: AnyPath) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive, wherever it is."""
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        yield archive


def data_offset(path: AnyPath, info: zipfile.ZipInfo) -> int:
    """Return where the data of a stored member begin."""
    # The central directory does not tell how long the local header's extra field is.
    with path.open("rb") as file:
        file.seek(info.header_offset)
        name_length, extra_length = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    return info.header_offset + _LOCAL_HEADER.size + int(name_length) + int(extra_length)


def _batches(name: str, path: AnyPath, info: zipfile.ZipInfo) -> Iterator[Array]:
    with contextlib.ExitStack() as stack:
        with reading(name, path):
            archive = stack.enter_context(opened_zip(path))
            file = stack.enter_context(archive.open(info))
            header = read_header(file, name, str(path))
        item_bytes = math.prod(header.shape[1:]) * header.dtype.itemsize
        left, size = header.shape[0], max(1, _STREAM_BYTES // max(item_bytes, 1))
        while left:
            count = min(size, left)
            # The last one compares the checksum of all.
            with reading(name, f"{path}:{info.filename}"):
                data = file.read(count * item_bytes)
                if len(data) != count * item_bytes:
                    raise EOFError("it ends early")
            yield np.frombuffer(data, header.dtype).reshape(count, *header.shape[1:])
            left -= count
