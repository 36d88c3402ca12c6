"""Numbers that lie in a file as they are in memory: read by offset, never mapped.

A memory map would do with less code, but its pages count as the process's memory, and a file that
is cut short while it is mapped ends the process with SIGBUS instead of an error. The system's own
read-ahead serves threads that go through a file together; asking for more (posix_fadvise, 16 MB
ahead) took five times as long to read from a cold disk, and twice from memory (2026-11).
"""

from __future__ import annotations

import errno
import math
import os
import threading
from typing import Any, NamedTuple

import numpy as np

from hotcold._arrays import Array, new_array
from hotcold.offline.input.base import IndexedSource, Shape, Unreadable, require_numbers
from hotcold.offline.input.checksum import crc32_of
from hotcold.offline.input.remote import AnyPath, RemotePath, read_range


class Checksum(NamedTuple):
    """The CRC-32 that bytes [start, start + size) of a file should have."""

    start: int
    size: int
    crc: int


class RawSource(IndexedSource):
    """Items of a C-ordered array at an offset of a file.

    Parameters
    ----------
    name : str
        The argument's name in messages.
    path : Path or RemotePath
        The file, opened once.
    offset : int
        Of the first byte.
    shape : tuple of int
        Of the whole array.
    dtype : numpy dtype
        As stored.
    bfloat16 : bool, default False
        The numbers are the upper halves of float32; `dtype` is uint16.
    checksum : Checksum, optional
        What `check` compares.
    """

    def __init__(
        self,
        name: str,
        path: AnyPath,
        offset: int,
        shape: Shape,
        dtype: np.dtype[Any],
        *,
        bfloat16: bool = False,
        checksum: Checksum | None = None,
    ) -> None:
        require_numbers(name, dtype, str(path))
        self.name = name
        self.origin = path.name
        self.paths = (path,)
        self.shape = shape
        self.dtype = np.dtype(np.float32) if bfloat16 else dtype
        self._stored = dtype
        self._bfloat16 = bfloat16
        self._path = path
        self._offset = offset
        self._checksum = checksum
        if len(shape) == 0 or min(shape) < 0:
            msg = f"`{name}` must be an array of items, got shape {shape} in {path}"
            raise ValueError(msg)
        self._stride = math.prod(shape[1:]) * dtype.itemsize
        size, promised = path.stat().st_size, offset + math.prod(shape) * dtype.itemsize
        if size < promised:
            msg = (
                f"`{name}` must be a whole file, got {path} of {size:,} bytes where its header "
                f"promises {promised:,}; it was cut short, copy it again"
            )
            raise ValueError(msg)
        self._file = None if isinstance(path, RemotePath) else path.open("rb", buffering=0)
        self._lock = threading.Lock()

    def read(self, start: int, stop: int) -> Array:
        """Return items [start, stop) in memory of their own."""
        array = new_array((stop - start, *self.shape[1:]), self._stored)
        buffer = memoryview(array.reshape(-1).view(np.uint8).data)
        position = self._offset + start * self._stride
        while buffer:
            count = self._read_at(buffer, position)
            if count == 0:
                msg = f"`{self.name}` ends early: {self._path} was cut short while it was read"
                raise Unreadable(msg)
            buffer, position = buffer[count:], position + count
        if self._bfloat16:
            return (array.astype(np.uint32) << 16).view(np.float32)
        return array

    def check(self, n_threads: int) -> str | None:
        """Compare the checksum, where the file has one: by then a flipped bit is in no picture."""
        if self._checksum is not None:
            start, size, crc = self._checksum
            if crc32_of(self._read_at, start, size, n_threads) != crc:
                msg = (
                    f"`{self.name}` is damaged: the checksum of {self.origin} is not that of its "
                    "data; copy it again"
                )
                raise OSError(errno.EIO, msg)
        return None

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _read_at(self, buffer: memoryview, position: int) -> int:
        if self._file is None:
            data = read_range(self._path, position, len(buffer))
            buffer[: len(data)] = data
            return len(data)
        if hasattr(os, "preadv"):
            return os.preadv(self._file.fileno(), [buffer], position)
        with self._lock:  # Windows: one position for all
            self._file.seek(position)
            return self._file.readinto(buffer)
