"""What a job reads from: items by index, or batches in their order."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from hotcold._arrays import Array, as_numpy
from hotcold.offline.input.remote import AnyPath

Shape = tuple[int, ...]


class BadItem(ValueError):
    """One item cannot be read; the others can."""


class Unreadable(BadItem, OSError):
    """An item that its file or library does not give out, for no fault of its values."""


class InputWarning(UserWarning):
    """Something of an input that the user should know, although it can be read."""


class ItemNames(tuple[str, ...]):
    """Names that items have where they lie, without suffixes; ``/`` stands between folders."""

    __slots__ = ()


class Place(NamedTuple):
    """Where an item is.

    Attributes
    ----------
    file : str or None
        The name of its file, without the folder; None in memory.
    item : int or None
        Which one in there it is; None where the file is the item.
    """

    file: str | None
    item: int | None


class IndexedSource(abc.ABC):
    """Items that several threads may read by index at once.

    Attributes
    ----------
    name : str
        The argument's name in messages.
    origin : str
        Where the items are, for the job file: a file name, or the kind of object.
    shape : tuple of int
        Of the whole batch; the first axis is the item's.
    dtype : numpy dtype
        As stored.
    chunk : int >= 1
        Items that the storage hands out together; reading in multiples of it costs least.
    in_memory : bool
        What `read` returns was in memory before, and stays there.
    paths : tuple of Path or RemotePath
        The files that are read, where known; a folder stands for everything in it. Of arrays in
        memory there are none.
    is_folder : bool
        The files are all that their folder holds of their kind.
    root : Path or RemotePath, optional
        The folder that is read with everything below it.
    item_names : ItemNames, optional
        What items are called where they lie.
    gives_names : bool
        Pictures of them are called so too, unless the user says otherwise.
    """

    name: str
    origin: str
    shape: Shape
    dtype: np.dtype[Any]
    chunk: int = 1
    in_memory: bool = False
    paths: tuple[AnyPath, ...] = ()
    is_folder: bool = False
    root: AnyPath | None = None
    item_names: ItemNames | None = None
    gives_names: bool = False

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return int(self.shape[0])

    @property
    def item_bytes(self) -> int:
        """Memory that one item takes."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    @abc.abstractmethod
    def read(self, start: int, stop: int) -> Array:
        """Return items [start, stop); `BadItem` when one of them is unusable."""

    def place(self, item: int) -> Place:
        """Return where an item is, for what its picture says of itself."""
        return Place(self.origin if self.paths else None, item)

    def check(self, n_threads: int) -> str | None:
        """Look once, before the job, for what reading item by item would not find.

        Returns
        -------
        str or None
            What the user should know; `OSError` is raised for what is damaged.
        """
        return None

    def release(self, start: int, stop: int) -> None:  # noqa: B027 - optional
        """Say that items [start, stop) are not needed any more."""

    def close(self) -> None:  # noqa: B027 - optional
        """Close what was opened."""


class PlainMaps:
    """Says of an input that its arrays are maps (N, H, W), without a channel axis.

    Parameters
    ----------
    value : array-like or path-like
        What `hotcold.render_files` takes, but for batches that come one after the other.

    Examples
    --------
    >>> import numpy as np, tempfile, hotcold
    >>> maps = np.random.default_rng(0).normal(size=(5, 32, 32))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     hotcold.render_files(
    ...         hotcold.Visualizer(),
    ...         hotcold.offline.PlainMaps(maps),
    ...         output_dir=folder,
    ...         progress=False,
    ...     ).n_files
    5
    """

    def __init__(self, value: Any) -> None:
        self.value = value


class WithChannelAxis(IndexedSource):
    """A source of maps (N, H, W), with a channel axis where `dim_order` has it."""

    def __init__(self, source: IndexedSource, dim_order: str) -> None:
        n_items, height, width = source.shape
        self._source = source
        self._axis = 1 if dim_order == "channels_first" else 3
        self.name, self.origin = source.name, source.origin
        self.shape = (n_items, 1, height, width) if self._axis == 1 else (*source.shape, 1)
        self.dtype, self.chunk = source.dtype, source.chunk
        self.in_memory = source.in_memory
        self.paths, self.is_folder = source.paths, source.is_folder
        self.root = source.root
        self.item_names, self.gives_names = source.item_names, source.gives_names

    def read(self, start: int, stop: int) -> Array:
        """Return items [start, stop)."""
        return np.expand_dims(self._source.read(start, stop), self._axis)

    def place(self, item: int) -> Place:
        """Return where an item is, as the source has it."""
        return self._source.place(item)

    def check(self, n_threads: int) -> str | None:
        """Look once, as the source does."""
        return self._source.check(n_threads)

    def release(self, start: int, stop: int) -> None:
        """Say that items [start, stop) are not needed any more."""
        self._source.release(start, stop)

    def close(self) -> None:
        """Close what was opened."""
        self._source.close()


