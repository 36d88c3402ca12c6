"""`compare` and what it returns."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotcold import _atomic, _core, _validate
from hotcold._arrays import Array
from hotcold.comparison.metrics import DEFAULT, METRICS, check_metric, check_metrics
from hotcold.regions import table_bytes
from hotcold.visualizers import Visualizer
from hotcold.visualizers.base import BaseVisualizer


@dataclass(frozen=True, eq=False)
class Comparison:
    """How much each item of two batches of maps agrees; see `compare`.

    Attributes
    ----------
    metrics : tuple of str
        What was measured, in the order of the columns.
    table : ndarray of float64, shape (N, len(metrics))
        A row an item.

    Examples
    --------
    >>> import numpy as np, hotcold
    >>> maps = hotcold.data.load_example().attributions
    >>> changed = maps.copy()
    >>> changed[3] = changed[3, :, ::-1]
    >>> found = hotcold.compare(maps, changed)
    >>> found.worst(1, "iou")
    array([3])
    >>> found["iou"][:3]
    array([1., 1., 1.])
    """

    metrics: tuple[str, ...]
    table: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, metric: str) -> NDArray[np.float64]:
        """Return one metric of every item."""
        return self.table[:, self._column("metric", metric)]

    def __repr__(self) -> str:
        lines = "".join(f"\n  {line}" for line in self.told().splitlines())
        return f"<Comparison of {len(self)} items{lines}>"

    def told(self) -> str:
        """Return the summary for people, a line a metric."""
        return "\n".join(
            f"{name}: mean {numbers['mean']:.4g}, median {numbers['median']:.4g}, "
            f"worst {numbers['worst']:.4g} (item {numbers['worst_item']})"
            for name, numbers in self.summary.items()
        )

    @property
    def summary(self) -> dict[str, dict[str, float]]:
        """By metric its mean, median and worst over the items, and the item that has the worst."""
        found = {}
        for metric in self.metrics:
            values = self[metric]
            item = int(self.worst(1, metric)[0])
            found[metric] = {
                "mean": float(values.mean()),
                "median": float(np.median(values)),
                "worst": float(values[item]),
                "worst_item": item,
            }
        return found

    def worst(self, n: int, by: str) -> NDArray[np.intp]:
        """Return the items that agree least, worst first; of equals the first.

        Parameters
        ----------
        n : int >= 1
            How many, if there are so many.
        by : str
            One of `metrics`.

        Raises
        ------
        ValueError
            A metric that was not measured.
        """
        values = self[check_metric("by", by, self.metrics)]
        order = values if METRICS[by].higher_is_alike else -values
        return np.argsort(order, kind="stable")[: _validate.whole("n", n, 1)]

    def beyond(self, metric: str, limit: float) -> NDArray[np.intp]:
        """Return the items whose metric is worse than a limit: below it, or above for distances.

        Raises
        ------
        ValueError
            A metric that was not measured; a limit of NaN, beyond which nothing is.
        """
        values = self[check_metric("metric", metric, self.metrics)]
        if math.isnan(limit):
            msg = f"`limit` must be a number, got {limit!r}"
            raise ValueError(msg)
        worse = values < limit if METRICS[metric].higher_is_alike else values > limit
        return np.flatnonzero(worse)

    def rows(self, first: int = 0, names: Sequence[str] | None = None) -> Iterator[list[Any]]:
        """Yield a table's rows: item, name and metrics; `first` numbers item 0."""
        for item, values in enumerate(self.table.tolist()):
            name = str(first + item) if names is None else names[item]
            yield [first + item, name, *values]

    def to_csv(self, path: str | os.PathLike[str], *, names: Sequence[str] | None = None) -> None:
        """Write a table with a row an item: its number, its name, its metrics to the last bit.

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
        _atomic.write_atomically(path, table_bytes([self.header, *self.rows(names=names)]))

    @property
    def header(self) -> list[str]:
        """The names of a table's columns."""
        return ["item", "name", *self.metrics]

    def _column(self, name: str, metric: str) -> int:
        return self.metrics.index(check_metric(name, metric, self.metrics))


