"""Items on their way to the worker threads: chunks, and the pieces that are in memory at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from hotcold._arrays import Array, one_for_all
from hotcold._once import once
from hotcold.offline.input import BadItem, IndexedSource, Source, StreamSource
from hotcold.offline.input.base import Unreadable
from hotcold.offline.input.boundary import items_of

# A piece of about this size keeps a thread busy for milliseconds, beside which what Python does for
# it is little (60 us, 2026-11), and stays near the caches. What is in memory anyway may be more.
_PIECE_BYTES = 4 << 20
_PIECE_BYTES_IN_MEMORY = 64 << 20
_PIECE_ITEMS = 64
_MAX_ALIGNED_BYTES = 64 << 20  # larger storage chunks are read more than once rather than kept


class Piece(NamedTuple):
    """Consecutive items in memory."""

    start: int
    attributions: Array
    x: Array | None

    @property
    def item_bytes(self) -> int:
        """Memory that one of the items takes."""
        return sum(a[:1].nbytes for a in (self.attributions, self.x) if a is not None)

    def parts(self, size: int) -> Iterator[Piece]:
        """Yield it again, at most `size` items at a time."""
        for i in range(0, len(self.attributions), size):
            part = slice(i, i + size)
            x = None if self.x is None else self.x[part]
            yield Piece(self.start + i, self.attributions[part], x)


class Bad(NamedTuple):
    """An item that cannot be read or drawn."""

    item: int
    error: str
    cause: BaseException | None = None  # where the fault is the file's, not the values'


@dataclass(frozen=True)
class Chunk:
    """Items [first, last) for one worker thread, which loads those it wants."""

    first: int
    last: int
    load: Callable[[int, int], Iterator[Piece | Bad]]


class Feed:
    """Attributions and images side by side.

    Parameters
    ----------
    attributions : Source
        What decides how many items there are.
    x : Source, optional
        The images; one alone, where that is known beforehand, serves for all items and is read
        once.
    batch_size : int, optional
        Items in memory at a time per thread; by default about 4 MB of them.
    """

    def __init__(self, attributions: Source, x: Source | None, batch_size: int | None) -> None:
        self._attributions = attributions
        self._for_all: _OneForAll | None = None
        if x is not None and x.n_items == 1 and attributions.n_items != 1:
            self._for_all = _OneForAll(x)
        # Those that have an item for each of the pictures.
        each = (attributions, None if self._for_all else x)
        self._sources = [source for source in each if source is not None]
        self._batch_size = batch_size
        lengths = [source.n_items for source in self._sources if source.n_items is not None]
        if len(set(lengths)) > 1:
            msg = (
                f"`x` must hold the {lengths[0]} items of `attributions`, got {lengths[1]}; "
                "one image alone serves for all"
            )
            raise ValueError(msg)
        self.n_items = lengths[0] if lengths else None

    @property
    def repeatable(self) -> bool:
        """Whether the items can be read twice."""
        return all(isinstance(s, IndexedSource) or s.repeatable for s in self._sources)

    def sample(self) -> Piece:
        """Return what the first item is like; of files only the shape and dtype, not the values."""
        first = [_sample(source) for source in self._sources]
        if self._for_all is not None:
            first.append(_sample(self._for_all.source))
        return Piece(0, first[0], first[1] if len(first) > 1 else None)

    def chunks(self, first: int, last: int | None, multiple: int, n_ways: int) -> Iterator[Chunk]:
        """Yield the items [first, last) in chunks.

        Parameters
        ----------
        first, last : int
            None: to the end. Streams yield what is before `first` too, for nobody to load.
        multiple : int
            Chunks start at and span multiples of it.
        n_ways : int
            Into at least so many chunks if there are enough items.
        """
        if all(isinstance(source, IndexedSource) for source in self._sources):
            last = self.n_items if last is None else last
            yield from self._indexed_chunks(first, last or 0, multiple, n_ways)
        else:
            yield from self._streamed_chunks(last, multiple)

    def _indexed_chunks(self, first: int, last: int, multiple: int, n_ways: int) -> Iterator[Chunk]:
        unit = multiple if multiple > 1 else self._storage_unit
        if multiple == 1 and last - first < 2 * n_ways * unit:
            unit = 1  # too few for every thread: they share what is decoded
        start = first
        while start < last:
            # Ever smaller towards the end, so that all threads end at about the same time.
            share = -(-(last - start) // (2 * n_ways))
            stop = min(_cut(start, min(self._piece_items, share), unit), last)
            yield Chunk(start, stop, self._load)
            start = stop

    def _streamed_chunks(self, last: int | None, multiple: int) -> Iterator[Chunk]:
        cutters = [
            _Cutter(source) if isinstance(source, StreamSource) else None
            for source in self._sources
        ]
        position = 0
        # At the very end all streams are asked once more, so that none goes on unseen.
        while last is None or position < last or last == self.n_items:
            start, parts = position, list[_Part]()
            wanted = multiple if multiple > 1 else self._piece_items
            while position - start < wanted:
                part = self._next_part(cutters, position, wanted - (position - start))
                if part is None:
                    break
                parts.append(part)
                position = part.stop
            if not parts:
                return
            yield Chunk(start, position, lambda a, b, parts=parts: self._load_parts(parts, a, b))  # type: ignore[misc]

    def _next_part(self, cutters: list[_Cutter | None], start: int, count: int) -> _Part | None:
        """Take up to `count` items of every stream, as many of each; None at the end."""
        available = [
            source.n_items - start
            if isinstance(source, IndexedSource)
            else cutters[i].available(count)  # type: ignore[union-attr]
            for i, source in enumerate(self._sources)
        ]
        room = min(count, *available)
        if room > 0:
            return _Part(start, [c.take(room) if c is not None else None for c in cutters], room)
        if any(available):
            longer = self._sources[available.index(max(available))].name
            shorter = self._sources[available.index(0)].name
            msg = f"`{longer}` must hold the {start} items of `{shorter}`, got more"
            raise ValueError(msg)
        return None

    def _load(self, start: int, stop: int) -> Iterator[Piece | Bad]:
        """Read items in pieces; a piece with a bad item one by one."""
        while start < stop:
            end = min(_cut(start, self._piece_items, self._storage_unit), stop)
            yield from self._read(start, end, [None] * len(self._sources))
            for source in self._sources:
                source.release(start, end)  # type: ignore[union-attr]
            start = end

    def _load_parts(self, parts: list[_Part], start: int, stop: int) -> Iterator[Piece | Bad]:
        for part in parts:
            a, b = max(start, part.start), min(stop, part.stop)
            if a < b:
                held = [
                    None if array is None else array[a - part.start : b - part.start]
                    for array in part.arrays
                ]
                yield from self._read(a, b, held)

    def _read(self, start: int, stop: int, held: list[Array | None]) -> Iterator[Piece | Bad]:
        try:
            arrays = [
                _read_from(source, start, stop) if array is None else array
                for source, array in zip(self._sources, held, strict=True)
            ]
            if self._for_all is not None:
                arrays.append(self._for_all.items(stop - start))
        except BadItem as error:
            if stop - start == 1:
                cause = error if isinstance(error, Unreadable) else None
                yield Bad(start, str(error), cause)
                return
            for i in range(start, stop):
                one = [None if a is None else a[i - start : i - start + 1] for a in held]
                yield from self._read(i, i + 1, one)
            return
        yield Piece(start, arrays[0], arrays[1] if len(arrays) > 1 else None)

    @once
    def _piece_items(self) -> int:
        return self._piece[0]

    @once
    def _storage_unit(self) -> int:
        return self._piece[1]

    @once
    def _piece(self) -> tuple[int, int]:
        """Return how many items are in memory at a time, and at whose multiples they are cut."""
        if self._batch_size is not None:
            return self._batch_size, 1
        item_bytes, unit, room = 0, 1, _PIECE_BYTES_IN_MEMORY
        for source in self._sources:
            item_bytes += source.item_bytes
            if isinstance(source, IndexedSource):
                unit = max(unit, source.chunk)
            if not isinstance(source, IndexedSource) or not source.in_memory:
                room = _PIECE_BYTES
        size = max(1, min(_PIECE_ITEMS, room // max(item_bytes, 1)))
        aligned = -(-size // unit) * unit
        return (aligned, unit) if aligned * item_bytes <= _MAX_ALIGNED_BYTES else (size, 1)


def _cut(start: int, size: int, unit: int) -> int:
    """Return where about `size` items from `start` end, a multiple of `unit`."""
    return max((start + size) // unit, start // unit + 1) * unit


class _Part:
    """Items [start, stop) of which the streams' arrays are in memory."""

    def __init__(self, start: int, arrays: list[Array | None], count: int) -> None:
        self.start = start
        self.stop = start + count
        self.arrays = arrays


