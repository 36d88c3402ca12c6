"""Where everything of a panel is, and putting it there as pixels."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hotcold.panel import text
from hotcold.panel.columns import Bar, Drawn, render_into
from hotcold.panel.style import Style
from hotcold.sheet import Box, Sheet

Picture = NDArray[np.uint8]

_MINUS = "\N{MINUS SIGN}"
_LONGEST = _MINUS + "0.000888"  # that a tick may be; the same for every batch of a job
_BAR = 10  # pixels across a colour bar
_AIR = 3  # pixels around text


class Layout(NamedTuple):
    """A panel's geometry, and what its text looks like."""

    sheet: Sheet
    columns: tuple[str, ...]
    labels: bool
    bars: str  # none | all | row | column | cell: what has a colour bar of its own
    size: int  # of the text
    caption: int  # rows at the very bottom of a strip
    color: text.Color
    background: NDArray[np.uint8]

    @staticmethod
    def of(
        style: Style,
        drawn: Mapping[str, Drawn],
        rows: int,
        *,
        caption: bool = False,
        row_labels: Sequence[str] | None = None,
    ) -> Layout:
        """Return the layout of so many rows of a style."""
        height, width = next(iter(drawn.values())).requests[0].picture_shape[:2]
        size = style.text_size or text.size_for(height)
        line = text.line_height(size) + _AIR
        bars = bars_of(style, drawn)
        below = _AIR + _BAR + line
        right = 0
        if bars in ("all", "row"):
            right = style.padding + _BAR + _AIR + text.width(_LONGEST, size)
        left = 0
        if row_labels is not None:
            longest = max(text.width(label, size) for label in row_labels)
            left = min(longest, width) + style.padding + 2 * _AIR
        caption_height = line if caption else 0
        margins = (
            line if style.labels else 0,
            right,
            (below if bars == "column" else 0) + caption_height,
            left,
        )
        sheet = Sheet(
            rows,
            len(drawn),
            (height, width),
            (style.padding, style.padding),
            margins,
            below if bars == "cell" else 0,
        )
        red, green, blue = style.background
        dark = 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128
        color = (255, 255, 255) if dark else (0, 0, 0)
        background = np.array(style.background, np.uint8)
        return Layout(
            sheet, tuple(drawn), style.labels, bars, size, caption_height, color, background
        )


def bars_of(style: Style, drawn: Mapping[str, Drawn]) -> str:
    """Return what has a colour bar: nothing, all, each row, each column or each cell."""
    scales = [one for one in drawn.values() if one.limits is not None]
    if not style.colorbar or not scales:
        return "none"
    # One bar stands for several columns only where they have its colours.
    tables = {one.requests[0].spec.table for one in scales}
    if style.scale == "shared":
        return "all" if len(tables) == 1 else "column"
    if style.scale == "row":
        return "row" if len(tables) == 1 else "cell"
    return "column" if style.scale == "column" else "cell"


def number(value: float) -> str:
    """Return a number for people, in few characters."""
    plain = f"{value + 0.0:.3g}".replace("e-0", "e-").replace("e+0", "e")
    return plain.replace("-", _MINUS)


def compose(
    layout: Layout,
    drawn: Mapping[str, Drawn],
    canvases: Picture,
    n_threads: int,
    *,
    captions: Sequence[str] | None = None,
    row_labels: Sequence[str] | None = None,
) -> None:
    """Draw a panel into canvases (M, H, W, 3): one of all items, or one an item."""
    sheet = layout.sheet
    canvases[...] = layout.background
    for column, one in enumerate(drawn.values()):
        render_into(one, _cells(sheet, canvases, column), layout.background, n_threads)
    write = functools.partial(text.draw, size=layout.size, color=layout.color)
    if layout.labels:
        for column, label in enumerate(layout.columns):
            write(sheet.above_column(column).of(canvases[0]), label)
        top = sheet.margins[0]
        canvases[1:, :top] = canvases[:1, :top]
    for row, label in enumerate(row_labels or ()):
        box = sheet.before_row(row)
        part = Box(box.top, box.left + _AIR, box.bottom, box.right - _AIR)
        write(part.of(canvases[0]), label, align="left")
    for item, caption in enumerate(captions or ()):
        write(canvases[item, -layout.caption :, sheet.margins[3] :], caption)
    _draw_bars(layout, drawn, canvases)


