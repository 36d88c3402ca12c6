"""Storage chunks decoded once, although threads read pieces of them.

A chunk of zarr or HDF5 comes out whole or not at all: with h5py's own choice for 224 x 224 maps it
holds a corner of 313 of them, and reading a few maps at a time would decode each chunk as many
times as there are pieces in it. Items that share chunks are a block here. A block is decoded by the
first thread that wants one of its items, and kept while the others read theirs.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np

from hotcold._arrays import Array
from hotcold.offline.input.base import BadItem, Unreadable

# Two blocks of the largest size, more of smaller ones. Chunks that hold more items than fit into
# one are decoded once for each block.
_KEPT_BYTES = 256 << 20


class Blocks:
    """Items read through blocks that are kept.

    Parameters
    ----------
    read : callable
        Returns items [start, stop) of the storage.
    n_items : int
        How many there are.
    chunk : int >= 1
        How many share storage chunks, counted from the first.
    item_bytes : int
        Memory that one takes.
    """

    def __init__(
        self, read: Callable[[int, int], Array], n_items: int, chunk: int, item_bytes: int
    ) -> None:
        self._read = read
        self._n_items = n_items
        self._chunk = chunk
        fitting = max(1, _KEPT_BYTES // 2 // max(1, item_bytes))
        n_blocks = -(-chunk // fitting)  # of a chunk
        self._block = -(-chunk // n_blocks)
        self._most = max(2, _KEPT_BYTES // max(1, self._block * item_bytes))
        self._kept: OrderedDict[int, _Block] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, start: int, stop: int) -> Array:
        """Return items [start, stop), views of a kept block where they lie in one."""
        parts = []
        while start < stop:
            first, last = self._bounds(start)
            end = min(stop, last)
            parts.append(self._take(first, last, start, end))
            start = end
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _bounds(self, item: int) -> tuple[int, int]:
        """Return the block [first, last) of an item; none reaches over the end of a chunk."""
        chunk, within = divmod(item, self._chunk)
        first = chunk * self._chunk + within // self._block * self._block
        return first, min(first + self._block, (chunk + 1) * self._chunk, self._n_items)

    def _take(self, first: int, last: int, start: int, stop: int) -> Array:
        with self._lock:
            block = self._kept.setdefault(first, _Block())
            self._kept.move_to_end(first)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        try:
            items = block.items(lambda: self._read(first, last))
        except MemoryError:
            return self._read(start, stop)  # less at a time, more often
        return items[start - first : stop - first]


class _Block:
    """Items that one thread reads while those that want them too wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._items: Array | None = None
        self._problem: str | None = None
        self._cause: Exception | None = None

    def items(self, read: Callable[[], Array]) -> Array:
        """Return the items; what failed once fails for each of them without another try."""
        with self._lock:
            if self._problem is not None:
                raise Unreadable(self._problem) from self._cause
            if self._items is None:
                try:
                    self._items = read()
                except BadItem as error:
                    self._problem, self._cause = str(error), error
                    raise
            return self._items
