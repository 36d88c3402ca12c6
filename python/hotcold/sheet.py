"""The grid on which a visualizer lays out a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hotcold import _validate, ops
from hotcold._arrays import Array


@dataclass(frozen=True, repr=True)
class Tiler:
    """A grid for the items of a batch.

    Parameters
    ----------
    rows, cols : int >= 1, optional
        The grid. Giving one derives the other; by default ``rows = int(sqrt(N))`` and
        ``cols = ceil(N / rows)``.
    padding : int >= 0, pixels
        Between cells, not around the outside.
    fill : float
        The value of unused cells and padding in tiled arrays. In pictures they are white.

    Examples
    --------
    >>> import numpy as np, hotcold
    >>> hotcold.Tiler(cols=2, padding=1).tile(np.ones((3, 1, 2, 2))).shape
    (5, 5)
    """

    rows: int | None = None
    cols: int | None = None
    padding: int = 0
    fill: float = 0

    def __post_init__(self) -> None:
        for name in ("rows", "cols"):
            if getattr(self, name) is not None:
                _validate.whole(name, getattr(self, name), 1, _validate.LARGEST_GRID)
        _validate.whole("padding", self.padding, 0, _validate.LARGEST_GRID)

    def tile(self, a: Any, *, dim_order: str = "channels_first") -> Array:
        """Lay out a batch; see `hotcold.tile`."""
        return ops.tile(
            a,
            rows=self.rows,
            cols=self.cols,
            padding=self.padding,
            fill=self.fill,
            dim_order=dim_order,
        )

    def grid_shape(self, n_items: int) -> tuple[int, int]:
        """Return the (rows, cols) for `n_items`; ValueError when they do not fit."""
        return ops.grid_shape(n_items, self.rows, self.cols)
