"""`render_files`: its arguments, checked and opened."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hotcold import _validate, files
from hotcold.offline.input import IndexedSource, PictureFolder, Source, beside, open_source
from hotcold.offline.input.base import InputWarning
from hotcold.offline.input.feed import Feed
from hotcold.offline.input.pairs import check_pairs, item_names
from hotcold.offline.input.pictures import LocalPicture
from hotcold.offline.item_table import ItemTable, TableLike, check_table
from hotcold.offline.output.containers import CONTAINERS, PIXEL_CONTAINERS
from hotcold.offline.output.guard import Read
from hotcold.offline.output.names import Names, parse_shard, read_lines
from hotcold.offline.output.place import place_at
from hotcold.offline.run.job import Job
from hotcold.offline.run.progress import make_progress
from hotcold.offline.run.rendering import Limits, Renders, with_limits
from hotcold.offline.run.report import RenderReport
from hotcold.offline.run.worker import Layout
from hotcold.panel import Panel

PathLike = str | os.PathLike[str]
ON_ERROR = ("raise", "record")
VALUES = ("npy",)


def render_files(
    visualizer: Renders,
    attributions: Any,
    x: Any = None,
    *,
    output_dir: PathLike,
    names: Sequence[str] | os.PathLike[str] | None = None,
    format: str = "png",
    batch_size: int | None = None,
    n_threads: int | None = None,
    progress: bool = True,
    on_error: str = "raise",
    resume: bool = False,
    sheets: tuple[int, int] | None = None,
    shard: tuple[int, int] | None = None,
    container: str | None = None,
    resize: bool = False,
    order: str | Sequence[str] = "name",
    recursive: bool = False,
    limits: Limits | None = None,
    gallery: bool = False,
    table: TableLike | None = None,
    sort: str | None = None,
    caption: str | None = None,
    compression: str = "default",
    quality: int | None = None,
    overwrite: bool = False,
    verify: bool | None = None,
    fsync: bool = False,
    provenance: bool = True,
    values: str | None = None,
) -> RenderReport:
    """Render every item into a picture file of its own; memory does not grow with their number.

    Parameters
    ----------
    visualizer : Visualizer, HeatmapVisualizer, MaskVisualizer or alike
        How items are drawn. Its `n_threads`, `compression`, `quality` and `tiler` are not used, but
        for the tiler's padding between the cells of sheets.
    attributions : array-like, path-like or iterable of batches
        (N, C, H, W) or (N, H, W, C) as the visualizer's `dim_order` says: an array, memory map,
        tensor, zarr or HDF5 array; the path of a ``.npy``, ``.npz``, ``.zarr``, ``.h5``,
        ``.safetensors`` or ``.pt`` file, as ``file.h5:name`` where it holds several arrays; a list
        of such paths, a pattern (``maps/*.npy``) or a folder of them, which are joined, or an item
        each where they hold one map; tar archives of ``.npy`` files; addresses that fsspec knows,
        such as ``s3://bucket/maps.npy``; or batches of any lengths. Pickled objects are never
        loaded. Maps (N, H, W) may go without a channel axis beside N images, or as
        ``hotcold.offline.PlainMaps(...)``.
    x : as `attributions`, optional
        The images, for visualizers that draw over images; also the path of a folder or tar archive
        of pictures, taken in `order`, or of a picture. One image alone (N = 1) serves for all
        maps. Pictures are 8-bit RGB, or RGBA where the first one has transparent pixels; 16-bit
        ones are brought to 8 bits.
    output_dir : path-like or str
        Folder for the files; made if it is not there. An address that fsspec knows, such as
        ``s3://bucket/pictures``, stands for a folder of another machine, to which files are sent
        whole, many at a time. A folder has one job at a time, whose job file in
        ``.hotcold`` says which files are the job's. A later job that has a file name in common with
        an earlier one takes its place: an old picture is there until the new one is, and what is
        left of the old ones goes when the new job is done. Files that no job file says are ours
        are never touched, and neither is what is read.
    names : sequence of str or path-like, optional
        A file name without suffix per item, or the text file that has one a line; by default the
        index with eight digits, but for items that have a file each: maps in many files are drawn
        under those files' names, and so are pictures with `recursive`.
    format : str, default "png"
        Suffix of a raster format: png, jpg, jpeg, webp, tif, tiff, bmp, gif.
    batch_size : int >= 1, optional
        Items that a thread holds at a time; by default about 4 MB of them. Changes no pixel.
    n_threads : int >= 1, optional
        Worker threads; None: the CPUs this process may use, or ``HOTCOLD_NUM_THREADS``.
    progress : bool, default True
        On standard error: a bar on a terminal, else a line every ten seconds.
    on_error : {"raise", "record"}
        What becomes of items with NaN, wrong shapes or broken picture files: the first one ends the
        job, or all are listed in the report and left out.
    resume : bool, default False
        Keep whole files that an earlier run with the same settings and inputs finished; otherwise
        all are made again. Inputs are compared by size, time and some of their content.
    sheets : (int, int), optional
        Contact sheets of (rows, cols) items instead of a file per item.
    shard : (int, int), optional
        Part k of n, counted from 1: the parts are disjoint, together complete, and give every item
        the same name as a run of the whole.
    container : {"zip", "tar", "npy", "zarr"}, optional
        One ``pictures.zip`` (or ``.tar``) of picture files, or one array of uint8 pixels
        (N, H, W, 3 or 4), in `output_dir`; it appears when it is complete.
    resize : bool, default False
        Bring pictures of a folder to the size of the maps (bilinear), or of the first picture where
        the visualizer brings the maps to the pictures' size; otherwise they must have it.
    order : {"name", "natural"} or sequence of str, default "name"
        Which picture of a folder belongs to which map: by the characters of the file names, by the
        names with numbers counted (``img_2.png`` before ``img_10.png``), or a list of file names.
        Where maps and pictures bear the same names, each must be beside its own.
    recursive : bool, default False
        Read a folder with all folders below it, folder by folder in `order`, and keep their
        structure: what is drawn of ``x/a/1.jpg`` is ``output_dir/a/1.png``. Links to folders are
        followed, but not round in a circle.
    limits : (float, float), optional
        The visualizer's option of this name. None: the visualizer's; for ``unnormalized`` without
        any, minus and plus the largest absolute value of the whole data set, found in a first pass.
    gallery : bool, default False
        Write an ``index.html`` to look at the pictures; see `write_gallery`.
    table, sort, caption : optional
        Of the gallery: what is known of each item, as for `write_gallery`. Whether its rows match
        the items is checked before any work. PNG files hold the caption that they had when they
        were made.
    compression : {"default", "fast", "small"}
        Of PNG, TIFF and lossless WebP files; the pixels are the same. ``"fast"`` spends less time
        for larger files, of PNG one or two per cent, ``"small"`` many times as much for the
        smallest, which suit an archive.
    quality : int, 1 to 100, optional
        Of JPEG and WebP files. None: 95 for JPEG, and lossless WebP.
    overwrite : bool, default False
        Also replace files of `output_dir` that have the names of this job's and are not ours.
    verify : bool, optional
        How thoroughly files are read back. None: with `resume`, what an earlier run finished, as
        far as its format tells cheaply (the checksums of PNG, the frames of others). True: every
        file that is written or found is read, and decoded. False: only the ends of what is found.
        Damaged files of an earlier run are made again.
    fsync : bool, default False
        Force every file to the disk before it has its name, for machines that may lose power;
        slow.
    provenance : bool, default True
        Let every PNG file say in a text chunk which item it shows, from which files (their names,
        without folders), how it was drawn, and what the ends of its colours stand for: see
        `hotcold.read_provenance` and `hotcold.read_values`. The pixels are the same.
    values : {"npy"}, optional
        Also keep the maps as they are drawn, in attribution units: after `combine`, `upsample`,
        `blur`, `sign` and clipping, before they are normalized. They are one array float32
        (N, H, W), or (N, C, H, W) for several channels, in ``values.npy``, which appears when it is
        complete; rows of items that failed are NaN. Each shard has a file of its own items,
        ``values-0001-of-0016.npy``.

    Returns
    -------
    RenderReport
        Counts, rate, bytes, seconds by stage, failures; also in ``.hotcold/report.json``.

    Raises
    ------
    ValueError
        An argument out of its range, lengths that differ, damaged input, a bad item with
        ``on_error="raise"``, another job's folder or another input with ``resume=True``, an
        `output_dir` that holds what is read, an input that is changed while it is read, files of
        the same name but for their suffix with `recursive`.
    TypeError
        Values that are not real numbers; images missing, or given to a visualizer without; a
        `hotcold.Panel`, or the class of a visualizer.
    OSError
        No space, no permission, input that is not there or ends early. Finished files are kept;
        of a container that is not complete, nothing is.
    FileExistsError
        `output_dir` has files with names of this job's that are not ours.
    BlockingIOError
        Another job is writing to `output_dir`; the message says which.
    KeyboardInterrupt
        Ctrl-C: pictures that are half done are dropped; finished files are kept.

    Examples
    --------
    >>> import numpy as np, tempfile, hotcold
    >>> maps = np.random.default_rng(0).normal(size=(5, 1, 32, 32))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = hotcold.render_files(
    ...         hotcold.Visualizer(), maps, output_dir=folder, progress=False
    ...     )
    >>> report.n_files
    5
    """
    check_visualizer(visualizer)
    place = place_at(output_dir)
    names, reads = _listed(names)
    if limits is not None:
        visualizer, limits = with_limits(visualizer, _validate.value_range("limits", limits))
    if gallery:
        if container is not None:
            msg = f"`gallery` must be False for a container, got container={container!r}"
            raise ValueError(msg)
        from hotcold.offline.gallery import check_page

        check_page(place)
    known = check_table(table, sort, caption, gallery=gallery)
    with contextlib.ExitStack() as stack:
        sources = open_inputs(stack, visualizer, attributions, x, resize, order, recursive)
        if names is None and sheets is None and container not in PIXEL_CONTAINERS:
            names = item_names(*sources)
        job = Job(
            visualizer,
            *sources,
            place=place,
            names=names,
            suffix=known_format(format),
            batch_size=None if batch_size is None else _validate.whole("batch_size", batch_size, 1),
            n_threads=_validate.n_threads(n_threads),
            record=_validate.one_of("on_error", on_error, ON_ERROR) == "record",
            resume=_validate.flag("resume", resume),
            layout=_layout(visualizer, sheets),
            shard=parse_shard(shard),
            container=None
            if container is None
            else _validate.one_of("container", container, CONTAINERS),
            limits=limits,
            compression=_validate.one_of("compression", compression, files.COMPRESSIONS),
            quality=checked_quality(quality, format),
            overwrite=_validate.flag("overwrite", overwrite),
            verify=None if verify is None else _validate.flag("verify", verify),
            fsync=_validate.flag("fsync", fsync),
            provenance=_validate.flag("provenance", provenance),
            values=values is not None and bool(_validate.one_of("values", values, VALUES)),
            reads=reads,
        )
        if known is not None:
            rows = _rows(known, job.names, sheets)
            if caption is not None:
                made = known.caption(caption)
                job.caption = lambda item: made(rows[item])
        originals = {} if not gallery or sheets else _originals(sources[1], job.names)
        shown = make_progress(progress, "sheets" if sheets else "pictures")
        for source in sources:
            if isinstance(source, PictureFolder):
                shown.say(source.first_pairs())
        for source in sources:
            remark = None if source is None else source.check(job.n_threads)
            if remark is not None:
                warnings.warn(remark, InputWarning, stacklevel=2)
        report = job.run(shown)
    if gallery:
        from hotcold.offline.gallery import write_gallery

        originals = originals if place.local is not None else {}
        write_gallery(
            output_dir, table=known, sort=sort, caption=caption, originals=originals or None
        )
    return report


def check_visualizer(visualizer: Any) -> None:
    """Require something that draws, an object of it and not its class.

    Raises
    ------
    TypeError
        The message says what to call instead.
    """
    if isinstance(visualizer, type):
        name = visualizer.__name__
        msg = f"`visualizer` must be an object, got the class {name}: write {name}()"
    elif isinstance(visualizer, Panel):
        msg = (
            "`visualizer` must draw a picture an item, got a Panel, which draws a strip: "
            "hotcold.offline.render_panels(panel, attributions, x, output_dir=...) writes those"
        )
    elif not hasattr(visualizer, "request"):
        msg = (
            f"`visualizer` must be one such as hotcold.HeatmapVisualizer(), got {visualizer!r:.60}"
        )
    else:
        return
    raise TypeError(msg)


def _rows(table: ItemTable, names: Names, sheets: Any) -> list[int]:
    """Return the row of each picture; raise ValueError where a table has not one for each."""
    if sheets is not None:
        msg = "`table` must be None for sheets, whose pictures are of several items"
        raise ValueError(msg)
    if names.n_units is None:
        msg = "`table` must be None for a stream, of which nobody knows what items it has"
        raise ValueError(msg)
    return table.rows_of([names.file_name(unit) for unit in range(names.n_units)])


def _originals(x: Source | None, names: Names) -> dict[str, Path]:
    """Return the picture file that each picture of a job is drawn over, where it has one here."""
    if not isinstance(x, PictureFolder) or names.n_units is None:
        return {}
    files = [picture.path for picture in x.pictures if isinstance(picture, LocalPicture)]
    if len(files) != len(x.pictures) or len(files) not in (1, names.n_units):
        return {}
    alone = len(files) == 1
    return {names.file_name(i): files[0 if alone else i] for i in range(names.n_units)}


def _listed(
    names: Sequence[str] | os.PathLike[str] | None,
) -> tuple[Sequence[str] | None, list[Read]]:
    """Return the names of a file that lists them, and that it is read."""
    if not isinstance(names, os.PathLike):
        return names, []
    path = Path(names)
    return read_lines("`names`", path), [Read("names", [path])]


def open_inputs(
    stack: contextlib.ExitStack,
    visualizer: Renders,
    attributions: Any,
    x: Any,
    resize: bool,
    order: str | Sequence[str],
    recursive: bool = False,
) -> tuple[Source, Source | None]:
    """Open both sources and tell a folder of pictures what size the maps are."""
    dim_order = getattr(visualizer, "dim_order", "channels_first")
    recursive = _validate.flag("recursive", recursive)
    maps = open_source(attributions, "attributions", dim_order, order, recursive=recursive)
    stack.callback(maps.close)
    images = None
    if x is not None:
        images = open_source(x, "x", dim_order, order, recursive=recursive)
        stack.callback(images.close)
    if recursive and maps.root is None and (images is None or images.root is None):
        msg = "`recursive` must be False unless `attributions` or `x` is a folder"
        raise ValueError(msg)
    if isinstance(order, str):
        check_pairs(maps, images)
    if isinstance(maps, PictureFolder) and images is not None:
        _ask_which_is_which(maps, images)
    maps = beside(maps, images, dim_order)
    for source in (maps, images):
        if isinstance(source, IndexedSource) and len(source.shape) != 4:
            _validate.batch_shape(source.shape, source.name, dim_order)
    if isinstance(images, PictureFolder) and _enlarges_maps(visualizer):
        images.set_size(*images.size, resize=resize)  # the maps are brought to the pictures' size
    elif isinstance(images, PictureFolder):
        shape = Feed(maps, None, None).sample().attributions.shape
        if len(shape) == 4:
            rows = 2 if dim_order == "channels_first" else 1
            images.set_size(shape[rows], shape[rows + 1], resize=resize)
    elif order != "name" and not isinstance(maps, PictureFolder):
        msg = "`order` must be 'name' unless `x` is a folder of pictures: arrays have an order"
        raise ValueError(msg)
    if resize and not isinstance(images, PictureFolder):
        msg = "`resize` must be False unless `x` is a folder of pictures: arrays are not resampled"
        raise ValueError(msg)
    return maps, images


def _ask_which_is_which(maps: PictureFolder, images: Source) -> None:
    """Say that pictures are drawn over arrays, which is mostly the other way round."""
    if not isinstance(images, PictureFolder):
        remark = (
            f"`attributions` are the pictures in {maps.origin} and `x`, the images, is the array "
            f"{images.origin}: is that the wrong way round?"
        )
        warnings.warn(remark, InputWarning, stacklevel=4)


def _enlarges_maps(visualizer: Any) -> bool:
    settings = visualizer.describe() if hasattr(visualizer, "describe") else {}
    return settings.get("upsample") is not None


def checked_quality(quality: Any, format_name: Any) -> int | None:
    """Return the quality for a format, which must have one unless it is None."""
    if quality is None:
        return None
    value = files.quality("quality", quality)
    files.check_quality(value, known_format(format_name))
    return value


def known_format(format_name: Any) -> str:
    """Return the suffix of a raster format, however it is spelled."""
    known = [suffix.removeprefix(".") for suffix in files.RASTER_SUFFIXES]
    lowered = format_name.lower().removeprefix(".") if isinstance(format_name, str) else format_name
    return "." + _validate.one_of("format", lowered, known)


def _layout(visualizer: Renders, sheets: tuple[int, int] | None) -> Layout:
    if sheets is None:
        return Layout()
    try:
        rows, cols = sheets
    except (TypeError, ValueError):
        msg = f"`sheets` must be a pair (rows, cols), got {sheets!r}"
        raise ValueError(msg) from None
    tiler = getattr(visualizer, "tiler", None)
    return Layout(
        _validate.whole("sheets", rows, 1),
        _validate.whole("sheets", cols, 1),
        tiler.padding if tiler is not None else 0,
        True,
    )
