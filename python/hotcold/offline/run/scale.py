"""What all items of a data set share, measured in passes over it before any is drawn."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from hotcold.offline.input.feed import Chunk, Feed
from hotcold.offline.run.pool import Stopped, results_in_order
from hotcold.offline.run.progress import Silence
from hotcold.offline.run.rendering import Renders, part_of
from hotcold.request import RenderRequest
from hotcold.scale.kept import Found
from hotcold.scale.passes import Part, Task, merged, search


def measure_items(
    visualizer: Renders,
    feed: Feed,
    first: RenderRequest,
    n_threads: int,
    progress: Silence,
) -> tuple[Found, int]:
    """Return what the items share, and how many there are; see `hotcold.scale.passes`.

    Parameters
    ----------
    visualizer : Renders
        Asked for the requests of all items.
    feed : Feed
        All items.
    first : RenderRequest
        What the first of them is like.
    n_threads : int
        That read and measure; changes no bit.
    progress : Silence
        Of which each pass takes another to say how many items are done.

    Raises
    ------
    ValueError
        The items can be read only once.
    """
    found, n_items = measure_together([(visualizer, feed, first)], n_threads, progress)
    return found, n_items


def measure_together(
    columns: Sequence[tuple[Renders, Feed, RenderRequest]], n_threads: int, progress: Silence
) -> tuple[Found, int]:
    """Return what the items of several feeds share, and how many there are in all of them.

    Parameters
    ----------
    columns : sequence of (Renders, Feed, RenderRequest)
        As for `measure_items`; all scale their maps in one way.
    n_threads, progress
        As for `measure_items`.
    """
    first = columns[0][2]
    if not all(feed.repeatable for _, feed, _ in columns):
        what = "scale='shared'" if first.shares_scale else "normalization_type='unnormalized'"
        msg = (
            f"`attributions` must be readable twice for {what}, by which colours depend on the "
            "values of all: give an array or files instead of a generator, or limits=(low, high), "
            "or scale=hotcold.measure(visualizer, ...) of maps that are alike"
        )
        raise ValueError(msg)
    n_items = 0

    def look(task: Task) -> Part:
        nonlocal n_items
        part = merged(
            _pass(visualizer, feed, task, n_threads, progress.another("items measured"))
            for visualizer, feed, _ in columns
        )
        n_items = part.n_items
        return part

    return search(first.passes(), look), n_items


def _pass(visualizer: Renders, feed: Feed, task: Task, n_threads: int, progress: Silence) -> Part:
    stop = threading.Event()

    def look(chunk: Chunk) -> Part:
        found = Part()
        for piece in chunk.load(chunk.first, chunk.last):
            if stop.is_set():
                raise Stopped
            found = merged((found, part_of(visualizer, piece, task)))
        return found

    found = Part()
    progress.start(feed.n_items)
    try:
        chunks = feed.chunks(0, feed.n_items, 1, n_threads)
        with results_in_order(look, chunks, n_threads, stop) as parts:
            for part in parts:
                found = merged((found, part))
                progress.advance(part.n_items)
    finally:
        progress.close()
    return found
