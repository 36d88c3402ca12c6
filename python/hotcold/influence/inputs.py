"""What may be given to `attributions`, and how it is cut into batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from hotcold import _validate
from hotcold.influence.protocols import FloatArray


def split_inputs(x: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the attributed input and the others: a tuple is several inputs, a list is data."""
    if not isinstance(x, tuple):
        return x, ()
    if not x:
        raise ValueError("`x` must not be an empty tuple; a tuple holds the model's inputs")
    return x[0], x[1:]


def check_batch(x: npt.NDArray[Any]) -> None:
    """Raise unless `x` is a batch of finite real numbers with at least one item."""
    check_real(x, "x")
    if x.ndim == 0:
        raise ValueError("`x` must have a batch axis, got a single number")
    if x.size == 0:
        raise ValueError(f"`x` must not be empty, got shape {x.shape}")
    _validate.finite(nonfinite_item(x, "x"))


def check_real(array: npt.NDArray[Any], name: str) -> None:
    """Raise unless the array holds real numbers."""
    if array.dtype.kind not in "biuf":
        raise TypeError(_validate.not_real(name, array.dtype))


def nonfinite_item(batch: npt.NDArray[Any], name: str) -> tuple[str, int, int] | None:
    """Return (name, item, count) of the first item that holds NaN or infinity."""
    for i, item in enumerate(batch):  # item by item, so that a memory map is not copied whole
        bad = item.size - int(np.count_nonzero(np.isfinite(item)))
        if bad:
            return name, i, bad
    return None


def float_dtype(array: npt.NDArray[Any]) -> np.dtype[np.floating[Any]]:
    """Return float64 for float64 input and float32 otherwise."""
    return np.dtype(np.float64 if array.dtype == np.float64 else np.float32)


def as_float(array: npt.NDArray[Any]) -> FloatArray:
    """Return a contiguous copy in `float_dtype`."""
    return np.array(array, dtype=float_dtype(array), order="C")


def batches(n_items: int, batch_size: int | None) -> Iterator[slice]:
    """Yield the slices of at most `batch_size` items that cover `n_items`."""
    step = n_items if batch_size is None else batch_size
    for start in range(0, n_items, step):
        yield slice(start, min(start + step, n_items))


def take_items(others: tuple[Any, ...], items: slice, n_items: int) -> tuple[Any, ...]:
    """Return the other inputs of some items: what has `n_items` along axis 0 is sliced."""
    if items == slice(0, n_items):
        return others
    return tuple(other[items] if _has_items(other, n_items) else other for other in others)


def _has_items(other: Any, n_items: int) -> bool:
    shape = getattr(other, "shape", None)
    return shape is not None and len(shape) > 0 and shape[0] == n_items
