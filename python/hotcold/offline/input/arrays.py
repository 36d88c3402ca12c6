"""Arrays in memory, memory maps, and whatever slices like them: zarr, HDF5, dask, tensors."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hotcold._arrays import Array, as_numpy, is_narrow
from hotcold.offline.input.base import IndexedSource, known_shape, require_numbers
from hotcold.offline.input.blocks import Blocks
from hotcold.offline.input.boundary import reading
from hotcold.offline.input.mapped import MappedPages, map_below
from hotcold.offline.input.missing import missing_chunks
from hotcold.offline.input.remote import AnyPath


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
    paths : sequence of Path or RemotePath, optional
        The files below it; those of memory maps, HDF5 and zarr arrays are found.
    """

    def __init__(
        self, name: str, array: Any, origin: str | None = None, paths: Sequence[AnyPath] = ()
    ) -> None:
        self.name = name
        self.origin = origin or "an array"
        self.shape = known_shape(name, array.shape)
        self.paths = tuple(paths) or _files_below(array)
        self._array = array
        self.dtype = _dtype_of(array, name)
        require_numbers(name, self.dtype, self.origin)
        self.chunk = _chunk_items(array)
        self._map = MappedPages.of(array)
        self._blocks: Blocks | None = None
        if self.chunk > 1 and self.n_items:
            self._blocks = Blocks(self._read_stored, self.n_items, self.chunk, self.item_bytes)
        self.in_memory = isinstance(array, np.ndarray) and self._map is None

    def read(self, start: int, stop: int) -> Array:
        """Return items [start, stop): of arrays in memory a view, of memory maps a copy."""
        torn = start % self.chunk or (stop % self.chunk and stop != self.n_items)
        if self._blocks is not None and torn:
            return self._blocks.read(start, stop)
        return self._read_stored(start, stop)

    def check(self, n_threads: int) -> str | None:
        """Tell of storage chunks that are not there, which read as fill values."""
        found = missing_chunks(self._array)
        return None if found is None else f"`{self.name}`: {found} in {self.origin}"

    def _read_stored(self, start: int, stop: int) -> Array:
        with reading(self.name, self.origin):
            part = self._array[start:stop]
            if isinstance(part, np.ma.MaskedArray):
                return part  # the visualizer knows what its masked values are
            part = as_numpy(part, self.name)
            return part if self._map is None else self._map.copy(part)

    def release(self, start: int, stop: int) -> None:
        """Give the pages of a memory map back, so that they do not add up over a long job."""
        if self._map is not None:
            self._map.release(self._array[start:stop])


def _dtype_of(array: Any, name: str) -> np.dtype[Any]:
    try:
        dtype: np.dtype[Any] = np.dtype(array.dtype)
    except TypeError:
        # A tensor has dtypes of its own: one item tells what it becomes.
        dtype = as_numpy(array[:1] if len(array.shape) else array, name).dtype
    # What numpy does not know is brought to float32 when it is drawn.
    return np.dtype(np.float32) if is_narrow(dtype) else dtype


def _files_below(array: Any) -> tuple[Path, ...]:
    """Where a memory map, an HDF5 dataset or a zarr array of a local store lies."""
    if isinstance(array, np.ndarray):
        found = getattr(map_below(array), "filename", None)
    else:
        store = getattr(array, "store", None)  # zarr: `root` of version 3, `path` of version 2
        found = getattr(store, "root", None) or getattr(store, "path", None)
        found = found or getattr(getattr(array, "file", None), "filename", None)
    return (Path(found),) if isinstance(found, str | os.PathLike) else ()


def _chunk_items(array: Any) -> int:
    """Items in a storage chunk of zarr, HDF5 (a tuple of lengths) or dask (a tuple of tuples)."""
    # A shard of zarr is a chunk of chunks, which are compressed one by one.
    chunks = getattr(array, "chunks", None)
    if not isinstance(chunks, tuple) or not chunks:
        return 1
    first = chunks[0]
    if isinstance(first, tuple):  # dask's may all differ, and then bound nothing
        first = first[0] if len(set(first[:-1])) <= 1 and first[-1] <= first[0] else 1
    return min(max(1, int(first)), max(1, int(array.shape[0])))
