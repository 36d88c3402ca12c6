"""``.safetensors`` files: a JSON header, then the numbers as they are in memory.

Read here rather than through the safetensors package: that one maps the file (see `raw`), and its
numpy side does not know bfloat16, which most published tensors are stored in.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from hotcold.offline.input.base import IndexedSource
from hotcold.offline.input.formats.keys import choose
from hotcold.offline.input.raw import RawSource
from hotcold.offline.input.remote import AnyPath

_MAX_HEADER = 100 << 20  # the format's own limit
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "?",
}


def open_safetensors(name: str, path: AnyPath, key: str | None) -> IndexedSource:
    """Open one tensor of a file without reading its data."""
    begin, entries = _read_header(name, path)
    entry = entries[choose(name, path, key, list(entries))]
    try:
        kind = entry["dtype"]
        shape = tuple(int(length) for length in entry["shape"])
        start, stop = (int(offset) for offset in entry["data_offsets"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(_not_one(name, path, f"a broken entry ({error})")) from error
    if kind not in _DTYPES:
        msg = f"`{name}` must have one of the dtypes {', '.join(_DTYPES)}, got {kind} in {path}"
        raise ValueError(msg)
    dtype = np.dtype(_DTYPES[kind])
    n_bytes = math.prod(shape) * dtype.itemsize
    if start < 0 or min(shape, default=0) < 0 or stop - start != n_bytes:
        raise ValueError(_not_one(name, path, "an entry whose size is not that of its shape"))
    return RawSource(name, path, begin + start, shape, dtype, bfloat16=kind == "BF16")


def tensor_names(path: AnyPath) -> list[str]:
    """Return the names of the tensors in a file."""
    return list(_read_header("file", path)[1])


def _read_header(name: str, path: AnyPath) -> tuple[int, dict[str, Any]]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(_MAX_HEADER, path.stat().st_size):
            raise ValueError(_not_one(name, path, "no header"))
        try:
            entries = json.loads(file.read(length))
        except ValueError as error:
            raise ValueError(_not_one(name, path, "a broken header")) from error
    if not isinstance(entries, dict):
        raise ValueError(_not_one(name, path, "a broken header"))
    entries.pop("__metadata__", None)
    return 8 + length, entries


def _not_one(name: str, path: AnyPath, found: str) -> str:
    return f"`{name}` must be a safetensors file, got {found} in {path}"
