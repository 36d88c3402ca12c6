"""The kernels as functions: check, allocate, call the core."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hotcold import _core, _validate
from hotcold._arrays import Array, as_batch, empty_batch, result_dtype

__all__ = [
    "NORMALIZATION_TYPES",
    "gaussian_blur",
    "grid_shape",
    "normalize",
    "percentile_mask",
    "tile",
]

NORMALIZATION_TYPES: tuple[str, ...] = _core.NORMALIZATION_TYPES


def gaussian_blur(
    a: Any,
    sigma: float | tuple[float, float],
    *,
    accuracy: str = "exact",
    dim_order: str = "channels_first",
    n_threads: int | None = None,
) -> Array:
    """Blur every channel of every item with a Gaussian over its two spatial axes.

    Parameters
    ----------
    a : array-like or tensor, shape (N, C, H, W) or (N, H, W, C)
        Any real dtype, any strides; never modified.
    sigma : float or (float, float), pixels, >= 0
        Standard deviation, or a pair (y, x). 0 leaves an axis alone. May exceed the image.
    accuracy : {"exact", "fast"}, default "exact"
        "exact" is within 2e-6 (float32; 1e-12 in float64) of the definition below for input in
        [-1, 1]; "fast" within 2e-4, at a cost that does not grow with `sigma`.
    dim_order : {"channels_first", "channels_last"}
        Where the channel axis of `a` is.
    n_threads : int >= 1, optional
        None: the CPUs this process may use, or ``HOTCOLD_NUM_THREADS``. Changes no bit.

    Returns
    -------
    ndarray, shape of `a`
        New, C-contiguous; float64 for float64 input, else float32.

    Raises
    ------
    ValueError
        `a` not 4-D, empty or not finite; `sigma` negative or not finite; an unknown name.
    TypeError
        `a` complex, object or string.

    Notes
    -----
    The definition is ``scipy.ndimage.gaussian_filter(channel, sigma, mode="reflect",
    truncate=4.0)`` in float64: weights exp(-k^2 / (2 sigma^2)) for abs k <= int(4 sigma + 0.5),
    normalised to sum 1, the border reflected as (d c b a | a b c d | d c b a).

    Examples
    --------
    >>> import numpy as np, hotcold
    >>> a = np.zeros((1, 1, 5, 5), np.float32)
    >>> a[0, 0, 2, 2] = 1
    >>> hotcold.gaussian_blur(a, 0.5)[0, 0, 2].round(3)
    array([0.   , 0.084, 0.619, 0.084, 0.   ], dtype=float32)
    """
    batch = as_batch(a, "a", dim_order)
    sigma_y, sigma_x = _validate.sigma("sigma", sigma)
    fast = _validate.one_of("accuracy", accuracy, ("exact", "fast")) == "fast"
    threads = _validate.n_threads(n_threads)
    result, out = empty_batch(batch.shape, result_dtype(batch), dim_order)
    _report("a", _core.gaussian_blur(batch, sigma_y, sigma_x, fast, out, threads))
    return result


def normalize(
    a: Any,
    normalization_type: str,
    *,
    dim_order: str = "channels_first",
    n_threads: int | None = None,
) -> Array:
    """Normalize every item of a batch on its own.

    Parameters
    ----------
    a : array-like or tensor, shape (N, C, H, W) or (N, H, W, C)
        Any real dtype, any strides; never modified.
    normalization_type : str
        One of `NORMALIZATION_TYPES`, see Notes.
    dim_order : {"channels_first", "channels_last"}
        Where the channel axis of `a` is.
    n_threads : int >= 1, optional
        None: the CPUs this process may use, or ``HOTCOLD_NUM_THREADS``. Changes no bit.

    Returns
    -------
    ndarray, shape of `a`
        New, C-contiguous; float64 for float64 input, else float32.

    Raises
    ------
    ValueError
        `a` not 4-D, empty or not finite; an unknown `normalization_type` or `dim_order`.
    TypeError
        `a` complex, object or string.

    Notes
    -----
    ``max`` modes and ``01`` measure the whole item; ``sum`` modes each channel of each item.

    ================================== ========================================= ================
    name                               result                                    range
    ================================== ========================================= ================
    ``unsigned_max``                   a / max abs a                             [-1, 1]
    ``unsigned_max_positive_centered`` the above / 2 + 0.5                       [0, 1]
    ``magnitude_max``                  abs a / max abs a                         [0, 1]
    ``magnitude_sum``                  abs a / sum abs a                         sums to 1
    ``signed_max``                     positives / max, negatives / abs min      [-1, 1]
    ``signed_max_positive_centered``   the above / 2 + 0.5                       [0, 1]
    ``signed_sum``                     positives / their sum, negatives / theirs sums to 1 and -1
    ``01``                             (a - min) / (max - min)                   [0, 1]
    ``unnormalized``                   a                                         as given
    ================================== ========================================= ================

    A zero denominator gives 0 (0.5 where centred); there is no epsilon, so a map of 1e-30 comes
    out like a map of 1.

    Examples
    --------
    >>> import numpy as np, hotcold
    >>> a = np.array([-4.0, 2, 0, 8]).reshape(1, 1, 2, 2)
    >>> hotcold.normalize(a, "signed_max").ravel()
    array([-1.  ,  0.25,  0.  ,  1.  ])
    """
    batch = as_batch(a, "a", dim_order)
    mode = _validate.normalization_type(normalization_type)
    threads = _validate.n_threads(n_threads)
    result, out = empty_batch(batch.shape, result_dtype(batch), dim_order)
    _report("a", _core.normalize(batch, mode, out, threads))
    return result


def percentile_mask(
    a: Any, threshold: float, masked_opacity: float = 0.2, *, n_threads: int | None = None
) -> Array:
    """Mark the values of every item that lie above its percentile.

    Parameters
    ----------
    a : array-like or tensor, 4-D, items on the first axis
        Any real dtype, any strides; the order of the other axes does not matter.
    threshold : float in [0, 1]
        Quantile over all values of an item; 0.5 is the median.
    masked_opacity : float in [0, 1], default 0.2
        What values at or below the percentile become.
    n_threads : int >= 1, optional
        None: the CPUs this process may use, or ``HOTCOLD_NUM_THREADS``. Changes no bit.

    Returns
    -------
    ndarray, shape of `a`
        1 where ``item > p``, else `masked_opacity`; float64 for float64 input, else float32.

    Raises
    ------
    ValueError
        `a` not 4-D, empty or not finite; `threshold` or `masked_opacity` outside [0, 1].
    TypeError
        `a` complex, object or string.

    Notes
    -----
    ``p = numpy.percentile(item, 100 * threshold)`` with linear interpolation.

    Examples
    --------
    >>> import numpy as np, hotcold
    >>> a = np.arange(4.0).reshape(1, 1, 2, 2)
    >>> hotcold.percentile_mask(a, 0.5)
    array([[[[0.2, 0.2],
             [1. , 1. ]]]])
    """
    batch = as_batch(a, "a", "channels_first")
    quantile = _validate.fraction("threshold", threshold)
    masked = _validate.fraction("masked_opacity", masked_opacity)
    threads = _validate.n_threads(n_threads)
    result, out = empty_batch(batch.shape, result_dtype(batch), "channels_first")
    _report("a", _core.percentile_mask(batch, quantile, masked, out, threads))
    return result


def tile(
    a: Any,
    *,
    rows: int | None = None,
    cols: int | None = None,
    padding: int = 0,
    fill: float = 0,
    dim_order: str = "channels_first",
) -> Array:
    """Lay the items of a batch out on a grid, row by row.

    Parameters
    ----------
    a : array-like or tensor, shape (N, C, H, W) or (N, H, W, C)
        Any real dtype, any strides, any values; never modified.
    rows, cols : int >= 1, optional
        The grid. Giving one derives the other; by default ``rows = int(sqrt(N))`` and
        ``cols = ceil(N / rows)``.
    padding : int >= 0, pixels
        Between cells, not around the outside.
    fill : float
        The value of unused cells and padding; must be representable in `a`'s dtype.
    dim_order : {"channels_first", "channels_last"}
        Where the channel axis of `a` is.

    Returns
    -------
    ndarray, shape (H', W') for one channel, else (H', W', C)
        New, C-contiguous, `a`'s dtype, channels last whatever the input.

    Raises
    ------
    ValueError
        `a` not 4-D or empty; a grid with fewer cells than items; a `fill` that does not fit.
    TypeError
        `a` complex, object or string.

    Examples
    --------
    >>> import numpy as np, hotcold
    >>> hotcold.tile(np.arange(3).reshape(3, 1, 1, 1), fill=-1, rows=2)
    array([[ 0,  1],
           [ 2, -1]])
    """
    batch = as_batch(a, "a", dim_order)
    n_rows, n_cols = grid_shape(batch.shape[0], rows, cols)
    gap = _validate.whole("padding", padding, 0, _validate.LARGEST_GRID)
    sheet = _core.tile(batch, n_rows, n_cols, gap, _fill_value(fill, batch.dtype))
    return sheet[:, :, 0] if sheet.shape[2] == 1 else sheet


def grid_shape(n_items: int, rows: int | None = None, cols: int | None = None) -> tuple[int, int]:
    """Return the (rows, cols) of a grid that holds `n_items`, see `tile`."""
    if rows is not None:
        rows = _validate.whole("rows", rows, 1, _validate.LARGEST_GRID)
    if cols is not None:
        cols = _validate.whole("cols", cols, 1, _validate.LARGEST_GRID)
    if rows is None:
        rows = math.isqrt(n_items) if cols is None else -(-n_items // cols)
    if cols is None:
        cols = -(-n_items // rows)
    if rows * cols < n_items:
        msg = (
            f"`rows` x `cols` must have room for {n_items} items, got {rows} x {cols} = "
            f"{rows * cols}; leave one of them out to have it derived"
        )
        raise ValueError(msg)
    return rows, cols


def _fill_value(fill: Any, dtype: np.dtype[Any]) -> Array:
    """Return `fill` as a 0-d array of `dtype`, if that holds the same number."""
    rule = f"one number that fits dtype {dtype}"
    if fill is None or isinstance(fill, str | bytes | complex):
        msg = f"`fill` must be {rule}, got {fill!r}"
        raise TypeError(msg)
    try:
        with np.errstate(all="ignore"):
            value = np.asarray(fill).astype(dtype)
        # Floats may round, but neither integers wrap nor floats overflow.
        same = bool(value == fill) if dtype.kind != "f" else _both_finite_or_not(value, fill)
    except (OverflowError, TypeError, ValueError):
        same = False
    if not same:
        msg = f"`fill` must be {rule}, got {fill!r}"
        raise ValueError(msg)
    return value


def _both_finite_or_not(value: Array, fill: Any) -> bool:
    return math.isfinite(value) == math.isfinite(fill)


def _report(name: str, fault: tuple[int, int] | None) -> None:
    if fault is not None:
        _validate.finite((name, *fault))
