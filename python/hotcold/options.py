"""What can be chosen: the options of each visualizer, every one declared in this file alone.

`MapOptions` are those of the map before it is painted, whoever paints it; each kind of picture adds
its own. A new option of the map is a field of `MapOptions`, with its type in `hotcold.keywords`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hotcold import _core, _validate, files
from hotcold.colormaps import lookup_table
from hotcold.declared import Options, again, declare, none_is, one_of, option, optional
from hotcold.scale import Scale
from hotcold.sheet import Tiler

if TYPE_CHECKING:
    from hotcold.colormaps import ColormapLike
    from hotcold.plan import ImageNorm, Norm

DIM_ORDERS = ("channels_first", "channels_last")
NONFINITE = ("raise", "zero", "transparent")
CHANNEL_ORDERS = ("rgb", "bgr")
# Means and standard deviations of R, G and B by name: torchvision's, those of OpenAI's CLIP and of
# the Inception networks.
IMAGE_NORMS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    "inception": ((0.5,), (0.5,)),
}
COMBINE = ("mean", "sum", "sum_abs", "max_abs", "norm")
UPSAMPLE = ("nearest", "bilinear", "bicubic")
# By name: a colour, or what the core calls it.
BACKGROUNDS: dict[str, str | tuple[float, float, float]] = {
    "black": (0.0, 0.0, 0.0),
    "white": (1.0, 1.0, 1.0),
    "gray": (0.5, 0.5, 0.5),
    "blur": "blur",
    "checker": "checker",
    "transparent": "transparent",
}
THRESHOLD_BY = ("quantile", "mass", "max")
OPACITY = ("constant", "map", "threshold")
SCALES = ("item", "shared")
SIGN = ("all", "positive", "negative", "absolute")


def default_cmap(normalization_type: str, sign: str = "all") -> str:
    """Return the colormap for a mode: hotcold for signed limits and centred modes, else hot.

    Values of one sign are hot whatever the mode, and cold where they are the negative ones.
    """
    if sign != "all":
        return "cold" if sign == "negative" else "hot"
    signed = _core.normalization_traits(normalization_type)["is_signed"]
    return "hotcold" if signed else "hot"


def _blur(name: str, value: Any) -> Any:
    pair = _validate.sigma(name, value)
    return pair[0] if pair[0] == pair[1] else pair


def _sigma(blur: Any) -> tuple[float, float]:
    """Return a checked blur as (y, x)."""
    return blur if isinstance(blur, tuple) else (blur, blur)


def _scale(name: str, value: Any) -> str | Scale:
    if isinstance(value, Scale):
        return value
    if not isinstance(value, str):
        what = ", ".join(repr(word) for word in SCALES)
        msg = (
            f"`{name}` must be {what} or a hotcold.Scale, got {type(value).__name__}; "
            "hotcold.measure makes one, hotcold.Scale.load reads one"
        )
        raise TypeError(msg)
    return _validate.one_of(name, value, SCALES)


def _clip_quantile(name: str, value: Any) -> float | tuple[float, float]:
    if isinstance(value, tuple | list):
        return _validate.fractions(name, value)
    return _validate.fraction(name, value)


def threshold_rule(threshold: float | str, threshold_by: str) -> tuple[str, float]:
    """Return the core's name of a rule of thresholds, and its number."""
    return ("otsu", 0.0) if isinstance(threshold, str) else (threshold_by, threshold)


def background_row(background: Any) -> str | tuple[float, float, float]:
    """Return a checked background as the plan has it, a colour or a word."""
    return BACKGROUNDS[background] if isinstance(background, str) else background


def _background(name: str, value: Any) -> Any:
    return _validate.background(name, value, BACKGROUNDS)


def _contours(name: str, value: Any) -> float | str | tuple[float | str, ...]:
    if not isinstance(value, tuple | list):
        return _validate.threshold(name, value)
    if not value:
        msg = f"`{name}` must hold at least one threshold, got {value!r}; None draws none"
        raise ValueError(msg)
    return tuple(_validate.threshold(name, one) for one in value)


