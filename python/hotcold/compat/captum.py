"""What Captum draws."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hotcold import _validate, drawing
from hotcold._arrays import as_numpy
from hotcold.compat.images import levels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from numpy.typing import NDArray

METHODS = ("heat_map", "blended_heat_map", "original_image", "masked_image", "alpha_scaling")
SIGNS = ("positive", "absolute_value", "negative", "all")
_CMAPS = {"positive": "Greens", "negative": "Reds", "absolute_value": "Blues"}


def visualize_image_attr(
    attr: Any,
    original_image: Any = None,
    method: str = "heat_map",
    sign: str = "absolute_value",
    plt_fig_axis: tuple[Figure, Axes] | None = None,
    outlier_perc: float = 2,
    cmap: str | Colormap | None = None,
    alpha_overlay: float = 0.5,
    show_colorbar: bool = False,
    title: str | None = None,
    fig_size: tuple[float, float] = (6, 6),
    use_pyplot: bool = True,
) -> tuple[Figure, Axes]:
    """Draw the attributions of one image, as `captum.attr.visualization` does.

    Parameters
    ----------
    attr : array-like or tensor, shape (H, W, C) or (H, W)
        Attributions; channels are added up.
    original_image : array-like or tensor, shape (H, W, C), optional
        The image: integers of 0 to 255, or floats of 0 to 1 (of 0 to 255, if any is above 1). One
        channel, also as (H, W), is drawn grey. Needed by every method but ``"heat_map"``.
    method : str, default "heat_map"
        ``"heat_map"``, ``"blended_heat_map"`` (over the grey image), ``"original_image"``,
        ``"masked_image"`` (the image times the map) or ``"alpha_scaling"`` (the map as its alpha).
    sign : str, default "absolute_value"
        ``"positive"``, ``"negative"``, ``"absolute_value"`` or, for heat maps, ``"all"``.
    plt_fig_axis : (Figure, Axes), optional
        Where to draw; None: a new figure of `fig_size`.
    outlier_perc : float in [0, 100], default 2
        The largest magnitudes, which hold this part of the sum of all, are drawn alike.
    cmap : str or matplotlib Colormap, optional
        None: ``Greens``, ``Reds`` and ``Blues`` for the signs, red over white to green for all.
    alpha_overlay : float in [0, 1], default 0.5
        Opacity of a blended heat map.
    show_colorbar : bool, default False
        With a bar below, or its room where there is no heat map.
    title : str, optional
        Of the axes.
    fig_size : (float, float), inches, default (6, 6)
        Of a new figure.
    use_pyplot : bool, default True
        Make a new figure with pyplot, and show it; else one outside of pyplot.

    Returns
    -------
    (matplotlib Figure, matplotlib Axes)
        What was drawn in.

    Raises
    ------
    ValueError
        A name, shape or range that does not fit, NaN or infinity, no image where one is needed.
    TypeError
        Values that are not real numbers.

    Notes
    -----
    No more than 2 levels from Captum 0.9. Sums are of float64, so that outliers of large images are
    those that `outlier_perc` says.

    Examples
    --------
    >>> import hotcold
    >>> from hotcold.compat import visualize_image_attr
    >>> example = hotcold.data.load_example(dim_order="channels_last")
    >>> figure, axes = visualize_image_attr(
    ...     example.attributions[0], example.images[0], "blended_heat_map", "all", use_pyplot=False
    ... )
    """
    method = _validate.one_of("method", method, METHODS)
    sign = _validate.one_of("sign", sign, SIGNS)
    if sign == "all" and method in ("masked_image", "alpha_scaling"):
        msg = f"`sign` must be one sign for method={method!r}, which cannot show both, got 'all'"
        raise ValueError(msg)
    map_ = _map(attr)
    image = None if original_image is None else levels(original_image, "original_image")
    if image is None and method != "heat_map":
        msg = f"`original_image` must be given for method={method!r}"
        raise ValueError(msg)
    if image is not None and image.shape[:2] != map_.shape:
        msg = (
            f"`attr` must have the image's H and W, {image.shape[:2]}, got {map_.shape}; channels "
            "come last: attr.transpose(1, 2, 0) for one that has them first"
        )
        raise ValueError(msg)
    opacity = _validate.fraction("alpha_overlay", alpha_overlay)
    scaled = _scaled(map_, sign, _percentage(outlier_perc))
    if plt_fig_axis is None:
        from hotcold.compat.figures import SavedFigure

        figure, (axes,) = drawing.new_axes((1, 1), fig_size, kind=SavedFigure, pyplot=use_pyplot)
    else:
        figure, axes = plt_fig_axis
    _clear(axes)
    mappable = None
    if image is None or method in ("heat_map", "blended_heat_map"):
        below = image if method == "blended_heat_map" else None
        mappable = _heat_map(axes, below, scaled, sign, cmap, opacity)
    elif method == "alpha_scaling":
        axes.imshow(_with_alpha(image, _cut(255 * scaled)))
    else:
        shown = image if method == "original_image" else _cut(image * scaled[..., None])
        axes.imshow(_shown(shown), cmap="gray", vmin=0, vmax=255)
    if show_colorbar:
        _colorbar(figure, axes, mappable)
    if title:
        axes.set_title(title)
    if use_pyplot:
        drawing.show_pyplot()
    return figure, axes


def visualize_image_attr_multiple(
    attr: Any,
    original_image: Any,
    methods: Sequence[str],
    signs: Sequence[str],
    titles: Sequence[str] | None = None,
    fig_size: tuple[float, float] = (8, 6),
    use_pyplot: bool = True,
    **kwargs: Any,
) -> tuple[Figure, Axes | list[Axes]]:
    """Draw the attributions of one image in several ways, side by side.

    Parameters
    ----------
    attr, original_image
        As in `visualize_image_attr`.
    methods, signs : sequences of str, of one length
        The method and sign of each picture.
    titles : sequence of str, of that length, optional
        Their titles.
    fig_size : (float, float), inches, default (8, 6)
        Of the figure.
    use_pyplot : bool, default True
        As in `visualize_image_attr`.
    **kwargs
        Given on to `visualize_image_attr`.

    Returns
    -------
    (matplotlib Figure, list of matplotlib Axes)
        What was drawn in; the axes themselves where there is one picture.

    Raises
    ------
    ValueError, TypeError
        As in `visualize_image_attr`, and for lengths that differ.

    Examples
    --------
    >>> import hotcold
    >>> from hotcold.compat import visualize_image_attr_multiple
    >>> example = hotcold.data.load_example(dim_order="channels_last")
    >>> figure, (left, right) = visualize_image_attr_multiple(
    ...     example.attributions[0], example.images[0], ["original_image", "heat_map"],
    ...     ["all", "positive"], use_pyplot=False,
    ... )
    """
    for name, given in (("signs", signs), ("titles", titles)):
        if given is not None and len(given) != len(methods):
            msg = f"`{name}` must have one for each of the {len(methods)} methods, got {len(given)}"
            raise ValueError(msg)
    if len(methods) == 0:
        msg = "`methods` must name at least one method, got none"
        raise ValueError(msg)
    from hotcold.compat.figures import SavedFigure

    figure, found = drawing.new_axes(
        (1, len(methods)), fig_size, kind=SavedFigure, pyplot=use_pyplot
    )
    for i, axes in enumerate(found):
        visualize_image_attr(
            attr,
            original_image,
            methods[i],
            signs[i],
            plt_fig_axis=(figure, axes),
            title=titles[i] if titles is not None else None,
            use_pyplot=False,
            **kwargs,
        )
    figure.tight_layout()
    if use_pyplot:
        drawing.show_pyplot()
    return figure, found[0] if len(found) == 1 else found


def _map(attr: Any) -> NDArray[np.float64]:
    """Return the sum over channels."""
    array = as_numpy(attr, "attr")
    if array.dtype.kind not in "fiub":
        raise TypeError(_validate.not_real("attr", array.dtype))
    if array.ndim not in (2, 3) or array.size == 0:
        msg = f"`attr` must be (H, W, C) or (H, W), not empty, got shape {array.shape}"
        raise ValueError(msg)
    # Channel by channel: numpy's sum over a short last axis takes several times as long.
    channels = [array] if array.ndim == 2 else [array[..., c] for c in range(array.shape[2])]
    total = functools.reduce(np.add, (channel.astype(np.float64) for channel in channels))
    if not np.isfinite(total).all():
        bad = int(np.count_nonzero(~np.isfinite(total)))
        raise ValueError(_validate.not_finite_values("attr", bad))
    return total


def _percentage(value: Any) -> float:
    number = float(value)
    if not 0 <= number <= 100:
        msg = f"`outlier_perc` must be in [0, 100], got {value!r}"
        raise ValueError(msg)
    return number


def _scaled(map_: NDArray[np.float64], sign: str, outlier_perc: float) -> NDArray[np.float64]:
    """Return the map of a sign, in [0, 1], or in [-1, 1] for both."""
    if sign == "positive":
        map_ = np.maximum(map_, 0)
    elif sign == "negative":
        map_ = np.maximum(-map_, 0)
    elif sign == "absolute_value":
        map_ = np.abs(map_)
    magnitudes = np.sort(np.abs(map_) if sign == "all" else map_, axis=None)
    sums = np.cumsum(magnitudes)
    most = 1 - outlier_perc / 100
    top = magnitudes[min(np.searchsorted(sums, most * sums[-1]), len(sums) - 1)]
    if top == 0:  # outliers alone, or nothing at all
        top = magnitudes[-1] or 1.0
    scaled: NDArray[np.float64] = np.clip(map_ / top, -1, 1)
    return scaled


def _cut(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return values.astype(np.uint8)  # all are in [0, 255]


def _shown(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return image[..., 0] if image.shape[2] == 1 else image


def _with_alpha(image: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    colors = np.repeat(image, 3, axis=2) if image.shape[2] == 1 else image[..., :3]
    return np.concatenate([colors, alpha[..., None]], axis=2)


def _clear(axes: Axes) -> None:
    """Take away what belongs to a plot, and leave the frame."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)


def _heat_map(
    axes: Axes,
    image: NDArray[np.uint8] | None,
    scaled: NDArray[np.float64],
    sign: str,
    cmap: str | Colormap | None,
    opacity: float,
) -> AxesImage:
    if image is not None:
        axes.imshow(image[..., :3].mean(axis=2, dtype=np.float32), cmap="gray")
    alpha = None if image is None else opacity
    low = -1 if sign == "all" else 0
    return axes.imshow(
        scaled.astype(np.float32), cmap=cmap or _default_cmap(sign), vmin=low, vmax=1, alpha=alpha
    )


def _default_cmap(sign: str) -> str | Colormap:
    if sign != "all":
        return _CMAPS[sign]
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("RdWhGn", ["red", "white", "green"])


def _colorbar(figure: Figure, axes: Axes, mappable: AxesImage | None) -> None:
    from mpl_toolkits.axes_grid1 import make_axes_locatable

    below = make_axes_locatable(axes).append_axes("bottom", size="5%", pad=0.1)
    if mappable is None:
        below.axis("off")
    else:
        figure.colorbar(mappable, orientation="horizontal", cax=below)
