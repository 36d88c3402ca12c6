"""What images are taken for: 0 to 255 in integers, 0 to 1 or 0 to 255 in floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotcold import _validate
from hotcold._arrays import as_numpy

_SLACK = 1e-3  # above 1 for what arithmetic leaves of rounding


def levels(image: Any, name: str) -> NDArray[np.uint8]:
    """Return an image of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) as (H, W, C) of uint8.

    Raises
    ------
    ValueError
        Another shape; values below 0, above 255, or not finite.
    TypeError
        Values that are not real numbers.
    """
    array = as_numpy(image, name)
    if array.dtype.kind not in "fiub":
        raise TypeError(_validate.not_real(name, array.dtype))
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[2] not in _validate.DRAWABLE_CHANNELS or array.size == 0:
        msg = f"`{name}` must be (H, W, C) of 1, 3 or 4 channels, or (H, W), got {array.shape}"
        raise ValueError(msg)
    if array.dtype == np.uint8:
        return array
    return scaled(array, name).astype(np.uint8)


def scaled(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Return values of 0 to 255, of which floats may have been of 0 to 1."""
    low, high = float(array.min()), float(array.max())
    if not (low >= -_SLACK and high <= 255 + _SLACK):
        msg = (
            f"`{name}` must hold values of 0 to 1 or of 0 to 255, got {low:g} to {high:g}; take "
            "the image as it was before it was normalized for the network"
        )
        raise ValueError(msg)
    of_one = array.dtype.kind == "b" or (array.dtype.kind == "f" and high <= 1 + _SLACK)
    in_levels: NDArray[Any] = np.clip(array * (255 if of_one else 1), 0, 255)
    return in_levels
