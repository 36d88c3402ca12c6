"""``.pt`` files: what torch.save writes is a zip archive whose tensors lie in it as in memory.

PyTorch itself says where (a load to the device "meta" reads no data); they are then read by offset
like any other numbers (see `raw`), with the archive's checksum compared, which PyTorch does not.
"""

from __future__ import annotations

import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from hotcold._extras import require
from hotcold.offline.input.arrays import ArraySource
from hotcold.offline.input.base import IndexedSource
from hotcold.offline.input.boundary import opening
from hotcold.offline.input.formats.keys import choose
from hotcold.offline.input.formats.npz import data_offset
from hotcold.offline.input.raw import Checksum, RawSource
from hotcold.offline.input.remote import AnyPath, RemotePath

_WHAT = "a .pt file of tensors alone (torch.save of a tensor or a dictionary of tensors)"
_DTYPES = {
    "float64": "<f8",
    "float32": "<f4",
    "float16": "<f2",
    "bfloat16": "<u2",
    "int64": "<i8",
    "int32": "<i4",
    "int16": "<i2",
    "int8": "i1",
    "uint8": "u1",
    "bool": "?",
}


def open_torch(name: str, path: AnyPath, key: str | None) -> IndexedSource:
    """Open a tensor, or one of a dictionary of tensors, that torch.save wrote."""
    if isinstance(path, RemotePath):
        msg = f"`{name}` must be of this machine where it is a .pt file, got {path}; copy it here"
        raise ValueError(msg)
    torch = require("torch", "torch", "to read .pt files")
    path.open("rb").close()  # the system's own words where it is not there or not ours
    with opening(name, path, _WHAT):
        _check_outline(path)
    outline, key = _load(torch, name, path, key, map_location="meta")
    origin = path.name if key is None else f"{path.name}:{key}"
    with opening(name, path, _WHAT):
        placed = _place_of(path, outline)
    dtype = _DTYPES.get(str(outline.dtype).removeprefix("torch."))
    if placed is None or dtype is None or not outline.is_contiguous():
        # Other layouts, dtypes and older files and versions: mapped by PyTorch.
        tensor, _ = _load(torch, name, path, key, map_location="cpu", mmap=True)
        return ArraySource(name, tensor, origin, [path])
    offset, checksum = placed
    offset += outline.storage_offset() * outline.element_size()
    bfloat16 = outline.dtype == torch.bfloat16
    shape = tuple(outline.shape)
    source = RawSource(
        name, path, offset, shape, np.dtype(dtype), bfloat16=bfloat16, checksum=checksum
    )
    source.origin = origin
    return source


def _load(torch: Any, name: str, path: Path, key: str | None, **options: Any) -> Any:
    """Return the tensor, and the name it was chosen by."""
    with opening(name, path, _WHAT):
        # Weights only: no code of the file is run.
        with warnings.catch_warnings():
            # What it suspects of a file that it then refuses is said by the refusal.
            warnings.simplefilter("ignore")
            loaded = torch.load(path, weights_only=True, **options)
        if isinstance(loaded, dict):
            tensors = {str(k): v for k, v in loaded.items() if isinstance(v, torch.Tensor)}
            loaded = tensors[choose(name, path, key, list(tensors))]
        elif key is not None:
            msg = f"`{name}` must be given without a name: {path} is a single tensor, got {key!r}"
            raise ValueError(msg)
        if not isinstance(loaded, torch.Tensor):
            msg = f"`{name}` must be a tensor, got {type(loaded).__name__} in {path}"
            raise ValueError(msg)
        return loaded, key


def _raw(path: Path, info: zipfile.ZipInfo) -> bytes:
    """Return a stored member as it is: zipfile would compare checksums that some files lack."""
    with path.open("rb") as file:
        file.seek(data_offset(path, info))
        return file.read(info.file_size)


def _check_outline(path: Path) -> None:
    """Compare the checksums of what says where tensors are; PyTorch does not."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            # Files written without checksums have zeros for them.
            small = info.filename.endswith(("/data.pkl", "/byteorder", "/version"))
            if small and info.CRC and zlib.crc32(_raw(path, info)) != info.CRC:
                raise ValueError(f"the checksum of {info.filename} is wrong: the file is damaged")


def _place_of(path: Path, outline: Any) -> tuple[int, Checksum | None] | None:
    """Where a tensor's storage begins and its checksum; None where the file does not say."""
    if outline.is_sparse or outline.is_quantized or not zipfile.is_zipfile(path):
        return None
    begin = getattr(outline.untyped_storage(), "_checkpoint_offset", None)
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        orders = [_raw(path, info) for info in members if info.filename.endswith("/byteorder")]
        # No two members begin at one place; those without checksums have zeros for them.
        found = [
            info
            for info in members
            if info.compress_type == zipfile.ZIP_STORED and data_offset(path, info) == begin
        ]
    if begin is None or not found or orders not in ([], [b"little"]):
        return None
    size, crc = found[0].file_size, found[0].CRC
    return begin, Checksum(begin, size, crc) if crc else None
