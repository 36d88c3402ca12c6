"""Pictures on screen and in vector files: the only module that imports matplotlib.pyplot.

It knows pixels, colour scales and figures, nothing of attributions. Figures that it did not make
keep their state: it never draws in pyplot's current figure, nor makes another one current, nor
shows or closes any. `new_axes` and `show_pyplot` are for callers who leave their figures to pyplot.
"""

from __future__ import annotations

import importlib
import io
import weakref
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure
    from matplotlib.image import AxesImage

    from hotcold.colormaps import ColorScale

    FigureLike: TypeAlias = Figure | SubFigure | Axes

_DPI = 100
_INCHES = (3.0, 10.0)  # longest side of a new figure, at least and at most
_THINNEST = 0.1  # inches

# matplotlib's own backends that have no screen.
_NON_INTERACTIVE = frozenset({"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"})
_WIDGETS = frozenset({"ipympl", "widget", "module://ipympl.backend_nbagg"})

# What was drawn here, to find it again: the next picture takes its place.
_drawn: weakref.WeakSet[AxesImage] = weakref.WeakSet()


def check_fig(fig: object) -> None:
    """Require something that can be drawn in, without a doubt where.

    Raises
    ------
    TypeError
        Neither a figure nor axes.
    ValueError
        A figure with several axes, none or several of which hold a picture of ours; axes that are
        in no figure or not rectilinear.
    """
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    if isinstance(fig, Axes):
        if fig.figure is None or fig.name != "rectilinear":
            what = f"of projection {fig.name!r}" if fig.figure is not None else "in no figure"
            msg = f"`fig` must be a figure or rectilinear axes of one, got axes {what}"
            raise ValueError(msg)
    elif isinstance(fig, Figure | SubFigure):
        if len(fig.axes) > 1 and len(_ours(fig)) != 1:
            msg = (
                f"`fig` must say where to draw: the figure has {len(fig.axes)} axes; pass one of "
                "them, for instance fig=fig.axes[0]"
            )
            raise ValueError(msg)
    else:
        many = isinstance(fig, list | tuple | np.ndarray)
        hint = "; pass one of them, for instance fig=axes[0]" if many else ""
        msg = (
            f"`fig` must be a matplotlib Figure, SubFigure or Axes, got {type(fig).__name__}{hint}"
        )
        raise TypeError(msg)


def _ours(fig: Figure | SubFigure) -> list[Axes]:
    return [axes for axes in fig.axes if _picture_in(axes) is not None]


def _picture_in(axes: Axes) -> AxesImage | None:
    return next((image for image in axes.images if image in _drawn), None)


def _axes_of(fig: FigureLike) -> Axes:
    from matplotlib.axes import Axes

    if isinstance(fig, Axes):
        return fig
    if len(fig.axes) > 1:
        return _ours(fig)[0]
    return fig.axes[0] if fig.axes else fig.add_subplot()


def show(
    picture: NDArray[np.uint8],
    fig: FigureLike | None,
    imshow: bool = True,
    scale: ColorScale | None = None,
) -> None:
    """Draw a picture in `fig` or a new figure, and show a new one where there is a screen.

    Parameters
    ----------
    picture : ndarray of uint8, shape (H, W, 3 or 4)
        The pixels.
    fig : matplotlib Figure, SubFigure or Axes, optional
        As `check_fig` wants it. Drawn in, not shown: its owner does that. A picture drawn there
        before is replaced; titles and whatever else is there stay.
    imshow : bool
        False: only draw in `fig`.
    scale : ColorScale, optional
        What the colours mean, for colour bars of what was drawn.

    Notes
    -----
    Under a non-interactive backend there is nothing to see, so no figure is made and none can leak.
    In a notebook the figure is displayed once and forgotten. No other figure is shown or closed.
    """
    if fig is not None:
        axes = _axes_of(fig)
        draw(picture, axes, scale)
        canvas = axes.figure.canvas if axes.figure is not None else None
        if imshow and canvas is not None:
            canvas.draw_idle()
        return
    if not imshow:
        return
    import matplotlib as mpl

    backend = mpl.get_backend().lower()
    # "agg" or "inline", also from "module://matplotlib_inline.backend_inline".
    name = backend.rpartition("backend_")[2]
    if backend in _WIDGETS:
        _display_widget(picture, scale)
    elif name == "inline":
        _display(picture, scale)
    elif name not in _NON_INTERACTIVE:
        _open_window(picture, scale)


