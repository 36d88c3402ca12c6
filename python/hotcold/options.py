"""What can be chosen: the settings of each visualizer and the one description the core takes.

Defaults live here alone. A settings object is checked when it is made, so whoever holds one holds
valid settings; `RenderSpec` is what any visualizer's settings come down to.
"""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from hotcold import _core, _validate
from hotcold.colormaps import LookupTable, lookup_table

if TYPE_CHECKING:
    from hotcold.colormaps import ColormapLike

S = TypeVar("S")

NONFINITE = ("raise", "zero")
UPSAMPLE = ("bilinear",)

# Modes whose values have a sign, shown by distance from zero; see default_cmap().
_SIGNED = frozenset(
    {
        "unsigned_max",
        "unsigned_max_positive_centered",
        "signed_max",
        "signed_max_positive_centered",
        "signed_sum",
        "unnormalized",
    }
)


def default_cmap(normalization_type: str) -> str:
    """Return the colormap for a mode: hotcold for signed limits and centred modes, else hot."""
    return "hotcold" if normalization_type in _SIGNED else "hot"


def override(settings: S, **changes: Any) -> S:
    """Return `settings` with every change that is not None applied and checked."""
    given = {name: value for name, value in changes.items() if value is not None}
    return dataclasses.replace(settings, **given) if given else settings  # type: ignore[type-var]


def _set(settings: object, **checked: Any) -> None:
    """Store checked values in a frozen dataclass that is being made."""
    for name, value in checked.items():
        object.__setattr__(settings, name, value)


def _blur(value: Any) -> Any:
    pair = _validate.sigma("blur", value)
    return pair[0] if pair[0] == pair[1] else pair


def _check_cmap(cmap: ColormapLike | None) -> None:
    if cmap is not None:
        lookup_table(cmap)


@dataclass(frozen=True)
class PlainSettings:
    """Settings of `Visualizer`."""

    combine_channels: bool = False
    normalization_type: str | None = None
    blur: float | tuple[float, float] = 0.0
    cmap: ColormapLike | None = None

    def __post_init__(self) -> None:
        if self.normalization_type is not None:
            _validate.normalization_type(self.normalization_type)
        _check_cmap(self.cmap)
        _set(
            self,
            combine_channels=_validate.flag("combine_channels", self.combine_channels),
            blur=_blur(self.blur),
        )


@dataclass(frozen=True)
class HeatmapSettings:
    """Settings of `HeatmapVisualizer`."""

    overlay_opacity: float = 0.5
    normalization_type: str | None = None
    blur: float | tuple[float, float] = 10.0
    cmap: ColormapLike | None = "jet"

    def __post_init__(self) -> None:
        if self.normalization_type is not None:
            _validate.normalization_type(self.normalization_type)
        _check_cmap(self.cmap)
        _set(
            self,
            overlay_opacity=_validate.fraction("overlay_opacity", self.overlay_opacity),
            blur=_blur(self.blur),
        )


@dataclass(frozen=True)
class MaskSettings:
    """Settings of `MaskVisualizer`."""

    blur: float | tuple[float, float] = 5.0
    threshold: float = 0.5
    masked_opacity: float = 0.2
    combine_channels: bool = True
    use_attr_as_opacity: bool = False
    positive_only: bool = True

    def __post_init__(self) -> None:
        flags = ("combine_channels", "use_attr_as_opacity", "positive_only")
        _set(
            self,
            blur=_blur(self.blur),
            threshold=_validate.fraction("threshold", self.threshold),
            masked_opacity=_validate.fraction("masked_opacity", self.masked_opacity),
            **{name: _validate.flag(name, getattr(self, name)) for name in flags},
        )


def channel_settings(
    blur: float | tuple[float, float] | None,
    threshold: float,
    masked_opacity: float,
    combine_channels: bool,
    use_attr_as_opacity: bool | None,
    positive_only: bool | None,
) -> MaskSettings:
    """Return the settings of `ChannelMaskVisualizer`, in whose constructor None means off."""
    return MaskSettings(
        0.0 if blur is None else blur,
        threshold,
        masked_opacity,
        combine_channels,
        False if use_attr_as_opacity is None else use_attr_as_opacity,
        False if positive_only is None else positive_only,
    )


@dataclass(frozen=True)
class RenderSpec:
    """A picture's recipe, in the order of its steps (`RenderPlan` in kernels/render/render.hpp).

    Members that a step does not use are ignored by the core. New kinds of reduction, sign, limits,
    paint or opacity are new names here and new enumerators there.
    """

    reduction: str = "none"  # none | mean
    upsample: str = "none"  # none | bilinear: maps to the image's size
    sigma: tuple[float, float] = (0.0, 0.0)  # (y, x), pixels
    sign: str = "all"  # all | positive
    normalization_type: str = "unsigned_max"
    paint: str = "table"  # table | channels | overlay | mask
    limits: tuple[float, float] | None = None  # None: the mode's own
    table: LookupTable | None = None
    overlay_opacity: float = 0.5
    opacity: str = "percentile"  # percentile | map
    threshold: float = 0.5
    masked_opacity: float = 0.2
    image_range: tuple[float, float] | None = None  # None: each item's own
    zero_nonfinite: bool = False


@functools.lru_cache(maxsize=128)
def compile_plan(spec: RenderSpec) -> _core.RenderPlan:
    """Return the core's form of `spec`, made once per distinct spec."""
    fields = {field.name: getattr(spec, field.name) for field in dataclasses.fields(spec)}
    if spec.table is not None:
        fields["table"] = spec.table.rgba
    return _core.RenderPlan(**fields)
