"""`Panel`: columns of visualizers over the same items."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hotcold import _core, _validate, files
from hotcold._arrays import Array
from hotcold.options import rgb
from hotcold.panel import text
from hotcold.panel.columns import (
    SCALES,
    Columns,
    Drawn,
    batches,
    has_scale,
    requests_of,
    scaled,
)
from hotcold.panel.layout import Layout, compose
from hotcold.panel.style import Style
from hotcold.scale import Scale
from hotcold.visualizers.base import BaseVisualizer, check_targets

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hotcold.drawing import FigureLike

PathLike = str | os.PathLike[str]


class Panel:
    """Draw the same items in several ways, side by side: a column a way, a row an item.

    Parameters
    ----------
    columns : mapping of str to visualizer or None
        By label, from left to right; None shows the images themselves.
    scale : {"item", "row", "column", "shared"}, default "item"
        Whose values the colours go by: each cell's own; those of all cells in its row, which
        compares methods; of all in its column, which compares items; or of all. A row and all need
        columns of one normalization, clipping and sign.
    colorbar : bool, optional
        Draw a colour bar a scale, with the attributions at its ends. None: unless every cell has a
        scale of its own.
    labels : bool, default True
        Write the columns' labels above them.
    padding : int >= 0, default 4, pixels
        Between the cells.
    text_size : int, optional, pixels
        10, 12, 14, 16, 20, 24 or 32. None: as suits the pictures' height.
    background : matplotlib colour, default "white"
        Between the cells, and behind what is transparent.
    n_threads : int >= 1, optional
        None: the CPUs this process may use, or ``HOTCOLD_NUM_THREADS``. Changes no bit.

    Notes
    -----
    A cell is what its visualizer's `render` returns, to the last bit: with ``scale="column"`` that
    of ``scale="shared"``. Text is made of pixels that are packed with hotcold, the same everywhere;
    `figure` has it as text.

    Examples
    --------
    >>> import hotcold
    >>> example = hotcold.data.load_example()
    >>> panel = hotcold.Panel(
    ...     {"input": None, "map": hotcold.Visualizer(True), "over": hotcold.HeatmapVisualizer()},
    ...     scale="column",
    ... )
    >>> panel.render(example.attributions, example.images).ndim
    4
    >>> panel.sheet(example.attributions[:3], example.images[:3]).shape[2]
    3
    """

    def __init__(
        self,
        columns: Columns,
        *,
        scale: str = "item",
        colorbar: bool | None = None,
        labels: bool = True,
        padding: int = 4,
        text_size: int | None = None,
        background: Any = "white",
        n_threads: int | None = None,
    ) -> None:
        if not isinstance(columns, Mapping) or not columns:
            msg = (
                "`columns` must be a mapping of at least one label to a visualizer, got "
                f"{columns!r}"
            )
            raise TypeError(msg) if not isinstance(columns, Mapping) else ValueError(msg)
        self.columns = {text.check("columns", label): kind for label, kind in columns.items()}
        for label, kind in columns.items():
            if kind is not None and not isinstance(kind, BaseVisualizer):
                msg = (
                    f"`columns` must hold visualizers, or None for the images, got "
                    f"{type(kind).__name__} for {label!r}"
                )
                raise TypeError(msg)
        if all(kind is None for kind in columns.values()):
            msg = "`columns` must hold at least one visualizer, got none but images"
            raise ValueError(msg)
        if text_size is not None and text_size not in text.SIZES:
            sizes = ", ".join(map(str, text.SIZES))
            msg = f"`text_size` must be one of {sizes}, got {text_size!r}"
            raise ValueError(msg)
        red, green, blue = (int(c * 255 + 0.5) for c in rgb("background", background))
        self.style = Style(
            _validate.one_of("scale", scale, SCALES),
            scale != "item" if colorbar is None else _validate.flag("colorbar", colorbar),
            _validate.flag("labels", labels),
            _validate.whole("padding", padding, 0),
            text_size,
            (red, green, blue),
        )
        _validate.n_threads(n_threads)
        self.n_threads = n_threads

    def __repr__(self) -> str:
        return f"<Panel {', '.join(map(repr, self.columns))}, scale={self.style.scale!r}>"

    def render(
        self,
        attributions: Any,
        x: Any = None,
        *,
        captions: Sequence[str] | None = None,
        out: NDArray[np.uint8] | None = None,
    ) -> NDArray[np.uint8]:
        """Return a strip of cells for each item.

        Parameters
        ----------
        attributions : array-like or mapping of str to array-like
            One batch for all columns, or one for each by its label.
        x : array-like, optional
            The images, where columns draw over them or show them.
        captions : sequence of str, optional
            A line below each strip.
        out : ndarray of uint8, shape of the result, optional
            Written and returned.

        Returns
        -------
        ndarray of uint8, shape (N, H', W', 3)
            With labels above and colour bars beside or below, as the panel says.

        Raises
        ------
        ValueError, TypeError
            As the visualizers' `render`, with the column's label; batches that are not the
            columns', pictures of several sizes, not one caption an item, characters that no font
            has.
        """
        drawn = self._drawn(attributions, x)
        n_items = _count(drawn)
        lines = _lines("captions", captions, n_items)
        layout = Layout.of(self.style, drawn, 1, caption=lines is not None)
        shape = (n_items, *layout.sheet.shape, 3)
        if out is None:
            strips: NDArray[np.uint8] = np.empty(shape, np.uint8)
        elif not isinstance(out, np.ndarray) or out.dtype != np.uint8 or out.shape != shape:
            got = f"{out.dtype} {out.shape}" if isinstance(out, np.ndarray) else type(out).__name__
            msg = f"`out` must be a numpy array of uint8 and shape {shape}, got {got}"
            raise ValueError(msg)
        else:
            strips = out
        compose(layout, drawn, strips, self._threads, captions=lines)
        return strips

    def batches(self, attributions: Any, x: Any = None) -> dict[str, Any]:
        """Return the maps of each column that has some, of one batch or of one for each.

        Raises
        ------
        ValueError
            Columns without maps, maps without a column, a column of images without images.
        """
        return batches(self.columns, attributions, x)

    def check(self, attributions: Any, x: Any = None) -> None:
        """Raise for batches that cannot be drawn, whatever their values are."""
        drawn = self._drawn(attributions, x)
        Layout.of(self.style, drawn, 1)

    def scaled_labels(self, attributions: Any, x: Any = None) -> list[str]:
        """Return the columns whose colours stand for values that can be measured."""
        requests = requests_of(self.columns, attributions, x)
        return [label for label, request in requests.items() if has_scale(request)]

    def with_scales(self, scales: Mapping[str, Scale]) -> Panel:
        """Return a panel whose columns are drawn by scales that were measured, by their labels."""
        twin = copy.copy(self)
        twin.columns = {
            label: kind
            if kind is None or label not in scales
            # The column's own, if it has one, is older.
            else kind.__replace__(scale=scales[label])
            for label, kind in self.columns.items()
        }
        return twin

    def strips(
        self,
        attributions: Any,
        x: Any,
        captions: Sequence[str] | None,
        first_item: int,
        *,
        limits: bool,
    ) -> tuple[NDArray[np.uint8], dict[str, NDArray[np.float64] | None]]:
        """Return the strips of a batch whose first item is called `first_item` in messages.

        With `limits` also the attributions at both ends of the colours, (N, 2) by the columns'
        labels; None where colours stand for none, and without.
        """
        requests = {
            label: request._replace(first_item=first_item)
            for label, request in requests_of(self.columns, attributions, x).items()
        }
        measures = limits or self.style.colorbar
        drawn = scaled(requests, self.style.scale, self._threads, limits=measures)
        n_items = _count(drawn)
        lines = _lines("captions", captions, n_items)
        layout = Layout.of(self.style, drawn, 1, caption=lines is not None)
        strips: NDArray[np.uint8] = np.empty((n_items, *layout.sheet.shape, 3), np.uint8)
        compose(layout, drawn, strips, self._threads, captions=lines)
        return strips, {label: one.limits for label, one in drawn.items()}

    def sheet(
        self, attributions: Any, x: Any = None, *, row_labels: Sequence[str] | None = None
    ) -> NDArray[np.uint8]:
        """Return one picture with a row an item, under one header.

        Parameters
        ----------
        attributions, x
            As for `render`.
        row_labels : sequence of str, optional
            What stands left of each row, up to the width of a cell.

        Returns
        -------
        ndarray of uint8, shape (H', W', 3)
        """
        drawn = self._drawn(attributions, x)
        n_items = _count(drawn)
        lines = _lines("row_labels", row_labels, n_items)
        layout = Layout.of(self.style, drawn, n_items, row_labels=lines)
        canvas: NDArray[np.uint8] = np.empty((*layout.sheet.shape, 3), np.uint8)
        compose(layout, drawn, canvas[np.newaxis], self._threads, row_labels=lines)
        return canvas

    def figure(
        self,
        attributions: Any,
        x: Any = None,
        *,
        row_labels: Sequence[str] | None = None,
        cell_inches: float = 1.5,
    ) -> Figure:
        """Return a matplotlib figure for a paper: text as text, contours as lines, colour bars.

        Parameters
        ----------
        attributions, x, row_labels
            As for `sheet`.
        cell_inches : float, default 1.5
            The width of a cell.

        Returns
        -------
        matplotlib.figure.Figure
            Outside pyplot: ``figure.savefig("figure.pdf")``.
        """
        from hotcold.panel.figure import new_figure

        drawn = self._drawn(attributions, x)
        lines = _lines("row_labels", row_labels, _count(drawn))
        return new_figure(self.style, drawn, lines, cell_inches, self._threads)

    def __call__(
        self,
        attributions: Any,
        x: Any = None,
        output_file: PathLike | None = None,
        imshow: bool = True,
        fig: FigureLike | None = None,
        *,
        row_labels: Sequence[str] | None = None,
    ) -> dict[str, Array]:
        """Draw a batch, and return what was computed before colouring, by column.

        Parameters
        ----------
        attributions, x, row_labels
            As for `sheet`.
        output_file : path-like, optional
            The sheet goes there; pdf, svg and eps hold the `figure`.
        imshow, fig
            As for `Visualizer`.

        Returns
        -------
        dict of str to ndarray
            The values of each column that has some, (N, C, H, W).
        """
        check_targets(output_file, fig)
        drawn = self._drawn(attributions, x)
        if output_file is not None and files.known_suffix(output_file) in files.VECTOR_SUFFIXES:
            from hotcold.panel.figure import save

            save(self.figure(attributions, x, row_labels=row_labels), output_file)
        elif output_file is not None or imshow or fig is not None:
            sheet = self.sheet(attributions, x, row_labels=row_labels)
            if output_file is not None:
                told = {"Software": f"hotcold {_core.__version__}", "Description": repr(self)}
                files.save_picture(Path(output_file), sheet, told, None, self._threads)
            if imshow or fig is not None:
                from hotcold import drawing

                drawing.show(sheet, fig, imshow)
        return {
            label: np.concatenate([r.values(self._threads) for r in drawn[label].requests])
            for label, kind in self.columns.items()
            if kind is not None
        }

    @property
    def _threads(self) -> int:
        return _validate.n_threads(self.n_threads)

    def _drawn(self, attributions: Any, x: Any) -> dict[str, Drawn]:
        requests = requests_of(self.columns, attributions, x)
        return scaled(requests, self.style.scale, self._threads, limits=self.style.colorbar)


def _count(drawn: Mapping[str, Drawn]) -> int:
    return sum(request.n_items for request in next(iter(drawn.values())).requests)


def _lines(name: str, given: Sequence[str] | None, n_items: int) -> list[str] | None:
    if given is None:
        return None
    if isinstance(given, str) or len(given) != n_items:
        got = repr(given) if isinstance(given, str) else len(given)
        msg = f"`{name}` must hold {n_items} strings, one per item, got {got}"
        raise ValueError(msg)
    return [text.check(name, line) for line in given]
