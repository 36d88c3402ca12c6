"""The fused render as Python sees it: views in, arrays out, one call of the core.

Everything that draws goes through a `RenderRequest`: calls, `render`, files, offline jobs.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hotcold import _atomic, _core, _validate, files
from hotcold._arrays import Array, empty_batch, new_array, result_dtype
from hotcold.colormaps import ColorScale, color_scale, grey_scale, lookup_table
from hotcold.plan import RenderSpec
from hotcold.scale.limits import any_nan, limits_of
from hotcold.scale.passes import Part, Passes, Task, passes, search
from hotcold.sheet import USUAL_TILER, Tiler

if TYPE_CHECKING:
    from numpy.typing import NDArray


_BYTE = np.dtype(np.uint8)
_NO_VALUES, _NO_SHEET = np.empty(0), np.empty(0, _BYTE)  # of what is not wanted


class Saved(NamedTuple):
    """What `save` wrote, how long it took, and which items have no file."""

    n_files: int
    n_bytes: int
    encode_seconds: float
    write_seconds: float
    failures: list[tuple[int, str]]  # item, counted as messages do, and why


class ItemTexts(NamedTuple):
    """What picture files say of their items, but for numbers that come of rendering them.

    Attributes
    ----------
    objects : sequence of str
        A JSON object an item, without its end: the limits of the item's colours come last, and
        where its map was clipped. Empty: nothing is said.
    clip : {"", "ends", "magnitude"}
        What is said of that: nothing, both numbers, or minus and plus the larger one.
    """

    objects: Sequence[str] = ()
    clip: str = ""


class RenderRequest(NamedTuple):
    """Checked inputs of one render: (N, C, H, W) views and what to do with them."""

    spec: RenderSpec
    attributions: Array
    image: Array | None
    first_item: int = 0  # what messages call item 0: jobs over many batches count on
    shares_scale: bool = False  # the items are drawn by what is measured of all of them

    @property
    def n_items(self) -> int:
        """How many pictures come out."""
        return int(self.attributions.shape[0])

    def items(self, start: int, stop: int) -> RenderRequest:
        """Return the request of the items [start, stop) alone."""
        image = None if self.image is None else self.image[start:stop]
        first = self.first_item + start
        return self._replace(
            attributions=self.attributions[start:stop], image=image, first_item=first
        )

    @property
    def picture_shape(self) -> tuple[int, int, int]:
        """(H, W, 3 or 4) of one picture."""
        return self.spec.plan.picture_shape(*self._shapes)

    @property
    def colors(self) -> NDArray[np.uint8] | None:
        """The colours (n, 3) that pictures and sheets are made of; None where any may occur."""
        alone = self.spec.plan.has_table_colors_alone
        return self.spec.table.colors if alone and self.spec.table else None

    def color_scale(self, values: Array) -> ColorScale | None:
        """Return what the colours stand for, given what was computed; None for RGB and masks."""
        spec = self.spec
        if spec.paint in ("table", "overlay") and spec.table is not None:
            if spec.limits is not None:
                return ColorScale(spec.table.rgba, spec.table.name, spec.limits)
            one = spec.sign != "all"
            return color_scale(spec.table, spec.normalization_type, values, of_one_sign=one)
        if spec.paint == "channels" and self.values_shape[1] == 1:
            return grey_scale(spec.limits or (0.0, 1.0))
        return None

    @property
    def values_shape(self) -> tuple[int, int, int, int]:
        """(N, C, H, W) of what is computed before colouring."""
        return self.spec.plan.values_shape(*self._shapes)

    @property
    def depends_on_others(self) -> bool:
        """Whether the colours of an item depend on the other items of its batch."""
        return self.shares_scale or self.spec.plan.shares_limits

    def passes(self) -> Passes:
        """Return what finds out what items of this recipe share."""
        return passes(self.spec, shares_scale=self.shares_scale)

    def alone(self, n_threads: int | None) -> RenderRequest:
        """Return the request with its items' scale measured, if they share one."""
        if not self.shares_scale:
            return self
        threads = _validate.n_threads(n_threads)
        found = search(self.passes(), lambda task: self.part(task, threads))
        return self._replace(spec=found.shared(self.spec).applied(self.spec), shares_scale=False)

    @property
    def _shapes(self) -> tuple[Any, Any]:
        return self.attributions.shape, None if self.image is None else self.image.shape

    @property
    def values_dtype(self) -> np.dtype[Any]:
        """float64 when any input is, else float32."""
        if self.image is None:
            return result_dtype(self.attributions)
        return result_dtype(self.attributions, self.image)

    def render(self, out: NDArray[np.uint8] | None, n_threads: int | None) -> NDArray[np.uint8]:
        """Return the pictures, uint8 (N, H, W, 3 or 4), in `out` if given."""
        shape = (self.n_items, *self.picture_shape)
        picture = new_array(shape, _BYTE) if out is None else _checked_out(out, shape, self)
        self._run(None, picture, n_threads)
        return picture

    def render_told(
        self, n_threads: int | None, clip: str = ""
    ) -> tuple[NDArray[np.uint8], list[str]]:
        """Return the pictures, and for each what `save` adds to its object."""
        alone = self.alone(n_threads)
        picture = new_array((self.n_items, *self.picture_shape), _BYTE)
        extents = self.new_extents()
        alone._run(None, picture, n_threads, extents)
        return picture, alone.numbers(extents, clip)

    def new_extents(self) -> NDArray[np.float64]:
        """Return room for what `numbers` goes by."""
        return np.empty((self.n_items, 4))

    def numbers(self, extents: NDArray[np.float64], clip: str) -> list[str]:
        """Return what `save` adds to the objects of items, given what their render measured."""
        planes = 1 if self.spec.reduction != "none" else int(self.attributions.shape[1])
        return _core.item_numbers(self.spec.plan, extents, planes, clip)

    def render_cells(self, cells: NDArray[np.uint8], n_threads: int | None) -> None:
        """Write the pictures into cells (rows, columns, H, W, 3 or 4), row by row.

        `hotcold.sheet.Sheet.cells` views a canvas so; cells beyond the items stay as they are.
        """
        self._run(None, cells, n_threads)

    def save(
        self,
        folder: str,
        names: Sequence[str],
        text: Mapping[str, str],
        n_threads: int,
        *,
        stop_at_failure: bool,
        compression: str = "default",
        items: ItemTexts | None = None,
    ) -> Saved:
        """Render the pictures into PNG files of a folder, where `files.CORE_WRITES`.

        One call of the core, in which each picture is encoded and written before the next is
        rendered. The files are those of `render` and `files.save_pngs`.

        Parameters
        ----------
        folder, names, text, n_threads, compression
            As in `files.save_pngs`.
        stop_at_failure : bool
            The first item with NaN or infinity ends it; otherwise all others get their files.
        items : ItemTexts, optional
            What the files say of their items.
        """
        items = items or ItemTexts()
        n_bytes, encode_seconds, write_seconds, faults = _core.render_png(
            self.alone(n_threads).spec.plan,
            self.attributions,
            self.image,
            files.expected_colors(self.colors, self.picture_shape[2]),
            list(text.items()),
            compression,
            n_threads,
            os.fsencode(folder),
            _atomic.core_names(names),
            stop_at_failure,
            list(items.objects),
            items.clip,
        )
        failures = [
            (fault[1] + self.first_item, _validate.not_finite(fault, self.first_item))
            for fault in faults
        ]
        n_done = (
            failures[0][0] + 1 - self.first_item if failures and stop_at_failure else self.n_items
        )
        return Saved(n_done - len(failures), n_bytes, encode_seconds, write_seconds, failures)

    @property
    def map_shape(self) -> tuple[int, int, int, int]:
        """(N, C, H, W) of the maps, whatever is painted with them."""
        return self._map_spec.plan.values_shape(*self._shapes)

    @property
    def _map_spec(self) -> RenderSpec:
        """The recipe of the maps alone, as they are before they are normalized."""
        kind = "overlay" if self.image is not None else "channels"
        return dataclasses.replace(
            self.spec,
            paint=kind,
            table=lookup_table("hot"),
            normalization_type="unnormalized",
            limits=(0.0, 1.0),
            contours=(),
            boxes=0,
        )

    def maps(self, n_threads: int | None) -> Array:
        """Return the maps as they are before they are normalized, (N, C, H, W)."""
        return self._replace(spec=self._map_spec).values(n_threads)

    def limits(self, n_threads: int | None) -> NDArray[np.float64]:
        """Return the attributions at both ends of each item's colours, (N, 2)."""
        threads = _validate.n_threads(n_threads)
        alone = self.alone(threads)
        if alone.values_shape[1] > 1 and alone.spec.paint == "channels":
            _validate.one_channel_for_limits(alone.spec.normalization_type)
        return limits_of(alone.spec, lambda spec: alone._extents(spec, threads))

    def _extents(self, spec: RenderSpec, n_threads: int) -> NDArray[np.float64]:
        """Return between what numbers the values of each item lie, (N, 2); NaN without any."""
        plan = spec.plan
        found = _core.measure_each(plan, self.attributions, self.image, n_threads)
        if any_nan(found):
            self.values(n_threads)  # raises, unless numbers are missing and are meant to be
        return found

    def part(self, task: Task, n_threads: int) -> Part:
        """Return what a pass finds in these items, those alone that can be drawn."""
        plan, query = task.recipe(self.spec).plan, task.query
        arrays = (plan, self.attributions, self.image)
        if query is None:
            return Part(_core.measure(*arrays, n_threads), n_items=self.n_items)
        counts, extent, bits = _core.count_ranks(
            *arrays, query.magnitudes, query.sums, query.digit, query.prefixes, n_threads
        )
        return Part(extent, counts, bits, self.n_items)

    def values(self, n_threads: int | None) -> Array:
        """Return what is computed before colouring, (N, C, H, W)."""
        return self.values_and_sheet(USUAL_TILER, True, False, "channels_first", n_threads)[0]

    def render_sheet(self, tiler: Tiler, n_threads: int | None) -> NDArray[np.uint8]:
        """Return the pictures on one sheet, uint8 (H', W', 3 or 4)."""
        return self.values_and_sheet(tiler, False, True, "channels_first", n_threads)[1]

    def values_and_sheet(
        self,
        tiler: Tiler,
        want_values: bool,
        want_sheet: bool,
        dim_order: str,
        n_threads: int | None,
        extents: NDArray[np.float64] | None = None,
    ) -> tuple[Array, NDArray[np.uint8]]:
        """Return what was computed before colouring, in `dim_order`, and the sheet of pictures.

        What is not wanted comes back empty. `extents` as `new_extents` returns are written.
        """
        values, view, sheet, cells = _NO_VALUES, None, _NO_SHEET, None
        if want_values:
            values, view = empty_batch(self.values_shape, self.values_dtype, dim_order)
        if want_sheet:
            height, width, channels = self.picture_shape
            layout = tiler.sheet(self.n_items, (height, width))
            sheet = layout.new(channels, self.n_items)
            cells = layout.cells(sheet)
        self._run(view, cells, n_threads, extents)
        return values, sheet

    def _run(
        self,
        values: Array | None,
        picture: NDArray[np.uint8] | None,
        n_threads: int | None,
        extents: NDArray[np.float64] | None = None,
    ) -> None:
        """Render into a batch (N, H, W, C) of pictures, or the cells of a sheet."""
        threads = _validate.n_threads(n_threads)
        plan = self.alone(threads).spec.plan
        fault = _core.render(plan, self.attributions, self.image, values, picture, threads, extents)
        if fault is not None:
            _validate.finite(fault, self.first_item)


def _checked_out(out: Any, shape: tuple[int, ...], request: RenderRequest) -> NDArray[np.uint8]:
    if not isinstance(out, np.ndarray) or out.dtype != np.uint8:
        got = f"dtype {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
        msg = f"`out` must be a numpy array of dtype uint8, got {got}"
        raise TypeError(msg)
    if out.shape != shape:
        msg = f"`out` must have shape {shape}, got {out.shape}"
        raise ValueError(msg)
    if not out.flags.writeable:
        msg = "`out` must be writeable, got a read-only array"
        raise ValueError(msg)
    if not out[0, 0].flags.c_contiguous or (len(out) > 1 and out.strides[0] == 0):
        msg = (
            "`out` must have the pixels of a row next to each other in memory, "
            f"got strides {out.strides}; numpy.empty({shape}, numpy.uint8) has"
        )
        raise ValueError(msg)
    for name, array in (("attributions", request.attributions), ("x", request.image)):
        if array is not None and np.may_share_memory(out, array):
            msg = f"`out` must not share memory with `{name}`; give it memory of its own"
            raise ValueError(msg)
    return out
