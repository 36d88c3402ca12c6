"""One scale for very many items, measured of all of them."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

from hotcold import _validate
from hotcold.offline.input import Source, beside, open_source
from hotcold.offline.input.base import InputWarning
from hotcold.offline.input.feed import Feed, Piece
from hotcold.offline.input.identity import difference, identify
from hotcold.offline.run.progress import make_progress
from hotcold.offline.run.scale import measure_items
from hotcold.request import RenderRequest
from hotcold.scale import Scale
from hotcold.scale.kept import settings_of
from hotcold.visualizers.base import BaseVisualizer


class Maps:
    """A visualizer as a measurement uses it: asked for maps alone, it needs no images."""

    def __init__(self, visualizer: BaseVisualizer[Any]) -> None:
        if not isinstance(visualizer, BaseVisualizer):
            msg = f"`visualizer` must be one of hotcold's, got {type(visualizer).__name__}"
            raise TypeError(msg)
        _validate.given_attributions("visualizer", visualizer)
        limits = getattr(visualizer.settings, "limits", None)
        if limits is not None:
            msg = (
                f"`visualizer` must have no limits to be measured for, got limits={limits!r}: they "
                "are one scale for all already"
            )
            raise ValueError(msg)
        self._visualizer = visualizer.__replace__(scale=None)
        self.dim_order = visualizer.dim_order

    @property
    def needs_images(self) -> bool:
        """Whether maps are brought to the images' size."""
        return getattr(self._visualizer.settings, "upsample", None) is not None

    def request(self, attributions: Any, x: Any = None) -> RenderRequest:
        """Return what makes the maps of a batch, whose items share a scale."""
        return self._visualizer.map_request(attributions, x)._replace(shares_scale=True)

    def text_chunks(self) -> dict[str, str]:
        """Return nothing: no file is written."""
        return {}

    def first(self, piece: Piece) -> tuple[RenderRequest, dict[str, Any]]:
        """Return the request of the first item, and what a scale says of how maps are made."""
        request = self.request(piece.attributions, piece.x)
        return request, settings_of(request.spec, request.attributions.shape[1])


def measure(
    visualizer: BaseVisualizer[Any],
    attributions: Any,
    x: Any = None,
    *,
    recursive: bool = False,
    n_threads: int | None = None,
    progress: bool = True,
) -> Scale:
    """Return the one scale of very many maps, for `scale` of a visualizer.

    Parameters
    ----------
    visualizer : Visualizer, HeatmapVisualizer or MaskVisualizer
        How the maps are made and normalized. Its own `scale` is not used.
    attributions : array-like or path-like
        As for `render_files`, but for batches that can be read only once. Items that cannot be
        drawn, for NaN or a broken file, are left out.
    x : as `attributions`, optional
        The images, needed for nothing but `upsample`, which brings maps to their size. Items whose
        image cannot be drawn are left out then.
    recursive : bool, default False
        Read a folder with all folders below it, as `render_files` does.
    n_threads : int >= 1, optional
        None: the CPUs this process may use, or ``HOTCOLD_NUM_THREADS``. Changes no bit.
    progress : bool, default True
        Show on standard error how far each pass is.

    Returns
    -------
    Scale
        Of all maps together, whatever batches or files they come in.

    Raises
    ------
    TypeError
        A visualizer that is none of hotcold's; values that are not real numbers.
    ValueError
        Attributions that can be read only once, or are changed meanwhile; a visualizer with limits.
    OSError
        A file that cannot be read.

    Notes
    -----
    One pass over the items; with `clip_quantile` or `clip_mass` two, four for float64: quantiles
    are ``numpy.quantile`` of all values together, and masses are summed without rounding. The modes
    with ``sum`` take one more. Memory does not grow with the number of items.

    Examples
    --------
    >>> import numpy as np, hotcold
    >>> maps = np.random.default_rng(0).normal(size=(100, 1, 16, 16))
    >>> scale = hotcold.measure(hotcold.Visualizer(clip_quantile=0.99), maps, progress=False)
    >>> bool(scale.high == np.quantile(np.abs(maps), 0.99))
    True
    >>> pictures = hotcold.Visualizer(clip_quantile=0.99, scale=scale).render(maps[:10])
    """
    maps = Maps(visualizer)
    threads = _validate.n_threads(n_threads)
    recursive = _validate.flag("recursive", recursive)
    shown = make_progress(_validate.flag("progress", progress), "items")
    with contextlib.ExitStack() as stack:
        sources = [_opened(stack, attributions, "attributions", maps.dim_order, recursive)]
        if x is not None:
            sources.append(_opened(stack, x, "x", maps.dim_order, recursive))
            sources[0] = beside(sources[0], sources[1], maps.dim_order)
        feed = Feed(sources[0], sources[1] if len(sources) > 1 else None, None)
        if feed.n_items == 0:
            msg = f"`attributions` must hold at least one item, got none in {sources[0].origin}"
            raise ValueError(msg)
        first, settings = maps.first(feed.sample())
        for source in sources:
            remark = source.check(threads)
            if remark is not None:
                warnings.warn(remark, InputWarning, stacklevel=2)
        before = [identify(source) for source in sources]
        found, n_items = measure_items(maps, feed, first, threads, shown)
        for source, identity in zip(sources, before, strict=True):
            if what := difference(identity, identify(source), same_machine=True):
                msg = f"`{source.name}` was changed while it was read: {what}; measure again"
                raise ValueError(msg)
    low, high = found.extremes or (0.0, 0.0)
    return Scale(low, high, found.values, n_items, settings)


def _opened(
    stack: contextlib.ExitStack, given: Any, name: str, dim_order: str, recursive: bool
) -> Source:
    source = open_source(given, name, dim_order, recursive=recursive)
    stack.callback(source.close)
    return source
