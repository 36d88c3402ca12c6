"""What offline jobs read, opened from whatever the user names or holds."""

from __future__ import annotations

from hotcold.offline.input.base import (
    BadItem,
    IndexedSource,
    ItemNames,
    PlainMaps,
    Source,
    StreamSource,
)
from hotcold.offline.input.many import ManyFiles
from hotcold.offline.input.pictures import PictureFolder
from hotcold.offline.input.sources import beside, open_source, split_key

__all__ = [
    "BadItem",
    "IndexedSource",
    "ItemNames",
    "ManyFiles",
    "PictureFolder",
    "PlainMaps",
    "Source",
    "StreamSource",
    "beside",
    "open_source",
    "split_key",
]
