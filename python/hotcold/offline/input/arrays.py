"""Arrays in memory, memory maps, and whatever slices like them: zarr, HDF5, dask, tensors."""

from __future__ import annotations

import mmap
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hotcold._arrays import Array, as_numpy
from hotcold.offline.input.base import IndexedSource, require_numbers


class ArraySource(IndexedSource):
    """Anything with a shape whose slices are arrays.

    Parameters
    ----------
    name : str
        The argument's name in messages.
    array : array-like
        With ``shape`` and slicing over the first axis.
    origin : str, optional
        Where it comes from.
    paths : sequence of Path, optional
        The files below it; those of memory maps, HDF5 and zarr arrays are found.
    """

    def __init__(
        self, name: str, array: Any, origin: str | None = None, paths: Sequence[Path] = ()
    ) -> None:
        self.name = name
        self.origin = origin or "an array"
        self.shape = tuple(int(length) for length in array.shape)
        self.paths = tuple(paths) or _files_below(array)
        self._array = array
        self.dtype = _dtype_of(array)
        require_numbers(name, self.dtype, self.origin)
        self.chunk = _chunk_items(array)
        self._map = _MappedPages.of(array)
        self.in_memory = isinstance(array, np.ndarray) and not isinstance(array, np.memmap)

    def read(self, start: int, stop: int) -> Array:
        """Return items [start, stop), a view where the array gives one."""
        return as_numpy(self._array[start:stop], self.name)

    def release(self, start: int, stop: int) -> None:
        """Give the pages of a memory map back, so that they do not add up over a long job."""
        if self._map is not None:
            self._map.release(self._array[start:stop])


def _dtype_of(array: Any) -> np.dtype[Any]:
    try:
        dtype: np.dtype[Any] = np.dtype(array.dtype)
    except TypeError:
        # A tensor has dtypes of its own: one item tells what it becomes.
        dtype = as_numpy(array[:1] if len(array.shape) else array, "array").dtype
    return dtype


def _files_below(array: Any) -> tuple[Path, ...]:
    """Where a memory map, an HDF5 dataset or a zarr array of a local store lies."""
    if isinstance(array, np.ndarray):
        # Slices and views of a map keep the map, and what it says of its file, as their base.
        while isinstance(array, np.ndarray) and not isinstance(array, np.memmap):
            array = array.base
        found = getattr(array, "filename", None)
    else:
        store = getattr(array, "store", None)  # zarr: `root` of version 3, `path` of version 2
        found = getattr(store, "root", None) or getattr(store, "path", None)
        found = found or getattr(getattr(array, "file", None), "filename", None)
    return (Path(found),) if isinstance(found, str | os.PathLike) else ()


def _chunk_items(array: Any) -> int:
    """Items in a storage chunk of zarr, HDF5 (a tuple of lengths) or dask (a tuple of tuples)."""
    chunks = getattr(array, "chunks", None)
    if not isinstance(chunks, tuple) or not chunks:
        return 1
    first = chunks[0]
    return max(1, int(first[0] if isinstance(first, tuple) else first))


class _MappedPages:
    """The pages of a read-only or shared memory map, which the kernel may drop and read again."""

    def __init__(self, pages: mmap.mmap) -> None:
        self._pages = pages
        self._address = np.frombuffer(pages, np.uint8).__array_interface__["data"][0]

    @classmethod
    def of(cls, array: Any) -> _MappedPages | None:
        """Return the pages below `array`; None when it is no memory map that may be dropped."""
        if not isinstance(array, np.memmap) or array.mode == "c" or array.size == 0:
            return None  # copy-on-write pages hold the only copy of what was changed
        pages = getattr(array, "_mmap", None)
        if not isinstance(pages, mmap.mmap) or not hasattr(mmap, "MADV_DONTNEED"):
            return None
        return cls(pages)

    def release(self, part: Array) -> None:
        low, high = _byte_bounds(part)
        page = mmap.PAGESIZE
        # Whole pages inside the part; those it shares with its neighbours stay.
        start = -(-(low - self._address) // page) * page
        stop = (high - self._address) // page * page
        if stop > start:
            self._pages.madvise(mmap.MADV_DONTNEED, start, stop - start)


def _byte_bounds(array: Array) -> tuple[int, int]:
    """Addresses [low, high) that an array lies in; numpy moved its own function."""
    low = high = int(array.__array_interface__["data"][0])
    for length, stride in zip(array.shape, array.strides, strict=True):
        reach = (length - 1) * stride
        low, high = min(low, low + reach), max(high, high + reach)
    return low, high + array.itemsize
