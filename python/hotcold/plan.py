"""What the core is told: the one description that any visualizer's options come down to."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from hotcold import _core
from hotcold._once import once
from hotcold.colormaps import LookupTable

# The means and standard deviations that R, G and B were normalised with.
Norm = tuple[tuple[float, ...], tuple[float, ...]]
# What users give for them: numbers of all colours or of each, or the name of known ones.
ImageNorm = str | tuple[float | Sequence[float], float | Sequence[float]]


@dataclass(frozen=True)
class RenderSpec:
    """A picture's recipe, in the order of its steps; see `RenderPlan` of the core.

    One row each; those that a picture does not use are ignored by the core. A new kind of
    reduction, sign, limits, paint or opacity is a new name here and a new enumerator there.
    """

    reduction: str = "none"  # none | mean | sum | sum_abs | max_abs | norm
    upsample: str = "none"  # none | nearest | bilinear | bicubic: maps to the image's size
    sigma: tuple[float, float] = (0.0, 0.0)  # (y, x), pixels
    sign: str = "all"  # all | positive | negative | absolute
    clip: tuple[str, float, float] | None = None  # (quantile | quantiles | mass, low, high)
    normalization_type: str = "unsigned_max"
    extremes: tuple[float, float] | None = None  # of all maps that share a scale
    paint: str = "table"  # table | channels | overlay | mask
    limits: tuple[float, float] | None = None  # None: the mode's own
    table: LookupTable | None = None
    overlay_opacity: float = 1.0
    opacity: str = "threshold"  # threshold | map | constant
    threshold_by: str = "quantile"  # quantile | mass | max | otsu
    threshold: float = 0.0
    masked_opacity: float = 0.0
    invert: bool = False
    # A colour, or checker | blur | transparent.
    background: str | tuple[float, float, float] = (0.0, 0.0, 0.0)
    background_sigma: tuple[float, float] = (0.0, 0.0)  # (y, x), pixels
    contours: tuple[tuple[str, float], ...] = ()  # a rule as for threshold_by, and its number
    contour_color: tuple[float, float, float] = (1.0, 1.0, 1.0)
    contour_width: int = 1
    boxes: int = 0
    box_color: tuple[float, float, float] = (1.0, 1.0, 1.0)
    box_width: int = 1
    channel_order: str = "rgb"  # rgb | bgr: of the image
    image_range: tuple[float, float] | None = None  # None: each item's own
    image_norm: Norm | None = None  # of R, G and B, in place of a range
    grayscale: bool = False  # of the image
    nonfinite: str = "raise"  # raise | zero | transparent

    @classmethod
    def of(cls, *groups: Mapping[str, Any]) -> RenderSpec:
        """Return the recipe of these rows; of rows that are given twice, the later.

        The constructor of a frozen class sets one field after the other, which would be a quarter
        of a small render.
        """
        spec = object.__new__(cls)
        rows = vars(spec)
        rows.update(_DEFAULTS)
        for group in groups:
            rows.update(group)
        if len(rows) != len(_DEFAULTS):
            msg = f"a plan has no rows {sorted(rows.keys() - _DEFAULTS.keys())}"
            raise TypeError(msg)
        return spec

    @once
    def plan(self) -> _core.RenderPlan:
        """Return the core's form, made once for all equal recipes among the last ones."""
        large = self.table is not None and len(self.table.rgba) > _MOST_SMALL_ENTRIES
        return _compile_large(self) if large else _compile(self)

    def __getstate__(self) -> dict[str, Any]:
        return {name: vars(self)[name] for name in _DEFAULTS}

    def extent_limits(self, extent: tuple[float, float] | None) -> tuple[float, float]:
        """Return the colour limits, unless given, for normalized values between two numbers."""
        return _core.extent_limits(self.normalization_type, extent, self.sign != "all")


_DEFAULTS = {field.name: field.default for field in fields(RenderSpec)}


def _compile_once(spec: RenderSpec) -> _core.RenderPlan:
    fields = {name: getattr(spec, name) for name in _DEFAULTS}
    if spec.table is not None:
        fields["table"] = spec.table.rgba
    return _core.RenderPlan(**fields)


# A plan takes some 70 bytes for each entry of its table: 4.5 MiB for 65,536.
_MOST_SMALL_ENTRIES = 4096
_compile = functools.lru_cache(maxsize=128)(_compile_once)
_compile_large = functools.lru_cache(maxsize=4)(_compile_once)
