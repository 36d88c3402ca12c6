"""The colormaps `hotcold` and `cold`, and lookup tables for the core.

matplotlib is imported only when a table of its own is first wanted; how ``cmap="hotcold"`` is known
to it all the same says `register_when_matplotlib_loads`.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from hotcold import _core, _validate
from hotcold._segments import NAMES, segmented

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.abc import Loader
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from matplotlib.colors import Colormap, ListedColormap
    from numpy.typing import NDArray

    ColormapLike: TypeAlias = str | Colormap

NAME = "hotcold"
COLD = "cold"


class LookupTable:
    """A colormap's colours: `rgba` of shape (entries, 4), float64 in [0, 1].

    Compared and hashed by identity, so that a plan made with it can be cached; `lookup_table` gives
    one and the same for the same colours.

    `colors` are the pixels that a picture may hold: the entries as the core cuts them to uint8, and
    the white of a sheet's unused cells; shape (n, 3), each colour once, in the entries' order.

    `translucent`: some entry has an alpha below 1.
    """

    __slots__ = ("colors", "name", "rgba", "translucent")

    def __init__(self, rgba: NDArray[np.float64], name: str) -> None:
        self.rgba = rgba
        self.name = name
        self.translucent = bool((rgba[:, 3] < 1.0).any())
        white = np.full((1, 3), 255, np.uint8)
        colors = np.concatenate([(rgba[:, :3] * 255.0).astype(np.uint8), white])
        # Most maps end in white or hold a colour twice, and up to 256 are found much faster. As
        # numbers, which are sorted many times faster than rows.
        packed = (colors * np.array([1 << 16, 1 << 8, 1], np.uint32)).sum(axis=1, dtype=np.uint32)
        self.colors = colors[np.sort(np.unique(packed, return_index=True)[1])]


class ColorScale(NamedTuple):
    """What the colours of a picture stand for: the values at both ends of a colormap."""

    colors: NDArray[np.float64]  # (entries, 4)
    name: str
    limits: tuple[float, float]

    def colormap(self) -> ListedColormap:
        """Return the colours as matplotlib wants them."""
        from matplotlib.colors import ListedColormap

        return ListedColormap(self.colors, name=self.name)


def color_scale(
    table: LookupTable, normalization_type: str, values: NDArray[Any], *, of_one_sign: bool
) -> ColorScale:
    """Return the scale of a picture of normalized maps.

    Parameters
    ----------
    table : LookupTable
        Their colours.
    normalization_type : str
        Their mode.
    values : ndarray, shape (N, ...)
        The normalized maps, NaN where nothing is drawn.
    of_one_sign : bool
        Whether no value is below 0, so that limits around 0 begin there.

    Returns
    -------
    ColorScale
        With the mode's limits. Items that have limits of their own (`magnitude_sum`, `signed_sum`)
        share a scale where they agree; otherwise its unit is the largest magnitude of each.
    """
    mode = _core.normalization_traits(normalization_type)
    top = 1.0
    if mode["fixed_limits"] is None:
        magnitudes = np.abs(values).reshape(len(values), -1)
        tops = np.fmax.reduce(magnitudes, axis=1, initial=0.0)
        if mode["shares_limits"]:
            tops = tops.max(keepdims=True)
        if tops[0] > 0 and (tops == tops[0]).all():
            top = float(tops[0])
    limits = _core.extent_limits(normalization_type, (-top, top), of_one_sign)
    return ColorScale(table.rgba, table.name, limits)


def grey_scale(limits: tuple[float, float]) -> ColorScale:
    """Return the scale of an image of one channel, drawn grey as it is."""
    greys = np.repeat(np.linspace(0.0, 1.0, 256)[:, None], 4, axis=1)
    greys[:, 3] = 1.0
    return ColorScale(greys, "gray", limits)


MOST_ENTRIES = 65536  # that the core takes


# By their content: colormap objects can be changed, and names be registered again. At 65,536
# entries a table takes 4 MiB.
@functools.lru_cache(maxsize=32)
def _table(rgba: bytes, name: str) -> LookupTable:
    return LookupTable(np.frombuffer(rgba).reshape(-1, 4), name)


_builtin: dict[str, LookupTable] = {}


def lookup_table(cmap: ColormapLike) -> LookupTable:
    """Return the table of a matplotlib colormap, given by name or as an object.

    Raises
    ------
    ValueError
        matplotlib knows no colormap of that name (the closest names are listed), or it has more
        than 65,536 entries.
    TypeError
        `cmap` is neither a name nor a `matplotlib.colors.Colormap`.
    """
    if isinstance(cmap, str) and cmap in _builtin:
        return _builtin[cmap]
    if isinstance(cmap, str) and (rgba := _made_here(cmap)) is not None:
        if cmap in _OURS and "matplotlib" in sys.modules:
            _register()  # where `import hotcold` came while another thread was importing it
        return _builtin.setdefault(cmap, _table(rgba.tobytes(), cmap))
    import matplotlib as mpl
    from matplotlib.colors import Colormap

    if isinstance(cmap, str):
        if cmap not in mpl.colormaps:
            raise ValueError(
                _validate.unknown_name("cmap", cmap, mpl.colormaps, "a matplotlib colormap")
            )
        table = _table_of(mpl.colormaps[cmap])
        # Names that matplotlib refuses to re-register can be kept; others may change their colours.
        if _is_builtin(cmap):
            _builtin[cmap] = table
        return table
    if isinstance(cmap, Colormap):
        return _table_of(cmap)
    msg = f"`cmap` must be a matplotlib colormap or its name, got {type(cmap).__name__}"
    raise TypeError(msg)


def chosen_table(cmap: ColormapLike | None) -> LookupTable | None:
    """Return the table of a colormap, or None; anew at every call, as its colours may change."""
    return None if cmap is None else lookup_table(cmap)


def _is_builtin(name: str) -> bool:
    if name in _builtin or name in _OURS:
        return True
    import matplotlib as mpl

    return name in getattr(mpl.colormaps, "_builtin_cmaps", ())


def is_builtin(table: LookupTable) -> bool:
    """Whether everybody gets these colours by the table's name."""
    return _is_builtin(table.name) and np.array_equal(lookup_table(table.name).rgba, table.rgba)


