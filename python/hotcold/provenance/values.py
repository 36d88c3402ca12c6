"""From the colours of a heat map back to attributions."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from hotcold import _core
from hotcold.colormaps import LookupTable, lookup_table
from hotcold.provenance.chunk import PathLike, read_provenance
from hotcold.provenance.describe import colors_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hotcold.colormaps import ColormapLike

Bytes = np.ndarray[Any, np.dtype[np.uint8]]


def read_values(path: PathLike, *, cmap: ColormapLike | None = None) -> NDArray[np.float64]:
    """Return the attributions that a heat map's picture file shows, within half a table step.

    Parameters
    ----------
    path : path-like
        A PNG file of a single map that `Visualizer` drew, with what hotcold says in it: the
        colormap and the limits are taken from there; see `read_provenance`.
    cmap : str or matplotlib colormap, optional
        That of the picture, needed for a colormap of one's own with more than 256 entries, whose
        colours are not in the file.

    Returns
    -------
    ndarray of float64, shape (H, W)
        The map as it was drawn: after `combine`, `blur`, `sign` and clipping, in attribution units.
        Modes that draw magnitudes give magnitudes. Values beyond given limits come back as the
        limits; NaN where nothing was drawn.

    Raises
    ------
    OSError
        The file cannot be read.
    ValueError
        It says nothing of itself, or colours do not stand for one value each: overlays, masks,
        pictures of channels, sheets, panels, contours or boxes; colormaps with alpha, or with
        colours that come back elsewhere in them (``flag``, ``prism``); pixels that were changed.

    Notes
    -----
    A table of n colours has steps of (high - low) / n; modes that scale positive and negative
    values on their own have such a step for each side, 2 high / n and -2 low / n. A value is given
    as the middle of its step. Neighbouring entries of one and the same colour, as some colormaps
    have (``gray`` and ``viridis`` two, ``jet`` up to four), count as one step, as wide as all of
    them.

    Examples
    --------
    >>> import pathlib, tempfile, numpy as np, hotcold
    >>> maps = np.random.default_rng(0).normal(size=(1, 1, 8, 8))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "map.png"
    ...     _ = hotcold.Visualizer()(maps, path, imshow=False)
    ...     values = hotcold.read_values(path)
    >>> bool(abs(values - maps[0, 0]).max() < abs(maps).max() / 255)
    True
    """
    told = read_provenance(path)
    try:
        _refuse(told, path)
        drawn = told["drawn"]
        mode, of_one_sign = drawn["normalization_type"], drawn["one_sign"]
        colors = _colors(drawn, cmap, path)
    except (KeyError, TypeError, AttributeError) as error:  # nothing that hotcold wrote
        if cmap is not None and isinstance(error, TypeError):
            raise
        msg = f"`path` must say how it was drawn, got {os.fspath(path)!r}, which does not"
        raise ValueError(msg) from error
    entries, drawn_there = _entries(path, colors)
    places = (entries + 0.5) / len(colors)
    low, high = told["limits"]
    if _parts_at_zero(mode, of_one_sign):
        away = 2.0 * places - 1.0
        values = np.where(away < 0.0, away * -low, away * high) + 0.0
    else:
        values = low * (1.0 - places) + high * places
    values[~drawn_there] = np.nan
    return np.asarray(values)


def _parts_at_zero(mode: str, of_one_sign: bool) -> bool:
    """Whether values on both sides of zero, in the middle of the colours, have their own scales."""
    if mode not in _core.NORMALIZATION_TYPES:
        msg = f"`path` must be of a normalization that is known here, got {mode!r}"
        raise ValueError(msg)
    return mode.startswith("signed") and ("centered" in mode or not of_one_sign)


def _refuse(told: dict[str, Any], path: PathLike) -> None:
    """Raise ValueError for a picture whose colours do not stand for one value each."""
    drawn = told.get("drawn", {})
    kind = drawn.get("as")
    why = ""
    if "cells" in told:
        why = f"a sheet of {len(told['cells'])} items"
    elif kind == "overlay":
        why = "an overlay, whose colours are mixed with the image's"
    elif kind == "mask":
        why = "a mask, which shows the image"
    elif kind == "channels":
        why = "a picture of several channels"
    elif kind != "heat map":
        why = f"a {kind}, of several pictures"
    elif drawn.get("lines"):
        why = "a heat map with lines drawn over it (contours or boxes)"
    elif drawn.get("translucent"):
        why = f"a heat map in the colormap {drawn['cmap']!r}, which has alpha"
    elif told.get("limits") is None:
        why = "one that does not say what the ends of its colours are"
    if why:
        msg = (
            f"`path` must be a plain heat map, as Visualizer draws it, to be read as values, got "
            f"{os.fspath(path)!r}: {why}"
        )
        raise ValueError(msg)


def _colors(drawn: dict[str, Any], cmap: ColormapLike | None, path: PathLike) -> Bytes:
    """Return the table's colours, (entries, 3)."""
    name, entries = drawn["cmap"], drawn["entries"]
    if "colors" in drawn:
        colors = np.frombuffer(base64.b64decode(drawn["colors"]), np.uint8).reshape(-1, 3)
    else:
        try:
            table: LookupTable = lookup_table(name if cmap is None else cmap)
        except ValueError as error:
            if cmap is not None:
                raise
            msg = (
                f"`cmap` must be given to read {os.fspath(path)!r}: it was drawn in a colormap "
                f"{name!r} that matplotlib does not know here"
            )
            raise ValueError(msg) from error
        colors = colors_of(table)
    if len(colors) != entries:
        msg = (
            f"`cmap` must have the {entries} entries of {name!r}, in which {os.fspath(path)!r} was "
            f"drawn, got {len(colors)}"
        )
        raise ValueError(msg)
    return colors


