"""Numbers of very many items as a table, streamed."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from hotcold import _atomic, _validate
from hotcold.offline.input import open_source
from hotcold.offline.input.base import InputWarning, Source
from hotcold.offline.input.feed import Bad, Feed, Piece
from hotcold.offline.input.identity import difference, identify
from hotcold.offline.input.pairs import item_names
from hotcold.offline.output import guard
from hotcold.offline.output.guard import Read
from hotcold.offline.run.progress import Silence, make_progress
from hotcold.regions import COLUMNS, BoxFinder, table_bytes

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from hotcold.keywords import AllBoxesKeywords


def write_boxes(
    attributions: Any,
    output_file: str | os.PathLike[str],
    *,
    names: Sequence[str] | None = None,
    recursive: bool = False,
    overwrite: bool = False,
    progress: bool = True,
    **options: Unpack[AllBoxesKeywords],
) -> int:
    """Write the boxes of very many items to a table, a row a region.

    Memory does not grow with the number of items.

    Parameters
    ----------
    attributions : array-like, path-like or iterable of batches
        As for `render_files`: an array, a file of arrays, batches as they come.
    output_file : path-like
        A table of comma-separated values with the columns item, name, rank, y0, x0, y1, x1, mass,
        peak, area; as `Boxes.to_csv` writes it. It appears whole or not at all.
    names : sequence of str, optional
        A name per item; by default its index, with `recursive` the place of its file.
    recursive : bool, default False
        Read a folder with all folders below it, as `render_files` does.
    overwrite : bool, default False
        Replace a file of that name.
    progress : bool, default True
        Show on standard error how far it is.
    **options
        Those of `hotcold.boxes`: `count`, `threshold`, `blur` and the others.

    Returns
    -------
    int
        How many items were read.

    Raises
    ------
    FileExistsError
        There is a file of that name, and `overwrite` is not True.
    ValueError
        A bad option; an item that cannot be read, or holds NaN or infinity where `nonfinite` is
        "raise": says which; not one name per item; attributions that changed while they were read,
        or that the table would replace.
    OSError
        A file that cannot be read or written.

    Examples
    --------
    >>> import tempfile, pathlib, hotcold
    >>> example = hotcold.data.load_example()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = pathlib.Path(folder) / "boxes.csv"
    ...     n_items = hotcold.offline.write_boxes(
    ...         example.attributions, table, blur=4, progress=False
    ...     )
    ...     header = table.read_text().splitlines()[0]
    >>> n_items, header
    (8, 'item,name,rank,y0,x0,y1,x1,mass,peak,area')
    """
    find = BoxFinder.of(options)
    if isinstance(names, str):
        msg = f"`names` must be a sequence of names, got the string {names!r}"
        raise TypeError(msg)
    overwrite = _validate.flag("overwrite", overwrite)
    progress = _validate.flag("progress", progress)
    path = Path(os.fsdecode(output_file))
    recursive = _validate.flag("recursive", recursive)
    dim_order = options.get("dim_order", "channels_first")
    source = open_source(attributions, "attributions", dim_order, recursive=recursive)
    if recursive and source.root is None:
        msg = "`recursive` must be False unless `attributions` is a folder"
        raise ValueError(msg)
    if names is None and recursive:
        names = item_names(source, None)
    with contextlib.closing(source):
        guard.check_file(path, [Read.of(source)], overwrite=overwrite)
        feed = Feed(source, None, None)
        if names is not None and feed.n_items is not None:
            _validate.item_names(names, feed.n_items)
        find.check(feed.sample().attributions)
        remark = source.check(_validate.n_threads(options.get("n_threads")))
        if remark is not None:
            warnings.warn(remark, InputWarning, stacklevel=2)
        shown = make_progress(progress, "items")
        shown.start(feed.n_items)
        folder, name = _atomic.target(path)
        try:
            with _atomic.AtomicFile(folder, name, buffering=io.DEFAULT_BUFFER_SIZE) as file:
                return _write(file, find, source, feed, names, shown)
        finally:
            shown.close()


def _write(
    file: IO[bytes],
    find: BoxFinder,
    source: Source,
    feed: Feed,
    names: Sequence[str] | None,
    shown: Silence,
) -> int:
    """Write the rows of all items; return how many items there were."""
    before = identify(source)
    file.write(table_bytes([COLUMNS]))
    n_items = 0
    for piece in _pieces(feed):
        n_items = piece.start + len(piece.attributions)
        named = None if names is None else names[piece.start : n_items]
        if named is not None and len(named) < len(piece.attributions):
            _validate.item_names(names or (), n_items)  # of a stream, whose length nobody knew
        boxes = find(piece.attributions, piece.start)
        file.write(table_bytes(boxes.rows(piece.start, named)))
        shown.advance(len(piece.attributions))
    if names is not None:
        _validate.item_names(names, n_items)
    if what := difference(before, identify(source), same_machine=True):
        msg = f"`attributions` was changed while it was read: {what}; run it again"
        raise ValueError(msg)
    return n_items


def _pieces(feed: Feed) -> Iterator[Piece]:
    for chunk in feed.chunks(0, None, 1, 1):
        for piece in chunk.load(chunk.first, chunk.last):
            if isinstance(piece, Bad):
                raise ValueError(piece.error) from piece.cause
            yield piece
