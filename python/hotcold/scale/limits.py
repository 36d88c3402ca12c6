"""The attributions that the ends of the colours stand for, item by item."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hotcold import _core
from hotcold.plan import RenderSpec

Ends = NDArray[np.float64]  # (N, 2)


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
    as_they_are = dataclasses.replace(spec, normalization_type="unnormalized", limits=None)
    ends = np.nan_to_num(extents(as_they_are))
    if mode == "unnormalized":
        low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
        ends[:] = spec.limits or spec.extent_limits((low, high))
        return ends
    if mode.endswith("_sum"):
        whole = np.nan_to_num(extents(dataclasses.replace(spec, limits=None)))
        return _limits_of_sums(spec, ends, whole)
    if spec.extremes is not None:
        ends[:] = spec.extremes
    return _limits_of_extremes(spec, ends)


def _limits_of_extremes(spec: RenderSpec, ends: Ends) -> Ends:
    """Return the limits of maps between `ends` in a mode that goes by them."""
    mode = spec.normalization_type
    if mode == "01":
        return ends
    low, high = np.minimum(ends[:, 0], 0.0), np.maximum(ends[:, 1], 0.0)
    if not mode.startswith("signed"):
        high = np.maximum(high, -low)
        low = -high
    if _core.extent_limits(mode, None, spec.sign != "all")[0] == 0.0 and "centered" not in mode:
        low = np.zeros_like(high)
    return np.stack([low + 0.0, high], axis=1)


def _limits_of_sums(spec: RenderSpec, ends: Ends, whole: Ends) -> Ends:
    """Return the limits of maps between `ends` which, divided by their sums, lie in `whole`."""
    limits = np.array([spec.limits or spec.extent_limits((low, high)) for low, high in whole])
    if spec.normalization_type == "magnitude_sum":
        ends = np.stack([ends[:, 0], np.maximum(ends[:, 1], -ends[:, 0])], axis=1)
    # A value is its part of a sum: of the positive values, or of the negative ones.
    sums = np.divide(ends, whole, out=np.zeros_like(ends), where=whole != 0)
    return limits * sums + 0.0
