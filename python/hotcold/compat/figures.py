"""Figures whose PNG files are written by the encoder here, which takes a fraction of the time.

It is a backend of matplotlib's: ``savefig(..., backend="module://hotcold.compat.figures")``.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import PurePath
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hotcold import _atomic, files

_INCH = 0.0254  # metres
_HEADER_END = 33  # of a PNG file: its signature and the IHDR chunk


class FigureCanvas(FigureCanvasAgg):
    """Agg's canvas, pixel for pixel, with another encoder."""

    def print_png(
        self,
        filename_or_obj: Any,
        *,
        metadata: dict[str, str | None] | None = None,
        pil_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Write a PNG file, as `FigureCanvasAgg` does."""
        software = f"Matplotlib version{mpl.__version__}, https://matplotlib.org/"
        given = {"Software": software, **(metadata or {})}
        text = {key: value for key, value in given.items() if value is not None}
        agg: Any = super()  # matplotlib tells no types of it
        if pil_kwargs or not all(map(_is_plain, (*text, *text.values()))):
            agg.print_png(filename_or_obj, metadata=metadata, pil_kwargs=pil_kwargs)
            return
        agg.draw()
        data = files.encode(np.asarray(agg.buffer_rgba()), ".png", text)
        data = _with_resolution(data, self.figure.dpi)
        if hasattr(filename_or_obj, "write"):
            filename_or_obj.write(data)
        else:
            _atomic.write_atomically(filename_or_obj, data)


class SavedFigure(Figure):
    """A figure of matplotlib's that is saved to PNG files by `FigureCanvas`."""

    def savefig(self, fname: Any, **kwargs: Any) -> None:
        """Save it, as any figure."""
        # A canvas that draws in its own way, of Cairo for instance, goes on doing so.
        drawn = getattr(type(self.canvas), "print_png", FigureCanvasAgg.print_png)
        if drawn is FigureCanvasAgg.print_png and _format(fname, kwargs) == "png":
            kwargs.setdefault("backend", f"module://{__name__}")
        super().savefig(fname, **kwargs)


def _with_resolution(data: bytes, dpi: float) -> bytes:
    """Return a PNG file that says how large its pixels are."""
    per_metre = int(dpi / _INCH + 0.5)
    chunk = b"pHYs" + struct.pack(">2LB", per_metre, per_metre, 1)
    framed = struct.pack(">L", len(chunk) - 4) + chunk + struct.pack(">L", zlib.crc32(chunk))
    return data[:_HEADER_END] + framed + data[_HEADER_END:]


def _format(fname: Any, kwargs: dict[str, Any]) -> str:
    found = kwargs.get("format")
    if found is None and isinstance(fname, str | os.PathLike):
        found = PurePath(fname).suffix[1:]
    return str(found or mpl.rcParams["savefig.format"]).lower()


def _is_plain(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isprintable()
