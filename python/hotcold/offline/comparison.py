"""Two versions of very many maps: a table of how much they agree, and pictures of the worst."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotcold import _validate
from hotcold._arrays import Array
from hotcold.comparison import Comparer, Comparison
from hotcold.comparison.metrics import DEFAULT, check_metric
from hotcold.offline.api import open_inputs, render_files
from hotcold.offline.gallery import PAGE, check_page, is_our_page, write_gallery
from hotcold.offline.input import beside, open_source
from hotcold.offline.input.base import IndexedSource, InputWarning
from hotcold.offline.input.boundary import indexed, items_of
from hotcold.offline.input.identity import difference, identify
from hotcold.offline.input.pairs import check_pairs, item_names
from hotcold.offline.item_table import NAME_COLUMNS, ItemTable, TableLike, check_table
from hotcold.offline.output import guard
from hotcold.offline.output.guard import Read
from hotcold.offline.output.place import Place, place_at
from hotcold.offline.run.finished import Finished
from hotcold.offline.run.progress import make_progress
from hotcold.offline.run.telling import said_of
from hotcold.provenance.describe import visualizer_told
from hotcold.regions import table_bytes
from hotcold.sheet import Sheet
from hotcold.visualizers import HeatmapVisualizer, Visualizer
from hotcold.visualizers.base import BaseVisualizer

_OLD_PICTURE = re.compile(r"worst-[0-9].*\.png")
TABLE = "comparison.csv"
_GAP = 4  # pixels between the pictures of an item
_BYTES_AT_ONCE = 16 << 20  # of maps in memory


def compare_files(
    a: Any,
    b: Any,
    x: Any = None,
    *,
    output_dir: str | os.PathLike[str],
    visualizer: BaseVisualizer[Any] | None = None,
    metrics: Iterable[str] = DEFAULT,
    top: float = 0.1,
    by: str | None = None,
    worst: int = 20,
    names: Sequence[str] | None = None,
    gallery: bool = False,
    table: TableLike | None = None,
    sort: str | None = None,
    caption: str | None = None,
    resize: bool = False,
    order: str | Sequence[str] = "name",
    recursive: bool = False,
    overwrite: bool = False,
    provenance: bool = True,
    n_threads: int | None = None,
    progress: bool = True,
) -> Comparison:
    """Compare two versions of very many maps, and draw the items that agree least.

    Memory does not grow with the number of items but for their metrics.

    Parameters
    ----------
    a, b : array-like or path-like
        As for `render_files`, of the same items; not iterables of batches. Maps (N, H, W) are taken
        as they are beside as many images, or as `PlainMaps`.
    x : as `a`, or a folder of pictures, optional
        The images, which are drawn beside the maps; one alone serves for all.
    output_dir : path-like
        Folder for ``comparison.csv``, a row an item with its metrics and the name of its picture,
        and for the pictures; made if it is not there. New pictures take
        the place of an earlier comparison's, and so does its page.
    visualizer, metrics, top
        As for `hotcold.compare`. The visualizer also draws the pictures, under one scale for each
        item; None: ``Visualizer(combine_channels=True)``.
    by : str, optional
        The metric that says which items agree least; None: the first of `metrics`.
    worst : int >= 0, default 20
        How many of them are drawn, worst first: the image if there is one, a, b, and b - a, one
        beside the other. All of an item's have one scale, symmetric around zero. With 0 a folder
        that holds an earlier comparison's pictures is refused: they would pass for this one's.
    names : sequence of str, optional
        A name per item; by default that of its file, where maps or, with `recursive`, pictures
        have a file each, otherwise its index.
    gallery : bool, default False
        Write an ``index.html`` to look at the pictures; see `write_gallery`. It sorts and filters
        by the metrics: ``iou<0.5``.
    table, sort, caption : optional
        Of the gallery, as for `write_gallery`: what else is known of each item, in columns beside
        those of the metrics, which `sort` and `caption` may name too.
    resize, order, recursive
        Of a folder of pictures, as for `render_files`.
    overwrite : bool, default False
        Replace a table, and pictures, of these names that are not ours.
    provenance : bool, default True
        As for `render_files`; ``columns`` tell of a, b and their difference.
    n_threads : int >= 1, optional
        None: the CPUs this process may use, or ``HOTCOLD_NUM_THREADS``.
    progress : bool, default True
        Show on standard error how far it is.

    Returns
    -------
    hotcold.Comparison
        Of all items.

    Raises
    ------
    ValueError
        As for `hotcold.compare`; inputs that can be read only once, or are changed meanwhile; not
        one name per item; an `output_dir` that holds what is read.
    FileExistsError
        There are files of these names that are not ours, or with ``worst=0`` any.
    OSError
        A file that cannot be read or written.

    Examples
    --------
    >>> import tempfile, pathlib, numpy as np, hotcold
    >>> maps = hotcold.data.load_example().attributions
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = hotcold.offline.compare_files(
    ...         maps, np.roll(maps, 3, axis=-1), output_dir=folder, worst=2, progress=False
    ...     )
    ...     sorted(path.name for path in pathlib.Path(folder).iterdir() if path.is_file())
    ['comparison.csv', 'worst-0001.png', 'worst-0002.png']
    """
    comparer = Comparer(visualizer, metrics, top)
    by = comparer.metrics[0] if by is None else check_metric("by", by, comparer.metrics)
    worst = _validate.whole("worst", worst, 0)
    threads = _validate.n_threads(n_threads)
    _validate.flag("provenance", provenance)
    place = place_at(output_dir)
    if _validate.flag("gallery", gallery):
        if not worst:
            msg = "`worst` must be at least 1 for a gallery, got 0: there are no pictures"
            raise ValueError(msg)
        check_page(place)
    known = check_table(table, None, None, gallery=gallery)
    if not gallery:  # there is nothing that they could be of
        check_table(None, sort, caption, gallery=False)
    if not worst:
        _refuse_old_pictures(place)
    with contextlib.ExitStack() as stack:
        pairs = Pairs(stack, comparer, a, b, x, resize, order, recursive)
        names = pairs.item_names if names is None else names
        if names is not None:
            _validate.item_names(names, pairs.n_items)
        page = _PageTable(known, comparer.metrics, names, pairs.n_items)
        page.check(sort, caption)
        guard.refuse_folders(place, pairs.reads)
        place.make_folders([""])
        ours = overwrite or _is_ours(place)
        guard.check_table(place, TABLE, pairs.reads, overwrite=ours)
        found = pairs.compare(threads, progress)
        items = found.worst(worst, by).tolist() if worst else []
        if items:
            drawn = Finished(f"compare with {comparer.visualizer!r}", _head(comparer))
            render_files(
                drawn,
                pairs.pictures(items, drawn),
                output_dir=output_dir,
                names=[_picture(rank) for rank in range(len(items))],
                overwrite=overwrite,
                provenance=provenance,
                n_threads=threads,
                progress=False,
            )
        pairs.check_unchanged()
    pictures = {item: _picture(rank) + ".png" for rank, item in enumerate(items)}
    rows = found.rows(names=names)
    lines = [[*row, pictures.get(row[0], "")] for row in rows]
    place.write(TABLE, table_bytes([[*found.header, "picture"], *lines]))
    if gallery or (items and place.exists(PAGE) and is_our_page(place)):
        cells = "image, " if x is not None else ""
        write_gallery(
            output_dir,
            about=f"{len(found):,} items\n{found.told()}\n\n"
            f"From left to right: {cells}a, b, b - a; one scale an item.\n"
            f"The {len(items)} items that agree least by {by}, worst first.",
            captions={
                picture: f"{by} {found[by][item]:.3f}  {_label(names, item)}"
                for item, picture in pictures.items()
            },
            table=page.columns(found.table[items], items, pictures.values()),
            sort=sort,
            caption=caption,
        )
    return found


class _PageTable:
    """What the page knows of the items: the metrics, and what the user's table says.

    Parameters
    ----------
    given : ItemTable, optional
        The user's.
    metrics : sequence of str
        Names of the comparison's columns.
    names : sequence of str, optional
        Of the items.
    n_items : int
        How many there are.

    Raises
    ------
    ValueError
        The user's table does not match the items, or has columns called like the metrics.
    """

    def __init__(
        self,
        given: ItemTable | None,
        metrics: Sequence[str],
        names: Sequence[str] | None,
        n_items: int,
    ) -> None:
        self._metrics = metrics
        self._names = [str(item) for item in range(n_items)] if names is None else names
        self._more: dict[str, list[str]] = {}
        if given is None:
            return
        for name in metrics:
            if name in given.columns:
                msg = f"`table` must not have a column called like a metric, got {name!r}"
                raise ValueError(msg)
        rows = given.rows_of(self._names, "item")
        for name, column in given.columns.items():
            if name not in NAME_COLUMNS:
                self._more[name] = [column.texts[row] for row in rows]

    def columns(
        self, values: NDArray[np.float64], items: Sequence[int], pictures: Iterable[str]
    ) -> dict[str, list[Any]]:
        """Return the columns of some items, whose metrics are `values` (len(items), metrics)."""
        return {
            "picture": list(pictures),
            "item": list(items),
            "name": [self._names[item] for item in items],
            **dict(zip(self._metrics, values.T.tolist(), strict=True)),
            **{name: [texts[item] for item in items] for name, texts in self._more.items()},
        }

    def check(self, sort: str | None, caption: str | None) -> None:
        """Raise ValueError for columns that there will not be, before there are any metrics."""
        items = range(len(self._names))
        values = np.full((len(items), len(self._metrics)), 0.5)
        check_table(self.columns(values, items, ["-"] * len(items)), sort, caption)


def _picture(place: int) -> str:
    """Return the name of a picture by its place among the worst."""
    return f"worst-{place + 1:04d}"


def _refuse_old_pictures(place: Place) -> None:
    """Raise FileExistsError where pictures of another comparison would stand beside the table."""
    found = sorted(filter(_OLD_PICTURE.fullmatch, place.entries([""])))
    if found:
        msg = (
            f"`output_dir` must not hold pictures of an earlier comparison where `worst` is 0 and "
            f"none take their place, got {found[0]} in {place}; remove them, or use another folder"
        )
        raise FileExistsError(errno.EEXIST, msg)


class Pairs:
    """The two versions, side by side, and the images beside them."""

    def __init__(
        self,
        stack: contextlib.ExitStack,
        comparer: Comparer,
        a: Any,
        b: Any,
        x: Any,
        resize: bool,
        order: str | Sequence[str],
        recursive: bool,
    ) -> None:
        self._comparer = comparer
        self._enlarges = getattr(comparer.visualizer.settings, "upsample", None) is not None
        maps, image = open_inputs(stack, comparer.visualizer, a, x, resize, order, recursive)
        dim_order = comparer.visualizer.dim_order
        other = open_source(b, "b", dim_order, recursive=recursive)
        stack.callback(other.close)
        other = beside(other, image, dim_order)
        if isinstance(other, IndexedSource) and len(other.shape) != 4:
            _validate.batch_shape(other.shape, other.name, dim_order)
        maps.name = "a"
        self._a, self._b = indexed(maps), indexed(other)
        check_pairs(self._a, self._b, "")
        self._x = None if image is None else indexed(image)
        self.n_items = self._a.n_items
        if self._b.n_items != self.n_items:
            msg = f"`b` must hold the {self.n_items} items of `a`, got {self._b.n_items}"
            raise ValueError(msg)
        if self.n_items == 0:
            msg = f"`a` must hold at least one item, got none in {self._a.origin}"
            raise ValueError(msg)
        if self._x is not None and self._x.n_items not in (1, self.n_items):
            msg = (
                f"`x` must hold the {self.n_items} items of `a`, got {self._x.n_items}; one image "
                "alone serves for all"
            )
            raise ValueError(msg)
        self.item_names = item_names(self._a, self._x)
        sources = [source for source in (self._a, self._b, self._x) if source is not None]
        self._sources = sources
        self.reads = [Read.of(s) for s in sources]
        sample = [np.broadcast_to(np.zeros((), s.dtype), (1, *s.shape[1:])) for s in sources]
        comparer.check(sample[0], sample[1], sample[2] if self._enlarges else None)
        for source in sources:
            remark = source.check(1)
            if remark is not None:
                warnings.warn(remark, InputWarning, stacklevel=4)
        self._before = [identify(source) for source in sources]

    def compare(self, n_threads: int, progress: bool) -> Comparison:
        """Return the metrics of all items."""
        comparer = self._comparer.on_threads(n_threads)
        shown = make_progress(_validate.flag("progress", progress), "items")
        step = max(1, min(256, _BYTES_AT_ONCE // max(self._a.item_bytes, self._b.item_bytes, 1)))
        shown.start(self.n_items)
        tables = []
        try:
            for start in range(0, self.n_items, step):
                stop = min(start + step, self.n_items)
                tables.append(comparer(*self._read(start, stop), start).table)
                for source in self._sources:
                    source.release(start, stop)
                shown.advance(stop - start)
        finally:
            shown.close()
        return Comparison(comparer.metrics, np.concatenate(tables))

    def check_unchanged(self) -> None:
        """Refuse to call it done where an input was changed while it was read."""
        for source, before in zip(self._sources, self._before, strict=True):
            if what := difference(before, identify(source), same_machine=True):
                msg = f"`{source.name}` was changed while it was read: {what}; compare again"
                raise ValueError(msg)

    def pictures(self, items: Sequence[int], told: Finished) -> Iterator[NDArray[np.uint8]]:
        """Yield the picture of each item, (1, H, W', 3), once `told` knows what to say of it."""
        for place, item in enumerate(items):
            a, b, x = self._read(item, item + 1)
            image = x if self._x is None or x is not None else self._image(item, item + 1)
            strip, limits = _strip(self._comparer, a, b, x, image)
            told.note(place, self._said(item, limits))
            yield strip

    def _said(self, item: int, limits: tuple[float, float]) -> dict[str, Any]:
        columns: dict[str, dict[str, Any]] = {
            "a": said_of("source", self._a, item),
            "b": said_of("source", self._b, item),
            "b - a": {},
        }
        for column in columns.values():
            column["limits"] = limits
        image = {"image": None} if self._x is None else said_of("image", self._x, item)
        return {"item": item, **image, "columns": columns}

    def _read(self, start: int, stop: int) -> tuple[Array, Array, Array | None]:
        """Return items of both, and their images where maps are brought to their size."""
        a, b = (items_of(source, start, stop) for source in (self._a, self._b))
        return a, b, self._image(start, stop) if self._enlarges else None

    def _image(self, start: int, stop: int) -> Array | None:
        if self._x is None:
            return None
        if self._x.n_items == 1:
            one = items_of(self._x, 0, 1)
            return np.broadcast_to(one, (stop - start, *one.shape[1:]))
        return items_of(self._x, start, stop)


def _strip(
    comparer: Comparer, a: Array, b: Array, x: Array | None, image: Array | None
) -> tuple[NDArray[np.uint8], tuple[float, float]]:
    """Return image, a, b and b - a of an item beside one another, on one scale, and its ends."""
    one, other = comparer.maps(a, b, x)
    change = other - one
    top = max(float(abs(maps).max()) for maps in (one, other, change)) or 1.0
    scale: dict[str, Any] = {"limits": (-top, top), "nonfinite": "zero"}
    plain = Visualizer(**scale)
    cells = [plain.render(maps) for maps in (one, other, change)]
    if image is not None:
        kind = comparer.visualizer
        if kind.dim_order == "channels_last":
            image = image.transpose(0, 3, 1, 2)
        over = _over_images(kind, scale)
        if isinstance(kind, HeatmapVisualizer):
            cells[:2] = [over.render(maps, image)[..., :3] for maps in (one, other)]
        shown = over.render(one, image, overlay_opacity=0.0, grayscale=False)
        cells.insert(0, shown[..., :3])
    sheet = Sheet(1, len(cells), cells[0].shape[1:3], (0, _GAP))
    canvas = sheet.new(3)
    for place, cell in enumerate(cells):
        sheet.box(place).of(canvas)[...] = cell[0]
    return canvas[None], (-top, top)


# Of a visualizer: how it shows images, and lays maps over them.
_OF_IMAGES = ("channel_order", "image_range", "image_norm")
_OF_OVERLAYS = ("overlay_opacity", "cmap", "opacity", "opacity_range", "grayscale")


def _over_images(kind: BaseVisualizer[Any], scale: dict[str, Any]) -> HeatmapVisualizer:
    """Return what lays maps that are made already over images, as `kind` does."""
    names = _OF_IMAGES + (_OF_OVERLAYS if isinstance(kind, HeatmapVisualizer) else ())
    defaults = HeatmapVisualizer.declared().defaults
    known = {name: getattr(kind.settings, name) for name in names}
    chosen = {name: value for name, value in known.items() if value != defaults[name]}
    return HeatmapVisualizer(**{**chosen, **scale, "blur": 0})


def _head(comparer: Comparer) -> dict[str, Any]:
    """Return what the pictures of a comparison say of all items."""
    return {"drawn": {"as": "comparison"}, "visualizer": visualizer_told(comparer.visualizer)}


def _label(names: Sequence[str] | None, item: int) -> str:
    return f"item {item}" if names is None else names[item]


def _is_ours(place: Place) -> bool:
    """Whether a table was written by a comparison, of whatever metrics."""
    try:
        return place.read(TABLE).startswith(b"item,name,")
    except OSError:
        return False
