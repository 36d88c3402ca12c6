"""What SHAP draws."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from hotcold import _validate, drawing
from hotcold._arrays import as_numpy
from hotcold.compat.images import scaled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from numpy.typing import NDArray

_GREY = (0.2989, 0.5870, 0.1140)
_BEHIND = 0.15  # opacity of the image behind the values


def image(
    shap_values: Any,
    pixel_values: Any = None,
    labels: Any = None,
    true_labels: Any = None,
    width: float = 20,
    aspect: float = 0.2,
    hspace: float | str = 0.2,
    labelpad: float | None = None,
    cmap: str | Colormap | None = None,
    vmax: float | None = None,
    show: bool = True,
) -> None:
    """Draw SHAP values of images, as `shap.plots.image` does: a row for each, a column an output.

    Parameters
    ----------
    shap_values : shap.Explanation, array-like or list of them
        The values of each output, each of shape (N, H, W, C), of which C are added up, or
        (N, H, W); for one image (H, W, C).
    pixel_values : array-like or tensor, shape (N, H, W, C), or (H, W, C) for one, optional
        The images, of 1 or 3 channels; None: those of the explanation.
    labels : sequence of str, or of N such sequences, optional
        Names of the outputs, for all images or for each; None: those of the explanation.
    true_labels : sequence of str, optional
        Titles of the images.
    width : float, inches, default 20
        The figure's, at most.
    aspect : float, inches, default 0.2
        Height of the colour bar.
    hspace : float or "auto", default 0.2
        Room between rows.
    labelpad : float, optional
        Room under the titles.
    cmap : str or matplotlib Colormap, optional
        None: blue over transparent to red.
    vmax : float > 0, optional
        The value at the end of the colours. None: the 99.9th percentile of all magnitudes.
    show : bool, default True
        Show the figure; else leave it to pyplot as its current figure.

    Raises
    ------
    ValueError
        Shapes, labels or ranges that do not fit; images of other than 1 or 3 channels.
    TypeError
        Values that are not real numbers, no images.

    Notes
    -----
    No more than 2 levels from SHAP 0.51. The scale is one for all images and outputs; it is found
    once, not for each row again.

    Examples
    --------
    >>> import hotcold
    >>> from hotcold.compat import image_plot
    >>> example = hotcold.data.load_example(dim_order="channels_last")
    >>> image_plot(example.attributions[:2], example.images[:2], show=False)
    >>> from matplotlib import pyplot as plt
    >>> plt.close()
    """
    values, pixels, labels = _arguments(shap_values, pixel_values, labels)
    n_rows, n_outputs = len(pixels), len(values)
    names = _labels(labels, n_rows, n_outputs)
    if true_labels is not None and len(true_labels) not in (0, n_rows):
        msg = f"`true_labels` must have one for each of the {n_rows} images, got {len(true_labels)}"
        raise ValueError(msg)
    top = _top(values, vmax)
    shown, grey = _images(pixels)
    if cmap is None:
        cmap = _red_transparent_blue()
    title: dict[str, Any] = {} if labelpad is None else {"pad": labelpad}
    size = np.array([3.0 * (n_outputs + 1), 2.5 * (n_rows + 1)])
    size *= min(1.0, width / size[0])

    from hotcold.compat.figures import SavedFigure

    figure, found = drawing.new_axes(
        (n_rows, n_outputs + 1), (size[0], size[1]), kind=SavedFigure, pyplot=True
    )
    for row in range(n_rows):
        first, *others = found[row * (n_outputs + 1) : (row + 1) * (n_outputs + 1)]
        first.imshow(shown[row], cmap="gray")
        if true_labels is not None and len(true_labels) > 0:
            first.set_title(true_labels[row], **title)
        first.axis("off")
        for output, axes in enumerate(others):
            if names is not None and (len(names) > 1 or row == 0):
                axes.set_title(names[row][output], **title)
            drawn = _over_grey(axes, grey[row], values[output][row], cmap, top)
    if hspace == "auto":
        figure.tight_layout()
    else:
        figure.subplots_adjust(hspace=float(hspace))
    bar = figure.colorbar(
        drawn, ax=found, label="SHAP value", orientation="horizontal", aspect=size[0] / aspect
    )
    bar.outline.set_visible(False)
    if show:
        drawing.show_pyplot()


image_plot = image


def _over_grey(
    axes: Axes, grey: NDArray[Any], values: NDArray[Any], cmap: str | Colormap, top: float
) -> Any:
    height, width = values.shape
    # Half a pixel wider than the values on each side, as it is there.
    axes.imshow(grey, cmap="gray", alpha=_BEHIND, extent=(-1, width, height, -1))
    drawn = axes.imshow(values, cmap=cmap, vmin=-top, vmax=top)
    axes.axis("off")
    return drawn


def _arguments(
    shap_values: Any, pixel_values: Any, labels: Any
) -> tuple[list[NDArray[Any]], NDArray[Any], Any]:
    """Return the values of each output, channels added up, (N, H, W), the images, and labels."""
    if (
        hasattr(shap_values, "values")
        and hasattr(shap_values, "data")
        and not hasattr(shap_values, "dtype")
    ):
        pixel_values = shap_values.data if pixel_values is None else pixel_values
        labels = getattr(shap_values, "output_names", None) if labels is None else labels
        shap_values = _outputs(as_numpy(shap_values.values, "shap_values"), pixel_values)
    if pixel_values is None:
        msg = "`pixel_values` must be given, unless `shap_values` is an Explanation that has them"
        raise TypeError(msg)
    pixels = as_numpy(pixel_values, "pixel_values")
    listed = shap_values if isinstance(shap_values, list) else [shap_values]
    values = [as_numpy(value, "shap_values") for value in listed]
    for name, array in (("pixel_values", pixels), *(("shap_values", v) for v in values)):
        if array.dtype.kind not in "fiub":
            raise TypeError(_validate.not_real(name, array.dtype))
    if not values:
        msg = "`shap_values` must have at least one output, got an empty list"
        raise ValueError(msg)
    if pixels.ndim == 3 and values[0].ndim == 3:
        pixels, values = pixels[None], [value[None] for value in values]
    for value in values:
        fits = value.ndim in (3, 4) and pixels.ndim in (3, 4) and value.size > 0
        if not fits or value.shape[:3] != pixels.shape[:3]:
            msg = (
                "`shap_values` must be (N, H, W, C) with the images' N, H and W, "
                f"{pixels.shape[:3]}, got shape {value.shape}; channels come last"
            )
            raise ValueError(msg)
    return [_sum(value) for value in values], pixels, labels


def _outputs(values: NDArray[Any], pixels: Any) -> list[NDArray[Any]]:
    """Take the outputs apart, which an explanation has on an axis behind those of its data."""
    more = values.ndim - np.ndim(pixels) if pixels is not None else 0
    if more not in (0, 1):
        msg = (
            "`shap_values` must have the axes of its images, and one for the outputs, got shape "
            f"{values.shape} for images of shape {np.shape(pixels)}"
        )
        raise ValueError(msg)
    return [values[..., k] for k in range(values.shape[-1])] if more else [values]


def _sum(values: NDArray[Any]) -> NDArray[Any]:
    """Add up channels: one after the other, which numpy does faster than over a short axis."""
    if values.ndim == 3:
        return values
    channels = (values[..., c] for c in range(values.shape[3]))
    if values.dtype.kind != "f":
        channels = (channel.astype(np.float64) for channel in channels)
    return functools.reduce(np.add, channels)


def _labels(labels: Any, n_rows: int, n_outputs: int) -> list[list[Any]] | None:
    """Return the titles of each row, or of the first alone."""
    if labels is None:
        return None
    array = np.asarray(labels)
    if array.size not in (n_outputs, n_rows * n_outputs):
        msg = (
            f"`labels` must name the {n_outputs} outputs, once or for each of the {n_rows} images, "
            f"got {array.size} names"
        )
        raise ValueError(msg)
    rows: list[list[Any]] = array.reshape(-1, n_outputs).tolist()
    return rows


def _top(values: list[NDArray[Any]], vmax: float | None) -> float:
    """Return the value at the end of the colours."""
    if vmax is not None:
        if not vmax > 0:
            msg = f"`vmax` must be above 0, got {vmax!r}"
            raise ValueError(msg)
        return float(vmax)
    magnitudes = np.concatenate([np.abs(value).ravel() for value in values])
    top = float(np.nanpercentile(magnitudes, 99.9)) if not np.isnan(magnitudes).all() else 0.0
    return top if top > 0 else 0.1  # for maps of zeros: what matplotlib makes of no range at all


def _images(pixels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the images as they are shown, and grey."""
    if pixels.ndim == 3 or pixels.shape[3] == 1:
        grey = pixels.reshape(pixels.shape[:3])
        return grey, grey
    if pixels.shape[3] != 3:
        msg = (
            f"`pixel_values` must have 1 or 3 channels, got {pixels.shape[3]}; choose three of "
            "them, or their mean"
        )
        raise ValueError(msg)
    shown = pixels if pixels.dtype == np.uint8 else scaled(pixels, "pixel_values") / 255
    red, green, blue = (weight * pixels[..., c] for c, weight in enumerate(_GREY))
    return shown, red + green + blue


@functools.lru_cache(maxsize=1)
def _red_transparent_blue() -> Colormap:
    from matplotlib.colors import LinearSegmentedColormap

    blue, red = (30 / 255, 136 / 255, 229 / 255), (255 / 255, 13 / 255, 87 / 255)
    colors = [(*blue, alpha) for alpha in np.linspace(1, 0, 100).tolist()]
    colors += [(*red, alpha) for alpha in np.linspace(0, 1, 100).tolist()]
    return LinearSegmentedColormap.from_list("red_transparent_blue", colors)
