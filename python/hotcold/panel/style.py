"""How a panel looks, whatever it holds."""

from __future__ import annotations

from typing import NamedTuple


class Style(NamedTuple):
    """The checked options of `Panel`."""

    scale: str  # item | row | column | shared
    colorbar: bool
    labels: bool
    padding: int
    text_size: int | None
    background: tuple[int, int, int]
