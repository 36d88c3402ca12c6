"""Colour limits that all items of a data set share, found in a first pass over it."""

from __future__ import annotations

import threading

from hotcold.offline.input.feed import Chunk, Feed
from hotcold.offline.run.pool import Stopped, results_in_order
from hotcold.offline.run.rendering import Limits, Renders, measure, merged
from hotcold.plan import RenderSpec
from hotcold.request import Extent


def data_set_limits(visualizer: Renders, feed: Feed, spec: RenderSpec, n_threads: int) -> Limits:
    """Return the colour limits of a recipe for the values of all items.

    Raises
    ------
    ValueError
        The items can be read only once.
    """
    if not feed.repeatable:
        msg = (
            "`attributions` must be readable twice for normalization_type='unnormalized', whose "
            "colours depend on the largest value of all: pass limits=(low, high), or an array or "
            "file instead of a generator"
        )
        raise ValueError(msg)
    stop = threading.Event()

    def scan(chunk: Chunk) -> Extent | None:
        found: Extent | None = None
        for piece in chunk.load(chunk.first, chunk.last):
            if stop.is_set():
                raise Stopped
            found = merged((found, measure(visualizer, piece)))
        return found

    chunks = feed.chunks(0, feed.n_items, 1, n_threads)
    with results_in_order(scan, chunks, n_threads, stop) as found:
        return spec.extent_limits(merged(found))
