"""What a picture says of how it was drawn, as plain values and as JSON."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from hotcold.colormaps import LookupTable, is_builtin
from hotcold.plan import RenderSpec
from hotcold.scale import Scale

VERSION = 1
KEYWORD = "hotcold"  # of the text chunk of a PNG file

# Pictures by what is painted; the names are in files.
KINDS = {"table": "heat map", "overlay": "overlay", "mask": "mask", "channels": "channels"}
_MOST_COLORS = 256  # that are put into a file: a kilobyte


def to_json(value: Any) -> str:
    """Return a value as JSON without spaces, its text as it is where UTF-8 can hold it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # of file names that are no text
        return json.dumps(value, separators=(",", ":"))
    return text


def plain(value: Any) -> Any:
    """Return a value that JSON keeps; a colormap by its colours."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if isinstance(value, Scale):
        return json.loads(value.to_json())
    if callable(value) and hasattr(value, "N"):
        colours = np.ascontiguousarray(value(np.arange(value.N)), np.float64)
        return f"{value.name} {hashlib.sha256(colours.tobytes()).hexdigest()[:16]}"
    return repr(value)


def visualizer_told(visualizer: Any) -> dict[str, Any]:
    """Return the class of a visualizer and those of its options that were chosen."""
    told: dict[str, Any] = {"class": type(visualizer).__name__}
    if not hasattr(visualizer, "describe"):
        return told
    table = getattr(visualizer, "declared", None)
    defaults = {} if table is None else table().defaults
    for name, value in visualizer.describe().items():
        if name not in defaults or value != defaults[name]:
            told[name] = plain(value)
    return told


def clip_told(visualizer: Any) -> str:
    """Return what is said of where maps are clipped; see `hotcold.request.ItemTexts`."""
    clip = getattr(getattr(visualizer, "settings", None), "clip", None)
    if clip is None:
        return ""
    return "ends" if clip[0] == "quantiles" else "magnitude"


def call_told(visualizer: Any, spec: RenderSpec, numbers: Sequence[str]) -> str:
    """Return, as JSON, what a file says of pictures that a call drew, whose numbers are known."""
    head = f'{{"version":{VERSION},"drawn":{drawn_told(spec)}'
    head += f',"visualizer":{to_json(visualizer_told(visualizer))}'
    if len(numbers) == 1:
        return f'{head},"item":0,{numbers[0]}}}'
    cells = ",".join(f'{{"item":{item},{told}}}' for item, told in enumerate(numbers))
    return f'{head},"cells":[{cells}]}}'


def drawn_told(spec: RenderSpec) -> str:
    """Return, as JSON, what takes colours back to values; a recipe's items have it in common."""
    lines = bool(spec.contours or spec.boxes)
    return _drawn(spec.paint, spec.normalization_type, spec.sign != "all", lines, spec.table)


@functools.lru_cache(maxsize=64)
def _drawn(paint: str, mode: str, of_one_sign: bool, lines: bool, table: LookupTable | None) -> str:
    told: dict[str, Any] = {"as": KINDS[paint]}
    if paint in ("table", "overlay"):
        told |= {"normalization_type": mode, "one_sign": of_one_sign}
    if lines:
        told["lines"] = True
    if paint in ("table", "overlay") and table is not None:
        told["cmap"] = table.name
    if paint == "table" and table is not None:
        told["entries"] = len(table.rgba)
        if table.translucent:
            told["translucent"] = True
        elif not is_builtin(table) and len(table.rgba) <= _MOST_COLORS:
            told["colors"] = base64.b64encode(colors_of(table).tobytes()).decode()
    return to_json(told)


def colors_of(table: LookupTable) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return the entries as pixels have them, (entries, 3)."""
    return (table.rgba[:, :3] * 255.0).astype(np.uint8)
