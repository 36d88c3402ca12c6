"""Files that a library of their own reads: HDF5, zarr, PyTorch. Each is an extra of the package."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hotcold._extras import require
from hotcold.offline.input.arrays import ArraySource
from hotcold.offline.input.keys import choose


def open_hdf5(name: str, path: Path, key: str | None) -> ArraySource:
    """Open a dataset of an HDF5 file."""
    h5py = require("h5py", "hdf5", "to read HDF5 files")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        msg = f"`{name}` must be a whole HDF5 file, got {path}: {error}"
        raise ValueError(msg) from error
    known: list[str] = []
    file.visititems(
        lambda member, node: known.append(member) if isinstance(node, h5py.Dataset) else None
    )
    try:
        dataset = file[choose(name, path, key.strip("/") if key else None, known)]
        return _Owned(name, dataset, f"{path.name}:{dataset.name}", path, file)
    except (ValueError, TypeError):
        file.close()
        raise


def open_zarr(name: str, path: Path, key: str | None) -> ArraySource:
    """Open a zarr array, or an array of a zarr group."""
    zarr = require("zarr", "zarr", "to read zarr stores")
    try:
        node = zarr.open(str(path), mode="r")
    except Exception as error:  # zarr has its own kinds, which differ between versions
        msg = f"`{name}` must be a zarr array or group, got {path}: {error}"
        raise ValueError(msg) from error
    if not hasattr(node, "shape"):
        known = [member for member, _ in node.arrays()]
        # Arrays deeper down are reached by their path.
        chosen = key.strip("/") if key and "/" in key.strip("/") else choose(name, path, key, known)
        try:
            node = node[chosen]
        except KeyError:
            node = node[choose(name, path, chosen, known)]
    elif key is not None:
        msg = f"`{name}` must be given without a name: {path} is a single array, got {key!r}"
        raise ValueError(msg)
    return ArraySource(name, node, path.name if key is None else f"{path.name}:{key}", [path])


def open_torch(name: str, path: Path, key: str | None) -> ArraySource:
    """Open a tensor, or one of a dictionary of tensors, that torch.save wrote."""
    torch = require("torch", "torch", "to read .pt files")
    try:
        # Weights only: no code of the file is run. Mapped: tensors are read when they are used.
        loaded = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except FileNotFoundError:
        raise
    except Exception as error:
        first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
        msg = (
            f"`{name}` must be a .pt file of tensors alone (torch.save of a tensor or a dictionary "
            f"of tensors), got {path}: {first_line}"
        )
        raise ValueError(msg) from error
    if isinstance(loaded, dict):
        tensors = {str(k): v for k, v in loaded.items() if isinstance(v, torch.Tensor)}
        loaded = tensors[choose(name, path, key, list(tensors))]
    elif key is not None:
        msg = f"`{name}` must be given without a name: {path} is a single tensor, got {key!r}"
        raise ValueError(msg)
    if not isinstance(loaded, torch.Tensor):
        msg = f"`{name}` must be a tensor, got {type(loaded).__name__} in {path}"
        raise ValueError(msg)
    return ArraySource(name, loaded, path.name if key is None else f"{path.name}:{key}", [path])


class _Owned(ArraySource):
    """An array whose file is closed with it."""

    def __init__(self, name: str, array: Any, origin: str, path: Path, file: Any) -> None:
        super().__init__(name, array, origin, [path])
        self._file = file

    def close(self) -> None:
        """Close the file."""
        self._file.close()
