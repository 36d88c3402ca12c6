"""What pytorch-grad-cam draws."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from hotcold import _core, _validate
from hotcold._arrays import as_numpy, new_array
from hotcold.colormaps import lookup_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotcold.colormaps import ColormapLike

_JET = 2  # cv2.COLORMAP_JET

# OpenCV's numbers, and the colormaps of matplotlib that are theirs to the level.
_NUMBERS = {
    0: "autumn",
    1: "bone",
    3: "winter",
    6: "summer",
    7: "spring",
    8: "cool",
    13: "magma",
    14: "inferno",
    15: "plasma",
    16: "viridis",
    17: "cividis",
    20: "turbo",
}
_ENTRIES = 256
_SLACK = 1e-3  # above 1 for what a division by the maximum leaves of rounding


def show_cam_on_image(
    img: Any,
    mask: Any,
    use_rgb: bool = False,
    colormap: int | ColormapLike = _JET,
    image_weight: float = 0.5,
) -> NDArray[np.uint8]:
    """Lay a class activation map over an image, as `pytorch_grad_cam.utils.image` does.

    Parameters
    ----------
    img : array-like or tensor, shape (H, W, 3), in [0, 1]
        The image. Integers are refused; divide them by 255.
    mask : array-like or tensor, shape (H, W), in [0, 1]
        The map. Values outside, which wrap around there, are refused.
    use_rgb : bool, default False
        Whether the channels of `img` and of the result are red, green, blue; else blue, green, red.
    colormap : int, str or matplotlib Colormap, default ``cv2.COLORMAP_JET``
        A number of OpenCV's, without OpenCV for most of them, or a colormap of matplotlib.
    image_weight : float in [0, 1], default 0.5
        How much of the image is seen.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        ``255 * v / v.max()`` for ``v = image_weight * img + (1 - image_weight) * colours``; zeros
        where no v is above 0.

    Raises
    ------
    ValueError
        A shape, range or colormap that does not fit; NaN or infinity.
    TypeError
        Values that are not real numbers.

    Notes
    -----
    No more than 2 levels from pytorch-grad-cam 1.5. The division by the picture's largest value is
    its own: the same map is brighter over a darker image. `hotcold.HeatmapVisualizer` does not do
    that, and draws batches.

    Examples
    --------
    >>> import hotcold
    >>> from hotcold.compat import show_cam_on_image
    >>> example = hotcold.data.load_example(dim_order="channels_last")
    >>> cam = abs(example.attributions[0]).mean(axis=-1)
    >>> show_cam_on_image(example.images[0] / 255, cam / cam.max(), use_rgb=True).shape
    (224, 224, 3)
    """
    weight = _validate.fraction("image_weight", image_weight)
    rgb = _validate.flag("use_rgb", use_rgb)
    image, map_ = as_numpy(img, "img"), as_numpy(mask, "mask")
    if map_.ndim != 2 or map_.size == 0:
        msg = f"`mask` must be one map (H, W), not empty, got shape {map_.shape}"
        raise ValueError(msg)
    if image.shape != (*map_.shape, 3):
        msg = (
            f"`img` must be (H, W, 3) of the mask's H and W, {(*map_.shape, 3)}, got {image.shape}"
        )
        raise ValueError(msg)
    image, map_ = _floats(image, "img"), _floats(map_, "mask")
    picture = new_array(image.shape, np.dtype(np.uint8))
    table = _weighted_table(_colors(colormap), rgb, 1.0 - weight)
    if not _core.cam_overlay(image, map_, table, weight, _SLACK, picture):
        _require_within(image, "img", "divide pixels of 0 to 255 by 255")
        _require_within(map_, "mask", "scale it first: mask - mask.min(), divided by its maximum")
    return picture


def _floats(array: NDArray[Any], name: str) -> NDArray[np.float32]:
    if array.dtype.kind not in "fiub":
        raise TypeError(_validate.not_real(name, array.dtype))
    return np.ascontiguousarray(array, dtype=np.float32)


def _require_within(array: NDArray[np.float32], name: str, advice: str) -> None:
    """Require values in [0, 1]; NaN, which no comparison finds, ends up in both extremes."""
    low, high = float(array.min()), float(array.max())
    if not (low >= -_SLACK and high <= 1.0 + _SLACK):
        msg = f"`{name}` must be in [0, 1], got values from {low:g} to {high:g}; {advice}"
        raise ValueError(msg)


def _colors(colormap: int | ColormapLike) -> bytes:
    """Return the 256 colours of a map, float64 RGB, as bytes: they are hashed by their content."""
    if isinstance(colormap, int | np.integer) and not isinstance(colormap, bool):
        return _numbered(int(colormap))
    rgba = lookup_table(colormap).rgba  # type: ignore[arg-type]
    picked = (np.arange(_ENTRIES) * len(rgba)) // _ENTRIES
    return np.ascontiguousarray(rgba[picked, :3]).tobytes()


@functools.lru_cache(maxsize=32)
def _numbered(number: int) -> bytes:
    if number in _NUMBERS:
        return _colors(_NUMBERS[number])
    if number == _JET:
        # OpenCV's own; matplotlib's has other corners. Level by level the table of OpenCV 4 and 5.
        x = np.arange(_ENTRIES) * (4.0 / (_ENTRIES - 1))
        shade = [np.clip(1.5 - abs(x - peak), 0.0, 1.0) for peak in (3, 2, 1)]
        levels = np.floor(255.0 * np.stack(shade, axis=1) + 0.5)
        return np.ascontiguousarray(levels / 255.0).tobytes()
    try:
        import cv2
    except ImportError:
        msg = (
            f"`colormap` {number} is one that only OpenCV has: install opencv-python, or take a "
            "colormap of matplotlib by its name"
        )
        raise ImportError(msg) from None
    ramp = np.arange(_ENTRIES, dtype=np.uint8)[None]
    try:
        levels = cv2.applyColorMap(ramp, number)[0, :, ::-1]
    except cv2.error:
        msg = f"`colormap` must be a number of OpenCV's colormaps, got {number}"
        raise ValueError(msg) from None
    return np.ascontiguousarray(levels / 255.0).tobytes()


@functools.lru_cache(maxsize=32)
def _weighted_table(colors: bytes, rgb: bool, weight: float) -> NDArray[np.float32]:
    table = np.zeros((_ENTRIES, 4), np.float32)  # the fourth is nothing: see cam_overlay.simd.cpp
    entries = np.frombuffer(colors).reshape(_ENTRIES, 3) * weight
    table[:, :3] = entries if rgb else entries[:, ::-1]
    return table
