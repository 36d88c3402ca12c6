"""Panels of very many items: a strip of cells an item, streamed from several sources."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotcold import _validate
from hotcold._arrays import Array
from hotcold.offline.api import PathLike, known_format, open_inputs, render_files
from hotcold.offline.input import IndexedSource, Source
from hotcold.offline.input.boundary import indexed, items_of
from hotcold.offline.input.feed import Feed
from hotcold.offline.input.identity import difference, identify
from hotcold.offline.input.pairs import item_names
from hotcold.offline.item_table import ItemTable, TableLike, lines_of
from hotcold.offline.output import guard
from hotcold.offline.output.guard import Read
from hotcold.offline.output.names import Names
from hotcold.offline.output.place import place_at
from hotcold.offline.run.finished import Finished
from hotcold.offline.run.progress import Silence, make_progress
from hotcold.offline.run.report import RenderReport
from hotcold.offline.run.scale import measure_together
from hotcold.offline.run.telling import said_of
from hotcold.offline.scales import Maps
from hotcold.panel import Panel
from hotcold.provenance.describe import visualizer_told
from hotcold.scale import Scale

_BYTES_AT_ONCE = 16 << 20  # of maps in memory
_MOST_AT_ONCE = 64  # items


def render_panels(
    panel: Panel,
    attributions: Any,
    x: Any = None,
    *,
    output_dir: PathLike,
    names: Sequence[str] | None = None,
    captions: Sequence[str] | None = None,
    table: TableLike | None = None,
    caption: str | None = None,
    format: str = "png",
    resize: bool = False,
    order: str | Sequence[str] = "name",
    recursive: bool = False,
    gallery: bool = False,
    overwrite: bool = False,
    provenance: bool = True,
    n_threads: int | None = None,
    progress: bool = True,
) -> RenderReport:
    """Render every item into a strip of cells, a file each; memory does not grow with their number.

    Parameters
    ----------
    panel : hotcold.Panel
        What the cells are. With ``scale="column"`` or ``"shared"`` the colours go by all items of
        the data set, which are measured first.
    attributions : mapping of str to array-like or path-like, or one of these
        By the columns' labels, or one for all, as for `render_files` but for batches that come one
        after the other.
    x : array-like or path-like, optional
        The images, as for `render_files`.
    output_dir, names, format, gallery, overwrite, resize, order, recursive, progress
        As for `render_files`.
    captions : sequence of str, optional
        A line below each strip.
    table, caption : optional
        In place of `captions`: what is known of each item, as for `write_gallery`, and what to
        write of it: ``"{label} {score:.2f}"``. A gallery sorts and filters by the table.
    provenance : bool, default True
        As for `render_files`; ``columns`` tell of each column's files and limits.
    n_threads : int >= 1, optional
        None: the CPUs this process may use, or ``HOTCOLD_NUM_THREADS``.

    Returns
    -------
    RenderReport

    Raises
    ------
    ValueError, TypeError, OSError
        As for `render_files` and `hotcold.Panel`.

    Examples
    --------
    >>> import tempfile, hotcold
    >>> example = hotcold.data.load_example()
    >>> panel = hotcold.Panel(
    ...     {"map": hotcold.Visualizer(True), "over": hotcold.HeatmapVisualizer()}, scale="column"
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     hotcold.offline.render_panels(
    ...         panel, example.attributions, example.images, output_dir=folder, progress=False
    ...     ).n_files
    8
    """
    if not isinstance(panel, Panel):
        msg = f"`panel` must be a hotcold.Panel, got {type(panel).__name__}"
        raise TypeError(msg)
    threads = _validate.n_threads(n_threads)
    shown = make_progress(_validate.flag("progress", progress), "items measured")
    with contextlib.ExitStack() as stack:
        inputs = _Inputs(stack, panel, attributions, x, resize, order, recursive)
        guard.refuse_folders(place_at(output_dir), inputs.reads)
        if captions is not None and len(captions) != inputs.n_items:
            n_items = inputs.n_items
            msg = f"`captions` must hold {n_items} strings, one per item, got {len(captions)}"
            raise ValueError(msg)
        named = inputs.item_names if names is None else names
        if table is not None or caption is not None:
            if captions is not None:
                msg = f"`captions` must be None beside `table` and `caption`, got {captions!r:.60}"
                raise ValueError(msg)
            table = None if table is None else ItemTable.of(table)
            captions = lines_of(table, caption, _file_names(named, inputs.n_items))
        scaled = inputs.scaled(threads, shown)
        drawn = Finished(repr(panel), _head(panel))
        tells = _validate.flag("provenance", provenance) and known_format(format) == ".png"
        report = render_files(
            drawn,
            inputs.strips(scaled, captions, drawn if tells else None),
            output_dir=output_dir,
            names=named,
            format=format,
            gallery=gallery,
            overwrite=overwrite,
            provenance=tells,
            n_threads=threads,
            progress=progress,
        )
        inputs.check_unchanged()
    if gallery and table is not None:
        from hotcold.offline.gallery import write_gallery

        write_gallery(output_dir, table=table, caption=caption)
    return report


def _file_names(names: Sequence[str] | None, n_items: int) -> Sequence[str]:
    """Return what the files of all items are called, without suffix."""
    if names is not None:
        return names
    by_index = Names("", n_units=n_items)
    return [by_index.stem(item) for item in range(n_items)]


def all_items(
    panel: Panel,
    attributions: Any,
    x: Any,
    output_file: PathLike,
    overwrite: bool,
    *,
    most: int,
) -> tuple[dict[str, Array], Array | None]:
    """Return the maps of every column and the images, once it is clear that a file may be written.

    Raises
    ------
    ValueError
        More than `most` items; inputs as for `render_panels`.
    OSError
        As for every output file.
    """
    with contextlib.ExitStack() as stack:
        inputs = _Inputs(stack, panel, attributions, x, False, "name")
        if inputs.n_items > most:
            msg = f"`attributions` must be at most {most} items for a figure, got {inputs.n_items}"
            raise ValueError(msg)
        guard.check_file(Path(output_file), inputs.reads, overwrite=overwrite)
        return inputs.read(0, inputs.n_items)


class _Inputs:
    """The maps of every column, side by side, and the images."""

    def __init__(
        self,
        stack: contextlib.ExitStack,
        panel: Panel,
        attributions: Any,
        x: Any,
        resize: bool,
        order: str | Sequence[str],
        recursive: bool = False,
    ) -> None:
        self._panel = panel
        given = panel.batches(attributions, x)
        self._maps: dict[str, IndexedSource] = {}
        self._x: IndexedSource | None = None
        opened: dict[int, tuple[Source, Source | None]] = {}
        for label, one in given.items():
            kind = panel.columns[label]
            if id(one) not in opened:
                opened[id(one)] = open_inputs(
                    stack,
                    kind,  # type: ignore[arg-type]
                    one,
                    x,
                    resize,
                    order,
                    recursive,
                )
            maps, images = opened[id(one)]
            self._maps[label] = indexed(maps)
            if images is not None and self._x is None:
                self._x = indexed(images)
        counts = {label: source.n_items for label, source in self._maps.items()}
        self.n_items = next(iter(counts.values()))
        if len(set(counts.values())) > 1:
            told = ", ".join(f"{count} in {label!r}" for label, count in counts.items())
            msg = f"`attributions` must have as many items in every column, got {told}"
            raise ValueError(msg)
        if self._x is not None and self._x.n_items not in (1, self.n_items):
            msg = (
                f"`x` must hold the {self.n_items} items of `attributions`, got {self._x.n_items}; "
                "one image alone serves for all"
            )
            raise ValueError(msg)
        self.item_names = item_names(next(iter(self._maps.values())), self._x)
        self._sources = list({id(s): s for s in (*self._maps.values(), self._x) if s}.values())
        self.reads = [Read.of(s) for s in self._sources]
        self._before = [identify(source) for source in self._sources]
        self._samples = (
            {label: _sample(source) for label, source in self._maps.items()},
            None if self._x is None else _sample(self._x),
        )
        panel.check(*self._samples)

    def scaled(self, n_threads: int, progress: Silence) -> Panel:
        """Return the panel with the scales of the whole data set, where columns share them."""
        together = self._panel.style.scale
        if together not in ("column", "shared"):
            return self._panel
        labels = self._panel.scaled_labels(*self._samples)
        groups = [[label] for label in labels] if together == "column" else [labels]
        found: dict[str, Scale] = {}
        for group in groups:
            columns, settings = [], {}
            for label in group:
                kind = self._panel.columns[label]
                assert kind is not None
                maps = Maps(kind)
                feed = Feed(self._maps[label], self._x if maps.needs_images else None, None)
                first, settings[label] = maps.first(feed.sample())
                columns.append((maps, feed, first))
            if columns:
                ends, n_items = measure_together(columns, n_threads, progress)
                low, high = ends.extremes or (0.0, 0.0)
                for label in group:
                    found[label] = Scale(low, high, ends.values, n_items, settings[label])
        return self._panel.with_scales(found)

    def strips(
        self, panel: Panel, captions: Sequence[str] | None, told: Finished | None
    ) -> Iterator[NDArray[np.uint8]]:
        """Yield the strips of some items at a time, once `told` knows what to say of them."""
        largest = max(source.item_bytes for source in self._sources)
        step = max(1, min(_MOST_AT_ONCE, _BYTES_AT_ONCE // max(largest, 1)))
        for start in range(0, self.n_items, step):
            stop = min(start + step, self.n_items)
            maps, images = self.read(start, stop)
            lines = None if captions is None else captions[start:stop]
            strips, limits = panel.strips(maps, images, lines, start, limits=told is not None)
            for i in range(stop - start if told is not None else 0):
                assert told is not None
                said = {} if lines is None else {"caption": lines[i]}
                told.note(start + i, {**self._said(start + i, i, limits), **said})
            yield strips
            for source in self._sources:
                if source.n_items == self.n_items:
                    source.release(start, stop)

    def _said(
        self, item: int, place: int, limits: Mapping[str, NDArray[np.float64] | None]
    ) -> dict[str, Any]:
        """Return what is said of an item's image, and of its columns."""
        columns = {}
        for label, ends in limits.items():
            said = said_of("source", self._maps[label], item) if label in self._maps else {}
            columns[label] = {**said, "limits": None if ends is None else ends[place].tolist()}
        image = said_of("image", self._x, item) if self._x is not None else {"image": None}
        return {**image, "columns": columns}

    def read(self, start: int, stop: int) -> tuple[dict[str, Array], Array | None]:
        """Return items of every column, and their images, or the one for all."""
        maps = {label: items_of(source, start, stop) for label, source in self._maps.items()}
        if self._x is None:
            return maps, None
        alone = self._x.n_items == 1
        return maps, items_of(self._x, 0, 1) if alone else items_of(self._x, start, stop)

    def check_unchanged(self) -> None:
        """Refuse to call it done where an input was changed while it was read."""
        for source, before in zip(self._sources, self._before, strict=True):
            if what := difference(before, identify(source), same_machine=True):
                msg = f"`{source.name}` was changed while it was read: {what}; run it again"
                raise ValueError(msg)


def _head(panel: Panel) -> dict[str, Any]:
    """Return what the files of a panel say of all items."""
    columns = {
        label: None if kind is None else visualizer_told(kind)
        for label, kind in panel.columns.items()
    }
    told = {"class": "Panel", "scale": panel.style.scale, "columns": columns}
    return {"drawn": {"as": "panel"}, "visualizer": told}


def _sample(source: IndexedSource) -> Array:
    return np.broadcast_to(np.zeros((), source.dtype), (1, *source.shape[1:]))
