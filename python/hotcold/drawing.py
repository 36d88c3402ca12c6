"""Pictures on screen and in vector files: the only module that imports matplotlib.pyplot.

It knows pixels and figures, nothing of attributions. It never touches pyplot's current figure and
never shows or closes a figure that it did not make.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 100
_INCHES = (3.0, 10.0)  # longest side of a new figure, at least and at most

# matplotlib's own backends that have no screen.
_NON_INTERACTIVE = frozenset({"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"})


def show(picture: NDArray[np.uint8], fig: Figure | None, imshow: bool = True) -> None:
    """Draw a picture in `fig` or a new figure, and show a new one where there is a screen.

    Parameters
    ----------
    picture : ndarray of uint8, shape (H, W, 3 or 4)
        The pixels.
    fig : matplotlib.figure.Figure, optional
        Drawn in, not shown: its owner does that. Without axes it gets one; otherwise its current
        axes are cleared and used.
    imshow : bool
        False: only draw in `fig`.

    Notes
    -----
    Under a non-interactive backend there is nothing to see, so no figure is made and none can leak.
    In a notebook the figure is displayed once and forgotten.
    """
    if fig is not None:
        axes = fig.gca() if fig.axes else fig.add_subplot()
        axes.clear()
        draw(picture, axes)
        if imshow and fig.canvas is not None:
            fig.canvas.draw_idle()
        return
    if not imshow:
        return
    import matplotlib as mpl

    backend = mpl.get_backend().lower()
    if "inline" in backend:
        from IPython.display import display

        display(new_figure(picture))
    elif backend not in _NON_INTERACTIVE:
        from matplotlib import pyplot as plt

        window = plt.figure(figsize=_figure_size(picture))
        draw(picture, window.add_axes((0, 0, 1, 1)))
        plt.show()


def draw(picture: NDArray[np.uint8], axes: Axes) -> None:
    """Draw pixels on axes, without ticks or frame."""
    axes.imshow(picture)
    axes.set_axis_off()


def new_figure(picture: NDArray[np.uint8]) -> Figure:
    """Return a figure of its own, outside pyplot, that the picture fills."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_figure_size(picture), dpi=_DPI)
    FigureCanvasAgg(figure)
    draw(picture, figure.add_axes((0, 0, 1, 1)))
    return figure


def vector_bytes(picture: NDArray[np.uint8], format_name: str) -> bytes:
    """Return a pdf, svg or eps file with the pixels, not resampled, filling the page."""
    figure = new_figure(picture)
    for image in figure.axes[0].images:
        image.set_interpolation("none")
    buffer = io.BytesIO()
    # No date: the same picture gives the same bytes.
    metadata: dict[str, Any] = {
        "pdf": {"CreationDate": None},
        "svg": {"Date": None},
    }.get(format_name, {})
    figure.savefig(buffer, format=format_name, metadata=metadata or None)
    return buffer.getvalue()


def _figure_size(picture: NDArray[np.uint8]) -> tuple[float, float]:
    height, width = picture.shape[:2]
    longest = max(height, width) / _DPI
    scale = min(max(longest, _INCHES[0]), _INCHES[1]) / longest
    return width / _DPI * scale, height / _DPI * scale