def compare(
    a: Any,
    b: Any,
    x: Any = None,
    *,
    visualizer: BaseVisualizer[Any] | None = None,
    metrics: Iterable[str] = DEFAULT,
    top: float = 0.1,
) -> Comparison:
    """Measure how much two versions of the same maps agree, item by item.

    Parameters
    ----------
    a, b : array-like or tensor, shape (N, C, H, W) or (N, H, W, C)
        Of one shape. Several channels are combined (mean, or as the visualizer says).
    x : array-like or tensor, optional
        The images, for a visualizer with `upsample`, which brings maps to their size.
    visualizer : Visualizer, HeatmapVisualizer or MaskVisualizer, optional
        How the maps are made: `combine`, `blur`, `sign` and so on, and `dim_order`, `nonfinite` and
        `n_threads`. They are compared as they are, not normalized. None: ``Visualizer()``.
    metrics : sequence of str, default ("rank", "iou", "ssim", "overlap")
        ``"rank"``: Spearman's correlation, that of average ranks, in [-1, 1]. ``"iou"``: of the
        `top` pixels of each, those above ``numpy.quantile(map, 1 - top)``, how many of the ones in
        either are in both; where neither map has any, because more pixels than `top` share its
        largest value, of the pixels that have that. ``"ssim"``: structural similarity of the maps
        over their largest magnitudes, in windows of 7 pixels, with a data range of 2, or 1 where
        neither map has values below 0, or neither above. ``"overlap"``: the sum of the smaller of
        the two ``magnitude_sum`` maps, in [0, 1]. ``"pearson"``: the correlation of values.
        ``"centroid"``: pixels between the centres of mass of the magnitudes. ``"max_abs"``: the
        largest difference. All but the last two are 1 where both maps are constant and 0 where
        one is.
    top : float between 0 and 1, default 0.1
        The fraction of pixels for ``"iou"``.

    Returns
    -------
    Comparison
        float64, within 1e-9 of scipy and scikit-image for float64 maps.

    Raises
    ------
    ValueError
        Shapes that differ, an unknown metric, maps below 7 x 7 for ``"ssim"``; NaN or infinity,
        unless the visualizer takes them as missing, which then count as 0.
    TypeError
        Values that are not real numbers.

    Notes
    -----
    The metrics are those of ``scipy.stats.spearmanr`` and ``pearsonr``, and of
    ``skimage.metrics.structural_similarity`` (Wang et al., *Image quality assessment: from error
    visibility to structural similarity*, 2004).

    Examples
    --------
    >>> import numpy as np, hotcold
    >>> maps = hotcold.data.load_example().attributions
    >>> found = hotcold.compare(maps, maps + 0.01 * np.sign(maps), metrics=["rank", "max_abs"])
    >>> bool(found["rank"].min() > 0.9), found.table.shape
    (True, (8, 2))
    """
    return Comparer(visualizer, metrics, top)(a, b, x)


class Comparer:
    """The options of `compare`, checked once for any number of batches."""

    def __init__(
        self, visualizer: BaseVisualizer[Any] | None, metrics: Iterable[str], top: float
    ) -> None:
        self.metrics = check_metrics("metrics", metrics)
        self.top = _validate.fraction("top", top)
        if not 0.0 < self.top < 1.0:
            msg = f"`top` must be between 0 and 1, got {top!r}"
            raise ValueError(msg)
        if visualizer is None:
            visualizer = Visualizer(combine_channels=True)
        elif not isinstance(visualizer, BaseVisualizer):
            msg = f"`visualizer` must be one of hotcold's, got {type(visualizer).__name__}"
            raise TypeError(msg)
        _validate.given_attributions("visualizer", visualizer)
        self.visualizer: BaseVisualizer[Any] = visualizer

    def on_threads(self, n_threads: int) -> Comparer:
        """Return one that works on so many threads."""
        return Comparer(self.visualizer.__replace__(n_threads=n_threads), self.metrics, self.top)

    def __call__(self, a: Any, b: Any, x: Any = None, first_item: int = 0) -> Comparison:
        """Return the metrics of a batch, whose first item is called `first_item` in messages."""
        threads = _validate.n_threads(self.visualizer.settings.n_threads)
        maps = self.maps(a, b, x, first_item)
        table, *_ = _core.compare(*maps, list(self.metrics), self.top, threads)
        return Comparison(self.metrics, table)

    def maps(self, a: Any, b: Any, x: Any = None, first_item: int = 0) -> tuple[Array, Array]:
        """Return the maps that are compared, (N, 1, H, W) both."""
        of_a, of_b = (self._maps(name, maps, x, first_item) for name, maps in (("a", a), ("b", b)))
        self._check_shapes(of_a, of_b)
        return of_a, of_b

    def check(self, a: Any, b: Any, x: Any = None) -> None:
        """Raise for batches that cannot be compared, whatever their values are."""
        shapes = [self._request(name, maps, x).map_shape for name, maps in (("a", a), ("b", b))]
        self._check_shapes(*(np.broadcast_to(np.float32(0), shape) for shape in shapes))

    def _request(self, name: str, maps: Any, x: Any) -> Any:
        try:
            request = self.visualizer.map_request(maps, x)
        except (ValueError, TypeError) as error:
            raise type(error)(str(error).replace("`attributions`", f"`{name}`")) from error
        if request.map_shape[1] != 1:
            msg = (
                f"`{name}` must have one channel to be compared, got {request.map_shape[1]}: "
                "give a visualizer that combines them, or none"
            )
            raise ValueError(msg)
        return request

    def _maps(self, name: str, maps: Any, x: Any, first_item: int) -> Array:
        request = self._request(name, maps, x)._replace(first_item=first_item)
        try:
            made: Array = request.maps(self.visualizer.settings.n_threads)
        except ValueError as error:
            told = str(error).replace("`attributions`", f"`{name}`")
            raise ValueError(told.replace("attributions[", f"{name}[")) from error
        return made

    def _check_shapes(self, a: Array, b: Array) -> None:
        if a.shape != b.shape:
            msg = (
                f"`b` must have the items, rows and columns of `a`, (N, H, W) = "
                f"{(a.shape[0], *a.shape[2:])}, got {(b.shape[0], *b.shape[2:])}"
            )
            raise ValueError(msg)
        if "ssim" in self.metrics and min(a.shape[2:]) < 7:
            msg = (
                f"`metrics` must not hold 'ssim' for maps below 7 x 7, whose windows are of that "
                f"size, got maps of {a.shape[2]} x {a.shape[3]}"
            )
            raise ValueError(msg)