class _Cutter:
    """A stream's batches in other lengths; a cut never spans two batches."""

    def __init__(self, source: StreamSource) -> None:
        self._batches = source.batches()
        self._rest: Array | None = None

    def available(self, count: int) -> int:
        """Return how many of the next `count` items `take` can give; 0 at the end."""
        if self._rest is None:
            self._rest = next(self._batches, None)
        return 0 if self._rest is None else min(count, len(self._rest))

    def take(self, count: int) -> Array:
        """Return the next `count` items, which must be available."""
        assert self._rest is not None
        taken, rest = self._rest[:count], self._rest[count:]
        self._rest = rest if len(rest) else None
        return taken


class _OneForAll:
    """The one image that is laid under every item, read when the first of them is."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._lock = threading.Lock()
        self._image: Array | None = None

    def items(self, count: int) -> Array:
        """Return it `count` times, in the memory of one."""
        with self._lock:
            if self._image is None:
                if isinstance(self.source, StreamSource):
                    self._image = self.source.first()
                else:
                    self._image = _read_from(self.source, 0, 1)
            return one_for_all(self._image, count)


def _read_from(source: Source, start: int, stop: int) -> Array:
    """Read items; whatever the source's library throws is `BadItem`."""
    assert isinstance(source, IndexedSource)
    return items_of(source, start, stop)


def _sample(source: Source) -> Array:
    import numpy as np

    if isinstance(source, StreamSource):
        return source.first()[:1]
    return np.broadcast_to(np.zeros((), source.dtype), (1, *source.shape[1:]))