_WHITE = "white"  # known without matplotlib


def _line_color(name: str, value: Any) -> Any:
    rgb(name, value)
    return value


def rgb(name: str, color: Any) -> tuple[float, float, float]:
    """Return the red, green and blue of a matplotlib colour, in [0, 1]."""
    if isinstance(color, str) and color == _WHITE:
        return 1.0, 1.0, 1.0
    from matplotlib.colors import to_rgba

    try:
        *color_of, alpha = to_rgba(color)
    except ValueError:
        msg = f"`{name}` must be a colour of matplotlib such as 'red' or '#ff8800', got {color!r}"
        raise ValueError(msg) from None
    if alpha < 1:
        msg = f"`{name}` must be opaque, got {color!r}"
        raise ValueError(msg)
    return color_of[0], color_of[1], color_of[2]


def _cmap(name: str, value: Any) -> Any:
    lookup_table(value)
    return value


def _tiler(name: str, value: Any) -> Tiler:
    if not isinstance(value, Tiler):
        msg = f"`{name}` must be a hotcold.Tiler or None, got {type(value).__name__}"
        raise TypeError(msg)
    return value


def _n_threads(name: str, value: Any) -> Any:
    _validate.n_threads(value)
    return value


def _at_least_one(name: str, value: Any) -> int:
    return _validate.whole(name, value, 1)


def _image_norm(name: str, value: Any) -> Any:
    """Return a known name, or the checked means and deviations of one or three colours."""
    return _validate.image_norm(name, value, IMAGE_NORMS)


