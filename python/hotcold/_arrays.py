"""Whatever users hold, as a numpy array that the core reads without a copy.

The one place that knows tensors of other libraries, and the one place that knows ``dim_order``:
behind it every batch is a view with axes (item, channel, row, column).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from hotcold import _core, _validate

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[Any]"
DimOrder: TypeAlias = Literal["channels_first", "channels_last"]

_REAL_KINDS = "biuf"

# Below, the system's allocator does not go to the system either.
_FEWEST_KEPT_BYTES = 1 << 16

# Numbers that numpy itself does not know: the names of the types of ml_dtypes, as JAX uses them.
_NARROW_NUMBERS = ("bfloat", "float", "int", "uint")


def as_batch(value: Any, name: str, dim_order: str) -> Array:
    """Return `value` as a 4-D view with axes (item, channel, row, column).

    Parameters
    ----------
    value : array-like or tensor
        Anything `numpy.asarray` takes, or an object with ``__dlpack__`` or ``__array__``.
    name : str
        The argument's name in messages.
    dim_order : {"channels_first", "channels_last"}
        Where the channel axis of `value` is.

    Returns
    -------
    ndarray
        A view where possible; a copy only of byte-swapped, unaligned, bfloat16 or device memory.

    Raises
    ------
    TypeError
        The values are not real numbers.
    ValueError
        Not 4-D, an empty axis, or an unknown `dim_order`.
    """
    array = value if type(value) is np.ndarray else as_numpy(value, name)
    array = _readable(array, name)
    _validate.batch_shape(array.shape, name, dim_order)
    return to_channels_first(array, dim_order)


def with_channel_axis(value: Any, x: Any, dim_order: str) -> Any:
    """Return maps (N, H, W) with a channel axis, where images (N, C, H, W) say that they need one.

    Anything else comes back as it is.
    """
    shape: Any = getattr(value, "shape", ())
    if len(shape) != 3:
        return value
    images: Any = getattr(x, "shape", ())
    if len(images) != 4 or shape[0] != images[0]:
        return value
    array = value if isinstance(value, np.ndarray) else as_numpy(value, "attributions")
    return array[:, None] if dim_order == "channels_first" else array[..., None]


def one_for_all(image: Array, n_items: int) -> Array:
    """View a batch of one image as `n_items` of the same memory; other batches as they are."""
    if len(image) != 1 or n_items == 1:
        return image
    return np.broadcast_to(image, (n_items, *image.shape[1:]))


def to_channels_first(array: Array, dim_order: str) -> Array:
    """View a batch in `dim_order` as (item, channel, row, column)."""
    return array if dim_order == "channels_first" else array.transpose(0, 3, 1, 2)


def from_channels_first(array: Array, dim_order: str) -> Array:
    """View a batch of axes (item, channel, row, column) in `dim_order`."""
    return array if dim_order == "channels_first" else array.transpose(0, 2, 3, 1)


def new_array(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Allocate a C-contiguous array for a result.

    Memory of results that nobody holds any more is used again, up to 32 MiB of it: fresh memory
    costs a page fault for every 4 KiB. Small arrays are numpy's own, which keeps memory for them;
    so are the largest.
    """
    n_bytes = math.prod(shape) * dtype.itemsize
    if _FEWEST_KEPT_BYTES <= n_bytes <= _core.MOST_KEPT_BYTES:
        return _core.empty_array(shape, dtype)
    return np.empty(shape, dtype)


def empty_batch(
    shape: tuple[int, int, int, int], dtype: np.dtype[Any], dim_order: str
) -> tuple[Array, Array]:
    """Allocate a C-contiguous batch in `dim_order` for a (N, C, H, W) `shape`.

    Returns
    -------
    batch : ndarray
        In `dim_order`, for the caller's caller.
    view : ndarray, shape `shape`
        The same memory as the core wants it.
    """
    if dim_order == "channels_first":
        batch = new_array(shape, dtype)
        return batch, batch
    n, c, h, w = shape
    batch = new_array((n, h, w, c), dtype)
    return batch, batch.transpose(0, 3, 1, 2)


def result_dtype(*arrays: Array) -> np.dtype[Any]:
    """Return float64 when any array is float64, else float32."""
    double = any(array.dtype == np.float64 for array in arrays)
    return np.dtype(np.float64 if double else np.float32)


