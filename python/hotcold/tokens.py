"""Tokens of transformers as maps."""

from __future__ import annotations

import math
from typing import Any

from hotcold import _validate
from hotcold._arrays import Array, as_numpy


def tokens_to_maps(a: Any, *, grid: tuple[int, int] | None = None, skip: int = 1) -> Array:
    """Lay attributions of tokens out as maps, row by row, as patches were cut from the image.

    Parameters
    ----------
    a : array-like or tensor, shape (N, T) or (N, K, T)
        A value for each token, or K of them: heads, layers, features. Features come last in most
        networks, (N, T, K): move them with ``a.swapaxes(1, 2)``, or sum over them.
    grid : (int, int), optional
        Rows and columns of patches. None: a square, where T - skip is one.
    skip : int, default 1
        How many tokens stand in front of the patches: 1 for a class token, 0 for none, more with
        registers.

    Returns
    -------
    ndarray, shape (N, 1, h, w) or (N, K, h, w)
        A view where possible. Visualizers enlarge it to the image with ``upsample="bilinear"``.

    Raises
    ------
    TypeError
        If `a` does not hold real numbers, or `grid` or `skip` is of the wrong kind.
    ValueError
        If `a` has other axes, or T - skip is not what `grid` holds or no square.

    Examples
    --------
    >>> import numpy as np
    >>> import hotcold
    >>> hotcold.tokens_to_maps(np.zeros((2, 197))).shape
    (2, 1, 14, 14)
    >>> hotcold.tokens_to_maps(np.zeros((2, 12, 6)), grid=(2, 3), skip=0).shape
    (2, 12, 2, 3)
    """
    tokens = as_numpy(a, "a")
    if tokens.dtype.kind not in "biuf":
        raise TypeError(_validate.not_real("a", tokens.dtype))
    if tokens.ndim not in (2, 3):
        msg = f"`a` must have shape (N, T) or (N, K, T), got {tokens.shape}"
        raise ValueError(msg)
    skipped = _validate.whole("skip", skip, 0)
    count = tokens.shape[-1] - skipped
    if count < 1:
        msg = f"`skip` must leave at least one token of {tokens.shape[-1]}, got {skipped}"
        raise ValueError(msg)
    rows, columns = _square(count, tokens.shape, skipped) if grid is None else _grid(grid)
    if rows * columns != count:
        msg = (
            f"`grid` must hold the {count} tokens of `a` that are left after skip={skipped}, "
            f"got {rows} x {columns} = {rows * columns}"
        )
        raise ValueError(msg)
    channels = 1 if tokens.ndim == 2 else tokens.shape[1]
    return tokens[..., skipped:].reshape(tokens.shape[0], channels, rows, columns)


def _square(count: int, shape: tuple[int, ...], skip: int) -> tuple[int, int]:
    side = math.isqrt(count)
    if _is_square(count):
        return side, side
    hint = "pass grid=(rows, columns)"
    fits = [n for n in (0, 1, 2, 4, 5) if _is_square(count + skip - n)]
    if fits:
        hint += f", or skip={fits[0]} if that many tokens stand in front"
    if len(shape) == 3 and _is_square(shape[1] - skip):
        hint += "; are these (N, T, K)? a.swapaxes(1, 2) moves the tokens to the end"
    msg = f"`a` of shape {shape} has {count} tokens after skip={skip}, which is no square; {hint}"
    raise ValueError(msg)


def _is_square(count: int) -> bool:
    return count > 0 and math.isqrt(count) ** 2 == count


def _grid(grid: Any) -> tuple[int, int]:
    try:
        rows, columns = grid
    except (TypeError, ValueError):
        msg = f"`grid` must be a pair (rows, columns), got {grid!r}"
        raise TypeError(msg) from None
    return _validate.whole("grid", rows, 1), _validate.whole("grid", columns, 1)
