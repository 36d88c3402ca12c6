"""The items of files as frames of one series."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotcold._arrays import Array
from hotcold.offline.api import open_inputs
from hotcold.offline.input import IndexedSource, Source
from hotcold.offline.input.boundary import items_of
from hotcold.offline.output import guard
from hotcold.offline.output.guard import Read
from hotcold.visualizers.base import BaseVisualizer


def frames_of(
    visualizer: BaseVisualizer[Any],
    attributions: Any,
    x: Any,
    output_file: str | os.PathLike[str],
    overwrite: bool,
    n_threads: int | None,
) -> NDArray[np.uint8]:
    """Return the pictures of all items, (F, H, W, 3 or 4), once it is clear where they may go.

    Parameters
    ----------
    visualizer, attributions, x
        As for `render_files`; x is resized where it is a folder of pictures of another size.
    output_file, overwrite
        What they are meant for, which must not be there, unless it may be replaced, or read.
    n_threads : int, optional
        None: the CPUs this process may use, or ``HOTCOLD_NUM_THREADS``.
    """
    with contextlib.ExitStack() as stack:
        maps, images = open_inputs(stack, visualizer, attributions, x, False, "name")
        reads = [Read.of(s) for s in (maps, images) if s is not None]
        guard.check_file(Path(output_file), reads, overwrite=overwrite)
        batch = _all_items(maps)
        shown = None if images is None else _all_items(images)
        request = visualizer.request(batch, shown)
        return request.render(None, n_threads)


def _all_items(source: Source) -> Array:
    if isinstance(source, IndexedSource):
        return items_of(source, 0, source.n_items)
    return np.concatenate(list(source.batches()))
