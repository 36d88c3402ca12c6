"""What an input is, cheaply: enough to notice that it is not what it was."""

from __future__ import annotations

import datetime
import hashlib
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hotcold.offline.input.arrays import ArraySource
from hotcold.offline.input.base import Source
from hotcold.offline.input.remote import AnyPath, RemotePath, listed_versions, local, read_range

if TYPE_CHECKING:
    from numpy.typing import NDArray

Identity = dict[str, Any]

_WHOLE = 1 << 20  # bytes up to which everything is in the digest
_BLOCK, _N_BLOCKS = 4096, 64  # else so many blocks, the ends among them
_ASKED_ONE_BY_ONE = 64  # of files of other machines
# Of a large array in memory: items, runs in all of them together and at least in each, and numbers
# in a run.
_N_ITEMS, _N_RUNS, _FEWEST_RUNS, _RUN = 128, 2048, 16, 16
# What tells one content from another wherever it lies: a copy with its time kept is the same.
_CONTENT = ("files", "size", "mtime_ns", "version", "digest", "numbers")
_WORDS = {"files": "number of files", "size": "size", "mtime_ns": "time"}
_WORDS |= {"version": "version", "digest": "content", "numbers": "content"}


def identify(source: Source | None) -> Identity | None:
    """Return the identity of an input, as plain values; None of one that cannot be compared.

    Files have their size, time, inode and device, and a digest of some of their blocks (all of a
    small file); several files and folders the sums and a digest over names, sizes and times; arrays
    in memory a digest of some of their numbers. Files of other machines have their size, what their
    file system says of their version (an etag, a time), and a digest of both ends. Streams have
    none.
    """
    if source is None:
        return None
    if source.paths:
        try:
            return _of_paths(source.paths, source.root)
        except OSError:
            return None  # the reading itself says what is wrong with it
    array = source._array if isinstance(source, ArraySource) else None
    if isinstance(source, ArraySource) and (source.in_memory or hasattr(array, "data_ptr")):
        return _of_memory(source)
    return None


def difference(
    before: Identity | None, now: Identity | None, *, same_machine: bool = False
) -> str | None:
    """Return how an input differs from what it was, in words; None if it does not.

    Parameters
    ----------
    before, now : dict, optional
        What `identify` returned.
    same_machine : bool, default False
        A file of another inode is another file, whatever its time.
    """
    if not before or not now:
        return None
    if {"digest", "numbers"} <= before.keys() ^ now.keys():
        return "it was digested in another way, by another hotcold"
    for key in (*_CONTENT, *(("inode", "device") if same_machine else ())):
        if before.get(key) != now.get(key):
            if key not in _WORDS:
                return "it is another file now"
            return f"its {_WORDS[key]} was {_shown(key, before)} and is {_shown(key, now)}"
    return None


def _shown(key: str, identity: Identity) -> str:
    value = identity.get(key)
    if key == "mtime_ns" and value is not None:
        moment = datetime.datetime.fromtimestamp(value / 1e9, datetime.timezone.utc)
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    return f"{value:,}" if isinstance(value, int) else str(value)


def _of_paths(places: Sequence[AnyPath], root: AnyPath | None) -> Identity:
    paths = local(places)
    if len(paths) < len(places) or isinstance(root, RemotePath):
        return _of_remote(places)
    if len(paths) == 1 and not paths[0].is_dir():
        return of_file(paths[0])
    hashed, count, size, latest = hashlib.sha256(), 0, 0, 0
    for name, status in _entries(paths, root):
        hashed.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\0".encode(errors="replace"))
        count, size = count + 1, size + status.st_size
        latest = max(latest, status.st_mtime_ns)
    return {
        "files": count,
        "size": size,
        "mtime_ns": latest,
        "digest": hashed.hexdigest()[:16],
    }


def _entries(paths: Sequence[Path], root: Path | None) -> Iterator[tuple[str, os.stat_result]]:
    for path in paths:
        if not path.is_dir():
            yield path.name if root is None else os.path.relpath(path, root), path.stat()
            continue
        for inner, folders, names in os.walk(path):
            folders.sort()
            for name in sorted(names):
                full = os.path.join(inner, name)  # noqa: PTH118
                yield os.path.relpath(full, path), os.stat(full)  # noqa: PTH116


