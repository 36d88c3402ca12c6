"""Memory maps: their pages given back, and read so that a file cut short is an error, not a signal.

Whoever touches a page behind the end of its file gets SIGBUS, which ends the process. The kernel's
own copies fail instead: process_vm_readv, from this process to itself, reads what the map shows,
private changes too, at 4 to 8 GB/s (2026-11). Where there is no such call the map is read as it is.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import sys
from typing import Any

import numpy as np

from hotcold._arrays import Array, new_array

_MAX_PIECES = 1024  # IOV_MAX of Linux
_MAX_BYTES = 1 << 30  # of a call, which may do less than it was asked for


class MappedPages:
    """The pages of a memory map below an array.

    Parameters
    ----------
    pages : mmap
        The map.
    droppable : bool
        Whether the kernel may drop the pages and read them again.
    """

    def __init__(self, pages: mmap.mmap, droppable: bool) -> None:
        self._pages = pages
        self._droppable = droppable and hasattr(mmap, "MADV_DONTNEED")
        self._address = np.frombuffer(pages, np.uint8).__array_interface__["data"][0]

    @classmethod
    def of(cls, array: Any) -> MappedPages | None:
        """Return the pages below `array`; None when it is no memory map."""
        found = map_below(array)
        pages = getattr(found, "_mmap", None)
        if found is None or array.size == 0 or not isinstance(pages, mmap.mmap):
            return None
        # Copy-on-write pages hold the only copy of what was changed.
        return cls(pages, droppable=found.mode != "c")

    def copy(self, part: Array) -> Array:
        """Return a part of the map in memory of its own; OSError where its file has ended."""
        if not _CAN_COPY or part.size == 0:
            return part
        axes = sorted(range(part.ndim), key=lambda axis: -part.strides[axis])
        ordered = part.transpose(axes)
        runs = _runs(ordered)
        if runs is None:
            return part
        result = new_array(ordered.shape, part.dtype)
        _copy_runs(result, *runs)
        copied: Array = result.transpose(np.argsort(axes))
        return copied

    def release(self, part: Array) -> None:
        """Give the pages of a part back, so that they do not add up over a long job."""
        if not self._droppable:
            return
        low, high = _byte_bounds(part)
        page = mmap.PAGESIZE
        # Whole pages inside the part; those it shares with its neighbours stay.
        start = -(-(low - self._address) // page) * page
        stop = (high - self._address) // page * page
        if stop > start:
            self._pages.madvise(mmap.MADV_DONTNEED, start, stop - start)


def map_below(array: Any) -> Any:
    """Return the memory map that an array is a view of; None when it is none."""
    # Slices and views of a map keep the map, and what it says of its file, as their base.
    while isinstance(array, np.ndarray) and not isinstance(array, np.memmap):
        array = array.base
    return array if isinstance(array, np.memmap) else None


def _runs(ordered: Array) -> tuple[Array, int] | None:
    """Addresses of the contiguous runs of an array whose strides fall, and their length in bytes.

    None: items that repeat or go backwards, which nobody maps.
    """
    length, axis = ordered.itemsize, ordered.ndim
    while axis and ordered.strides[axis - 1] == length:
        axis -= 1
        length *= ordered.shape[axis]
    if min(ordered.strides, default=1) <= 0 or any(
        stride < length for stride in ordered.strides[:axis]
    ):
        return None
    starts = np.array([ordered.__array_interface__["data"][0]], np.uint64)
    for count, stride in zip(ordered.shape[:axis], ordered.strides[:axis], strict=True):
        steps = np.arange(count, dtype=np.uint64) * np.uint64(stride)
        starts = (starts[:, None] + steps).reshape(-1)
    return starts, length


def _copy_runs(result: Array, starts: Array, length: int) -> None:
    target = result.__array_interface__["data"][0]
    pieces = np.empty((len(starts), 2), np.uint64)
    pieces[:, 0], pieces[:, 1] = starts, length
    if length > _MAX_BYTES:
        steps = range(0, length, _MAX_BYTES)
        pieces = np.array(
            [(s + step, min(_MAX_BYTES, length - step)) for s in starts.tolist() for step in steps],
            np.uint64,
        )
    at_once = max(1, min(_MAX_PIECES, _MAX_BYTES // length))
    for i in range(0, len(pieces), at_once):
        part = pieces[i : i + at_once]
        size = int(part[:, 1].sum())
        _read_memory(target, part, size)
        target += size


def _read_memory(target: int, pieces: Array, size: int) -> None:
    local = np.array([[target, size]], np.uint64)
    pieces = np.ascontiguousarray(pieces)
    count = _process_vm_readv(os.getpid(), local.ctypes.data, 1, pieces.ctypes.data, len(pieces), 0)
    if count != size:
        why = "its file was cut short while it was mapped"
        raise OSError(
            errno.EIO,
            why
            if count >= 0 or ctypes.get_errno() == errno.EFAULT
            else os.strerror(ctypes.get_errno()),
        )


def _byte_bounds(array: Array) -> tuple[int, int]:
    """Addresses [low, high) that an array lies in; numpy moved its own function."""
    low = high = int(array.__array_interface__["data"][0])
    for length, stride in zip(array.shape, array.strides, strict=True):
        reach = (length - 1) * stride
        low, high = min(low, low + reach), max(high, high + reach)
    return low, high + array.itemsize


def _find_readv() -> Any:
    try:
        found = ctypes.CDLL(None, use_errno=True).process_vm_readv
    except (AttributeError, OSError, TypeError):
        return None
    word, pointer = ctypes.c_ulong, ctypes.c_void_p
    found.argtypes = [ctypes.c_int, pointer, word, pointer, word, word]
    found.restype = ctypes.c_ssize_t
    return found


_process_vm_readv: Any = _find_readv() if sys.platform == "linux" else None


def _can_copy() -> bool:
    """Whether the call is there and allowed: some sandboxes forbid it."""
    if _process_vm_readv is None:
        return False
    source, target = np.arange(3, dtype=np.uint8), np.zeros(3, np.uint8)
    try:
        _read_memory(target.ctypes.data, np.array([[source.ctypes.data, 3]], np.uint64), 3)
    except OSError:
        return False
    return bool((source == target).all())


_CAN_COPY = _can_copy()
