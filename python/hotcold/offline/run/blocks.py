"""What a worker of a cluster does with one block of items; nothing here knows the cluster."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotcold._arrays import Array
from hotcold.offline.input.base import IndexedSource, Shape
from hotcold.offline.input.feed import Bad, Chunk, Piece
from hotcold.offline.run.pool import results_in_order
from hotcold.offline.run.rendering import Limits, Renderer, Renders, part_of
from hotcold.offline.run.report import RenderReport
from hotcold.offline.run.total import Total
from hotcold.offline.run.worker import Done, Worker, settle
from hotcold.scale.kept import Shared
from hotcold.scale.passes import Part, Task

_PIECE_ITEMS = 16  # rendered at a time, so that a block's pictures are never all in memory


class Outline(IndexedSource):
    """A source of which only shape and dtype are known here; its items are with the workers."""

    def __init__(self, name: str, shape: Shape, dtype: np.dtype[Any]) -> None:
        self.name = name
        self.origin = "an array"
        self.shape = shape
        self.dtype = dtype

    def read(self, start: int, stop: int) -> Array:
        """Never called: blocks bring their items with them."""
        msg = f"items [{start}, {stop}) of `{self.name}` are not here"
        raise NotImplementedError(msg)


def render_block(
    attributions: Array,
    x: Array | None = None,
    *,
    visualizer: Renders,
    limits: Limits | None,
    n_threads: int,
) -> NDArray[np.uint8]:
    """Return the pictures of a block."""
    shared = None if limits is None else Shared(None, limits)
    return Renderer(visualizer, shared, n_threads).batch(Piece(0, attributions, x))[1]


def measure_block(
    visualizer: Renders, task: Task, attributions: Array, x: Array | None = None
) -> Part:
    """Return what a pass over all items finds in a block."""
    return part_of(visualizer, Piece(0, attributions, x), task)


def write_block(
    worker: Worker, n_threads: int, first: int, attributions: Array, x: Array | None = None
) -> RenderReport:
    """Write the files of a block whose first item is item `first` of the whole."""
    start = time.perf_counter()

    def load(begin: int, end: int) -> Iterator[Piece | Bad]:
        part = slice(begin - first, end - first)
        yield Piece(begin, attributions[part], None if x is None else x[part])

    def add(done: Done) -> None:
        for made in done.made:
            settle(worker.writer, *made)
        total.add(done)

    last = first + len(attributions)
    chunks = [Chunk(a, min(a + _PIECE_ITEMS, last), load) for a in range(first, last, _PIECE_ITEMS)]
    total = Total(n_threads)
    if n_threads == 1 or len(chunks) == 1:
        for chunk in chunks:
            add(worker.run(chunk))
    else:
        with results_in_order(worker.run, chunks, n_threads, threading.Event()) as all_done:
            for done in all_done:
                add(done)
    return total.report(worker.writer.output, time.perf_counter() - start)
