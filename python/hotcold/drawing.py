"""Pictures on screen and in vector files: the only module that imports matplotlib.pyplot.

It knows pixels and figures, nothing of attributions. Figures that it did not make keep their state:
it never draws in pyplot's current figure, nor makes another one current, nor closes any.
"""

from __future__ import annotations

import importlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 100
_INCHES = (3.0, 10.0)  # longest side of a new figure, at least and at most
_THINNEST = 0.1  # inches

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

    # "agg" or "inline", also from "module://matplotlib_inline.backend_inline".
    backend = mpl.get_backend().lower().rpartition("backend_")[2]
    if backend == "inline":
        _display(picture)
    elif backend not in _NON_INTERACTIVE:
        _open_window(picture)


def _display(picture: NDArray[np.uint8]) -> None:
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        return  # a program started from a notebook inherits the backend, but has no notebook
    # Without %matplotlib, nothing has told IPython yet how figures are shown: importing this does.
    importlib.import_module("matplotlib_inline.backend_inline")
    display(new_figure(picture))


def _open_window(picture: NDArray[np.uint8]) -> None:
    from matplotlib import pyplot as plt

    current = plt.gcf() if plt.get_fignums() else None
    window = plt.figure(figsize=_figure_size(picture))
    draw(picture, window.add_axes((0, 0, 1, 1)))
    if current is not None:
        plt.figure(current)
    plt.show()


def draw(picture: NDArray[np.uint8], axes: Axes) -> None:
    """Draw pixels on axes, without ticks or frame."""
    # Whatever the user's settings say of other images: the first row is the top, pixels are square.
    axes.imshow(picture, origin="upper", aspect="equal")
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
    # No date: files made of the same picture differ as little as the format allows.
    metadata: dict[str, Any] = {
        "pdf": {"CreationDate": None},
        "svg": {"Date": None},
    }.get(format_name, {})
    # The whole figure, also where the user's settings cut or pad others ("savefig.bbox").
    figure.savefig(
        buffer, format=format_name, metadata=metadata or None, bbox_inches=figure.bbox_inches
    )
    return buffer.getvalue()


def _figure_size(picture: NDArray[np.uint8]) -> tuple[float, float]:
    height, width = picture.shape[:2]
    longest = max(height, width) / _DPI
    scale = min(max(longest, _INCHES[0]), _INCHES[1]) / longest
    # matplotlib refuses figures that come out less than a pixel wide.
    return max(width / _DPI * scale, _THINNEST), max(height / _DPI * scale, _THINNEST)
