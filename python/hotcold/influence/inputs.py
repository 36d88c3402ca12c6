"""What may be given to `attributions`, and how it is cut into batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hotcold import _validate
from hotcold.influence.cuts import InputCut
from hotcold.influence.protocols import FloatArray
from hotcold.influence.values import Arguments, Path, follow, leaves, mapped

FIRST: Path = (0,)


def arguments_of(x: Any) -> Arguments:
    """Return what the model is called with: a tuple is several inputs, a dict names them."""
    if isinstance(x, Arguments):
        return x
    if isinstance(x, Mapping):
        given = Arguments((), dict(x))
        wrong = [key for key in given.kwargs if not isinstance(key, str)]
        if wrong:
            raise TypeError(
                f"`x` as a dict must name the model's inputs, got the key {wrong[0]!r}; a model "
                "that takes a dict gets it as a tuple of one, (x,)"
            )
    else:
        given = Arguments(x if isinstance(x, tuple) else (x,), {})
    if not given.values():
        raise ValueError(
            f"`x` must not be an empty {type(x).__name__}; it holds the model's inputs"
        )
    return given


def path_of(start: InputCut) -> Path:
    """Return the way to the attributed input."""
    if start.name is None:
        return FIRST
    return start.name if isinstance(start.name, tuple) else (start.name,)


def attributed_of(given: Arguments, path: Path) -> Any:
    """Return the input that is attributed."""
    return follow(given, path, "`x`")


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


def count_items(given: Arguments) -> int:
    """Return the length of the first axis of the first input that has one."""
    for leaf in leaves(given.values()):
        shape = getattr(leaf, "shape", None)
        if shape is not None and len(shape) > 0:
            if 0 in tuple(shape):
                raise ValueError(f"`x` must not be empty, got shape {tuple(shape)}")
            return int(shape[0])
    raise ValueError("`x` must hold an array or tensor with a batch axis")


def take_items(given: Arguments, items: slice, n_items: int) -> Arguments:
    """Return the inputs of some items: what has `n_items` along axis 0 is sliced."""
    if items == slice(0, n_items):
        return given

    def take(leaf: Any) -> Any:
        shape = getattr(leaf, "shape", None)
        has_items = shape is not None and len(shape) > 0 and shape[0] == n_items
        return leaf[items] if has_items else leaf

    return Arguments(mapped(given.args, take), mapped(dict(given.kwargs), take))