def _cells(sheet: Sheet, canvases: Picture, column: int) -> Picture:
    """View the cells of a column as (N, 1, H, W, 3), across canvases or down the only one."""
    canvas, row, pixel, channel = canvases.strides
    top, _, _, left = sheet.margins
    if len(canvases) > 1 or sheet.rows == 1:
        n_items, step = len(canvases), canvas
    else:
        n_items, step = sheet.rows, sheet.pitch[0] * row
    return np.lib.stride_tricks.as_strided(
        canvases[0, top:, left + column * sheet.pitch[1] :],
        (n_items, 1, *sheet.cell, 3),
        (step, sheet.pitch[1] * pixel, row, pixel, channel),
    )


def _draw_bars(layout: Layout, drawn: Mapping[str, Drawn], canvases: Picture) -> None:
    sheet = layout.sheet
    scales = [one for one in drawn.values() if one.limits is not None]
    if layout.bars == "none":
        return
    for k, canvas in enumerate(canvases):
        if layout.bars == "all":
            _stand(layout, canvas, sheet.after_row(0, sheet.rows - 1), scales[0].bar(0))
        for row in range(sheet.rows if layout.bars == "row" else 0):
            _stand(layout, canvas, sheet.after_row(row), scales[0].bar(k + row))
        for column, one in enumerate(drawn.values()):
            if layout.bars == "column":
                box = sheet.below_column(column)
                bottom = box.bottom - layout.caption
                _lie(layout, canvas, Box(box.top, box.left, bottom, box.right), one.bar(0))
            for row in range(sheet.rows if layout.bars == "cell" else 0):
                box = sheet.caption_box(row * sheet.cols + column)
                _lie(layout, canvas, box, one.bar(k + row))


def _stand(layout: Layout, canvas: Picture, box: Box, bar: Bar | None) -> None:
    """Draw an upright colour bar, its high end at the top."""
    if bar is None:
        return
    left = box.right - layout.sheet.margins[1] + layout.sheet.gap[1]
    height = box.bottom - box.top
    colors = bar.colors[_entries(len(bar.colors), height)[::-1]]
    canvas[box.top : box.bottom, left : left + _BAR] = colors[:, None]
    line = text.line_height(layout.size)
    start = left + _BAR + _AIR
    middle = (box.top + box.bottom - line) // 2
    for value, top in ((bar.high, box.top), (bar.low, box.bottom - line), (0.0, middle)):
        if value == 0.0 and (bar.low != -bar.high or height < 4 * line):
            if top == middle:
                continue
        part = canvas[max(top, 0) : top + line, start : box.right]
        text.draw(part, number(value), layout.size, layout.color, "left")


def _lie(layout: Layout, canvas: Picture, box: Box, bar: Bar | None) -> None:
    """Draw a lying colour bar, its high end at the right."""
    if bar is None:
        return
    top = box.top + _AIR
    width = box.right - box.left
    canvas[top : top + _BAR, box.left : box.right] = bar.colors[_entries(len(bar.colors), width)]
    ticks = canvas[top + _BAR : box.bottom, box.left : box.right]
    low, high = number(bar.low), number(bar.high)
    text.draw(ticks, low, layout.size, layout.color, "left")
    if width > text.width(low + high + "  ", layout.size):
        text.draw(ticks, high, layout.size, layout.color, "right")


def _entries(n: int, length: int) -> NDArray[np.intp]:
    """Return which of `n` colours each pixel of a bar has."""
    return np.arange(length) * n // length
