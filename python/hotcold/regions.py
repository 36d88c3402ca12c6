"""Where a map speaks: the boxes around its strongest regions."""

from __future__ import annotations

import csv
import io
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hotcold import _atomic, _core, _validate
from hotcold.options import THRESHOLD_BY, threshold_rule
from hotcold.visualizers import Visualizer

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from hotcold.keywords import AllBoxesKeywords, BoxesKeywords

REGION_BY = ("mass", "peak", "area")
# Of `Visualizer`: what a map is made by.
MAP_OPTIONS = (
    "combine",
    "blur",
    "sign",
    "clip_quantile",
    "clip_mass",
    "dim_order",
    "nonfinite",
    "n_threads",
)
COLUMNS = ("item", "name", "rank", "y0", "x0", "y1", "x1", "mass", "peak", "area")


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes of N items, the strongest k of each first; see `boxes`.

    Attributes
    ----------
    bbox : ndarray of int64, shape (N, k, 4)
        (y0, x0, y1, x1) in pixels, half open; -1 where an item has fewer regions.
    mass : ndarray of float64, shape (N, k)
        The sum of the region's values; 0 where there is none, as in the next two.
    peak : ndarray of float64, shape (N, k)
        The largest of them.
    area : ndarray of int64, shape (N, k)
        The region's pixels, of which the box holds at least as many.

    Examples
    --------
    >>> import hotcold
    >>> example = hotcold.data.load_example()
    >>> found = hotcold.boxes(example.attributions, count=2, blur=4)
    >>> found.bbox.shape, found.mass.shape
    ((8, 2, 4), (8, 2))
    """

    bbox: NDArray[np.int64]
    mass: NDArray[np.float64]
    peak: NDArray[np.float64]
    area: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.bbox)

    def rows(self, first: int = 0, names: Sequence[str] | None = None) -> Iterator[list[Any]]:
        """Yield a table's rows, one a region, in the order of `COLUMNS`; `first` numbers item 0."""
        for item, (bbox, mass, peak, area) in enumerate(
            zip(self.bbox, self.mass, self.peak, self.area, strict=True)
        ):
            name = str(first + item) if names is None else names[item]
            for rank in range(len(area)):
                if area[rank]:
                    numbers = bbox[rank].tolist()
                    values = [float(mass[rank]), float(peak[rank]), int(area[rank])]
                    yield [first + item, name, rank, *numbers, *values]

    def to_csv(self, path: str | os.PathLike[str], *, names: Sequence[str] | None = None) -> None:
        """Write a table with a row a region.

        Parameters
        ----------
        path : path-like
            The file appears whole or not at all.
        names : sequence of str, optional
            A name per item; by default its index.

        Raises
        ------
        ValueError
            Not one name per item.
        """
        if names is not None:
            _validate.item_names(names, len(self))
        rows = itertools.chain([COLUMNS], self.rows(names=names))
        _atomic.write_atomically(path, table_bytes(rows))


