"""Offline rendering: very many items to files, streamed, resumable.

`render_files` is the whole of it; `hotcold render` is the same job on the command line, and
`hotcold.offline.dask` runs it on a cluster. `measure` finds one scale for very many items,
`write_boxes` makes a table of very many items' boxes, `compare_files` one of what changed.
"""

from __future__ import annotations

from hotcold.offline.api import render_files
from hotcold.offline.comparison import compare_files
from hotcold.offline.input import PlainMaps
from hotcold.offline.panels import render_panels
from hotcold.offline.run.report import Failure, RenderReport
from hotcold.offline.scales import measure
from hotcold.offline.tables import write_boxes

__all__ = [
    "Failure",
    "PlainMaps",
    "RenderReport",
    "compare_files",
    "measure",
    "render_files",
    "render_panels",
    "write_boxes",
]
