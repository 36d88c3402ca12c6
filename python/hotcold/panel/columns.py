"""From columns and their batches to what is drawn in each cell, and on which scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hotcold._arrays import Array
from hotcold.request import RenderRequest
from hotcold.scale.passes import merged, search
from hotcold.visualizers import HeatmapVisualizer
from hotcold.visualizers.base import BaseVisualizer

Columns = Mapping[str, BaseVisualizer[Any] | None]
SCALES = ("item", "row", "column", "shared")

# How a visualizer shows images; a column of images is shown as the others show theirs.
_OF_IMAGES = ("dim_order", "channel_order", "image_range", "image_norm", "nonfinite")


class Bar(NamedTuple):
    """A colour bar: the colours from one end to the other, and the attributions at both ends."""

    colors: NDArray[np.uint8]  # (n, 3)
    low: float
    high: float


class Drawn(NamedTuple):
    """A column as it is drawn: a request for all items, or where scales differ one for each."""

    requests: tuple[RenderRequest, ...]
    limits: NDArray[np.float64] | None  # (N, 2) of the colours; None where they are no scale

    def bar(self, item: int) -> Bar | None:
        """Return the colour bar of an item's cell."""
        if self.limits is None:
            return None
        table = self.requests[0].spec.table
        assert table is not None
        low, high = self.limits[item].tolist()
        return Bar(np.ascontiguousarray(table.colors), low, high)


def batches(columns: Columns, attributions: Any, x: Any) -> dict[str, Any]:
    """Return the maps of each column that has some.

    Raises
    ------
    ValueError
        Columns without maps, maps without a column, a column of images without images.
    """
    drawn = [label for label, kind in columns.items() if kind is not None and _has_maps(kind)]
    if x is None and len(drawn) < len(columns):
        label = next(label for label in columns if label not in drawn)
        msg = f"`x` must be given for the column {label!r}, which draws the images"
        raise ValueError(msg)
    if not isinstance(attributions, Mapping):
        return dict.fromkeys(drawn, attributions)
    missing = [label for label in drawn if label not in attributions]
    extra = [label for label in attributions if label not in drawn]
    if missing or extra:
        said = [f"none for {', '.join(map(repr, missing))}"] if missing else []
        said += [f"some for {', '.join(map(repr, extra))}, which is no column"] if extra else []
        msg = (
            f"`attributions` must have maps for the columns {', '.join(map(repr, drawn))}, got "
            f"{' and '.join(said)}"
        )
        raise ValueError(msg)
    return {label: attributions[label] for label in drawn}


def _has_maps(visualizer: BaseVisualizer[Any]) -> bool:
    """Whether a column draws attributions that are given, not those that it computes of images."""
    return visualizer.takes_attributions


def requests_of(columns: Columns, attributions: Any, x: Any) -> dict[str, RenderRequest]:
    """Return what each column draws, all of the same items and of one size."""
    given = batches(columns, attributions, x)
    found: dict[str, RenderRequest] = {}
    for label, visualizer in columns.items():
        if visualizer is None:
            continue
        needs_x = visualizer.takes_images and (x is not None or visualizer.needs_images)
        try:
            if _has_maps(visualizer):
                found[label] = visualizer.request(given[label], x if needs_x else None)
            else:
                found[label] = visualizer.request(x)
        except (ValueError, TypeError) as error:
            msg = f"column {label!r}: {error}"
            raise type(error)(msg) from error
    shown = _images(columns, found, x)
    ordered = {
        label: shown if visualizer is None else found[label]
        for label, visualizer in columns.items()
    }
    sizes = {label: (r.n_items, *r.picture_shape[:2]) for label, r in ordered.items()}  # type: ignore[union-attr]
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{label!r} {size}" for label, size in sizes.items())
        msg = f"`attributions` must give pictures of one (N, H, W) in all columns, got {told}"
        raise ValueError(msg)
    return ordered  # type: ignore[return-value]


