"""Files that a library of their own reads: HDF5 and zarr. Each is an extra of the package."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from hotcold._extras import require
from hotcold.offline.input.arrays import ArraySource
from hotcold.offline.input.boundary import opening
from hotcold.offline.input.keys import choose


def open_hdf5(name: str, path: Path, key: str | None) -> ArraySource:
    """Open a dataset of an HDF5 file."""
    h5py = require("h5py", "hdf5", "to read HDF5 files")
    path.open("rb").close()  # the system's own words where it is not there or not ours
    with contextlib.ExitStack() as stack, opening(name, path, "a whole HDF5 file"):
        file = h5py.File(path, "r")
        stack.callback(file.close)
        known: list[str] = []
        file.visititems(
            lambda member, node: known.append(member) if isinstance(node, h5py.Dataset) else None
        )
        dataset = file[choose(name, path, key.strip("/") if key else None, known)]
        source = _Owned(name, dataset, f"{path.name}:{dataset.name}", path, file)
        stack.pop_all()
        return source


def open_zarr(name: str, path: Path, key: str | None) -> ArraySource:
    """Open a zarr array, or an array of a zarr group."""
    zarr = require("zarr", "zarr", "to read zarr stores")
    with opening(name, path, "a zarr array or group"):
        node = zarr.open(str(path), mode="r")
        if not hasattr(node, "shape"):
            known = [member for member, _ in node.arrays()]
            # Arrays deeper down are reached by their path.
            wanted = key.strip("/") if key else None
            chosen = wanted if wanted and "/" in wanted else choose(name, path, wanted, known)
            try:
                node = node[chosen]
            except KeyError:
                node = node[choose(name, path, chosen, known)]
        elif key is not None:
            msg = f"`{name}` must be given without a name: {path} is a single array, got {key!r}"
            raise ValueError(msg)
        if not hasattr(node, "shape"):
            msg = f"`{name}` must name an array, got the group {key!r} of {path}"
            raise ValueError(msg)
    return ArraySource(name, node, path.name if key is None else f"{path.name}:{key}", [path])


class _Owned(ArraySource):
    """An array whose file is closed with it."""

    def __init__(self, name: str, array: Any, origin: str, path: Path, file: Any) -> None:
        super().__init__(name, array, origin, [path])
        self._file = file

    def close(self) -> None:
        """Close the file."""
        self._file.close()