def _entries(path: PathLike, colors: Bytes) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return each pixel's place in the table, and whether anything is drawn there."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGBA"))
    except (SyntaxError, OSError) as error:
        msg = f"`path` must be a whole PNG file, got {os.fspath(path)!r}: {error}"
        raise ValueError(msg) from error
    known, inverse = np.unique(_packed(colors), return_inverse=True)
    places = np.arange(len(colors))
    first, last = np.full(len(known), len(colors)), np.zeros(len(known), np.intp)
    np.minimum.at(first, inverse.ravel(), places)
    np.maximum.at(last, inverse.ravel(), places)
    packed = _packed(pixels)
    shown = pixels[..., 3] != 0
    found = np.minimum(np.searchsorted(known, packed), len(known) - 1)
    foreign = shown & (known[found] != packed)
    if foreign.any():
        y, x = (int(k) for k in np.argwhere(foreign)[0])
        msg = (
            f"`path` must hold the colours that were drawn, got {os.fspath(path)!r} with "
            f"{tuple(pixels[y, x, :3].tolist())} in row {y}, column {x}, which is not in its "
            "colormap: the picture was changed, or another `cmap` was given"
        )
        raise ValueError(msg)
    scattered = last - first + 1 != np.bincount(inverse.ravel())
    ambiguous = shown & scattered[found]
    if ambiguous.any():
        y, x = (int(k) for k in np.argwhere(ambiguous)[0])
        msg = (
            f"`path` must be in a colormap in which a colour stands for one value, got "
            f"{os.fspath(path)!r} with {tuple(pixels[y, x, :3].tolist())} in row {y}, column {x}, "
            "which the colormap has at several places"
        )
        raise ValueError(msg)
    return (first + last)[found] / 2.0, shown


def _packed(pixels: Bytes) -> NDArray[np.uint32]:
    """Return the colours of pixels (..., 3 or 4) as numbers."""
    wide = pixels.astype(np.uint32)
    return np.asarray(wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2], np.uint32)
