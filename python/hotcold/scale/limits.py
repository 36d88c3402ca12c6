"""The attributions that the ends of the colours stand for, item by item."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from hotcold import _core
from hotcold.plan import RenderSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

Ends: TypeAlias = "NDArray[np.float64]"  # (N, 2)


def any_nan(ends: Ends) -> bool:
    """Whether any item has no values."""
    return bool(np.isnan(ends).any())


def limits_of(spec: RenderSpec, extents: Callable[[RenderSpec], Ends]) -> Ends:
    """Return the limits of the items that a recipe draws.

    Parameters
    ----------
    spec : RenderSpec
        Their recipe, with what they share.
    extents : callable
        From a recipe to the numbers between which the values of each item lie; NaN where it has
        none.
    """
    mode = spec.normalization_type
    ends = extents(dataclasses.replace(spec, normalization_type="unnormalized", limits=None))
    values = np.full_like(ends, np.nan)
    if mode == "unnormalized":
        ends[:] = np.nan_to_num([ends[:, 0].min(), ends[:, 1].max()])
    elif mode.endswith("_sum"):
        values = extents(dataclasses.replace(spec, limits=None))
    return _core.attribution_limits(spec.plan, np.concatenate([ends, values], axis=1))
