"""From a piece of items to their pictures, setting bad items aside one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hotcold.offline.input.feed import Bad, Piece
from hotcold.offline.run.telling import Teller
from hotcold.request import RenderRequest
from hotcold.scale.kept import Shared
from hotcold.scale.passes import Part, Task, merged
from hotcold.visualizers.base import BaseVisualizer

Picture = NDArray[np.uint8]
Limits = tuple[float, float]


class Drawn(NamedTuple):
    """Pictures (N, H, W, 3 or 4) of consecutive items, and their colours where those are few.

    Where files say something of their items: how all begin, and the numbers of each.
    """

    first: int
    pictures: Picture
    colors: Picture | None
    head: str = ""
    numbers: Sequence[str] = ()

    def parts(self, size: int) -> Iterator[Drawn]:
        """Yield them again, at most `size` at a time."""
        for i in range(0, len(self.pictures), size):
            part = slice(i, i + size)
            yield self._replace(
                first=self.first + i, pictures=self.pictures[part], numbers=self.numbers[part]
            )


class Renders(Protocol):
    """What a job asks of a visualizer; `hotcold.visualizers.base.BaseVisualizer` has it."""

    def request(self, attributions: Any, x: Any = None) -> RenderRequest:
        """Return the checked inputs of one batch's pictures."""

    def text_chunks(self) -> dict[str, str]:
        """Return what a picture file says of how it was made."""


def with_limits(visualizer: Renders, limits: Limits | None) -> tuple[Renders, Limits | None]:
    """Return a visualizer with these limits; and the limits, if it has no such option."""
    if limits is None or not isinstance(visualizer, BaseVisualizer):
        return visualizer, limits
    if "limits" not in visualizer.declared().options:
        return visualizer, limits
    return visualizer.__replace__(limits=limits), None


class Renderer:
    """A visualizer as the worker threads use it.

    Parameters
    ----------
    visualizer : Renders
        Shared by all threads.
    shared : hotcold.scale.kept.Shared, optional
        What the items share, measured, where they share something.
    n_threads : int
        Of the core, for each call.
    teller : Teller, optional
        What files say of their items.
    keep : callable, optional
        Told of every request before its pictures are written.
    """

    def __init__(
        self,
        visualizer: Renders,
        shared: Shared | None,
        n_threads: int,
        teller: Teller | None = None,
        keep: Callable[[RenderRequest], None] | None = None,
    ) -> None:
        self._visualizer = visualizer
        self._shared = shared
        self._n_threads = n_threads
        self._teller = teller
        self._keep = keep

    def pictures(self, piece: Piece | Bad) -> Iterator[Drawn | Bad]:
        """Yield the items' pictures, or why there is none, in their order."""
        if isinstance(piece, Bad):
            yield piece
            return
        try:
            request = self.request(piece)
            drawn = self._drawn(request)
        except (ValueError, TypeError) as error:
            if len(piece.attributions) == 1:
                yield Bad(piece.start, str(error))
                return
            for one in piece.parts(1):
                yield from self.pictures(one)
        else:
            if self._keep is not None:
                self._keep(request)
            yield drawn

    def _drawn(self, request: RenderRequest) -> Drawn:
        if self._teller is None:
            pictures = request.render(None, self._n_threads)
            return Drawn(request.first_item, pictures, request.colors)
        pictures, numbers = request.render_told(self._n_threads, self._teller.clip)
        head = self._teller.head(request)
        return Drawn(request.first_item, pictures, request.colors, head, numbers)

    def batch(self, piece: Piece) -> tuple[RenderRequest, Picture]:
        """Return all pictures of a piece and the request that made them; raise for a bad item."""
        request = self.request(piece)
        return request, request.render(None, self._n_threads)

    def requests(self, piece: Piece | Bad) -> Iterator[RenderRequest | Bad]:
        """Yield what is to be rendered, whole pieces where possible, or why it cannot be."""
        if isinstance(piece, Bad):
            yield piece
            return
        try:
            request = self.request(piece)
        except (ValueError, TypeError) as error:
            if len(piece.attributions) == 1:
                yield Bad(piece.start, str(error))
                return
            for one in piece.parts(1):
                yield from self.requests(one)
        else:
            if self._keep is not None:
                self._keep(request)
            yield request

    def request(self, piece: Piece) -> RenderRequest:
        """Return the checked inputs of a piece's pictures."""
        request = self._visualizer.request(piece.attributions, piece.x)._replace(
            first_item=piece.start
        )
        if self._shared is not None and request.depends_on_others:
            spec = self._shared.applied(request.spec)
            request = request._replace(spec=spec, shares_scale=False)
        return request


def part_of(visualizer: Renders, piece: Piece | Bad, task: Task) -> Part:
    """Return what a pass finds in a piece; there is nothing in bad items."""
    if isinstance(piece, Bad):
        return Part()
    try:
        return visualizer.request(piece.attributions, piece.x).part(task, 1)
    except (ValueError, TypeError):
        if len(piece.attributions) == 1:
            return Part()  # the pass that draws reports it
        return merged(part_of(visualizer, one, task) for one in piece.parts(1))