def _images(columns: Columns, found: Mapping[str, RenderRequest], x: Any) -> RenderRequest | None:
    """Return what shows the images, as the columns of maps show theirs."""
    if None not in columns.values():
        return None
    first = next(
        (kind for kind in columns.values() if kind is not None and kind.takes_images), None
    )
    options = {} if first is None else {n: getattr(first.settings, n) for n in _OF_IMAGES}
    chosen = {name: value for name, value in options.items() if value is not None}
    show = HeatmapVisualizer(0.0, blur=0, **chosen)
    shape = np.shape(x)
    if len(shape) != 4:
        msg = f"`x` must be 4-D, got shape {shape}"
        raise ValueError(msg)
    channels_first = show.dim_order == "channels_first"
    size = shape[2:] if channels_first else shape[1:3]
    n_items = next((request.n_items for request in found.values()), shape[0])
    nothing = np.broadcast_to(np.float32(0), (n_items, 1, *size))
    return show.request(nothing if channels_first else nothing.transpose(0, 2, 3, 1), x)


def scaled(
    requests: Mapping[str, RenderRequest], scale: str, n_threads: int, *, limits: bool
) -> dict[str, Drawn]:
    """Return the columns with their scales measured: of an item, a row, a column, or all.

    With `limits` they also know the attributions at both ends of their colours.
    """

    def drawn(*items: RenderRequest) -> Drawn:
        spec = items[0].spec
        if not limits or spec.table is None or spec.overlay_opacity == 0:
            return Drawn(items, None)
        return Drawn(items, np.concatenate([request.limits(n_threads) for request in items]))

    if scale in ("item", "column"):
        return {
            label: drawn(_sharing(request, scale == "column").alone(n_threads))
            for label, request in requests.items()
        }
    together = [label for label, request in requests.items() if has_scale(request)]
    if scale == "shared":
        found = dict(zip(together, _alike([requests[n] for n in together], n_threads), strict=True))
        return {
            label: drawn(found.get(label, request).alone(n_threads))
            for label, request in requests.items()
        }
    n_items = next(iter(requests.values())).n_items
    rows: dict[str, list[RenderRequest]] = {label: [] for label in requests}
    for item in range(n_items):
        one = {label: request.items(item, item + 1) for label, request in requests.items()}
        found = dict(zip(together, _alike([one[n] for n in together], n_threads), strict=True))
        for label, request in one.items():
            rows[label].append(found.get(label, request).alone(n_threads))
    return {label: drawn(*items) for label, items in rows.items()}


def _sharing(request: RenderRequest, shares: bool) -> RenderRequest:
    return request._replace(shares_scale=True) if shares and has_scale(request) else request


def has_scale(request: RenderRequest) -> bool:
    """Whether its colours stand for values that can be measured."""
    spec = request.spec
    fixed = spec.limits is not None or spec.extremes is not None
    return spec.table is not None and not fixed and spec.overlay_opacity > 0


def _alike(requests: Sequence[RenderRequest], n_threads: int) -> list[RenderRequest]:
    """Return requests that are drawn by the values of all of them."""
    if not requests:
        return []
    first = requests[0]._replace(shares_scale=True)
    ways = {(r.spec.normalization_type, r.spec.clip, r.spec.sign) for r in requests}
    if len(ways) > 1:
        told = "; ".join(f"{mode}, clip {clip}, sign {sign}" for mode, clip, sign in sorted(ways))
        msg = (
            "`scale` must be 'item' or 'column' for columns that scale their maps in several ways "
            f"(normalization_type, clipping, sign), got {told}"
        )
        raise ValueError(msg)
    found = search(
        first.passes(), lambda task: merged(request.part(task, n_threads) for request in requests)
    )
    return [
        request._replace(spec=found.shared(request.spec).applied(request.spec), shares_scale=False)
        for request in requests
    ]


def render_into(drawn: Drawn, cells: NDArray[np.uint8], background: Array, n_threads: int) -> None:
    """Write a column's pictures into cells (N, 1, H, W, 3)."""
    start = 0
    for request in drawn.requests:
        part = cells[start : start + request.n_items]
        start += request.n_items
        if request.picture_shape[2] == 3:
            request.render_cells(part, n_threads)
            continue
        pictures = request.render(None, n_threads)
        alpha = pictures[..., 3:].astype(np.uint16)
        over = pictures[..., :3] * alpha + background.astype(np.uint16) * (255 - alpha)
        part[:, 0] = (over + 127) // 255
