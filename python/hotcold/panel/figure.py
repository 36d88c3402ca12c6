"""A panel as a matplotlib figure, for papers: text, lines and colour bars that stay sharp."""

from __future__ import annotations

import dataclasses
import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hotcold import _atomic, _core
from hotcold.panel.columns import Drawn
from hotcold.panel.layout import bars_of
from hotcold.panel.style import Style
from hotcold.request import RenderRequest

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

_POINTS = 8  # of the text, as in the figures of papers
# Text that can be selected and searched, in the font that it is set in.
_TEXT: Any = {"pdf.fonttype": 42, "ps.fonttype": 42, "svg.fonttype": "none"}


def new_figure(
    style: Style,
    drawn: Mapping[str, Drawn],
    row_labels: Sequence[str] | None,
    cell_inches: float,
    n_threads: int,
) -> Figure:
    """Return the figure of a panel, outside pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as NewFigure

    n_items = sum(request.n_items for request in next(iter(drawn.values())).requests)
    height, width = next(iter(drawn.values())).requests[0].picture_shape[:2]
    bars = bars_of(style, drawn)
    size = (
        len(drawn) * cell_inches + (0.6 if bars in ("all", "row") else 0.2),
        n_items * cell_inches * height / width + 0.3 + (0.4 if bars == "column" else 0),
    )
    if bars == "cell":
        size = (size[0], size[1] + 0.4 * n_items)
    figure = NewFigure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(n_items, len(drawn), squeeze=False)
    for column, (label, one) in enumerate(drawn.items()):
        pictures = [(r, i) for r in one.requests for i in range(r.n_items)]
        for item, (request, place) in enumerate(pictures):
            _draw_cell(axes[item, column], request.items(place, place + 1), n_threads)
        if style.labels:
            axes[0, column].set_title(label, fontsize=_POINTS)
    for item, label in enumerate(row_labels or ()):
        axes[item, 0].set_ylabel(
            label, fontsize=_POINTS, rotation=0, horizontalalignment="right", labelpad=4
        )
    _draw_bars(figure, axes, drawn, bars)
    return figure


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a vector file, which appears whole or not at all."""
    import matplotlib as mpl

    format_name = Path(path).suffix.lower().removeprefix(".")
    metadata: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
    buffer = io.BytesIO()
    with mpl.rc_context(_TEXT):
        figure.savefig(buffer, format=format_name, metadata=metadata.get(format_name))
    _atomic.write_atomically(path, buffer.getvalue())


def _draw_cell(axes: Axes, request: RenderRequest, n_threads: int) -> None:
    """Draw an item's picture, and its contours as lines."""
    lines = request.spec.contours
    plain = request._replace(spec=dataclasses.replace(request.spec, contours=()))
    axes.imshow(plain.render(None, n_threads)[0], origin="upper", interpolation="none")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    if not lines:
        return
    maps = request.maps(n_threads)
    for by, threshold in lines:
        limits, _ = _core.threshold_limits(maps, threshold, by, n_threads)
        if maps.min() < limits[0] < maps.max():
            axes.contour(
                maps[0, 0],
                levels=[float(limits[0])],
                colors=[request.spec.contour_color],
                linewidths=request.spec.contour_width * 0.75,
            )


def _draw_bars(figure: Figure, axes: Any, drawn: Mapping[str, Drawn], bars: str) -> None:
    """Draw a colour bar for each scale."""
    scales = [one for one in drawn.values() if one.limits is not None]

    def draw(one: Drawn, item: int, beside: Any, location: str) -> None:
        where: Any = list(np.ravel(beside))
        bar = figure.colorbar(
            _mappable(one, item), ax=where, location=location, aspect=25, shrink=0.9
        )
        bar.ax.tick_params(labelsize=_POINTS - 1)
        bar.outline.set_visible(False)

    if bars == "all":
        draw(scales[0], 0, axes, "right")
    for item in range(len(axes) if bars == "row" else 0):
        draw(scales[0], item, axes[item], "right")
    for column, one in enumerate(drawn.values()):
        if one.limits is None:
            continue
        if bars == "column":
            draw(one, 0, axes[:, column], "bottom")
        for item in range(len(axes) if bars == "cell" else 0):
            draw(one, item, axes[item, column], "bottom")


def _mappable(one: Drawn, item: int) -> ScalarMappable:
    from matplotlib.cm import ScalarMappable as Mappable
    from matplotlib.colors import ListedColormap, Normalize

    table = one.requests[0].spec.table
    assert table is not None
    assert one.limits is not None
    low, high = one.limits[item].tolist()
    if low == high:  # a map of zeros
        low, high = low - 1.0, high + 1.0
    colormap = ListedColormap(np.asarray(table.rgba)[:, :3], name=table.name)
    return Mappable(Normalize(low, high), colormap)
