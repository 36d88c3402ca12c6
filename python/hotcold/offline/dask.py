"""Rendering on a dask cluster: arrays to arrays, or arrays to files, block by block.

Needs the extra ``hotcold[dask]``. A visualizer pickles to a few hundred bytes, so what travels is
the maps. Every task renders with one thread: the cluster's own worker threads are the parallelism.
Files have the names that `hotcold.render_files` gives them and appear whole, so a task that dask
runs twice, because its worker died, writes the same file again and nothing is doubled.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from hotcold import _validate, files
from hotcold._arrays import Array
from hotcold._extras import require
from hotcold.offline.api import ON_ERROR, check_visualizer, checked_quality, known_format
from hotcold.offline.input.base import known_shape
from hotcold.offline.input.feed import Piece
from hotcold.offline.output.place import LocalPlace, place_at
from hotcold.offline.run import blocks
from hotcold.offline.run.job import Job
from hotcold.offline.run.progress import Silence
from hotcold.offline.run.rendering import Limits, Renders, with_limits
from hotcold.offline.run.report import STAGES, RenderReport
from hotcold.offline.scales import Maps
from hotcold.request import RenderRequest
from hotcold.scale import Scale
from hotcold.scale.passes import Part, Task, merged, search
from hotcold.visualizers.base import BaseVisualizer

__all__ = ["measure", "render", "render_files"]


def render(
    visualizer: Renders,
    attributions: Any,
    x: Any = None,
    *,
    limits: Limits | None = None,
    n_threads: int = 1,
) -> Any:
    """Return the pictures of a dask array as a dask array; nothing is computed yet.

    Parameters
    ----------
    visualizer : Visualizer, HeatmapVisualizer, MaskVisualizer or alike
        How items are drawn; sent to the workers.
    attributions : dask array, shape (N, C, H, W) or (N, H, W, C)
        Chunked along the items; other axes are brought into one chunk.
    x : dask array, optional
        The images; brought to the items' chunks of `attributions`.
    limits : (float, float), optional
        The visualizer's option of this name. ``normalization_type="unnormalized"`` needs limits
        here: a block does not know the others' largest value.
    n_threads : int >= 1, default 1
        Of the core in each task. One for every worker thread is what keeps them from multiplying.

    Returns
    -------
    dask array of uint8, shape (N, H, W, 3 or 4)
        Channels last whatever the input.

    Raises
    ------
    ImportError
        dask is not installed.
    ValueError
        Shapes that do not match, or limits missing.

    Examples
    --------
    >>> import dask.array as da
    >>> import hotcold
    >>> from hotcold.offline import dask as on_dask
    >>> maps = da.random.normal(size=(100, 1, 16, 16), chunks=(25, -1, -1, -1))
    >>> on_dask.render(hotcold.Visualizer(), maps)[:3].compute().shape
    (3, 16, 16, 3)
    """
    da = require("dask.array", "dask", "to render on a dask cluster")
    arrays = _aligned(da, attributions, x)
    visualizer, limits = _with_limits(visualizer, limits)
    request = _first_request(visualizer, arrays, limits)
    threads = _validate.whole("n_threads", n_threads, 1)
    height, width, channels = request.picture_shape
    items = arrays[0].chunks[0]
    return da.map_blocks(
        blocks.render_block,
        *arrays,
        visualizer=visualizer,
        limits=limits,
        n_threads=threads,
        chunks=(items, (height,), (width,), (channels,)),
        dtype=np.uint8,
        meta=np.empty((0, 0, 0, 0), np.uint8),
    )


def render_files(
    visualizer: Renders,
    attributions: Any,
    x: Any = None,
    *,
    output_dir: str | os.PathLike[str],
    names: Sequence[str] | None = None,
    format: str = "png",
    n_threads: int = 1,
    on_error: str = "raise",
    resume: bool = False,
    limits: Limits | None = None,
    compression: str = "default",
    quality: int | None = None,
    overwrite: bool = False,
    provenance: bool = True,
) -> RenderReport:
    """Render every item of a dask array into a file, on the cluster in use.

    Parameters
    ----------
    visualizer, attributions, x, limits
        As in `render`.
    n_threads : int >= 1, default 1
        That share the items of a block.
    output_dir : path-like
        A folder, or an address as for `hotcold.render_files`, that every worker reaches under this
        name.
    names, format, on_error, resume, compression, quality, overwrite, provenance
        As in `hotcold.render_files`; a folder begun by one can be finished by the other.

    Returns
    -------
    RenderReport
        Of all blocks together; `n_threads` counts the blocks' threads, not the cluster's.

    Raises
    ------
    ImportError
        dask is not installed.
    ValueError, TypeError, OSError
        As in `hotcold.render_files`.

    Examples
    --------
    >>> import tempfile
    >>> import dask.array as da
    >>> import hotcold
    >>> from hotcold.offline import dask as on_dask
    >>> maps = da.random.normal(size=(10, 1, 16, 16), chunks=(5, -1, -1, -1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     on_dask.render_files(hotcold.Visualizer(), maps, output_dir=folder).n_files
    10
    """
    dask = require("dask", "dask", "to render on a dask cluster")
    da = require("dask.array", "dask", "to render on a dask cluster")
    start = time.perf_counter()
    check_visualizer(visualizer)
    arrays = _aligned(da, attributions, x)
    visualizer, limits = _with_limits(visualizer, limits)
    _first_request(visualizer, arrays, limits)
    place = place_at(output_dir)
    if place.local is not None:
        place = LocalPlace(place.local.absolute())
    job = Job(
        visualizer,
        *_outlines(arrays[:1] if x is None else [arrays[0], x]),
        place=place,
        names=names,
        suffix=known_format(format),
        n_threads=_validate.whole("n_threads", n_threads, 1),
        record=_validate.one_of("on_error", on_error, ON_ERROR) == "record",
        resume=_validate.flag("resume", resume),
        overwrite=_validate.flag("overwrite", overwrite),
        limits=limits,
        compression=_validate.one_of("compression", compression, files.COMPRESSIONS),
        quality=checked_quality(quality, format),
        provenance=_validate.flag("provenance", provenance),
    )
    with job.folder() as folder:
        # Sent once, not with every block.
        worker = dask.delayed(job.prepare(folder, Silence(), core_threads=1))
        first_items = np.cumsum([0, *arrays[0].chunks[0]]).tolist()
        parts = [array.to_delayed().reshape(-1) for array in arrays]
        write = dask.delayed(blocks.write_block, pure=False)
        reports = [
            write(worker, job.n_threads, first, *blocks_of_items)
            for first, *blocks_of_items in zip(first_items, *parts, strict=False)
        ]
        report = _together(dask.compute(*reports), str(job.place), time.perf_counter() - start)
        folder.note([], [failure.index for failure in report.failures])
        job.keep(report, folder, len(attributions))
    return report


def measure(visualizer: BaseVisualizer[Any], attributions: Any, x: Any = None) -> Scale:
    """Return the one scale of all maps of a dask array, on the cluster in use.

    Parameters
    ----------
    visualizer, attributions, x
        As in `hotcold.measure`, of dask arrays.

    Returns
    -------
    Scale
        That of `hotcold.measure`, to the last bit.

    Raises
    ------
    ImportError
        dask is not installed.
    TypeError, ValueError
        As in `hotcold.measure`.

    Examples
    --------
    >>> import dask.array as da
    >>> import hotcold
    >>> from hotcold.offline import dask as on_dask
    >>> maps = da.random.default_rng(0).normal(size=(100, 1, 16, 16), chunks=(25, -1, -1, -1))
    >>> scale = on_dask.measure(hotcold.Visualizer(), maps)
    >>> on_dask.render(hotcold.Visualizer(scale=scale), maps).shape
    (100, 16, 16, 3)
    """
    dask = require("dask", "dask", "to measure on a dask cluster")
    da = require("dask.array", "dask", "to measure on a dask cluster")
    maps = Maps(visualizer)
    arrays = _aligned(da, attributions, x)
    first, settings = maps.first(Piece(0, *_first_items(arrays)))
    parts = [array.to_delayed().reshape(-1) for array in arrays]

    def look(task: Task) -> Part:
        found = [dask.delayed(blocks.measure_block)(maps, task, *items) for items in zip(*parts)]  # noqa: B905 - as many of each
        while len(found) > 1:
            found = [
                dask.delayed(merged)(found[i : i + _MERGED_AT_ONCE])
                for i in range(0, len(found), _MERGED_AT_ONCE)
            ]
        part: Part = dask.compute(found[0])[0]
        return part

    found = search(first.passes(), look)
    low, high = found.extremes or (0.0, 0.0)
    return Scale(low, high, found.values, int(arrays[0].shape[0]), settings)


# Counts of blocks that a worker adds up at a time, of 1.5 MB each.
_MERGED_AT_ONCE = 16


def _with_limits(visualizer: Renders, limits: Limits | None) -> tuple[Renders, Limits | None]:
    checked = None if limits is None else _validate.value_range("limits", limits)
    return with_limits(visualizer, checked)


def _outlines(arrays: list[Any]) -> tuple[blocks.Outline, blocks.Outline | None]:
    """Return what the checks of a job need of the arrays."""
    outlines = [
        blocks.Outline(name, array.shape, array.dtype)
        for name, array in zip(("attributions", "x"), arrays, strict=False)
    ]
    return outlines[0], outlines[1] if len(outlines) > 1 else None


def _aligned(da: Any, attributions: Any, x: Any) -> list[Any]:
    """Give both arrays the same chunks of items, and whole items."""
    arrays = [attributions] if x is None else [attributions, x]
    for array, name in zip(arrays, ("attributions", "x"), strict=False):
        if not isinstance(array, da.Array):
            msg = f"`{name}` must be a dask array, got {type(array).__name__}; use da.from_array"
            raise TypeError(msg)
        known_shape(name, array.shape)
        if array.ndim != 4:
            msg = f"`{name}` must be 4-D, got shape {array.shape}"
            raise ValueError(msg)
    items = attributions.chunks[0]
    if x is not None and x.shape[0] == 1:
        # One image for all maps, of which a worker gets one however many its block has.
        shape = (attributions.shape[0], *x.shape[1:])
        arrays[1] = da.broadcast_to(x, shape, chunks=(items, *x.chunks[1:]))
    elif x is not None and x.shape[0] != attributions.shape[0]:
        msg = (
            f"`x` must hold the {attributions.shape[0]} items of `attributions`, got {x.shape[0]}; "
            "one image alone serves for all"
        )
        raise ValueError(msg)
    return [array.rechunk({0: items, 1: -1, 2: -1, 3: -1}) for array in arrays]


def _first_items(arrays: list[Any]) -> tuple[Array, Array | None]:
    """Return items of the arrays' shapes and dtypes."""
    first: list[Array] = [
        np.broadcast_to(np.zeros((), array.dtype), (1, *array.shape[1:])) for array in arrays
    ]
    return first[0], first[1] if len(first) > 1 else None


def _first_request(visualizer: Renders, arrays: list[Any], limits: Limits | None) -> RenderRequest:
    """Check shapes, dtypes and limits before anything is sent."""
    request = visualizer.request(*_first_items(arrays))
    if request.shares_scale:
        msg = (
            "`scale` must be a hotcold.Scale on a cluster, where a block does not know the others' "
            "values, got 'shared'; hotcold.measure makes one, or hotcold.offline.dask.measure"
        )
        raise ValueError(msg)
    if request.depends_on_others and limits is None:
        msg = (
            "`limits` must be given for normalization_type='unnormalized' on a cluster: a block "
            "does not know the others' largest value; or pass a visualizer scale=..., which "
            "hotcold.offline.dask.measure makes"
        )
        raise ValueError(msg)
    return request


def _together(reports: Sequence[RenderReport], output: str, seconds: float) -> RenderReport:
    """Add up the blocks' reports."""
    return RenderReport(
        output=output,
        n_items=sum(report.n_items for report in reports),
        n_files=sum(report.n_files for report in reports),
        n_skipped=sum(report.n_skipped for report in reports),
        n_bytes=sum(report.n_bytes for report in reports),
        seconds=seconds,
        stage_seconds={
            stage: sum(report.stage_seconds[stage] for report in reports) for stage in STAGES
        },
        n_threads=max(report.n_threads for report in reports),
        failures=tuple(failure for report in reports for failure in report.failures),
    )
