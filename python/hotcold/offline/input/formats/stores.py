"""Files that a library of their own reads: HDF5 and zarr. Each is an extra of the package."""

from __future__ import annotations

import contextlib
import zipfile
from typing import Any

import numpy as np

from hotcold._extras import require
from hotcold.offline.input.arrays import ArraySource
from hotcold.offline.input.boundary import opening
from hotcold.offline.input.formats.keys import choose
from hotcold.offline.input.remote import AnyPath, RemotePath

NETCDF = (".nc", ".nc4")


def open_hdf5(name: str, path: AnyPath, key: str | None) -> ArraySource:
    """Open a dataset of an HDF5 file."""
    h5py = require("h5py", "hdf5", "to read HDF5 files")
    path.open("rb").close()  # the system's own words where it is not there or not ours
    what = "a whole HDF5 file"
    if path.suffix.lower() in NETCDF:
        what += " (netCDF 4 is one; nccopy -k nc4 makes one of netCDF 3)"
    with contextlib.ExitStack() as stack, opening(name, path, what):
        opened: Any = path
        if isinstance(path, RemotePath):
            opened = stack.enter_context(path.open("rb"))
        file = h5py.File(opened, "r")
        stack.callback(file.close)
        known: list[str] = []
        file.visititems(
            lambda member, node: known.append(member) if isinstance(node, h5py.Dataset) else None
        )
        dataset = file[choose(name, path, key.strip("/") if key else None, known)]
        _refuse_packed(name, path, dataset)
        origin = f"{path.name}:{dataset.name}"
        return _Owned(name, dataset, origin, path, stack.pop_all())


def _refuse_packed(name: str, path: AnyPath, dataset: Any) -> None:
    """Refuse numbers that stand for others, by the conventions of netCDF."""
    where = f"{path}:{dataset.name.strip('/')}"
    for attribute in ("scale_factor", "add_offset"):
        if attribute in dataset.attrs:
            msg = (
                f"`{name}` must hold numbers as they are, got {where} with the attribute "
                f"{attribute!r}; unpack it first, for instance with ncpdq -U or xarray"
            )
            raise ValueError(msg)
    for attribute in ("_FillValue", "missing_value"):
        value = np.ravel(dataset.attrs.get(attribute, np.nan))
        if value.dtype.kind == "f" and not np.isnan(value).all():
            msg = (
                f"`{name}` must have NaN where values are missing, got {where}, which has "
                f"{value[0]!r} there ({attribute}); write it with NaN"
            )
            raise ValueError(msg)


def open_zarr(name: str, path: AnyPath, key: str | None) -> ArraySource:
    """Open a zarr array, or an array of a zarr group, in a folder or in a zip file."""
    zarr = require("zarr", "zarr", "to read zarr stores")
    store: Any = str(path)
    with contextlib.ExitStack() as stack, opening(name, path, "a zarr array or group"):
        if isinstance(path, RemotePath):
            store = _remote_store(zarr, path)
            stack.callback(store.close)
        elif path.is_file():
            if not zipfile.is_zipfile(path):  # zarr's own store says less, and cannot be closed
                msg = f"`{name}` must be a zarr array or group, got {path}: no whole zip file"
                raise ValueError(msg)
            kinds = zarr.storage if hasattr(zarr.storage, "ZipStore") else zarr  # of 3.0, of 2.0
            store = kinds.ZipStore(str(path), mode="r")
            stack.callback(store.close)
        node = zarr.open(store, mode="r")
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
        origin = path.name if key is None else f"{path.name}:{key}"
        if isinstance(store, str):
            return ArraySource(name, node, origin, [path])
        if isinstance(path, RemotePath):
            # What says how its chunks are stored stands for it.
            told = path if path.suffix.lower() == ".zip" else path / _metadata(node)
            source = _Owned(name, node, origin, told, stack.pop_all())
            source.knows_chunks = not path.is_web
            return source
        return _Owned(name, node, origin, path, stack.pop_all())


def _remote_store(zarr: Any, path: RemotePath) -> Any:
    kinds = zarr.storage
    url = f"zip::{path}" if path.suffix.lower() == ".zip" else str(path)
    if hasattr(kinds, "FsspecStore"):  # of 3.0
        return kinds.FsspecStore.from_url(url, read_only=True)
    return kinds.FSStore(url, mode="r")


def _metadata(node: Any) -> str:
    """Return the file of a zarr array that describes it, as a path in its store."""
    version = getattr(getattr(node, "metadata", None), "zarr_format", 2)
    name = "zarr.json" if version == 3 else ".zarray"
    inner = str(node.path).strip("/")
    return f"{inner}/{name}" if inner else name


class _Owned(ArraySource):
    """An array whose file is closed with it."""

    knows_chunks = True  # which of them are there

    def __init__(
        self, name: str, array: Any, origin: str, path: AnyPath, files: contextlib.ExitStack
    ) -> None:
        super().__init__(name, array, origin, [path])
        self._files = files

    def check(self, n_threads: int) -> str | None:
        """Tell of storage chunks that are not there, where that can be known."""
        return super().check(n_threads) if self.knows_chunks else None

    def close(self) -> None:
        """Close the file."""
        self._files.close()
