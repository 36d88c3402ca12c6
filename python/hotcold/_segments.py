"""Colormaps that are straight lines between few points, as matplotlib makes them, without it.

Its import takes longer than everything else that a first picture needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Points = tuple[tuple[float, float], ...]  # places in [0, 1], and values there

_RISING: Points = ((0.0, 0.0), (1.0, 1.0))
_FALLING: Points = ((0.0, 1.0), (1.0, 0.0))
_ONE: Points = ((0.0, 1.0), (1.0, 1.0))

# Red, green and blue of matplotlib's maps of these names; a test holds them to its.
_COLORS: dict[str, tuple[Points, Points, Points]] = {
    "binary": (_FALLING, _FALLING, _FALLING),
    "cool": (_RISING, _FALLING, _ONE),
    "gray": (_RISING, _RISING, _RISING),
    "hot": (
        ((0.0, 0.0416), (0.365079, 1.0), (1.0, 1.0)),
        ((0.0, 0.0), (0.365079, 0.0), (0.746032, 1.0), (1.0, 1.0)),
        ((0.0, 0.0), (0.746032, 0.0), (1.0, 1.0)),
    ),
    "jet": (
        ((0.0, 0.0), (0.35, 0.0), (0.66, 1.0), (0.89, 1.0), (1.0, 0.5)),
        ((0.0, 0.0), (0.125, 0.0), (0.375, 1.0), (0.64, 1.0), (0.91, 0.0), (1.0, 0.0)),
        ((0.0, 0.5), (0.11, 1.0), (0.34, 1.0), (0.65, 0.0), (1.0, 0.0)),
    ),
}

NAMES = frozenset(_COLORS)


def segmented(name: str, entries: int = 256) -> NDArray[np.float64]:
    """Return the colours (entries, 4) of one of `NAMES`."""
    rgba = np.ones((entries, 4))
    for channel, points in enumerate(_COLORS[name]):
        rgba[:, channel] = _line(points, entries)
    return rgba


def _line(points: Points, entries: int) -> NDArray[np.float64]:
    """Return the values at places evenly apart, to the last bit as matplotlib has them."""
    at, values = np.array(points).T
    at = at * (entries - 1)
    places = (entries - 1) * np.linspace(0.0, 1.0, entries)[1:-1]
    right = np.searchsorted(at, places)
    left = right - 1
    share = (places - at[left]) / (at[right] - at[left])
    inner = share * (values[right] - values[left]) + values[left]
    line: NDArray[np.float64] = np.clip([values[0], *inner, values[-1]], 0.0, 1.0)
    return line