class StreamSource:
    """Batches that come one after the other.

    Parameters
    ----------
    name, origin : str
        As in `IndexedSource`.
    batches : callable or iterable
        What yields the batches; a callable is asked anew for every pass.
    n_items : int, optional
        How many items there will be, where known.
    copy : bool, default False
        Keep a copy of each batch: many generators fill the same memory again for the next one,
        while this one still waits for its thread.
    paths : sequence of Path or RemotePath, optional
        The files that are read.
    """

    is_folder = False
    root: AnyPath | None = None

    def __init__(
        self,
        name: str,
        origin: str,
        batches: Callable[[], Iterable[Any]] | Iterable[Any],
        n_items: int | None = None,
        copy: bool = False,
        paths: Sequence[AnyPath] = (),
    ) -> None:
        self.name = name
        self.origin = origin
        self.n_items = n_items
        self.paths = tuple(paths)
        self._copy = copy
        self._make = batches if callable(batches) else lambda: batches
        self._running: Iterator[Any] | None = None
        self._head: list[Array] = []
        self._item_bytes: int | None = None
        # An iterator is its own iterator: what it yielded is gone.
        self.repeatable = callable(batches) or iter(batches) is not batches

    def first(self) -> Array:
        """Return the first batch without using it up."""
        if not self._head:
            self._running = iter(self._make())
            self._head = [self._checked(batch) for batch in _at_most_one(self._running)]
        if not self._head:
            msg = f"`{self.name}` must hold at least one item, got an empty stream"
            raise ValueError(msg)
        return self._head[0]

    @property
    def item_bytes(self) -> int:
        """Memory that one item of the first batch takes."""
        if self._item_bytes is None:
            first = self.first()
            self._item_bytes = first.nbytes // len(first)
        return self._item_bytes

    def batches(self) -> Iterator[Array]:
        """Yield every batch, from the first, as 4-D arrays of at least one item."""
        self.first()
        running, self._running = self._running, None
        head, self._head = self._head, []
        yield from head
        for batch in running or ():
            yield self._checked(batch)

    def place(self, item: int) -> Place:
        """Return where an item is."""
        return Place(self.origin if self.paths else None, item)

    def check(self, n_threads: int) -> str | None:
        """Find nothing: a stream is read but once."""

    def close(self) -> None:
        """Close a generator that was not used up."""
        close = getattr(self._running, "close", None)
        if close is not None:
            close()

    def _checked(self, batch: Any) -> Array:
        array = as_numpy(batch, self.name)
        if array.ndim != 4 or array.shape[0] == 0:
            # Items are numbered by what came before, so a batch of no known length ends the job.
            msg = (
                f"`{self.name}` must yield 4-D batches of at least one item, "
                f"got one of shape {array.shape}"
            )
            raise ValueError(msg)
        return array.copy() if self._copy else array


Source = IndexedSource | StreamSource


def _at_most_one(iterator: Iterator[Any]) -> Iterator[Any]:
    for value in iterator:
        yield value
        return


def known_shape(name: str, shape: Iterable[Any]) -> Shape:
    """Return a shape of whole numbers; dask does not always know how long its arrays are."""
    lengths = tuple(shape)
    if any(length is None or length != length for length in lengths):  # or NaN
        msg = (
            f"`{name}` must know its lengths, got shape {lengths}; "
            "call compute_chunk_sizes() on the dask array first"
        )
        raise ValueError(msg)
    return tuple(int(length) for length in lengths)


def require_numbers(name: str, dtype: np.dtype[Any], where: str) -> None:
    """Refuse what is not real numbers before a byte of it is read; objects above all."""
    if dtype.metadata is not None and "vlen" in dtype.metadata:
        msg = (
            f"`{name}` must hold numbers, got entries of variable length in {where}; "
            "save one array of shape (N, C, H, W) or (N, H, W, C)"
        )
        raise ValueError(msg)
    if dtype.hasobject:
        msg = (
            f"`{name}` must hold numbers, got Python objects in {where}: they are pickled code, "
            "which is never loaded; save a numeric array"
        )
        raise ValueError(msg)
    if dtype.kind not in "biuf":
        msg = f"`{name}` must hold real numbers, got dtype {dtype} in {where}"
        raise TypeError(msg)
