"""``.npy`` files and their header, which ``.npz`` members share."""

from __future__ import annotations

import io
from typing import IO, Any, NamedTuple

import numpy as np

from hotcold.offline.input.arrays import ArraySource
from hotcold.offline.input.base import IndexedSource, Shape, require_numbers
from hotcold.offline.input.boundary import reason
from hotcold.offline.input.raw import RawSource
from hotcold.offline.input.remote import AnyPath, RemotePath, read_range

_HEADER = 1 << 16  # bytes that hold every header; numpy's limit is 10,000


class Header(NamedTuple):
    """What an ``.npy`` header says, and where the data begin."""

    shape: Shape
    fortran: bool
    dtype: np.dtype[Any]
    size: int


def read_header(file: IO[bytes], name: str, where: str) -> Header:
    """Read a header; nothing is ever unpickled."""
    try:
        version = np.lib.format.read_magic(file)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        elif version == (2, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
        else:
            msg = f"format version {version}"
            raise ValueError(msg)
    except Exception as error:  # what Python's own tokenizer and parser throw at garbage, too
        msg = f"`{name}` must be a .npy file of numbers, got {where}: {reason(error)}"
        raise ValueError(msg) from error
    require_numbers(name, dtype, where)
    return Header(shape, fortran, dtype, file.tell())


def open_npy(name: str, path: AnyPath) -> IndexedSource:
    """Open an ``.npy`` file without reading its data."""
    # Of a file of another machine the header alone: its file system would read blocks of megabytes.
    remote = isinstance(path, RemotePath)
    with io.BytesIO(read_range(path, 0, _HEADER)) if remote else path.open("rb") as file:
        header = read_header(file, name, str(path))
    if header.fortran and len(header.shape) > 1:
        if isinstance(path, RemotePath):
            msg = f"`{name}` must be stored in C order, got Fortran order in {path}; copy it here"
            raise ValueError(msg)
        # Items lie interleaved: only a map reads them without reading everything.
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        return ArraySource(name, mapped, path.name, [path])
    return RawSource(name, path, header.size, header.shape, header.dtype)
