"""The grid on which a batch is laid out, and where everything is on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hotcold import _validate, ops
from hotcold._arrays import Array, new_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

WHITE = 255  # what is not drawn on


class Box(NamedTuple):
    """Pixels of a sheet: rows [top, bottom), columns [left, right)."""

    top: int
    left: int
    bottom: int
    right: int

    def of(self, canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the part of the canvas, a view."""
        return canvas[self.top : self.bottom, self.left : self.right]


class Sheet(NamedTuple):
    """Cells on a grid, with what is between and around them; the one place that knows where.

    A column label stands in the top margin, a row label in the left one, colour bars in the right
    one (beside a row, or all) and in the bottom one (below a column).
    """

    rows: int
    cols: int
    cell: tuple[int, int]  # (height, width) of a picture
    gap: tuple[int, int] = (0, 0)  # between rows, between columns
    margins: tuple[int, int, int, int] = (0, 0, 0, 0)  # top, right, bottom, left
    caption: int = 0  # height of the strip below each picture

    @property
    def n_cells(self) -> int:
        """How many pictures it holds."""
        return self.rows * self.cols

    @property
    def pitch(self) -> tuple[int, int]:
        """From one cell to the one below, and to the one beside it."""
        return self.cell[0] + self.caption + self.gap[0], self.cell[1] + self.gap[1]

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the whole."""
        top, right, bottom, left = self.margins
        return (
            top + self.rows * self.pitch[0] - self.gap[0] + bottom,
            left + self.cols * self.pitch[1] - self.gap[1] + right,
        )

    def new(self, channels: int, n_items: int | None = None) -> NDArray[np.uint8]:
        """Return a white canvas; left as memory gives it where `n_items` pictures cover it all."""
        canvas = new_array((*self.shape, channels), np.dtype(np.uint8))
        bare = self.n_cells * self.cell[0] * self.cell[1] == self.shape[0] * self.shape[1]
        if not (bare and n_items == self.n_cells):
            canvas.fill(WHITE)
        return canvas

    def cells(self, canvas: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """View a canvas of at least this size as (rows, columns, H, W, C), for the core."""
        row, column, channel = canvas.strides
        top, _, _, left = self.margins
        strides = (self.pitch[0] * row, self.pitch[1] * column, row, column, channel)
        shape = (self.rows, self.cols, *self.cell, canvas.shape[2])
        return np.ndarray(shape, canvas.dtype, canvas, top * row + left * column, strides)

    def box(self, item: int) -> Box:
        """Return where a picture is."""
        row, col = divmod(item, self.cols)
        top = self.margins[0] + row * self.pitch[0]
        left = self.margins[3] + col * self.pitch[1]
        return Box(top, left, top + self.cell[0], left + self.cell[1])

    def caption_box(self, item: int) -> Box:
        """Return the strip below a picture."""
        _, left, bottom, right = self.box(item)
        return Box(bottom, left, bottom + self.caption, right)

    def above_column(self, col: int) -> Box:
        """Return the part of the top margin over a column."""
        top, left, _, right = self.box(col)
        return Box(0, left, top, right)

    def below_column(self, col: int) -> Box:
        """Return the part of the bottom margin under a column."""
        _, left, _, right = self.box(col)
        height = self.shape[0]
        return Box(height - self.margins[2], left, height, right)

    def before_row(self, row: int) -> Box:
        """Return the part of the left margin beside a row's pictures."""
        top, left, bottom, _ = self.box(row * self.cols)
        return Box(top, 0, bottom, left)

    def after_row(self, row: int, last_row: int | None = None) -> Box:
        """Return the part of the right margin beside the pictures of a row, or of several."""
        bottom = self.box((row if last_row is None else last_row) * self.cols).bottom
        width = self.shape[1]
        return Box(self.box(row * self.cols).top, width - self.margins[1], bottom, width)


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

    def sheet(self, n_items: int, cell: tuple[int, int]) -> Sheet:
        """Return where `n_items` pictures of a size are on the grid."""
        return Sheet(*self.grid_shape(n_items), cell, (self.padding, self.padding))


USUAL_TILER = Tiler()
