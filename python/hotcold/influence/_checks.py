"""What may be given to `attributions`, and how it is cut into batches."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

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
    for i in range(x.shape[0]):  # item by item, so that a memory map is not copied whole
        check_finite(x[i], f"x[{i}]")


def check_real(array: npt.NDArray[Any], name: str) -> None:
    """Raise unless the array holds real numbers."""
    if array.dtype.kind not in "biuf":
        raise TypeError(f"`{name}` must hold real numbers, got dtype {array.dtype}")


def check_finite(array: npt.NDArray[Any], name: str) -> None:
    """Raise if the array holds NaN or infinity."""
    bad = array.size - np.count_nonzero(np.isfinite(array))
    if bad:
        raise ValueError(f"`{name}` holds {bad} non-finite values")


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


def check_batch_size(batch_size: Any) -> int | None:
    """Return `batch_size` as an int of at least 1, or None."""
    if batch_size is None:
        return None
    try:
        size = operator.index(batch_size)
    except TypeError:
        size = None
    if size is None or isinstance(batch_size, bool):
        raise TypeError(f"`batch_size` must be an integer or None, got {type(batch_size).__name__}")
    if size < 1:
        raise ValueError(f"`batch_size` must be >= 1, got {size}")
    return size


def take_items(others: tuple[Any, ...], items: slice, n_items: int) -> tuple[Any, ...]:
    """Return the other inputs of some items: what has `n_items` along axis 0 is sliced."""
    if items == slice(0, n_items):
        return others
    return tuple(other[items] if _has_items(other, n_items) else other for other in others)


def _has_items(other: Any, n_items: int) -> bool:
    shape = getattr(other, "shape", None)
    return shape is not None and len(shape) > 0 and shape[0] == n_items