def is_narrow(dtype: np.dtype[Any]) -> bool:
    """Whether these are numbers that numpy does not know: bfloat16 and those of 8 bits or fewer."""
    return dtype.kind == "V" and dtype.name.startswith(_NARROW_NUMBERS)


def as_numpy(value: Any, name: str) -> Array:
    """Return `value` as a numpy array, from whatever library it comes.

    Masked values become NaN, in float64 for float64 and in float32 for everything else.
    """
    if isinstance(value, np.ma.MaskedArray):
        return _from_masked(value, name)
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        return _from_tensor(value, name)
    if isinstance(value, list | tuple) and any(
        hasattr(item, "detach") or isinstance(item, np.ma.MaskedArray) for item in value
    ):
        items = [as_numpy(item, name) for item in value]
        _validate.same_shapes([item.shape for item in items], name)
        return np.stack(items)
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return _from_dlpack(value, name)
    try:
        return np.asarray(value)
    except TypeError:
        # Arrays on a device refuse an implicit copy to the host through __array__.
        if hasattr(value, "__dlpack__"):
            return _from_dlpack(value, name)
        raise
    except ValueError as error:
        if isinstance(value, list | tuple) and all(hasattr(item, "shape") for item in value):
            _validate.same_shapes([item.shape for item in value], name)
        msg = f"`{name}` must be a regular array: {error}"
        raise ValueError(msg) from error


def masked_as_zero(value: Any) -> Any:
    """Return a masked array of bytes or truth values with 0 where it is masked; else `value`.

    For images, whose missing numbers are read as 0: such images keep the range of their type.
    """
    if isinstance(value, np.ma.MaskedArray) and value.dtype in (np.uint8, np.bool_):
        return value.filled(0)
    return value


def _from_masked(value: Any, name: str) -> Array:
    mask = value.mask
    if value.dtype.kind not in _REAL_KINDS:
        raise TypeError(_validate.not_real(name, value.dtype))
    if not mask.any():
        return np.asarray(value.data)
    dtype = np.float64 if value.dtype == np.float64 else np.float32
    with np.errstate(over="ignore"):  # as _readable()
        filled: Array = value.data.astype(dtype)
    filled[mask] = math.nan
    return filled


def _from_tensor(tensor: Any, name: str) -> Array:
    """Torch-like tensors: requires grad, any device, dtypes that numpy does not know."""
    if tensor.is_complex():  # before .float() below, which drops the imaginary part
        raise TypeError(_validate.not_real(name, tensor.dtype))
    host = tensor.detach().cpu()
    for lazy in ("resolve_conj", "resolve_neg"):
        if hasattr(host, lazy):
            host = getattr(host, lazy)()
    try:
        return np.asarray(host.numpy())
    except TypeError:
        return np.asarray(host.float().numpy())  # bfloat16 and the 8-bit floats


def _from_dlpack(value: Any, name: str) -> Array:
    refusals = (BufferError, RuntimeError, TypeError, ValueError)
    try:
        return np.from_dlpack(value)
    except refusals:
        pass
    try:
        return np.from_dlpack(_HostCopy(value))
    except refusals as error:
        msg = (
            f"`{name}` cannot be read through __dlpack__ ({error}); "
            "convert it to a numpy array of float32 first"
        )
        raise TypeError(msg) from error


class _HostCopy:
    """Asks the owner of memory on a device for a copy that the host can read.

    As ``numpy.from_dlpack(value, device="cpu", copy=True)`` does from numpy 2.1 on.
    """

    def __init__(self, value: Any) -> None:
        self._value = value

    def __dlpack__(self, *, max_version: Any = None, **_: Any) -> Any:
        options = {} if max_version is None else {"max_version": max_version}
        return self._value.__dlpack__(dl_device=self.__dlpack_device__(), copy=True, **options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)  # kDLCPU


def _readable(array: Array, name: str) -> Array:
    """Real, native, aligned: what the core reads where it lies."""
    dtype = array.dtype
    if dtype.kind not in _REAL_KINDS:
        if is_narrow(dtype):
            return array.astype(np.float32)
        raise TypeError(_validate.not_real(name, dtype))
    if dtype.itemsize > 8:  # extended precision
        with np.errstate(over="ignore"):  # what does not fit is reported as infinite, with its item
            return array.astype(np.float64)
    if not dtype.isnative:
        return array.astype(dtype.newbyteorder("="))
    return array if array.flags.aligned else array.copy()
