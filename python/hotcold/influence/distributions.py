"""Distributions of interest: the inputs at which the gradient is taken and averaged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from hotcold import _validate
from hotcold.influence.inputs import check_real
from hotcold.influence.protocols import FloatArray, ToNumpy


@dataclass(frozen=True)
class PointDoi:
    """The gradient at x itself (saliency; gradient times input when multiplied).

    Examples
    --------
    >>> PointDoi()
    PointDoi()
    """

    def baseline_of(self, x: FloatArray, to_numpy: ToNumpy) -> FloatArray:
        """Return zeros: the activation that multiplies the gradient is x itself."""
        return np.broadcast_to(x.dtype.type(0), x.shape)

    def points(self, x: FloatArray, baseline: FloatArray) -> Iterator[FloatArray]:
        """Yield a copy of x."""
        yield x.copy()


@dataclass(frozen=True, eq=False)
class LinearDoi:
    """The mean gradient on the straight line from a baseline to x (integrated gradients).

    Parameters
    ----------
    baseline : None, number or array, default None
        The input that stands for "nothing there", in the units of x. `None` is zeros; an array
        (or tensor) is broadcast to the shape of x by numpy's rules, so one image (C, H, W) serves
        a whole batch and (N, C, H, W) gives each item its own.
    resolution : int, default 10
        Number of points, at least 1. Work grows with it; memory does not.

    Raises
    ------
    TypeError
        If `resolution` is no integer, or `baseline` does not hold real numbers.
    ValueError
        If `resolution` is below 1, or `baseline` is not finite or, in the call, does not fit x.

    Notes
    -----
    The points are the midpoints of `resolution` equal parts of the line,
    `baseline + (i + 1/2) / resolution * (x - baseline)`, and all weigh the same. By this rule the
    error of the integral falls with the square of `resolution` where the network is smooth; a plain
    mean that takes in both ends has an error that only falls with its first power. Multiplied by
    `x - baseline`, the attributions of an item therefore sum to `q(x) - q(baseline)` closely: the
    completeness of integrated gradients (Sundararajan, Taly and Yan 2017, proposition 1).

    Examples
    --------
    >>> LinearDoi(baseline=0.5, resolution=32)
    LinearDoi(baseline=0.5, resolution=32)
    """

    baseline: Any = None
    resolution: int = 10

    def __post_init__(self) -> None:
        _validate.whole("resolution", self.resolution, 1)

    def __repr__(self) -> str:
        shape = getattr(self.baseline, "shape", None)
        baseline = f"<array of shape {tuple(shape)}>" if shape else repr(self.baseline)
        return f"LinearDoi(baseline={baseline}, resolution={self.resolution})"

    def baseline_of(self, x: FloatArray, to_numpy: ToNumpy) -> FloatArray:
        """Return the baseline as a view of the shape and dtype of x."""
        if self.baseline is None:
            return np.broadcast_to(x.dtype.type(0), x.shape)
        baseline = to_numpy(self.baseline)
        check_real(baseline, "baseline")
        bad = baseline.size - np.count_nonzero(np.isfinite(baseline))
        if bad:
            raise ValueError(_validate.not_finite_values("baseline", int(bad)))
        try:
            return np.broadcast_to(baseline.astype(x.dtype), x.shape)
        except ValueError:
            raise ValueError(
                f"`baseline` of shape {baseline.shape} must broadcast to the shape of x, {x.shape}"
            ) from None

    def points(self, x: FloatArray, baseline: FloatArray) -> Iterator[FloatArray]:
        """Yield the midpoints, from the baseline to x."""
        difference = x - baseline
        for i in range(self.resolution):
            yield baseline + x.dtype.type((i + 0.5) / self.resolution) * difference
