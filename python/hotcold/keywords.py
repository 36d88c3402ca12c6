"""The types of options that are given by keyword alone, as type checkers want them.

`hotcold.options` declares the options; a test holds the names here to its fields. Nothing imports
this module when it runs.
"""

from __future__ import annotations

from typing import Any, TypedDict

from hotcold.plan import ImageNorm
from hotcold.scale import Scale
from hotcold.sheet import Tiler


class DrawingKeywords(TypedDict, total=False):
    """`DrawingOptions` of a visualizer without images, as keywords."""

    dim_order: str
    tiler: Tiler | None
    nonfinite: str
    n_threads: int | None
    compression: str
    quality: int | None


class ImageKeywords(DrawingKeywords, total=False):
    """`DrawingOptions` as keywords."""

    image_range: tuple[float, float] | None


class MapKeywords(TypedDict, total=False):
    """Keyword-only `MapOptions` of every visualizer; a call takes them too."""

    combine: str | None
    sign: str | None
    clip_quantile: float | tuple[float, float] | None
    clip_mass: float | None


class ScaledKeywords(MapKeywords, total=False):
    """Those of every visualizer, which scales its maps; a call takes them too."""

    scale: str | Scale | None


class OverImageKeywords(TypedDict, total=False):
    """Those of the visualizers that draw over images; a call takes them too."""

    channel_order: str | None
    image_norm: ImageNorm | None


class LineKeywords(TypedDict, total=False):
    """Those of lines over a picture; a call takes them too."""

    threshold_by: str | None
    contours: float | str | tuple[float | str, ...] | None
    contour_color: Any
    contour_width: int | None
    boxes: int | None
    box_color: Any
    box_width: int | None


class ColorKeywords(TypedDict, total=False):
    """`ColorOptions` as keywords; a call takes them too."""

    limits: tuple[float, float] | None


class MaskingKeywords(TypedDict, total=False):
    """Those of masks alone; a call takes them too."""

    invert: bool | None
    background: str | tuple[float, float, float] | None
    background_blur: float | tuple[float, float] | None


class PlainCallKeywords(ScaledKeywords, LineKeywords, ColorKeywords, total=False):
    """Keyword-only `PlainOptions` of a call."""

    threshold: float | str | None


class HeatmapCallKeywords(PlainCallKeywords, OverImageKeywords, total=False):
    """Keyword-only `HeatmapOptions` of a call."""

    upsample: str | None
    opacity: str | None
    opacity_range: tuple[float, float] | None
    grayscale: bool | None


class MaskCallKeywords(
    ScaledKeywords, LineKeywords, OverImageKeywords, MaskingKeywords, total=False
):
    """Keyword-only `MaskOptions` of a call."""

    upsample: str | None


class ChannelMaskCallKeywords(
    ScaledKeywords, LineKeywords, OverImageKeywords, MaskingKeywords, total=False
):
    """Keyword-only `ChannelMaskOptions` of a call."""


class BoxesKeywords(MapKeywords, total=False):
    """What `hotcold.boxes` takes of them."""

    blur: float | tuple[float, float]
    dim_order: str
    nonfinite: str
    n_threads: int | None


class AllBoxesKeywords(BoxesKeywords, total=False):
    """Everything that `hotcold.boxes` takes."""

    count: int
    threshold: float | str
    threshold_by: str
    connectivity: int
    by: str
    min_area: int


class PlainKeywords(DrawingKeywords, PlainCallKeywords, total=False):
    """Keyword-only `PlainOptions`."""


class HeatmapKeywords(ImageKeywords, HeatmapCallKeywords, total=False):
    """Keyword-only `HeatmapOptions`."""


class MaskKeywords(ImageKeywords, MaskCallKeywords, total=False):
    """Keyword-only `MaskOptions`."""


class ChannelMaskKeywords(ImageKeywords, ChannelMaskCallKeywords, total=False):
    """Keyword-only `ChannelMaskOptions`."""

    batch_size: int | None
