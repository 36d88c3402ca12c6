"""Several files of arrays as one: a list of them, all that a pattern matches, or a folder's."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np

from hotcold._arrays import Array
from hotcold.offline.input.base import IndexedSource, ItemNames, Place, Shape
from hotcold.offline.input.pictures import path_key
from hotcold.offline.input.remote import AnyPath, RemotePath

OpenFile = Callable[[str], IndexedSource]

_KEPT_OPEN = 32  # files: a system's limit may be 256
_LISTED = 3
_CHANNELS = (1, 3, 4)
_BRACES = re.compile(r"\{(?:(?P<first>\d+)\.\.(?P<last>\d+)|(?P<words>[^{},/]+(?:,[^{},/]+)+))\}")
_MOST_EXPANDED = 100_000


class ManyFiles(IndexedSource):
    """Array files one behind the other, opened when their items are read.

    Files of batches (N, C, H, W) are joined along the items. Files of one map each, (H, W) or with
    a channel axis of 1, 3 or 4, are an item each.

    Parameters
    ----------
    name : str
        The argument's name in messages.
    origin : str
        What the files are together, for the job file.
    files : sequence of str
        In their order, each with ``:key`` behind it where it holds several arrays.
    open_file : callable
        Opens one of them.
    dim_order : {"channels_first", "channels_last"}
        Of files that hold one map each.
    labels : sequence of str, optional
        What the files are called, with ``/`` between folders; items that have a file each are named
        so, where all differ.
    sizes : sequence of int, optional
        Of the files, in bytes: those of the first one's size are taken to be like it, and only
        looked at when they are read.
    """

    def __init__(
        self,
        name: str,
        origin: str,
        files: Sequence[str],
        open_file: OpenFile,
        dim_order: str,
        labels: Sequence[str] | None = None,
        sizes: Sequence[int] | None = None,
    ) -> None:
        self.name = name
        self.origin = origin
        self._files = list(files)
        self._labels = [os.path.basename(f) for f in files] if labels is None else list(labels)  # noqa: PTH119
        self._open_file = open_file
        self._dim_order = dim_order
        self._kept: OrderedDict[int, IndexedSource] = OrderedDict()
        self._in_use: dict[int, int] = {}
        self._lock = threading.Lock()
        lengths: list[int] = []
        paths: list[AnyPath] = []
        for place, file in enumerate(self._files):
            if place and sizes is not None and sizes[place] == sizes[0]:
                lengths.append(lengths[0])
                continue
            with contextlib.closing(open_file(file)) as source:
                if place == 0:
                    self._first_shape = source.shape
                    self._item = self._item_shape(source.shape, file)
                    self.dtype = source.dtype
                lengths.append(self._checked_length(source, file))
                paths += source.paths
        self._ends = list(accumulate(lengths))
        self.shape = (self._ends[-1], *self._item)
        self.paths = tuple(dict.fromkeys(paths))
        if labels is not None and self._is_one_each:
            names = ItemNames(os.path.splitext(label)[0] for label in labels)  # noqa: PTH122
            self.item_names = names if len(set(names)) == len(names) else None
            self.gives_names = self.item_names is not None

    @property
    def _is_one_each(self) -> bool:
        return len(self._first_shape) < 4

    @property
    def files(self) -> list[str]:
        """The files, in their order."""
        return list(self._files)

    def read(self, start: int, stop: int) -> Array:
        """Return items [start, stop), of however many files."""
        if start >= stop:
            return np.empty((0, *self._item), self.dtype)
        place = bisect_right(self._ends, start)
        first = self._ends[place - 1] if place else 0
        if stop <= self._ends[place]:
            return self._read_from(place, start - first, stop - first)
        whole = np.empty((stop - start, *self._item), self.dtype)
        at = start
        while at < stop:
            first = self._ends[place - 1] if place else 0
            end = min(stop, self._ends[place])
            if end > at:
                whole[at - start : end - start] = self._read_from(place, at - first, end - first)
            at, place = end, place + 1
        return whole

    def place(self, item: int) -> Place:
        """Return which file an item is in, and which of its items it is."""
        place = bisect_right(self._ends, item)
        first = self._ends[place - 1] if place else 0
        return Place(self._labels[place], None if self._is_one_each else item - first)

    def close(self) -> None:
        """Close the files that are open."""
        with self._lock:
            while self._kept:
                self._kept.popitem()[1].close()

    def _read_from(self, place: int, start: int, stop: int) -> Array:
        source = self._take(place)
        try:
            if not self._is_one_each:
                return np.array(source.read(start, stop))
            return np.array(source.read(0, source.shape[0])).reshape(1, *self._item)
        finally:
            self._give_back(place)

    def _take(self, place: int) -> IndexedSource:
        """Return an open file, which stays open until it is given back."""
        with self._lock:
            source = self._kept.get(place)
            if source is None:
                source = self._open_file(self._files[place])
                try:
                    self._check_same(source, self._files[place])
                except ValueError:
                    source.close()
                    raise
                self._kept[place] = source
            self._kept.move_to_end(place)
            self._in_use[place] = self._in_use.get(place, 0) + 1
            return source

    def _give_back(self, place: int) -> None:
        with self._lock:
            self._in_use[place] -= 1
            if not self._in_use[place]:
                del self._in_use[place]
            for old in [p for p in self._kept if p not in self._in_use]:
                if len(self._kept) <= _KEPT_OPEN:
                    break
                self._kept.pop(old).close()

    def _checked_length(self, source: IndexedSource, file: str) -> int:
        self._check_same(source, file)
        return 1 if self._is_one_each else int(source.shape[0])

    def _check_same(self, source: IndexedSource, file: str) -> None:
        """Require a file like the first one, but for how many items it holds."""
        same_kind = (len(source.shape) < 4) == (len(self._first_shape) < 4)
        if not same_kind or self._item_shape(source.shape, file) != self._item:
            msg = (
                f"`{self.name}` must be files of arrays of one shape, but for the number of items, "
                f"got {self._first_shape} in {self._files[0]} and {source.shape} in {file}"
            )
            raise ValueError(msg)
        if source.dtype != self.dtype:
            msg = (
                f"`{self.name}` must be files of arrays of one dtype, got {self.dtype} in "
                f"{self._files[0]} and {source.dtype} in {file}"
            )
            raise ValueError(msg)

    def _item_shape(self, shape: Shape, file: str) -> Shape:
        """Return (C, H, W), or (H, W, C), of an item in a file of this shape."""
        last = self._dim_order == "channels_last"
        if len(shape) == 4:
            return shape[1:]
        if len(shape) == 2:
            return (*shape, 1) if last else (1, *shape)
        if len(shape) == 3 and shape[2 if last else 0] in _CHANNELS:
            return shape
        what = "(H, W, C)" if last else "(C, H, W)"
        msg = (
            f"`{self.name}` must be files of batches with four axes, or of one map each: (H, W), "
            f"or {what} with 1, 3 or 4 channels (dim_order={self._dim_order!r}), got shape {shape} "
            f"in {file}; save it with all four axes"
        )
        raise ValueError(msg)


def expanded(name: str, text: str) -> list[str] | None:
    """Return the paths that ``{000..017}`` and ``{a,b}`` in a path stand for; None without any.

    Raises
    ------
    ValueError
        More than a hundred thousand.
    """
    match = _BRACES.search(text)
    if match is None:
        return None
    if match["first"] is None:
        parts = match["words"].split(",")
    else:
        first, last = int(match["first"]), int(match["last"])
        if abs(last - first) >= _MOST_EXPANDED:
            msg = f"`{name}` must stand for at most {_MOST_EXPANDED:,} files, got {text}"
            raise ValueError(msg)
        step = 1 if first <= last else -1
        width = len(match["first"]) if match["first"].startswith("0") else 0
        parts = [f"{number:0{width}d}" for number in range(first, last + step, step)]
    found: list[str] = []
    for part in parts:
        one = text[: match.start()] + part + text[match.end() :]
        found += expanded(name, one) or [one]
        if len(found) > _MOST_EXPANDED:
            msg = f"`{name}` must stand for at most {_MOST_EXPANDED:,} files, got {text}"
            raise ValueError(msg)
    return found


def is_pattern(text: str) -> bool:
    """Whether a path stands for all that it matches."""
    return glob.has_magic(text)


def matches(name: str, pattern: AnyPath) -> tuple[AnyPath, list[str]]:
    """Return the files that a pattern matches, with numbers in their names counted.

    Returns
    -------
    Path or RemotePath
        The folder that the pattern begins at.
    list of str
        Paths in it, with ``/`` between.

    Raises
    ------
    FileNotFoundError
        There are none.
    """
    root: AnyPath
    if isinstance(pattern, RemotePath):
        root, labels = pattern.matches()
    else:
        found = glob.glob(str(pattern), recursive=True)  # noqa: PTH207
        parts = pattern.parts
        plain = next(i for i, part in enumerate(parts) if is_pattern(part))
        root = Path(*parts[:plain])
        paths = [Path(path) for path in found if not Path(path).is_dir()]
        labels = [path.relative_to(root).as_posix() for path in paths]
    if not labels:
        msg = f"`{name}` must be there: no file matches {pattern}"
        raise FileNotFoundError(msg)
    return root, sorted(labels, key=path_key)


def listed(files: Sequence[str]) -> str:
    """Return what a list of files is called."""
    names = [Path(file).name for file in files[:_LISTED]]
    more = f", ... ({len(files)} files)" if len(files) > _LISTED else ""
    return ", ".join(names) + more