def _norm_of_colors(value: Any) -> Norm | None:
    """Return a checked image_norm as the plan takes it: for three colours."""
    if value is None:
        return None
    mean, std = IMAGE_NORMS[value] if isinstance(value, str) else value
    return mean * (3 // len(mean)), std * (3 // len(std))


def _as_it_is(value: Any) -> Any:
    return value


@declare
class DrawingOptions(Options):
    """How every visualizer takes its arguments and gives its results."""

    dim_order: str = option(
        "channels_first",
        lambda _, value: _validate.dim_order(value),
        '{"channels_first", "channels_last"}',
        "Where the channel axis of the arguments is.",
        command=DIM_ORDERS,
        help="Where the channel axis is.",
        per_call=False,
    )
    tiler: Tiler | None = option(
        None,
        optional(_tiler),
        "Tiler",
        "The grid for sheets; None: as near to a square as `Tiler` makes it.",
        per_call=False,
        in_picture=False,
    )
    nonfinite: str = option(
        "raise",
        one_of(*NONFINITE),
        '{"raise", "zero", "transparent"}',
        "What NaN, infinity and masked values of the attributions are: an error, or missing. Then "
        "they set no scale, count as 0 in a blur, and are drawn in the colour of zero, or not at "
        "all: a heat map leaves the image there, a plain map has alpha 0 (and so four channels), a "
        "mask masks them. In images they are read as 0 and set no scale.",
        command=NONFINITE,
        help="NaN and infinity are an error, drawn as 0, or left out.",
        row=("nonfinite", _as_it_is),
        per_call=False,
    )
    n_threads: int | None = option(
        None,
        optional(_n_threads),
        "int >= 1",
        "None: the CPUs this process may use, or ``HOTCOLD_NUM_THREADS``. Changes no bit.",
        per_call=False,
        in_picture=False,
    )
    compression: str = option(
        "default",
        one_of(*files.COMPRESSIONS),
        '{"default", "fast", "small"}',
        "Of PNG, TIFF and lossless WebP files that a call writes; the pixels are the same. "
        '``"fast"`` spends less time for larger files, of PNG one or two per cent, ``"small"`` '
        "many times as much for the smallest.",
        per_call=False,
        in_picture=False,
    )
    quality: int | None = option(
        None,
        optional(files.quality),
        "int, 1 to 100",
        "Of JPEG and WebP files that a call writes. None: 95 for JPEG, and lossless WebP.",
        per_call=False,
        in_picture=False,
    )
    channel_order: str = option(
        "rgb",
        one_of(*CHANNEL_ORDERS),
        '{"rgb", "bgr"}',
        "The order of `x`'s colours; pictures and values come in RGB order. Alpha is the last in "
        "both, and the attributions keep the order of `x`.",
        command=CHANNEL_ORDERS,
        help="the order of the images' colours.",
        row=("channel_order", _as_it_is),
    )
    image_range: tuple[float, float] | None = option(
        None,
        optional(_validate.value_range),
        "(float, float)",
        "Image values drawn as black and white, 0 and 1. None: 0 to 255 for uint8, else each "
        "item's own minimum and maximum, so that hues survive.",
        command="pair",
        help="image values drawn as black and white.",
        row=("image_range", _as_it_is),
        per_call=False,
    )
    image_norm: ImageNorm | None = option(
        None,
        optional(_image_norm),
        '(mean, std), "imagenet", "clip" or "inception"',
        "How `x` was normalised for the model; the picture's is ``clip(x * std + mean, 0, 1)``. "
        "Either is a number or one for each of R, G and B. Not beside `image_range`.",
        command="norm",
        help="how images were normalised: imagenet, clip, inception, or means/deviations such as "
        "0.5,0.4,0.4/0.2,0.2,0.2.",
        row=("image_norm", _norm_of_colors),
    )


@declare
class MapOptions(DrawingOptions):
    """Everything that happens to a map before it is painted, in the order of the steps.

    A kind of picture that leaves no choice declares the field `again` with ``init=False``.
    """

    combine_channels: bool = option(
        False,
        _validate.flag,
        "bool",
        "Take the mean over the channels first (the axis is kept).",
        command="flag",
        help="take the mean over the channels first.",
    )
    combine: str | None = option(
        None,
        optional(one_of(*COMBINE)),
        '{"mean", "sum", "sum_abs", "max_abs", "norm"}',
        "How the channels become one: their mean, sum, sum of magnitudes, the value of largest "
        "magnitude with its sign (of equals the first), or their L2 norm. A value implies "
        "combining. None: the mean, where channels are combined.",
        command=COMBINE,
        help="how channels become one; implies combining them.",
    )
    upsample: str | None = option(
        None,
        optional(one_of(*UPSAMPLE)),
        '{"nearest", "bilinear", "bicubic"}',
        "Maps with fewer rows or columns than the image, such as class activation maps, are "
        "enlarged to its size before the blur. None: such maps are a `ValueError`.",
        command=UPSAMPLE,
        help="bring smaller maps to the image's size.",
        row=("upsample", lambda value: value or "none"),
    )
    blur: float | tuple[float, float] = option(
        0.0,
        _blur,
        "float or (float, float)",
        "Standard deviation of a Gaussian blur (y, x).",
        unit="pixels",
        command="pixels",
        help="Gaussian blur (sigma), one number or Y,X.",
        row=("sigma", _sigma),
    )
    positive_only: bool = option(
        False,
        _validate.flag,
        "bool",
        "Negative attributions count as 0, so no pixel of non-positive attribution is unmasked.",
        command="flag",
        help="negative attributions count as 0.",
    )
    sign: str | None = option(
        None,
        optional(one_of(*SIGN)),
        '{"all", "positive", "negative", "absolute"}',
        "Which values v of the map count, after the blur: all, ``max(v, 0)``, ``max(-v, 0)`` or "
        "``|v|``. Maps of one sign are drawn from 0 up, by default in the mode ``magnitude_max``. "
        "None: all.",
        command=SIGN,
        help="which values count, after the blur.",
    )
    clip_quantile: float | tuple[float, float] | None = option(
        None,
        optional(_clip_quantile),
        "float or (float, float)",
        "Outliers of an item are clipped, over all channels it has left, after the sign is taken: "
        "values v to [-t, t] with ``t = numpy.quantile(abs(v), q)``, or to the quantiles "
        "``(low, high)`` of v themselves. Where that would leave a single number, as in a map that "
        "is mostly 0, nothing is clipped. None: nothing is.",
        command="fractions",
        help="clip outliers to a quantile of the magnitudes, or to two of the values.",
    )
    clip_mass: float | None = option(
        None,
        optional(_validate.fraction),
        "float",
        "Outliers are clipped to [-t, t], with t the magnitude at which the sum of the magnitudes, "
        "smallest first, reaches this fraction of all of it: 0.98 is ``outlier_perc=2`` of Captum. "
        "Not beside `clip_quantile`. None: nothing is clipped.",
        command="number",
        help="clip outliers to the magnitude where this fraction of the sum is reached.",
    )
    normalization_type: str | None = option(
        None,
        optional(lambda _, value: _validate.normalization_type(value)),
        "str",
        "One of `hotcold.NORMALIZATION_TYPES`. None: ``unsigned_max`` for one channel, "
        "``unsigned_max_positive_centered`` for several; ``magnitude_max`` with a `sign`.",
        command=_core.NORMALIZATION_TYPES,
        help="how values are scaled.",
        row=("normalization_type", _as_it_is),
    )

    scale: str | Scale | None = option(
        None,
        optional(_scale),
        '{"item", "shared"} or Scale',
        "Whose values the mode and clipping go by: each item's own; those of all items together, "
        "of a call's or of a whole data set in `hotcold.render_files`; or those that "
        "`hotcold.measure` found. Values beyond are drawn as the ends. The modes with ``sum`` keep "
        "each item's sum and share the limits of the colours. None: each item's.",
        command="scale",
        help="the values that scale a map: its own (item), all of the data set (shared), or those "
        "of a file that `hotcold scale` wrote.",
    )
    threshold: float | str = option(
        0.9,
        none_is(0.9, _validate.threshold),
        'float in [0, 1] or "otsu"',
        'Above it are the regions of `boxes`; higher keeps less. ``"otsu"`` is scikit-image\'s '
        "``threshold_otsu(map, 256)``.",
        command="threshold",
        help="what separates high from low, for masks and boxes, or otsu.",
    )
    threshold_by: str = option(
        "quantile",
        none_is("quantile", one_of(*THRESHOLD_BY)),
        '{"quantile", "mass", "max"}',
        "What a threshold t keeps: values above ``numpy.quantile(map, t)``; the fewest largest "
        "that hold ``1 - t`` of the positive sum, ties included; or values above ``t`` times the "
        "largest.",
        command=THRESHOLD_BY,
        help="what a threshold is a share of.",
    )
    contours: float | str | tuple[float | str, ...] | None = option(
        None,
        optional(_contours),
        'float in [0, 1], "otsu", or a tuple of them',
        "Lines over the picture, around what these thresholds keep of the map (after its sign is "
        "taken and outliers are clipped): each is the region without its erosion by a cross, for "
        "width 1 ``skimage.segmentation.find_boundaries(mode='inner', connectivity=1)``. For maps "
        "of one channel. None: no lines.",
        command="thresholds",
        help="lines around what a threshold keeps, or several: numbers or otsu.",
    )
    contour_color: Any = option(
        _WHITE,
        none_is(_WHITE, _line_color),
        "matplotlib colour",
        "Of the lines.",
        command="text",
        help="of the contours.",
        row=("contour_color", lambda value: rgb("contour_color", value)),
    )
    contour_width: int = option(
        1,
        none_is(1, _at_least_one),
        "int >= 1",
        "Of the lines, which lie inside of what they surround.",
        unit="pixels",
        command="whole",
        help="of the contours, pixels.",
        row=("contour_width", _as_it_is),
    )
    boxes: int | None = option(
        None,
        optional(_at_least_one),
        "int >= 1",
        "Frames around the strongest connected regions above `threshold`, so many of them, as "
        "`hotcold.boxes` finds them. For maps of one channel. None: no frames.",
        command="whole",
        help="frames around so many of the strongest regions.",
        row=("boxes", lambda value: value or 0),
    )
    box_color: Any = option(
        _WHITE,
        none_is(_WHITE, _line_color),
        "matplotlib colour",
        "Of the frames.",
        command="text",
        help="of the frames.",
        row=("box_color", lambda value: rgb("box_color", value)),
    )
    box_width: int = option(
        2,
        none_is(2, _at_least_one),
        "int >= 1",
        "Of the frames, which lie inside of their boxes.",
        unit="pixels",
        command="whole",
        help="of the frames, pixels.",
        row=("box_width", _as_it_is),
    )

    @property
    def reduction(self) -> str:
        """How the channels of an item are reduced, ``"none"`` where they are kept."""
        return self.combine or ("mean" if self.combine_channels else "none")

    @property
    def sign_taken(self) -> str:
        """Which values count: `sign`, or what `positive_only` says."""
        return self.sign or ("positive" if self.positive_only else "all")

    @property
    def clip(self) -> tuple[str, float, float] | None:
        """How outliers are found: by which rule, and the fractions between which there are none."""
        if self.clip_mass is not None:
            return "mass", 0.0, self.clip_mass
        if isinstance(self.clip_quantile, tuple):
            return "quantiles", *self.clip_quantile
        return None if self.clip_quantile is None else ("quantile", 0.0, self.clip_quantile)

    @property
    def has_lines(self) -> bool:
        """Whether lines are drawn over the picture, for which maps need one channel."""
        return self.contours is not None or self.boxes is not None

    @property
    def threshold_rows(self) -> dict[str, Any]:
        """What the plan takes of thresholds: the core's names of rules, and their numbers."""
        by, t = threshold_rule(self.threshold, self.threshold_by)
        contours = self.contours
        if contours is None:
            contours = ()
        elif not isinstance(contours, tuple):
            contours = (contours,)
        lines = tuple(threshold_rule(one, self.threshold_by) for one in contours)
        return {"threshold_by": by, "threshold": t, "contours": lines}

    def mode(self, of_all: str) -> str:
        """Return the normalization, or its default: `of_all` where values of both signs count."""
        default = of_all if self.sign_taken == "all" else "magnitude_max"
        return self.normalization_type or default

    def agree(self, given: Mapping[str, Any]) -> None:
        """Refuse to combine and not to combine, two signs, ways to clip, or scales of images."""
        if self.combine is not None and given.get("combine_channels") is False:
            msg = f"`combine_channels` must not be False beside combine={self.combine!r}"
            raise ValueError(msg)
        if self.clip_quantile is not None and self.clip_mass is not None:
            if "clip_quantile" in given and "clip_mass" in given:
                msg = (
                    f"`clip_mass` must be None beside clip_quantile={self.clip_quantile!r}, got "
                    f"{self.clip_mass!r}: clip by one of them"
                )
                raise ValueError(msg)
            # A call's rule takes the place of the constructor's.
            vars(self)["clip_mass" if "clip_quantile" in given else "clip_quantile"] = None
        self._refuse_idle_thresholds(given)
        self._refuse_idle_scale(given)
        if self.image_norm is not None and self.image_range is not None:
            msg = (
                f"`image_norm` must be None beside image_range={self.image_range!r}: either says "
                f"which values of `x` are black and white, got {self.image_norm!r}"
            )
            raise ValueError(msg)
        asked = given.get("positive_only")
        if self.sign is not None and asked is not None and asked != (self.sign == "positive"):
            msg = (
                f"`positive_only` must not be {asked} beside sign={self.sign!r}: leave it out, "
                "`sign` alone decides"
            )
            raise ValueError(msg)

    @property
    def shares_scale(self) -> bool:
        """Whether maps are scaled by other values than their own."""
        return self.scale is not None and self.scale != "item"

    def _refuse_idle_scale(self, given: Mapping[str, Any]) -> None:
        """Refuse a scale where nothing goes by it."""

    @property
    def has_threshold(self) -> bool:
        """Whether something goes by `threshold`."""
        return self.boxes is not None

    def _refuse_idle_thresholds(self, given: Mapping[str, Any]) -> None:
        """Refuse what says something of a threshold where none is used."""
        if "threshold" in given and not self.has_threshold:
            msg = (
                f"`threshold` must be left out without `boxes`, got {self.threshold!r}: there is "
                "nothing else that it decides about; contours take theirs themselves, and masks "
                "are drawn by hotcold.MaskVisualizer (--visualizer mask)"
            )
            raise ValueError(msg)
        if "threshold_by" in given and not (self.has_lines or self.has_threshold):
            msg = (
                "`threshold_by` must be left out without `contours` and `boxes`, got "
                f"{self.threshold_by!r}: there is no threshold"
            )
            raise ValueError(msg)


@declare
class ColorOptions(MapOptions):
    """Options of the visualizers whose colours stand for values."""

    limits: tuple[float, float] | None = option(
        None,
        optional(_validate.value_range),
        "(float, float)",
        "Attributions at both ends of the colours, the same for all items; those beyond are drawn "
        "as the ends. Implies ``unnormalized``, and is an error beside another mode. None: the "
        "mode's own, which `limits()` tells.",
        command="pair",
        help="attributions at both ends of the colours; implies unnormalized.",
        row=("limits", _as_it_is),
    )

    def mode(self, of_all: str) -> str:
        """Return the normalization, or its default; limits are those of the map as it is."""
        return super().mode(of_all) if self.limits is None else "unnormalized"

    def agree(self, given: Mapping[str, Any]) -> None:
        """Refuse limits of the map as it is beside a mode that changes it."""
        super().agree(given)
        if self.limits is not None and self.normalization_type not in (None, "unnormalized"):
            msg = (
                f"`normalization_type` must be None or 'unnormalized' beside "
                f"limits={self.limits!r}, got {self.normalization_type!r}: limits are attributions"
            )
            raise ValueError(msg)

    def _refuse_idle_scale(self, given: Mapping[str, Any]) -> None:
        """Refuse a scale beside limits, which are one already."""
        if self.limits is not None and self.shares_scale:
            msg = (
                f"`scale` must be None beside limits={self.limits!r}, which are the same for all "
                f"items, got {self.scale!r}"
            )
            raise ValueError(msg)


@declare
class PlainOptions(ColorOptions):
    """Options of `Visualizer`."""

    channel_order: str = again(DrawingOptions, "channel_order", init=False)
    image_range: tuple[float, float] | None = again(DrawingOptions, "image_range", init=False)
    image_norm: ImageNorm | None = again(DrawingOptions, "image_norm", init=False)
    upsample: str | None = again(MapOptions, "upsample", init=False)
    positive_only: bool = again(MapOptions, "positive_only", init=False)
    cmap: ColormapLike | None = option(
        None,
        optional(_cmap),
        "str or matplotlib Colormap",
        "None: ``hotcold`` for modes with a sign, ``hot`` for ``magnitude_*``, ``01`` and maps of "
        "one `sign`, ``cold`` for the negative one, none for unnormalized uint8 images of one "
        "channel, which are shown grey as they are.",
        command="text",
        help="a matplotlib colormap.",
    )


@declare
class HeatmapOptions(ColorOptions):
    """Options of `HeatmapVisualizer`."""

    combine_channels: bool = again(MapOptions, "combine_channels", True, init=False)
    positive_only: bool = again(MapOptions, "positive_only", init=False)
    blur: float | tuple[float, float] = again(MapOptions, "blur", 10.0)
    normalization_type: str | None = again(
        MapOptions,
        "normalization_type",
        text="One of `hotcold.NORMALIZATION_TYPES`. None: ``unsigned_max``; ``magnitude_max`` with "
        "a `sign`.",
    )
    cmap: ColormapLike | None = again(
        PlainOptions, "cmap", "jet", text="None: as `Visualizer` chooses for the mode."
    )
    overlay_opacity: float = option(
        0.5,
        _validate.fraction,
        "float in [0, 1]",
        "How much of the heat map is seen; 1 hides the image.",
        command="number",
        help="how much of the heat map is seen, 0 to 1.",
        row=("overlay_opacity", _as_it_is),
    )
    opacity: str = option(
        "constant",
        one_of(*OPACITY),
        '{"constant", "map", "threshold"}',
        "`overlay_opacity` everywhere; or times ``clip((s - low) / (high - low), 0, 1)`` with "
        "(low, high) = `opacity_range` and s a value's magnitude as a fraction of its limits, so "
        "that the image is left as it is where the map says nothing; or where the map is above "
        "`threshold`, and the image alone elsewhere.",
        command=OPACITY,
        help="the same everywhere, as the map's values, or above the threshold alone.",
        row=("opacity", lambda value: "threshold" if value == "threshold" else "constant"),
    )
    opacity_range: tuple[float, float] = option(
        (0.0, 1.0),
        _validate.fractions,
        "(float, float)",
        'With ``opacity="map"``: two rising fractions of the limits, up to which nothing and from '
        "which on all of `overlay_opacity` is seen.",
        command="pair",
        help="fractions of the limits between which the opacity rises, with --opacity map.",
    )
    grayscale: bool = option(
        False,
        _validate.flag,
        "bool",
        "Draw the image in grey, with the weights of ``skimage.color.rgb2gray``, so that all "
        "colours are the map's.",
        command="flag",
        help="draw the image in grey.",
        row=("grayscale", _as_it_is),
    )

    @property
    def has_threshold(self) -> bool:
        """Whether something goes by `threshold`: boxes, or the opacity."""
        return super().has_threshold or self.opacity == "threshold"

    def agree(self, given: Mapping[str, Any]) -> None:
        """Refuse the range of an opacity that has none."""
        super().agree(given)
        if "opacity_range" in given and self.opacity != "map":
            msg = (
                f"`opacity_range` must be left out beside opacity={self.opacity!r}, got "
                f'{self.opacity_range!r}; it is for opacity="map"'
            )
            raise ValueError(msg)


@declare
class MaskOptions(MapOptions):
    """Options of `MaskVisualizer`."""

    combine_channels: bool = again(
        MapOptions,
        "combine_channels",
        True,
        text="Take the mean over the channels first; otherwise the attributions must have `x`'s "
        "channels.",
    )
    blur: float | tuple[float, float] = again(MapOptions, "blur", 5.0)
    positive_only: bool = again(MapOptions, "positive_only", True)
    sign: str | None = again(
        MapOptions,
        "sign",
        text="Which values v of the map count, after the blur: all, ``max(v, 0)``, ``max(-v, 0)`` "
        "or ``|v|``. None: as `positive_only` says.",
    )
    normalization_type: str | None = again(MapOptions, "normalization_type", "01", init=False)
    threshold: float | str = again(
        MapOptions,
        "threshold",
        0.5,
        text="Quantile of the item that separates masked from unmasked, or what `threshold_by` "
        'makes of the number; higher leaves less. ``"otsu"`` is scikit-image\'s '
        "``threshold_otsu(map, 256)``. The regions of `boxes` are above it too.",
    )
    masked_opacity: float = option(
        0.2,
        _validate.fraction,
        "float in [0, 1]",
        "What is left of masked pixels.",
        command="number",
        help="what is left of masked pixels.",
        row=("masked_opacity", _as_it_is),
    )
    use_attr_as_opacity: bool = option(
        False,
        _validate.flag,
        "bool",
        "The normalized map is the opacity; `threshold` and `masked_opacity` are not used.",
        command="flag",
        help="the map itself is the opacity.",
        row=("opacity", lambda value: "map" if value else "threshold"),
    )
    invert: bool = option(
        False,
        _validate.flag,
        "bool",
        "Mask what would be left, and leave what would be masked: opacities are swapped, a map as "
        "opacity is taken from 1. Missing values are masked all the same.",
        command="flag",
        help="mask what would be left.",
        row=("invert", _as_it_is),
    )
    background: str | tuple[float, float, float] = option(
        "black",
        none_is("black", _background),
        '{"black", "white", "gray", "blur", "checker", "transparent"} or (float, float, float)',
        "What is seen where the image is not: ``opacity * x01 + (1 - opacity) * background``. Gray "
        "is 0.5; blur is ``gaussian_blur(x01, background_blur)``; checker is squares of 8 pixels, "
        "0.6 and 0.8; a colour is red, green and blue in [0, 1]. Transparent: the picture is RGBA, "
        "its alpha the opacity. An image with alpha is transparent where it is masked, and takes "
        "no other background.",
        command="color",
        help="what is seen where the image is not: a name, or R,G,B in [0, 1].",
        row=("background", background_row),
    )
    background_blur: float | tuple[float, float] = option(
        10.0,
        none_is(10.0, _blur),
        "float or (float, float)",
        'Standard deviation (y, x) of the blur of ``background="blur"``.',
        unit="pixels",
        command="pixels",
        help="of --background blur (sigma), one number or Y,X.",
        row=("background_sigma", _sigma),
    )

    def agree(self, given: Mapping[str, Any]) -> None:
        """Refuse a blur of another background."""
        super().agree(given)
        if "background_blur" in given and self.background != "blur":
            msg = (
                f"`background_blur` must be left out beside background={self.background!r}, got "
                f'{self.background_blur!r}; it is for background="blur"'
            )
            raise ValueError(msg)

    def _refuse_idle_scale(self, given: Mapping[str, Any]) -> None:
        """Refuse a scale for a threshold, which goes by each item's own values."""
        if "scale" in given and self.shares_scale and self.clip is None:
            if not self.use_attr_as_opacity:
                msg = (
                    f"`scale` must be left out, got {self.scale!r}: a threshold goes by the values "
                    "of each item; a scale is for use_attr_as_opacity=True or clipped outliers"
                )
                raise ValueError(msg)

    def _refuse_idle_thresholds(self, given: Mapping[str, Any]) -> None:
        """Refuse a rule for the threshold where there is no number that it could be about."""
        if "threshold_by" not in given or self.has_lines:
            return
        rule = f"`threshold_by` must be left out, got {self.threshold_by!r}"
        if self.use_attr_as_opacity:
            msg = f"{rule}: with use_attr_as_opacity there is no threshold"
            raise ValueError(msg)
        if isinstance(self.threshold, str):
            msg = f"{rule}: threshold={self.threshold!r} finds its limit alone; or give a number"
            raise ValueError(msg)


@declare
class ChannelMaskOptions(MaskOptions):
    """Options of `ChannelMaskVisualizer`, in whose constructor None means off."""

    upsample: str | None = again(MapOptions, "upsample", init=False)
    blur: Any = again(
        MapOptions,
        "blur",
        None,
        check=none_is(0.0, _blur),
        text="Standard deviation of a Gaussian blur (y, x) of the attributions; None: no blur.",
    )
    use_attr_as_opacity: Any = again(
        MaskOptions,
        "use_attr_as_opacity",
        None,
        check=none_is(False, _validate.flag),
        text="The normalized map is the opacity; None: off.",
        per_call=False,
    )
    positive_only: Any = again(
        MaskOptions,
        "positive_only",
        None,
        check=none_is(False, _validate.flag),
        text="Negative attributions count as 0; None: off.",
        per_call=False,
    )
    batch_size: int | None = option(
        None,
        optional(_at_least_one),
        "int >= 1",
        "The most items in one forward pass, which bounds memory; None: all.",
        per_call=False,
        in_picture=False,
    )
