"""How two pictures, or batches of them, differ."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from hotcold import _validate

if TYPE_CHECKING:
    from numpy.typing import NDArray

Pictures: TypeAlias = "NDArray[np.uint8]"

_READ_AS = {"1": "L", "L": "L", "LA": "LA", "P": "RGB", "RGB": "RGB", "RGBA": "RGBA"}
_WITH_CHANNELS = {3: "RGB", 4: "RGBA"}
MOST_NAMED = 5  # items in a message


@dataclass(frozen=True)
class Tolerance:
    """What two pictures may differ by: levels of a channel, and a share of the pixels."""

    max_level: int = 0
    max_share: float = 0.0

    def __post_init__(self) -> None:
        level = _validate.whole("max_level", self.max_level, 0)
        if level > 255:
            msg = f"`max_level` must be at most 255, got {level}"
            raise ValueError(msg)
        share = self.max_share
        if isinstance(share, bool) or not isinstance(share, int | float | np.number):
            msg = f"`max_share` must be a number, got {type(share).__name__}"
            raise TypeError(msg)
        if not 0 <= share <= 1:
            msg = f"`max_share` must be a share of the pixels, 0 to 1, got {share!r}"
            raise ValueError(msg)


def assert_pictures_equal(a: Any, b: Any, *, max_level: int = 0, max_share: float = 0.0) -> None:
    """Raise AssertionError unless pictures are equal, or as near as allowed.

    Parameters
    ----------
    a, b : array-like of uint8 or path-like
        A picture (H, W) or (H, W, C), or a batch (N, H, W, C) as `render` returns it; or the path
        of an 8-bit picture file, read in the other's channels where that changes no colour (an
        optimizer may have given it a palette).
    max_level : int in [0, 255], default 0
        A pixel differs when any of its channels differs by more levels than this.
    max_share : float in [0, 1], default 0
        The share of a picture's pixels that may differ. Each picture of a batch is held to it: many
        good ones do not excuse a bad one.

    Raises
    ------
    AssertionError
        The pictures differ, or their shapes: says which items, how many pixels, the worst of them
        and its colours.
    TypeError
        Values that are not uint8: a picture of floats is compared with
        ``numpy.testing.assert_allclose``.
    ValueError
        A tolerance out of its range, an array that is no picture, a file of 16 bits or in CMYK.
    OSError
        A file that cannot be read as a picture.

    Examples
    --------
    >>> import numpy as np, hotcold
    >>> from hotcold.testing import assert_pictures_equal
    >>> a = np.random.default_rng(0).normal(size=(2, 1, 8, 8))
    >>> one = hotcold.Visualizer().render(a, n_threads=1)
    >>> assert_pictures_equal(hotcold.Visualizer().render(a, n_threads=2), one)
    """
    tolerance = Tolerance(max_level, max_share)
    first = as_pictures("a", a, like=b)
    second = as_pictures("b", b, like=first)
    found = difference(first, second, tolerance)
    if found is not None:
        raise AssertionError(found)


def as_pictures(name: str, value: Any, like: Any = None) -> Pictures:
    """Return an array or a file's pixels; a file's in the channels of `like`, if it is an array."""
    if isinstance(value, str | os.PathLike):
        return read_picture(value, getattr(like, "shape", ()))
    array = np.asarray(value)
    if array.dtype != np.uint8:
        msg = f"`{name}` must be pictures of uint8, as `render` returns them, got {array.dtype}"
        raise TypeError(msg)
    if array.ndim not in (2, 3, 4) or (array.ndim > 2 and not 1 <= array.shape[-1] <= 4):
        msg = (
            f"`{name}` must be a picture (H, W) or (H, W, C), or a batch (N, H, W, C), with 1 to 4 "
            f"channels, got the shape {array.shape}"
        )
        raise ValueError(msg)
    return without_single_channel(array) if array.ndim == 3 else array


def without_single_channel(picture: Pictures) -> Pictures:
    """Return a picture, (H, W, 1) as (H, W): gray as files are read."""
    return picture[..., 0] if picture.shape[2:] == (1,) else picture


def read_picture(path: str | os.PathLike[str], shape: Sequence[int] = ()) -> Pictures:
    """Return the pixels of an 8-bit file, with colours and alpha as a picture of `shape` has them.

    Gray becomes colour and a palette its colours; nothing that would lose a value is done.
    """
    from PIL import Image

    with Image.open(path) as image:
        if image.mode not in _READ_AS:
            msg = (
                f"{os.fspath(path)}: only pictures of 8 bits are compared, not of mode {image.mode}"
            )
            raise ValueError(msg)
        mode = _READ_AS[image.mode]
        if "transparency" in image.info:
            mode = "RGBA"
        wanted = _WITH_CHANNELS.get(shape[-1]) if len(shape) > 2 else None
        if wanted is not None and (wanted == "RGBA") == (mode in ("LA", "RGBA")):
            mode = wanted
        return np.asarray(image if image.mode == mode else image.convert(mode))


def difference(a: Pictures, b: Pictures, tolerance: Tolerance) -> str | None:
    """Return what is too different, in words; None if nothing is."""
    if a.ndim < 4 or a.shape != b.shape:
        words = difference_of_one(a, b, tolerance)
        return None if words is None else f"pictures differ: {words}"
    told = []
    n_differ = 0
    for item, (one, other) in enumerate(zip(a, b, strict=True)):
        words = difference_of_one(one, other, tolerance)
        if words is None:
            continue
        n_differ += 1
        if n_differ <= MOST_NAMED:
            told.append(f"item {item}: {words}")
    if not n_differ:
        return None
    if n_differ > MOST_NAMED:
        told.append(f"and {n_differ - MOST_NAMED} more")
    return "\n  ".join([f"{n_differ} of {len(a)} pictures differ:", *told])


def levels_apart(a: Pictures, b: Pictures) -> Pictures:
    """Return how far the pixels of two pictures are apart, (H, W): the most of their channels."""
    apart = np.maximum(a, b) - np.minimum(a, b)
    return apart if apart.ndim == 2 else apart.max(axis=-1)


def difference_of_one(a: Pictures, b: Pictures, tolerance: Tolerance) -> str | None:
    """Return how one picture is too different from another, in words; None if it is not."""
    if a.shape != b.shape:
        return f"their shapes are {a.shape} and {b.shape}"
    if not tolerance.max_level and np.array_equal(a, b):
        return None
    apart = levels_apart(a, b)
    differ = int(np.count_nonzero(apart > tolerance.max_level))
    if differ <= tolerance.max_share * apart.size:
        return None
    row, column = (int(i) for i in np.unravel_index(apart.argmax(), apart.shape))
    levels = "at all" if not tolerance.max_level else f"by more than {tolerance.max_level} levels"
    allowed = "" if not tolerance.max_share else f", {tolerance.max_share:.3%} are allowed"
    return (
        f"{differ} of {apart.size} pixels ({differ / apart.size:.3%}) {levels}{allowed}; the most "
        f"by {apart[row, column]}, at row {row}, column {column}: {a[row, column].tolist()} and "
        f"{b[row, column].tolist()}"
    )
