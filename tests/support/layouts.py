"""The same numbers in every memory layout that callers bring.

`LAYOUTS` maps a name to a function that stores a 4-D array some other way; the values stay equal.
"""

from __future__ import annotations

import numpy as np


def _c_order(a):
    return np.array(a, order="C")


def _fortran_order(a):
    return np.array(a, order="F")


def _channels_last_memory(a):
    return np.array(a.transpose(0, 2, 3, 1), order="C").transpose(0, 3, 1, 2)


def _reversed(a):
    return np.array(a[::-1, ::-1, ::-1, ::-1])[::-1, ::-1, ::-1, ::-1]


def _sliced(a):
    big = np.full([2 * size + 1 for size in a.shape], 7, a.dtype)
    view = big[1::2, 1::2, 1::2, 1::2]
    view[...] = a
    return view


def _window(a):
    """Rows of a larger picture: column stride 1, row stride longer than the row."""
    big = np.full((*a.shape[:2], a.shape[2] + 2, a.shape[3] + 3), 7, a.dtype)
    view = big[:, :, 1:-1, 2:-1]
    view[...] = a
    return view


def _read_only(a):
    copy = np.array(a)
    copy.flags.writeable = False
    return copy


def _unaligned(a):
    raw = np.zeros(a.nbytes + 1, np.uint8)
    view = np.frombuffer(raw.data, np.uint8)[1:].view(a.dtype).reshape(a.shape)
    raw[1:] = np.frombuffer(np.ascontiguousarray(a).tobytes(), np.uint8)
    return view


def _byte_swapped(a):
    return a.astype(a.dtype.newbyteorder())


def _packed_record_field(a):
    """One field of a packed record: strides that are no multiple of the item size."""
    records = np.zeros(len(a), [("flag", "u1"), ("a", a.dtype, a.shape[1:])])
    records["a"] = a
    return records["a"]


LAYOUTS = {
    "c_order": _c_order,
    "fortran_order": _fortran_order,
    "channels_last_memory": _channels_last_memory,
    "reversed": _reversed,
    "sliced": _sliced,
    "window": _window,
    "read_only": _read_only,
    "unaligned": _unaligned,
    "byte_swapped": _byte_swapped,
    "packed_record_field": _packed_record_field,
}


def broadcasts(a):
    """Yield (name, view with a zero stride, the same numbers in memory of their own)."""
    for axis, name in enumerate(("items", "channels", "rows", "columns")):
        first = np.take(a, [0], axis=axis)
        view = np.broadcast_to(first, a.shape)
        yield name, view, np.array(view)
    scalar = np.broadcast_to(a[:1, :1, :1, :1], a.shape)
    yield "everything", scalar, np.array(scalar)