def _of_remote(places: Sequence[AnyPath]) -> Identity:
    if len(places) == 1 and isinstance(places[0], RemotePath):
        size, version = places[0].version(fresh=True)
        found: Identity = {"size": size, "version": version}
        if size is not None:
            starts = {0, max(0, size - _BLOCK)}
            blocks = [read_range(places[0], start, min(_BLOCK, size)) for start in sorted(starts)]
            found["digest"] = hashlib.sha256(b"".join(blocks)).hexdigest()[:16]
        return found
    hashed, total = hashlib.sha256(), 0
    versions = _versions([place for place in places if isinstance(place, RemotePath)])
    for place in places:
        if isinstance(place, RemotePath):
            size, version = versions[place.path]
        else:
            status = place.stat()
            size, version = status.st_size, str(status.st_mtime_ns)
        hashed.update(f"{place.name}\0{size}\0{version}\0".encode(errors="replace"))
        total += size or 0
    return {"files": len(places), "size": total, "digest": hashed.hexdigest()[:16]}


def _versions(places: Sequence[RemotePath]) -> dict[str, tuple[int | None, str]]:
    """Return the sizes and versions of files, of very many by what their folders list."""
    if len(places) <= _ASKED_ONE_BY_ONE:
        return {place.path: place.version(fresh=True) for place in places}
    found: dict[str, tuple[int | None, str]] = {}
    for system, folder in {(place.system, place.path.rpartition("/")[0]) for place in places}:
        found |= listed_versions(system, folder)
    return {place.path: found.get(place.path, (None, "")) for place in places}


def of_file(path: Path) -> Identity:
    """Return the identity of a file."""
    with path.open("rb", buffering=0) as file:
        status = os.fstat(file.fileno())
        hashed = hashlib.sha256()
        if status.st_size <= _WHOLE:
            hashed.update(file.read())
        else:
            for i in range(_N_BLOCKS):
                file.seek(i * (status.st_size - _BLOCK) // (_N_BLOCKS - 1))
                hashed.update(file.read(_BLOCK))
    return {
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "inode": status.st_ino,
        "device": status.st_dev,
        "digest": hashed.hexdigest()[:16],
    }


def _of_memory(source: ArraySource) -> Identity:
    """Digest all numbers of a small array, else runs of numbers in items all over it.

    Runs, since what is not in the cache comes in lines of so many bytes, and a number of a line
    costs as much as all of them.
    """
    hashed = hashlib.sha256(f"{source.dtype} {source.shape}".encode())
    array = source._array if type(source._array) is np.ndarray else None
    n_items = source.n_items
    if n_items * source.item_bytes <= _WHOLE:
        if array is not None:
            hashed.update(_bytes(array))
        else:
            for i in range(n_items):
                hashed.update(_bytes(np.asarray(source.read(i, i + 1))))
        return {"digest": hashed.hexdigest()[:16]}
    size = math.prod(source.shape[1:])
    run = min(_RUN, size)
    items = _spread(n_items, _N_ITEMS)
    begins = _spread(size - run + 1, max(_FEWEST_RUNS, _N_RUNS // len(items)))
    places = (begins[:, None] + np.arange(run)).reshape(-1)
    if array is not None:
        hashed.update(_bytes(_numbers(array, items, places)))
    else:
        for i in items.tolist():
            item = np.asarray(source.read(i, i + 1))
            hashed.update(_bytes(_numbers(item, np.zeros(1, np.int64), places)))
    return {"numbers": hashed.hexdigest()[:16]}


def _bytes(array: NDArray[Any]) -> memoryview:
    """Return the numbers, in C order, as bytes."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _spread(total: int, most: int) -> NDArray[np.int64]:
    """Return at most so many of the numbers below `total`, the first and the last among them."""
    return np.linspace(0, total - 1, min(total, most)).astype(np.int64)


def _numbers(
    array: NDArray[Any], items: NDArray[np.int64], places: NDArray[np.int64]
) -> NDArray[Any]:
    """Return the numbers of each of the items at places, counted as if C-contiguous."""
    indices = np.unravel_index(places, array.shape[1:])
    # In the order of memory, so that a batch whose axes were moved is one run of numbers too: one
    # index is found several times faster than four.
    lying = array.transpose(np.argsort(array.strides)[::-1])
    found: NDArray[Any]
    if not lying.flags.c_contiguous:
        found = array[(items[:, None], *indices)]
        return found
    first, *steps = (stride // array.itemsize for stride in array.strides)
    offsets = sum(step * index for step, index in zip(steps, indices, strict=True))
    found = lying.reshape(-1).take(items[:, None] * first + offsets, mode="clip")
    return found