def _display(picture: NDArray[np.uint8], scale: ColorScale | None) -> None:
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        return  # a program started from a notebook inherits the backend, but has no notebook
    # Without %matplotlib, nothing has told IPython yet how figures are shown: importing this does.
    importlib.import_module("matplotlib_inline.backend_inline")
    display(new_figure(picture, scale))


def _display_widget(picture: NDArray[np.uint8], scale: ColorScale | None) -> None:
    """Show a figure of its own as a widget: pyplot's way shows the current figure, whichever."""
    from IPython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        return
    backend = importlib.import_module("ipympl.backend_nbagg")
    figure = new_figure(picture, scale)
    canvas = backend.Canvas(figure)
    backend.FigureManager(canvas, 0).set_window_title("hotcold")
    display(canvas)


def _open_window(picture: NDArray[np.uint8], scale: ColorScale | None) -> None:
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    current = plt.gcf() if plt.get_fignums() else None
    window = plt.figure(figsize=_figure_size(picture))
    draw(picture, window.add_axes((0, 0, 1, 1)), scale)
    canvas = window.canvas
    if current is not None:
        plt.figure(current)
    if mpl.get_backend().lower() == "webagg":
        plt.show()  # a page with all figures, which has no other way
        return
    # This window alone. pyplot.show() would show, and in some notebooks close, all others too.
    assert canvas.manager is not None
    canvas.manager.show()
    # As pyplot.show() does, a program without an event loop waits until the window is closed.
    waits = not mpl.is_interactive() and not hasattr(plt.show, "_needmain")
    if waits and canvas.required_interactive_framework is not None:
        canvas.mpl_connect("close_event", lambda _: canvas.stop_event_loop())
        canvas.start_event_loop()


def draw(picture: NDArray[np.uint8], axes: Axes, scale: ColorScale | None = None) -> AxesImage:
    """Draw pixels on axes, without ticks or frame, and return what was drawn.

    A picture drawn there before takes the new pixels and scale, and so do its colour bars.
    """
    from matplotlib.colors import Normalize

    height, width = picture.shape[:2]
    image = _picture_in(axes)
    if image is None:
        # Whatever the user's settings say of other images: the first row is the top, and pixels
        # are square.
        image = axes.imshow(picture, origin="upper", aspect="equal")
        _drawn.add(image)
    else:
        image.set_data(picture)
        image.set_extent((-0.5, width - 0.5, height - 0.5, -0.5))
        axes.set_xlim(-0.5, width - 0.5)
        axes.set_ylim(height - 0.5, -0.5)
    # The pixels are drawn as they are; a colour bar asks the artist what they stand for.
    image.set_cmap("gray" if scale is None else scale.colormap())
    image.set_norm(Normalize(*(scale.limits if scale is not None else (0.0, 1.0))))
    axes.set_axis_off()
    return image


def new_figure(picture: NDArray[np.uint8], scale: ColorScale | None = None) -> Figure:
    """Return a figure of its own, outside pyplot, that the picture fills."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=_figure_size(picture), dpi=_DPI)
    FigureCanvasAgg(figure)
    draw(picture, figure.add_axes((0, 0, 1, 1)), scale)
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


def new_axes(
    grid: tuple[int, int], size: tuple[float, float], *, kind: type[Figure], pyplot: bool
) -> tuple[Figure, list[Axes]]:
    """Return a new figure and its axes, row by row.

    Parameters
    ----------
    grid : (int, int)
        Rows and columns of axes.
    size : (float, float), inches
        Of the figure.
    kind : type
        Of figure.
    pyplot : bool
        Whether pyplot knows it, as its current figure, and can show it; its owner closes it.
    """
    if pyplot:
        from matplotlib import pyplot as plt

        figure = plt.figure(figsize=size, FigureClass=kind)
    else:
        figure = kind(figsize=size)
    return figure, figure.subplots(*grid, squeeze=False).ravel().tolist()


def show_pyplot() -> None:
    """Show pyplot's figures where there is a screen, as those do that leave showing to pyplot."""
    from matplotlib import pyplot as plt

    plt.show()


def _figure_size(picture: NDArray[np.uint8]) -> tuple[float, float]:
    height, width = picture.shape[:2]
    longest = max(height, width) / _DPI
    scale = min(max(longest, _INCHES[0]), _INCHES[1]) / longest
    # matplotlib refuses figures that come out less than a pixel wide.
    return max(width / _DPI * scale, _THINNEST), max(height / _DPI * scale, _THINNEST)