def table_bytes(rows: Iterable[Sequence[Any]]) -> bytes:
    """Return rows as lines of comma-separated values in UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def boxes(
    attributions: Any,
    *,
    count: int = 1,
    threshold: float | str = 0.9,
    threshold_by: str = "quantile",
    connectivity: int = 1,
    by: str = "mass",
    min_area: int = 1,
    **options: Unpack[BoxesKeywords],
) -> Boxes:
    """Return the boxes around the strongest connected regions above a threshold.

    Parameters
    ----------
    attributions : array-like or tensor, shape (N, C, H, W) or (N, H, W, C)
        Several channels are combined (mean, or as `combine` says); never modified.
    count : int >= 1, default 1
        The most regions of an item.
    threshold : float in [0, 1] or "otsu", default 0.9
        Higher keeps less; see `threshold_by`. "otsu" is scikit-image's
        ``threshold_otsu(map, 256)``.
    threshold_by : {"quantile", "mass", "max"}, default "quantile"
        Kept are values above ``numpy.quantile(map, threshold)``; or the fewest largest pixels that
        hold ``1 - threshold`` of the positive sum, ties included; or values above ``threshold``
        times the largest.
    connectivity : {1, 2}, default 1
        Neighbours share a side, or (2) a corner too.
    by : {"mass", "peak", "area"}, default "mass"
        What makes a region stronger: the sum of its values, the largest, its pixels. Of equals the
        one that starts first in reading order is.
    min_area : int >= 1, default 1, pixels
        Smaller regions do not count.
    **options
        What makes the map, as for `Visualizer`: `combine`, `blur`, `sign`, `clip_quantile`,
        `clip_mass`, `dim_order`, `nonfinite`, `n_threads`.

    Returns
    -------
    Boxes
        Of the map as it is, not normalized.

    Raises
    ------
    ValueError
        A number out of its range, an unknown name, attributions as for `Visualizer`.
    TypeError
        Attributions that are not real numbers; an unknown option.

    Notes
    -----
    The regions are those of ``scipy.ndimage.label``, the boxes its ``find_objects``.

    Examples
    --------
    >>> import numpy as np, hotcold
    >>> a = np.zeros((1, 1, 6, 8))
    >>> a[0, 0, 1:3, 2:7] = 1
    >>> hotcold.boxes(a, threshold=0.5, threshold_by="max").bbox
    array([[[1, 2, 3, 7]]])
    """
    found = BoxFinder(
        count=count,
        threshold=threshold,
        threshold_by=threshold_by,
        connectivity=connectivity,
        by=by,
        min_area=min_area,
        **options,
    )
    return found(attributions)


class BoxFinder:
    """The options of `boxes`, checked once for any number of batches."""

    def __init__(
        self,
        *,
        count: int,
        threshold: float | str,
        threshold_by: str,
        connectivity: int,
        by: str,
        min_area: int,
        **options: Unpack[BoxesKeywords],
    ) -> None:
        self._count = _validate.whole("count", count, 1)
        self._min_area = _validate.whole("min_area", min_area, 1)
        self._by = _validate.one_of("by", by, REGION_BY)
        if connectivity not in (1, 2):
            msg = f"`connectivity` must be 1 (sides) or 2 (corners too), got {connectivity!r}"
            raise ValueError(msg)
        self._corners = connectivity == 2
        self._rule, self._value = threshold_rule(
            _validate.threshold("threshold", threshold),
            _validate.one_of("threshold_by", threshold_by, THRESHOLD_BY),
        )
        for name in options:
            if name not in MAP_OPTIONS:
                msg = f"boxes takes {', '.join(MAP_OPTIONS)} of a visualizer's options, not {name}"
                raise TypeError(msg)
        self._show = Visualizer(combine_channels=True, normalization_type="unnormalized", **options)

    @classmethod
    def of(cls, options: AllBoxesKeywords) -> BoxFinder:
        """Return what `boxes` uses when it is given these options."""
        return cls(**{**(boxes.__kwdefaults__ or {}), **options})

    def check(self, attributions: Any) -> None:
        """Raise for a batch that boxes cannot be found in, whatever its values are."""
        self._show.request(attributions)

    def __call__(self, attributions: Any, first_item: int = 0) -> Boxes:
        """Return the boxes of a batch, whose first item is called `first_item` in messages."""
        n_threads = self._show.settings.n_threads
        request = self._show.request(attributions)._replace(first_item=first_item)
        maps = request.values(n_threads)
        _, _, height, width = maps.shape
        found = min(self._count, height * width)  # there cannot be more
        *columns, _ = _core.boxes(
            maps,
            found,
            self._value,
            self._rule,
            self._corners,
            self._by,
            self._min_area,
            _validate.n_threads(n_threads),
        )
        return Boxes(*(_filled(column, self._count) for column in columns))


def _filled(column: NDArray[Any], count: int) -> NDArray[Any]:
    """Return a column with `count` places an item, those that are added empty."""
    missing = count - column.shape[1]
    if not missing:
        return column
    empty = np.full((len(column), missing, *column.shape[2:]), -1 if column.ndim == 3 else 0)
    return np.concatenate([column, empty.astype(column.dtype)], axis=1)
