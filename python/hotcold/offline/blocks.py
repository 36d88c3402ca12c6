"""What a worker of a cluster does with one block of items; nothing here knows the cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotcold._arrays import Array
from hotcold.offline.feed import Bad, Chunk, Piece
from hotcold.offline.rendering import Limits, Renderer, Renders
from hotcold.offline.report import RenderReport
from hotcold.offline.sources.base import IndexedSource, Shape
from hotcold.offline.total import Total
from hotcold.offline.work import Worker

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
    return Renderer(visualizer, limits, n_threads).batch(Piece(0, attributions, x))[1]


def write_block(
    worker: Worker, first: int, attributions: Array, x: Array | None = None
) -> RenderReport:
    """Write the files of a block whose first item is item `first` of the whole."""
    start = time.perf_counter()

    def load(begin: int, end: int) -> Iterator[Piece | Bad]:
        for a in range(begin, end, _PIECE_ITEMS):
            part = slice(a - first, min(a + _PIECE_ITEMS, end) - first)
            yield Piece(a, attributions[part], None if x is None else x[part])

    total = Total(worker.n_threads)
    total.add(worker.run(Chunk(first, first + len(attributions), load)))
    return total.report(worker.writer.output, time.perf_counter() - start)
