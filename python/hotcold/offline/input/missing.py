"""Storage chunks that are not there: zarr and HDF5 read them as their fill value, without a word.

Both leave out chunks that were never written, and zarr also those that hold nothing but the fill
value. A lost file looks the same, so that the user is told and decides.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any


def missing_chunks(array: Any) -> str | None:
    """Say how many chunks of a zarr array or HDF5 dataset are not stored; None if all are.

    Parameters
    ----------
    array : object
        Of other kinds nothing is known.
    """
    if hasattr(array, "nchunks_initialized"):
        return _missing_of_zarr(array)
    if hasattr(array, "id") and hasattr(array.id, "get_storage_size"):
        return _missing_of_hdf5(array)
    return None


def _missing_of_zarr(array: Any) -> str | None:
    stored, total = int(array.nchunks_initialized), int(array.nchunks)
    return None if stored >= total else _said(total - stored, total, array.fill_value)


def _missing_of_hdf5(dataset: Any) -> str | None:
    if getattr(dataset, "is_virtual", False):
        folder = Path(dataset.file.filename).parent
        names = sorted({source.file_name for source in dataset.virtual_sources()} - {"."})
        lost = [name for name in names if not (folder / name).exists()]
        if not lost:
            return None
        return (
            f"{len(lost)} of the {len(names)} files of a virtual dataset are not there "
            f"({lost[0]} first), their items read as {dataset.fillvalue},"
        )
    if dataset.size == 0 or dataset.external:
        return None
    if dataset.chunks is None:
        return None if dataset.id.get_storage_size() else _said(1, 1, dataset.fillvalue)
    total = math.prod(
        -(-length // chunk) for length, chunk in zip(dataset.shape, dataset.chunks, strict=True)
    )
    stored = dataset.id.get_num_chunks()
    return None if stored >= total else _said(total - stored, total, dataset.fillvalue)


def _said(missing: int, total: int, fill_value: Any) -> str:
    return f"{missing:,} of {total:,} chunks are not stored and read as the fill value {fill_value}"