def _table_of(cmap: Colormap) -> LookupTable:
    if cmap.N > MOST_ENTRIES:
        msg = (
            f"`cmap` must have at most {MOST_ENTRIES} entries, got {cmap.N}; "
            f"take fewer: cmap.resampled({MOST_ENTRIES})"
        )
        raise ValueError(msg)
    rgba = np.ascontiguousarray(cmap(np.arange(cmap.N)), dtype=np.float64)
    return _table(rgba.tobytes(), cmap.name)


_LEAST_STEPS = 1024  # of the alpha from 0 to 1: a step is a quarter of a level


@functools.lru_cache(maxsize=32)
def faded(
    table: LookupTable,
    limits: tuple[float, float],
    zero: float,
    opacity_range: tuple[float, float],
) -> LookupTable:
    """Return a table whose colours are the clearer the nearer their values are to `zero`.

    Parameters
    ----------
    table : LookupTable
        The colours; their own alpha multiplies in.
    limits : (float, float)
        The values at both ends.
    zero : float
        The value that says nothing.
    opacity_range : (float, float)
        Distances from it, as fractions of the largest, at which alpha is 0 and from which on 1.
    """
    low, high = opacity_range
    entries = len(table.rgba)
    # Each entry is split by a power of two, which moves no value to another colour.
    split = 1
    while entries * split * (high - low) < _LEAST_STEPS and 2 * entries * split <= MOST_ENTRIES:
        split *= 2
    rgba = np.repeat(table.rgba, split, axis=0)
    places = (np.arange(len(rgba)) + 0.5) / len(rgba)
    away = np.abs(limits[0] + places * (limits[1] - limits[0]) - zero)
    share = away / max(abs(limit - zero) for limit in limits)
    rgba[:, 3] *= np.clip((share - low) / (high - low), 0.0, 1.0)
    return LookupTable(rgba, table.name)


def _hotcold() -> NDArray[np.float64]:
    # Resampled, not picked from the 256 of each: those lie up to half an entry off.
    binary, cool, hot = (segmented(name, 128) for name in ("binary", "cool", "hot"))
    return np.concatenate([binary * cool, hot])


def _cold() -> NDArray[np.float64]:
    return _hotcold()[127::-1]


_OURS = {NAME: _hotcold, COLD: _cold}


def _made_here(name: str) -> NDArray[np.float64] | None:
    """Return the colours (entries, 4) of a name that needs no matplotlib; None of others."""
    if name in _OURS:
        return _OURS[name]()
    return segmented(name) if name in NAMES else None


def hotcold_colormap() -> ListedColormap:
    """Build the hotcold colormap: cold below zero, hot above, black at the seam.

    Returns
    -------
    matplotlib.colors.ListedColormap
        256 entries: 128 of ``binary`` times ``cool``, element-wise in RGBA, then 128 of ``hot``,
        each resampled to 128 entries.
    """
    return _colormap(NAME)


def cold_colormap() -> ListedColormap:
    """Build the cold colormap, for negative evidence alone: black at zero, the colder the more.

    Returns
    -------
    matplotlib.colors.ListedColormap
        128 entries: the cold half of ``hotcold``, turned round.
    """
    return _colormap(COLD)


def _colormap(name: str) -> ListedColormap:
    from matplotlib.colors import ListedColormap

    return ListedColormap(_OURS[name](), name=name)


def register_when_matplotlib_loads() -> None:
    """Register ``hotcold`` and ``cold`` with matplotlib: now if it is loaded, else when it loads.

    Importing matplotlib takes longer than everything else `import hotcold` does together, and many
    programs that render never draw a figure; so we wait for whoever imports it first.
    """
    if "matplotlib" in sys.modules:
        _register()
    else:
        sys.meta_path.insert(0, _MatplotlibWatcher())


def _register() -> None:
    import matplotlib as mpl

    # Without `colormaps`, another thread is still importing matplotlib; lookup_table() comes again.
    if not hasattr(mpl, "colormaps"):
        return
    for name in _OURS:
        if name not in mpl.colormaps:
            with contextlib.suppress(ValueError):  # another thread was faster
                mpl.colormaps.register(_colormap(name))


# Finder and loader by their methods alone: their base classes are in importlib.abc, whose import
# takes longer than the rest of hotcold.
class _MatplotlibWatcher:
    """Lets the other finders find matplotlib, and registers once it has been imported.

    Being asked is not yet an import: many libraries look for matplotlib to know if it is there.
    """

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname != "matplotlib":
            return None
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            spec = finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _RegisteringLoader(spec.loader, self)  # type: ignore[assignment]
                return spec
        return None


class _RegisteringLoader:
    def __init__(self, loader: Loader, watcher: _MatplotlibWatcher) -> None:
        self._loader = loader
        self._watcher = watcher

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # What the module remembers of its import is the real loader.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        with contextlib.suppress(ValueError):  # a second import has removed it
            sys.meta_path.remove(self._watcher)
        _register()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
